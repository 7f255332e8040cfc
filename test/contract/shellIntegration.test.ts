import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

/* What a terminal's shell tells VS Code (media/shellIntegration/), by real shells in a real pseudo-terminal. */

const repository = join(import.meta.dirname, '..', '..');
const media = (name: string): Promise<string> => readFile(join(repository, 'media', 'shellIntegration', name), 'utf8');

/** The user's files; what each says must hold in the shell as if we were not there. */
const files = {
  '.bash_profile': 'FROM=profile\n. ~/.bashrc\n',
  '.bashrc': 'PS1="mine\\$ "\nPROMPT_COMMAND="last=\\$?"\nHISTCONTROL=ignorespace\n',
  '.zshenv': 'export E=env\n',
  '.zprofile': 'P=profile\n',
  '.zshrc': 'FROM=$P\nPS1="mine%# "\nprecmd() { last=$? }\n',
  '.profile': 'FROM=profile\nPS1="mine$ "\n',
};

interface Session {
  /** Types a line once the shell has shown a prompt, and gives what it prints until the next one. */
  type(line: string): Promise<string>;
  end(line: string): Promise<number | null>;
  readonly home: string;
}

async function startShell(t: TestContext, shell: string, starter: readonly string[] = ['/bin/sh'], login = '1'): Promise<Session> {
  const home = await mkdtemp(join(tmpdir(), 'shell-'));
  t.after(() => rm(home, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(home, name), text);
  const inits = await Promise.all(['bash', 'zsh', 'fish', 'sh'].map(async (name) => [`BERTH_INIT_${name.toUpperCase()}`, await media(`init.${name}`)] as const));
  const child = spawn('python3', [join(repository, 'test/support/runInTerminal.py'), '200', '24', ...starter, '-c', await media('start.sh')], {
    cwd: '/usr',
    env: { PATH: process.env['PATH'], HOME: home, TERM: 'xterm-256color', LANG: 'C.UTF-8', BERTH_SHELL: shell, BERTH_LOGIN: login, ...Object.fromEntries(inits) },
    stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
  });
  t.after(() => child.kill());
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  let text = '';
  let notify = (): void => undefined;
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
    // What a terminal answers, for shells that wait for it.
    if (chunk.includes('\x1b[6n')) child.stdin?.write('\x1b[1;1R');
    if (chunk.includes('\x1b[c')) child.stdin?.write('\x1b[?62;c');
    notify();
  });
  const prompt = async (): Promise<string> => {
    for (;;) {
      const at = text.indexOf('\x1b]633;B\x07');
      if (at >= 0) {
        const seen = text.slice(0, at);
        text = text.slice(at + 8);
        return seen;
      }
      await new Promise<void>((resolve) => (notify = resolve));
    }
  };
  let first: Promise<string> | undefined = prompt();
  return {
    home,
    type: async (line) => {
      await first;
      first = undefined;
      child.stdin?.write(`${line}\r`);
      return prompt();
    },
    end: (line) => {
      child.stdin?.write(`${line}\r`);
      return ended;
    },
  };
}

/** The sequences of a text, each without its frame. */
function told(text: string): string[] {
  return [...text.matchAll(/\x1b\]633;([^\x07]*)\x07/g)].map(([, sequence = '']) => sequence);
}

function missing(path: string): string | false {
  return existsSync(path) ? false : `there is no ${path}`;
}

for (const shell of ['bash', 'zsh', 'fish']) {
  test(`${shell} tells of its commands, their exit codes and its directory`, { skip: missing(`/usr/bin/${shell}`) }, async (t) => {
    const session = await startShell(t, shell);
    const failed = told(await session.type('false'));
    assert.deepEqual(failed.filter((each) => !each.startsWith('P;')), ['E;false', 'C', 'D;1', 'A']);
    const moved = told(await session.type('cd /tmp; true'));
    assert.deepEqual(moved.filter((each) => !each.startsWith('P;')), ['E;cd /tmp\\x3b true', 'C', 'D;0', 'A']);
    assert.ok(moved.includes('P;Cwd=/tmp'), moved.join());
    if (shell !== 'fish') assert.match(await session.type('echo "from=$FROM zdotdir=[$ZDOTDIR] env=[$(env | grep -c BERTH)]"'), /from=profile zdotdir=\[\] env=\[0\]/);
    assert.equal(await session.end('exit 7'), 7);
    assert.deepEqual((await readdir('/dev/shm')).filter((name) => name.startsWith('berth-zsh')), []);
    for (const [name, text] of Object.entries(files)) assert.equal(await readFile(join(session.home, name), 'utf8'), text);
  });
}

test('bash keeps the user’s prompt and what the prompt command sees, and tells no command that the history did not take', async (t) => {
  const session = await startShell(t, 'bash');
  assert.match(await session.type('false'), /\x1b\]633;A\x07mine[$#] $/);
  assert.match(await session.type('echo last=$last'), /last=1\r\n/);
  const hidden = told(await session.type(' echo secret'));
  assert.deepEqual(hidden.filter((each) => !each.startsWith('P;')), ['C', 'D;0', 'A']);
  assert.deepEqual(told(await session.type('')).filter((each) => !each.startsWith('P;')), ['D', 'A']);
  await session.type('PS1="(venv) $PS1"');
  assert.match(await session.type('true'), /\x1b\]633;A\x07\(venv\) mine[$#] $/);
  assert.equal(await session.end('exit'), 0);
});

test('bash that is no login shell reads the file of such, and only that', async (t) => {
  const session = await startShell(t, 'bash', ['/bin/sh'], '');
  assert.match(await session.type('echo "from=[$FROM] env=[$(env | grep -c BERTH)]"'), /from=\[\] env=\[0\]\r\n[^]*mine[$#] $/);
  assert.equal(await session.end('exit 3'), 3);
});

test('busybox’ sh tells of its prompts, exit codes and directory', async (t) => {
  const session = await startShell(t, 'sh', ['/bin/busybox', 'sh']);
  assert.deepEqual(told(await session.type('false')), ['D;1', 'P;Cwd=/usr', 'A']);
  assert.deepEqual(told(await session.type('cd /tmp')), ['D;0', 'P;Cwd=/tmp', 'A']);
  assert.match(await session.type('echo from=$FROM env=[$(env | grep -c BERTH)] $ENV.'), /from=profile env=\[0\] \./);
  assert.equal(await session.end('exit 7'), 7);
});

test('a shell that is not there is told of, and another one takes its place', async (t) => {
  const session = await startShell(t, 'nosuchshell');
  assert.match(await session.type('echo $BASH_VERSION'), /633;C\x07[0-9]+\.[0-9]/);
});
