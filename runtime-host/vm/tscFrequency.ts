import { readFile } from 'node:fs/promises';

/**
 * Frequency in kHz of this machine's time stamp counter, as the guest sees it under TCG; undefined where it cannot be
 * known. Under TCG the guest's counter is the host's, and without a hint the guest's kernel sometimes fails to measure
 * it (“could not calculate TSC khz”) and then hangs. A wrong hint would make the guest's clock run fast or slow.
 */
export async function hostTscKilohertz(): Promise<number | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  return tscKilohertzFrom(await readFile('/proc/cpuinfo', 'utf8'));
}

/**
 * “bogomips” is twice the counter's frequency in MHz: Linux does not measure its delay loop where it can take the
 * counter for it. “cpu MHz” would be the core's speed of the moment.
 */
export function tscKilohertzFrom(cpuinfo: string): number | undefined {
  const bogomips = /^bogomips\s*:\s*([\d.]+)/m.exec(cpuinfo)?.[1];
  return bogomips === undefined ? undefined : Math.round((Number(bogomips) * 1000) / 2);
}
