import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startClock } from '../../../../local/clock.ts';
import type { ControlFault, EventRule, LocalClock, RuleTarget } from '../../../../local/contract.ts';
import { type DeadLetters, openDeadLetters } from '../../../../local/events/dead-letters.ts';
import { deliverToFunctions } from '../../../../local/events/deliver.ts';
import { startEventBus } from '../../../../local/events/event-bus.ts';

const arn = 'arn:aws:lambda:ap-southeast-1:123456789012:function:check';
let clock: LocalClock;
let deadLetters: DeadLetters;
let received: string[];
beforeEach(() => {
  clock = startClock();
  deadLetters = openDeadLetters();
  received = [];
});
afterEach(() => clock.stop());

const rule = (target: Partial<RuleTarget> = {}): EventRule => ({
  name: 'ended',
  pattern: { source: ['aws.ssm'], detail: { status: ['Success', 'Failed'] } },
  targets: [{ arn, ...target }],
});

const start = (rules: readonly EventRule[], faults: readonly ControlFault[] = []) =>
  startEventBus({
    clock,
    deadLetters,
    rules,
    faults,
    account: '123456789012',
    region: 'ap-southeast-1',
    deliver: deliverToFunctions({
      has: (name) => name === arn,
      invokeLater: (_name, payload) => void received.push(payload),
    }),
  });

const ended = (status = 'Success') => ({
  source: 'aws.ssm',
  'detail-type': 'EC2 Command Status-change Notification',
  resources: ['arn:aws:ec2:ap-southeast-1:123456789012:instance/i-0abc'],
  detail: { 'command-id': 'c-1', status },
});

describe('the event bus', () => {
  it('completes the envelope and delivers to the rules that match, and to no other', async () => {
    const bus = start([rule(), { ...rule(), pattern: { source: ['aws.ec2'] } }]);
    bus.publish(ended());
    bus.publish(ended('Pending'));
    expect(received).toEqual([]);
    await bus.idle();
    expect(received).toHaveLength(1);
    expect(JSON.parse(received[0] ?? '')).toEqual({
      version: '0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      account: '123456789012',
      region: 'ap-southeast-1',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      ...ended(),
    });
    expect(bus.published()).toHaveLength(2);
  });

  it('tells the time of the local clock', async () => {
    clock.at(new Date('2099-01-01T00:00:00Z'), 'far', () => undefined);
    await clock.skipToNext();
    const bus = start([rule()]);
    bus.publish(ended());
    await bus.idle();
    expect(JSON.parse(received[0] ?? '').time).toMatch(/^2099-01-01T00:00:0\dZ$/);
  });

  it.each<[string, Partial<RuleTarget>, string]>([
    ['constant input', { input: '{"plan":"acme-web"}' }, '{"plan":"acme-web"}'],
    ['a part of the event', { inputPath: '$.detail.status' }, '"Success"'],
    [
      'a filled template',
      {
        inputTransformer: {
          paths: {
            id: "$.detail['command-id']",
            first: '$.resources[0]',
            detail: '$.detail',
            none: '$.detail.no',
          },
          template:
            '{"id":<id>,"text":"<id> in <aws.events.rule-name> of \\"<first>\\"","detail":<detail>,"none":<none>}',
        },
      },
      '{"id":"c-1","text":"c-1 in ended of \\"arn:aws:ec2:ap-southeast-1:123456789012:instance/i-0abc\\"","detail":{"command-id":"c-1","status":"Success"},"none":null}',
    ],
  ])('hands over %s', async (_name, target, expected) => {
    const bus = start([rule(target)]);
    bus.publish(ended());
    await bus.idle();
    expect(received).toEqual([expected]);
  });

  it('leaves a dead letter where the function does not exist', async () => {
    const deadLetterArn = 'arn:aws:sqs:ap-southeast-1:123456789012:dead';
    const bus = start([rule({ arn: `${arn}-gone`, deadLetterArn })]);
    bus.publish(ended());
    await bus.idle();
    expect(deadLetters.all()).toMatchObject([
      {
        from: 'rule',
        queueArn: deadLetterArn,
        reason: 'ResourceNotFoundException',
        targetArn: `${arn}-gone`,
      },
    ]);
    expect(JSON.parse(deadLetters.all()[0]?.body ?? '').detail.status).toBe('Success');
  });

  it('refuses a rule whose pattern is none', () => {
    expect(() => start([{ ...rule(), pattern: { source: 'aws.ssm' } }])).toThrow(/source/);
  });
});

describe('faults', () => {
  it('event-lost: what Systems Manager says never arrives, everything else does', async () => {
    const bus = start([rule(), { ...rule(), pattern: { source: ['aws.ec2'] } }], ['event-lost']);
    bus.publish(ended());
    bus.publish({ ...ended(), source: 'aws.ec2' });
    await bus.idle();
    expect(received.map((text) => JSON.parse(text).source)).toEqual(['aws.ec2']);
    expect(bus.published()).toHaveLength(2);
  });

  it('event-twice: everything arrives twice, the second copy later, and events overtake each other', async () => {
    const bus = start([rule()], ['event-twice']);
    for (let n = 0; n < 30; n += 1) bus.publish(ended());
    await bus.idle();
    const ids = received.map((text) => JSON.parse(text).id);
    const published = bus.published().map(({ id }) => id);
    expect([...ids].sort()).toEqual([...published, ...published].sort());
    expect([...new Set(ids)]).not.toEqual(published);
  });
});
