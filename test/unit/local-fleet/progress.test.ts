import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readProgress } from '../../../local/fleet/progress.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-progress-'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = (text: string | Uint8Array) => writeFile(join(folder, 'progress'), text);
const line = {
  run: 'acme-web/20261123T180000Z-backup',
  phase: 'copy',
  files: 3,
  totalFiles: 9,
  bytes: 30,
  totalBytes: 90,
};

test('progress is read as it is written', async () => {
  await write(`${JSON.stringify(line)}\n`);
  expect(await readProgress(folder)).toEqual(line);
});

test('totals that nobody knows yet are 0', async () => {
  await write(JSON.stringify({ run: line.run, phase: 'count', files: 0, bytes: 0 }));
  expect(await readProgress(folder)).toMatchObject({ totalFiles: 0, totalBytes: 0 });
});

test('no file is no progress', async () => {
  expect(await readProgress(folder)).toBeUndefined();
  expect(await readProgress(join(folder, 'missing'))).toBeUndefined();
});

test.each([
  ['half a line', '{"run":"acme-w'],
  ['negative figures', JSON.stringify({ ...line, files: -1 })],
  ['figures beyond reason', JSON.stringify({ ...line, bytes: 1e300 })],
  ['a phase that moves the cursor', JSON.stringify({ ...line, phase: '\u001b[2J' })],
  ['a phase as long as a book', JSON.stringify({ ...line, phase: 'x'.repeat(1000) })],
  ['more than 4 KiB', `${JSON.stringify(line)}${' '.repeat(5000)}`],
])('%s is no progress', async (_what, text) => {
  await write(text);
  expect(await readProgress(folder)).toBeUndefined();
});

test('a link is not followed, and a FIFO does not make anybody wait', async () => {
  await writeFile(join(folder, 'elsewhere'), JSON.stringify(line));
  await symlink(join(folder, 'elsewhere'), join(folder, 'progress'));
  expect(await readProgress(folder)).toBeUndefined();
  await rm(join(folder, 'progress'));
  execFileSync('mkfifo', [join(folder, 'progress')]);
  expect(await readProgress(folder)).toBeUndefined();
});

test('no garbage breaks the reader', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(Buffer.from)),
      async (bytes) => {
        await write(bytes);
        const progress = await readProgress(folder);
        expect(progress === undefined || Number.isSafeInteger(progress.files)).toBe(true);
      },
    ),
    { numRuns: 100 },
  );
});
