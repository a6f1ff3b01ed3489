import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListCommandInvocationsCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pointName, runId } from '../../functions/pipeline/run-id.ts';
import type { RunRecord } from '../../functions/pipeline/run-record.ts';
import { readProgress } from '../../local/fleet/progress.ts';
import { invoke } from './invoke.ts';
import { atRest, day, hour, idOf, type NightLab, openNightLab } from './night-lab.ts';

const [first, second] = [idOf(1), idOf(2)];

let lab: NightLab;
beforeAll(async () => {
  lab = await openNightLab({ instances: 2, files: 2 });
  await lab.boot();
}, 180_000);
afterAll(() => lab.close());

const run = async (event: Readonly<Record<string, unknown>>): Promise<RunRecord> => {
  await lab.pass(1_000);
  const { failed, answer } = await invoke(lab.aws(), 'dispatch', event);
  expect([failed, answer]).toEqual([false, expect.objectContaining({ state: 'running' })]);
  return lab.settle(String(answer.run));
};
const eventually = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(20)) if (await isSo()) return;
  throw new Error(`${what}: not within a minute`);
};
/** As Systems Manager tells it. */
const hasSucceeded = async (instance: string, ofRun: string): Promise<boolean> => {
  const commandId = (await lab.record(ofRun))?.commands[0]?.commandId;
  if (commandId === undefined) return false;
  const ssm = new SSMClient({
    endpoint: lab.aws().endpoint,
    region: lab.aws().region,
    credentials: { accessKeyId: 'person', secretAccessKey: 'local' },
  });
  const { CommandInvocations: [invocation] = [] } = await ssm.send(
    new ListCommandInvocationsCommand({ CommandId: commandId, InstanceId: instance }),
  );
  ssm.destroy();
  return invocation?.Status === 'Success';
};
/** Nobody holds the lock: neither the one on the instance nor the one on the share. */
const isFree = (lock: string): boolean =>
  execFileSync('bash', ['-c', 'flock -n "$1" true && echo free', 'bash', lock]).toString() === 'free\n';

describe('a run that a person cancels while an instance copies', () => {
  const big = 'student-1_9_2026.pdf';
  let before: RunRecord;
  let cancelled: RunRecord;
  let stateOfFirst: string;

  beforeAll(async () => {
    before = await run({ plan: 'acme-slow' });
    expect(before).toMatchObject({ result: 'protected' });
    lab.upload(1, big, 'a page\n'.repeat(400_000));
    await lab.pass(1_000);
    const { answer } = await invoke(lab.aws(), 'dispatch', { plan: 'acme-slow' });
    stateOfFirst = lab.specs()[0]?.state ?? '';
    await eventually('the first instance copies', async () => {
      const progress = await readProgress(stateOfFirst);
      return progress?.run === answer.run && progress?.phase === 'copy';
    });
    await eventually('the second instance has ended', () => hasSucceeded(second, String(answer.run)));
    const wish = { cancel: answer.run, why: 'the share is being moved' };
    const stopped = await invoke(lab.aws(), 'dispatch', wish);
    expect(stopped).toMatchObject({ failed: false, answer: { run: answer.run, state: 'closed' } });
    cancelled = await lab.settle(String(answer.run));
  }, 120_000);

  test('is closed at once, and says of each instance what is true', () => {
    expect(cancelled).toMatchObject({
      result: 'partial',
      cancelled: { why: 'the share is being moved' },
      results: [
        { instance: first, outcome: 'failed', cause: 'cancelled', attempts: 1 },
        { instance: second, outcome: 'protected' },
      ],
    });
    const seconds = (Date.parse(cancelled.closedAt ?? '') - Date.parse(cancelled.cancelled?.at ?? '')) / 1000;
    expect(seconds).toBeLessThan(60);
  });

  test('leaves nothing running and no lock', async () => {
    await atRest(lab.aws());
    expect(isFree(join(stateOfFirst, 'plans/acme-slow/lock'))).toBe(true);
    expect(isFree(join(lab.share, 'acme-slow', first, 'state/lock'))).toBe(true);
  });

  test('leaves the recovery point before it restorable, and none of its own', async () => {
    const manifests = join(lab.share, 'acme-slow', first, 'manifests');
    expect(existsSync(join(manifests, pointName(before.run) ?? ''))).toBe(true);
    expect(existsSync(join(manifests, pointName(cancelled.run) ?? ''))).toBe(false);
    const restored = await run({
      ...{ plan: 'acme-slow', operation: 'restore', instances: [first], overwrite: 'always' },
      ...{ at: pointName(before.run), into: '/var/www/upload/restored' },
    });
    expect(restored).toMatchObject({ results: [{ outcome: 'protected', report: { files: 2 } }] });
    const folder = join(lab.specs()[0]?.upload ?? '', 'restored');
    expect(readFileSync(join(folder, 'student-1_1_2026.pdf'), 'utf8')).toBe('paper 1.1\n'.repeat(20));
    rmSync(folder, { recursive: true });
  }, 60_000);

  test('is told: that a person did it, why, and who is not protected', () => {
    const text = lab.slack
      .messages()
      .map((message) => message.text)
      .find((words) => words.includes('cancelled by a person'));
    expect(text).toMatch(/backup cancelled by a person, 1 of 2 instances is protected, 1 is not/);
    expect(text).toContain(first);
  });

  test('may be cancelled again, which changes nothing', async () => {
    const { answer } = await invoke(lab.aws(), 'dispatch', { cancel: cancelled.run });
    expect(answer).toMatchObject({
      ...{ state: 'closed', commands: [] },
      note: expect.stringMatching(/nothing to cancel/),
    });
    expect(await lab.record(cancelled.run)).toEqual(cancelled);
  }, 60_000);

  test('is followed by a run that goes on as if nothing had happened', async () => {
    rmSync(join(lab.specs()[0]?.upload ?? '', big));
    expect(await run({ plan: 'acme-slow' })).toMatchObject({ result: 'protected' });
    expect(lab.slack.messages().at(-1)?.text).toMatch(/acme-slow: protected again/);
  }, 60_000);
});

describe('a retry of what failed', () => {
  test('is a run of just the instances that did not end protected, and then there is nothing to retry', async () => {
    const lost = lab.aws().fleet.get(second);
    if (lost === undefined) throw new Error(`${second} is gone`);
    lost.ping = 'ConnectionLost';
    const failed = await run({ plan: 'acme-web' });
    expect(failed).toMatchObject({
      result: 'partial',
      results: [{ instance: first }, { cause: 'agent-offline' }],
    });
    lost.ping = 'Online';
    await lab.pass(1_000);
    const { answer } = await invoke(lab.aws(), 'dispatch', { plan: 'acme-web', retryFailed: true });
    expect(answer).toMatchObject({ state: 'running', retryOf: failed.run, expected: [second] });
    expect(await lab.settle(String(answer.run))).toMatchObject({
      ...{ result: 'protected', scope: 'instances' },
      results: [{ instance: second }],
    });
    const again = await invoke(lab.aws(), 'dispatch', { plan: 'acme-web', retryFailed: true });
    expect(again.answer).toMatchObject({ state: 'nothing-to-retry', plan: 'acme-web' });
  }, 60_000);
});

describe('a plan that a person pauses', () => {
  /** As its schedule does. */
  const fire = async (): Promise<RunRecord> => {
    const { scheduler, stack } = lab.aws();
    const schedule = stack.schedules.find((each) => each.name.endsWith('acme-web'));
    await lab.pass(1_000);
    const scheduledTime = new Date(Math.floor(lab.clock().now().getTime() / 1000) * 1000);
    scheduler.fire(schedule?.group ?? '', schedule?.name ?? '', scheduledTime);
    return lab.settle(runId('acme-web', scheduledTime, 'backup'));
  };
  const sent = () => lab.calls().filter(({ operation }) => operation === 'SendCommand').length;

  test('skips the nights of its schedule, tells each as one line, fools no alarm, and goes on when it is resumed', async () => {
    const until = new Date(lab.clock().now().getTime() + 3 * day).toISOString();
    const paused = await invoke(lab.aws(), 'dispatch', {
      ...{ plan: 'acme-web', pause: { until, why: 'the share moves' } },
    });
    expect(paused).toMatchObject({ failed: false, answer: { state: 'paused', pause: { until } } });
    const before = { sent: sent(), told: lab.slack.messages().length, good: goodRuns() };
    expect(await fire()).toMatchObject({ result: 'paused', paused: { why: 'the share moves' }, results: [] });
    const lines = lab.slack.messages().slice(before.told);
    expect(lines.map(({ text }) => text)).toEqual([
      expect.stringMatching(/acme-web:.* backup skipped, the plan is paused until .*Why: .*the share moves/),
    ]);
    expect({ sent: sent(), good: goodRuns() }).toEqual({ sent: before.sent, good: before.good });

    await lab.pass(1_000);
    const { answer } = await invoke(lab.aws(), 'dispatch', { plan: 'acme-web', concurrency: '1' });
    expect(answer.note).toMatch(/paused until .*\(the share moves\)\. A run by hand works all the same/);
    expect(await lab.settle(String(answer.run))).toMatchObject({
      ...{ result: 'protected', parameters: { concurrency: '1' } },
    });

    // Two days later the schedule has fired once more by itself, and nothing that counts as a good run has come.
    await lab.pass(50 * hour);
    expect(alarm('no-good-run')).toBe('ALARM');
    expect(lab.slack.messages().filter(({ text }) => text.includes('is paused until'))).toHaveLength(2);

    await invoke(lab.aws(), 'dispatch', { plan: 'acme-web', resume: true });
    expect(await fire()).toMatchObject({ result: 'protected', trigger: { kind: 'schedule' } });
  }, 60_000);

  const alarm = (kind: string) =>
    lab
      .aws()
      .cloudwatch.alarms.alarms()
      .find((each) => each.alarm.name === `lifeboat-prod/acme-web/${kind}`)?.state;
  const goodRuns = () =>
    lab
      .aws()
      .functions.metrics()
      .filter(({ name }) => name === 'RunGood').length;
});

describe('plans and groups', () => {
  const files = (plan: string, instance: string) =>
    readdirSync(join(lab.share, plan, instance, 'current')).toSorted();

  test('two plans save one group at the same time, each into a folder of its own', async () => {
    await lab.pass(1_000);
    const [one, other] = await Promise.all(
      ['acme-web', 'acme-slow'].map((plan) => invoke(lab.aws(), 'dispatch', { plan })),
    );
    for (const begun of [one, other])
      expect(await lab.settle(String(begun?.answer.run))).toMatchObject({ result: 'protected' });
    for (const plan of ['acme-web', 'acme-slow'])
      expect(files(plan, first)).toEqual(['student-1_1_2026.pdf', 'student-1_2_2026.pdf']);
  }, 60_000);

  test('one plan saves two groups in one run', async () => {
    const [model] = lab.specs();
    if (model === undefined) throw new Error('The lab has no instance.');
    const api = 'i-0abcdef0123456789';
    const folder = join(lab.folder, 'instances', api);
    mkdirSync(join(folder, 'upload'), { recursive: true });
    writeFileSync(join(folder, 'upload/order.pdf'), 'an order');
    const disks = { upload: join(folder, 'upload'), state: join(folder, 'state') };
    await lab.aws().fleet.launch({ ...model, ...disks, id: api, group: 'acme-api' });
    await lab.aws().lifeCycle.launched(api);
    const record = await run({ plan: 'acme-both' });
    expect(record).toMatchObject({ result: 'protected', problems: [] });
    expect(record.expected?.map(({ instance, group }) => [instance, group])).toEqual([
      [first, 'acme-web'],
      [second, 'acme-web'],
      [api, 'acme-api'],
    ]);
    expect(files('acme-both', api)).toEqual(['order.pdf']);
  }, 60_000);
});

test('what is no run is refused with what to send', async () => {
  const refusals: readonly (readonly [unknown, RegExp])[] = [
    [{ cancel: 'acme-web' }, /cancel: is no run such as acme-web.*Send \{"cancel":/],
    [{ cancel: 'acme-web/20200101T000000Z-backup' }, /no run acme-web\/20200101T000000Z-backup/],
    [{ cancel: 'acme-web/20200101T000000Z-backup', plan: 'acme-web' }, /knows no plan/],
  ];
  for (const [event, message] of refusals) {
    const { failed, answer } = await invoke(lab.aws(), 'dispatch', event);
    expect([failed, answer.errorMessage]).toEqual([true, expect.stringMatching(message)]);
  }
}, 60_000);
