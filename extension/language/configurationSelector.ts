import type { DocumentFilter } from 'vscode';

/** The files that configure a folder's container, wherever they lie. */
export const configurationSelector = [
  { scheme: 'file', pattern: '**/.devcontainer/devcontainer.json' },
  { scheme: 'file', pattern: '**/.devcontainer/*/devcontainer.json' },
  { scheme: 'file', pattern: '**/.devcontainer.json' },
] as const satisfies readonly DocumentFilter[];
