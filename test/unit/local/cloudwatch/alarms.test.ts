import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { alarmResources } from '../../../../deploy/alarms.ts';
import type { Plan } from '../../../../functions/config/plan.ts';
import { startClock } from '../../../../local/clock.ts';
import { type LocalCloudWatch, startCloudWatch } from '../../../../local/cloudwatch/local-cloudwatch.ts';
import type { BusEvent, LocalClock, LocalStack } from '../../../../local/contract.ts';
import type { FunctionMetric } from '../../../../local/lambda/metrics.ts';
import { aPlan } from '../../escalation/a-notice.ts';
import { openStacks } from '../template/stacks.ts';

/** The alarms as they are deployed, in a CloudWatch with a clock that is moved. */
const hour = 3_600_000;
const stacks = openStacks();
let directory: string;
let clock: LocalClock;
let cloudwatch: LocalCloudWatch;
let events: BusEvent[];

const stackOf = async (change: Partial<Plan> = {}): Promise<LocalStack> => {
  const context = { name: 'lifeboat-prod', runbook: 'https://example.org/runbook' };
  return stacks.read({
    ...alarmResources(context, [aPlan(change)]),
    DeadLetters: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'lifeboat-prod-dead-letters' } },
  });
};
const start = async (change: Partial<Plan> = {}) => {
  clock = startClock(new Date('2030-01-01T18:00:00Z'));
  cloudwatch = startCloudWatch({
    stack: await stackOf(change),
    clock,
    bus: { publish: (event) => void events.push(event) },
    stateFile: join(directory, 'cloudwatch.json'),
  });
};
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lifeboat-alarms-'));
  events = [];
});
afterEach(async () => {
  cloudwatch.stop();
  clock.stop();
  rmSync(directory, { recursive: true });
  await stacks.remove();
});

const state = (name: string) =>
  cloudwatch.alarms.alarms().find(({ alarm }) => alarm.name === `lifeboat-prod${name}`)?.state;
const say = (values: Readonly<Record<string, number>>) =>
  cloudwatch.take(
    Object.entries(values).map(
      ([name, value]): FunctionMetric => ({
        namespace: 'Lifeboat',
        dimensions: { service: 'lifeboat-prod', plan: 'acme-web' },
        ...{ name, value, unit: 'Count', time: clock.now() },
      }),
    ),
  );
const goodNight = { RunGood: 1, NotProtected: 0, ShareNearlyFull: 0 };
const wait = async (milliseconds: number) => {
  let arrived = false;
  clock.at(new Date(clock.now().getTime() + milliseconds), 'the test', () => {
    arrived = true;
  });
  while (!arrived) await clock.skipToNext();
};
const pages = () =>
  events
    .filter(({ detail }) => detail.alarmName === 'lifeboat-prod/acme-web')
    .map(({ detail }) => (detail.state as { readonly value: string }).value);

describe('the alarms of a plan', () => {
  test('are on until the first good run, since there is no backup yet, and then off', async () => {
    await start();
    expect([state('/acme-web/no-good-run'), state('/acme-web')]).toEqual(['ALARM', 'ALARM']);
    say(goodNight);
    expect([state('/acme-web/no-good-run'), state('/acme-web/not-protected'), state('/acme-web')]).toEqual([
      'OK',
      'OK',
      'OK',
    ]);
  });

  test('go off by themselves when no good run has come within the objective, and not before', async () => {
    await start({ objectiveMinutes: 28 * 60 });
    say(goodNight);
    await wait(24 * hour);
    say(goodNight);
    await wait(27.9 * hour);
    expect(state('/acme-web')).toBe('OK');
    await wait(0.2 * hour);
    expect([state('/acme-web/no-good-run'), state('/acme-web')]).toEqual(['ALARM', 'ALARM']);
    say(goodNight);
    expect(state('/acme-web')).toBe('OK');
  });

  test('a night that fails pages once, however long it lasts, and once more when it is over', async () => {
    await start();
    say(goodNight);
    events.length = 0;
    for (let night = 0; night < 4; night += 1) {
      await wait(24 * hour);
      say({ RunGood: 0, NotProtected: 1, EscalationFailed: 1 });
      expect(state('/acme-web/not-protected')).toBe('ALARM');
    }
    expect(state('/acme-web/no-good-run')).toBe('ALARM');
    await wait(hour);
    say(goodNight);
    expect(pages()).toEqual(['ALARM', 'OK']);
  });

  test('a run by hand that mends the last instance ends the alarm; hours without any run change nothing', async () => {
    await start();
    say(goodNight);
    say({ RunGood: 0, NotProtected: 2 });
    await wait(3 * hour);
    expect(state('/acme-web/not-protected')).toBe('ALARM');
    say({ NotProtected: 0 });
    expect(state('/acme-web')).toBe('OK');
  });

  test('three attempts to tell that fail within an hour are an alarm, two are not', async () => {
    await start();
    say(goodNight);
    say({ EscalationFailed: 1 });
    await wait(0.2 * hour);
    say({ EscalationFailed: 1 });
    expect(state('/acme-web/nobody-told')).toBe('OK');
    await wait(0.2 * hour);
    say({ EscalationFailed: 1 });
    expect([state('/acme-web/nobody-told'), state('/acme-web')]).toEqual(['ALARM', 'ALARM']);
    await wait(1.1 * hour);
    expect(state('/acme-web')).toBe('OK');
  });

  test('a share that is nearly full is an alarm until a run says that it is not', async () => {
    await start();
    say({ ...goodNight, ShareNearlyFull: 1 });
    await wait(23 * hour);
    expect(state('/acme-web')).toBe('ALARM');
    say(goodNight);
    expect(state('/acme-web')).toBe('OK');
  });

  test('a plan that never runs by itself has no dead man, nor one whose objective is beyond a week', async () => {
    const { schedule } = aPlan();
    await start({ schedule: { ...schedule, enabled: false } });
    expect(state('/acme-web/no-good-run')).toBeUndefined();
    cloudwatch.stop();
    clock.stop();
    await start({ objectiveMinutes: 7 * 24 * 60 + 60 });
    expect(state('/acme-web/no-good-run')).toBeUndefined();
    expect(state('/acme-web')).toBe('OK');
  });

  test('metrics and states are remembered from one start to the next', async () => {
    await start();
    say(goodNight);
    say({ NotProtected: 3 });
    cloudwatch.stop();
    clock.stop();
    events = [];
    await start();
    expect([state('/acme-web/not-protected'), state('/acme-web')]).toEqual(['ALARM', 'ALARM']);
    expect(events).toEqual([]);
  });
});

describe('the alarms of the functions', () => {
  const lambda = (FunctionName: string, value: number): FunctionMetric => ({
    ...{ namespace: 'AWS/Lambda', dimensions: { FunctionName }, name: 'Errors' },
    ...{ value, unit: 'Count', time: clock.now() },
  });

  test('one error mends itself, three within an hour are an alarm', async () => {
    await start();
    cloudwatch.take([lambda('lifeboat-prod-check', 1), lambda('lifeboat-prod-dispatch', 1)]);
    expect(state('-functions')).toBe('OK');
    cloudwatch.take([lambda('lifeboat-prod-check', 1)]);
    expect(state('-functions')).toBe('ALARM');
    await wait(1.1 * hour);
    expect(state('-functions')).toBe('OK');
  });

  test('a dead letter is an alarm until the queue is empty, also when nobody touches the queue', async () => {
    await start();
    const letters = (value: number): FunctionMetric => ({
      ...{ namespace: 'AWS/SQS', dimensions: { QueueName: 'lifeboat-prod-dead-letters' } },
      ...{ name: 'ApproximateNumberOfMessagesVisible', value, unit: 'Count', time: clock.now() },
    });
    cloudwatch.take([letters(1)]);
    await wait(48 * hour);
    expect(state('-functions')).toBe('ALARM');
    cloudwatch.take([letters(0)]);
    expect(state('-functions')).toBe('OK');
  });
});
