import { expect, test } from '@jest/globals';
import type { LocalFunction } from '../../../../local/contract.ts';
import { type DeadLetter, openDeadLetters } from '../../../../local/events/dead-letters.ts';
import { openGuard } from '../../../../local/iam/guard.ts';
import { inRole, mayLog, ofFunctions, ofRules } from '../../../../local/iam/services-that-act.ts';
import { readPolicy } from '../../../../local/iam/statement.ts';
import { account, region } from '../services/world.ts';

const arn = (service: string, rest: string) => `arn:aws:${service}:${region}:${account}:${rest}`;
const check = arn('lambda', 'function:check');
const queue = arn('sqs', 'dead');
const roleArn = `arn:aws:iam::${account}:role/the-role`;
const rule = arn('events', 'rule/x-1');

type Written = { readonly [element: string]: unknown };
const policy = (...statements: readonly Written[]) =>
  readPolicy({
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })),
  });
const invokes = { Action: 'lambda:InvokeFunction', Resource: check };
const sends = { Action: 'sqs:SendMessage', Resource: queue };
const takenBy = (Service: string, Condition: Written = {}) => ({
  Principal: { Service },
  Action: 'sts:AssumeRole',
  Condition,
});
const theScheduler = 'scheduler.amazonaws.com';

const fn: LocalFunction = {
  name: 'check',
  arn: check,
  logicalId: 'Check',
  roleArn,
  codeDirectory: '/nowhere',
  handler: 'check.handler',
  timeoutSeconds: 3,
  memoryMegabytes: 128,
  environment: {},
  maximumRetryAttempts: 2,
};

const openWorld = ({
  role = [],
  trust = [takenBy(theScheduler)],
  resources = [],
}: {
  readonly role?: readonly Written[];
  readonly trust?: readonly Written[];
  readonly resources?: readonly Written[];
}) => {
  const guard = openGuard({
    stack: {
      functions: [fn],
      roles: [{ arn: roleArn, name: 'the-role', statements: policy(...role), trust: policy(...trust) }],
      instanceStatements: [],
      resourceStatements: policy(...resources),
    },
    world: {
      ...{ partition: 'aws', account, region, snapshotTags: async () => ({}) },
      fleet: { instances: () => [], get: () => undefined },
    },
  });
  const delivered: string[] = [];
  const deadLetters = openDeadLetters();
  const tools = { deliver: (target: string) => void delivered.push(target), deadLetters };
  return { guard, tools, delivered, deadLetters };
};
const letter: DeadLetter = {
  ...{ at: new Date(), from: 'schedule', source: rule, queueArn: queue, targetArn: check },
  ...{ reason: 'x', body: '{}' },
};

test.each([
  ['allows it and trusts the Scheduler', {}, 'delivered'],
  ['allows something else', { role: [sends] }, 'NO_PERMISSIONS'],
  ['trusts somebody else', { trust: [takenBy('lambda.amazonaws.com')] }, 'NO_PERMISSIONS'],
  [
    'trusts the Scheduler of this account',
    { trust: [takenBy(theScheduler, { StringEquals: { 'aws:SourceAccount': account } })] },
    'delivered',
  ],
  [
    'trusts the Scheduler of another account',
    { trust: [takenBy(theScheduler, { StringEquals: { 'aws:SourceAccount': '111111111111' } })] },
    'NO_PERMISSIONS',
  ],
])('a schedule, whose role %s', (_, world, expected) => {
  const { guard, tools, delivered } = openWorld({ role: [invokes], ...world });
  const { deliver } = inRole(tools, guard, roleArn);
  const outcome = () => {
    deliver(check, '{}', 'a schedule');
    return delivered.length === 1 ? 'delivered' : 'lost';
  };
  if (expected === 'delivered') expect(outcome()).toBe(expected);
  else expect(outcome).toThrow(expect.objectContaining({ code: expected, retriable: false }));
});

test('a schedule whose role does not exist invokes nothing', () => {
  const { guard, tools } = openWorld({ role: [invokes] });
  expect(() => inRole(tools, guard, `${roleArn}-gone`).deliver(check, '{}', 'a schedule')).toThrow(
    'does not let',
  );
});

test('a rule invokes what has a permission for it, and nothing else', () => {
  const permission = {
    ...invokes,
    Principal: { Service: 'events.amazonaws.com' },
    Condition: { ArnLike: { 'aws:SourceArn': rule } },
  };
  const { guard, tools, delivered } = openWorld({ resources: [permission] });
  const { deliver } = ofRules(tools, guard);
  deliver(check, '{}', rule);
  expect(delivered).toEqual([check]);
  expect(() => deliver(check, '{}', `${rule}0`)).toThrow('has no permission');
  expect(() => deliver(arn('lambda', 'function:dispatch'), '{}', rule)).toThrow('has no permission');
});

test('whoever may not send to the queue loses the event', () => {
  const queuesOf = (world: Parameters<typeof openWorld>[0]) => {
    const { guard, tools, deadLetters } = openWorld(world);
    inRole(tools, guard, roleArn).deadLetters.put(letter);
    ofFunctions(deadLetters, guard).put({ ...letter, from: 'function' });
    ofRules(tools, guard).deadLetters.put({ ...letter, from: 'rule' });
    return Object.fromEntries(deadLetters.all().map(({ from, queueArn }) => [from, queueArn]));
  };
  const forRules = { ...sends, Principal: { Service: 'events.amazonaws.com' } };
  expect(queuesOf({})).toEqual({ schedule: undefined, function: undefined, rule: undefined });
  expect(queuesOf({ role: [sends] })).toEqual({ schedule: queue, function: queue, rule: undefined });
  expect(queuesOf({ resources: [forRules] })).toEqual({
    schedule: undefined,
    function: undefined,
    rule: queue,
  });
});

test('a function that may not write its log has none', () => {
  const logs = (...Action: readonly string[]) => {
    const Resource = arn('logs', 'log-group:/aws/lambda/check:*');
    const { guard } = openWorld({ role: Action.map((one) => ({ Action: one, Resource })) });
    return mayLog(fn, guard, { account, region });
  };
  expect(logs('logs:CreateLogStream', 'logs:PutLogEvents')).toBe(true);
  expect(logs('logs:CreateLogStream')).toBe(false);
  expect(logs('logs:PutLogEvents')).toBe(false);
});

test("a bucket's own Deny is told as such", async () => {
  const { guard } = openWorld({
    role: [{ Action: 's3:*', Resource: '*' }],
    resources: [
      { Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: 'arn:aws:s3:::bucket/kept/*' },
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: '*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ],
  });
  const put = (Key: string) =>
    guard.authorize({
      caller: 'check',
      service: 's3',
      operation: 'PutObject',
      input: { Bucket: 'bucket', Key },
    });
  await put('other/x');
  await expect(put('kept/x')).rejects.toThrow('with an explicit deny in a resource-based policy');
});

test('a call that nobody wrote down fails loudly for functions, and not for people', async () => {
  const { guard } = openWorld({ role: [{ Action: '*', Resource: '*' }] });
  const call = { service: 'ssm', operation: 'DeleteDocument', input: {} };
  await expect(guard.authorize({ ...call, caller: 'check' })).rejects.toThrow(
    'local/iam does not say yet what ssm:DeleteDocument has to be allowed',
  );
  await guard.authorize({ ...call, caller: 'cli' });
});
