import { rm } from 'node:fs/promises';

/** Removes what test/prepare-machine.ts and the tests that shared it have made. */
export default async (): Promise<void> => {
  const folder = process.env.LIFEBOAT_TEST_RUN;
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
};
