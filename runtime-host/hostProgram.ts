import { runHost } from './host.ts';

/** The runtime host with its real services. */
export async function runHostProgram(): Promise<void> {
  await runHost(async (options) => {
    const { createServices } = await import('./services/createServices.ts');
    return createServices(options);
  });
}
