import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Outcome } from '../../../functions/pipeline/causes.ts';
import {
  emptyOverview,
  fleetOf,
  mostRuns,
  type Overview,
  pointAge,
  withRun,
  worstAge,
} from '../../../functions/pipeline/overview.ts';
import type { InstanceResult, RunRecord } from '../../../functions/pipeline/run-record.ts';
import { shareStanding } from '../../../functions/pipeline/share-trend.ts';
import { aRecord } from '../escalation/a-notice.ts';

const hour = 3_600_000;
const nightOf = (day: number) => new Date(Date.UTC(2026, 10, 1 + day, 18));
const runOf = (day: number) =>
  `acme-web/${nightOf(day).toISOString().slice(0, 10).replaceAll('-', '')}T180000Z-backup`;

type Ends = Readonly<Record<string, Outcome>>;
const resultOf = (instance: string, outcome: Outcome, room?: number): InstanceResult => ({
  instance,
  outcome,
  ...(outcome === 'failed' ? { cause: 'source-empty' as const } : {}),
  attempts: 1,
  expected: true,
  reached: true,
  report: {
    ...{ files: 10, bytes: 1_000, changed: 1, deleted: 0, copiedBytes: 100, seconds: 1 },
    ...{ recoveryPoint: 'x', warnings: [] },
    ...(room === undefined ? {} : { shareFreeBytes: room, shareBytes: 1_000 }),
  },
});
const night = (day: number, ends: Ends, change: Partial<RunRecord> = {}, room?: number): RunRecord => {
  const results = Object.entries(ends).map(([instance, outcome]) => resultOf(instance, outcome, room));
  const closedAt = new Date(nightOf(day).getTime() + 60_000).toISOString();
  return { ...aRecord(results), run: runOf(day), closedAt, ...change };
};
const taken = (records: readonly RunRecord[]): Overview =>
  records.reduce((overview, record) => withRun(overview, record) ?? overview, emptyOverview('acme-web'));

describe('the overview of a plan', () => {
  test('knows of each instance the newest recovery point and how its last runs ended', () => {
    const overview = taken([
      night(0, { a: 'protected', b: 'protected' }),
      night(1, { a: 'protected-with-warnings', b: 'failed' }),
      night(2, { a: 'protected', b: 'failed', c: 'unreachable' }),
    ]);
    expect(overview.instances).toMatchObject({
      a: { point: runOf(2), outcome: 'protected', since: runOf(0), recent: 'pwp' },
      b: { point: runOf(0), outcome: 'failed', cause: 'source-empty', recent: 'ffp' },
      c: { outcome: 'unreachable', since: runOf(2), recent: 'u' },
    });
    expect(overview.instances.a).not.toHaveProperty('cause');
    expect(overview.instances.c).not.toHaveProperty('point');
    expect(overview.runs[0]).toMatchObject({
      run: runOf(2),
      outcomes: { protected: 1, failed: 1, unreachable: 1 },
      causes: { 'source-empty': 1 },
      files: 10,
    });
  });

  test('the age that the objective is about is that of the oldest newest recovery point', () => {
    const overview = taken([
      night(0, { a: 'protected', b: 'protected' }),
      night(1, { a: 'protected', b: 'failed' }),
    ]);
    const now = new Date(nightOf(1).getTime() + 2 * hour);
    expect(worstAge(overview, now)).toBe(26 * hour);
    expect(worstAge(emptyOverview('acme-web'), now)).toBeUndefined();
  });

  test('an instance that never had a recovery point ages from the night it was first expected', () => {
    const overview = taken([night(0, { c: 'unreachable' }), night(1, { c: 'unreachable' })]);
    expect(worstAge(overview, nightOf(1))).toBe(24 * hour);
  });

  test('an instance that has gone is no part of the fleet, and does not age', () => {
    const overview = taken([
      night(0, { a: 'protected', b: 'protected', g: 'protected' }),
      night(5, { a: 'protected', g: 'gone' }),
    ]);
    expect(fleetOf(overview).map(({ instance }) => instance)).toEqual(['a']);
    expect(worstAge(overview, nightOf(5))).toBe(0);
    expect(pointAge(overview.instances.b ?? fail(), nightOf(5))).toBe(5 * 24 * hour);
  });

  test('a run of named instances changes them alone, and is not taken for the fleet', () => {
    const overview = taken([
      night(0, { a: 'protected', b: 'failed' }),
      night(1, { b: 'protected' }, { scope: 'instances' }),
    ]);
    expect(overview.instances).toMatchObject({
      a: { point: runOf(0), recent: ' p' },
      b: { point: runOf(1), outcome: 'protected', recent: 'pf' },
    });
    expect(fleetOf(overview).map(({ instance }) => instance)).toEqual(['a', 'b']);
  });

  test('a restore leaves no recovery point', () => {
    const restore = { run: runOf(1).replace('backup', 'restore'), operation: 'restore' as const };
    const overview = taken([night(0, { a: 'failed' }), night(1, { a: 'protected' }, restore)]);
    expect(overview.instances.a).toMatchObject({ outcome: 'failed', recent: ' f' });
    expect(overview.instances.a).not.toHaveProperty('point');
  });

  test('remembers four months, and forgets instances with the last run that knew them', () => {
    const overview = taken([
      night(0, { old: 'protected' }),
      ...Array.from({ length: mostRuns }, (_, day) => night(day + 1, { a: 'protected' })),
    ]);
    expect(overview.runs).toHaveLength(mostRuns);
    expect(Object.keys(overview.instances)).toEqual(['a']);
    expect(withRun(overview, night(0, { old: 'protected' }))).toBeUndefined();
  });

  test('property: the order in which runs are taken in makes no difference, nor does taking one twice', () => {
    const ends = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.constantFrom<Outcome>('protected', 'protected-with-warnings', 'failed', 'unreachable', 'gone'),
    );
    const records = fc
      .array(fc.record({ ends, scope: fc.constantFrom<RunRecord['scope']>('fleet', 'instances') }), {
        maxLength: 8,
      })
      .map((nights) => nights.map(({ ends, scope }, day) => night(day, ends, { scope })));
    const shuffled = records.chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length, maxLength: 2 * all.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([inOrder, mixed]) => {
        expect(taken(mixed)).toEqual(taken(inOrder));
      }),
    );
  });
});

describe('the room on the share', () => {
  const alarms = { shareFree: 0.1, shareDays: 14 };
  const nights = (rooms: readonly number[]) =>
    taken(rooms.map((room, day) => night(day, { a: 'protected' }, {}, room)));

  test('that shrinks by 20 a day and has 400 left is full in 20 days', () => {
    const standing = shareStanding(nights([460, 440, 420, 400]), alarms);
    expect(standing).toMatchObject({ freeBytes: 400, bytes: 1_000, nearlyFull: false });
    expect(standing?.daysUntilFull).toBeCloseTo(20);
    expect(shareStanding(nights([260, 240, 220, 200]), alarms)?.nearlyFull).toBe(true);
  });

  test('that is low is nearly full, whatever the pace; one night is no pace', () => {
    expect(shareStanding(nights([99]), alarms)).toEqual({ freeBytes: 99, bytes: 1_000, nearlyFull: true });
    expect(shareStanding(nights([100]), alarms)).toMatchObject({ nearlyFull: false });
  });

  test('that grows or stays never gets full', () => {
    expect(shareStanding(nights([400, 450, 500, 550]), alarms)).not.toHaveProperty('daysUntilFull');
    expect(shareStanding(nights([400, 400, 400]), alarms)).not.toHaveProperty('daysUntilFull');
  });

  test('nobody knows is not made up', () => {
    expect(shareStanding(taken([night(0, { a: 'protected' })]), alarms)).toBeUndefined();
  });
});

const fail = (): never => {
  throw new Error('no such instance');
};
