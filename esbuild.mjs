/**
 * Makes the bundles in dist/:
 *
 *   extension.cjs ─► languageLink.cjs        the VS Code extension: what a window's start needs, and the rest
 *   container.mjs ─► containerProgram.mjs    the CLI: a small launcher that any Node can read, and the rest
 *   host.mjs ─► hostProgram.mjs              the runtime host: the launcher turns the compile cache on for the rest
 *   client.mjs                               the client library (package.json's export `./client`)
 *   unpackWorker.mjs                         the host's thread that writes disks
 *
 * Options: --minify, --watch, --into=DIRECTORY instead of dist/ (and no link then). Ends with status 1 when a bundle
 * cannot be made.
 */
import { context, build } from 'esbuild';
import { chmod, mkdir, rm, stat, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const root = import.meta.dirname;
const minify = process.argv.includes('--minify');
const watching = process.argv.includes('--watch');
const into = process.argv.find((word) => word.startsWith('--into='))?.slice('--into='.length);
const directory = into ?? 'dist';

/** ESM bundles hold CommonJS packages, which expect these names. */
const commonJsNames = [
  'import { createRequire as __createRequire } from "node:module";',
  'const require = __createRequire(import.meta.url);',
].join('\n');

/** With `--`, because Node takes options such as --env-file for its own wherever they stand. */
const commandLine = '#!/usr/bin/env -S node --';

/** Leaves an import as one of another bundle. */
const elsewhere = (specifier, file) => ({
  name: `elsewhere:${file}`,
  setup({ onResolve }) {
    onResolve({ filter: new RegExp(`^${specifier.replaceAll('.', '\\.')}$`) }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: `./${file}`, external: true } : undefined);
  },
});

/** Objects, all of them: what stands for one need not be callable. */
const lateBuiltins = new Set(['child_process', 'crypto', 'dns', 'fs/promises', 'http', 'http2', 'https', 'net', 'os', 'readline', 'tls', 'worker_threads', 'zlib']);

/**
 * Loads Node's own modules with require, each when the module that wants it is first used, and the larger ones when
 * something of them is: an ESM import of them is hoisted to the start of the bundle and reads every export, which for
 * node:http loads a whole HTTP client (20 ms) and for node:tls all root certificates (14 ms). The names are looked up in
 * a prototype, because esbuild's own helper copies none from there.
 */
const builtinsByRequire = {
  name: 'builtins-by-require',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?[a-z_0-9/]+$/ }, ({ path, kind }) => {
      const isStatement = kind === 'import-statement';
      const name = path.replace(/^node:/, '');
      if (lateBuiltins.has(name) && (isStatement || kind === 'require-call')) return { path: `node:${name}`, namespace: 'late-builtin' };
      if (!path.startsWith('node:')) return undefined;
      return isStatement ? { path, namespace: 'builtin' } : { path, external: true };
    });
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({ contents: `module.exports = require(${JSON.stringify(path)});` }));
    onLoad({ filter: /.*/, namespace: 'late-builtin' }, ({ path }) => ({
      contents: `module.exports = Object.create(new Proxy({}, { get: (_, name) => process.getBuiltinModule(${JSON.stringify(path)})[name] }));`,
    }));
  },
};

const linkCommand = {
  name: 'link-command',
  setup({ onEnd }) {
    onEnd(async ({ errors }) => {
      if (errors.length > 0 || into !== undefined) return;
      await chmod(join(root, 'dist/container.mjs'), 0o755);
      const link = join(root, 'node_modules/.bin/container');
      await mkdir(join(root, 'node_modules/.bin'), { recursive: true });
      await rm(link, { force: true });
      await symlink('../../dist/container.mjs', link);
    });
  },
};

/** VS Code loads extensions with `require`, which alone knows the module `vscode`. */
const extensionOptions = {
  format: 'cjs',
  external: ['vscode'],
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': '__bundleUrl' },
  banner: { js: 'const __bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
};

const bundles = [
  { output: 'extension.cjs', entry: 'extension/extension.ts', options: { ...extensionOptions, plugins: [elsewhere('./host/languageLink.ts', 'languageLink.cjs')] } },
  { output: 'languageLink.cjs', entry: 'extension/host/languageLink.ts', options: extensionOptions },
  { output: 'container.mjs', entry: 'runtime-host/cli/main.ts', options: { banner: { js: `${commandLine}\n${commonJsNames}` }, plugins: [elsewhere('./program.ts', 'containerProgram.mjs'), linkCommand] } },
  { output: 'containerProgram.mjs', entry: 'runtime-host/cli/program.ts' },
  { output: 'host.mjs', entry: 'runtime-host/main.ts', options: { plugins: [elsewhere('./hostProgram.ts', 'hostProgram.mjs')] } },
  { output: 'hostProgram.mjs', entry: 'runtime-host/hostProgram.ts' },
  { output: 'client.mjs', entry: 'runtime-host/client/index.ts' },
  { output: 'unpackWorker.mjs', entry: 'runtime-host/services/images/unpackWorker.ts' },
];

function optionsFor({ output, entry, options: { plugins = [], ...options } = {} }) {
  return {
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: join(directory, output),
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    mainFields: ['module', 'main'],
    sourcemap: 'linked',
    sourcesContent: false,
    // THIRD-PARTY-NOTICES.txt has the whole texts.
    legalComments: 'none',
    minify,
    keepNames: minify,
    logLevel: 'warning',
    banner: { js: commonJsNames },
    plugins: [...(options.format === 'cjs' ? [] : [builtinsByRequire]), ...plugins],
    ...options,
  };
}

async function sizes(outputs) {
  for (const output of outputs) {
    const { size } = await stat(resolve(root, directory, output));
    console.log(`${`${directory}/${output}`.padEnd(28)}${String(Math.ceil(size / 1024)).padStart(6)} KiB`);
  }
}

try {
  if (watching) {
    const contexts = await Promise.all(bundles.map((bundle) => context(optionsFor(bundle))));
    await Promise.all(contexts.map((each) => each.watch()));
    console.log('Watching.');
  } else {
    await Promise.all(bundles.map((bundle) => build(optionsFor(bundle))));
    await sizes(bundles.map(({ output }) => output));
  }
} catch (error) {
  // esbuild has shown what is wrong with the sources; anything else is shown here.
  if (!error.errors) console.error(error);
  process.exitCode = 1;
}
