import { describe, expect, test } from '@jest/globals';
import { cancelRun } from '../../../functions/pipeline/cancel-run.ts';
import { checkRun } from '../../../functions/pipeline/check-run.ts';
import { type DispatchRequest, dispatchRun } from '../../../functions/pipeline/dispatch-run.ts';
import type { Invocation } from '../../../functions/pipeline/doors.ts';
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
const dispatch = (world: World, changes: Partial<DispatchRequest> = {}) =>
  dispatchRun(world.doors, { ...request, ...changes }, worker(world, 'r1'));
const check = (world: World, run = theRun) => checkRun(world.doors, plan, run, worker(world, 'c1'));
const cancel = (world: World, run = theRun, why?: string) =>
  cancelRun(world.doors, { run, requestId: 'p1', ...(why === undefined ? {} : { why }) });
/** While the person waits for the answer, check hears of the end and comes. */
const cancelAndCheck = (world: World) => {
  const { clock } = world.doors;
  const sleep = async (milliseconds: number) => {
    await clock.sleep(milliseconds);
    await check(world);
  };
  return cancelRun({ ...world.doors, clock: { ...clock, sleep } }, { run: theRun, requestId: 'p1' });
};
const record = (world: World, run = theRun): RunRecord => {
  const stored = world.records.get(run);
  if (stored === undefined) throw new Error('no record');
  return stored.value;
};
const endOf = (world: World) =>
  (record(world).results ?? []).map(({ instance, outcome, cause }) => [instance, outcome, cause]);

const atWork: Partial<Invocation> = { status: 'InProgress', statusDetails: 'InProgress', output: '' };
const stopped: Partial<Invocation> = {
  status: 'Cancelled',
  statusDetails: 'Cancelled',
  responseCode: 137,
  output: '',
};
/** Instances that work until they are told to stop. */
const working = (): World => {
  const world = newWorld();
  world.answers = () => (world.cancelled.length > 0 ? stopped : atWork);
  return world;
};

describe('a run that a person cancels', () => {
  test('ends at once, with the cause in every instance that was at work, and the person is told', async () => {
    const world = working();
    await dispatch(world);
    const answer = await cancelAndCheck(world);
    expect(world.cancelled).toEqual(['command-1']);
    expect(answer).toMatchObject({ state: 'closed', result: 'failed', commands: ['command-1'] });
    expect(endOf(world)).toEqual(instanceIds.map((instance) => [instance, 'failed', 'cancelled']));
    expect(Date.parse(record(world).closedAt ?? '') - Date.parse(record(world).startedAt)).toBeLessThan(
      20_000,
    );
    expect(world.sent).toHaveLength(1);
  });

  test('what had ended before stays as it ended', async () => {
    const world = working();
    const [good, full, busy] = instanceIds;
    world.answers = (instance) => {
      if (instance === good) return {};
      if (instance !== full) return world.cancelled.length > 0 ? stopped : atWork;
      const line = lineOf(instance, { outcome: 'failed', cause: 'share-full' });
      return { status: 'Failed', statusDetails: 'Failed', responseCode: 15, output: line };
    };
    await dispatch(world);
    await cancelAndCheck(world);
    expect(record(world).result).toBe('partial');
    expect(endOf(world)).toEqual([
      [good, 'protected', undefined],
      [full, 'failed', 'share-full'],
      [busy, 'failed', 'cancelled'],
    ]);
  });

  test('one that never says that it has stopped is called cancelled all the same, and that it may be at work', async () => {
    const world = working();
    world.answers = () => ({ status: 'Cancelling', statusDetails: 'Cancelling', output: '' });
    await dispatch(world);
    expect((await cancel(world)).note).toMatch(/Not every instance has said yet.*check --data/);
    const [deadline, look] = world.wakeUps;
    expect([deadline?.why, look?.why]).toEqual(['deadline', 'look-again']);
    world.now = look?.at ?? world.now;
    await check(world);
    expect(record(world).state).toBe('closed');
    expect(record(world).results?.[0]).toMatchObject({
      cause: 'cancelled',
      detail: expect.stringMatching(/may still be at work/),
    });
  });

  test('a sender that is in the middle sends no more, and what it sent is cancelled', async () => {
    const world = working();
    world.fleet = Array.from({ length: 120 }, (_, index) => ({
      instance: `i-${String(index).padStart(8, '0')}`,
      ping: 'Online' as const,
    }));
    const { send } = world.doors.runCommand;
    const doors = {
      ...world.doors,
      runCommand: {
        ...world.doors.runCommand,
        send: async (command: Parameters<typeof send>[0]) => {
          const id = await send(command);
          if (world.sent.length === 1) await cancel(world);
          return id;
        },
      },
    };
    // One is not named, or it would be one command to the whole fleet.
    const instances = world.fleet.slice(1).map(({ instance }) => instance);
    await dispatchRun(doors, { ...request, instances }, worker(world, 'r1'));
    expect(world.sent).toHaveLength(1);
    expect(world.cancelled).toEqual(['command-1']);
    await check(world);
    expect(new Set(endOf(world).map(([, , cause]) => cause))).toEqual(new Set(['cancelled']));
    expect(endOf(world)).toHaveLength(119);
  });

  test('a check that had looked before does not close it as something else', async () => {
    const world = working();
    await dispatch(world);
    const { truth } = world.doors.runCommand;
    let looks = 0;
    const doors = {
      ...world.doors,
      runCommand: {
        ...world.doors.runCommand,
        truth: async (commandId: string) => {
          looks += 1;
          // The check has read the record, and a person cancels before it sees the instances.
          if (looks === 1) await cancel(world);
          return truth(commandId);
        },
      },
    };
    const early = await checkRun(doors, plan, theRun, worker(world, 'c0'));
    expect(early).toMatchObject({ state: 'running', note: expect.stringMatching(/cancelled it meanwhile/) });
    await check(world);
    expect(endOf(world).map(([, , cause]) => cause)).toEqual(['cancelled', 'cancelled', 'cancelled']);
  });

  test('nothing is sent a second time, whatever would be worth it', async () => {
    const world = working();
    world.answers = () =>
      world.cancelled.length === 0
        ? atWork
        : { status: 'Failed', statusDetails: 'RateExceeded', responseCode: -1, output: '' };
    await dispatch(world);
    await cancelAndCheck(world);
    expect(world.sent).toHaveLength(1);
    expect(record(world)).toMatchObject({ state: 'closed', result: 'failed' });
  });

  test('before its command was sent: nothing is sent, and everybody is named', async () => {
    const world = newWorld();
    world.dieAt = { call: 4, when: 'after' };
    await expect(dispatch(world)).rejects.toThrow(Died);
    world.dieAt = undefined;
    expect(record(world).expected).toBeUndefined();
    await cancelAndCheck(world);
    expect(world.sent).toEqual([]);
    expect(endOf(world)).toEqual(instanceIds.map((instance) => [instance, 'failed', 'cancelled']));
  });

  test('whatever call the canceller dies at: a second one, or check alone, ends it', async () => {
    for (const when of ['before', 'after'] as const)
      for (const second of [true, false])
        for (let call = 1; ; call += 1) {
          const world = working();
          await dispatch(world);
          world.dieAt = { call: world.calls + call, when };
          const died = await cancel(world).then(
            () => false,
            (error: unknown) => error instanceof Died,
          );
          world.dieAt = undefined;
          if (!died) break;
          if (second) await cancel(world);
          else world.answers = () => stopped;
          await check(world);
          const causes = new Set(endOf(world).map(([, , cause]) => cause));
          const marked = record(world).cancelled !== undefined;
          // Where the intention was not written down yet, nothing has been cancelled either.
          expect([call, when, second, [...causes]]).toEqual([
            call,
            when,
            second,
            [marked ? 'cancelled' : 'command-cancelled'],
          ]);
          if (second) expect(new Set(world.cancelled)).toEqual(new Set(['command-1']));
        }
  });

  test('is told once, by whom it was, when and why', async () => {
    const world = working();
    await dispatch(world);
    await cancel(world, theRun, 'the share is being moved');
    await check(world);
    const told = world.told.filter(({ notice }) => notice.kind === 'failed');
    expect(told.map(({ channel }) => channel)).toEqual(['slack', 'jira']);
    expect(told[0]?.notice.record.cancelled).toMatchObject({ why: 'the share is being moved' });
  });
});

describe('a prune that a person cancels', () => {
  test('is no incident: nothing was lost, and the next good night prunes', async () => {
    const world = working();
    await dispatch(world, { operation: 'prune', prune: { dryRun: false } });
    const run = theRun.replace('backup', 'prune');
    await cancel(world, run);
    await check(world, run);
    expect(record(world, run).results?.[0]?.cause).toBe('cancelled');
    expect(world.incidents.size).toBe(0);
    expect(world.told).toEqual([]);
  });
});

describe('nothing is cancelled', () => {
  test('of a run that is closed: the answer says since when', async () => {
    const world = newWorld();
    await dispatch(world);
    await check(world);
    const before = record(world);
    expect(await cancel(world)).toMatchObject({
      state: 'closed',
      result: 'protected',
      commands: [],
      note: expect.stringMatching(/nothing to cancel.*closed at 2026/),
    });
    expect(record(world)).toEqual(before);
    expect(world.cancelled).toEqual([]);
  });

  test('of a run that never was: the answer says where to look', async () => {
    await expect(cancel(newWorld())).rejects.toThrow(/no run .*\{"plan":"acme-web"\}/);
  });

  test('of a final backup: the instance goes, and its files with it', async () => {
    const world = newWorld();
    const run = theRun.replace('backup', 'final-backup');
    await dispatch(world);
    world.records.set(run, {
      version: 'x',
      value: { ...record(world), run, operation: 'final-backup' },
    });
    await expect(cancel(world, run)).rejects.toThrow(/final backup .* was not cancelled/);
    expect(world.cancelled).toEqual([]);
  });
});
