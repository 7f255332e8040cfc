import { readdir, readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import * as vscode from 'vscode';
import { describe } from '../errors.ts';
import type { TaskFacts } from './containerTasks.ts';
import { toolFiles } from './toolFiles.ts';

/** A task's definition, and what else is known of it. */
export interface DetectedTask {
  readonly command: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly facts: Omit<TaskFacts, 'scope'>;
}

/** Folders whose tool files are somebody else's. */
const others = '**/{node_modules,.git,.venv,venv,vendor,target,dist,build,out}/**';
/** More are not the user's own projects. */
const mostFiles = 50;
const taskGroups = { build: vscode.TaskGroup.Build, test: vscode.TaskGroup.Test, clean: vscode.TaskGroup.Clean };

/** The tasks that the tool files of a folder name. A file that cannot be read names none, and is told of in the log. */
export async function detectTasks(folder: vscode.WorkspaceFolder, token: vscode.CancellationToken, log: vscode.LogOutputChannel): Promise<DetectedTask[]> {
  const pattern = new vscode.RelativePattern(folder, `**/{${Object.keys(toolFiles).join(',')}}`);
  const files = await vscode.workspace.findFiles(pattern, others, mostFiles, token);
  const paths = files.map(({ fsPath }) => fsPath).sort((a, b) => a.split('/').length - b.split('/').length || a.localeCompare(b));
  const found = await Promise.all(paths.map(async (path) => {
    try {
      return await tasksOf(folder, path);
    } catch (error) {
      log.warn(`No tasks were taken from ${path}: ${describe(error)}`);
      return [];
    }
  }));
  return found.flat();
}

async function tasksOf(folder: vscode.WorkspaceFolder, path: string): Promise<DetectedTask[]> {
  const directory = posix.dirname(path);
  const cwd = posix.relative(folder.uri.fsPath, directory);
  const [text, names] = await Promise.all([readFile(path, 'utf8'), readdir(directory)]);
  const tasks = toolFiles[posix.basename(path)]?.({ text, beside: (name) => names.includes(name) }) ?? [];
  return tasks.map(({ name, command, args, group, detail, problemMatchers }) => ({
    command,
    ...(args && { args }),
    ...(cwd !== '' && { cwd }),
    facts: {
      name: cwd === '' ? name : `${name} - ${cwd}`,
      ...(group && { group: taskGroups[group] }), ...(detail !== undefined && { detail }), ...(problemMatchers && { problemMatchers }),
    },
  }));
}
