import type { Services } from '../context.ts';

/** The window leaves the folder's container, which stays as it is. */
export async function reopenLocally({ window, setupLog }: Services): Promise<void> {
  await window.setInContainer(false);
  setupLog.step('The folder is opened locally.');
}
