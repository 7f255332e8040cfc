import type { Services } from '../context.ts';
import { PortConfiguration } from './portConfiguration.ts';
import { RememberedForwards } from './rememberedForwards.ts';
import { ServerAnnouncements } from './serverAnnouncements.ts';
import { WindowForwards } from './windowForwards.ts';

/** Puts together what keeps ports forwarded. */
export function createForwards({ context, log, session, window, listeners }: Omit<Services, 'forwards'>): WindowForwards {
  const memory = context.workspaceState;
  const announcements = new ServerAnnouncements(memory, log, async (container, { containerPort, hostAddress, hostPort }) => {
    await forwards.stop(await session.connect(), container, containerPort, { address: hostAddress, port: hostPort });
  });
  const forwards = new WindowForwards({ session, window, listeners, log, announcements, configuration: new PortConfiguration(log, session), remembered: new RememberedForwards(memory) });
  return forwards;
}
