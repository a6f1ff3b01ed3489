import { describe, expect, test } from '@jest/globals';
import { pruneParameters } from '../../../functions/fleet/prune-parameters.ts';
import { checkRun } from '../../../functions/pipeline/check-run.ts';
import { dispatchRun } from '../../../functions/pipeline/dispatch-run.ts';
import type { Inventory } from '../../../functions/pipeline/doors.ts';
import { goneInstances } from '../../../functions/pipeline/gone-instances.ts';
import { pruneByHand } from '../../../functions/pipeline/prune-run.ts';
import { instanceIds, lineOf, newWorld, plan, theRun, type World, worker } from './memory-world.ts';

const goneId = 'i-0000000000000dead';
const runOf = (day: number, operation = 'prune') => `acme-web/202611${day}T180000Z-${operation}`;

/** A good night and the prune after it, in which the caretaker names these as silent. */
const night = async (world: World, day: number, silent: readonly string[] = []): Promise<void> => {
  const prune = runOf(day);
  world.answers = (instance, _, run) =>
    run === prune
      ? {
          output: lineOf(instance, {
            ...{ run, operation: 'prune', points: 9, kept: 9 },
            ...(instance === caretakerOf(world, day) ? { silent } : { silent: instanceIds }),
          }),
        }
      : { output: lineOf(instance, { run }) };
  const scheduledTime = new Date(`2026-11-${day}T18:00:00Z`);
  world.now = new Date(scheduledTime.getTime() + 1_000);
  const request = {
    ...{ plan, operation: 'backup' as const, scheduledTime, allowShrink: false, dryRun: false },
    trigger: { kind: 'schedule' as const, requestId: `r${day}` },
  };
  await dispatchRun(world.doors, request, worker(world, `r${day}`));
  await checkRun(world.doors, plan, runOf(day, 'backup'), worker(world, `c${day}`));
  await checkRun(world.doors, plan, prune, worker(world, `p${day}`));
};
const recordOf = (world: World, day: number) => world.records.get(runOf(day))?.value;
const goneOf = (world: World, day: number) => recordOf(world, day)?.parameters.prune?.gone;
const caretakerOf = (world: World, day: number) => goneOf(world, day)?.caretaker;

/** What the second night is told, of what the first one's caretaker named. */
const told = async (silent: readonly string[], change: (world: World) => void = () => undefined) => {
  const world = newWorld();
  await night(world, 23, silent);
  change(world);
  await night(world, 24);
  return goneOf(world, 24)?.instances;
};

test('what nobody has any more is told to be gone, the night after it was named', async () => {
  const world = newWorld();
  await night(world, 23, [goneId]);
  expect(goneOf(world, 23)).toMatchObject({ instances: [], before: '20260825T180001Z' });
  await night(world, 24);
  expect(goneOf(world, 24)).toMatchObject({ instances: [goneId], before: '20260826T180001Z' });
});

test('the caretaker is one of those online, another one each night', async () => {
  const world = newWorld();
  world.fleet = world.fleet.map((each, index) => (index === 1 ? { ...each, ping: 'ConnectionLost' } : each));
  for (const day of [23, 24, 25]) await night(world, day);
  const caretakers = [23, 24, 25].map((day) => caretakerOf(world, day));
  expect(new Set(caretakers)).toEqual(new Set([instanceIds[0], instanceIds[2]]));
});

describe('nobody is taken for gone', () => {
  const state = (of: string) => (world: World) => {
    world.facts = () => ({ state: of, hasProfile: true });
  };
  test.each(['running', 'stopped', 'stopping', 'pending', 'shutting-down', 'unknown'])(
    'whom EC2 knows as %s',
    async (of) => expect(await told([goneId], state(of))).toEqual([]),
  );
  test('but whom it knows as terminated', async () =>
    expect(await told([goneId], state('terminated'))).toEqual([goneId]));

  test('who is in the fleet, whatever an instance says of it, even where EC2 does not know it', async () =>
    expect(await told([...instanceIds, goneId])).toEqual([goneId]));

  test('whom the fleet leaves out: stopped, in standby, in the warm pool, on its way out', async () => {
    const world = newWorld();
    await night(world, 23, [goneId]);
    const { take } = world.doors.inventory;
    const inventory = {
      ...world.doors.inventory,
      take: async (fleet: typeof plan.fleet) => ({
        ...(await take(fleet)),
        skipped: [{ instance: goneId, why: 'in the warm pool (Warmed:Stopped)' }],
      }),
    };
    expect(await goneInstances({ ...world.doors, inventory }, plan, runOf(24))).toMatchObject({
      instances: [],
    });
  });

  test('whose agent answers', async () =>
    expect(
      await told([goneId], (world) => {
        world.there = () => [...world.fleet, { instance: goneId, ping: 'Online' }];
      }),
    ).toEqual([]));

  test('while a group of the plan is missing', async () => {
    const world = newWorld();
    await night(world, 23, [goneId]);
    world.problems = ['The Auto Scaling group acme-web does not exist'];
    expect(await goneInstances(world.doors, plan, runOf(24))).toMatchObject({ instances: [] });
  });

  test('because somebody other than the caretaker named it', async () => {
    const world = newWorld();
    await night(world, 23, []);
    world.fleet = world.fleet.slice(0, 1);
    world.there = () => world.fleet;
    await night(world, 24);
    expect(goneOf(world, 24)?.instances).toEqual([]);
  });

  test('because a dry run named it', async () => {
    const world = newWorld();
    await night(world, 23, []);
    world.answers = (instance, _, run) => ({
      output: lineOf(instance, { run, points: 9, kept: 9, silent: [goneId] }),
    });
    const scheduledTime = new Date('2026-11-23T19:00:00Z');
    const request = {
      ...{ plan, operation: 'prune' as const, scheduledTime, allowShrink: false, dryRun: true },
      trigger: { kind: 'hand' as const, requestId: 'h1' },
    };
    const { run } = await pruneByHand(world.doors, request, worker(world, 'h1'));
    await checkRun(world.doors, plan, run, worker(world, 'h2'));
    await night(world, 24);
    expect(goneOf(world, 24)?.instances).toEqual([]);
  });

  test('when somebody prunes instances that are named', async () => {
    const world = newWorld();
    await night(world, 23, [goneId]);
    const scheduledTime = new Date('2026-11-23T19:00:00Z');
    const request = {
      ...{ plan, operation: 'prune' as const, scheduledTime, allowShrink: false, dryRun: false },
      ...{ trigger: { kind: 'hand' as const, requestId: 'h1' }, instances: instanceIds.slice(0, 1) },
    };
    const { run } = await pruneByHand(world.doors, request, worker(world, 'h1'));
    expect(world.records.get(run)?.value.parameters.prune).toEqual({
      after: '20261123T180000Z-backup',
      dryRun: false,
    });
  });
});

test.each(['../../etc', 'i-x; rm -rf /', 'acme-web', 'mi-0123456789abcdef0', 'i-0123456789abcdef0\n'])(
  'a line that names %j is no line',
  async (name) => {
    const world = newWorld();
    await night(world, 23, [name]);
    expect(recordOf(world, 23)?.results?.find(({ cause }) => cause === 'no-report')).toBeDefined();
    expect(await goneInstances(world.doors, plan, runOf(24))).toMatchObject({ instances: [] });
  },
);

test('nobody online: nobody is the caretaker, and the document is told so', async () => {
  const world = newWorld();
  world.fleet = world.fleet.map((each) => ({ ...each, ping: 'ConnectionLost' as const }));
  expect(await goneInstances(world.doors, plan, runOf(24))).toBeUndefined();
  const command = {
    ...{ operation: 'prune' as const, plan, run: theRun, comment: '', targets: plan.fleet },
    ...{ allowShrink: false, deliverySeconds: 600, executionSeconds: 10_800 },
    ...{ concurrency: '10%', spreadSeconds: 0 },
  };
  const gone = { caretaker: 'i-00000001', instances: [goneId, 'i-00000009'], before: '20260825T180000Z' };
  expect(
    [undefined, gone].map((each) => {
      const prune = { dryRun: false, ...(each === undefined ? {} : { gone: each }) };
      const { caretaker, gone: names, goneBefore } = pruneParameters({ ...command, prune }, new Date());
      return [caretaker, names, goneBefore];
    }),
  ).toEqual([
    [[''], [''], ['']],
    [['i-00000001'], [`${goneId},i-00000009`], ['20260825T180000Z']],
  ]);
});

test('one look at the fleet says who is gone and who is expected', async () => {
  const world = newWorld();
  const { inventory } = world.doors;
  let looks = 0;
  const take: Inventory['take'] = (fleet) => {
    looks += 1;
    return inventory.take(fleet);
  };
  Object.assign(world.doors, { inventory: { ...inventory, take } });
  await night(world, 23);
  // Of the backup, and of its prune.
  expect(looks).toBe(2);
  expect(caretakerOf(world, 23)).toBeDefined();
});

test('the same check again asks nobody again', async () => {
  const world = newWorld();
  await night(world, 23, [goneId]);
  await night(world, 24);
  const before = recordOf(world, 24);
  const inventory = { ...world.doors.inventory, take: () => Promise.reject(new Error('asked')) };
  await checkRun({ ...world.doors, inventory }, plan, runOf(24, 'backup'), worker(world, 'c9'));
  expect(recordOf(world, 24)).toEqual(before);
});
