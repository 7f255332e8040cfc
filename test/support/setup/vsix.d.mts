/** Writes the VSIX for linux-x64 to this file, or under its usual name to this directory, which ends with a slash. */
export function writeVsix(output: string): Promise<void>;
