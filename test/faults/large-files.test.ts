import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import {
  lineOf,
  makeInstance,
  night,
  plan,
  protectedLine,
  type RunOptions,
  type TestInstance,
} from './instance.ts';
import { differences, recoveryPoint, treeOf } from './share-reader.ts';

jest.setTimeout(120_000);

let instance: TestInstance;
beforeEach(() => {
  instance = makeInstance();
  for (const [index, name] of ['large.bin', ' odd\n$(name)', 'below/-rf'].entries()) {
    const path = join(instance.upload, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.alloc(10_000_000 + index, `content ${index}`));
  }
  writeFileSync(join(instance.upload, 'small.pdf'), 'small');
});
afterEach(() => instance.remove());

/** An openssl that runs `script`, before the system's. */
const withOpenssl = (script: string): Pick<RunOptions, 'sandbox' | 'environment'> => {
  const programs = join(instance.folder, 'programs');
  mkdirSync(programs);
  writeFileSync(join(programs, 'openssl'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return {
    sandbox: ['--ro-bind', programs, '/mnt/programs'],
    environment: { PATH: `/mnt/programs:${process.env.PATH}` },
  };
};

test.each([
  ['as the system has it', undefined],
  ['missing', 'exit 127'],
  ['that fails at the end', 'cat >/dev/null; echo 0000; exit 1'],
  ['that says something else', 'echo "SHA2-256(stdin)= what it likes"'],
])('have their SHA-256 with an openssl %s, and come back', async (_, script) => {
  const options = script === undefined ? {} : withOpenssl(script);
  const tree = treeOf(instance.upload);
  expect(protectedLine(await instance.run(night(1), options))).toMatchObject({ files: 4, warnings: [] });
  expect(differences(recoveryPoint(instance.base, '20261101T180000Z-backup'), tree)).toEqual([]);
  protectedLine(await instance.run(`${plan}/20261201T000000Z-restore`, { operation: 'restore', ...options }));
  expect(differences(treeOf(instance.out), tree)).toEqual([]);
});

test('are not believed to be whole where one is damaged on the share', async () => {
  protectedLine(await instance.run(night(1)));
  appendFileSync(join(instance.base, 'current/large.bin'), 'x');
  const ended = await instance.run(`${plan}/20261201T000000Z-restore`, { operation: 'restore' });
  expect(lineOf(ended)).toMatchObject({ outcome: 'failed', cause: 'file-damaged' });
  expect(ended.stderr).toContain('damaged: large.bin');
  expect(existsSync(join(instance.out, 'large.bin'))).toBe(false);
});
