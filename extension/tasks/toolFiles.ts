import { parse } from 'jsonc-parser';

/** A task that a tool's file names. */
export interface ToolTask {
  readonly name: string;
  readonly command: string;
  readonly args?: readonly string[];
  readonly detail?: string;
  readonly group?: 'build' | 'test' | 'clean';
  readonly problemMatchers?: readonly string[];
}

/** One tool's file. */
export interface ToolFile {
  readonly text: string;
  /** Whether a file of this name stands beside it. */
  readonly beside: (name: string) => boolean;
}

/** What the files of tools name, by the file's name. Read as text only: nothing of the folder's runs for it. */
export const toolFiles: Readonly<Record<string, (file: ToolFile) => readonly ToolTask[]>> = {
  'package.json': packageTasks,
  'Makefile': makeTasks,
  'makefile': makeTasks,
  'GNUmakefile': makeTasks,
  'Cargo.toml': () => ['build', 'check', 'test', 'clippy', 'clean'].map((verb) => command(['cargo', verb])),
  'go.mod': () => ['build', 'vet', 'test'].map((verb) => command(['go', verb, './...'], { problemMatchers: ['$go'] })),
  'pyproject.toml': ({ text, beside }) => (/\bpytest\b/.test(text) && !beside('pytest.ini') ? [command(['pytest'], { group: 'test' })] : []),
  'pytest.ini': () => [command(['pytest'], { group: 'test' })],
  'justfile': justTasks,
  'Justfile': justTasks,
  'Taskfile.yml': taskfileTasks,
  'Taskfile.yaml': taskfileTasks,
  'composer.json': composerTasks,
  'build.gradle': gradleTasks,
  'build.gradle.kts': gradleTasks,
  'pom.xml': ({ beside }) => ['compile', 'test', 'package', 'clean'].map((goal) => command([beside('mvnw') ? './mvnw' : 'mvn', goal])),
};

/** The most that one file may add: a generated Makefile has thousands of targets. */
const mostTasks = 100;

const groups: Readonly<Record<string, ToolTask['group']>> = { build: 'build', compile: 'build', watch: 'build', test: 'test', tests: 'test', clean: 'clean' };

function command([program = '', ...args]: readonly string[], facts: Partial<ToolTask> = {}): ToolTask {
  const last = args.findLast((arg) => !arg.includes('/')) ?? '';
  const group = groups[last];
  return { name: [program, ...args].join(' '), command: program, args, ...(group && { group }), ...facts };
}

function packageTasks({ text, beside }: ToolFile): ToolTask[] {
  const root = parse(text) as { scripts?: unknown; packageManager?: unknown } | undefined;
  const scripts = stringsOf(root?.scripts);
  const manager = packageManager(typeof root?.packageManager === 'string' ? root.packageManager : '', beside);
  return [command([manager, 'install']), ...Object.entries(scripts).filter(([name]) => !isHook(name, scripts)).map(([name, detail]) => command([manager, 'run', name], { detail }))].slice(0, mostTasks);
}

function packageManager(named: string, beside: ToolFile['beside']): string {
  const declared = /^(npm|pnpm|yarn|bun)@/.exec(named)?.[1];
  if (declared !== undefined) return declared;
  if (beside('pnpm-lock.yaml')) return 'pnpm';
  if (beside('yarn.lock')) return 'yarn';
  return beside('bun.lock') || beside('bun.lockb') ? 'bun' : 'npm';
}

/** What runs by itself before or after another script. */
function isHook(name: string, scripts: Readonly<Record<string, string>>): boolean {
  const of = /^(?:pre|post)(.+)$/.exec(name)?.[1];
  return of !== undefined && (of in scripts || of === 'install' || of === 'pack' || of === 'publish');
}

function composerTasks({ text }: ToolFile): ToolTask[] {
  const scripts = (parse(text) as { scripts?: object } | undefined)?.scripts ?? {};
  return [command(['composer', 'install']), ...Object.keys(scripts).filter((name) => !/^(pre|post)-/.test(name)).map((name) => command(['composer', 'run-script', name]))].slice(0, mostTasks);
}

function makeTasks({ text }: ToolFile): ToolTask[] {
  const targets = new Set<string>();
  // A rule stands at the start of a line; assignments (`:=`), patterns and variables are none.
  for (const [, names = ''] of text.matchAll(/^([A-Za-z0-9_][^\s:=#$%]*(?:[ \t]+[A-Za-z0-9_][^\s:=#$%]*)*)[ \t]*::?(?![:=])/gm)) {
    for (const name of names.split(/\s+/)) targets.add(name);
  }
  return [...targets].slice(0, mostTasks).map((target) => command(['make', target], { problemMatchers: ['$gcc'] }));
}

function justTasks({ text }: ToolFile): ToolTask[] {
  const recipes = [...text.matchAll(/^@?([A-Za-z][\w-]*)([^\n:=]*):(?!=)/gm)];
  // A parameter without a default would have to be asked for.
  return recipes.filter(([, , parameters = '']) => parameters.trim() === '').slice(0, mostTasks).map(([, name = '']) => command(['just', name]));
}

/** The keys under `tasks:`, which is all of the YAML that matters here. */
function taskfileTasks({ text }: ToolFile): ToolTask[] {
  const [, body = ''] = /^tasks:[ \t]*(?:#.*)?\n((?:[ \t].*\n?|#.*\n?|\n)*)/m.exec(text) ?? [];
  const indentation = /^([ \t]+)[^\s#]/m.exec(body)?.[1];
  if (indentation === undefined) return [];
  const keys = body.split('\n').flatMap((line) => new RegExp(`^${indentation}['"]?([\\w][\\w:.-]*?)['"]?:(?:\\s|$)`).exec(line)?.[1] ?? []);
  return keys.slice(0, mostTasks).map((name) => command(['task', name]));
}

function gradleTasks({ beside }: ToolFile): ToolTask[] {
  return ['build', 'test', 'clean'].map((name) => command([beside('gradlew') ? './gradlew' : 'gradle', name]));
}

function stringsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

