import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readyMachine } from '../local/machine.ts';

/**
 * Before the tests that run instances: what the machine lacks is installed, or the run ends with the command that mends
 * it. `LIFEBOAT_TEST_RUN` names a folder that all tests of this run share (see test/local/packaged-service.ts); it goes
 * with test/clear-away.ts.
 */
export default async (): Promise<void> => {
  readyMachine((line) => process.stderr.write(`${line}\n`));
  process.env.LIFEBOAT_TEST_RUN = await mkdtemp(join(tmpdir(), 'lifeboat-test-run-'));
};
