import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { repository } from './paths.mjs';

/** The environment for our tools: the pinned Node comes first on PATH. */
export function toolEnvironment(extra = {}) {
  return { ...process.env, PATH: `${join(repository, 'node_modules/.bin')}${delimiter}${process.env.PATH}`, ...extra };
}

/**
 * Runs a command with its output on ours.
 * @throws Error with a plain sentence when it cannot be started or does not exit with 0.
 */
export async function run(command, args, options = {}) {
  const code = await runForStatus(command, args, options);
  if (code !== 0) throw new Error(`“${[command, ...args].join(' ')}” ended with status ${code}.`);
}

/**
 * Runs a command with its output on ours and returns its exit status. One that takes longer than the limit in seconds
 * is interrupted, and killed when that does not end it. `stdio` is as for spawn.
 */
export function runForStatus(command, args, { cwd = repository, env = toolEnvironment(), limit, stdio = 'inherit' } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio });
    const timers = limit === undefined ? [] : [
      setTimeout(() => {
        process.stderr.write(`“${command}” has not ended within ${limit} seconds and is interrupted.\n`);
        child.kill('SIGINT');
      }, limit * 1000),
      setTimeout(() => child.kill('SIGKILL'), (limit + 30) * 1000),
    ];
    const settle = (settled, value) => {
      for (const timer of timers) clearTimeout(timer);
      settled(value);
    };
    child.once('error', (cause) => settle(reject, new Error(`“${command}” could not be started: ${cause.message}`, { cause })));
    child.once('exit', (code, signal) => settle(resolve, code ?? `signal ${signal}`));
  });
}

/** Runs a named step and says how long it took. */
export async function step(title, work) {
  const started = performance.now();
  process.stderr.write(`→ ${title}\n`);
  const result = await work();
  process.stderr.write(`✓ ${title} (${((performance.now() - started) / 1000).toFixed(1)} s)\n`);
  return result;
}
