import { isDeepStrictEqual } from 'node:util';

export interface Customizations {
  readonly extensions: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
}

/**
 * What a configuration wishes for the editor and is not there yet. An extension `-publisher.name` takes back what the
 * image wishes; a version behind `@` counts for nothing where some version is there.
 */
export function missingCustomizations({ extensions, settings }: Customizations, isInstalled: (id: string) => boolean, settingOf: (name: string) => unknown): Customizations {
  const refused = new Set(extensions.filter((id) => id.startsWith('-')).map((id) => id.slice(1).toLowerCase()));
  const wanted = new Map(extensions.filter((id) => !id.startsWith('-')).map((id) => [idOf(id), id]));
  return {
    extensions: [...wanted].filter(([id]) => !refused.has(id) && !isInstalled(id)).map(([, id]) => id),
    settings: Object.fromEntries(Object.entries(settings).filter(([name, value]) => !isDeepStrictEqual(plain(settingOf(name)), plain(value)))),
  };
}

/** The name of an extension without its version, as VS Code knows it. */
export function idOf(extension: string): string {
  return (extension.split('@')[0] ?? '').toLowerCase();
}

/** VS Code wraps the objects that settings are. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value)) as unknown;
}
