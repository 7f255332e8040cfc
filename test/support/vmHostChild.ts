import { createServices } from '../../runtime-host/services/createServices.ts';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import { silentLogger } from '../../runtime-host/base/log.ts';
import type { ContainerSpec } from '../../runtime-host/protocol/types.ts';

/*
 * A host that tests kill: `node vmHostChild.ts SPEC` adopts what there is, creates and starts a container as the JSON
 * says, and prints what happens, a line each: `id ID`, `starting`, `running`. An empty SPEC only adopts. With `use` as the
 * second argument the container is to stop without users, of whom there is one, and the line `used` follows.
 */
const spec = JSON.parse(process.argv[2] ?? 'null') as ContainerSpec | null;
const { containers, uses } = await createServices({ paths: new BerthPaths(), log: silentLogger, environment: process.env });
containers.onDidChange(({ info }) => console.log(info?.state ?? 'removed'));
await containers.adopt();
console.log('adopted');
if (spec) {
  const { id } = await containers.create(spec);
  console.log(`id ${id}`);
  await containers.start(id);
  if (process.argv[3] === 'use') {
    await uses.use(id, {}, 'stop');
    console.log('used');
  }
}
setInterval(() => undefined, 60_000); // Until it is killed.
