import { expect, test } from '@jest/globals';
import type { IncidentEvent } from '../../../functions/config/incident-event.ts';
import { checkRun } from '../../../functions/pipeline/check-run.ts';
import { dispatchRun } from '../../../functions/pipeline/dispatch-run.ts';
import type { Notice } from '../../../functions/pipeline/doors.ts';
import type { Incident } from '../../../functions/pipeline/incident.ts';
import { steerIncident } from '../../../functions/pipeline/steer-incident.ts';
import { newWorld, plan, type World, worker } from './memory-world.ts';

const quiet = {
  ...plan,
  slack: { ...plan.slack, tell: { start: 'never', success: 'never' } },
} as typeof plan;
const hour = 3_600_000;

/** Exit codes by instance; one that is not named is good. */
type Bad = Readonly<Record<string, number>>;
const full = 15;
const empty = 21;

const atNight = (night: number) => new Date(Date.UTC(2026, 10, 23 + night, 18));
const runOf = (night: number) => `acme-web/202611${23 + night}T180000Z-backup`;

const live = async (world: World, night: number, bad: Bad, hours = 0): Promise<void> => {
  const scheduledTime = new Date(atNight(night).getTime() + hours * hour);
  world.now = new Date(scheduledTime.getTime() + 60_000);
  world.answers = (instance) => {
    const responseCode = bad[instance];
    return responseCode === undefined
      ? {}
      : { status: 'Failed', statusDetails: 'Failed', responseCode, output: '' };
  };
  const trigger = { kind: 'schedule', requestId: `d${night}.${hours}` } as const;
  const request = { operation: 'backup', trigger, scheduledTime, allowShrink: false, dryRun: false } as const;
  const { run } = await dispatchRun(
    world.doors,
    { plan: quiet, ...request },
    worker(world, trigger.requestId),
  );
  await look(world, run);
};

let looks = 0;
const look = async (world: World, run: string, at = world.now): Promise<void> => {
  world.now = at;
  looks += 1;
  await checkRun(world.doors, quiet, run, worker(world, `c${looks}`));
};

const told = (world: World): readonly string[] =>
  world.told.splice(0).map(({ channel, notice }) => `${channel} ${notice.kind}`);
const incident = (world: World): Incident => {
  const stored = world.incidents.get('acme-web');
  if (stored === undefined) throw new Error('There is no incident.');
  return stored.value;
};
const both = (kind: string) => [`slack ${kind}`, `jira ${kind}`];

/** A good night first: the newest recovery points are then of the night before the trouble. */
const begun = async (bad: Bad): Promise<World> => {
  const world = newWorld();
  await live(world, 0, {});
  await live(world, 1, bad);
  expect(told(world)).toEqual(both('failed'));
  return world;
};

test('more instances are told, and fewer or others of the same number are not', async () => {
  const world = await begun({ 'i-00000001': full });
  await live(world, 1, { 'i-00000002': full }, 1);
  await live(world, 1, {}, 2);
  expect(told(world)).toEqual(both('recovered'));
  await live(world, 1, { 'i-00000003': full }, 3);
  await live(world, 1, { 'i-00000003': full, 'i-00000002': full }, 4);
  expect(told(world)).toEqual([...both('failed'), ...both('failed')]);
  expect(incident(world).news.matters).toEqual(['more-instances']);
  await live(world, 1, { 'i-00000001': full }, 5);
  expect(told(world)).toEqual([]);
});

test('in a fleet of 2,000 a few more are no news, a tenth more is', async () => {
  const world = newWorld();
  const ids = Array.from({ length: 2_000 }, (_, n) => `i-${(n + 1).toString(16).padStart(8, '0')}`);
  world.fleet = ids.map((instance) => ({ instance, group: 'acme-web', ping: 'Online' }));
  const bad = (count: number): Bad => Object.fromEntries(ids.slice(0, count).map((id) => [id, full]));
  await live(world, 0, bad(1_000));
  await live(world, 0, bad(1_050), 1);
  expect(told(world)).toEqual(both('failed'));
  await live(world, 0, bad(1_100), 2);
  expect(told(world)).toEqual(both('failed'));
});

test('a cause that has been told is no news when another one goes', async () => {
  const world = await begun({ 'i-00000001': full, 'i-00000002': empty });
  await live(world, 1, { 'i-00000001': full }, 1);
  await live(world, 1, { 'i-00000001': full, 'i-00000002': empty }, 2);
  expect(told(world)).toEqual([]);
});

test('data that gets older than the objective is told when it does, although nothing runs then, and once', async () => {
  const world = await begun({ 'i-00000002': full });
  const wakeUp = world.wakeUps.findLast(({ run, why }) => run === runOf(1) && why === 'look-again');
  expect(wakeUp?.at).toEqual(new Date(atNight(0).getTime() + 28 * hour + 1_000));
  await look(world, runOf(1), new Date(atNight(1).getTime() + 3 * hour));
  expect(told(world)).toEqual([]);
  await look(world, runOf(1), wakeUp?.at);
  await look(world, runOf(1));
  const [{ notice } = { notice: undefined }] = world.told;
  expect(notice?.points).toEqual([
    { instance: 'i-00000002', cause: 'share-full', point: atNight(0).toISOString(), atRisk: true },
  ]);
  expect(told(world)).toEqual(both('escalated'));
  await live(world, 2, { 'i-00000002': full });
  expect(told(world)).toEqual(['slack reminded']);
});

test('what has recovered before the objective breaks is not at risk', async () => {
  const world = await begun({ 'i-00000002': full });
  await live(world, 1, {}, 2);
  await look(world, runOf(1), new Date(atNight(0).getTime() + 29 * hour));
  expect(told(world)).toEqual(both('recovered'));
});

test('a channel that is down longer than a notice is tried hears of the next night instead, once', async () => {
  const world = newWorld();
  await live(world, 0, {});
  world.failingChannels.add('slack');
  await live(world, 1, { 'i-00000002': full });
  for (let attempt = 0; attempt < 40; attempt += 1) await look(world, runOf(1));
  expect(world.records.get(runOf(1))?.value.notices).toMatchObject([
    { channel: 'slack', attempts: 27 },
    {},
    {},
  ]);
  world.failingChannels.clear();
  await look(world, runOf(1));
  expect(told(world)).toEqual(['jira failed', 'jira unheard']);
  await live(world, 1, { 'i-00000002': full }, 3);
  await look(world, runOf(1));
  expect(told(world)).toEqual(['slack failed']);
});

test('a failure that nobody has heard of is not told any more once it is over; the recovery is', async () => {
  const world = newWorld();
  await live(world, 0, {});
  world.failingChannels.add('slack').add('jira');
  await live(world, 1, { 'i-00000002': full });
  await live(world, 1, {}, 1);
  world.failingChannels.clear();
  await look(world, runOf(1));
  expect(told(world)).toEqual([]);
  expect(world.records.get(runOf(1))?.value.notices.map(({ state }) => state)).toEqual([
    'overtaken',
    'overtaken',
  ]);
  await look(world, 'acme-web/20261124T190000Z-backup');
  expect(told(world)).toEqual(both('recovered'));
});

test('a recovery that a channel has not heard of is told with a later good run, however long that takes', async () => {
  const world = await begun({ 'i-00000002': full });
  world.failingChannels.add('jira');
  await live(world, 1, {}, 1);
  expect(told(world)).toEqual(['slack recovered']);
  await live(world, 2, {});
  world.failingChannels.clear();
  await live(world, 3, {});
  expect(told(world)).toEqual(['jira recovered']);
  await live(world, 4, {});
  await look(world, runOf(2));
  expect(told(world)).toEqual([]);
});

const steer = (world: World, event: Omit<IncidentEvent, 'plan'>) =>
  steerIncident(world.doors, quiet, { plan: quiet.name, ...event } as IncidentEvent);

test('a muted incident tells its end and nothing else, whatever happens', async () => {
  const world = await begun({ 'i-00000001': full });
  const until = new Date(atNight(3).getTime() + 12 * hour);
  expect(await steer(world, { action: 'mute', until } as IncidentEvent)).toMatchObject({
    incident: runOf(1),
    mutedUntil: until.toISOString(),
  });
  await live(world, 2, { 'i-00000001': full });
  await live(world, 3, { 'i-00000001': empty, 'i-00000002': full });
  await look(world, runOf(3), new Date(atNight(3).getTime() + 6 * hour));
  expect(told(world)).toEqual([]);
  await live(world, 3, {}, 7);
  expect(told(world)).toEqual(both('recovered'));
});

test('when a mute is over the next bad run says all that has changed, and a new incident is not muted', async () => {
  const world = await begun({ 'i-00000001': full });
  const until = new Date(atNight(2).getTime() + 12 * hour);
  await steer(world, { action: 'mute', until } as IncidentEvent);
  await live(world, 2, { 'i-00000001': full, 'i-00000002': empty });
  expect(told(world)).toEqual([]);
  await live(world, 3, { 'i-00000001': full, 'i-00000002': empty });
  expect(incident(world).news.matters).toEqual(['more-instances', 'other-cause', 'at-risk']);
  expect(told(world)).toEqual(both('escalated'));
  await steer(world, { action: 'mute', until: new Date(atNight(9)) } as IncidentEvent);
  await live(world, 4, {});
  await live(world, 5, { 'i-00000001': full });
  expect(told(world)).toEqual([...both('recovered'), ...both('failed')]);
});

test('what was still owed when it was muted is not told, and unmuted the next bad run is', async () => {
  const world = newWorld();
  await live(world, 0, {});
  world.failingChannels.add('slack').add('jira');
  await live(world, 1, { 'i-00000001': full });
  await steer(world, { action: 'mute', until: atNight(9) } as IncidentEvent);
  world.failingChannels.clear();
  await look(world, runOf(1));
  expect(told(world)).toEqual([]);
  expect(await steer(world, { action: 'unmute' })).not.toHaveProperty('mutedUntil');
  await live(world, 1, { 'i-00000001': full }, 1);
  expect(told(world)).toEqual(both('failed'));
});

test('an acknowledged incident is not counted daily, and what gets worse is told', async () => {
  const world = await begun({ 'i-00000001': full });
  expect(await steer(world, { action: 'acknowledge' })).toMatchObject({ acknowledged: true });
  await live(world, 2, { 'i-00000001': full });
  expect(told(world)).toEqual(both('escalated'));
  await live(world, 3, { 'i-00000001': full });
  expect(told(world)).toEqual([]);
  await live(world, 4, { 'i-00000001': empty });
  expect(told(world)).toEqual(both('failed'));
});

test('without an open incident there is nothing to mute, and that is said', async () => {
  const none = /The plan acme-web has no open incident: there is nothing to acknowledge/;
  await expect(steer(newWorld(), { action: 'acknowledge' })).rejects.toThrow(none);
  const world = await begun({ 'i-00000001': full });
  await live(world, 1, {}, 1);
  await expect(steer(world, { action: 'acknowledge' })).rejects.toThrow(none);
});

test('while one channel is down the other says so, once, and not after it is back', async () => {
  const world = newWorld();
  await live(world, 0, {});
  world.failingChannels.add('jira');
  await live(world, 1, { 'i-00000002': full });
  expect(told(world)).toEqual(['slack failed']);
  await look(world, runOf(1));
  expect(world.told.at(-1)?.notice.about).toEqual({ channel: 'jira', kind: 'failed', error: 'jira is down' });
  await look(world, runOf(1));
  expect(told(world)).toEqual(['slack unheard']);
  world.failingChannels.clear();
  await look(world, runOf(1));
  await look(world, runOf(1));
  expect(told(world)).toEqual(['jira failed']);
});

test('when both are down there is no other road, and each tells its own when it is back', async () => {
  const world = newWorld();
  await live(world, 0, {});
  world.failingChannels.add('jira').add('slack');
  await live(world, 1, { 'i-00000002': full });
  await look(world, runOf(1));
  await look(world, runOf(1));
  world.failingChannels.delete('slack');
  await look(world, runOf(1));
  world.failingChannels.delete('jira');
  await look(world, runOf(1));
  expect(told(world)).toEqual(['slack failed', 'slack unheard', 'jira failed']);
});

test('a run of named instances leaves the causes of the others in the incident, and they are named', async () => {
  const world = await begun({ 'i-00000001': full, 'i-00000002': empty });
  const hand = new Date(atNight(1).getTime() + hour);
  world.now = hand;
  const { run } = await dispatchRun(
    world.doors,
    {
      ...{ plan: quiet, operation: 'backup', scheduledTime: hand, allowShrink: false, dryRun: false },
      trigger: { kind: 'hand', requestId: 'hand' },
      instances: ['i-00000001'],
    },
    worker(world, 'hand'),
  );
  await look(world, run);
  expect(incident(world)).toMatchObject({
    signature: 'share-full source-empty',
    instances: ['i-00000001', 'i-00000002'],
  });
  await live(world, 1, { 'i-00000001': full, 'i-00000002': empty }, 2);
  expect(told(world)).toEqual([]);
});

test('what was asked for holds and is answered although the thread cannot show it', async () => {
  const world = await begun({ 'i-00000001': full });
  const thread = { channel: 'C1', thread: '1.1' };
  const { version } = world.incidents.get('acme-web') ?? { version: '' };
  world.incidents.set('acme-web', { version, value: { ...incident(world), slack: thread } });
  const shown: Notice[] = [];
  const tell = async () => ({ reference: 'told' });
  const refresh = async (notice: Notice) => {
    shown.push(notice);
    throw new Error('Slack chat.update: invalid_auth.');
  };
  const doors = { ...world.doors, tellers: { of: () => ({ slack: { tell, refresh } }) } };
  const answer = await steerIncident(doors, quiet, { plan: quiet.name, action: 'acknowledge' });
  expect(answer).toMatchObject({
    acknowledged: true,
    note: expect.stringMatching(
      /No daily reminder .* does not show it yet: Slack chat\.update: invalid_auth/,
    ),
  });
  expect(shown).toMatchObject([
    { kind: 'failed', record: { run: runOf(1) }, incident: { acknowledged: {} }, points: [{}] },
  ]);
});

test('what is told and could not be shown at the head is tried again, and no reason to take the other road', async () => {
  const world = newWorld();
  await live(world, 0, {});
  const { of } = world.doors.tellers;
  const heads: (string | undefined)[] = [];
  const half = {
    tell: async ({ toldAs }: Notice) => {
      heads.push(toldAs);
      return { reference: '1.1', ...(heads.length < 4 ? { rest: 'Slack chat.update: HTTP 500.' } : {}) };
    },
  };
  Object.assign(world.doors.tellers, { of: (plan: typeof quiet) => ({ ...of(plan), slack: half }) });
  await live(world, 1, { 'i-00000002': full });
  for (let again = 0; again < 4; again += 1) await look(world, runOf(1));
  expect(heads).toEqual([undefined, '1.1', '1.1', '1.1']);
  expect(told(world)).toEqual(['jira failed']);
  expect(incident(world).heard?.slack).toEqual({ run: runOf(1), kind: 'failed' });
});
