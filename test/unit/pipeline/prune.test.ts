import { describe, expect, test } from '@jest/globals';
import { pruneParameters } from '../../../functions/fleet/prune-parameters.ts';
import { checkRun } from '../../../functions/pipeline/check-run.ts';
import { type DispatchRequest, dispatchRun } from '../../../functions/pipeline/dispatch-run.ts';
import { NothingGoodToPruneAfter, pruneByHand } from '../../../functions/pipeline/prune-run.ts';
import type { RunRecord } from '../../../functions/pipeline/run-record.ts';
import {
  Died,
  instanceIds,
  lineOf,
  newWorld,
  plan,
  scheduledTime,
  theRun,
  type World,
  worker,
} from './memory-world.ts';

const thePrune = theRun.replace('backup', 'prune');
const byHand = 'acme-web/20261123T190000Z-prune';
const request: DispatchRequest = {
  plan,
  operation: 'backup',
  trigger: { kind: 'schedule', requestId: 'r1' },
  scheduledTime,
  allowShrink: false,
  dryRun: false,
};
const dispatch = (world: World, changes: Partial<DispatchRequest> = {}) =>
  dispatchRun(world.doors, { ...request, ...changes }, worker(world, 'r1'));
const check = (world: World, run: string = theRun, requestId = 'c1') =>
  checkRun(world.doors, plan, run, worker(world, requestId));
const prune = (world: World, changes: Partial<DispatchRequest> = {}) =>
  pruneByHand(
    world.doors,
    {
      ...request,
      operation: 'prune',
      trigger: { kind: 'hand', requestId: 'h1' },
      scheduledTime: new Date('2026-11-23T19:00:00Z'),
      ...changes,
    },
    worker(world, 'h1'),
  );
const recordOf = (world: World, run: string): RunRecord | undefined => world.records.get(run)?.value;
const prunes = (world: World) => world.sent.filter(({ comment }) => comment.includes('-prune#'));
const toldKinds = (world: World) => world.told.map(({ channel, notice }) => `${channel} ${notice.kind}`);

/** A good night, and the prune after it, however the instances answer to that. */
const night = async (
  answers: World['answers'] = () => ({}),
  world: World = newWorld(),
  day = 23,
): Promise<World> => {
  world.answers = (instance, attempt, run) => (run.endsWith('-prune') ? answers(instance, attempt, run) : {});
  const time = new Date(`2026-11-${day}T18:00:00Z`);
  world.now = new Date(time.getTime() + 1_000);
  await dispatch(world, { scheduledTime: time });
  const run = theRun.replace('23T', `${day}T`);
  await check(world, run);
  await check(world, run.replace('backup', 'prune'));
  return world;
};
const failed = { status: 'Failed', statusDetails: 'Failed' };
const refused: World['answers'] = (instance) =>
  instance === instanceIds[1] ? { ...failed, responseCode: 39, output: '' } : {};

describe('a good night of the whole fleet', () => {
  test('is followed by one prune of the same time, which knows the recovery point that must be there', async () => {
    const world = await night();
    await check(world, theRun, 'c2');
    await Promise.all(['c3', 'c4'].map((id) => check(world, theRun, id)));
    expect(prunes(world)).toMatchObject([
      { instances: instanceIds, prune: { after: '20261123T180000Z-backup', dryRun: false } },
    ]);
    expect(recordOf(world, thePrune)).toMatchObject({
      state: 'closed',
      result: 'protected',
      trigger: { kind: 'run', run: theRun },
    });
  });

  test('of which the prune works is told as ever: start and success of the backup, nothing of the prune', async () => {
    const world = await night();
    expect(toldKinds(world)).toEqual(['slack started', 'slack succeeded']);
    expect(world.closedMetrics.map(({ run }) => run)).toEqual([theRun]);
    expect(world.overviews.get('acme-web')?.value.runs.map(({ run }) => run)).toEqual([theRun]);
  });

  test('that somebody looks at again a day later begins nothing', async () => {
    const world = newWorld();
    await dispatch(world);
    await check(world);
    world.records.delete(thePrune);
    world.now = new Date(world.now.getTime() + 24 * 3_600_000);
    await check(world, theRun, 'c-late');
    expect(recordOf(world, thePrune)).toBeUndefined();
  });

  test('however a worker dies while it closes it: one prune', async () => {
    const undisturbed = newWorld();
    await dispatch(undisturbed);
    const before = undisturbed.calls;
    await check(undisturbed);
    for (const when of ['before', 'after'] as const)
      for (let call = before + 1; call <= undisturbed.calls; call += 1) {
        const world = newWorld();
        await dispatch(world);
        world.dieAt = { call, when };
        await check(world).catch((error: unknown) => expect(error).toBeInstanceOf(Died));
        world.dieAt = undefined;
        await check(world);
        await check(world, thePrune, 'c2');
        expect({ call, when, prunes: prunes(world).length }).toEqual({ call, when, prunes: 1 });
        expect({ call, result: recordOf(world, thePrune)?.result }).toEqual({ call, result: 'protected' });
      }
  });
});

describe('nothing is pruned', () => {
  test.each([
    ['after a partial night', (instance: string) => (instance === instanceIds[0] ? failed : {}), {}],
    ['after a lost night', () => failed, {}],
    ['after a run of named instances', () => ({}), { instances: instanceIds.slice(0, 2) }],
    ['after a restore', () => ({}), { operation: 'restore' as const, instances: instanceIds }],
  ])('%s', async (_, answer, changes) => {
    const world = newWorld();
    world.answers = (instance) => ({ responseCode: 0, ...answer(instance) });
    const { run } = await dispatch(world, changes);
    await check(world, run);
    expect(recordOf(world, run)?.state).toBe('closed');
    expect(prunes(world)).toEqual([]);
  });
});

describe('a prune that does not work', () => {
  test('is told once, to Slack alone, until it works again, and is no incident of the plan', async () => {
    const world = await night(refused);
    expect(recordOf(world, thePrune)?.result).toBe('partial');
    await night(refused, world, 24);
    await night(() => ({}), world, 25);
    await night(() => ({}), world, 26);
    const ofPrunes = world.told.filter(({ notice }) => notice.record.operation === 'prune');
    expect(ofPrunes.map(({ channel, notice }) => [channel, notice.kind, notice.record.run])).toEqual([
      ['slack', 'failed', thePrune],
      ['slack', 'recovered', thePrune.replace('23T', '25T')],
    ]);
    expect(toldKinds(world).filter((kind) => kind === 'slack succeeded')).toHaveLength(4);
    expect(world.incidents.get('acme-web')).toBeUndefined();
    expect(world.incidents.get('acme-web.prune')?.value).toMatchObject({ state: 'closed', failingRuns: 2 });
  });

  test.each([
    ['is gone', undefined],
    ['does not answer', { status: 'TimedOut', statusDetails: 'DeliveryTimedOut', output: '' }],
    ['is busy', { ...failed, responseCode: 30, output: '' }],
  ])('because an instance %s waits for the next night in silence', async (_, answer) => {
    const world = newWorld();
    await night((instance) => (instance === instanceIds[1] ? (answer ?? 'nothing') : {}), world);
    if (answer === undefined) world.there = () => world.fleet.slice(0, 1);
    world.now = new Date('2026-11-23T23:00:00Z');
    await check(world, thePrune, 'deadline');
    expect(recordOf(world, thePrune)).toMatchObject({ state: 'closed', result: 'partial' });
    expect(world.told.filter(({ notice }) => notice.record.operation === 'prune')).toEqual([]);
  });

  test('is told with what it said and what to do, and calls no instance unprotected', async () => {
    const { messageOf } = await import('../../../functions/escalation/messages.ts');
    const { plainTextOf } = await import('./plain-text.ts');
    const world = await night((instance, _, run) =>
      instance === instanceIds[1]
        ? {
            ...failed,
            responseCode: 39,
            output: lineOf(instance, {
              run,
              outcome: 'failed',
              cause: 'prune-refused',
              detail: 'manifests/20261101T180000Z-backup is damaged',
            }),
          }
        : {},
    );
    const notice = world.told.find(({ notice }) => notice.kind === 'failed')?.notice;
    if (notice === undefined) throw new Error('nothing was told');
    const message = messageOf(notice);
    expect(message.title).toBe(
      'acme-web: pruning did not work on 1 of 3 instances; the backups are not concerned',
    );
    const said = plainTextOf(message);
    expect(said).toContain(`1 instance not pruned (prune-refused): ${instanceIds[1]}`);
    expect(said).toContain('manifests/20261101T180000Z-backup is damaged');
    expect(said).toContain('docs/causes.md#prune-refused');
    expect(said).not.toContain('not protected');
  });
});

describe('a prune by hand', () => {
  test('is refused where the newest backup of the whole fleet is not good, and nothing is written', async () => {
    const world = newWorld();
    await expect(prune(world)).rejects.toThrow(NothingGoodToPruneAfter);
    world.answers = (instance) => (instance === instanceIds[0] ? { ...failed, responseCode: 17 } : {});
    await dispatch(world);
    await expect(prune(world)).rejects.toThrow(/20261123T180000Z-backup, is still open; nothing was removed/);
    await check(world);
    await expect(prune(world)).rejects.toThrow(/is partial.*"dryRun":true/);
    expect(recordOf(world, byHand)).toBeUndefined();
  });

  test('looks at the whole fleet, not at a run of named instances that came later', async () => {
    const world = await night();
    const later = new Date('2026-11-23T18:30:00Z');
    world.answers = () => ({ ...failed, responseCode: 21, output: '' });
    await dispatch(world, { instances: instanceIds.slice(0, 1), scheduledTime: later });
    await check(world, 'acme-web/20261123T183000Z-backup');
    world.answers = () => ({});
    await prune(world);
    expect(prunes(world).at(-1)).toMatchObject({ prune: { after: '20261123T180000Z-backup' } });
  });

  test('as a dry run is done by the instances, whatever the night was, and told to nobody', async () => {
    const world = newWorld();
    world.answers = (instance, _, run) => ({
      output: lineOf(instance, {
        ...{ run, points: 9, kept: 7, removed: 2, removedFiles: 40, removedBytes: 4_000 },
        ...{ dryRun: true, going: ['20261001T180000Z-backup', '20261002T180000Z-backup'] },
      }),
    });
    expect(await prune(world, { dryRun: true })).toMatchObject({ run: byHand, state: 'running' });
    expect(prunes(world)).toMatchObject([{ prune: { dryRun: true } }]);
    const answer = await check(world, byHand);
    expect(answer.results?.[0]?.report?.prune).toEqual({
      ...{ points: 9, kept: 7, removed: 2, removedFiles: 40, removedBytes: 4_000 },
      going: ['20261001T180000Z-backup', '20261002T180000Z-backup'],
    });
    expect(world.told).toEqual([]);
    expect(world.incidents.size).toBe(0);
  });
});

test('the document is sent the numbers of the plan, its time zone, and less time than it has', () => {
  const command = {
    operation: 'prune' as const,
    plan,
    run: thePrune,
    comment: '',
    targets: plan.fleet,
    allowShrink: false,
    ...{ concurrency: '10', spreadSeconds: 0 },
    deliverySeconds: 600,
    executionSeconds: 10_800,
  };
  const now = new Date('2026-11-23T18:00:00Z');
  expect(
    pruneParameters({ ...command, prune: { after: '20261123T180000Z-backup', dryRun: false } }, now),
  ).toEqual({
    run: [thePrune],
    after: ['20261123T180000Z-backup'],
    share: ['/mnt/lifeboat'],
    shareId: [''],
    last: ['7'],
    daily: ['14'],
    weekly: ['8'],
    monthly: ['12'],
    yearly: ['2'],
    minimum: ['3'],
    zone: ['28800'],
    dryRun: ['no'],
    budgetSeconds: ['1800'],
    nice: ['10'],
    executionTimeout: ['10800'],
  });
  const short = pruneParameters({ ...command, executionSeconds: 900, prune: { dryRun: true } }, now);
  expect(short).toMatchObject({ after: [''], dryRun: ['yes'], budgetSeconds: ['600'] });
});
