import { describe, expect, test } from '@jest/globals';
import { checkRun } from '../../../functions/pipeline/check-run.ts';
import { dispatchRun } from '../../../functions/pipeline/dispatch-run.ts';
import type { Drain } from '../../../functions/pipeline/drain.ts';
import type { InstanceResult, RunRecord } from '../../../functions/pipeline/run-record.ts';
import { instanceIds, newWorld, plan, scheduledTime, theRun, type World, worker } from './memory-world.ts';

const [one = '', two = ''] = instanceIds;

const dispatch = (world: World, time = scheduledTime) =>
  dispatchRun(
    world.doors,
    {
      plan,
      operation: 'backup',
      trigger: { kind: 'schedule', requestId: 'r1' },
      scheduledTime: time,
      allowShrink: false,
      dryRun: false,
    },
    worker(world, `r ${time.toISOString()}`),
  );
const check = (world: World, run = theRun) => checkRun(world.doors, plan, run, worker(world, 'c1'));
const record = (world: World, run = theRun): RunRecord => {
  const stored = world.records.get(run);
  if (stored === undefined) throw new Error('no record');
  return stored.value;
};
const resultOf = (world: World, instance: string) =>
  record(world).results?.find((result) => result.instance === instance);
const without = (world: World, instance: string) =>
  world.fleet.filter((member) => member.instance !== instance);
const change = (world: World, instance: string, changes: Partial<World['fleet'][number]>) => {
  world.fleet = world.fleet.map((member) =>
    member.instance === instance ? { ...member, ...changes } : member,
  );
};
const atWork = (instance: string) => (asked: string) =>
  asked === instance ? { status: 'InProgress', statusDetails: 'InProgress', output: '' } : {};
const noInvocation = (instance: string) => (asked: string) =>
  asked === instance ? ('nothing' as const) : {};

const drained = (world: World, instance: string, result: Partial<InstanceResult>): void => {
  const run = 'acme-web/20261123T180100Z-final-backup';
  const whole: InstanceResult = {
    instance,
    outcome: 'protected',
    attempts: 1,
    expected: true,
    reached: true,
    ...result,
  };
  const value: Drain = {
    lifeboat: 1,
    instance,
    why: 'life-cycle',
    requestedAt: world.now.toISOString(),
    until: world.now.toISOString(),
    actions: [],
    saves: { [plan.name]: { run, result: whole } },
  };
  world.drains.set(instance, { value, version: 'd' });
};

describe('every difference is named', () => {
  test('an instance that was launched after the run began', async () => {
    const world = newWorld();
    await dispatch(world);
    world.there = () => [
      ...world.fleet,
      { instance: 'i-0000newborn', group: 'acme-web', lifeCycleState: 'InService', ping: 'Online' },
    ];
    await check(world);
    expect(record(world)).toMatchObject({
      result: 'protected',
      skipped: [{ instance: 'i-0000newborn', why: 'launched after the run began (InService)' }],
    });
  });

  test('a stopped instance is not called one whose agent is lost', async () => {
    const world = newWorld();
    change(world, one, { ping: 'ConnectionLost' });
    world.answers = noInvocation(one);
    world.facts = () => ({ state: 'stopped', hasProfile: true });
    await dispatch(world);
    await check(world);
    expect(resultOf(world, one)).toMatchObject({ outcome: 'unreachable', cause: 'instance-stopped' });
  });

  test.each([
    [{ state: 'running', hasProfile: false }, /no instance profile/],
    [{ state: 'running', hasProfile: true, launchedAt: '2026-11-23T17:56:01.000Z' }, /launched 4 min ago/],
    [{ state: 'running', hasProfile: true, launchedAt: '2026-11-01T00:00:00.000Z' }, /endpoints ssm/],
  ])('why an agent never registered: %j', async (facts, reason) => {
    const world = newWorld();
    change(world, one, { ping: 'absent' });
    world.answers = noInvocation(one);
    world.facts = () => facts;
    await dispatch(world);
    await check(world);
    expect(resultOf(world, one)).toMatchObject({
      cause: 'agent-absent',
      detail: expect.stringMatching(reason),
    });
  });

  test('an agent that is lost, since when and which', async () => {
    const world = newWorld();
    change(world, one, {
      ping: 'ConnectionLost',
      lastPing: '2026-11-23T12:00:00.000Z',
      agentVersion: '3.1.0',
    });
    world.answers = noInvocation(one);
    world.facts = () => ({ state: 'running', hasProfile: true });
    await dispatch(world);
    await check(world);
    expect(resultOf(world, one)).toMatchObject({
      cause: 'agent-offline',
      detail: 'last heard of at 2026-11-23T12:00:00.000Z, agent 3.1.0',
    });
  });

  test('an agent that is too old for the document', async () => {
    const world = newWorld();
    const output =
      '\n----------ERROR-------\nDocument with schema version 2.2 is not supported by this version of ssm agent, please update to latest version';
    world.answers = (asked) =>
      asked === one ? { status: 'Failed', statusDetails: 'Failed', responseCode: 1, output } : {};
    await dispatch(world);
    await check(world);
    expect(resultOf(world, one)).toMatchObject({ outcome: 'failed', cause: 'agent-too-old' });
  });

  test('one that was terminated while the run was under way, and was drained, is protected', async () => {
    const world = newWorld();
    world.answers = atWork(one);
    await dispatch(world);
    drained(world, one, {});
    world.there = () => without(world, one);
    await check(world);
    expect(record(world).result).toBe('protected-with-warnings');
    expect(resultOf(world, one)).toMatchObject({
      outcome: 'protected-with-warnings',
      cause: 'instance-drained',
    });
  });

  test('one that was terminated and not drained is gone, and who came instead is said', async () => {
    const world = newWorld();
    world.answers = atWork(one);
    await dispatch(world);
    world.there = () => [
      ...without(world, one),
      { instance: 'i-0000newborn', group: 'acme-web', ping: 'Online' },
    ];
    await check(world);
    expect(resultOf(world, one)).toMatchObject({
      outcome: 'gone',
      cause: 'instance-terminated',
      detail: 'since then acme-web has launched i-0000newborn',
    });
    expect(record(world).result).toBe('partial');
  });

  test('one whose final backup failed is gone, with the snapshot that has its files', async () => {
    const world = newWorld();
    world.answers = atWork(one);
    await dispatch(world);
    drained(world, one, { outcome: 'failed', cause: 'share-full', snapshots: ['snap-1'] });
    world.there = () => without(world, one);
    await check(world);
    expect(resultOf(world, one)).toMatchObject({ outcome: 'gone', snapshots: ['snap-1'] });
  });
});

describe('who has gone between two nights', () => {
  const nextNight = new Date('2026-11-24T18:00:00Z');
  const night = async (world: World): Promise<void> => {
    await dispatch(world);
    await check(world);
    world.now = new Date(nextNight.getTime() + 1_000);
    world.fleet = without(world, one);
  };

  test('and was not drained is named by the next night, once', async () => {
    const world = newWorld();
    await night(world);
    const answer = await dispatch(world, nextNight);
    expect(answer.skipped).toEqual([
      { instance: one, why: `gone since the last night, not drained; saved until ${theRun}` },
    ]);
    await check(world, 'acme-web/20261124T180000Z-backup');
    expect((await dispatch(world, new Date('2026-11-25T18:00:00Z'))).skipped).toEqual([]);
  });

  test('and was drained is nobody’s concern; a snapshot is named', async () => {
    const world = newWorld();
    await night(world);
    world.fleet = world.fleet.filter(({ instance }) => instance !== two);
    drained(world, one, {});
    drained(world, two, { outcome: 'failed', snapshots: ['snap-2'] });
    expect((await dispatch(world, nextNight)).skipped).toEqual([
      { instance: two, why: expect.stringMatching(/the rest is in snap-2$/) },
    ]);
  });
});
