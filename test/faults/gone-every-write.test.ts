import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { breakEverywhere } from './break-everywhere.ts';
import { buildFaultLibrary, changesCounted, type Fault, faultOptions } from './fault-library.ts';
import {
  type Ended,
  instanceId,
  makeInstance,
  night,
  plan,
  pointOf,
  protectedLine,
  pruneAfter,
  type RunOptions,
  type TestInstance,
} from './instance.ts';
import { differences, pointsOf, recoveryPoint, type Tree, treeOf } from './share-reader.ts';

jest.setTimeout(120_000);

/**
 * A prune by the caretaker, broken at every change it makes to the share: the points of one that is gone are all there or all
 * gone, a pinned one and those of who lives are there in any case, what is said is true, and the next prune finishes.
 */
const folder = mkdtempSync(join(tmpdir(), 'lifeboat-faults-'));
const library = buildFaultLibrary(folder);
const caretaker = makeInstance();
const goneId = 'i-00000000000000aaa';
const pinnedId = 'i-00000000000000bbb';
/** By instance and recovery point. */
const trees = new Map<string, Tree>();

const nightsOf = async (instance: TestInstance, id: string, ...nights: readonly number[]): Promise<void> => {
  for (const n of nights) {
    writeFileSync(join(instance.upload, 'daily'), `of night ${n}`);
    protectedLine(await instance.run(night(n)));
    trees.set(`${id} ${pointOf(night(n))}`, treeOf(instance.upload));
  }
};

beforeAll(async () => {
  const pinned = caretaker.neighbour(pinnedId);
  mkdirSync(join(caretaker.upload, 'inner'));
  await nightsOf(caretaker, instanceId, 9);
  await nightsOf(caretaker.neighbour(goneId), goneId, 1, 2);
  await nightsOf(pinned, pinnedId, 1, 2, 3);
  mkdirSync(join(pinned.base, 'pins'));
  writeFileSync(join(pinned.base, 'pins', pointOf(night(1))), '');
});
afterAll(() => {
  caretaker.remove();
  rmSync(folder, { recursive: true });
});

const prune = (course: TestInstance, options: RunOptions = {}): Promise<Ended> =>
  course.run(pruneAfter(9), {
    ...options,
    operation: 'prune',
    parameters: {
      after: pointOf(night(9)),
      caretaker: instanceId,
      gone: `${goneId},${pinnedId}`,
      goneBefore: '20261108T120000Z',
    },
  });

const nightsThere = (course: TestInstance, id: string): readonly number[] => {
  const base = join(course.share, plan, id);
  const points = pointsOf(base);
  for (const point of points)
    expect([
      id,
      point,
      differences(recoveryPoint(base, point), trees.get(`${id} ${point}`) ?? new Map()),
    ]).toEqual([id, point, []]);
  return points.map((point) => Number(point.slice(6, 8)));
};

const expectPoints = (course: TestInstance): void => {
  expect(nightsThere(course, instanceId)).toEqual([9]);
  expect([[], [1, 2]]).toContainEqual(nightsThere(course, goneId));
  expect([
    [1, 2, 3],
    [1, 3],
  ]).toContainEqual(nightsThere(course, pinnedId));
};

const expectFinished = async (course: TestInstance): Promise<void> => {
  expect(protectedLine(await prune(course))).toMatchObject({ outcome: 'protected', points: 1, kept: 1 });
  expectPoints(course);
  expect(readdirSync(join(course.share, plan)).sort()).toEqual([pinnedId, instanceId].sort());
  expect(nightsThere(course, pinnedId)).toEqual([1, 3]);
  expect(readdirSync(join(course.share, plan, pinnedId, 'state')).sort()).toEqual(['lock', 'verified']);
};

const undisturbed = async (): Promise<number> => {
  const course = caretaker.twin();
  const line = protectedLine(await prune(course, faultOptions(library ?? '', course, { kind: 'kill' }, 0)));
  expect(line.gone).toMatchObject({ instances: [goneId, pinnedId], points: 3 });
  const changes = changesCounted(course);
  await expectFinished(course);
  course.remove();
  return changes;
};

const everywhere = async (fault: Fault, step: number): Promise<void> => {
  const changes = await undisturbed();
  expect(changes).toBeGreaterThan(20);
  expect(changes).toBeLessThan(200);
  const holds = async (course: TestInstance): Promise<void> => {
    expectPoints(course);
    await expectFinished(course);
  };
  await breakEverywhere({ library, instance: caretaker, changes, prune, holds }, fault, step);
};

(library === undefined ? describe.skip : describe)(
  'the folders of who is gone, broken at every change',
  () => {
    test('killed, as the agent kills it or as power fails', () => everywhere({ kind: 'kill' }, 1), 600_000);
    test('full from then on', () => everywhere({ kind: 'error', errno: 28, forever: true }, 9), 600_000);
    test('an I/O error', () => everywhere({ kind: 'error', errno: 5, forever: false }, 5), 600_000);
  },
);
