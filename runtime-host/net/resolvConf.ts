import { readFile } from 'node:fs/promises';
import { isNodeError } from '../protocol/errors.ts';

/** How this machine finds names. Containers resolve what is not of their network in the same way (netd reads these). */
export const resolvConfPath = '/etc/resolv.conf';
export const hostsPath = '/etc/hosts';

/** The domains in which this machine looks up names without dots; none where there is no such file. */
export async function hostSearchDomains(path = resolvConfPath): Promise<string[]> {
  try {
    return searchDomains(await readFile(path, 'utf8'));
  } catch (error) {
    if (isNodeError(error)) return [];
    throw error;
  }
}

/** Of a text as resolv.conf(5) has it: the last line `search` or `domain` counts. The root says “nowhere”. */
export function searchDomains(text: string): string[] {
  const line = text.split('\n').findLast((each) => /^(search|domain)\s/.test(each)) ?? '';
  return line.trim().split(/\s+/).slice(1).filter((domain) => /^[\w.-]+$/.test(domain) && domain !== '.');
}
