import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  type Ended,
  instanceId,
  type Line,
  lineOf,
  makeInstance,
  night,
  plan,
  pointOf,
  protectedLine,
  pruneAfter,
  type TestInstance,
} from './instance.ts';
import { differences, pointsOf, recoveryPoint, type Tree, treeOf, unneeded } from './share-reader.ts';

jest.setTimeout(120_000);

/** Three on one share: `caretaker` lives and prunes, `gone` is gone, of `other` nobody has said anything. */
const goneId = 'i-00000000000000aaa';
const otherId = 'i-00000000000000bbb';
const original = makeInstance();
let caretaker: TestInstance;
let gone: TestInstance;
let other: TestInstance;
/** By instance and recovery point. */
const trees = new Map<string, Tree>();

beforeAll(async () => {
  use(original);
  await tonight(1, gone, other);
  await tonight(2, gone);
  await tonight(9, caretaker);
});
afterAll(() => original.remove());
beforeEach(() => use(original.twin()));
afterEach(() => caretaker.remove());

const use = (instance: TestInstance): void => {
  caretaker = instance;
  gone = caretaker.neighbour(goneId);
  other = caretaker.neighbour(otherId);
};

const tonight = async (n: number, ...instances: readonly TestInstance[]): Promise<void> => {
  for (const instance of instances) {
    writeFileSync(join(instance.upload, 'daily'), `of night ${n}`);
    mkdirSync(join(instance.upload, 'deep/inner'), { recursive: true });
    writeFileSync(join(instance.upload, `deep/inner/of ${n}\n`), `only ${n}`);
    protectedLine(await instance.run(night(n), { parameters: { allowShrink: 'yes' } }));
    trees.set(`${basename(instance.base)} ${pointOf(night(n))}`, treeOf(instance.upload));
  }
};

const before = (n: number): string => `202611${String(n).padStart(2, '0')}T120000Z`;
const usual = { after: pointOf(night(9)), caretaker: instanceId, gone: goneId, goneBefore: before(8) };
const prune = (parameters: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  caretaker.run(pruneAfter(9), { operation: 'prune', parameters: { ...usual, ...parameters } });
const pruned = async (parameters: Readonly<Record<string, string>> = {}): Promise<Line> =>
  protectedLine(await prune(parameters));

/** Exactly these nights of an instance are there, and each of them comes back byte by byte. */
const expectNights = (instance: TestInstance, ...nights: readonly number[]): void => {
  expect(pointsOf(instance.base)).toEqual(nights.map((n) => pointOf(night(n))));
  for (const point of pointsOf(instance.base))
    expect(
      differences(
        recoveryPoint(instance.base, point),
        trees.get(`${basename(instance.base)} ${point}`) ?? new Map(),
      ),
    ).toEqual([]);
};
const folders = (): readonly string[] => readdirSync(join(caretaker.share, plan)).sort();
const pin = (instance: TestInstance, n: number): void => {
  mkdirSync(join(instance.base, 'pins'), { recursive: true });
  writeFileSync(join(instance.base, 'pins', pointOf(night(n))), '');
};

describe('an instance that is gone', () => {
  test('goes whole when its time is over; whoever is not said to be gone stays, and is asked for', async () => {
    expect(await pruned()).toMatchObject({
      ...{ outcome: 'protected', points: 1, kept: 1, removed: 0 },
      gone: { instances: [goneId], points: 2, files: 8 },
      silent: [otherId],
    });
    expect(folders()).toEqual([otherId, instanceId].sort());
    expectNights(other, 1);
    expectNights(caretaker, 9);
    const again = await pruned();
    expect(again).toMatchObject({ silent: [otherId] });
    expect(again.gone).toBeUndefined();
  });

  test('keeps everything until the time after its newest recovery point is over', async () => {
    const { gone: report, silent } = await pruned({ goneBefore: '20261102T180000Z' });
    expect([report, silent]).toEqual([undefined, [otherId]]);
    expectNights(gone, 1, 2);
    expect(await pruned({ goneBefore: '20261102T180001Z' })).toMatchObject({ gone: { points: 2 } });
  });

  test.each([
    ['another instance is the caretaker', { caretaker: otherId }],
    ['nobody is', { caretaker: '' }],
    ['no time is said', { goneBefore: '' }],
    ['AWS has not said it', { gone: '' }],
    ['somebody else is gone', { gone: 'i-00000000000000ccc' }],
    ['the newest recovery point of the caretaker is not good', { after: pointOf(night(10)) }],
  ])('stays where %s', async (_, parameters) => {
    lineOf(await prune(parameters));
    expectNights(gone, 1, 2);
    expectNights(other, 1);
  });

  test('is never the caretaker itself, whoever says so', async () => {
    const line = await pruned({ gone: instanceId, goneBefore: '20271101T000000Z' });
    expect(line.gone).toBeUndefined();
    expectNights(caretaker, 9);
  });

  test('keeps what is pinned and what that needs, until nobody pins it any more', async () => {
    await tonight(3, gone);
    await tonight(4, gone);
    pin(gone, 2);
    pin(gone, 7);
    expect(await pruned()).toMatchObject({ gone: { instances: [goneId], points: 2 } });
    expectNights(gone, 2, 4);
    expect(unneeded(gone.base)).toEqual([]);
    expect((await pruned()).gone).toBeUndefined();
    rmSync(join(gone.base, 'pins'), { recursive: true });
    expect(await pruned()).toMatchObject({ gone: { instances: [goneId], points: 2 } });
    expect(folders()).not.toContain(goneId);
  });

  test('whose pinned point is damaged stays and is told; it keeps no other from going', async () => {
    pin(gone, 1);
    await tonight(3, gone);
    writeFileSync(join(gone.base, 'manifests', pointOf(night(1))), 'no manifest');
    const line = await pruned({ gone: `${goneId},${otherId}` });
    expect(line).toMatchObject({
      warnings: [{ cause: 'prune-unfinished', count: 1, example: expect.stringMatching(goneId) }],
      gone: { instances: [otherId] },
    });
    expect(pointsOf(gone.base)).toHaveLength(3);
  });

  test('that never ended its first backup goes, too', async () => {
    rmSync(join(gone.base, 'manifests', pointOf(night(1))));
    rmSync(join(gone.base, 'manifests', pointOf(night(2))));
    expect((await pruned()).gone).toBeUndefined();
    writeFileSync(join(gone.base, 'state/in-progress'), `{"run":"${night(1)}","instance":"x"}\n`);
    expect(await pruned()).toMatchObject({ gone: { instances: [goneId], points: 0 } });
    expect(folders()).not.toContain(goneId);
  });

  test('from which somebody restores stays until that is done', async () => {
    const lock = join(gone.base, 'state/lock');
    const reader = spawn('flock', ['-s', lock, 'sh', '-c', 'echo locked; exec cat']);
    await new Promise((resolve) => reader.stdout.once('data', resolve));
    expect((await pruned()).gone).toBeUndefined();
    expectNights(gone, 1, 2);
    const ended = new Promise((resolve) => reader.once('close', resolve));
    reader.stdin.end();
    await ended;
    expect(await pruned()).toMatchObject({ gone: { points: 2 } });
  });
});

test('a dry run says what would go and why, in the same numbers, and changes nothing', async () => {
  await tonight(3, other);
  pin(other, 3);
  const all = { gone: `${goneId},${otherId}` };
  const share = treeOf(caretaker.share);
  const ended = await prune({ ...all, dryRun: 'yes' });
  expect(differences(treeOf(caretaker.share), share)).toEqual([]);
  const said = (text: string) => expect(ended.stderr).toContain(text);
  said(`goes: ${goneId} with 2 recovery points (gone, and the newest is ${pointOf(night(2))})`);
  said(`goes: ${otherId}/${pointOf(night(1))} (gone, not pinned)`);
  said(`stays: ${otherId}/${pointOf(night(3))} (gone, pinned, newest)`);
  const would = protectedLine(ended);
  expect(would.gone).toMatchObject({ instances: [goneId, otherId], points: 3 });
  expect((await pruned(all)).gone).toEqual(would.gone);
});

test('two caretakers at once are as good as one', async () => {
  for (let i = 0; i < 300; i++) writeFileSync(join(gone.upload, `${i}`), `${i}`);
  await tonight(3, gone);
  const second = caretaker.neighbour('i-00000000000000ccc');
  await tonight(9, second);
  const parameters = { ...usual, caretaker: 'i-00000000000000ccc' };
  const lines = (
    await Promise.all([prune(), second.run(pruneAfter(9), { operation: 'prune', parameters })])
  ).map(protectedLine);
  expect(lines.flatMap((line) => line.gone?.instances ?? [])).toEqual([goneId]);
  await pruned();
  expect(folders()).not.toContain(goneId);
  expect(folders().filter((name) => name.startsWith('.'))).toEqual([]);
});

test('when time is over it stops and says so, and the next prune goes on', async () => {
  for (let i = 0; i < 250; i++) writeFileSync(join(gone.upload, `${i}`), `${i}`);
  await tonight(3, gone);
  const bin = join(caretaker.folder, 'bin');
  mkdirSync(bin);
  const slow = '#!/bin/sh\ncase "$*" in *"-f -- "[0-9]*) sleep 4 ;; esac\nexec /bin/rm "$@"\n';
  writeFileSync(join(bin, 'rm'), slow, { mode: 0o755 });
  const environment = { PATH: `${bin}:${process.env.PATH}`, LIFEBOAT_STREAMS: '1' };
  const first = await caretaker.run(pruneAfter(9), {
    operation: 'prune',
    environment,
    parameters: { ...usual, budgetSeconds: '3' },
  });
  expect(protectedLine(first)).toMatchObject({
    warnings: [{ cause: 'prune-unfinished', count: 1 }],
    gone: { instances: [goneId], points: 3 },
  });
  expect(folders()).toContain(`.gone.${goneId}`);
  const restored = await caretaker.run(`${plan}/20261110T000000Z-restore`, {
    operation: 'restore',
    parameters: { from: goneId },
  });
  expect(lineOf(restored)).toMatchObject({ cause: 'point-missing' });
  const second = await pruned();
  expect(second.gone?.instances).toEqual([]);
  expect((protectedLine(first).gone?.files ?? 0) + (second.gone?.files ?? 0)).toBeGreaterThan(250);
  expect(folders()).not.toContain(`.gone.${goneId}`);
});

test('of many that are silent, all get their turn within some nights', async () => {
  const ids = Array.from({ length: 30 }, (_, index) => `i-000000000000${String(index).padStart(5, '0')}`);
  for (const id of ids) {
    const manifests = join(caretaker.share, plan, id, 'manifests');
    mkdirSync(manifests, { recursive: true });
    writeFileSync(join(manifests, pointOf(night(1))), '');
  }
  const seen = new Set<string>();
  for (const n of [9, 10, 11]) {
    const { silent = [] } = protectedLine(
      await caretaker.run(pruneAfter(n), { operation: 'prune', parameters: usual }),
    );
    expect(silent).toHaveLength(12);
    for (const id of silent) seen.add(id);
  }
  expect([...seen].sort()).toEqual(expect.arrayContaining(ids.slice(0, 29)));
});

describe('what strangers have left in the folder of the plan', () => {
  test('names that are none of an instance, and links, are left alone', async () => {
    const outside = join(caretaker.share, 'outside');
    renameSync(gone.base, outside);
    symlinkSync(outside, gone.base);
    const strange = join(caretaker.share, plan, `x\n${goneId}`);
    mkdirSync(join(strange, 'manifests'), { recursive: true });
    writeFileSync(join(strange, 'manifests', pointOf(night(1))), '');
    writeFileSync(join(caretaker.share, plan, 'a file'), '');
    expect((await pruned()).gone).toBeUndefined();
    expect(readdirSync(join(outside, 'manifests'))).toHaveLength(2);
    expect(existsSync(strange)).toBe(true);
  });

  test('a link inside the folder of one that is gone is removed, never followed', async () => {
    const outside = join(caretaker.share, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'x'), 'not ours');
    symlinkSync(outside, join(gone.base, 'current/link'));
    symlinkSync(outside, join(gone.base, 'link'));
    await pruned();
    expect(folders()).not.toContain(goneId);
    expect(readdirSync(outside)).toEqual(['x']);
  });
});
