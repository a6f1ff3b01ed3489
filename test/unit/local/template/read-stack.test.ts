import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { readStack } from '../../../../local/template/read-stack.ts';
import { makePackage } from './package-folder.ts';
import { openStacks } from './stacks.ts';

const { read, remove } = openStacks();
afterEach(remove);

const dispatch = {
  Type: 'AWS::Lambda::Function',
  DependsOn: ['Nothing', 'ThatExists'],
  Properties: {
    Code: { S3Bucket: { Ref: 'Bucket' }, S3Key: 'serverless/lifeboat/test/123/dispatch.zip' },
    FunctionName: 'lifeboat-test-dispatch',
    Handler: 'functions/dispatch.handler',
    Runtime: 'nodejs24.x',
    Timeout: 120,
    MemorySize: 512,
    Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
    Environment: {
      Variables: {
        BUCKET: { Ref: 'Bucket' },
        ROLE: { 'Fn::GetAtt': 'Role.Arn' },
        SELF: { 'Fn::Sub': 'arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:x' },
        RETRIES: 5,
        LEFT_OUT: { Ref: 'AWS::NoValue' },
      },
    },
  },
};
const role = { Type: 'AWS::IAM::Role', Properties: { RoleName: 'lifeboat-role' } };
const bucket = { Type: 'AWS::S3::Bucket', Properties: {} };
const queue = { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'dead' } };

describe('functions', () => {
  it('are read with their code, environment, limits, retries and failure destination', async () => {
    const stack = await read(
      {
        Dispatch: dispatch,
        Role: role,
        Bucket: bucket,
        Dead: queue,
        DispatchEvents: {
          Type: 'AWS::Lambda::EventInvokeConfig',
          Properties: {
            FunctionName: { Ref: 'Dispatch' },
            Qualifier: '$LATEST',
            MaximumRetryAttempts: 1,
            MaximumEventAgeInSeconds: 3600,
            DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Dead', 'Arn'] } } },
          },
        },
      },
      {},
      { 'dispatch.zip': { 'functions/dispatch.mjs': 'export const handler = 1;', 'lib/a b.txt': 'x' } },
    );
    const [fn] = stack.functions;
    expect(fn).toEqual({
      name: 'lifeboat-test-dispatch',
      arn: 'arn:aws:lambda:ap-southeast-1:123456789012:function:lifeboat-test-dispatch',
      logicalId: 'Dispatch',
      roleArn: 'arn:aws:iam::123456789012:role/lifeboat-role',
      codeDirectory: join(stack.directory, 'code', 'lifeboat-test-dispatch'),
      handler: 'functions/dispatch.handler',
      timeoutSeconds: 120,
      memoryMegabytes: 512,
      environment: {
        BUCKET: stack.buckets[0],
        ROLE: 'arn:aws:iam::123456789012:role/lifeboat-role',
        SELF: 'arn:aws:lambda:ap-southeast-1:123456789012:function:x',
        RETRIES: '5',
      },
      maximumRetryAttempts: 1,
      maximumEventAgeSeconds: 3600,
      failureDestination: 'arn:aws:sqs:ap-southeast-1:123456789012:dead',
    });
    expect(await readFile(join(fn?.codeDirectory ?? '', 'lib/a b.txt'), 'utf8')).toBe('x');
    expect(stack.buckets[0]).toMatch(/^lifeboat-test-bucket-[0-9a-f]{12}$/);
  });

  it('have nothing of an earlier package left in their folder', async () => {
    const made = await makePackage(
      { Resources: { Dispatch: dispatch, Role: role, Bucket: bucket } },
      { 'dispatch.zip': { 'functions/dispatch.mjs': '' } },
    );
    const code = join(made.directory, 'code', 'lifeboat-test-dispatch');
    await mkdir(code, { recursive: true });
    await writeFile(join(code, 'old.mjs'), '');
    await readStack({ ...made, codeDirectory: join(made.directory, 'code'), now: new Date() });
    expect(await readdir(code)).toEqual(['functions']);
    expect(await readdir(join(made.directory, 'code'))).toEqual(['lifeboat-test-dispatch']);
    await rm(made.directory, { recursive: true });
  });

  it('cannot come from a zip that is missing, or that writes elsewhere', async () => {
    const resources = { Dispatch: dispatch, Role: role, Bucket: bucket };
    await expect(read(resources)).rejects.toThrow(
      /Resources\.Dispatch\.Properties\.Code: the package .*dispatch\.zip cannot be unpacked: it is not there; .*sls package/,
    );
    await expect(read(resources, {}, { 'dispatch.zip': { '../escaped.mjs': '' } })).rejects.toThrow(
      /cannot be unpacked: invalid relative path: \.\.\/escaped\.mjs/,
    );
  });

  it('are refused where a laptop cannot run them', async () => {
    const python = { ...dispatch, Properties: { ...dispatch.Properties, Runtime: 'python3.13' } };
    await expect(read({ Dispatch: python, Role: role, Bucket: bucket })).rejects.toThrow(
      'Resources.Dispatch.Properties.Runtime: local AWS runs Node.js functions only.',
    );
  });
});

describe('schedules, rules and documents', () => {
  const target = { Arn: 'arn:aws:lambda:x', RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] } };

  it('are read with AWS’s defaults', async () => {
    const stack = await read({
      Role: role,
      Nightly: {
        Type: 'AWS::Scheduler::Schedule',
        Properties: {
          Name: 'nightly',
          ScheduleExpression: 'cron(0 2 * * ? *)',
          FlexibleTimeWindow: { Mode: 'OFF' },
          Target: target,
        },
      },
    });
    expect(stack.schedules).toEqual([
      {
        group: 'default',
        name: 'nightly',
        expression: 'cron(0 2 * * ? *)',
        timezone: 'UTC',
        state: 'ENABLED',
        flexibleWindowMinutes: 0,
        targetArn: 'arn:aws:lambda:x',
        roleArn: 'arn:aws:iam::123456789012:role/lifeboat-role',
        input: '',
        retryAttempts: 185,
        deleteAfterCompletion: false,
        createdAt: new Date('2026-11-23T00:00:00Z'),
      },
    ]);
  });

  it('keep what is said of them', async () => {
    const stack = await read({
      Role: role,
      Group: { Type: 'AWS::Scheduler::ScheduleGroup', Properties: { Name: 'plans' } },
      Nightly: {
        Type: 'AWS::Scheduler::Schedule',
        Properties: {
          GroupName: { Ref: 'Group' },
          State: 'DISABLED',
          ScheduleExpression: 'rate(1 day)',
          ScheduleExpressionTimezone: 'Asia/Singapore',
          FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 },
          Target: {
            ...target,
            Input: '{"a":1}',
            RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 60 },
            DeadLetterConfig: { Arn: 'arn:dead' },
          },
        },
      },
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          Name: 'ended',
          EventPattern: { source: ['aws.ssm'] },
          Targets: [
            { Id: 'a', Arn: 'arn:a', InputPath: '$.detail' },
            {
              Id: 'b',
              Arn: 'arn:b',
              InputTransformer: { InputPathsMap: { x: '$.id' }, InputTemplate: '<x>' },
            },
          ],
        },
      },
      Off: { Type: 'AWS::Events::Rule', Properties: { State: 'DISABLED', EventPattern: {}, Targets: [] } },
      Document: {
        Type: 'AWS::SSM::Document',
        Properties: {
          Name: 'backup',
          Content: { schemaVersion: '2.2', description: { 'Fn::Sub': '${AWS::Region}' } },
        },
      },
      Text: { Type: 'AWS::SSM::Document', Properties: { Name: 'text', Content: 'schemaVersion: "2.2"\n' } },
    });
    expect(stack.schedules).toMatchObject([
      {
        group: 'plans',
        state: 'DISABLED',
        timezone: 'Asia/Singapore',
        flexibleWindowMinutes: 15,
        input: '{"a":1}',
        retryAttempts: 3,
        maximumEventAgeSeconds: 60,
        deadLetterArn: 'arn:dead',
      },
    ]);
    expect(stack.rules).toEqual([
      {
        name: 'ended',
        pattern: { source: ['aws.ssm'] },
        targets: [
          { arn: 'arn:a', inputPath: '$.detail' },
          { arn: 'arn:b', inputTransformer: { paths: { x: '$.id' }, template: '<x>' } },
        ],
      },
    ]);
    expect(stack.documents).toEqual([
      { name: 'backup', content: { schemaVersion: '2.2', description: 'ap-southeast-1' } },
      { name: 'text', content: { schemaVersion: '2.2' } },
    ]);
  });

  it('are refused where they would silently not be played', async () => {
    const rule = {
      Type: 'AWS::Events::Rule',
      Properties: { ScheduleExpression: 'rate(1 day)', Targets: [] },
    };
    await expect(read({ Rule: rule })).rejects.toThrow(
      /Resources\.Rule\.Properties\.ScheduleExpression: a rule with a schedule/,
    );
  });
});

it('says what to do where there is no package', async () => {
  const options = { packageDirectory: '/nowhere', codeDirectory: '/nowhere/code', now: new Date() };
  await expect(readStack(options)).rejects.toThrow(/nowhere.*npx sls package/);
});

describe('policies', () => {
  const policy = (...Statement: readonly unknown[]) => ({ Version: '2012-10-17', Statement });
  const logs = { Effect: 'Allow', Action: 's3:PutObject', Resource: { 'Fn::Sub': '${Bucket.Arn}/logs/*' } };
  const logsStatement = (name: string) => ({
    sid: '',
    effect: 'Allow',
    actions: ['s3:PutObject'],
    resources: [`arn:aws:s3:::${name}/logs/*`],
    conditions: [],
  });

  it('of a role are its own and the managed ones of the template, resolved', async () => {
    const stack = await read({
      Bucket: bucket,
      Managed: { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: policy(logs) } },
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          RoleName: 'lifeboat-role',
          AssumeRolePolicyDocument: policy({
            Effect: 'Allow',
            Principal: { Service: 'lambda.amazonaws.com' },
            Action: 'sts:AssumeRole',
          }),
          Policies: [{ PolicyName: 'own', PolicyDocument: policy({ ...logs, Action: ['s3:Get*'] }) }],
          ManagedPolicyArns: [{ Ref: 'Managed' }],
        },
      },
    });
    const name = stack.buckets[0] ?? '';
    expect(stack.roles).toMatchObject([
      {
        arn: 'arn:aws:iam::123456789012:role/lifeboat-role',
        name: 'lifeboat-role',
        statements: [{ ...logsStatement(name), actions: ['s3:Get*'] }, logsStatement(name)],
        trust: [{ principals: ['lambda.amazonaws.com'], actions: ['sts:AssumeRole'] }],
      },
    ]);
    expect(stack.instanceStatements).toEqual([logsStatement(name)]);
  });

  it('of buckets and queues, and permissions to invoke, are those of what they hang on', async () => {
    const stack = await read({
      Bucket: bucket,
      BucketPolicy: {
        Type: 'AWS::S3::BucketPolicy',
        Properties: {
          Bucket: { Ref: 'Bucket' },
          PolicyDocument: policy({ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*' }),
        },
      },
      Permission: {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          FunctionName: 'lifeboat-test-check',
          Action: 'lambda:InvokeFunction',
          Principal: 'events.amazonaws.com',
          SourceArn: 'arn:aws:events:ap-southeast-1:123456789012:rule/x',
        },
      },
    });
    expect(stack.resourceStatements).toMatchObject([
      { effect: 'Deny', principals: ['*'], actions: ['s3:*'] },
      {
        effect: 'Allow',
        principals: ['events.amazonaws.com'],
        resources: ['arn:aws:lambda:ap-southeast-1:123456789012:function:lifeboat-test-check'],
        conditions: [{ operator: 'ArnLike', key: 'aws:SourceArn' }],
      },
    ]);
  });

  it('that local AWS cannot evaluate are told with their place', async () => {
    const withPolicy = (properties: object) =>
      read({ Role: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'r', ...properties } } });
    const own = {
      Policies: [{ PolicyName: 'own', PolicyDocument: policy({ ...logs, Resource: '*', NotAction: 'x' }) }],
    };
    await expect(withPolicy(own)).rejects.toThrow(
      /Resources\.Role\.Properties\.Policies \(own\).*NotAction/s,
    );
    await expect(
      withPolicy({ ManagedPolicyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] }),
    ).rejects.toThrow('local AWS does not know what arn:aws:iam::aws:policy/ReadOnlyAccess allows');
  });
});
