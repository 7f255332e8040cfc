import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { describe } from '../errors.ts';
import { processOptions } from '../workspace/containerProcess.ts';
import { folderContainer } from '../workspace/folderContainer.ts';
import { readContainerTask, taskProcess } from './taskCommand.ts';
import { TaskTerminal } from './taskTerminal.ts';

export const containerTaskType = 'container';

/** What makes a task what it is, beside what it runs. */
export interface TaskFacts {
  readonly name: string;
  readonly detail?: string;
  readonly group?: vscode.TaskGroup;
  readonly problemMatchers?: readonly string[];
  readonly isBackground?: boolean;
  readonly scope: vscode.WorkspaceFolder | vscode.TaskScope;
}

/** A task that runs in the container of its folder. */
export function containerTask(services: Services, definition: vscode.TaskDefinition, facts: TaskFacts): vscode.Task {
  const folder = typeof facts.scope === 'object' ? facts.scope.uri : undefined;
  const execution = new vscode.CustomExecution((resolved) => Promise.resolve(taskTerminal(services, resolved, folder)));
  const task = new vscode.Task(definition, facts.scope, facts.name, containerTaskType, execution, [...(facts.problemMatchers ?? [])]);
  task.isBackground = facts.isBackground ?? false;
  if (facts.group) task.group = facts.group;
  if (facts.detail !== undefined) task.detail = facts.detail;
  return task;
}

/** @param definition with its variables resolved */
function taskTerminal(services: Services, definition: vscode.TaskDefinition, folder: vscode.Uri | undefined): TaskTerminal {
  return new TaskTerminal({
    start: async (size, signal, say) => {
      const task = readContainerTask(definition);
      const { container, mapping } = await folderContainer(services, folder);
      // Not the command line: a problem matcher would read it, too.
      say(`In the container ${container.name}:`);
      const request = taskProcess(task, mapping, folder?.fsPath);
      const client = await services.session.connect();
      const stream = await client.containers.exec(container.id, await processOptions(services, container, { ...request, ...(size && { size }) }), { signal });
      return { stream, explainEnd: () => whyEnded(services, container.id, container.name), ...(task.mapPaths && { rewriter: mapping.rewriteOutput() }) };
    },
    onFailure: (error) => services.log.error(`Task “${definition['command']}”: ${describe(error)}`),
  });
}

/** A stopping machine ends its processes with a signal; the exit code alone would explain nothing. */
export function whyEnded({ session }: Services, id: string, name: string): string | undefined {
  const now = session.container(id);
  if (!now) return `The container “${name}” was removed.`;
  return now.state === 'stopping' || now.state === 'stopped' ? `The container “${name}” has stopped.` : undefined;
}
