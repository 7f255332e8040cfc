import { Command } from 'commander';
import type { ContainerSpec } from '../../protocol/types.ts';
import { addContainerOptions, createSpec } from '../containerOptions.ts';

/** For tests: what the command line makes of the words before `image`; an option that is wrong throws. */
export function specOfWords(...words: string[]): Partial<ContainerSpec> {
  let spec: Partial<ContainerSpec> = {};
  const command = addContainerOptions(new Command('run')).exitOverride().configureOutput({ writeErr: () => undefined });
  command.action((image: string, rest: string[], options: Record<string, unknown>) => { spec = createSpec(image, rest, options); });
  command.enablePositionalOptions().parse([...words, 'image'], { from: 'user' });
  // Whoever runs the tests may have proxies.
  const { image: _image, terminal: _terminal, stdin: _stdin, proxies: _proxies, ...others } = spec;
  return others;
}
