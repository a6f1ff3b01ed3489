import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { buildFaultLibrary, changesCounted, type Fault, faultOptions } from './fault-library.ts';
import {
  type Ended,
  instanceId,
  lineOf,
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

const expectHonest = (ended: Ended, fault: Fault): void => {
  if (fault.kind === 'kill') {
    expect(ended.stdout === '' || lineOf(ended).outcome !== 'failed').toBe(true);
    return;
  }
  const line = lineOf(ended);
  if (line.outcome === 'failed')
    expect([line.detail, line.cause]).toEqual([
      line.detail,
      fault.errno === 28 ? 'share-full' : 'share-error',
    ]);
};

const breakAt = async (fault: Fault, n: number): Promise<void> => {
  const course = caretaker.twin();
  try {
    expectHonest(await prune(course, faultOptions(library ?? '', course, fault, n)), fault);
    expectPoints(course);
    await expectFinished(course);
  } catch (error) {
    throw new Error(`broken at change ${n} (${JSON.stringify(fault)})`, { cause: error });
  } finally {
    course.remove();
  }
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

/** Every n-th change, two courses at a time; LIFEBOAT_FAULT_STEP=1 for all. */
const everywhere = async (fault: Fault, step: number): Promise<void> => {
  const changes = await undisturbed();
  expect(changes).toBeGreaterThan(20);
  expect(changes).toBeLessThan(200);
  const points = Array.from({ length: changes }, (_, index) => index + 1).filter((n) => n % step === 0);
  const broken: string[] = [];
  const worker = async (): Promise<void> => {
    for (let n = points.shift(); n !== undefined; n = points.shift())
      await breakAt(fault, n).catch((error: Error) => broken.push(`${error.message}: ${error.cause}`));
  };
  await Promise.all([worker(), worker()]);
  expect(broken).toEqual([]);
};

const step = (usual: number): number => Number(process.env.LIFEBOAT_FAULT_STEP ?? usual);

(library === undefined ? describe.skip : describe)(
  'the folders of who is gone, broken at every change',
  () => {
    test(
      'killed, as the agent kills it or as power fails',
      () => everywhere({ kind: 'kill' }, step(1)),
      600_000,
    );
    test(
      'full from then on',
      () => everywhere({ kind: 'error', errno: 28, forever: true }, step(9)),
      600_000,
    );
    test('an I/O error', () => everywhere({ kind: 'error', errno: 5, forever: false }, step(5)), 600_000);
  },
);
