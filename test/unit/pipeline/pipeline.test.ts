import { describe, expect, test } from '@jest/globals';
import { checkRun } from '../../../functions/pipeline/check-run.ts';
import { type DispatchRequest, dispatchRun } from '../../../functions/pipeline/dispatch-run.ts';
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

const request: DispatchRequest = {
  plan,
  operation: 'backup',
  trigger: { kind: 'schedule', requestId: 'r1' },
  scheduledTime,
  allowShrink: false,
  dryRun: false,
};

const dispatch = (world: World, requestId = 'r1', changes: Partial<DispatchRequest> = {}) =>
  dispatchRun(world.doors, { ...request, ...changes }, worker(world, requestId));
const check = (world: World, requestId = 'c1') =>
  checkRun(world.doors, plan, theRun, worker(world, requestId));
const record = (world: World): RunRecord => {
  const stored = world.records.get(theRun);
  if (stored === undefined) throw new Error('no record');
  return stored.value;
};
const toldKinds = (world: World) => world.told.map(({ channel, notice }) => `${channel} ${notice.kind}`);

describe('a night', () => {
  test('saves every instance, closes once and tells start and success', async () => {
    const world = newWorld();
    const answer = await dispatch(world);
    expect(answer).toMatchObject({ run: theRun, state: 'running', expected: instanceIds, skipped: [] });
    await check(world);
    await check(world, 'c2');
    expect(record(world)).toMatchObject({ state: 'closed', result: 'protected' });
    expect(world.closedMetrics).toHaveLength(1);
    expect(toldKinds(world)).toEqual(['slack started', 'slack succeeded']);
  });

  test('an event that comes before SSM shows the end makes check look again, not wait for the deadline', async () => {
    const world = newWorld();
    await dispatch(world);
    let looks = 0;
    world.answers = (instance) => {
      if (instance === instanceIds[0]) looks += 1;
      return looks < 3 ? { status: 'InProgress', statusDetails: 'InProgress', output: '' } : {};
    };
    expect(await check(world)).toMatchObject({ state: 'running' });
    expect(looks).toBe(1);
    await checkRun(world.doors, plan, theRun, worker(world, 'c2'), world.sent[0]?.commandId);
    expect(record(world)).toMatchObject({ state: 'closed', result: 'protected' });
  });

  test('a second trigger of the same run sends nothing', async () => {
    const world = newWorld();
    await dispatch(world);
    const again = await dispatch(world, 'r2');
    expect(world.sent).toHaveLength(1);
    expect(again.note).toMatch(/begun before/);
  });

  test('two dispatches at the same time send one command', async () => {
    const world = newWorld();
    await Promise.all([dispatch(world, 'r1'), dispatch(world, 'r2'), dispatch(world, 'r3')]);
    expect(world.sent).toHaveLength(1);
  });

  test('the deadline is set before the command is sent', async () => {
    const world = newWorld();
    world.refuse = 'InvalidDocument';
    await dispatch(world);
    expect(world.wakeUps[0]).toMatchObject({
      run: theRun,
      why: 'deadline',
      at: new Date('2026-11-23T21:00:01Z'),
    });
    expect(world.wakeUps[1]?.why).toBe('look-again');
    await check(world);
    expect(record(world).results?.map(({ cause, detail }) => [cause, detail])).toEqual(
      instanceIds.map(() => ['command-not-sent', 'InvalidDocument']),
    );
  });

  test('a dry run writes and sends nothing', async () => {
    const world = newWorld();
    const answer = await dispatch(world, 'r1', { dryRun: true });
    expect(answer).toMatchObject({ state: 'dry-run', expected: instanceIds });
    expect([world.records.size, world.sent.length, world.wakeUps.length]).toEqual([0, 0, 0]);
  });

  test('named instances that are not in the fleet are skipped with the reason, and none at all is refused', async () => {
    const world = newWorld();
    const answer = await dispatch(world, 'r1', { instances: ['i-00000001', 'i-deadbeef'] });
    expect(answer.expected).toEqual(['i-00000001']);
    expect(answer.skipped).toEqual([{ instance: 'i-deadbeef', why: "not in the plan's fleet" }]);
    await expect(dispatch(newWorld(), 'r1', { instances: ['i-deadbeef'] })).rejects.toThrow(/i-deadbeef/);
  });

  test('a group that does not exist makes the run fail, told', async () => {
    const world = newWorld();
    world.fleet = [];
    world.problems = ['The Auto Scaling group acme-web does not exist.'];
    await dispatch(world);
    await check(world);
    expect(record(world).result).toBe('failed');
    expect(toldKinds(world)).toContain('slack failed');
  });

  test('an empty group is nothing to protect, and no failure', async () => {
    const world = newWorld();
    world.fleet = [];
    await dispatch(world);
    await check(world);
    expect(record(world).result).toBe('nothing-to-protect');
  });
});

describe('trouble', () => {
  test('one instance that fails makes a partial night: neither lost nor good', async () => {
    const world = newWorld();
    world.answers = (instance) =>
      instance === 'i-00000002'
        ? {
            status: 'Failed',
            statusDetails: 'Failed',
            responseCode: 21,
            output: lineOf(instance, { outcome: 'failed', cause: 'source-empty' }),
          }
        : {};
    await dispatch(world);
    await check(world);
    expect(record(world)).toMatchObject({ result: 'partial' });
    expect(toldKinds(world)).toEqual(['slack started', 'slack failed', 'jira failed']);
  });

  test('what may pass by itself is sent once more, to those instances alone', async () => {
    const world = newWorld();
    world.answers = (instance, attempt) =>
      instance === 'i-00000003' && attempt === 1
        ? { status: 'Failed', statusDetails: 'Failed', responseCode: 10, output: '' }
        : {};
    await dispatch(world);
    expect(await check(world)).toMatchObject({ state: 'running' });
    expect(world.sent[1]).toMatchObject({ comment: `${theRun}#2.1`, instances: ['i-00000003'] });
    await check(world);
    expect(record(world)).toMatchObject({ state: 'closed', result: 'protected' });
    expect(record(world).results?.[2]).toMatchObject({ attempts: 2, outcome: 'protected' });
  });

  test('a cause that stays is not sent a third time', async () => {
    const world = newWorld();
    world.answers = () => ({ status: 'Failed', statusDetails: 'Failed', responseCode: 10, output: '' });
    await dispatch(world);
    await check(world);
    await check(world);
    expect(world.sent).toHaveLength(2);
    expect(record(world)).toMatchObject({ state: 'closed', result: 'failed' });
  });

  test('an instance without an agent is unreachable and heard of', async () => {
    const world = newWorld();
    world.fleet = world.fleet.map((member) =>
      member.instance === 'i-00000001' ? { ...member, ping: 'absent' } : member,
    );
    world.answers = (instance) => (instance === 'i-00000001' ? 'nothing' : {});
    await dispatch(world);
    await check(world);
    expect(record(world).results?.[0]).toMatchObject({
      outcome: 'unreachable',
      cause: 'agent-absent',
      reached: false,
    });
    expect(record(world).result).toBe('partial');
  });

  test('an instance that vanished in the middle is gone, without waiting for the deadline', async () => {
    const world = newWorld();
    world.answers = (instance) =>
      instance === 'i-00000002' ? { status: 'InProgress', statusDetails: 'InProgress' } : {};
    await dispatch(world);
    world.there = () => world.fleet.filter(({ instance }) => instance !== 'i-00000002');
    await check(world);
    expect(record(world).results?.[1]).toMatchObject({ outcome: 'gone', cause: 'instance-terminated' });
  });

  test('the deadline closes the run whatever is open', async () => {
    const world = newWorld();
    world.answers = () => ({ status: 'InProgress', statusDetails: 'InProgress' });
    await dispatch(world);
    expect(await check(world)).toMatchObject({ state: 'running' });
    world.now = new Date(record(world).deadline);
    await check(world);
    expect(record(world).results?.map(({ outcome }) => outcome)).toEqual([
      'timed-out',
      'timed-out',
      'timed-out',
    ]);
  });

  test('a dispatch that died before it sent anything is told at the deadline, instance by instance', async () => {
    const world = newWorld();
    world.dieAt = { call: 4, when: 'before' };
    await expect(dispatch(world)).rejects.toThrow(Died);
    world.dieAt = undefined;
    world.now = new Date(record(world).deadline);
    await check(world);
    expect(record(world).results?.map(({ cause }) => cause)).toEqual(
      instanceIds.map(() => 'command-not-sent'),
    );
    expect(toldKinds(world)).toContain('jira failed');
  });

  test('only those who have not said that all is well are asked for', async () => {
    const world = newWorld();
    world.answers = (instance) =>
      instance === 'i-00000002' ? { status: 'InProgress', statusDetails: 'InProgress', output: '' } : {};
    await dispatch(world);
    await check(world);
    expect(world.askedFor).toEqual(['i-00000002']);
    world.answers = () => ({});
    await check(world);
    expect(world.askedFor).toEqual(['i-00000002']);
    expect(record(world)).toMatchObject({ state: 'closed', result: 'protected' });
  });

  test('without a wake-up at the deadline nothing is begun', async () => {
    const world = newWorld();
    world.dieAt = { call: 2, when: 'before' };
    await expect(dispatch(world)).rejects.toThrow(Died);
    expect([world.records.size, world.sent.length]).toEqual([0, 0]);
  });

  test('a run that AWS does not let us look at is closed after the deadline, with the reason, and told', async () => {
    const world = newWorld();
    await dispatch(world);
    world.answers = () => {
      throw new Error('AccessDenied');
    };
    await expect(check(world)).rejects.toThrow('AccessDenied');
    world.now = new Date(record(world).deadline);
    expect(await check(world)).toMatchObject({ state: 'running' });
    world.now = new Date(world.now.getTime() + 16 * 60_000);
    await check(world);
    expect(record(world)).toMatchObject({ state: 'closed', result: 'failed' });
    expect(record(world).problems[0]).toMatch(/AccessDenied/);
    expect(toldKinds(world)).toContain('slack failed');
  });

  test('an instance that was on its way out and has gone is not missed', async () => {
    const world = newWorld();
    const leaving = { instance: 'i-0000000f', ping: 'Online' as const };
    world.answers = (instance) =>
      instance === leaving.instance ? { status: 'InProgress', statusDetails: 'InProgress' } : {};
    await dispatch(world);
    world.sent[0] = {
      ...world.sent[0],
      commandId: 'command-1',
      comment: `${theRun}#1.1`,
      instances: [...instanceIds, leaving.instance],
    };
    await check(world);
    expect(record(world)).toMatchObject({ state: 'closed', result: 'protected' });
  });

  test('a decision that another worker has overtaken does not close the run', async () => {
    const world = newWorld();
    world.answers = (_, attempt) =>
      attempt === 1 ? { status: 'Failed', statusDetails: 'Failed', responseCode: 10, output: '' } : {};
    world.there = () => world.fleet.map((member) => ({ ...member, ping: 'ConnectionLost' }));
    await dispatch(world);
    const { read } = world.doors.runs;
    let overtaken = false;
    const doors = {
      ...world.doors,
      metrics: world.doors.metrics,
      inventory: {
        ...world.doors.inventory,
        look: async (...given: Parameters<typeof world.doors.inventory.look>) => {
          const seen = await world.doors.inventory.look(...given);
          if (!overtaken) {
            overtaken = true;
            world.there = () => world.fleet;
            await check(world, 'faster');
          }
          return seen;
        },
      },
    };
    expect((await read(theRun))?.value.state).toBe('running');
    expect(await checkRun(doors, plan, theRun, worker(world, 'slower'))).toMatchObject({ state: 'running' });
    await check(world, 'later');
    expect(record(world)).toMatchObject({ state: 'closed', result: 'protected' });
  });

  test('a line about another instance protects nobody', async () => {
    const world = newWorld();
    world.answers = (instance) => (instance === 'i-00000001' ? { output: lineOf('i-00000002') } : {});
    await dispatch(world);
    await check(world);
    expect(record(world).results?.[0]).toMatchObject({ outcome: 'failed', cause: 'no-report' });
  });
});

describe('incidents', () => {
  const fails = () => ({ status: 'Failed', statusDetails: 'Failed', responseCode: 15, output: '' });
  const night = async (world: World, day: number) => {
    const time = new Date(Date.UTC(2026, 10, 23 + day, 18));
    world.now = new Date(time.getTime() + 1000);
    const { run } = await dispatch(world, `r${day}`, { scheduledTime: time });
    await checkRun(world.doors, plan, run, worker(world, `c${day}`));
  };
  /** Lines name the run they belong to, so nights after the first answer by exit code and line of their own. */
  const good = (world: World) => (instance: string) => ({
    output: lineOf(instance, { run: [...world.records.keys()].sort().at(-1) }),
  });

  test('the same failure is told once and counted daily, its growing old and its end are told, the next success again', async () => {
    const world = newWorld();
    world.answers = fails;
    await night(world, 0);
    await night(world, 1);
    await night(world, 2);
    world.answers = good(world);
    await night(world, 3);
    await night(world, 4);
    expect(toldKinds(world).filter((told) => !told.endsWith('started'))).toEqual([
      'slack failed',
      'jira failed',
      'slack reminded',
      'slack escalated',
      'jira escalated',
      'slack recovered',
      'jira recovered',
      'slack succeeded',
    ]);
    expect(world.incidents.get('acme-web')?.value).toMatchObject({ state: 'closed', failingRuns: 3 });
  });

  test('another cause is another failure and is told', async () => {
    const world = newWorld();
    world.answers = fails;
    await night(world, 0);
    world.answers = () => ({ ...fails(), responseCode: 21 });
    await night(world, 1);
    expect(toldKinds(world).filter((told) => told === 'slack failed')).toHaveLength(2);
  });

  test('a run of one instance by hand does not end an incident of another', async () => {
    const world = newWorld();
    world.answers = (instance) => (instance === 'i-00000001' ? {} : fails());
    await night(world, 0);
    world.answers = good(world);
    const time = new Date('2026-11-23T19:00:00Z');
    world.now = time;
    const { run } = await dispatch(world, 'hand', { scheduledTime: time, instances: ['i-00000002'] });
    await checkRun(world.doors, plan, run, worker(world, 'c'));
    expect(world.incidents.get('acme-web')?.value).toMatchObject({
      state: 'open',
      instances: ['i-00000003'],
    });
    expect(toldKinds(world)).not.toContain('slack recovered');
  });

  test('the same failure seen by a run of the fleet and by a run by hand is one failure', async () => {
    const world = newWorld();
    world.answers = (instance) => (instance === 'i-00000001' ? fails() : {});
    await night(world, 0);
    const time = new Date('2026-11-23T19:00:00Z');
    world.now = time;
    const { run } = await dispatch(world, 'hand', { scheduledTime: time, instances: ['i-00000001'] });
    await checkRun(world.doors, plan, run, worker(world, 'c'));
    expect(toldKinds(world).filter((told) => told.endsWith('failed'))).toEqual([
      'slack failed',
      'jira failed',
    ]);
  });

  test('a run by hand that overtakes the night does not silence it', async () => {
    const world = newWorld();
    const hand = new Date('2026-11-23T18:30:00Z');
    await dispatch(world);
    world.now = hand;
    const { run } = await dispatch(world, 'hand', { scheduledTime: hand, instances: ['i-00000001'] });
    world.answers = good(world);
    await checkRun(world.doors, plan, run, worker(world, 'c'));
    world.answers = fails;
    world.now = new Date(record(world).deadline);
    await check(world);
    expect(toldKinds(world)).toContain('slack failed');
  });

  test('a channel that is down keeps neither the run nor the other channel, and is tried again later', async () => {
    const world = newWorld();
    world.answers = fails;
    world.failingChannels.add('slack');
    await dispatch(world);
    await check(world);
    expect(record(world).state).toBe('closed');
    expect(toldKinds(world)).toEqual(['jira failed']);
    expect(world.wakeUps.at(-1)?.why).toBe('look-again');
    world.failingChannels.clear();
    await check(world, 'c2');
    // That it had begun is no news any more.
    expect(toldKinds(world)).toEqual(['jira failed', 'slack failed']);
  });
});

describe('a worker that dies anywhere', () => {
  /** Counts the door calls of an undisturbed night, so that the loops below visit each of them. */
  const callsOf = async (prepare: (world: World) => void) => {
    const world = newWorld();
    prepare(world);
    await dispatch(world);
    const dispatching = world.calls;
    await check(world);
    await check(world, 'c-late');
    return { dispatching, all: world.calls };
  };
  const oneFails = (world: World) => {
    world.answers = (instance, attempt) =>
      instance === 'i-00000002' && attempt === 1
        ? { status: 'Failed', statusDetails: 'Failed', responseCode: 10, output: '' }
        : instance === 'i-00000003'
          ? { status: 'Failed', statusDetails: 'Failed', responseCode: 15, output: '' }
          : {};
  };

  test.each(['before', 'after'] as const)(
    'dispatch, %s each of its calls: one command, one end',
    async (when) => {
      const { dispatching } = await callsOf(() => undefined);
      expect(dispatching).toBeGreaterThan(8);
      for (let call = 1; call <= dispatching; call += 1) {
        const world = newWorld();
        world.dieAt = { call, when };
        // A death inside the channel's own call is a channel that failed: dispatch goes on.
        await dispatch(world).catch((error: unknown) => expect(error).toBeInstanceOf(Died));
        world.dieAt = undefined;
        await dispatch(world);
        await check(world);
        const sent = world.sent.filter(({ comment }) => comment.startsWith(theRun)).length;
        expect({ call, sent, result: record(world).result }).toEqual({
          call,
          sent: 1,
          result: 'protected',
        });
        expect({ call, told: toldKinds(world).toSorted() }).toEqual({
          call,
          told: ['slack started', 'slack succeeded'],
        });
      }
    },
  );

  test('dispatch for named instances, before each of its calls: check goes on for these alone', async () => {
    const named = ['i-00000002'];
    for (let call = 5; call <= 12; call += 1) {
      const world = newWorld();
      world.dieAt = { call, when: 'before' };
      await dispatch(world, 'r1', { instances: named }).catch((error: unknown) =>
        expect(error).toBeInstanceOf(Died),
      );
      world.dieAt = undefined;
      // The lease of the dead worker is over long before the deadline.
      world.now = new Date(world.now.getTime() + 30 * 60_000);
      await check(world);
      await check(world);
      const expected = record(world).expected?.map(({ instance }) => instance);
      const targets = record(world).commands.map((command) => command.targets);
      expect({ call, expected, targets, result: record(world).result }).toEqual({
        call,
        expected: named,
        targets: [{ kind: 'instances', instances: named }],
        result: 'protected',
      });
    }
  });

  test.each(['before', 'after'] as const)(
    'check, %s each of its calls: closed once, told once, retried once',
    async (when) => {
      const { dispatching, all } = await callsOf(oneFails);
      expect(all - dispatching).toBeGreaterThan(20);
      for (let call = dispatching + 1; call <= all; call += 1) {
        const world = newWorld();
        oneFails(world);
        await dispatch(world);
        world.dieAt = { call, when };
        await check(world).catch((error: unknown) => expect(error).toBeInstanceOf(Died));
        world.dieAt = undefined;
        await check(world);
        await check(world, 'c-retry-event');
        const later = new Date(record(world).deadline);
        world.now = later;
        await check(world, 'c-deadline');
        expect({ call, sent: world.sent.map(({ comment }) => comment) }).toEqual({
          call,
          sent: [`${theRun}#1.1`, `${theRun}#2.1`],
        });
        expect({ call, result: record(world).result }).toEqual({ call, result: 'partial' });
        expect({ call, told: toldKinds(world).toSorted() }).toEqual({
          call,
          told: ['jira failed', 'slack failed', 'slack started'],
        });
      }
    },
  );

  test('several checks at the same time close, retry and tell once', async () => {
    const world = newWorld();
    oneFails(world);
    await dispatch(world);
    await Promise.all(['a', 'b', 'c'].map((id) => check(world, id)));
    await Promise.all(['d', 'e', 'f'].map((id) => check(world, id)));
    world.now = new Date(record(world).deadline);
    await check(world, 'deadline');
    expect(world.sent).toHaveLength(2);
    expect(toldKinds(world).toSorted()).toEqual(['jira failed', 'slack failed', 'slack started']);
  });
});
