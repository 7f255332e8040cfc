import type { Services } from '../context.ts';
import type { ErrorReporter } from '../errors.ts';
import type { ContainerTerminals } from '../terminals/containerTerminals.ts';
import { CleaningCommands } from './cleaning.ts';
import type { Command } from './command.ts';
import { GrantCommands } from './grants.ts';
import { ImageCommands } from './images.ts';
import { NetworkCommands } from './networks.ts';
import { copyFact, copyMountPath, revealMount } from './places.ts';
import { ProcessCommands } from './processes.ts';
import { onEach } from './selection.ts';
import { VolumeCommands } from './volumes.ts';

/** The commands of the views, but for those of whole containers and of ports. */
export function treeCommands(services: Services, terminals: ContainerTerminals, errors: ErrorReporter): Readonly<Record<string, Command>> {
  const images = new ImageCommands(services, terminals, errors);
  const volumes = new VolumeCommands(services);
  const networks = new NetworkCommands(services);
  const grants = new GrantCommands(services);
  const processes = new ProcessCommands(services);
  const cleaning = new CleaningCommands(services);
  return {
    'berth.pruneContainers': () => cleaning.pruneContainers(),
    'berth.copyFact': (argument) => copyFact(services, argument),
    'berth.revealMount': (argument) => revealMount(services, argument),
    'berth.copyMountPath': (argument) => copyMountPath(services, argument),
    'berth.terminateProcess': onEach((argument) => processes.terminate(argument)),
    'berth.signalProcess': (argument) => processes.signal(argument),
    'berth.copyPid': (argument) => processes.copyPid(argument),
    'berth.pullImage': (argument) => images.pull(argument),
    'berth.pullAgain': (argument) => images.pullAgain(argument),
    'berth.runImage': (argument) => images.run(argument),
    'berth.inspectImage': (argument) => images.inspect(argument),
    'berth.copyImageName': (argument) => images.copyName(argument),
    'berth.copyImageDigest': (argument) => images.copyDigest(argument),
    'berth.removeImage': (argument, selected) => images.remove(argument, selected),
    'berth.pruneImages': () => cleaning.pruneImages(),
    'berth.createVolume': () => volumes.create(),
    'berth.inspectVolume': (argument) => volumes.inspect(argument),
    'berth.copyVolumeName': (argument) => volumes.copyName(argument),
    'berth.removeVolume': (argument, selected) => volumes.remove(argument, selected),
    'berth.pruneVolumes': () => cleaning.pruneVolumes(),
    'berth.createNetwork': () => networks.create(),
    'berth.inspectNetwork': (argument) => networks.inspect(argument),
    'berth.copyNetworkName': (argument) => networks.copyName(argument),
    'berth.removeNetwork': (argument, selected) => networks.remove(argument, selected),
    'berth.grantDirectory': (argument) => grants.share(argument),
    'berth.revokeGrant': (argument, selected) => grants.revoke(argument, selected),
    'berth.changeGrant': (argument) => grants.change(argument),
    'berth.pruneNetworks': () => cleaning.pruneNetworks(),
  };
}
