import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { containerTask, containerTaskType } from './containerTasks.ts';
import { foreignDefinition, type ForeignExecution } from './foreignTask.ts';

interface TaskItem extends vscode.QuickPickItem {
  readonly task?: vscode.Task;
}

/** Lets the user choose any task of the window that runs a command, and runs that in the container. */
export async function runTaskInContainer(services: Services): Promise<void> {
  const items = vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: 'Looking for tasks' }, taskItems);
  const chosen = await vscode.window.showQuickPick(items, { placeHolder: 'Run which task in the container?', matchOnDescription: true, matchOnDetail: true });
  if (!chosen?.task) return;
  await vscode.tasks.executeTask(inContainer(services, chosen.task) ?? chosen.task);
}

async function taskItems(): Promise<TaskItem[]> {
  const tasks = (await vscode.tasks.fetchTasks()).filter((task) => task.definition.type === containerTaskType || foreignDefinition(executionOf(task)));
  // Those for the container first; then as VS Code's own list has them, by source.
  const bySource = Map.groupBy(tasks, ({ source }) => source);
  const sources = [...bySource.keys()].sort((a, b) => Number(b === containerTaskType) - Number(a === containerTaskType) || a.localeCompare(b));
  const several = (vscode.workspace.workspaceFolders ?? []).length > 1;
  const items = sources.flatMap((source): TaskItem[] => [
    { label: source, kind: vscode.QuickPickItemKind.Separator },
    ...(bySource.get(source) ?? []).map((task) => ({
      label: task.name, task,
      ...(several && typeof task.scope === 'object' && { description: task.scope.name }),
      ...(task.detail !== undefined && { detail: task.detail }),
    })),
  ]);
  return items.length > 0 ? items : [{ label: 'No task was found', description: 'Write some into tasks.json' }];
}

/** The same task, run there; undefined for one that runs there anyway. Its named problem matchers stay. */
function inContainer(services: Services, task: vscode.Task): vscode.Task | undefined {
  if (task.definition.type === containerTaskType) return undefined;
  const definition = foreignDefinition(executionOf(task));
  if (!definition) return undefined;
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const scope = typeof task.scope === 'object' ? task.scope : (folder ?? vscode.TaskScope.Workspace);
  const made = containerTask(services, { type: containerTaskType, ...definition }, { name: task.name, scope, problemMatchers: task.problemMatchers, isBackground: task.isBackground });
  made.presentationOptions = task.presentationOptions;
  return made;
}

function executionOf({ execution }: vscode.Task): ForeignExecution {
  return execution instanceof vscode.ShellExecution || execution instanceof vscode.ProcessExecution ? execution : {};
}
