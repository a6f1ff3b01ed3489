import { describe, expect, test } from '@jest/globals';
import { checkRun } from '../../../functions/pipeline/check-run.ts';
import { type DispatchRequest, dispatchRun } from '../../../functions/pipeline/dispatch-run.ts';
import { retryFailed } from '../../../functions/pipeline/retry-failed.ts';
import { instanceIds, lineOf, newWorld, plan, scheduledTime, type World, worker } from './memory-world.ts';

const night: DispatchRequest = {
  plan,
  operation: 'backup',
  trigger: { kind: 'schedule', requestId: 'r1' },
  scheduledTime,
  allowShrink: false,
  dryRun: false,
};
const byHand = (world: World, changes: Partial<DispatchRequest> = {}): DispatchRequest => ({
  ...night,
  trigger: { kind: 'hand', requestId: 'p1' },
  scheduledTime: world.now,
  ...changes,
});
const [first = '', second = '', third = ''] = instanceIds;

/** These fail, the others are protected. */
const failing = (world: World, ...instances: readonly string[]): void => {
  world.answers = (instance, _, run) =>
    instances.includes(instance)
      ? {
          status: 'Failed',
          statusDetails: 'Failed',
          responseCode: 21,
          output: lineOf(instance, { outcome: 'failed', cause: 'source-empty' }, run),
        }
      : {};
};
const run = async (world: World, request: DispatchRequest): Promise<string> => {
  const answer = await dispatchRun(world.doors, request, worker(world, 'r'));
  await checkRun(world.doors, plan, answer.run, worker(world, 'c'));
  world.now = new Date(world.now.getTime() + 60_000);
  return answer.run;
};
const retry = (world: World, changes: Partial<DispatchRequest> = {}) =>
  retryFailed(world.doors, byHand(world, changes), worker(world, 'p'));

describe('a retry of what failed', () => {
  test('is a run of just those instances, and says which run they failed in', async () => {
    const world = newWorld();
    failing(world, first, third);
    const failed = await run(world, night);
    failing(world);
    const answer = await retry(world);
    expect(answer).toMatchObject({
      ...{ state: 'running', retryOf: failed, expected: [first, third] },
      note: expect.stringContaining(failed),
    });
    expect(world.sent.at(-1)?.instances).toEqual([first, third]);
    expect([...world.records.values()].at(-1)?.value).toMatchObject({
      scope: 'instances',
      trigger: { kind: 'hand' },
    });
  });

  test('leaves out what a run since then has protected', async () => {
    const world = newWorld();
    failing(world, first, third);
    await run(world, night);
    failing(world);
    await run(world, byHand(world, { instances: [third] }));
    expect(await retry(world)).toMatchObject({ expected: [first] });
  });

  test('takes in what a run since then has found failing', async () => {
    const world = newWorld();
    failing(world, first);
    await run(world, night);
    failing(world, second);
    await run(world, byHand(world, { instances: [second] }));
    expect(await retry(world)).toMatchObject({ expected: [first, second] });
  });

  test('that is a dry run lists them and sends nothing', async () => {
    const world = newWorld();
    failing(world, second);
    await run(world, night);
    const before = world.records.size;
    expect(await retry(world, { dryRun: true })).toMatchObject({ state: 'dry-run', expected: [second] });
    expect([world.sent.length, world.records.size]).toEqual([1, before]);
  });
});

describe('nothing is retried, and that is answered', () => {
  const expectNothing = async (world: World, note: RegExp): Promise<void> => {
    const sent = world.sent.length;
    const answer = await retry(world);
    expect(answer).toEqual({
      ...{ plan: 'acme-web', state: 'nothing-to-retry' },
      note: expect.stringMatching(note),
    });
    expect(answer.note).toMatch(/Nothing was begun/);
    expect(world.sent).toHaveLength(sent);
  };

  test('where there was no backup yet', () => expectNothing(newWorld(), /has no backup yet/));

  test('where everybody is protected', async () => {
    const world = newWorld();
    const good = await run(world, night);
    await expectNothing(world, new RegExp(`Every instance that is there ended protected.*${good}`));
  });

  test('while the night is still under way', async () => {
    const world = newWorld();
    await dispatchRun(world.doors, night, worker(world, 'r'));
    await expectNothing(world, /still under way.*\{"cancel":"acme-web\/20261123T180000Z-backup"\}/);
  });

  test('where those that failed are gone', async () => {
    const world = newWorld();
    failing(world, second);
    await run(world, night);
    world.fleet = world.fleet.filter(({ instance }) => instance !== second);
    await expectNothing(world, new RegExp(`not in the fleet any more: ${second}`));
  });

  test('for one that was gone when the run ended', async () => {
    const world = newWorld();
    world.answers = (instance) => (instance === third ? 'nothing' : {});
    world.there = () => world.fleet.filter(({ instance }) => instance !== third);
    await run(world, night);
    await expectNothing(world, new RegExp(`Gone, and not to be retried: ${third}`));
  });
});

describe('concurrency', () => {
  const limits = (world: World) =>
    world.requests.filter(({ operation }) => operation === 'backup').map(({ concurrency }) => concurrency);
  const many = (world: World, count: number): readonly string[] => {
    world.fleet = Array.from({ length: count }, (_, index) => ({
      instance: `i-${String(index).padStart(8, '0')}`,
      ping: 'Online' as const,
    }));
    return world.fleet.map(({ instance }) => instance);
  };

  test('is the plan’s, or that of this one run, its retry included', async () => {
    const world = newWorld();
    await run(world, night);
    world.answers = (_, attempt) =>
      attempt === 1 ? { status: 'Failed', statusDetails: 'RateExceeded', responseCode: -1 } : {};
    await run(world, byHand(world, { concurrency: '5' }));
    expect(limits(world)).toEqual(['10%', '5', '5']);
  });

  test.each([
    [120, '10', ['4', '3', '3']],
    [120, '2', ['1', '1', '1']],
    [120, '25%', ['25%', '25%', '25%']],
    [40, '10', ['10']],
  ])(
    'of %i named instances, limit %s, is shared by their commands: %j',
    async (count, concurrency, shares) => {
      const world = newWorld();
      // One more, that is not named.
      const instances = many(world, count + 1).slice(0, count);
      await run(world, byHand(world, { instances, concurrency }));
      expect(limits(world)).toEqual(shares);
    },
  );

  test('of many that are the whole fleet is that of one command to the fleet: a night on which everybody failed', async () => {
    const world = newWorld();
    const all = many(world, 1_000);
    failing(world, ...all);
    await run(world, night);
    failing(world);
    expect(await retry(world, { concurrency: '10' })).toMatchObject({ expected: all });
    expect(world.requests.map(({ targets, concurrency }) => [targets.kind, concurrency])).toEqual([
      ['groups', '10%'],
      ['groups', '10'],
    ]);
  });
});
