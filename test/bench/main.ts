/** `npm run bench -- NAME [--json]`: a table, or with --json one object `{"bench": NAME, "figures": {…}}`. */
import { parseArgs } from 'node:util';

export type Figures = Readonly<Record<string, number>>;

const benches: Readonly<Record<string, () => Promise<{ default: () => Promise<Figures> }>>> = {
  start: () => import('./start.ts'),
  unpack: () => import('./unpack.ts'),
  size: () => import('./size.ts'),
  memory: () => import('./memory.ts'),
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean', default: false } } });
const name = positionals[0] ?? '';
const load = benches[name];
if (load === undefined || positionals.length !== 1) {
  process.stderr.write(`usage: npm run bench -- NAME [--json]\nbenches: ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}
const figures = await (await load()).default();
if (values.json) {
  process.stdout.write(`${JSON.stringify({ bench: name, figures })}\n`);
} else {
  const width = Math.max(...Object.keys(figures).map((key) => key.length));
  for (const [key, value] of Object.entries(figures)) {
    process.stdout.write(`${key.padEnd(width)}  ${Number.isInteger(value) ? value : value.toFixed(3)}\n`);
  }
}
