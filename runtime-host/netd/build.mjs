// Builds netd, the program behind Berth's networks, into dist/netd/netd.
//
//   node runtime-host/netd/build.mjs                                 linux/amd64, what the runtime host uses
//   node runtime-host/netd/build.mjs --os darwin --arch arm64        only compiles, to prove that it can; writes dist/netd/netd-darwin-arm64
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildGoProgram } from '../../test/support/setup/goProgram.mjs';

const { values: { os, arch } } = parseArgs({ options: { os: { type: 'string', default: 'linux' }, arch: { type: 'string', default: 'amd64' } } });
const name = os === 'linux' && arch === 'amd64' ? 'netd' : `netd-${os}-${arch}`;
buildGoProgram(import.meta.dirname, join(import.meta.dirname, '../../dist/netd', name), { os, architecture: arch });
