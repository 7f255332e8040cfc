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
 * On a virtual host “cpu MHz” is the counter's frequency. On bare metal it is the core's speed of the moment; there
 * the nominal speed in the model's name is what the counter of every processor since 2008 runs at, to a few per mille.
 */
export function tscKilohertzFrom(cpuinfo: string): number | undefined {
  const virtual = /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo);
  const nominal = /^model name\s*:.*@ ([\d.]+)GHz/m.exec(cpuinfo)?.[1];
  if (!virtual && nominal) return Math.round(Number(nominal) * 1e6);
  const current = /^cpu MHz\s*:\s*([\d.]+)/m.exec(cpuinfo)?.[1];
  return current ? Math.round(Number(current) * 1000) : undefined;
}
