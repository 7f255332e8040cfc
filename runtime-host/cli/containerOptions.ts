import type { Command } from 'commander';
import type { ContainerSpec } from '../protocol/types.ts';
import { containerLifeOptions } from './options/containerLifeOptions.ts';
import { connectionOptions } from './options/connectionOptions.ts';
import { healthOptions } from './options/healthOptions.ts';
import { logOptions } from './options/logOptions.ts';
import { machineOptions } from './options/machineOptions.ts';
import { mountOptions } from './options/mountOptions.ts';
import type { OptionGroup } from './options/optionGroup.ts';
import { processOptions } from './options/processOptions.ts';
import { worldOptions } from './options/worldOptions.ts';

/** What `run` and `create` have in common, in the order of the help. */
const groups: readonly OptionGroup[] = [
  processOptions, containerLifeOptions, connectionOptions, mountOptions, machineOptions, worldOptions, healthOptions, logOptions,
];

/** Declares the image, the command and all options that describe a container. */
export function addContainerOptions(command: Command): Command {
  command
    .usage('[options] IMAGE [COMMAND...]')
    .argument('<image>', 'the image, pulled when it is not here')
    .argument('[command...]', 'the command, instead of the image\'s own')
    .passThroughOptions();
  for (const group of groups) group.add(command);
  return command;
}

/**
 * What to ask the host for. As with docker, an option that is empty, or 0 for a size, says nothing.
 * @throws Exit when the options do not fit together or this terminal.
 */
export function createSpec(image: string, command: readonly string[], options: Readonly<Record<string, unknown>>): ContainerSpec {
  return Object.assign({ image, ...(command.length > 0 && { command }) }, ...groups.map((group) => group.spec(options))) as ContainerSpec;
}
