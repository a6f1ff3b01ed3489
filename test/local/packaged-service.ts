import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageService } from '../../local/console/package-service.ts';

/** The plans of these nights: the repository's own lifeboat.yml belongs to whoever edits it. */
export const planFile = 'test/local/lifeboat.yml';

const patienceMilliseconds = 150_000;
const lookMilliseconds = 50;

/**
 * The folder with the packaged service. It is packaged once for all test files of a Jest run, by the one that comes
 * first; the others wait for it.
 */
export const packagedService = async (): Promise<string> => {
  const shared = process.env.LIFEBOAT_TEST_RUN;
  if (shared === undefined) throw new Error('LIFEBOAT_TEST_RUN is not set: run these tests with `npm test`.');
  const packaged = join(shared, 'package');
  if (await isFirst(join(shared, 'packaging'))) {
    await packageService(`${packaged}.new`, { LIFEBOAT_PLAN_FILE: planFile });
    await rename(`${packaged}.new`, packaged);
  }
  for (let waited = 0; !existsSync(packaged); waited += lookMilliseconds) {
    if (waited > patienceMilliseconds)
      throw new Error('The service is not packaged: the test file that came first says why.');
    await sleep(lookMilliseconds);
  }
  return packaged;
};

const isFirst = async (mark: string): Promise<boolean> => {
  try {
    await mkdir(mark);
    return true;
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST')
      return false;
    throw error;
  }
};
