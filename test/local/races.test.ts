import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { invoke } from './invoke.ts';
import { type NightLab, openNightLab } from './night-lab.ts';

let lab: NightLab;
beforeAll(async () => {
  lab = await openNightLab({ instances: 2, files: 3 });
  await lab.boot();
}, 180_000);
afterAll(() => lab.close());

/** Those of backups: each good one is followed by a prune. */
const sentCommands = () =>
  lab
    .calls()
    .filter(
      ({ operation, request }) => operation === 'SendCommand' && /-backup#/.test(JSON.stringify(request)),
    ).length;
const wholeSecond = () => new Date(Math.floor(lab.clock().now().getTime() / 1000) * 1000).toISOString();

test('two dispatches of the same scheduled time send one command, and both say which run', async () => {
  const before = sentCommands();
  const event = { plan: 'acme-web', operation: 'backup', scheduledTime: wholeSecond() };
  const answers = await Promise.all([1, 2, 3].map(() => invoke(lab.aws(), 'dispatch', event)));
  expect(answers.map(({ failed }) => failed)).toEqual([false, false, false]);
  expect(new Set(answers.map(({ answer }) => answer.run)).size).toBe(1);
  const notes = answers.map(({ answer }) => answer.note).filter((note) => note !== undefined);
  expect(notes).toEqual(Array(2).fill('This run was begun before; nothing was sent again.'));
  const record = await lab.settle(String(answers[0]?.answer.run));
  expect(record.result).toBe('protected');
  expect(sentCommands() - before).toBe(1);
  expect(lab.slack.messages()).toHaveLength(2);
}, 60_000);

test('events that come twice, late and before the command was sent close a run once and tell it once', async () => {
  await lab.boot();
  const before = { sent: sentCommands(), slack: lab.slack.messages().length };
  const { answer } = await invoke(lab.aws(), 'dispatch', { plan: 'acme-web' });
  const run = String(answer.run);
  await Promise.all(Array.from({ length: 4 }, () => invoke(lab.aws(), 'check', { run })));
  const record = await lab.settle(run);
  const [command] = record.commands;
  const { bus, stack } = lab.aws();
  for (const status of ['Success', 'Failed', 'Success'])
    bus.publish({
      source: 'aws.ssm',
      'detail-type': 'EC2 Command Status-change Notification',
      detail: {
        'command-id': command?.commandId ?? '',
        'document-name': stack.documents[0]?.name ?? '',
        status,
      },
    });
  expect(await lab.settle(run)).toEqual(record);
  expect(record).toMatchObject({ result: 'protected' });
  expect(sentCommands() - before.sent).toBe(1);
  const told = lab.slack.messages().slice(before.slack);
  expect(told.map(({ text }) => text.split('.')[0])).toEqual([
    expect.stringContaining('started by hand'),
    expect.stringContaining('is good'),
  ]);
  const closed = lab
    .aws()
    .functions.metrics()
    .filter(({ name }) => name === 'RunGood');
  expect(closed).toHaveLength(1);
}, 60_000);

test('an event of a command that is not ours is left alone', async () => {
  const { bus, stack } = lab.aws();
  bus.publish({
    source: 'aws.ssm',
    'detail-type': 'EC2 Command Status-change Notification',
    detail: {
      'command-id': '11111111-2222-4333-8444-555555555555',
      'document-name': stack.documents[0]?.name ?? '',
      status: 'Success',
    },
  });
  const before = lab.slack.messages().length;
  await lab.pass(1_000);
  expect(lab.slack.messages()).toHaveLength(before);
  expect(lab.aws().deadLetters()).toEqual([]);
}, 60_000);
