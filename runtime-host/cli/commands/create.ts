import type { Command } from 'commander';
import { addContainerOptions, createSpec } from '../containerOptions.ts';
import { cancellable, print, withClient } from '../cliContext.ts';
import { addCreationOptions, createContainer, type CreationOptions } from '../containerCreation.ts';

export function addCreate(parent: Command): void {
  const command = parent.command('create').description('Make a container without starting it, and print its id');
  addContainerOptions(addCreationOptions(command)).action((image: string, words: string[], options: CreationOptions & Record<string, unknown>) =>
    // Nothing of the terminal is needed yet: that is for whoever starts it.
    create(image, words, options));
}

async function create(image: string, words: readonly string[], options: CreationOptions & Readonly<Record<string, unknown>>): Promise<void> {
  const spec = createSpec(image, words, { ...options, detach: true });
  const { id } = await withClient((client) => cancellable((signal) => createContainer(client, spec, options, signal)));
  print(`${id}\n`);
}
