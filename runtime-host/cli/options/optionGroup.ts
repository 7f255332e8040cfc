import type { Command } from 'commander';
import type { ContainerSpec } from '../../protocol/types.ts';

/** Options of `run` and `create` that belong together, and what of a container they decide. */
export interface OptionGroup {
  /** Declares the options. */
  add(command: Command): void;
  /**
   * @param options what commander made of the command line
   * @throws Exit when they do not fit together or this terminal
   */
  spec(options: Readonly<Record<string, unknown>>): Partial<ContainerSpec>;
}

/** Ties a group to its heading in the help, and to the type of its own options. */
export function optionGroup<Options>(heading: string, add: (command: Command) => void, spec: (options: Options) => Partial<ContainerSpec>): OptionGroup {
  return {
    add: (command) => {
      add(command.optionsGroup(`${heading}:`));
      command.optionsGroup('');
    },
    spec: (options) => spec(options as Options),
  };
}
