import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PathMapping } from './pathMapping.ts';

const mount = (source: string, target: string) => ({ source, target, readOnly: false });
const volume = (target: string) => ({ name: 'v', target, readOnly: false });

describe('paths of this machine and of a container', () => {
  const mapping = PathMapping.of({ mounts: [mount('/home/ada/app', '/workspaces/app'), mount('/srv/data', '/workspaces/app/data'), mount('/home/ada', '/host/')], volumes: [volume('/workspaces/app/node_modules')] });

  it('lead to each other', () => {
    assert.equal(mapping.toGuest('/home/ada/app/src/a.ts'), '/workspaces/app/src/a.ts');
    assert.equal(mapping.toHost('/workspaces/app/src/a.ts'), '/home/ada/app/src/a.ts');
    assert.equal(mapping.toGuest('/home/ada/app/'), '/workspaces/app');
    assert.equal(mapping.toHost('/workspaces/app/src/../b.ts'), '/home/ada/app/b.ts');
    assert.equal(mapping.toHost('/host/notes'), '/home/ada/notes');
  });

  it('are none where the other side has something else', () => {
    assert.equal(mapping.toHost('/workspaces/application/a.ts'), undefined);
    assert.equal(mapping.toHost('/usr/include/stdio.h'), undefined);
    assert.equal(mapping.toGuest('/home/bob/x'), undefined);
    assert.equal(mapping.toHost('/workspaces/app/node_modules/x.js'), undefined, 'a volume of the container covers it');
    assert.equal(mapping.toGuest('/home/ada/app/node_modules/x.js'), '/host/app/node_modules/x.js', 'it is seen at another place');
  });

  it('go by the deepest directory', () => {
    assert.equal(mapping.toHost('/workspaces/app/data/1.csv'), '/srv/data/1.csv');
    assert.equal(mapping.toGuest('/srv/data/1.csv'), '/workspaces/app/data/1.csv');
    assert.equal(mapping.toGuest('/home/ada/app/data/1.csv'), '/host/app/data/1.csv');
    assert.equal(PathMapping.of({ mounts: [mount('/a', '/w'), mount('/b', '/w/sub')] }).toGuest('/a/sub/x'), undefined);
  });

  it('are given as the window knows them', () => {
    const linked = PathMapping.of({ mounts: [mount('/data/ada/app', '/workspaces/app')] }, [{ path: '/home/ada/app', realPath: '/data/ada/app' }]);
    assert.equal(linked.toHost('/workspaces/app/a.ts'), '/home/ada/app/a.ts');
    assert.equal(linked.toGuest('/home/ada/app/a.ts'), '/workspaces/app/a.ts');
    assert.equal(linked.toGuest('/data/ada/app/a.ts'), '/workspaces/app/a.ts');
    assert.equal(linked.rewriteOutput().write('/workspaces/app/a.ts(3,5)\n'), '/home/ada/app/a.ts(3,5)\n');
    assert.equal(linked.textToGuest('cd /home/ada/app && ls /data/ada/app/src'), 'cd /workspaces/app && ls /workspaces/app/src');
  });

  it('cover a whole disk, too', () => {
    const whole = PathMapping.of({ mounts: [mount('/', '/host')] });
    assert.equal(whole.toGuest('/etc/hosts'), '/host/etc/hosts');
    assert.equal(whole.toHost('/host/etc/hosts'), '/etc/hosts');
    assert.equal(whole.toHost('/host'), '/');
  });

  it('are rewritten in what a process prints', () => {
    const rewriter = mapping.rewriteOutput();
    assert.equal(rewriter.write('/workspaces/app/a.ts:1 /workspaces/app/data/x /workspaces/app/node_modules/y\n'), '/home/ada/app/a.ts:1 /srv/data/x /workspaces/app/node_modules/y\n');
  });

  it('are rewritten in a command line', () => {
    assert.equal(mapping.textToGuest('make -C "/home/ada/app/src" --file=/home/ada/app/Makefile ./x'), 'make -C "/workspaces/app/src" --file=/workspaces/app/Makefile ./x');
  });
});
