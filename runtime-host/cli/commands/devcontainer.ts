import type { Command } from 'commander';
import { addReadConfiguration } from './readConfiguration.ts';

export function addDevContainer(parent: Command): void {
  addReadConfiguration(parent.command('devcontainer').alias('dc').description('Work with folders’ devcontainer.json'));
}
