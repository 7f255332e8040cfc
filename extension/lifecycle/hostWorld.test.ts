import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { realpathSync } from 'node:fs';
import { describe, it } from 'node:test';
import { hostWorld } from './hostWorld.ts';
import { programsOf } from './stages.ts';

const folder = realpathSync(tmpdir());
const never = new AbortController().signal;

async function ran(command: string | readonly string[], signal = never, onOutput: (text: string) => void = () => undefined): Promise<{ readonly code: number; readonly text: string }> {
  const [program] = programsOf(command);
  assert.ok(program);
  let text = '';
  const code = await hostWorld(folder).run(program, (part) => {
    text += part;
    onOutput(text);
  }, signal);
  return { code, text };
}

describe('a command on this machine', () => {
  it('runs in the folder, without input, and its output and exit code are told', async () => {
    assert.deepEqual(await ran('pwd; cat; echo wrong >&2; exit 4'), { code: 4, text: `${folder}\nwrong\n` });
    assert.deepEqual(await ran(['printf', '%s', '$HOME']), { code: 0, text: '$HOME' });
  });

  it('says that it does not exist', async () => {
    await assert.rejects(ran(['/no/such/program', 'x']), { code: 'CommandNotFound', message: /“\/no\/such\/program x” cannot be run on this machine/ });
  });

  it('does not wait for what it leaves behind', async () => {
    const { code, text } = await ran('sleep 1000 & echo $!');
    assert.equal(code, 0);
    process.kill(Number(text), 'SIGKILL'); // It is there.
  });

  it('ends with all that it has started when it is cancelled', async () => {
    const cancellation = new AbortController();
    let child = 0;
    const run = ran('sleep 1000 & echo $!; wait', cancellation.signal, (text) => {
      if (!text.includes('\n')) return;
      child = Number(text);
      cancellation.abort();
    });
    await assert.rejects(run, { name: 'AbortError' });
    assert.ok(child > 0);
  });

  it('is not given what VS Code has for its own processes', async () => {
    process.env['ELECTRON_RUN_AS_NODE'] = '1';
    process.env['BERTH_TEST_HOST_WORLD'] = 'kept';
    try {
      assert.equal((await ran('echo "$ELECTRON_RUN_AS_NODE $BERTH_TEST_HOST_WORLD"')).text, ' kept\n');
    } finally {
      delete process.env['ELECTRON_RUN_AS_NODE'];
      delete process.env['BERTH_TEST_HOST_WORLD'];
    }
  });
});
