import { SystemStatusRequest, SystemStopRequest } from '../protocol/methods.ts';
import type { SystemStatus } from '../protocol/types.ts';
import { version } from '../protocol/version.ts';
import { define, define0 } from './method.ts';
import type { Method, MethodContext } from './method.ts';
import { systemStop } from './schemas.ts';

/** system/…: the host itself. */
export const systemMethods: readonly Method[] = [
  define0(SystemStatusRequest, systemStatus),

  define(SystemStopRequest, systemStop, async ({ stopContainers }, { services, host }) => {
    if (stopContainers) {
      const running = await services.containers.list();
      await Promise.all(running.map(({ id }) => services.containers.stop(id)));
    }
    host.requestStop('a client asked for it');
    return null;
  }),
];

async function systemStatus({ services, host }: MethodContext): Promise<SystemStatus> {
  const [all, images, qemu] = await Promise.all([services.containers.list({ all: true }), services.images.list(), host.qemuVersion()]);
  const running = all.filter(({ state }) => state !== 'created' && state !== 'stopped').length;
  const { accelerator } = services.containers;
  return {
    version,
    pid: process.pid,
    startedAt: host.startedAt.toISOString(),
    home: host.home,
    containers: { total: all.length, running },
    images: images.length,
    ...(accelerator && { accelerator }),
    ...(qemu !== undefined && { qemu }),
  };
}
