import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { compactTime } from '../../functions/pipeline/run-id.ts';
import { type Fault, faultOptions } from './fault-library.ts';
import { copyWhole, ownersOf } from './folder-copies.ts';
import {
  type Ended,
  type Line,
  lineOf,
  makeInstance,
  plan,
  protectedLine,
  type RunOptions,
  type TestInstance,
} from './instance.ts';
import { staying } from './model-retention.ts';
import { type Random, randomOf } from './random.ts';
import { changeEveryFile, randomEdit } from './random-edits.ts';
import {
  differences,
  manifestOf,
  pointsOf,
  recoveryPoint,
  type Tree,
  treeOf,
  unneeded,
} from './share-reader.ts';

/** What the model knows: of every recovery point that must or may be there, what the source was. */
type Saved = { readonly tree: Tree; readonly owners: ReadonlyMap<string, string> };
type Course = {
  readonly random: Random;
  readonly instance: TestInstance;
  readonly library: string;
  readonly saved: Map<string, Saved>;
  readonly pins: Set<string>;
  readonly log: string[];
  now: Date;
  /** Whether any backup was ever broken; and whether one was since the last that ended well. */
  wasBroken: boolean;
  isUnfinished: boolean;
};

/**
 * One course of a random life: edits, backups, prunes, verifies and restores, some of them broken at a random change of the
 * share, all of it decided by the seed. After each step every recovery point that should be there comes back as the source was.
 */
export const liveCourse = async (seed: number, steps: number, library: string): Promise<string> => {
  const course: Course = {
    ...{
      random: randomOf(seed),
      instance: makeInstance(),
      library,
      saved: new Map(),
      pins: new Set(),
      log: [],
    },
    ...{ now: new Date('2026-01-05T18:00:00Z'), wasBroken: false, isUnfinished: false },
  };
  try {
    for (let count = 0; count < 6; count++) edit(course);
    await backup(course);
    for (let step = 1; step < steps; step++) {
      await course.random.pick(choices)(course);
      expectPoints(course);
    }
    await restoreSome(course);
    return course.log.join('\n');
  } catch (error) {
    const replay = `LIFEBOAT_MODEL_SEED=${seed} LIFEBOAT_MODEL_STEPS=${steps} npm test -- test/faults/model`;
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${why}\nin the last of these steps:\n${course.log.join('\n')}\nagain: ${replay}`);
  } finally {
    course.instance.remove();
  }
};

const edit = ({ random, instance, log }: Course, most = 8): void => {
  for (let count = 1 + random.below(most); count > 0; count--)
    log.push(`  ${randomEdit(instance.upload, random)}`);
};

const nextRun = (course: Course, operation: string): string => {
  course.now = new Date(course.now.getTime() + (1 + course.random.below(40)) * 3_600_000);
  return `${plan}/${compactTime(course.now)}-${operation}`;
};
const pointOf = (run: string): string => run.slice(run.indexOf('/') + 1);

const savedNow = ({ instance }: Course): Saved => ({
  tree: treeOf(instance.upload),
  owners: ownersOf(instance.upload),
});

/** One stream, so that the same seed breaks the same change. */
const steady: RunOptions = { environment: { LIFEBOAT_STREAMS: '1' } };

const faults: readonly Fault[] = [
  ...[{ kind: 'kill' as const }, { kind: 'kill' as const }, { kind: 'kill' as const }],
  ...[28, 116].map((errno) => ({ kind: 'error' as const, errno, forever: true })),
  ...[28, 5].map((errno) => ({ kind: 'error' as const, errno, forever: false })),
];

const broken = ({ random, instance, library, log }: Course, most: number): RunOptions => {
  const fault = random.pick(faults);
  // Early ones oftener: a run that changes little has no late ones.
  const at = 1 + random.below(1 + random.below(most));
  log.push(`  broken at change ${at}: ${JSON.stringify(fault)}`);
  const { environment } = faultOptions(library, instance, fault, at);
  return { environment: { ...steady.environment, ...environment } };
};

const everyParameter = { allowShrink: 'yes', mayBeEmpty: 'yes', verifyNights: '3' };

const run = async (course: Course, id: string, options: RunOptions): Promise<Ended> => {
  course.log.push(`${id} ${JSON.stringify(options.parameters ?? {})}`);
  const ended = await course.instance.run(id, options);
  course.log.push(`  = ${ended.code ?? ended.signal} ${ended.stdout.trim()}`);
  return ended;
};

const backup = async (course: Course): Promise<void> => {
  const { instance, random } = course;
  const id = nextRun(course, random.pick(['backup', 'backup', 'final-backup']));
  const options = random.chance(0.5) ? steady : {};
  const line = protectedLine(await run(course, id, { ...options, parameters: everyParameter }));
  expect(line.warnings).toEqual([]);
  course.saved.set(pointOf(id), savedNow(course));
  course.isUnfinished = false;
  copyWhole(instance.upload, lastSaved(course));
  expect(pointsOf(instance.base)).toContain(pointOf(id));
  expect([...treeOf(join(instance.base, 'current')).keys()].sort()).toEqual(
    [...treeOf(instance.upload).keys()].sort(),
  );
};

const lastSaved = ({ instance }: Course): string => join(instance.folder, 'last-saved');

/** Everything is again as the last good backup has it, as after a deployment that was rolled back. */
const revert = (course: Course): void => {
  course.log.push('  back to what was saved last');
  copyWhole(lastSaved(course), course.instance.upload);
};

const changeAll = ({ instance, random, log }: Course): void => {
  log.push('  every file changes');
  changeEveryFile(instance.upload, random);
};

/** Then perhaps the same run again, as check sends it, after more edits or none. */
const brokenBackup = async (course: Course): Promise<void> => {
  const { instance, random, saved } = course;
  const id = nextRun(course, 'backup');
  for (let attempt = 1 + random.below(2); attempt > 0; attempt--) {
    const isThere = pointsOf(instance.base).includes(pointOf(id));
    if (!isThere) saved.set(pointOf(id), savedNow(course));
    const ended = await run(course, id, { ...broken(course, 90), parameters: everyParameter });
    course.wasBroken = course.isUnfinished = true;
    const isNow = pointsOf(instance.base).includes(pointOf(id));
    if (isThere) expect(isNow).toBe(true);
    if (!isNow) saved.delete(pointOf(id));
    if (ended.code === 0) expect(isNow && lineOf(ended).outcome !== 'failed').toBe(true);
    if (isNow && !isThere && ended.code === 0) allowWhatIsTold(course, pointOf(id), lineOf(ended));
    random.pick([revert, changeAll, (some: Course) => edit(some, 4), () => undefined])(course);
  }
};

/** One file that the share refuses is no lost night: it is told, and the recovery point has its earlier content, or none. */
const allowWhatIsTold = ({ instance, saved }: Course, point: string, { warnings = [] }: Line): void => {
  const before = saved.get(point);
  const told = manifestOf(instance.base, point).filter(({ note }) => note === 'kept' || note === 'missing');
  const count = warnings.reduce((sum, warning) => sum + warning.count, 0);
  expect(told.length).toBeLessThanOrEqual(count);
  if (before === undefined) return;
  const tree = new Map(before.tree);
  const there = recoveryPoint(instance.base, point);
  for (const { name } of told) {
    const entry = there.get(name);
    if (entry === undefined) tree.delete(name);
    else tree.set(name, entry);
  }
  // A name that is missing may have been the first of a file with several.
  saved.set(point, { tree, owners: told.length === 0 ? before.owners : new Map() });
};

const editAndBackup = async (course: Course): Promise<void> => {
  edit(course);
  await backup(course);
};
const editAndBreak = async (course: Course): Promise<void> => {
  edit(course);
  await brokenBackup(course);
};

const changePins = ({ instance, random, pins, log }: Course): void => {
  const point = random.pickIfAny(pointsOf(instance.base));
  if (point === undefined) return;
  const file = join(instance.base, 'pins', point);
  mkdirSync(join(instance.base, 'pins'), { recursive: true });
  log.push(`  ${pins.delete(point) ? 'unpin' : 'pin'} ${point}`);
  if (readdirSync(join(instance.base, 'pins')).includes(point)) rmSync(file);
  else {
    writeFileSync(file, '');
    pins.add(point);
  }
};

/** Links come along where a folder moves to history as a whole. */
const unneededFiles = (base: string): readonly string[] => {
  const history = treeOf(join(base, 'history'));
  return unneeded(base).filter((path) => history.get(path)?.kind === 'f');
};

const prune = async (course: Course): Promise<void> => {
  const { instance, random, saved, pins } = course;
  changePins(course);
  const wanted = { last: random.below(4), daily: random.below(4), minimum: 1 + random.below(3) };
  const before = pointsOf(instance.base);
  const kept = staying(before, pins, wanted);
  const parameters = Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name, String(value)]));
  const isBroken = random.chance(0.5);
  const options = isBroken ? broken(course, 40) : steady;
  const ended = await run(course, nextRun(course, 'prune'), { ...options, operation: 'prune', parameters });
  const after = pointsOf(instance.base);
  for (const point of before.filter((each) => !after.includes(each))) saved.delete(point);
  expect(after).toEqual(expect.arrayContaining([...kept]));
  if (ended.code === 0) {
    expect(after).toEqual(kept);
    if (!course.wasBroken) expect(unneededFiles(instance.base)).toEqual([]);
  } else if (!isBroken) {
    expect([course.isUnfinished, lineOf(ended).cause]).toEqual([true, 'prune-refused']);
    expect(after).toEqual(before);
  }
};

/** Everything is read back; what was damaged meanwhile, and what the source still has, is healed. */
const verify = async (course: Course): Promise<void> => {
  const { instance, random } = course;
  await backup(course);
  const files = [...treeOf(instance.upload)].flatMap(([name, { kind }]) => (kind === 'f' ? [name] : []));
  const victim = random.pickIfAny(files);
  if (victim !== undefined) {
    const copy = Buffer.from(`${instance.base}/current/${victim}`, 'latin1');
    course.log.push(`  damage ${JSON.stringify(victim)}`);
    const content = readFileSync(copy);
    if (content.length > 0) writeFileSync(copy, content.fill((content[0] ?? 0) ^ 1, 0, 1));
  }
  if (random.chance(0.3)) await run(course, nextRun(course, 'verify'), { ...broken(course, 10), ...whole });
  protectedLine(await run(course, nextRun(course, 'verify'), whole));
};
const whole = { operation: 'verify' } as const;

/** The clock has stepped back: a run that would have to lie before what is there. */
const tooLate = async (course: Course): Promise<void> => {
  const earlier = new Date(course.now.getTime() - 400 * 24 * 3_600_000);
  edit(course, 2);
  const ended = await run(course, `${plan}/${compactTime(earlier)}-backup`, { parameters: everyParameter });
  expect(lineOf(ended)).toMatchObject({ outcome: 'failed', cause: 'run-superseded' });
};

const restore = async (course: Course, point: string): Promise<void> => {
  const { instance, saved, random } = course;
  rmSync(instance.out, { recursive: true, force: true });
  mkdirSync(instance.out);
  const options = { operation: 'restore' as const, parameters: { at: point, overwrite: 'always' } };
  if (random.chance(0.2)) {
    const { environment } = broken(course, 60);
    const onTarget = { environment: { ...environment, FAULT_PATHS: '/mnt/out' } };
    await run(course, nextRun(course, 'restore'), { ...options, ...onTarget });
  }
  protectedLine(await run(course, nextRun(course, 'restore'), options));
  expect(differences(treeOf(instance.out), saved.get(point)?.tree ?? new Map())).toEqual([]);
  expect(Object.fromEntries(ownersOf(instance.out))).toMatchObject(
    Object.fromEntries(saved.get(point)?.owners ?? []),
  );
};

const restoreSome = async (course: Course): Promise<void> => {
  const point = course.random.pickIfAny(pointsOf(course.instance.base));
  if (point !== undefined) await restore(course, point);
};

/** As when the instance's disk was replaced. */
const forget = async (course: Course): Promise<void> => {
  course.log.push('the instance forgets everything');
  rmSync(join(course.instance.state, 'plans'), { recursive: true, force: true });
  await editAndBackup(course);
};

const choices = [
  ...[editAndBackup, editAndBackup, editAndBackup, editAndBreak, editAndBreak, editAndBreak],
  ...[prune, prune, prune, verify, restoreSome, forget, tooLate],
] as const;

/** Those that the model knows, no other, each as the source was. */
const expectPoints = ({ instance, saved }: Course): void => {
  expect(pointsOf(instance.base)).toEqual([...saved.keys()].sort());
  for (const [point, { tree }] of saved)
    expect([point, differences(recoveryPoint(instance.base, point), tree)]).toEqual([point, []]);
};
