import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { breakEverywhere } from './break-everywhere.ts';
import { buildFaultLibrary, changesCounted, type Fault, faultOptions } from './fault-library.ts';
import {
  type Ended,
  makeInstance,
  night,
  plan,
  pointOf,
  protectedLine,
  pruneAfter,
  type RunOptions,
  type TestInstance,
} from './instance.ts';
import { differences, pointsOf, recoveryPoint, type Tree, treeOf, unneeded } from './share-reader.ts';

jest.setTimeout(120_000);

/**
 * A prune, broken at every single change it makes to the share, in every way: each point that stays comes back byte by byte,
 * what is said is true, and the next prune finishes.
 */
const folder = mkdtempSync(join(tmpdir(), 'lifeboat-faults-'));
const library = buildFaultLibrary(folder);
const instance = makeInstance();
const trees: Tree[] = [];
/** What an undisturbed prune leaves. */
let expected: Tree;

const nights = 7;
/** Pinned, so that points go at the beginning, in the middle, and next to one another. */
const kept = [2, 5, 7];

const at = (name: string): string => join(instance.upload, name);
const live = (n: number): void => {
  writeFileSync(at('daily'), `of night ${n}`);
  mkdirSync(at(`folder-${n}/inner`), { recursive: true });
  for (const name of ['x', 'y']) writeFileSync(at(`folder-${n}/inner/${name}`), `${name} of ${n}`);
  if (n > 1) rmSync(at(`folder-${n - 1}`), { recursive: true });
  if (n % 2 === 0) writeFileSync(at('even'), `${n}`);
  rmSync(at('link'), { force: true });
  symlinkSync(`to-${n}`, at('link'));
};

beforeAll(async () => {
  writeFileSync(at('always'), 'the same');
  for (let n = 1; n <= nights; n++) {
    live(n);
    if (n === 5) leaveAnAttemptThatDied(n);
    protectedLine(await instance.run(night(n), { parameters: { allowShrink: 'yes' } }));
    trees.push(treeOf(instance.upload));
  }
  mkdirSync(join(instance.base, 'pins'));
  for (const n of kept) writeFileSync(join(instance.base, 'pins', pointOf(night(n))), '');
});
afterAll(() => {
  instance.remove();
  rmSync(folder, { recursive: true });
});

/** It had moved a file away and copied half of a new one; the night then finds current/ unfinished and writes a new list. */
const leaveAnAttemptThatDied = (n: number): void => {
  const history = join(instance.base, 'history', pointOf(night(n)));
  mkdirSync(history);
  renameSync(join(instance.base, 'current/even'), join(history, 'even'));
  writeFileSync(join(instance.base, 'current/even'), 'half of');
  writeFileSync(join(instance.base, 'state/in-progress'), `{"run":"${plan}/${pointOf(night(n))}"}\n`);
};

const prune = (course: TestInstance, options: RunOptions = {}): Promise<Ended> =>
  course.run(pruneAfter(nights), {
    ...options,
    operation: 'prune',
    parameters: { after: pointOf(night(nights)) },
  });

/** Every point that is there is what that night was; those that stay are there. */
const expectPoints = (course: TestInstance): void => {
  const points = pointsOf(course.base);
  expect(points).toEqual(expect.arrayContaining(kept.map((n) => pointOf(night(n)))));
  for (const point of points)
    expect([
      point,
      differences(recoveryPoint(course.base, point), trees[Number(point.slice(6, 8)) - 1] ?? new Map()),
    ]).toEqual([point, []]);
};

/** Times of folders tell when something was removed from them, and nothing else. */
const withoutTimes = (tree: Tree): readonly (readonly [string, string])[] =>
  [...tree].map(([name, { kind, content }]) => [name, `${kind} ${content}`] as const).sort();

const expectFinished = async (course: TestInstance): Promise<void> => {
  expect(protectedLine(await prune(course))).toMatchObject({ outcome: 'protected', kept: kept.length });
  expectPoints(course);
  expect(withoutTimes(treeOf(course.base))).toEqual(withoutTimes(expected));
  expect(readdirSync(join(course.base, 'state')).sort()).toEqual(['lock', 'verified']);
};

const undisturbed = async (): Promise<number> => {
  const course = instance.twin();
  const line = protectedLine(await prune(course, faultOptions(library ?? '', course, { kind: 'kill' }, 0)));
  expect(line).toMatchObject({ points: nights, kept: kept.length, removed: nights - kept.length });
  expectPoints(course);
  expect(pointsOf(course.base)).toEqual(kept.map((n) => pointOf(night(n))));
  expect(unneeded(course.base)).toEqual([]);
  expected = treeOf(course.base);
  const changes = changesCounted(course);
  course.remove();
  return changes;
};

const everywhere = async (fault: Fault, step: number): Promise<void> => {
  const changes = await undisturbed();
  expect(changes).toBeGreaterThan(30);
  expect(changes).toBeLessThan(300);
  const holds = async (course: TestInstance): Promise<void> => {
    expectPoints(course);
    await expectFinished(course);
  };
  await breakEverywhere({ library, instance, changes, prune, holds }, fault, step);
};

(library === undefined ? describe.skip : describe)('a prune, broken at every change to the share', () => {
  test('killed, as the agent kills it or as power fails', () => everywhere({ kind: 'kill' }, 1), 600_000);
  test('full from then on', () => everywhere({ kind: 'error', errno: 28, forever: true }, 5), 600_000);
  test('an I/O error', () => everywhere({ kind: 'error', errno: 5, forever: false }, 3), 600_000);
  test(
    'a stale handle from then on',
    () => everywhere({ kind: 'error', errno: 116, forever: true }, 6),
    600_000,
  );
});
