import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { after, before, describe } from 'node:test';
import { createSandbox, packageExtension, startVisualStudioCode, type Sandbox, type VisualStudioCode } from './fixture.ts';
import { processEnd } from '../contract/rpcHarness.ts';
import { journey } from './journey.ts';

const patience = 120_000;
const prompt = /(?:^|\n)\/workspaces\/sample #$/;

/** Servers in a container, and how a person reaches them: the tests follow one another in one window. */
describe('ports of a container, in VS Code', () => {
  let sandbox: Sandbox;
  let code: VisualStudioCode;
  /** Where port 3000 of the container is on this machine. */
  let address = '';

  before(async () => {
    const vsix = await packageExtension();
    sandbox = await createSandbox();
    await sandbox.configure({
      image: sandbox.image,
      portsAttributes: { 3000: { label: 'Greeter' } },
      otherPortsAttributes: { onAutoForward: 'silent' },
      customizations: { berth: { network: { policy: 'allowlist', allow: ['registry.example:443'] } } },
    });
    code = await startVisualStudioCode({
      environment: sandbox.environment, vsix,
      browser: (server) => ({ prepare: (context) => context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.origin }) }),
    });
    await code.workbench.open(code.server.url(sandbox.folder));
  });
  after(async () => {
    await code?.stop();
    await sandbox?.stop();
  });
  const it = journey(() => code);

  const row = (text: string | RegExp) => code.workbench.treeItem(text);
  const port = (number: number) => row(new RegExp(`^${number} → `));
  const showPorts = async (): Promise<void> => {
    for (const closed of [/^sample/, /^Ports/]) await row(closed).and(code.workbench.page.locator('[aria-expanded=false]')).locator('.monaco-tl-twistie').click();
  };
  const greeting = async (): Promise<string> => (await fetch(`http://${address}/`)).text();

  it('forwards a server that begins to listen on the container’s loopback, and says so', async () => {
    const { workbench } = code;
    await workbench.showView('Berth');
    await workbench.runCommand('Berth: Open Folder in Container');
    await workbench.waitForTerminal(prompt, patience);
    await workbench.typeInTerminal('mkdir /srv; echo ahoy > /srv/index.html; httpd -p 127.0.0.1:3000 -h /srv');
    const notice = workbench.notification('Greeter is listening on port 3000');
    await notice.waitFor();
    await code.picture('ports-notice');
    await showPorts();
    const text = await port(3000).filter({ hasText: 'httpd' }).textContent();
    address = /127\.0\.0\.1:\d+/.exec(text ?? '')?.[0] ?? assert.fail(`the row says ${text}`);
    assert.match(text ?? '', /Greeter/);
    assert.equal(await greeting(), 'ahoy\n');
  });

  it('opens it in a browser', async () => {
    const opened = code.browser.context.waitForEvent('page');
    await code.workbench.notification('Greeter is listening').getByRole('button', { name: 'Open in Browser' }).click();
    const page = await opened;
    await page.getByText('ahoy').waitFor();
    await page.close();
  });

  it('copies its address', async () => {
    await code.workbench.contextMenu(port(3000), 'Copy Address');
    await code.workbench.page.waitForFunction(`navigator.clipboard.readText().then((text) => text === '${address}')`);
  });

  it('stops when the user says so, and stays stopped', async () => {
    await code.workbench.contextMenu(port(3000), 'Stop Forwarding');
    await row(/^3000(?! →)/).waitFor();
    await assert.rejects(greeting());
  });

  it('forwards what the user names, to where the user says', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port: hostPort } = free.address() as { port: number };
    free.close();
    await once(free, 'close');
    await code.workbench.runCommand('Berth: Forward a Port…');
    await code.workbench.quickPickRow('3000').waitFor();
    await code.workbench.quickInput.fill(`${hostPort}:3000`);
    await code.workbench.quickPickRow(`Forward ${hostPort}:3000`).click();
    address = `127.0.0.1:${hostPort}`;
    await port(3000).filter({ hasText: address }).waitFor();
    assert.equal(await greeting(), 'ahoy\n');
  });

  it('forwards further servers silently, as the configuration has it, for as long as they listen', async () => {
    await code.workbench.typeInTerminal('nc -l -p 4000 & server=$!');
    await port(4000).waitFor();
    await code.workbench.typeInTerminal('kill $server');
    await port(4000).waitFor({ state: 'detached' });
    assert.equal(await code.workbench.notification('4000').count(), 0);
  });

  it('counts what the policy denies, and lets through what the user allows', async () => {
    await code.workbench.typeInTerminal('clear; nc -w 5 198.51.100.7 443; echo ended $?');
    await code.workbench.waitForTerminal(/^ended 1$/m);
    await row(/^sample.*1 denied/).waitFor();
    await code.workbench.contextMenu(row(/^sample/), 'Show Denied Connections');
    await code.workbench.quickPickRow('198.51.100.7:443').waitFor();
    await code.picture('denied');
    await code.workbench.quickPickRow('198.51.100.7:443').click();
    await code.workbench.page.keyboard.press('Enter');
    await code.workbench.notification('may use 198.51.100.7:443').waitFor();
    const [{ policy } = {}] = JSON.parse(await sandbox.container('inspect', 'sample')) as { policy?: unknown }[];
    assert.deepEqual(policy, { mode: 'allowlist', allow: ['registry.example:443', '198.51.100.7:443'] });
  });

  it('has its forwards again after another host has taken over, and in a window that was reloaded', async () => {
    const { pid } = JSON.parse(await sandbox.container('system', 'status', '--format', 'json')) as { pid: number };
    await sandbox.container('system', 'stop');
    await processEnd(pid);
    // The window's terminal starts the next host by itself.
    const deadline = Date.now() + patience;
    while ((await greeting().catch(() => '')) !== 'ahoy\n') assert.ok(Date.now() < deadline, 'the port is not forwarded again');
    await showPorts();
    await port(3000).filter({ hasText: address }).waitFor();
    await code.workbench.reload();
    await code.workbench.statusBarItem('sample').waitFor();
    await showPorts();
    await port(3000).filter({ hasText: 'httpd' }).waitFor();
    assert.equal(await code.workbench.notification('Greeter').count(), 0);
  });
});
