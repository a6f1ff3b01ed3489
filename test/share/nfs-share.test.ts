import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { documentScript, type Line, lineOf } from '../faults/instance.ts';
import { differences, recoveryPoint, treeOf } from '../faults/share-reader.ts';
import { runInLab, whyNoLab } from './lab.ts';

const why = whyNoLab();
if (why !== undefined) console.warn(`skipped: the document on a mounted NFS share, because ${why}`);

const work = mkdtempSync(join(tmpdir(), 'lifeboat-share-'));
const night = (n: number): string => `acme-web/2026110${n}T180000Z-backup`;
const point = (n: number): string => night(n).slice('acme-web/'.length);

beforeAll(async () => {
  if (why !== undefined) return;
  for (const name of ['job.sh', 'claim.sh'])
    copyFileSync(fileURLToPath(new URL(name, import.meta.url)), join(work, name));
  for (const name of ['birth.sh', 'hydrate.sh', 'mount-share.sh'])
    copyFileSync(fileURLToPath(new URL(`../../ec2-userdata/${name}`, import.meta.url)), join(work, name));
  const source = '/tmp/source';
  for (const n of [1, 2, 3, 4, 5]) {
    writeFileSync(
      join(work, `share-${n}.sh`),
      documentScript({ run: night(n), source, share: '/mnt/share' }),
    );
    writeFileSync(
      join(work, `squashed-${n}.sh`),
      documentScript({ run: night(n), source, share: '/mnt/squashed' }),
    );
    writeFileSync(
      join(work, `small-${n}.sh`),
      documentScript({ run: night(n), source: '/tmp/small', share: '/mnt/share' }),
    );
  }
  const code = await runInLab(work, 540);
  if (code !== 0)
    throw new Error(`the lab ended with ${code}: ${readFileSync(join(work, 'job.out'), 'utf8')}`);
  for (const day of ['day1', 'day3', 'day4']) {
    mkdirSync(join(work, day));
    execFileSync('tar', ['-C', join(work, day), '-xpf', join(work, `${day}.tar`)]);
  }
}, 600_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

const out = (name: string): string => readFileSync(join(work, 'out', name), 'latin1');
const line = (name: string): Line =>
  lineOf({ code: 0, signal: null, stdout: out(`${name}.line`), stderr: out(`${name}.log`) });
const base = (share: 'export' | 'squashed', instance = share === 'squashed' ? 'i-9' : 'i-1'): string =>
  join(work, share, 'acme-web', instance);
const expectPoint = (share: 'export' | 'squashed', n: number, day: string): void =>
  expect(differences(recoveryPoint(base(share), point(n)), treeOf(join(work, day)))).toEqual([]);

(why === undefined ? describe : describe.skip)('on an NFSv4.1 share with a millisecond of delay', () => {
  test('two instances that find it empty at the same moment make it one share', () => {
    const ids = ['race-1', 'race-2'].map((name) => {
      expect(line(name)).toMatchObject({ outcome: 'protected', warnings: [] });
      return /share ([0-9a-f-]{36}) \(nfs4\)/.exec(out(`${name}.log`))?.[1];
    });
    expect(new Set(ids).size).toBe(1);
    expect(JSON.parse(readFileSync(join(work, 'export/lifeboat.json'), 'utf8'))).toMatchObject({
      format: 1,
      id: ids[0],
    });
    expect(readdirSync(join(work, 'export')).sort()).toEqual(['acme-web', 'lifeboat.json']);
  });

  test('the first night comes back after three others, owners are kept', () => {
    expectPoint('export', 1, 'day1');
    expect(statSync(join(base('export'), 'current/student-1/1_1_2026.pdf')).uid).toBe(33);
  });

  test('an unchanged night costs calls that do not depend on the number of files', () => {
    expect(line('unchanged')).toMatchObject({ files: 61, changed: 0, copiedBytes: 0 });
    expect(Number(out('unchanged.calls'))).toBeLessThan(150);
  });

  test('the changed night comes back, and so does the one before it', () => {
    expect(line('changed')).toMatchObject({ changed: 4, deleted: 4 });
    expectPoint('export', 3, 'day3');
    expectPoint('export', 2, 'day1');
  });

  test('killed in the middle of a copy, the same run heals', () => {
    expect(out('killed.line')).toBe('');
    expect(line('healed')).toMatchObject({ outcome: 'protected', files: 61 });
    expectPoint('export', 4, 'day4');
  });

  test('a server that does not answer ends the run, and when it is back nothing is left of that', () => {
    expect(line('unresponsive')).toMatchObject({ outcome: 'failed', cause: 'share-unresponsive' });
    expect(out('unresponsive.rc').trim()).toBe('16');
    expect(line('back')).toMatchObject({ outcome: 'protected' });
    expectPoint('export', 5, 'day4');
  });

  test('a share that squashes root protects with a warning, and the manifest keeps the owners', () => {
    expect(out('squashed-1.rc').trim()).toBe('0');
    expect(line('squashed-1')).toMatchObject({
      outcome: 'protected-with-warnings',
      warnings: [{ cause: 'owners-not-kept' }],
    });
    expect(line('squashed-1').warnings?.[0]?.count).toBeGreaterThan(60);
    expectPoint('squashed', 1, 'day1');
  });

  test('of six newborns that claim the files of one instance at the same moment, one has them', () => {
    const won = [1, 2, 3, 4, 5, 6].map((n) => out(`claim-${n}.won`).trim()).filter((name) => name !== '');
    expect(won).toHaveLength(1);
    const state = join(work, 'export/acme-web/i-0000000000000000a/state');
    expect(readdirSync(state).sort()).toEqual(['adoption.1', 'born']);
    expect(JSON.parse(readFileSync(join(state, 'adoption.1'), 'utf8')).by).toBe(won[0]);
    expect([1, 2, 3, 4, 5, 6].map((n) => out(`claim-${n}.log`))).toEqual(['', '', '', '', '', '']);
  });
});
