import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AutoScalingClient,
  SetDesiredCapacityCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Drain } from '../../functions/pipeline/drain.ts';
import type { RunRecord } from '../../functions/pipeline/run-record.ts';
import type { BusEvent } from '../../local/contract.ts';
import { invoke } from './invoke.ts';
import { atRest, idOf, type NightLab, openNightLab } from './night-lab.ts';

let lab: NightLab;
const labs: NightLab[] = [];
/** Each test has its own fleet: an instance goes only once. */
beforeEach(async () => {
  lab = await openNightLab({ instances: 4, files: 3 });
  await lab.boot();
  labs.push(lab);
}, 180_000);
afterEach(() => lab.close());
afterAll(() => expect(labs.length).toBeGreaterThan(0));

const autoScaling = () =>
  new AutoScalingClient({
    endpoint: lab.aws().endpoint,
    region: lab.aws().region,
    credentials: { accessKeyId: 'person', secretAccessKey: 'local' },
  });
const terminate = (...indexes: readonly number[]) =>
  Promise.all(
    indexes.map((index) =>
      autoScaling().send(
        new TerminateInstanceInAutoScalingGroupCommand({
          InstanceId: idOf(index),
          ShouldDecrementDesiredCapacity: true,
        }),
      ),
    ),
  );
const stateOf = (index: number) => lab.aws().fleet.get(idOf(index))?.lifeCycleState;
const finalRuns = (): readonly string[] => {
  const folder = join(lab.folder, 'bucket/runs/acme-web');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => name.endsWith('-final-backup')).map((name) => `acme-web/${name}`);
};
/** Lets everything happen until the only final backup is over. */
const settled = async (): Promise<RunRecord> => {
  await atRest(lab.aws());
  const [run, ...more] = finalRuns();
  expect(more).toEqual([]);
  return lab.settle(run ?? 'none');
};
const saved = (index: number, name: string): string | undefined => {
  const file = join(lab.share, 'acme-web', idOf(index), 'current', name);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
};
const told = () => lab.slack.messages().map(({ text }) => text);
const sent = () =>
  lab
    .calls()
    .filter(({ operation }) => operation === 'SendCommand')
    .map(({ request }) => String((request as { readonly Comment?: string }).Comment).split('/')[0])
    .toSorted();
const completions = () =>
  lab.calls().filter(({ operation }) => operation === 'CompleteLifecycleAction').length;

test('a scale-in of several loses no file, is let go as it is saved, and is one run and one message', async () => {
  for (const index of [1, 2, 3, 4]) lab.upload(index, 'since-the-night.pdf', `paper of ${index}`);
  await autoScaling().send(
    new SetDesiredCapacityCommand({ AutoScalingGroupName: 'acme-web', DesiredCapacity: 1 }),
  );
  const record = await settled();
  expect(record).toMatchObject({ operation: 'final-backup', result: 'protected' });
  const gone = [1, 2, 3, 4].filter((index) => stateOf(index) === 'Terminated');
  expect(gone).toHaveLength(3);
  expect(gone.map((index) => saved(index, 'since-the-night.pdf'))).toEqual(
    gone.map((index) => `paper of ${index}`),
  );
  expect(told()).toEqual([expect.stringContaining('the final backup of all 3 instances that go is good')]);
  expect(completions()).toBe(3);
}, 120_000);

test('the same event twice saves once and lets go once', async () => {
  const events: BusEvent[] = [];
  const { bus } = lab.aws();
  const publish = bus.publish.bind(bus);
  const remember = (event: BusEvent): void => {
    events.push(event);
    publish(event);
  };
  Object.assign(bus, { publish: remember });
  await terminate(1);
  for (const event of [...events]) for (let copies = 0; copies < 3; copies += 1) publish(event);
  const record = await settled();
  expect(record).toMatchObject({ result: 'protected', results: [{ attempts: 1 }] });
  for (const event of events.filter(({ source }) => source === 'aws.autoscaling')) publish(event);
  await lab.pass(3_600_000);
  expect(finalRuns()).toHaveLength(1);
  // Two plans cover the group: each has saved it once, and it was let go when both had.
  expect(sent()).toEqual(['acme-tags', 'acme-web']);
  expect([completions(), told().length]).toEqual([1, 1]);
  expect(lab.aws().deadLetters()).toEqual([]);
}, 120_000);

test('an instance whose agent is gone already is kept as a snapshot with all its files, let go, and told', async () => {
  lab.upload(1, 'only-here.pdf', 'a paper that no night has seen');
  const instance = lab.aws().fleet.get(idOf(1));
  if (instance !== undefined) instance.ping = 'ConnectionLost';
  await terminate(1);
  const record = await settled();
  const [snapshot = ''] = record.results?.[0]?.snapshots ?? [];
  expect(record.results).toMatchObject([{ outcome: 'unreachable', cause: 'agent-offline' }]);
  const data = join(lab.folder, 'snapshots', snapshot);
  expect(readFileSync(join(data, 'data/only-here.pdf'), 'utf8')).toBe('a paper that no night has seen');
  expect(JSON.parse(readFileSync(join(data, 'snapshot.json'), 'utf8')).tags).toMatchObject({
    'lifeboat:plan': 'acme-web',
    'lifeboat:instance': idOf(1),
    'lifeboat:run': record.run,
  });
  expect(stateOf(1)).toBe('Terminated');
  expect(told()).toEqual([
    expect.stringContaining(`Kept as EBS snapshots before they went: ${idOf(1)} as ${snapshot}`),
  ]);
  expect(lab.jira.issues()).toHaveLength(1);
}, 120_000);

test('one that falls silent at work is kept waiting by heartbeats, then kept as a snapshot', async () => {
  const instance = lab.aws().fleet.get(idOf(1));
  lab.onCall(({ operation }) => {
    // Its agent has taken the command and never reports.
    if (operation === 'SendCommand' && instance !== undefined)
      setTimeout(() => (instance.ping = 'ConnectionLost'), 60);
  });
  await terminate(1);
  const record = await settled();
  expect(record.results).toMatchObject([
    { outcome: 'timed-out', snapshots: [expect.stringMatching(/^snap-/)] },
  ]);
  const beats = lab.calls().filter(({ operation }) => operation === 'RecordLifecycleActionHeartbeat').length;
  // An hour with a heartbeat of ten minutes that beats every five.
  expect(beats).toBeGreaterThanOrEqual(6);
  expect(stateOf(1)).toBe('Terminated');
}, 120_000);

test('one that dies in the middle is gone, told, and nobody waits for it', async () => {
  lab.onCall(({ operation }) => {
    if (operation === 'SendCommand') void lab.aws().fleet.terminate(idOf(1));
  });
  await terminate(1);
  const record = await settled();
  expect(record.results).toMatchObject([{ outcome: 'gone', cause: 'instance-terminated' }]);
  expect(told()).toEqual([expect.stringContaining('the instance that goes is not protected')]);
  const drain = JSON.parse((await lab.object(`drains/${idOf(1)}.json`)) ?? '{}') as Drain;
  expect(drain).toMatchObject({ actions: [{ state: 'over' }], letGoAt: expect.any(String) });
}, 120_000);

test('a spot instance is saved within its two minutes, and only what is ours is looked at', async () => {
  lab.upload(1, 'since-the-night.pdf', 'a paper');
  const before = lab.clock().now().getTime();
  lab.aws().interrupt(idOf(1));
  await atRest(lab.aws());
  expect(saved(1, 'since-the-night.pdf')).toBe('a paper');
  expect(lab.clock().now().getTime() - before).toBeLessThan(60_000);
  expect(await settled()).toMatchObject({ result: 'protected' });
  lab.aws().bus.publish({
    source: 'aws.ec2',
    'detail-type': 'EC2 Spot Instance Interruption Warning',
    detail: { 'instance-id': 'i-0123456789abcdef0', 'instance-action': 'terminate' },
  });
  await lab.pass(60_000);
  expect(finalRuns()).toHaveLength(1);
  expect(lab.aws().deadLetters()).toEqual([]);
}, 120_000);

test('by hand it saves an instance and lets nobody go', async () => {
  const { answer } = await invoke(lab.aws(), 'drain', { instance: idOf(2) });
  expect(answer).toMatchObject({ instance: idOf(2), note: 'Its final backup has begun.' });
  expect(await settled()).toMatchObject({ result: 'protected' });
  expect(stateOf(2)).toBe('InService');
  const { failed, answer: mistake } = await invoke(lab.aws(), 'drain', { instanz: idOf(2) });
  expect([failed, mistake.errorMessage]).toEqual([true, expect.stringMatching(/Send \{"instance":"i-…"\}/)]);
}, 120_000);
