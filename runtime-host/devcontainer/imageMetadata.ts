import { isObject } from './jsonText.ts';
import type { Configuration } from './mergeConfiguration.ts';

/** The label in which an image carries what its makers configured. */
export const metadataLabel = 'devcontainer.metadata';

/** How the label is called in messages. */
export const metadataSource = `the image’s label “${metadataLabel}”`;

/**
 * The entries of an image's metadata, in their order: its label holds one object or a list of them.
 * @returns undefined when the label cannot be read
 */
export function readImageMetadata(labels: Readonly<Record<string, string>> = {}): readonly Configuration[] | undefined {
  const label = labels[metadataLabel];
  if (label === undefined || label.trim() === '') return [];
  const value = parsed(label);
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
  return entries.every(isObject) ? entries : undefined;
}

function parsed(label: string): unknown {
  try {
    return JSON.parse(label) as unknown;
  } catch {
    // An image of anybody’s may have anything there; whoever asks says so.
    return undefined;
  }
}
