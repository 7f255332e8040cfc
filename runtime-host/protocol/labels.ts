/**
 * Whether there is a label that a filter asks for.
 * @param wanted `key`, or `key=value`
 */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=');
  return equals < 0 ? Object.hasOwn(labels, wanted) : labels[wanted.slice(0, equals)] === wanted.slice(equals + 1);
}

/** Of a container that was made for a folder: its real path. */
export const workspaceLabel = 'berth.workspace';
