import type { Command } from 'commander';
import { print, withClient } from '../cliContext.ts';
import { Exit, ExitStatus } from '../cliError.ts';
import { parseContainerPort, type ContainerPort } from '../../protocol/values/portValues.ts';
import { hostEnd, openPorts } from '../publishedPorts.ts';

export function addPort(parent: Command): void {
  parent
    .command('port')
    .description('Show where on this machine a container’s published ports are')
    .argument('<container>', 'its id, the beginning of it, or its name')
    .argument('[port]', 'one port of the container, PORT[/PROTOCOL]', parseContainerPort)
    .action(port);
}

async function port(container: string, wanted: ContainerPort | undefined): Promise<void> {
  const info = await withClient((client) => client.containers.inspect(container));
  const ports = openPorts(info);
  if (!wanted) return print(ports.map((one) => `${one.containerPort}/${one.protocol} -> ${hostEnd(one)}\n`).join(''));
  const fitting = ports.filter(({ containerPort, protocol }) => containerPort === wanted.port && protocol === wanted.protocol);
  if (fitting.length === 0) throw new Exit(ExitStatus.failure, `The port ${wanted.port}/${wanted.protocol} of ${info.name} is not published${info.state === 'running' ? '' : ', because it does not run'}.`);
  print(fitting.map((one) => `${hostEnd(one)}\n`).join(''));
}
