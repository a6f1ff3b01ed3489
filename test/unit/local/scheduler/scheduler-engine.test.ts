import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startClock } from '../../../../local/clock.ts';
import type { LocalClock, Schedule, SchedulerEngine } from '../../../../local/contract.ts';
import { type DeadLetters, openDeadLetters } from '../../../../local/events/dead-letters.ts';
import { DeliveryFailed } from '../../../../local/events/deliver.ts';
import { BadExpression } from '../../../../local/scheduler/bad-expression.ts';
import { startScheduler } from '../../../../local/scheduler/scheduler-engine.ts';

const checkArn = 'arn:aws:lambda:ap-southeast-1:123456789012:function:check';
const deadLetterArn = 'arn:aws:sqs:ap-southeast-1:123456789012:dead';

type Delivered = { readonly target: string; readonly payload: string; readonly source: string };
let clock: LocalClock;
let deadLetters: DeadLetters;
let delivered: Delivered[];
let failures: DeliveryFailed[];
beforeEach(() => {
  clock = startClock();
  deadLetters = openDeadLetters();
  delivered = [];
  failures = [];
});
afterEach(() => clock.stop());

const start = (schedules: readonly Schedule[] = [], random = () => 0): SchedulerEngine =>
  startScheduler({
    clock,
    deadLetters,
    account: '123456789012',
    region: 'ap-southeast-1',
    schedules,
    random,
    deliver: (target, payload, source) => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      delivered.push({ target, payload, source });
    },
  });

const schedule = (changes: Partial<Schedule> = {}): Schedule => ({
  group: 'lifeboat',
  name: 'nightly',
  expression: 'cron(0 2 * * ? *)',
  timezone: 'Asia/Singapore',
  state: 'ENABLED',
  flexibleWindowMinutes: 0,
  targetArn: checkArn,
  roleArn: 'arn:aws:iam::123456789012:role/scheduler',
  input: '{"time":"<aws.scheduler.scheduled-time>"}',
  retryAttempts: 185,
  deleteAfterCompletion: false,
  createdAt: new Date(),
  ...changes,
});

const atText = (time: Date): string => `at(${time.toISOString().slice(0, 19)})`;
const inMinutes = (minutes: number): Date =>
  new Date(Math.ceil(clock.now().getTime() / 1000) * 1000 + minutes * 60_000);
const throttled = () => new DeliveryFailed('ThrottlingException', 'slow down', true);

describe('the scheduler', () => {
  it('fires night after night, each with its own scheduled time', async () => {
    start([schedule()]);
    await clock.skipToNext();
    await clock.skipToNext();
    const times = delivered.map(({ payload }) => JSON.parse(payload).time);
    expect(times).toHaveLength(2);
    for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT18:00:00Z$/);
    expect(Date.parse(times[1]) - Date.parse(times[0])).toBe(86_400_000);
    expect(clock.next()?.what).toBe('schedule lifeboat/nightly');
    expect(delivered[0]?.source).toBe(
      'arn:aws:scheduler:ap-southeast-1:123456789012:schedule/lifeboat/nightly',
    );
  });

  it('fires within the flexible window and still tells the time that was asked for', async () => {
    start([schedule({ flexibleWindowMinutes: 30 })], () => 0.5);
    const fired = (await clock.skipToNext())?.time;
    expect(fired?.toISOString()).toMatch(/T18:15:00/);
    expect(delivered[0]?.payload).toMatch(/T18:00:00Z/);
  });

  it('replaces every context attribute and leaves other text alone', () => {
    const input =
      '<aws.scheduler.schedule-arn> <aws.scheduler.execution-id> <aws.scheduler.attempt-number> <aws.x>';
    const scheduler = start([schedule({ input })]);
    scheduler.fire('lifeboat', 'nightly', new Date('2026-11-23T18:00:00.123Z'));
    expect(delivered[0]?.payload).toMatch(
      /^arn:aws:scheduler:\S+\/lifeboat\/nightly [0-9a-f]{16} 1 <aws\.x>$/,
    );
  });

  it('brings the next time forward when it is fired by hand, so that a night does not come twice', async () => {
    const scheduler = start([schedule()]);
    const due = clock.next()?.time.getTime() ?? 0;
    scheduler.fire('lifeboat', 'nightly', clock.now());
    expect(delivered).toHaveLength(1);
    expect(clock.next()?.time.getTime()).toBe(due + 86_400_000);
  });

  it('makes up an event where the schedule has no input', () => {
    const scheduler = start([schedule({ input: '' })]);
    scheduler.fire('lifeboat', 'nightly', new Date('2026-11-23T18:00:00Z'));
    expect(JSON.parse(delivered[0]?.payload ?? '')).toMatchObject({
      source: 'aws.scheduler',
      'detail-type': 'Scheduled Event',
      time: '2026-11-23T18:00:00Z',
    });
  });

  it('fires a one-time schedule once and deletes it where that is asked for', async () => {
    const scheduler = start();
    const expression = atText(inMinutes(10));
    scheduler.put(schedule({ name: 'once', timezone: 'UTC', expression, deleteAfterCompletion: true }));
    scheduler.put(schedule({ name: 'stays', timezone: 'UTC', expression }));
    await clock.skipToNext();
    await clock.skipToNext();
    expect(delivered).toHaveLength(2);
    expect(scheduler.list().map(({ name }) => name)).toEqual(['stays']);
    expect(clock.next()).toBeUndefined();
  });

  it('fires a one-time schedule at once where its time has passed', async () => {
    const scheduler = start();
    scheduler.put(schedule({ timezone: 'UTC', expression: 'at(2020-01-01T00:00:00)' }));
    await clock.skipToNext();
    expect(delivered[0]?.payload).toBe('{"time":"2020-01-01T00:00:00Z"}');
  });

  it('does not fire a one-time schedule again that was fired by hand', () => {
    const scheduler = start();
    const time = inMinutes(10);
    scheduler.put(schedule({ timezone: 'UTC', expression: atText(time), deleteAfterCompletion: true }));
    scheduler.fire('lifeboat', 'nightly', time);
    expect(clock.next()).toBeUndefined();
    expect(scheduler.list()).toEqual([]);
  });

  it('begins a rate at once and goes on from there', async () => {
    start([schedule({ expression: 'rate(5 minutes)' })]);
    const first = (await clock.skipToNext())?.time.getTime() ?? Number.NaN;
    const second = (await clock.skipToNext())?.time.getTime();
    expect(second).toBe(first + 300_000);
  });

  it('keeps disabled schedules and does not fire them', () => {
    const scheduler = start([schedule({ state: 'DISABLED' })]);
    expect(scheduler.get('lifeboat', 'nightly')?.state).toBe('DISABLED');
    expect(clock.next()).toBeUndefined();
  });

  it('replaces a schedule of the same name, and forgets one that is removed', () => {
    const scheduler = start([schedule()]);
    scheduler.put(schedule({ expression: 'cron(0 3 * * ? *)' }));
    expect(clock.next()?.time.toISOString()).toMatch(/T19:00:00/);
    expect(scheduler.remove('lifeboat', 'nightly')).toBe(true);
    expect(scheduler.remove('lifeboat', 'nightly')).toBe(false);
    expect(clock.next()).toBeUndefined();
  });

  it('refuses an expression and keeps what was there', () => {
    const scheduler = start([schedule()]);
    expect(() => scheduler.put(schedule({ expression: 'cron(0 2 * * *)' }))).toThrow(BadExpression);
    expect(scheduler.get('lifeboat', 'nightly')?.expression).toBe('cron(0 2 * * ? *)');
    expect(clock.next()).toBeDefined();
  });

  it('names the schedules there are when somebody fires another', () => {
    expect(() => start([schedule()]).fire('lifeboat', 'nigthly', new Date())).toThrow(
      /no schedule lifeboat\/nigthly; there are lifeboat\/nightly/,
    );
  });
});

describe('a delivery that fails', () => {
  const attempts = '<aws.scheduler.execution-id> <aws.scheduler.attempt-number>';

  it('is tried again on the clock with growing pauses, as the same execution', async () => {
    const scheduler = start([schedule({ input: attempts })]);
    failures = [throttled(), throttled()];
    scheduler.fire('lifeboat', 'nightly', new Date());
    expect(delivered).toEqual([]);
    await clock.skipToNext();
    await clock.skipToNext();
    expect(delivered[0]?.payload).toMatch(/^[0-9a-f]{16} 3$/);
    expect(deadLetters.all()).toEqual([]);
  });

  it('ends as a dead letter after the attempts that it has, and completes the schedule', async () => {
    const scheduler = start();
    scheduler.put(
      schedule({
        timezone: 'UTC',
        expression: atText(inMinutes(1)),
        retryAttempts: 1,
        deadLetterArn,
        deleteAfterCompletion: true,
      }),
    );
    failures = [throttled(), throttled(), throttled()];
    await clock.skipToNext();
    expect(scheduler.list()).toHaveLength(1);
    await clock.skipToNext();
    expect(deadLetters.all()).toMatchObject([
      { from: 'schedule', queueArn: deadLetterArn, targetArn: checkArn, reason: 'ThrottlingException' },
    ]);
    expect(scheduler.list()).toEqual([]);
    expect(failures).toHaveLength(1);
  });

  it('is not tried again where that cannot help, nor when it is too old', async () => {
    const scheduler = start([schedule({ maximumEventAgeSeconds: 2 })]);
    failures = [new DeliveryFailed('ResourceNotFoundException', 'gone', false)];
    scheduler.fire('lifeboat', 'nightly', new Date());
    expect(deadLetters.all().map(({ reason }) => reason)).toEqual(['ResourceNotFoundException']);

    failures = [throttled(), throttled(), throttled()];
    scheduler.fire('lifeboat', 'nightly', new Date());
    await clock.skipToNext();
    expect(deadLetters.all()).toHaveLength(2);
  });
});
