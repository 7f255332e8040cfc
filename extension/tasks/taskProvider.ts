import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { realPathOf } from '../windowContainer.ts';
import { containerTask, containerTaskType } from './containerTasks.ts';

/**
 * Tasks of the type `container`: those of a tasks.json, and those that the folder's own tool files name. Nothing is read
 * before VS Code asks for tasks, and the part that knows tool files is loaded then.
 */
export class ContainerTaskProvider implements vscode.TaskProvider {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  async provideTasks(token: vscode.CancellationToken): Promise<vscode.Task[]> {
    const { session, window, log } = this.#services;
    if (!vscode.workspace.isTrusted || !window.inContainer) return [];
    await session.connect();
    const found: vscode.Task[] = [];
    for (const folder of vscode.workspace.workspaceFolders ?? []) {
      const realPath = realPathOf(folder.uri);
      if (realPath === undefined || !window.forFolder(realPath) || !vscode.workspace.getConfiguration('berth', folder).get('detectTasks', true)) continue;
      const { detectTasks } = await import('./detectTasks.ts');
      for (const { facts, ...definition } of await detectTasks(folder, token, log)) {
        found.push(containerTask(this.#services, { type: containerTaskType, ...definition }, { ...facts, scope: folder }));
      }
    }
    return found;
  }

  /** One of a tasks.json: VS Code knows what else it says. */
  resolveTask(task: vscode.Task): vscode.Task | undefined {
    if (typeof task.definition['command'] !== 'string') return undefined;
    const scope = task.scope ?? vscode.TaskScope.Workspace;
    return containerTask(this.#services, task.definition, { name: task.name, scope, isBackground: task.isBackground, problemMatchers: task.problemMatchers });
  }
}
