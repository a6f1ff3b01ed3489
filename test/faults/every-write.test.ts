import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { buildFaultLibrary, changesCounted, type Fault, faultOptions } from './fault-library.ts';
import {
  type Ended,
  lineOf,
  makeInstance,
  night,
  pointOf,
  protectedLine,
  type TestInstance,
} from './instance.ts';
import { differences, pointsOf, recoveryPoint, type Tree, treeOf } from './share-reader.ts';

jest.setTimeout(120_000);

/**
 * The third night, broken at every single change it makes to the share (and to its own memory), in every way: what was
 * there stays restorable, what is said is true, and the next run needs no hand.
 */
const folder = mkdtempSync(join(tmpdir(), 'lifeboat-faults-'));
const library = buildFaultLibrary(folder);
const instance = makeInstance();
const trees: Tree[] = [];

beforeAll(async () => {
  for (const change of [firstDay, secondDay]) {
    change();
    protectedLine(await instance.run(night(trees.length + 1)));
    trees.push(treeOf(instance.upload));
  }
  thirdDay();
  trees.push(treeOf(instance.upload));
});
afterAll(() => {
  instance.remove();
  rmSync(folder, { recursive: true });
});

const at = (name: string): string => join(instance.upload, name);
const firstDay = (): void => {
  for (const name of ['replaced', 'twice', 'deleted', 'touched', 'to-folder', 'to-link'])
    writeFileSync(at(name), `1 of ${name}`);
  for (const name of ['gone', 'to-file', 'stays', 'moves']) {
    mkdirSync(at(`${name}/inner`), { recursive: true });
    writeFileSync(at(`${name}/inner/x`), `1 of ${name}`);
  }
  symlinkSync('one', at('link'));
};
const secondDay = (): void => {
  writeFileSync(at('twice'), '2');
  writeFileSync(at('second'), 'of the second day');
};
const thirdDay = (): void => {
  writeFileSync(at('replaced'), '3, longer');
  writeFileSync(at('twice'), '3');
  for (const name of ['deleted', 'gone', 'to-folder', 'to-link', 'to-file', 'link'])
    rmSync(at(name), { recursive: true });
  mkdirSync(at('to-folder'));
  writeFileSync(at('to-folder/y'), 'new');
  symlinkSync('stays', at('to-link'));
  symlinkSync('two', at('link'));
  writeFileSync(at('to-file'), 'a file now');
  renameSync(at('moves'), at('moved'));
  writeFileSync(at('stays/inner/new'), 'new');
  chmodSync(at('touched'), 0o600);
  utimesSync(at('touched'), 7, 7);
};

/** Every point that is there is whole and is what that day was. */
const expectPoints = (course: TestInstance, least: readonly number[], healedAs?: string): void => {
  const points = pointsOf(course.base);
  expect(points).toEqual(expect.arrayContaining(least.map((n) => pointOf(night(n)))));
  for (const point of points) {
    const day = point === healedAs ? 3 : Number(point.slice(6, 8));
    expect([point, differences(recoveryPoint(course.base, point), trees[day - 1] ?? new Map())]).toEqual([
      point,
      [],
    ]);
  }
};

const expectHealed = async (course: TestInstance, n: number): Promise<void> => {
  // the same run again, as check's retry, or the next night
  const run = n % 2 === 0 ? night(3) : night(4);
  protectedLine(await course.run(run));
  expectPoints(course, [1, 2], pointOf(run));
  expect(pointsOf(course.base)).toContain(pointOf(run));
  expect([...treeOf(join(course.base, 'current')).keys()].sort()).toEqual(
    [...(trees[2]?.keys() ?? [])].sort(),
  );
  expect(readdirSync(join(course.base, 'state')).sort()).toEqual(['lock', 'verified']);
};

const expectHonest = (ended: Ended, course: TestInstance, fault: Fault): void => {
  if (fault.kind === 'kill') {
    expect(ended.stdout === '' || lineOf(ended).outcome !== 'failed').toBe(true);
    return;
  }
  const line = lineOf(ended);
  if (line.outcome !== 'failed') expect(pointsOf(course.base)).toContain(pointOf(night(3)));
  else
    expect([line.detail, line.cause]).toEqual([
      line.detail,
      fault.errno === 28 ? 'share-full' : fault.errno === 30 ? 'share-read-only' : 'share-error',
    ]);
};

const breakAt = async (fault: Fault, n: number): Promise<void> => {
  const course = instance.twin();
  try {
    const ended = await course.run(night(3), faultOptions(library ?? '', course, fault, n));
    expectHonest(ended, course, fault);
    expectPoints(course, [1, 2]);
    await expectHealed(course, n);
  } catch (error) {
    throw new Error(`broken at change ${n} (${JSON.stringify(fault)})`, { cause: error });
  } finally {
    course.remove();
  }
};

const countChanges = async (): Promise<number> => {
  const course = instance.twin();
  protectedLine(await course.run(night(3), faultOptions(library ?? '', course, { kind: 'kill' }, 0)));
  const changes = changesCounted(course);
  expectPoints(course, [1, 2, 3]);
  course.remove();
  return changes;
};

/** All points, two courses at a time; every n-th where the fault costs time; LIFEBOAT_FAULT_STEP=1 for all. */
const everywhere = async (fault: Fault, step: number): Promise<void> => {
  const changes = await countChanges();
  expect(changes).toBeGreaterThan(40);
  expect(changes).toBeLessThan(400);
  const points = Array.from({ length: changes }, (_, index) => index + 1).filter((n) => n % step === 0);
  const worker = async (): Promise<void> => {
    for (let n = points.shift(); n !== undefined; n = points.shift())
      await breakAt(fault, n).catch((error: Error) => broken.push(`${error.message}: ${error.cause}`));
  };
  const broken: string[] = [];
  await Promise.all([worker(), worker()]);
  expect(broken).toEqual([]);
};

const step = (usual: number): number => Number(process.env.LIFEBOAT_FAULT_STEP ?? usual);

(library === undefined ? describe.skip : describe)('broken at every change of the share', () => {
  test('killed, the whole process group at once', () => everywhere({ kind: 'kill' }, step(1)), 600_000);
  test('full from then on', () => everywhere({ kind: 'error', errno: 28, forever: true }, step(3)), 600_000);
  test('full for a moment', () => everywhere({ kind: 'error', errno: 28, forever: false }, step(5)), 600_000);
  test('an I/O error', () => everywhere({ kind: 'error', errno: 5, forever: false }, step(4)), 600_000);
  test(
    'a stale handle from then on',
    () => everywhere({ kind: 'error', errno: 116, forever: true }, step(5)),
    600_000,
  );
});
