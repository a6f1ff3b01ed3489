import { describe, expect, test } from '@jest/globals';
import { type Departure, drainInstance } from '../../../functions/pipeline/drain-instance.ts';
import { lookAfterDrain, type WakeReason } from '../../../functions/pipeline/drain-run.ts';
import { plansFor } from '../../../functions/pipeline/plans-for.ts';
import type { RunRecord } from '../../../functions/pipeline/run-record.ts';
import { Died, instanceIds, lineOf, newWorld, plan, type World, worker } from './memory-world.ts';

const [one = '', two = '', three = ''] = instanceIds;
const wave = 'acme-web/20261123T180100Z-final-backup';

const leaving = (world: World, instance = one, changes: Partial<Departure> = {}): Departure => ({
  instance,
  group: 'acme-web',
  why: 'life-cycle',
  at: world.now,
  action: { hook: 'lifeboat-drain', group: 'acme-web', token: `token of ${instance}` },
  ...changes,
});
const drain = (world: World, departure: Departure, requestId = `d-${departure.instance}`) =>
  drainInstance(world.doors, [plan], departure, worker(world, requestId));
const look = (world: World, why: WakeReason = { kind: 'wake-up' }, run = wave, requestId = 'l1') =>
  lookAfterDrain(world.doors, plan, run, worker(world, requestId), why);
const ended = (world: World, index = world.sent.length - 1): WakeReason => ({
  kind: 'ended',
  commandId: world.sent[index]?.commandId ?? '',
});
const later = (world: World, seconds: number) => {
  world.now = new Date(world.now.getTime() + seconds * 1000);
};
const record = (world: World, run = wave): RunRecord => {
  const stored = world.records.get(run);
  if (stored === undefined) throw new Error(`no record of ${run}`);
  return stored.value;
};
const atWork = { status: 'InProgress', statusDetails: 'InProgress', output: '' };
const fails = (instance: string, cause: string, responseCode: number) => ({
  status: 'Failed',
  statusDetails: 'Failed',
  responseCode,
  output: lineOf(instance, { outcome: 'failed', cause }, wave),
});
const completed = (world: World) => world.lifeCycle.filter((call) => call.startsWith('complete'));
const toldKinds = (world: World) => world.told.map(({ channel, notice }) => `${channel} ${notice.kind}`);

describe('an instance that its group terminates', () => {
  test('is let go when its final backup is good, and not before', async () => {
    const world = newWorld();
    expect(await drain(world, leaving(world))).toMatchObject({
      runs: [wave],
      until: '2026-11-23T19:00:01.000Z',
    });
    expect(completed(world)).toEqual([]);
    await look(world, ended(world));
    expect(completed(world)).toEqual([`complete ${one}`]);
    expect(world.snapshotsTaken).toEqual([]);
    later(world, 60);
    await look(world);
    expect(record(world)).toMatchObject({ state: 'closed', result: 'protected', operation: 'final-backup' });
    expect(record(world)).not.toHaveProperty('settled');
    expect(toldKinds(world)).toEqual(['slack succeeded']);
  });

  test('is told how much time it has, and that is less than the instance has', async () => {
    const world = newWorld();
    await drain(world, leaving(world));
    expect(world.requests).toMatchObject([
      { operation: 'final-backup', budgetSeconds: 3_510, executionSeconds: 3_510, deliverySeconds: 600 },
    ]);
  });

  test('the same event twice, at once and later, sends one command and lets it go once', async () => {
    const world = newWorld();
    const departure = leaving(world);
    await Promise.all([drain(world, departure, 'a'), drain(world, departure, 'b')]);
    await drain(world, departure, 'c');
    await look(world, ended(world));
    await look(world, ended(world));
    await drain(world, departure, 'd');
    later(world, 3_600);
    await drain(world, departure, 'e');
    expect([world.sent.length, completed(world).length, world.records.size]).toEqual([1, 1, 1]);
  });

  test('with an application that works for long, its heart is kept beating by wake-ups', async () => {
    const world = newWorld();
    world.answers = () => atWork;
    await drain(world, leaving(world));
    later(world, 60);
    await look(world);
    expect(world.lifeCycle).toEqual([`beat ${one}`]);
    expect(world.wakeUps.at(-1)).toMatchObject({
      run: wave,
      at: new Date('2026-11-23T18:31:01Z'),
      why: 'heartbeat',
    });
    later(world, 1_800);
    await look(world);
    expect(world.lifeCycle).toEqual([`beat ${one}`, `beat ${one}`]);
    // The last wake-up is the moment at which there is time left for a snapshot.
    expect(world.wakeUps.at(-1)?.at).toEqual(new Date('2026-11-23T18:58:31Z'));
  });

  test('when time runs out, it is kept as a snapshot, let go, and that is told', async () => {
    const world = newWorld();
    world.answers = () => atWork;
    await drain(world, leaving(world));
    later(world, 3_511);
    await look(world);
    expect(world.snapshotsTaken).toEqual([one]);
    expect(completed(world)).toEqual([`complete ${one}`]);
    expect(record(world)).toMatchObject({
      result: 'failed',
      results: [{ outcome: 'timed-out', cause: 'deadline-passed', snapshots: [`snap-of-${one}`] }],
    });
    expect(toldKinds(world)).toEqual(['slack failed', 'jira failed']);
  });

  test('whose final backup fails is kept as a snapshot, and let go', async () => {
    const world = newWorld();
    world.answers = () => fails(one, 'share-full', 15);
    await drain(world, leaving(world));
    await look(world, ended(world));
    expect([world.snapshotsTaken, completed(world)]).toEqual([[one], [`complete ${one}`]]);
  });

  test('which had no time for everything is kept as a snapshot, too', async () => {
    const world = newWorld();
    const warnings = [{ cause: 'out-of-time', count: 3, example: 'a.pdf' }];
    world.answers = () => ({
      output: lineOf(one, { outcome: 'protected-with-warnings', warnings }, wave),
    });
    await drain(world, leaving(world));
    await look(world, ended(world));
    expect(record(world).settled).toMatchObject([
      { outcome: 'protected-with-warnings', snapshots: [`snap-of-${one}`] },
    ]);
  });

  test('is sent once more what may pass by itself, and waits for a night that is under way', async () => {
    const world = newWorld();
    world.answers = (_, attempt) => (attempt < 3 ? fails(one, 'already-running', 30) : {});
    await drain(world, leaving(world));
    await look(world, ended(world));
    expect(world.sent).toHaveLength(1);
    for (const seconds of [60, 1_800]) {
      later(world, seconds);
      await look(world);
    }
    expect(world.sent.map(({ comment }) => comment.split('#')[1])).toEqual(['1.1', '2.2', '3.3']);
    await look(world, ended(world));
    expect(record(world)).toMatchObject({ result: 'protected', results: [{ attempts: 3 }] });
    expect(world.snapshotsTaken).toEqual([]);
  });

  test('that dies in the middle is gone, told, and keeps nobody waiting', async () => {
    const world = newWorld();
    world.answers = () => atWork;
    await drain(world, leaving(world));
    world.there = () => [];
    world.actionFate = () => ({ kind: 'over' });
    later(world, 60);
    await look(world);
    expect(record(world)).toMatchObject({
      state: 'closed',
      result: 'failed',
      results: [{ outcome: 'gone', cause: 'instance-terminated' }],
    });
    expect(world.snapshotsTaken).toEqual([]);
    expect(toldKinds(world)).toContain('slack failed');
  });

  test('whose agent is gone is kept as a snapshot at once, when the command has found nobody', async () => {
    const world = newWorld();
    world.fleet = world.fleet.map((member) => ({ ...member, ping: 'absent' as const }));
    world.answers = () => 'nothing';
    await drain(world, leaving(world));
    await look(world, ended(world));
    expect([world.snapshotsTaken, completed(world)]).toEqual([[one], [`complete ${one}`]]);
    expect(record(world).settled).toMatchObject([{ outcome: 'unreachable', cause: 'agent-absent' }]);
  });

  test('whose command AWS refuses does not wait for an event that never comes', async () => {
    const world = newWorld();
    world.refuse = 'InvalidDocument';
    await drain(world, leaving(world));
    expect([world.snapshotsTaken, completed(world)]).toEqual([[one], [`complete ${one}`]]);
  });

  test('a hook that the function may not complete is told, with what to do', async () => {
    const world = newWorld();
    await drain(world, leaving(world));
    world.actionFate = () => ({ kind: 'refused', why: 'AccessDenied: not authorized' });
    await look(world, ended(world));
    later(world, 60);
    await look(world);
    expect(record(world)).toMatchObject({ result: 'partial', results: [{ outcome: 'protected' }] });
    expect(record(world).problems[0]).toMatch(
      /lifeboat-drain of i-00000001 \(AccessDenied.*Deploy Lifeboat again/,
    );
    expect(toldKinds(world)).toContain('slack failed');
  });

  test('a snapshot that AWS does not allow is told', async () => {
    const world = newWorld();
    world.answers = () => fails(one, 'share-full', 15);
    world.snapshotFate = () => ({ kind: 'impossible', why: 'UnauthorizedOperation' });
    await drain(world, leaving(world));
    await look(world, ended(world));
    expect(record(world).problems).toEqual([`No snapshot of ${one} could be taken: UnauthorizedOperation`]);
    expect(completed(world)).toEqual([`complete ${one}`]);
  });

  test('of a plan that wants no final backup is let go at once, and nothing is sent', async () => {
    const world = newWorld();
    const { drain: _, ...without } = plan;
    await drainInstance(world.doors, [without], leaving(world), worker(world, 'd1'));
    expect([completed(world), world.sent.length, world.records.size]).toEqual([[`complete ${one}`], 0, 0]);
  });

  test('of two plans waits for both', async () => {
    const world = newWorld();
    const other = { ...plan, name: 'acme-copy' };
    const copies = wave.replace('acme-web', 'acme-copy');
    await drainInstance(world.doors, [plan, other], leaving(world), worker(world, 'd1'));
    await look(world, ended(world, 0));
    expect(completed(world)).toEqual([]);
    await lookAfterDrain(world.doors, other, copies, worker(world, 'l2'), ended(world, 1));
    expect(completed(world)).toEqual([`complete ${one}`]);
  });

  test('of a group that no plan names is somebody’s mistake, and said', async () => {
    const world = newWorld();
    const stranger = leaving(world, one, {
      group: 'other',
      action: { hook: 'lifeboat', group: 'other', token: 't' },
    });
    await expect(plansFor(world.doors.inventory, [plan], stranger)).rejects.toThrow(/other.*fleet\.groups/);
  });
});

describe('a spot instance', () => {
  test('has two minutes: no second command, a snapshot where the first one failed', async () => {
    const world = newWorld();
    world.answers = () => fails(one, 'share-unresponsive', 16);
    const { action: _, ...warned } = leaving(world, one, { why: 'spot' });
    await drain(world, warned);
    expect(world.requests).toMatchObject([{ budgetSeconds: 100, deliverySeconds: 33 }]);
    await look(world, ended(world));
    expect([world.sent.length, world.snapshotsTaken]).toEqual([1, [one]]);
  });

  test('whose group begins a life-cycle action, too, is saved once, and let go', async () => {
    const world = newWorld();
    const { action: _, ...warned } = leaving(world, one, { why: 'spot' });
    await drain(world, warned);
    await drain(world, leaving(world), 'd2');
    await look(world, ended(world));
    expect([world.sent.length, completed(world)]).toEqual([1, [`complete ${one}`]]);
  });
});

describe('a scale-in of many', () => {
  test('is one run and one message, and each instance is let go by itself', async () => {
    const world = newWorld();
    world.answers = (instance) => (instance === three ? atWork : {});
    await Promise.all(instanceIds.map((instance) => drain(world, leaving(world, instance))));
    expect([...world.records.keys()]).toEqual([wave]);
    for (const index of [0, 1, 2]) await look(world, ended(world, index));
    expect(completed(world).toSorted()).toEqual([`complete ${one}`, `complete ${two}`]);
    world.answers = () => ({});
    later(world, 60);
    await look(world);
    expect(record(world)).toMatchObject({ state: 'closed', result: 'protected' });
    expect(record(world).results).toHaveLength(3);
    expect(toldKinds(world)).toEqual(['slack succeeded']);
  });

  test('one that comes when its wave is closed gets another', async () => {
    const world = newWorld();
    await drain(world, leaving(world));
    await look(world, ended(world));
    later(world, 60);
    await look(world);
    await drain(world, leaving(world, two));
    expect(world.sent.at(-1)?.comment).toBe('acme-web/20261123T180200Z-final-backup#1.1');
  });
});

describe('a death at any call', () => {
  const story = async (world: World): Promise<void> => {
    const departure = { ...leaving(world), at: new Date('2026-11-23T18:00:01Z') };
    world.answers = () => fails(one, 'share-full', 15);
    await drain(world, departure);
    await look(world, ended(world));
    later(world, 60);
    await look(world);
  };

  test.each(['before', 'after'] as const)(
    '%s: it is sent once, kept as one snapshot, let go, closed and told once',
    async (when) => {
      const whole = newWorld();
      await story(whole);
      expect(whole.calls).toBeGreaterThan(40);
      for (let call = 1; call <= whole.calls; call += 1) {
        const world = newWorld();
        world.dieAt = { call, when };
        await story(world).catch((error: unknown) => expect(error).toBeInstanceOf(Died));
        world.dieAt = undefined;
        // Lambda's retry of the event, and the wake-ups that are left.
        await story(world);
        later(world, 200);
        await look(world, { kind: 'wake-up' }, [...world.records.keys()][0]);
        const [saved] = [...world.records.values()].map(({ value }) => value);
        expect({ call, state: saved?.state, sent: world.sent.length }).toEqual({
          call,
          state: 'closed',
          sent: 1,
        });
        expect({ call, results: saved?.results }).toMatchObject({
          call,
          results: [{ cause: 'share-full', snapshots: [`snap-of-${one}`] }],
        });
        expect({ call, snapshots: world.snapshotsTaken }).toEqual({ call, snapshots: [one] });
        expect({ call, gone: completed(world).length > 0 }).toEqual({ call, gone: true });
        expect({ call, told: toldKinds(world).toSorted() }).toEqual({
          call,
          told: ['jira failed', 'slack failed'],
        });
      }
    },
  );
});
