/** Where code-server can be started from; installs it first when it is missing or its lock file has changed. */
export function ensureCodeServer(report?: (message: string) => void): Promise<{ readonly entryPoint: string; readonly node: string }>;
