import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  lineOf,
  makeInstance,
  night,
  pointOf,
  protectedLine,
  type TestInstance,
  textOf,
} from './instance.ts';
import { manifestOf, recoveryPoint } from './share-reader.ts';

jest.setTimeout(120_000);

let instance: TestInstance;
beforeEach(() => {
  instance = makeInstance();
  for (const name of ['a', 'b', 'c']) writeFileSync(join(instance.upload, name), `1 of ${name}`);
});
afterEach(() => instance.remove());

/**
 * tar that does something before a batch is read or after it was written; `$count` is the number of the batch, from 1.
 * One stream, so that all files are in one batch.
 */
const tarWith = (before: string, after: string): Record<string, string> => {
  const bin = join(instance.folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const script = `#!/bin/bash
if [[ " $* " == *' --sparse '* ]]; then
  count=$(($(cat /mnt/state/calls 2>/dev/null || echo 0) + 1)); echo "$count" >/mnt/state/calls
  ${before === '' ? ':' : before}
  exec /usr/bin/tar "$@"
fi
code=0; /usr/bin/tar "$@" || code=$?
count=$(cat /mnt/state/calls)
${after}
exit "$code"
`;
  writeFileSync(join(bin, 'tar'), script, { mode: 0o755 });
  return { PATH: `${bin}:${process.env.PATH}`, LIFEBOAT_STREAMS: '1' };
};
const noteOf = (n: number, name: string) =>
  manifestOf(instance.base, pointOf(night(n))).find((line) => line.name === name)?.note;

describe('a source that changes while it is copied', () => {
  test('a file that changed once is copied again, and nothing is wrong', async () => {
    const environment = tarWith('', '[[ $count != 1 ]] || echo more >>/mnt/upload/b');
    expect(protectedLine(await instance.run(night(1), { environment }))).toMatchObject({
      outcome: 'protected',
      warnings: [],
    });
    expect(textOf(instance.base, 'current/b')).toBe('1 of bmore\n');
    recoveryPoint(instance.base, pointOf(night(1)));
  });

  test('a torn copy never overwrites in history what the first pass moved there', async () => {
    protectedLine(await instance.run(night(1)));
    writeFileSync(join(instance.upload, 'b'), '2 of b');
    const environment = tarWith('', 'echo more >>/mnt/upload/b');
    const line = protectedLine(await instance.run(night(2), { environment }));
    expect(line.warnings).toEqual([{ cause: 'file-changed', count: 1, example: 'b' }]);
    expect(noteOf(2, 'b')).toBe('changed');
    // what the manifests say is what lies there, of both nights
    recoveryPoint(instance.base, pointOf(night(1)));
    recoveryPoint(instance.base, pointOf(night(2)));
    expect(textOf(instance.base, 'history', pointOf(night(2)), 'b')).toBe('1 of b');
    expect(protectedLine(await instance.run(night(3)))).toMatchObject({ changed: 1, warnings: [] });
  });

  test('a file that vanishes is told, and the rest is saved', async () => {
    const environment = tarWith('rm -f /mnt/upload/b', '');
    const line = protectedLine(await instance.run(night(1), { environment }));
    expect(line).toMatchObject({ files: 2, warnings: [{ cause: 'file-vanished', count: 1, example: 'b' }] });
    expect(recoveryPoint(instance.base, pointOf(night(1))).has('b')).toBe(false);
  });

  test('a file that vanishes after it was copied is in the recovery point', async () => {
    const environment = tarWith('', 'rm -f /mnt/upload/b');
    const line = protectedLine(await instance.run(night(1), { environment }));
    expect(line).toMatchObject({ files: 3, outcome: 'protected' });
    expect(textOf(instance.base, 'current/b')).toBe('1 of b');
    recoveryPoint(instance.base, pointOf(night(1)));
  });

  test('a replaced file that vanishes before it is copied keeps its last copy, and says so', async () => {
    protectedLine(await instance.run(night(1)));
    writeFileSync(join(instance.upload, 'b'), 'longer than before');
    const environment = tarWith('rm -f /mnt/upload/b', '');
    expect(protectedLine(await instance.run(night(2), { environment }))).toMatchObject({
      files: 3,
      changed: 0,
    });
    expect(noteOf(2, 'b')).toBe('kept');
    recoveryPoint(instance.base, pointOf(night(2)));
    expect(protectedLine(await instance.run(night(3)))).toMatchObject({ files: 2, deleted: 1 });
    expect(existsSync(join(instance.base, 'current/b'))).toBe(false);
    recoveryPoint(instance.base, pointOf(night(2)));
  });

  test('a file that becomes a folder meanwhile breaks nothing', async () => {
    const environment = tarWith('', 'rm -f /mnt/upload/b; mkdir -p /mnt/upload/b/c');
    protectedLine(await instance.run(night(1), { environment }));
    recoveryPoint(instance.base, pointOf(night(1)));
    protectedLine(await instance.run(night(2)));
    recoveryPoint(instance.base, pointOf(night(1)));
    expect(recoveryPoint(instance.base, pointOf(night(2))).get('b')?.kind).toBe('d');
  });
});

describe("tar's exit code is neither fatal nor ignored", () => {
  test('2 although everything arrived: each copy is read, and all is well', async () => {
    const environment = tarWith('', 'code=2');
    expect(protectedLine(await instance.run(night(1), { environment }))).toMatchObject({
      outcome: 'protected',
      files: 3,
    });
  });

  test('2 and a file that did not arrive: it is named, and the recovery point says that it is missing', async () => {
    const environment = tarWith('', 'code=2; rm -f /mnt/share/*/*/current/b');
    const line = protectedLine(await instance.run(night(1), { environment }));
    expect(line).toMatchObject({ files: 2, warnings: [{ cause: 'file-refused', count: 1, example: 'b' }] });
    expect(noteOf(1, 'b')).toBe('missing');
    expect(protectedLine(await instance.run(night(2)))).toMatchObject({ files: 3, changed: 1 });
    expect(noteOf(2, 'b')).toBe('-');
  });

  test('2 and a copy that is not what the source has: the earlier copy comes back', async () => {
    protectedLine(await instance.run(night(1)));
    writeFileSync(join(instance.upload, 'b'), '2 of b');
    const environment = tarWith('', 'code=2; echo garbage >/mnt/share/acme-web/*/current/b');
    const line = protectedLine(await instance.run(night(2), { environment }));
    expect(line.warnings).toEqual([{ cause: 'file-refused', count: 1, example: 'b' }]);
    expect(textOf(instance.base, 'current/b')).toBe('1 of b');
    expect(noteOf(2, 'b')).toBe('kept');
    recoveryPoint(instance.base, pointOf(night(1)));
    recoveryPoint(instance.base, pointOf(night(2)));
    protectedLine(await instance.run(night(3)));
    expect(textOf(instance.base, 'current/b')).toBe('2 of b');
  });

  test.each([
    ['tar: ./x: Cannot write: No space left on device', 2, 'share-full'],
    ['tar: ./x: Wrote only 8192 of 10240 bytes', 2, 'share-full'],
    ['tar: ./x: Cannot open: Disk quota exceeded', 2, 'share-full'],
    ['tar: ./x: Cannot open: Read-only file system', 2, 'share-read-only'],
    ['tar: ./x: Cannot open: Stale file handle', 2, 'share-error'],
    ['tar: ./x: Cannot close: Input/output error', 2, 'share-error'],
    ['', 137, 'interrupted'],
  ])('%s', async (message, code, cause) => {
    const environment = tarWith('', `echo '${message}' >&2; exit ${code}`);
    expect(lineOf(await instance.run(night(1), { environment }))).toMatchObject({ outcome: 'failed', cause });
    protectedLine(await instance.run(night(1)));
  });

  test('a file name cannot pretend that the share is full', async () => {
    const name = 'x: No space left on device';
    writeFileSync(join(instance.upload, name), 'x');
    const environment = tarWith('', `echo 'tar: ./${name}: Cannot open: Invalid argument' >&2; code=2`);
    expect(protectedLine(await instance.run(night(1), { environment })).files).toBe(4);
  });
});
