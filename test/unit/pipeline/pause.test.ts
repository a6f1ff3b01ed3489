import { describe, expect, test } from '@jest/globals';
import { plain } from '../../../functions/escalation/message.ts';
import { messageOf } from '../../../functions/escalation/messages.ts';
import { checkRun } from '../../../functions/pipeline/check-run.ts';
import { type DispatchRequest, dispatchRun } from '../../../functions/pipeline/dispatch-run.ts';
import { fleetOf, worstAge } from '../../../functions/pipeline/overview.ts';
import { beginByHand, beginBySchedule, pausePlan, resumePlan } from '../../../functions/pipeline/pause.ts';
import { NothingGoodToPruneAfter, pruneByHand } from '../../../functions/pipeline/prune-run.ts';
import {
  Died,
  instanceIds,
  lineOf,
  newWorld,
  plan,
  scheduledTime,
  type World,
  worker,
} from './memory-world.ts';

const day = 86_400_000;
const night = (nights = 0): DispatchRequest => ({
  plan,
  operation: 'backup',
  trigger: { kind: 'schedule', requestId: `r${nights}` },
  scheduledTime: new Date(scheduledTime.getTime() + nights * day),
  allowShrink: false,
  dryRun: false,
});
const byHand = (world: World): DispatchRequest => ({
  ...night(),
  trigger: { kind: 'hand', requestId: 'p1' },
  scheduledTime: world.now,
});
const until = new Date('2026-12-01T00:00:00Z');
const pause = (world: World, to = until, why = 'the share moves') =>
  pausePlan(world.doors, plan, { until: to, why });
/** A night of the schedule, and the check that follows by itself. */
const live = async (world: World, nights: number) => {
  world.now = new Date(scheduledTime.getTime() + nights * day + 1_000);
  const answer = await beginBySchedule(world.doors, night(nights), worker(world, `r${nights}`));
  await checkRun(world.doors, plan, answer.run, worker(world, `c${nights}`));
  return answer;
};
const backups = (world: World) => world.requests.filter(({ operation }) => operation === 'backup').length;
const kinds = (world: World) => world.told.map(({ channel, notice }) => `${channel} ${notice.kind}`);

describe('a night of a plan that is paused', () => {
  test('is skipped, leaves a record that says so, and is told as one line, each night', async () => {
    const world = newWorld();
    await pause(world);
    for (const nights of [0, 1]) {
      const answer = await live(world, nights);
      expect(answer).toMatchObject({ state: 'closed', expected: [], commands: [] });
      expect(answer.note).toBe('The plan is paused until 2026-12-01T00:00:00.000Z (the share moves).');
      expect(world.records.get(answer.run)?.value).toMatchObject({
        ...{ state: 'closed', result: 'paused', results: [], noticesDecided: true },
        paused: { until: until.toISOString(), why: 'the share moves' },
      });
    }
    expect(world.sent).toEqual([]);
    expect(kinds(world)).toEqual(['slack paused', 'slack paused']);
    const [line, ...more] = messageOf(world.told[0]?.notice ?? raise()).parts;
    expect(more).toEqual([]);
    expect(line?.kind === 'paragraph' ? plain(line.line) : '').toMatch(
      /^acme-web: backup skipped, the plan is paused until Tue, 1 Dec 2026.*Nothing was saved\. Why: the share moves$/,
    );
  });

  test('opens and closes no incident, and counts neither as a good run nor as a bad one', async () => {
    const world = newWorld();
    world.answers = (instance, _, run) => ({
      ...{ status: 'Failed', statusDetails: 'Failed', responseCode: 21 },
      output: lineOf(instance, { outcome: 'failed', cause: 'source-empty' }, run),
    });
    await live(world, 0);
    const before = world.incidents.get('acme-web')?.value;
    await pause(world);
    await live(world, 1);
    expect(world.incidents.get('acme-web')?.value).toEqual(before);
    expect(world.closedMetrics.map(({ result }) => result)).toEqual(['failed']);
  });

  test('makes nobody look younger: the fleet and its age are those of the last real night', async () => {
    const world = newWorld();
    await live(world, 0);
    await pause(world);
    await live(world, 1);
    const overview = world.overviews.get('acme-web')?.value ?? raise();
    expect(overview.runs.map(({ result }) => result)).toEqual(['paused', 'protected']);
    expect(fleetOf(overview).map(({ instance }) => instance)).toEqual(instanceIds);
    expect(worstAge(overview, world.now)).toBe(day + 1_000);
  });

  test('is nothing to prune after', async () => {
    const world = newWorld();
    await pause(world);
    await live(world, 0);
    const prune = { ...byHand(world), operation: 'prune' as const };
    await expect(pruneByHand(world.doors, prune, worker(world, 'p'))).rejects.toThrow(
      NothingGoodToPruneAfter,
    );
  });

  test('whose event comes twice, or whose worker dies anywhere, is one record and one line', async () => {
    for (let call = 1; ; call += 1) {
      const world = newWorld();
      await pause(world);
      world.dieAt = { call: world.calls + call, when: 'after' };
      const died = await beginBySchedule(world.doors, night(), worker(world, 'r0')).then(
        () => false,
        (error: unknown) => error instanceof Died,
      );
      world.dieAt = undefined;
      await live(world, 0);
      await live(world, 0);
      expect([call, world.sent, kinds(world)]).toEqual([call, [], ['slack paused']]);
      expect(world.wakeUps.length).toBeGreaterThan(0);
      if (!died) break;
    }
  });

  test('that was begun before the pause goes on', async () => {
    const world = newWorld();
    world.dieAt = { call: 5, when: 'after' };
    await expect(dispatchRun(world.doors, night(), worker(world, 'r0'))).rejects.toThrow(Died);
    world.dieAt = undefined;
    await pause(world);
    await beginBySchedule(world.doors, night(), worker(world, 'r0'));
    expect(backups(world)).toBe(1);
  });
});

describe('a pause', () => {
  test('ends by itself at its time', async () => {
    const world = newWorld();
    await pause(world, new Date(scheduledTime.getTime() + day));
    await live(world, 0);
    expect(world.sent).toEqual([]);
    await live(world, 1);
    expect(backups(world)).toBe(1);
  });

  test('ends when a person says so, and pausing again begins another', async () => {
    const world = newWorld();
    expect(await pause(world)).toMatchObject({
      state: 'paused',
      note: expect.stringMatching(/no-good-run is on/),
    });
    expect(await resumePlan(world.doors, plan)).toMatchObject({
      state: 'running',
      note: expect.stringMatching(/was paused since/),
    });
    await live(world, 0);
    expect(backups(world)).toBe(1);
    expect(await resumePlan(world.doors, plan)).toMatchObject({
      note: expect.stringMatching(/is not paused; nothing was changed/),
    });
    await pause(world);
    await live(world, 1);
    expect(backups(world)).toBe(1);
  });

  test('does not hold a run by hand, which says that the plan is paused', async () => {
    const world = newWorld();
    await pause(world);
    const answer = await beginByHand(world.doors, byHand(world), worker(world, 'p1'));
    expect(answer).toMatchObject({
      state: 'running',
      note: expect.stringMatching(/paused until 2026-12-01.*by hand works/),
    });
    expect(backups(world)).toBe(1);
  });

  test('that is over already, or longer than a year, is refused and changes nothing', async () => {
    const world = newWorld();
    await expect(pause(world, new Date('2026-11-01T00:00:00Z'))).rejects.toThrow(/past .* was not paused/);
    await expect(pause(world, new Date('2028-01-01T00:00:00Z'))).rejects.toThrow(/enabled: false/);
    expect(world.pauses.size).toBe(0);
  });
});

const raise = (): never => {
  throw new Error('not there');
};
