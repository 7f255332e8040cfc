/** The checkout. */
export const repositoryRoot: string;
/** The Node 24 of the development dependencies: its binary, and its package folder with the C++ headers. */
export function pinnedNode(): { readonly folder: string; readonly binary: string };
/** Where code-server can be started from; installs it first when it is missing or its lock file has changed. */
export function ensureCodeServer(report?: (message: string) => void): Promise<{ readonly entryPoint: string; readonly node: string }>;
