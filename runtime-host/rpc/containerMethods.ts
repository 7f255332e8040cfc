import * as methods from '../protocol/methods.ts';
import { define, operation } from './method.ts';
import type { Method } from './method.ts';
import { runningContainer } from './runningContainer.ts';
import { startProcess } from './startProcess.ts';
import { containerExec, containerList, containerParams, containerRemove, containerRename, containerRestart, containerSignal, containerSpec, containerStart, containerStop } from './schemas.ts';

/** container/…: the life of containers. Their byte streams are in streamRoutes.ts. */
export const containerMethods: readonly Method[] = [
  define(
    methods.ContainerCreateRequest,
    containerSpec,
    ({ workDoneToken: _token, ...spec }, context) => context.services.containers.create(spec, operation(context)),
    ({ image }) => `Creating a container of ${image}`,
  ),

  define(
    methods.ContainerStartRequest,
    containerStart,
    ({ container }, context) => context.services.containers.start(container, operation(context)),
    ({ container }) => `Starting ${container}`,
  ),

  define(methods.ContainerStopRequest, containerStop, ({ container, ...options }, { services, signal }) => services.containers.stop(container, { ...options, signal })),

  define(
    methods.ContainerRestartRequest,
    containerRestart,
    ({ container, timeoutSeconds }, context) => context.services.containers.restart(container, { ...operation(context), ...(timeoutSeconds !== undefined && { timeoutSeconds }) }),
    ({ container }) => `Restarting ${container}`,
  ),

  define(methods.ContainerRenameRequest, containerRename, ({ container, name }, { services }) => services.containers.rename(container, name)),

  define(methods.ContainerSignalRequest, containerSignal, async ({ container, signal }, { services }) => {
    await services.containers.signal(container, signal);
    return null;
  }),

  define(methods.ContainerRemoveRequest, containerRemove, async ({ container, ...options }, { services }) => {
    await services.containers.remove(container, options);
    return null;
  }),

  define(methods.ContainerListRequest, containerList, (options, { services }) => services.containers.list(options)),

  define(methods.ContainerInspectRequest, containerParams, ({ container }, { services }) => services.containers.inspect(container)),

  define(methods.ContainerWaitRequest, containerParams, ({ container }, { services, signal }) => services.containers.wait(container, signal)),

  define(methods.ContainerExecRequest, containerExec, async ({ container, detach, ...process }, { services, execs }) => {
    const id = await runningContainer(services.containers, container);
    if (detach) {
      (await startProcess(services, id, { ...process, stdin: false, hangUp: false })).close();
      return {};
    }
    return { execId: execs.prepare({ container: id, process }) };
  }),
];
