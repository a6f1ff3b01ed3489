import { AutoScalingClient, CompleteLifecycleActionCommand } from '@aws-sdk/client-auto-scaling';
import { CreateSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import {
  CancelCommandCommand,
  GetParameterCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, expect, test } from '@jest/globals';
import { accessKeyIdOf } from '../../../../local/protocol/signature.ts';
import { account, region, startWorld, testInstance, type World } from '../services/world.ts';

let world: World;
afterEach(() => world.stop());

type Written = {
  readonly Effect?: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
};

/** What a function whose role says this gets to hear; its name is that of the world's one function. */
const worldWith = async (...statements: readonly Written[]) => {
  world = await startWorld({
    instances: [testInstance(1, { group: 'acme', tags: { role: 'uploads' } })],
    parameters: { '/lifeboat/token': 'secret' },
    statements: statements.map((statement) => ({ Effect: 'Allow', ...statement })),
  });
  const config = {
    ...world.client(accessKeyIdOf('lifeboat-prod-dispatch')),
    forcePathStyle: true,
  };
  return { config, refused: (call: Promise<unknown>) => call.then(() => 'allowed', wordsOf) };
};
const wordsOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

const who = `User: arn:aws:sts::${account}:assumed-role/the-role/lifeboat-prod-dispatch`;
const arn = (service: string, rest: string) => `arn:aws:${service}:${region}:${account}:${rest}`;
const noPolicy = (action: string) => `because no identity-based policy allows the ${action} action`;

test('each service refuses in its own words what the role does not allow', async () => {
  const { config, refused } = await worldWith();
  const s3 = new S3Client(config);
  const lifeCycle = {
    AutoScalingGroupName: 'acme',
    LifecycleHookName: 'lifeboat',
    LifecycleActionResult: 'CONTINUE',
    InstanceId: 'i-00000000000000001',
  };
  expect(
    await refused(new SSMClient(config).send(new CancelCommandCommand({ CommandId: 'x'.repeat(36) }))),
  ).toBe(
    `AccessDeniedException: ${who} is not authorized to perform: ssm:CancelCommand on resource: * ${noPolicy('ssm:CancelCommand')}`,
  );
  expect(
    await refused(s3.send(new PutObjectCommand({ Bucket: 'lifeboat-state', Key: 'a b', Body: 'x' }))),
  ).toBe(
    `AccessDenied: ${who} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::lifeboat-state/a b" ${noPolicy('s3:PutObject')}`,
  );
  expect(
    await refused(new AutoScalingClient(config).send(new CompleteLifecycleActionCommand(lifeCycle))),
  ).toBe(
    `AccessDenied: ${who} is not authorized to perform: autoscaling:CompleteLifecycleAction on resource: ` +
      `${arn('autoscaling', 'autoScalingGroup:00000000-0000-0000-0000-000000000000:autoScalingGroupName/acme')} ` +
      noPolicy('autoscaling:CompleteLifecycleAction'),
  );
  const invoking = new LambdaClient(config).send(
    new InvokeCommand({ FunctionName: 'lifeboat-prod-dispatch' }),
  );
  expect(await refused(invoking)).toBe(
    `AccessDeniedException: ${who} is not authorized to perform: lambda:InvokeFunction on resource: ` +
      `${arn('lambda', 'function:lifeboat-prod-dispatch')} ${noPolicy('lambda:InvokeFunction')}`,
  );
  const snapshots = { InstanceSpecification: { InstanceId: 'i-00000000000000001' } };
  expect(await refused(new EC2Client(config).send(new CreateSnapshotsCommand(snapshots)))).toBe(
    `UnauthorizedOperation: You are not authorized to perform this operation. ${who} is not authorized to perform: ` +
      `ec2:CreateSnapshots on resource: ${arn('ec2', 'instance/i-00000000000000001')} ${noPolicy('ec2:CreateSnapshots')}`,
  );
});

test('a refused call changes nothing, and is in the record of calls as refused', async () => {
  const { config, refused } = await worldWith({ Action: 's3:ListBucket', Resource: '*' });
  const s3 = new S3Client(config);
  await refused(s3.send(new PutObjectCommand({ Bucket: 'lifeboat-state', Key: 'runs/x', Body: 'x' })));
  expect((await s3.send(new ListObjectsV2Command({ Bucket: 'lifeboat-state' }))).KeyCount).toBe(0);
  expect(world.calls).toMatchObject([
    { operation: 'PutObject', status: 403, errorCode: 'AccessDenied', request: { Key: 'runs/x' } },
    { operation: 'ListObjectsV2', status: 200 },
  ]);
});

test('a missing object is 404 only to whoever may list the bucket', async () => {
  const get = { Action: 's3:GetObject', Resource: 'arn:aws:s3:::lifeboat-state/runs/*' };
  const input = { Bucket: 'lifeboat-state', Key: 'runs/nothing' };
  const blind = await worldWith(get);
  expect(await blind.refused(new S3Client(blind.config).send(new GetObjectCommand(input)))).toContain(
    'AccessDenied',
  );
  await world.stop();
  const seeing = await worldWith(get, { Action: 's3:ListBucket', Resource: 'arn:aws:s3:::lifeboat-state' });
  expect(await seeing.refused(new S3Client(seeing.config).send(new GetObjectCommand(input)))).toContain(
    'NoSuchKey',
  );
});

test('a command needs the document, the bucket of its output, and each instance by its tags', async () => {
  const document = { Action: 'ssm:SendCommand', Resource: arn('ssm', 'document/backup') };
  const bucket = { Action: 'ssm:SendCommand', Resource: 'arn:aws:s3:::lifeboat-state' };
  const instances = (group: string) => ({
    Action: 'ssm:SendCommand',
    Resource: arn('ec2', 'instance/*'),
    Condition: { StringEquals: { 'ssm:resourceTag/aws:autoscaling:groupName': group } },
  });
  const command = (group: string) =>
    new SendCommandCommand({
      DocumentName: 'backup',
      OutputS3BucketName: 'lifeboat-state',
      Targets: [{ Key: 'tag:aws:autoscaling:groupName', Values: [group] }],
    });
  const resourceOf = (words: string) => /on resource: (\S+)/.exec(words)?.[1] ?? words;
  const send = async (group: string, ...statements: readonly Written[]) => {
    const { config, refused } = await worldWith(...statements);
    const words = await refused(new SSMClient(config).send(command(group)));
    await world.stop();
    return resourceOf(words);
  };
  expect(await send('acme', bucket, instances('acme'))).toBe(document.Resource);
  expect(await send('acme', document, instances('acme'))).toBe(bucket.Resource);
  expect(await send('acme', document, bucket)).toBe(arn('ec2', 'instance/i-00000000000000001'));
  expect(await send('acme', document, bucket, instances('other'))).toBe(
    arn('ec2', 'instance/i-00000000000000001'),
  );
  expect(await send('nobody', document, bucket, instances('other'))).toBe(arn('ec2', 'instance/*'));
  // Allowed: what answers then is Systems Manager, which has no such document.
  expect(await send('acme', document, bucket, instances('acme'))).toContain('InvalidDocument');
});

test('a secret needs the parameter and the key, the key only for this parameter', async () => {
  const parameter = { Action: 'ssm:GetParameter', Resource: arn('ssm', 'parameter/lifeboat/token') };
  const key = (of: string) => ({
    Action: 'kms:Decrypt',
    Resource: arn('kms', 'key/*'),
    Condition: {
      StringEquals: {
        'kms:ViaService': `ssm.${region}.amazonaws.com`,
        'kms:EncryptionContext:PARAMETER_ARN': arn('ssm', `parameter/${of}`),
      },
    },
  });
  const read = async (...statements: readonly Written[]) => {
    const { config, refused } = await worldWith(...statements);
    const input = { Name: '/lifeboat/token', WithDecryption: true };
    const words = await refused(new SSMClient(config).send(new GetParameterCommand(input)));
    await world.stop();
    return words;
  };
  expect(await read(key('lifeboat/token'))).toContain(`ssm:GetParameter on resource: ${parameter.Resource} `);
  expect(await read(parameter)).toContain('kms:Decrypt');
  expect(await read(parameter, key('other'))).toContain('kms:Decrypt');
  expect(await read(parameter, key('lifeboat/token'), { ...parameter, Effect: 'Deny' })).toContain(
    'with an explicit deny in an identity-based policy',
  );
  expect(await read(parameter, key('lifeboat/token'))).toBe('allowed');
});

test('a schedule needs the leave to hand its role on, and to the Scheduler alone', async () => {
  const role = `arn:aws:iam::${account}:role/scheduler`;
  const create = { Action: 'scheduler:CreateSchedule', Resource: arn('scheduler', 'schedule/default/*') };
  const pass = (service: string) => ({
    Action: 'iam:PassRole',
    Resource: role,
    Condition: { StringEquals: { 'iam:PassedToService': service } },
  });
  const input = {
    Name: 'wake',
    ScheduleExpression: 'at(2026-11-24T00:00:00)',
    FlexibleTimeWindow: { Mode: 'OFF' as const },
    Target: { Arn: arn('lambda', 'function:lifeboat-prod-dispatch'), RoleArn: role },
  };
  const made = async (...statements: readonly Written[]) => {
    const { config, refused } = await worldWith(...statements);
    const words = await refused(new SchedulerClient(config).send(new CreateScheduleCommand(input)));
    await world.stop();
    return words;
  };
  expect(await made(pass('scheduler.amazonaws.com'))).toContain(arn('scheduler', 'schedule/default/wake'));
  expect(await made(create)).toContain(`iam:PassRole on resource: ${role} `);
  expect(await made(create, pass('lambda.amazonaws.com'))).toContain('iam:PassRole');
  expect(await made(create, pass('scheduler.amazonaws.com'))).toBe('allowed');
});

test('a snapshot needs the instance, its volumes, the snapshot with its tags, and the leave to tag', async () => {
  const instance = {
    Action: 'ec2:CreateSnapshots',
    Resource: arn('ec2', 'instance/*'),
    Condition: { StringEquals: { 'aws:ResourceTag/role': 'uploads' } },
  };
  const volumes = { Action: 'ec2:CreateSnapshots', Resource: arn('ec2', 'volume/*') };
  const snapshot = `arn:aws:ec2:${region}::snapshot/*`;
  const made = {
    Action: 'ec2:CreateSnapshots',
    Resource: snapshot,
    Condition: { StringEquals: { 'aws:RequestTag/stack': 'mine' } },
  };
  const tags = {
    Action: 'ec2:CreateTags',
    Resource: snapshot,
    Condition: { StringEquals: { 'ec2:CreateAction': 'CreateSnapshots' } },
  };
  const take = async (stack: string, ...statements: readonly Written[]) => {
    const { config, refused } = await worldWith(...statements);
    const words = await refused(
      new EC2Client(config).send(
        new CreateSnapshotsCommand({
          InstanceSpecification: { InstanceId: 'i-00000000000000001', ExcludeBootVolume: true },
          TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: 'stack', Value: stack }] }],
        }),
      ),
    );
    await world.stop();
    return words;
  };
  expect(await take('mine', volumes, made, tags)).toContain('instance/i-0');
  expect(await take('mine', instance, made, tags)).toContain('volume/vol-');
  expect(await take('mine', instance, volumes, tags)).toContain(
    `ec2:CreateSnapshots on resource: ${snapshot}`,
  );
  expect(await take('other', instance, volumes, made, tags)).toContain(snapshot);
  expect(await take('mine', instance, volumes, made)).toContain('ec2:CreateTags');
  expect(await take('mine', instance, volumes, made, tags)).toBe('allowed');
});

test('a function is its role, a person is nobody that IAM looks at, a stranger may do nothing', async () => {
  const { config, refused } = await worldWith();
  const identity = async (settings: typeof config) =>
    (await new STSClient(settings).send(new GetCallerIdentityCommand())).Arn;
  expect(await identity(config)).toBe(`arn:aws:sts::${account}:assumed-role/the-role/lifeboat-prod-dispatch`);
  const person = { ...config, ...world.client('me') };
  expect(await identity(person)).toBe(`arn:aws:iam::${account}:user/local`);
  const put = new PutObjectCommand({ Bucket: 'lifeboat-state', Key: 'a', Body: 'x' });
  expect(await refused(new S3Client(person).send(put))).toBe('allowed');
  const stranger = { ...config, ...world.client(accessKeyIdOf('no-function')) };
  expect(await refused(new S3Client(stranger).send(put))).toContain('AccessDenied');
});
