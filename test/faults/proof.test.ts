import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import {
  lineOf,
  makeInstance,
  night,
  plan,
  pointOf,
  protectedLine,
  type TestInstance,
  textOf,
} from './instance.ts';
import { differences, recoveryPoint, treeOf } from './share-reader.ts';

jest.setTimeout(120_000);

let instance: TestInstance;
beforeEach(async () => {
  instance = makeInstance();
  for (let i = 0; i < 50; i++) write(`${i}.pdf`, `content ${i}`);
  protectedLine(await instance.run(night(1)));
});
afterEach(() => instance.remove());

const write = (name: string, text: string): void => writeFileSync(join(instance.upload, name), text);
const verified = (parameters: Readonly<Record<string, string>> = {}, options = {}) =>
  instance.run(`${plan}/20261201T000000Z-verify`, { operation: 'verify', parameters, ...options });
const current = (name: string): string => join(instance.base, 'current', name);

test('everything is read, a sample is restored, and nothing is changed', async () => {
  const before = treeOf(instance.share);
  const ended = await verified();
  expect(protectedLine(ended)).toMatchObject({
    operation: 'verify',
    outcome: 'protected',
    files: 50,
    changed: 0,
    warnings: [],
    recoveryPoint: expect.stringContaining(pointOf(night(1))),
  });
  expect(ended.stderr).toContain('the drill brought back 20');
  expect(differences(treeOf(instance.share), before)).toEqual([]);
  expect(existsSync(join(instance.state, `plans/${plan}/work`))).toBe(false);
});

test('damage is healed where the instance has the content, also of an older recovery point', async () => {
  write('1.pdf', 'another content');
  protectedLine(await instance.run(night(2)));
  writeFileSync(current('2.pdf'), 'rotten');
  rmSync(current('3.pdf'));
  expect(protectedLine(await verified())).toMatchObject({
    changed: 2,
    warnings: [{ cause: 'damage-healed', count: 2, example: '2.pdf' }],
  });
  expect([textOf(current('2.pdf')), textOf(current('3.pdf'))]).toEqual(['content 2', 'content 3']);
  const old = join(instance.base, 'history', pointOf(night(2)), '1.pdf');
  writeFileSync(old, 'rotten');
  write('1.pdf', 'content 1');
  expect(protectedLine(await verified({ at: pointOf(night(1)) }))).toMatchObject({ changed: 1 });
  expect(textOf(old)).toBe('content 1');
  for (const n of [1, 2]) recoveryPoint(instance.base, pointOf(night(n)));
});

test('damage that nobody can heal is named, and does not touch the copy', async () => {
  writeFileSync(current('7.pdf'), 'rotten');
  rmSync(join(instance.upload, '7.pdf'));
  symlinkSync('/etc/hostname', join(instance.upload, '7.pdf'));
  const line = lineOf(await verified());
  expect(line).toMatchObject({ outcome: 'failed', cause: 'file-damaged' });
  expect(line.detail).toMatch(/^1 of 50 files of .*, for instance 7\.pdf$/);
  expect(textOf(current('7.pdf'))).toBe('rotten');
  expect(readdirSync(join(instance.base, 'state'))).not.toContain('healed');
});

test('a drill that does not bring back what the source has fails, whatever the share says', async () => {
  const bin = join(instance.folder, 'bin');
  mkdirSync(bin);
  writeFileSync(
    join(bin, 'tar'),
    '#!/bin/bash\n/usr/bin/tar "$@"; code=$?\n[[ " $* " == *" --extract "* ]] && echo more >>/mnt/state/plans/acme-web/work/drill/9.pdf\nexit $code\n',
    { mode: 0o755 },
  );
  const environment = { PATH: `${bin}:${process.env.PATH}`, LIFEBOAT_STREAMS: '1' };
  const line = lineOf(await verified({ drillFiles: '50' }, { environment }));
  expect(line).toMatchObject({ cause: 'drill-failed', detail: expect.stringContaining('9.pdf') });
});
