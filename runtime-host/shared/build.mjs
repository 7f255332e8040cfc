// Builds shared, the program behind directories that can be taken away, into dist/shared/shared, for linux/amd64: it
// looks directories up by system calls that only Linux has.
import { join } from 'node:path';
import { buildGoProgram } from '../../test/support/setup/goProgram.mjs';

buildGoProgram(import.meta.dirname, join(import.meta.dirname, '../../dist/shared/shared'));
