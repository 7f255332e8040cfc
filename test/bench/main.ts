/** `npm run bench -- NAME [--json]`: a table, or with --json one object `{"bench": NAME, "figures": {…}}`. */
import { parseArgs } from 'node:util';

export type Figures = Readonly<Record<string, number>>;

/** How much of it; each bench has defaults, and ignores what is not its own. */
export interface BenchOptions {
  /** soak: how long. */
  readonly minutes?: number;
  /** memory, soak: how many at once. */
  readonly containers?: number;
  /** exec: what goes through the pipe. net: what is sent at once. */
  readonly megabytes?: number;
  /** exec, start, net, vscode: how often each is measured. */
  readonly runs?: number;
}

const benches: Readonly<Record<string, () => Promise<{ default: (options: BenchOptions) => Promise<Figures> }>>> = {
  start: () => import('./start.ts'),
  exec: () => import('./exec.ts'),
  unpack: () => import('./unpack.ts'),
  size: () => import('./size.ts'),
  memory: () => import('./memory.ts'),
  soak: () => import('./soak.ts'),
  net: () => import('./net.ts'),
  vscode: () => import('./vscode.ts'),
};

const amounts = ['minutes', 'containers', 'megabytes', 'runs'] as const;

function usage(complaint = ''): never {
  process.stderr.write(`${complaint}usage: npm run bench -- NAME [--json] [${amounts.map((name) => `--${name} N`).join('] [')}]\nbenches: ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}

function parse(): { name: string; json: boolean; options: BenchOptions } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, ...Object.fromEntries(amounts.map((name) => [name, { type: 'string' as const }])) },
  });
  const given = values as Readonly<Record<string, string | boolean | undefined>>;
  const options = Object.fromEntries(amounts.filter((name) => given[name] !== undefined).map((name) => [name, Number(given[name])]));
  for (const [name, value] of Object.entries(options)) if (!(value >= 0)) usage(`--${name} wants a number.\n`);
  return { name: positionals.length === 1 ? positionals[0]! : '', json: values.json, options };
}

function show(name: string, figures: Figures, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ bench: name, figures })}\n`);
    return;
  }
  const width = Math.max(...Object.keys(figures).map((key) => key.length));
  for (const [key, value] of Object.entries(figures)) process.stdout.write(`${key.padEnd(width)}  ${Number.isInteger(value) ? value : value.toFixed(3)}\n`);
}

let parsed: ReturnType<typeof parse>;
try {
  parsed = parse();
} catch (error) {
  usage(`${(error as Error).message}\n`);
}
const load = benches[parsed.name];
if (load === undefined) usage();
try {
  show(parsed.name, await (await load()).default(parsed.options), parsed.json);
} catch (error) {
  process.stderr.write(`The bench ${parsed.name} failed: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
