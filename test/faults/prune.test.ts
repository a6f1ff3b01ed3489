import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type CauseId, causeOfExitCode } from '../../functions/pipeline/causes.ts';
import {
  type Ended,
  type Line,
  lineOf,
  makeInstance,
  night,
  pointOf,
  protectedLine,
  pruneAfter,
  type TestInstance,
} from './instance.ts';
import { differences, pointsOf, recoveryPoint, type Tree, treeOf, unneeded } from './share-reader.ts';

jest.setTimeout(120_000);

let instance: TestInstance;
let trees: Map<string, Tree>;
beforeEach(() => {
  instance = makeInstance();
  trees = new Map();
});
afterEach(() => instance.remove());

const write = (name: string, text: string): void => {
  mkdirSync(join(instance.upload, name, '..'), { recursive: true });
  writeFileSync(join(instance.upload, name), text);
};
const remove = (name: string): void => rmSync(join(instance.upload, name), { recursive: true });
const tonight = async (n: number): Promise<void> => {
  protectedLine(await instance.run(night(n), { parameters: { allowShrink: 'yes' } }));
  trees.set(pointOf(night(n)), treeOf(instance.upload));
};
const prune = (n: number, parameters: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  instance.run(pruneAfter(n), {
    operation: 'prune',
    parameters: { after: pointOf(night(n)), ...parameters },
  });
const pruned = async (n: number, parameters: Readonly<Record<string, string>> = {}): Promise<Line> =>
  protectedLine(await prune(n, parameters));
const pin = (n: number): void => {
  mkdirSync(join(instance.base, 'pins'), { recursive: true });
  writeFileSync(join(instance.base, 'pins', pointOf(night(n))), '');
};
/** Exactly these nights are there, and each of them comes back byte by byte. */
const expectNights = (...nights: readonly number[]): void => {
  expect(pointsOf(instance.base)).toEqual(nights.map((n) => pointOf(night(n))));
  for (const point of pointsOf(instance.base))
    expect([point, differences(recoveryPoint(instance.base, point), trees.get(point) ?? new Map())]).toEqual([
      point,
      [],
    ]);
};
const history = (): readonly string[] => readdirSync(join(instance.base, 'history')).sort();
const expectRefused = (ended: Ended, cause: CauseId, detail: RegExp): void => {
  expect(lineOf(ended)).toMatchObject({ outcome: 'failed', cause, detail: expect.stringMatching(detail) });
  expect(causeOfExitCode(ended.code ?? -1)).toBe(cause);
};

/** A file that changes every night, one that each night has alone, one that changes on the third and fifth. */
const sixNights = async (): Promise<void> => {
  for (let n = 1; n <= 6; n++) {
    write('daily', `of night ${n}`);
    write(`folder/inner/of-${n}`, `only ${n}`);
    if (n > 1) remove(`folder/inner/of-${n - 1}`);
    if (n === 3 || n === 5) write('sometimes', `of night ${n}`);
    await tonight(n);
  }
};

describe('what a recovery point that goes takes along', () => {
  test('what it alone needed goes, what others need stays, wherever it lies', async () => {
    await sixNights();
    pin(2);
    pin(4);
    expect(await pruned(6, { last: '1' })).toMatchObject({ points: 6, kept: 3, removed: 3, warnings: [] });
    expectNights(2, 4, 6);
    expect(unneeded(instance.base)).toEqual([]);
    // 4 had what night 3 wrote into "sometimes", 2 had none
    expect(
      [...treeOf(join(instance.base, 'history'))].flatMap(([n, { kind }]) => (kind === 'f' ? [n] : [])),
    ).toEqual(expect.arrayContaining([`${pointOf(night(5))}/sometimes`, `${pointOf(night(3))}/daily`]));
  });

  test('the oldest goes with everything that is older than the one after it', async () => {
    await sixNights();
    const line = await pruned(6, { last: '2' });
    expect(line).toMatchObject({ removed: 4, removedFiles: 9 });
    expectNights(5, 6);
    expect(history()).toEqual([pointOf(night(6))]);
  });

  test('whatever goes in whatever order, nothing is left behind', async () => {
    await sixNights();
    const order = [4, 2, 5, 3, 1];
    const staying = new Set([1, 2, 3, 4, 5, 6]);
    for (const n of order) {
      for (const other of staying) pin(other);
      rmSync(join(instance.base, 'pins', pointOf(night(n))));
      staying.delete(n);
      await pruned(6);
      expectNights(...staying);
      expect(unneeded(instance.base)).toEqual([]);
    }
    expect(history()).toEqual([]);
  });

  test('a folder and a link that were a file, and the other way round, keep every night', async () => {
    const things = ['file', 'folder', 'link', 'file', 'folder', 'link', 'none', 'file'] as const;
    for (const [index, kind] of things.entries()) {
      rmSync(join(instance.upload, 'thing'), { recursive: true, force: true });
      write('other', `${index}`);
      if (kind === 'file') write('thing', `file ${index}`);
      if (kind === 'folder') write('thing/below/x', `below ${index}`);
      if (kind === 'link') symlinkSync(`other`, join(instance.upload, 'thing'));
      await tonight(index + 1);
    }
    for (const kept of [[1, 4, 5, 7], [1, 5], [5]]) {
      rmSync(join(instance.base, 'pins'), { recursive: true, force: true });
      for (const n of kept) pin(n);
      await pruned(8);
      expectNights(...kept, 8);
      expect(unneeded(instance.base)).toEqual([]);
    }
  });

  test('the copies that attempts which died had moved away are told apart', async () => {
    write('a', 'one');
    write('b', 'b');
    await tonight(1);
    await tonight(2);
    // the first attempt of night 3: moved the file away, copied another content, and died
    const first = join(instance.base, 'history', pointOf(night(3)));
    mkdirSync(first);
    renameSync(join(instance.base, 'current/a'), join(first, 'a'));
    writeFileSync(join(instance.base, 'current/a'), 'half of tw');
    writeFileSync(join(instance.base, 'state/in-progress'), `{"run":"${night(3)}"}\n`);
    write('a', 'two');
    await tonight(3);
    write('a', 'three');
    await tonight(4);
    expect(history()).toEqual([pointOf(night(3)), `${pointOf(night(3))}~2`, pointOf(night(4))]);
    pin(1);
    expect(await pruned(4)).toMatchObject({ removed: 2, removedFiles: 2 });
    expectNights(1, 4);
    expect(history()).toEqual([pointOf(night(3))]);
  });

  test('a list goes when no manifest names it any more, and not before', async () => {
    const lists = (): readonly string[] => readdirSync(join(instance.base, 'lists')).sort();
    write('a', '1');
    await tonight(1);
    write('a', '2');
    await tonight(2);
    rmSync(join(instance.state, 'plans'), { recursive: true });
    // a run that finds current/ unfinished writes a new list
    writeFileSync(join(instance.base, 'state/in-progress'), `{"run":"${night(3)}"}\n`);
    await tonight(3);
    write('a', '4');
    await tonight(4);
    expect(lists()).toEqual([pointOf(night(1)), pointOf(night(3))]);
    pin(2);
    await pruned(4);
    expectNights(2, 4);
    expect(lists()).toEqual([pointOf(night(1)), pointOf(night(3))]);
    rmSync(join(instance.base, 'pins'), { recursive: true });
    await pruned(4);
    expectNights(4);
    expect(lists()).toEqual([pointOf(night(3))]);
  });

  test('the next night goes on from what is left', async () => {
    await sixNights();
    await pruned(6);
    write('daily', 'of night 7');
    await tonight(7);
    expectNights(6, 7);
    expect(lineOf(await instance.run(night(3)))).toMatchObject({ cause: 'run-superseded' });
  });
});

describe('a dry run', () => {
  test('says what would go and why, in the same numbers, and changes nothing', async () => {
    await sixNights();
    pin(2);
    const before = treeOf(instance.base);
    const parameters = { last: '2', daily: '2', minimum: '2', zone: '28800' };
    const ended = await prune(6, { ...parameters, dryRun: 'yes' });
    expect(differences(treeOf(instance.base), before)).toEqual([]);
    const { seconds: _, dryRun, going, ...would } = protectedLine(ended);
    expect([dryRun, going]).toEqual([true, [1, 3, 4].map((n) => pointOf(night(n)))]);
    expect(ended.stderr).toContain(`stays: ${pointOf(night(2))} (pinned)`);
    expect(ended.stderr).toContain(`stays: ${pointOf(night(6))} (newest, last, daily)`);
    expect(ended.stderr).toContain(`goes: ${pointOf(night(3))} (last: too old, daily: too old)`);
    const { seconds: __, ...did } = await pruned(6, parameters);
    expect(did).toEqual(would);
    expect(did).toMatchObject({ points: 6, kept: 3, removed: 3 });
  });

  test('where nothing goes, nothing is read and nothing written', async () => {
    await sixNights();
    rmSync(join(instance.base, 'lists'), { recursive: true });
    mkdirSync(join(instance.base, 'lists'));
    expect(await pruned(6, { last: '6' })).toMatchObject({ points: 6, kept: 6, removed: 0, removedFiles: 0 });
  });

  test('an instance that has no recovery point has nothing to prune', async () => {
    expect(await pruned(6)).toMatchObject({ points: 0, kept: 0, removed: 0 });
    expect(readdirSync(instance.share)).toEqual(['lifeboat.json']);
  });
});

describe('nothing goes while what stays is not proven good', () => {
  let before: Tree;
  const refused = async (detail: RegExp, n = 6, parameters = {}): Promise<void> => {
    before = treeOf(instance.base);
    expectRefused(await prune(n, parameters), 'prune-refused', detail);
    expect(differences(treeOf(instance.base), before)).toEqual([]);
  };
  beforeEach(sixNights);

  test('the newest recovery point is older than the run that was good', () =>
    refused(/newest recovery point is 20261106T180000Z-backup, not 20261107T180000Z-backup/, 7));

  test('a run has begun to change current/ and has not ended', async () => {
    writeFileSync(join(instance.base, 'state/in-progress'), `{"run":"${night(7)}"}\n`);
    await refused(/20261107T180000Z-backup has begun/);
  });

  test('there is history of a run that has no recovery point', async () => {
    mkdirSync(join(instance.base, 'history', `${pointOf(night(7))}~2`));
    await refused(/history\/20261107T180000Z-backup~2 is newer/);
  });

  test('the newest manifest, or its list, is damaged', async () => {
    const manifest = join(instance.base, 'manifests', pointOf(night(6)));
    const whole = readFileSync(manifest);
    writeFileSync(manifest, whole.subarray(0, whole.length / 2));
    await refused(/manifests\/20261106T180000Z-backup is damaged/);
    writeFileSync(manifest, whole);
    appendFileSync(join(instance.base, 'lists', pointOf(night(1))), ' ');
    await refused(/lists\/20261101T180000Z-backup is damaged/);
  });

  test('a point that stays in the place of one that goes is damaged', async () => {
    pin(2);
    writeFileSync(join(instance.base, 'manifests', pointOf(night(2))), 'no manifest');
    await refused(/manifests\/20261102T180000Z-backup is damaged, and it is one of those that stay/);
  });

  test('one of the points that count for the minimum is damaged', async () => {
    writeFileSync(join(instance.base, 'manifests', pointOf(night(5))), '');
    await refused(/manifests\/20261105T180000Z-backup is damaged/, 6, { last: '3', minimum: '3' });
  });

  test('one that goes may be damaged: of what it alone needed, something stays until an older one goes', async () => {
    pin(2);
    writeFileSync(join(instance.base, 'manifests', pointOf(night(4))), 'no manifest');
    await pruned(6);
    expectNights(2, 6);
    rmSync(join(instance.base, 'pins'), { recursive: true });
    await pruned(6);
    expect(history()).toEqual([]);
  });

  test('somebody else works on the folder', async () => {
    const hook = join(instance.folder, 'hook');
    writeFileSync(hook, '#!/bin/sh\ntouch /mnt/state/begun\nsleep 5\n', { mode: 0o755 });
    const other = instance.run(night(7).replace('backup', 'final-backup'), {
      environment: { LIFEBOAT_HOOK: hook },
    });
    while (!existsSync(join(instance.state, 'begun')))
      await new Promise((resolve) => setTimeout(resolve, 20));
    expectRefused(await prune(6), 'already-running', /lock/);
    protectedLine(await other);
  });
});

describe('what strangers have left in history', () => {
  test('links are removed, never followed', async () => {
    await sixNights();
    const outside = join(instance.share, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'daily'), 'not ours');
    const folder = join(instance.base, 'history', pointOf(night(3)));
    symlinkSync(outside, join(folder, 'link'));
    symlinkSync(join(outside, 'daily'), join(folder, 'of-a-file'));
    pin(1);
    await pruned(6);
    expectNights(1, 6);
    expect(readdirSync(outside)).toEqual(['daily']);
    expect(existsSync(folder)).toBe(false);
  });

  test('a history folder that is a link stops the prune', async () => {
    await sixNights();
    const outside = join(instance.share, 'outside');
    renameSync(join(instance.base, 'history', pointOf(night(3))), outside);
    symlinkSync(outside, join(instance.base, 'history', pointOf(night(3))));
    pin(1);
    expectRefused(await prune(6), 'share-error', /is a symbolic link/);
    expect(readdirSync(outside).sort()).toEqual(['daily', 'folder']);
  });

  test('pins that are a link are refused', async () => {
    await sixNights();
    symlinkSync('/mnt/state', join(instance.base, 'pins'));
    expectRefused(await prune(6), 'share-error', /pins is a symbolic link/);
    expectNights(1, 2, 3, 4, 5, 6);
  });
});

test('when time is over it stops, says so, and the next prune goes on', async () => {
  const files = 450;
  for (const n of [1, 2, 3]) {
    for (let i = 0; i < files; i++) write(`many/${i}`, `${n} of ${i}`);
    await tonight(n);
  }
  pin(1);
  // a batch of 200 takes longer than there is time
  const bin = join(instance.folder, 'bin');
  mkdirSync(bin);
  const slow = '#!/bin/sh\ncase "$*" in *"-f -- "[0-9]*) sleep 5 ;; esac\nexec /bin/rm "$@"\n';
  writeFileSync(join(bin, 'rm'), slow, { mode: 0o755 });
  const environment = { PATH: `${bin}:${process.env.PATH}`, LIFEBOAT_STREAMS: '1' };
  const parameters = { after: pointOf(night(3)), budgetSeconds: '4' };
  const lines: Line[] = [];
  do {
    lines.push(
      protectedLine(await instance.run(pruneAfter(3), { operation: 'prune', environment, parameters })),
    );
    for (const n of [1, 3])
      expect(
        differences(
          recoveryPoint(instance.base, pointOf(night(n))),
          trees.get(pointOf(night(n))) ?? new Map(),
        ),
      ).toEqual([]);
  } while (lines.length < 10 && lines.at(-1)?.outcome !== 'protected');
  expect(lines[0]?.warnings).toMatchObject([{ cause: 'prune-unfinished', count: 1 }]);
  expect(lines.at(-1)?.outcome).toBe('protected');
  expect(lines.reduce((sum, { removedFiles = 0 }) => sum + removedFiles, 0)).toBe(files);
  expectNights(1, 3);
  expect(unneeded(instance.base)).toEqual([]);
  expect(readdirSync(join(instance.base, 'state')).sort()).toEqual(['lock', 'verified']);
});
