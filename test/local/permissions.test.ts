import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AutoScalingClient, CompleteLifecycleActionCommand } from '@aws-sdk/client-auto-scaling';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import {
  GetParameterCommand,
  SendCommandCommand,
  SSMClient,
  UpdateDocumentCommand,
} from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LocalInstance } from '../../local/contract.ts';
import { type Ask, decide } from '../../local/iam/decide.ts';
import type { Asked } from '../../local/iam/guard.ts';
import { managedInstanceCore } from '../../local/iam/managed-instance-core.ts';
import type { Statement } from '../../local/iam/statement.ts';
import { accessKeyIdOf } from '../../local/protocol/signature.ts';
import { invoke } from './invoke.ts';
import { hour, idOf, type NightLab, openNightLab } from './night-lab.ts';

/**
 * Local AWS refuses what a role does not allow, so that whole nights prove that nothing is missing. Here the questions of
 * such nights are asked again of roles from which something was taken: no statement, action or resource is needless.
 */
let lab: NightLab;
let asked: readonly Asked[];
const both = idOf(1);
const inTheWarmPool = idOf(2);
const onlyTagged = idOf(3);
const onlyInTheGroup = idOf(4);
beforeAll(async () => {
  lab = await openNightLab({ instances: 4, files: 1 });
  // A retry, a failure that is told to both channels, and two plans, each of which knows an instance that the other does not.
  await lab.boot('share-unmounted');
  lab.slack.fail(500, 8);
  change(inTheWarmPool, { lifeCycleState: 'Warmed:Stopped' });
  change(onlyTagged, { group: '' });
  change(onlyInTheGroup, { tags: {} });
  await lab.settle((await lab.night()).run);
  await byHand({ plan: 'acme-tags' });
  await byHand({ plan: 'acme-web', operation: 'restore', instances: [onlyInTheGroup], from: both });
  await byHand({ plan: 'acme-web', operation: 'verify', instances: [onlyInTheGroup] });
  await byHand({ plan: 'acme-web', operation: 'prune', dryRun: true });
  await invoke(lab.aws(), 'check', { plan: 'acme-tags' });
  await invoke(lab.aws(), 'drilldown', { plan: 'acme-web' });
  await invoke(lab.aws(), 'drilldown', { plan: 'acme-web', instance: both });
  await steer();
  await leaveDuringARun();
  await fail();
  await tryEverything();
  asked = lab.asked();
}, 240_000);
afterAll(() => lab.close());

const change = (id: string, changes: Partial<LocalInstance>): void => {
  Object.assign(lab.aws().fleet.get(id) ?? {}, changes);
};

const byHand = async (event: object): Promise<void> => {
  const { answer } = await invoke(lab.aws(), 'dispatch', event);
  await lab.settle(String(answer.run));
};

/** What a person may do beside a run: an incident is muted, the plan paused for a moment, a run cancelled that waits for an agent. */
const steer = async (): Promise<void> => {
  await lab.pass(1_000);
  change(both, { ping: 'ConnectionLost' });
  const { answer } = await invoke(lab.aws(), 'dispatch', { plan: 'acme-tags' });
  await invoke(lab.aws(), 'dispatch', { cancel: answer.run });
  await lab.settle(String(answer.run));
  change(both, { ping: 'Online' });
  await invoke(lab.aws(), 'dispatch', { plan: 'acme-tags', incident: 'acknowledge' });
  const until = new Date(lab.aws().clock.now().getTime() + hour).toISOString();
  await invoke(lab.aws(), 'dispatch', { plan: 'acme-tags', pause: { until } });
  await invoke(lab.aws(), 'dispatch', { plan: 'acme-tags', resume: true });
};

/** Instances go whose agents do not answer, out of each plan: they are kept waiting, and kept as snapshots. */
const leaveDuringARun = async (): Promise<void> => {
  const { lifeCycle } = lab.aws();
  for (const id of [both, onlyInTheGroup]) change(id, { ping: 'ConnectionLost' });
  const { answer } = await invoke(lab.aws(), 'dispatch', { plan: 'acme-web' });
  await lifeCycle.terminate(both);
  await lifeCycle.terminate(onlyInTheGroup);
  // EC2 takes this one back: it has two minutes, and nothing to save.
  clearUploads(onlyTagged);
  lab.aws().interrupt(onlyTagged);
  await lab.settle(String(answer.run));
  await lab.pass(2 * hour);
  change(inTheWarmPool, { lifeCycleState: 'InService' });
  await byHand({ plan: 'acme-web' });
  // The first failure of an incident is told, and here by drain.
  await lab.forgetIncident();
  change(inTheWarmPool, { ping: 'ConnectionLost' });
  await lifeCycle.terminate(inTheWarmPool);
  await lab.pass(2 * hour);
};

const clearUploads = (id: string): void => {
  const { upload } = lab.specs().find((spec) => spec.id === id) ?? {};
  if (upload === undefined) throw new Error(`${id} has no folder of uploads.`);
  for (const name of readdirSync(upload)) rmSync(join(upload, name));
};

/** Events that no function understands: each ends in the queue. */
const fail = async (): Promise<void> => {
  for (const name of ['dispatch', 'check', 'drain'])
    lab.aws().functions.invokeLater(`lifeboat-prod-${name}`, '{"run":"no run"}', 'test');
  await lab.pass(hour / 6);
  expect(lab.aws().deadLetters()).toHaveLength(3);
};

/** What somebody tries who took an instance over, with the instance's role; and who is told no, in AWS's words. */
const attempts = {
  'read the Slack token': (at) =>
    new SSMClient(at).send(new GetParameterCommand(secret('/lifeboat/slack-token'))),
  'read the JIRA credentials': (at) =>
    new SSMClient(at).send(new GetParameterCommand(secret('/lifeboat/jira'))),
  'send a command': (at) =>
    new SSMClient(at).send(
      new SendCommandCommand({ DocumentName: 'AWS-RunShellScript', InstanceIds: [inTheWarmPool] }),
    ),
  'change a document': (at) =>
    new SSMClient(at).send(new UpdateDocumentCommand({ Name: 'lifeboat-prod-backup', Content: '{}' })),
  'write a run record': put('runs/acme-web/20261123T180000Z-backup/record.json'),
  'write a report': put('runs/acme-web/20261123T180000Z-backup/report.html'),
  'close an incident': put('incidents/acme-web.json'),
  'claim to be drained': put(`drains/${both}.json`),
  'keep files in the bucket': put('logs/my-own/archive.tar'),
  'read a run record': (at) =>
    new S3Client(at).send(new GetObjectCommand({ Bucket: bucketName(), Key: 'incidents/acme-web.json' })),
  'list the bucket': (at) => new S3Client(at).send(new ListObjectsV2Command({ Bucket: bucketName() })),
  'delete an incident': (at) =>
    new S3Client(at).send(new DeleteObjectCommand({ Bucket: bucketName(), Key: 'incidents/acme-web.json' })),
  'invoke a function': (at) =>
    new LambdaClient(at).send(new InvokeCommand({ FunctionName: 'lifeboat-prod-dispatch', Payload: '{}' })),
  'let an instance go': (at) =>
    new AutoScalingClient(at).send(
      new CompleteLifecycleActionCommand({
        AutoScalingGroupName: 'acme-web',
        LifecycleHookName: 'lifeboat-drain',
        LifecycleActionResult: 'ABANDON',
        InstanceId: inTheWarmPool,
      }),
    ),
  'make a schedule': (at) =>
    new SchedulerClient(at).send(
      new CreateScheduleCommand({
        Name: 'mine',
        ScheduleExpression: 'rate(1 minute)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: { Arn: lab.aws().stack.functions[0]?.arn, RoleArn: lab.aws().stack.roles[0]?.arn },
      }),
    ),
} satisfies Record<string, (at: ReturnType<typeof as>) => Promise<unknown>>;

const answers = new Map<string, string>();
const tryEverything = async (): Promise<void> => {
  for (const [what, attempt] of Object.entries(attempts))
    answers.set(
      what,
      await attempt(as(both)).then(
        () => 'done',
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      ),
    );
};

test.each(Object.keys(attempts))('an instance may not: %s', (what) => {
  expect(answers.get(what)).toMatch(
    new RegExp(`^User: arn:aws:sts::\\d+:assumed-role/instances/${both} is not authorized to perform: `),
  );
});

test('an instance reads no secret, and the refusal is a Deny', () => {
  for (const what of ['read the Slack token', 'read the JIRA credentials'])
    expect(answers.get(what)).toContain('with an explicit deny in an identity-based policy');
});

function as(id: string) {
  return {
    endpoint: lab.aws().endpoint,
    region: lab.aws().region,
    credentials: { accessKeyId: accessKeyIdOf(id), secretAccessKey: 'taken' },
    forcePathStyle: true,
    maxAttempts: 1,
  };
}

function put(Key: string) {
  return (at: ReturnType<typeof as>) =>
    new S3Client(at).send(new PutObjectCommand({ Bucket: bucketName(), Key, Body: '{}' }));
}

function bucketName(): string {
  return lab.aws().stack.buckets[0] ?? '';
}

function secret(Name: string) {
  return { Name, WithDecryption: true };
}

describe.each(['dispatch', 'check', 'drain', 'drilldown'])('%s', (name) => {
  test('asks for much, and its role allows it all', () => {
    const own = asked.filter(({ by }) => by === `lifeboat-prod-${name}`);
    expect(own.length).toBeGreaterThan(name === 'drilldown' ? 4 : 15);
    expect(own.filter(({ decision }) => decision !== 'allowed')).toEqual([]);
  });

  test('is allowed nothing that these nights do not need', () => {
    const fn = lab.aws().stack.functions.find((one) => one.name === `lifeboat-prod-${name}`);
    const role = lab.aws().stack.roles.find(({ arn }) => arn === fn?.roleArn);
    const own = asked.filter(({ by }) => by === fn?.name);
    expect(needless(role?.statements ?? [], own)).toEqual(restsOnOtherNights[name] ?? []);
  });
});

test('the Scheduler is allowed nothing that these nights do not need', () => {
  const role = lab.aws().stack.roles.find(({ statements }) => statements[0]?.sid === 'WakesTheFunctions');
  const own = asked.filter(({ by }) => by === role?.name);
  expect(needless(role?.statements ?? [], own)).toEqual(restsOnOtherNights.scheduler);
});

test('an instance is allowed nothing that these nights do not need, and nothing but its logs', () => {
  const { instanceStatements } = lab.aws().stack;
  const own = asked.filter(({ by }) => by.startsWith('i-'));
  expect(needless(instanceStatements, own, managedInstanceCore)).toEqual([]);
  const done = own.filter(({ decision }) => decision === 'allowed');
  expect(new Set(done.map(({ action }) => action))).toEqual(new Set(['s3:PutObject']));
});

/** What is needed in nights that this test does not live through, each with the reason. */
const restsOnOtherNights: Readonly<Record<string, readonly string[]>> = {
  // Where somebody deleted a function that a schedule still wakes.
  scheduler: ['HandsOnWhatFailed: sqs:SendMessage'],
};

/** Every way to make the statements smaller by one thing that no question would have noticed. */
const needless = (
  statements: readonly Statement[],
  questions: readonly (Ask & Pick<Asked, 'decision'>)[],
  others: readonly Statement[] = [],
): readonly string[] => {
  const isNoticed = (fewer: readonly Statement[]): boolean =>
    questions.some(
      (ask) => (decide([...others, ...fewer], ask) === 'allowed') !== (ask.decision === 'allowed'),
    );
  return statements.flatMap((statement, index) =>
    smaller(statement)
      .filter(({ left }) => !isNoticed(statements.toSpliced(index, 1, ...left)))
      .map(({ without }) => `${statement.sid}: ${without}`),
  );
};

type Smaller = { readonly without: string; readonly left: readonly Statement[] };

const smaller = (statement: Statement): readonly Smaller[] => {
  const { actions, resources = [] } = statement;
  return [
    ...actions.map((action) => ({
      without: action,
      left: actions.length === 1 ? [] : [{ ...statement, actions: actions.filter((one) => one !== action) }],
    })),
    ...(resources.length < 2 ? [] : resources).map((resource) => ({
      without: resource,
      left: [{ ...statement, resources: resources.filter((one) => one !== resource) }],
    })),
  ];
};
