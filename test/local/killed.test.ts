import { afterAll, expect, test } from '@jest/globals';
import { runId } from '../../functions/pipeline/run-id.ts';
import type { RunRecord } from '../../functions/pipeline/run-record.ts';
import type { ApiCall } from '../../local/contract.ts';
import { hour, type NightLab, openNightLab } from './night-lab.ts';

type Victim = 'dispatch' | 'check';
type Night = {
  readonly record: RunRecord;
  /** The calls after which the function was killed. */
  readonly kills: readonly ApiCall[];
  /** Commands that were really sent, and runs that were closed, as the alarms see them. */
  readonly sent: number;
  readonly closed: number;
  readonly slack: readonly string[];
  readonly issues: number;
};

const labs: NightLab[] = [];
afterAll(() => Promise.all(labs.map((lab) => lab.close())));

/** A share that is not mounted fails fast and is worth a retry: dispatch, check, retry, check, Slack, JIRA. */
const openLane = async (): Promise<NightLab> => {
  const lab = await openNightLab({ instances: 1, files: 1 });
  labs.push(lab);
  await lab.boot('share-unmounted');
  return lab;
};

/** After which calls a function is killed: the n-th, or the first of an operation. */
type Hits = readonly (number | string)[];

/** A night whose function is killed right after the calls given, before it gets the answer. */
const nightWithKills = async (lab: NightLab, victim: Victim, at: Hits): Promise<Night> => {
  await lab.pass(2_000);
  await lab.forgetIncident();
  const { functions, scheduler, stack } = lab.aws();
  const name = functions.names.find((each) => each.endsWith(`-${victim}`)) ?? '';
  const goodOrBad = () => functions.metrics().filter((metric) => metric.name === 'RunGood').length;
  const before = {
    closed: goodOrBad(),
    slack: lab.slack.messages().length,
    issues: lab.jira.issues().length,
  };
  const kills: ApiCall[] = [];
  let count = 0;
  let sent = 0;
  lab.onCall((call) => {
    if (call.operation === 'SendCommand') sent += 1;
    if (call.caller !== name) return;
    count += 1;
    const isFirst = kills.every(({ operation }) => operation !== call.operation);
    if (!at.includes(count) && !(isFirst && at.includes(call.operation))) return;
    kills.push(call);
    functions.killCurrent(name);
  });
  const schedule = stack.schedules.find((each) => each.name.endsWith('acme-web'));
  const scheduledTime = new Date(Math.floor(lab.clock().now().getTime() / 1000) * 1000);
  scheduler.fire(schedule?.group ?? '', schedule?.name ?? '', scheduledTime);
  const record = await lab.settle(runId('acme-web', scheduledTime, 'backup'));
  return {
    ...{ record, kills, sent, closed: goodOrBad() - before.closed },
    slack: lab.slack
      .messages()
      .slice(before.slack)
      .map(({ text }) =>
        text.includes('backup started') ? 'started' : text.includes('backup failed') ? 'failed' : text,
      ),
    issues: lab.jira.issues().length - before.issues,
  };
};

/** What a reader of the night may see, whoever was killed where. */
const expectOneStory = (victim: Victim, at: Hits, night: Night): void => {
  const { record, kills, sent, closed, slack, issues } = night;
  const where = kills
    .map(({ operation }, index) => `killed after call ${at[index]}, ${operation}`)
    .join('; ');
  const told = record.notices.map(({ kind, channel, state }) => `${kind} ${channel} ${state}`);
  expect({
    ...{ where, result: record.result, sent, issues },
    attempts: record.commands.map(({ attempt }) => attempt),
    slack: slack.filter((kind) => kind !== 'started'),
    told: told.filter((text) => !text.startsWith('started')),
  }).toEqual({
    ...{ where, result: 'failed', sent: 2, issues: 1 },
    attempts: [1, 2],
    slack: ['failed'],
    told: ['failed slack told', 'failed jira told'],
  });
  // Closed and killed before the metric was written: the next worker does not count it again.
  expect([where, closed <= 1]).toEqual([where, true]);
  // A start is not told any more once the run has ended: its teller was dead until then.
  const started = slack.filter((kind) => kind === 'started').length;
  expect([where, victim === 'check' ? started === 1 : started <= 1]).toEqual([where, true]);
};

/**
 * Nights one after the other. The n-th kills the function after its n-th call, until a night makes fewer calls than
 * that: so every call is hit, however many there are.
 */
const lane = async (victim: Victim, nights: Nights): Promise<readonly ApiCall[]> => {
  const lab = await openLane();
  const kills: ApiCall[] = [];
  for (let n = nights.first; ; n += nights.step) {
    const at = nights.kills(n);
    const night = await nightWithKills(lab, victim, at);
    expectOneStory(victim, at, night);
    if (night.kills.length === 0) break;
    kills.push(...night.kills);
  }
  // How often a function looks varies: what the numbers have passed over is hit by name.
  for (const operation of nights.operations.filter((name) =>
    kills.every((call) => call.operation !== name),
  )) {
    const night = await nightWithKills(lab, victim, [operation]);
    expectOneStory(victim, [operation], night);
    kills.push(...night.kills);
  }
  lab.onCall(() => undefined);
  const before = { slack: lab.slack.messages(), issues: lab.jira.issues() };
  await lab.pass(4 * hour);
  // The deadlines of all these runs have passed, without another word.
  expect({ slack: lab.slack.messages(), issues: lab.jira.issues() }).toEqual(before);
  // A kill hits all that the function does at that moment, so an event may be hit each of the three times that Lambda
  // tries it. It goes to the dead letters then, and the deadline has ended its run; nothing else gets there.
  for (const { reason, body } of lab.aws().deadLetters())
    expect([reason, body]).toEqual(['RetriesExhausted', expect.stringContaining('signal: killed')]);
  return kills;
};

type Nights = {
  readonly first: number;
  readonly step: number;
  readonly kills: (n: number) => readonly number[];
  readonly operations: readonly string[];
};

/** What Lambda tries again is killed once more, a while later: at another call in each night. */
const twice = (n: number): readonly number[] => [n, n + 1 + ((n * 7) % 29)];

/** Killed at every kind of call there is, the last ones included. */
const both = [
  'PutObject',
  'GetObject',
  'DescribeAutoScalingGroups',
  'DescribeInstanceInformation',
  'ListCommands',
  'SendCommand',
  'GetParameter',
];
const ofDispatch = [...both, 'CreateSchedule'];
const ofCheck = [...both, 'ListCommandInvocations', 'CreateSchedule'];

test('dispatch and check, killed after whichever of their calls: one end, one retry, one message, one issue', async () => {
  const lanes = await Promise.allSettled([
    lane('dispatch', { first: 1, step: 1, kills: (n) => [n], operations: ofDispatch }),
    lane('check', { first: 1, step: 2, kills: twice, operations: ofCheck }),
    lane('check', { first: 2, step: 2, kills: twice, operations: ofCheck }),
  ]);
  const failures = lanes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  if (failures.length > 0) throw failures[0];
  const [dispatch = new Set(), ...check] = lanes.map(
    (each) => new Set(each.status === 'fulfilled' ? each.value.map(({ operation }) => operation) : []),
  );
  expect(dispatch).toEqual(new Set(ofDispatch));
  expect(new Set(check.flatMap((operations) => [...operations]))).toEqual(new Set(ofCheck));
}, 480_000);
