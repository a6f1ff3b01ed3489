import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { MetricAlarm } from '../../../../local/cloudwatch/alarm.ts';
import { backupDocument, startWorld, testInstance, until, type World } from './world.ts';

const hasAwsCli = (process.env.PATH ?? '').split(delimiter).some((folder) => {
  try {
    accessSync(join(folder, 'aws'), constants.X_OK);
    return true;
  } catch {
    return false;
  }
});

const run = promisify(execFile);
const metric = (name: string) => ({ namespace: 'Lifeboat', name, dimensions: { plan: 'acme' } });
const alarm: MetricAlarm = {
  ...{ kind: 'metric', name: 'good', description: 'no good run', actions: [] },
  queries: [{ kind: 'metric', id: 'm', metric: metric('RunGood'), statistic: 'Minimum', periodSeconds: 60 }],
  ...{ returned: 'm', operator: 'LessThanThreshold', threshold: 1 },
  ...{ evaluationPeriods: 1, datapointsToAlarm: 1, missing: 'breaching' },
};
const name = hasAwsCli ? 'the AWS CLI works' : 'the AWS CLI works (skipped: there is no program `aws` here)';

(hasAwsCli ? describe : describe.skip)(name, () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      instances: Array.from({ length: 60 }, (_, index) => testInstance(index)),
      documents: [backupDocument],
      parameters: { '/lifeboat/slack': 'secret' },
      alarms: [alarm, { kind: 'composite', name: 'page', description: '', actions: [], anyOf: ['good'] }],
      dashboards: [{ name: 'acme', body: '{"widgets":[]}' }],
    });
  });
  afterAll(() => world.stop());

  const aws = async (...command: readonly string[]): Promise<string> => {
    const env = {
      PATH: process.env.PATH,
      HOME: world.directory,
      AWS_ENDPOINT_URL: world.services.endpoint,
      AWS_ACCESS_KEY_ID: 'person',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_DEFAULT_REGION: 'ap-southeast-1',
      AWS_MAX_ATTEMPTS: '1',
      AWS_PAGER: '',
      ...(process.env.PYENV_ROOT === undefined ? {} : { PYENV_ROOT: process.env.PYENV_ROOT }),
    };
    const { stdout } = await run('aws', [...command], { env });
    return stdout.trim();
  };
  const refusal = async (...command: readonly string[]): Promise<string> =>
    await aws(...command).then(
      () => 'no refusal',
      (error: unknown) => String(Reflect.get(Object(error), 'stderr')),
    );

  test('with Run Command, from sending to every invocation', async () => {
    const id = await aws(
      'ssm',
      'send-command',
      '--document-name',
      'lifeboat-backup',
      '--targets',
      'Key=tag:role,Values=web',
      '--parameters',
      'plan=acme',
      '--max-concurrency',
      '100%',
      '--query',
      'Command.CommandId',
      '--output',
      'text',
    );
    await until(
      async () => world.services.underWay(),
      (open) => open === 0,
    );
    const count = await aws(
      'ssm',
      'list-command-invocations',
      '--command-id',
      id,
      '--details',
      '--query',
      'length(CommandInvocations)',
    );
    expect(count).toBe('60');
    expect(
      await refusal('ssm', 'send-command', '--document-name', 'none', '--instance-ids', testInstance(0).id),
    ).toContain('(InvalidDocument)');
    expect(
      await aws(
        'ssm',
        'get-parameter',
        '--name',
        '/lifeboat/slack',
        '--with-decryption',
        '--query',
        'Parameter.Value',
      ),
    ).toBe('"secret"');
  }, 60_000);

  test('with S3: copy there, list, copy back, conditional write', async () => {
    const file = join(world.directory, 'upload.txt');
    await writeFile(file, 'hello');
    await aws('s3', 'cp', file, 's3://lifeboat-state/a folder/upload ü.txt');
    expect(await aws('s3', 'ls', 's3://lifeboat-state/a folder/')).toMatch(/ 5 upload ü\.txt$/);
    await aws('s3', 'cp', 's3://lifeboat-state/a folder/upload ü.txt', join(world.directory, 'back.txt'));
    expect(await readFile(join(world.directory, 'back.txt'), 'utf8')).toBe('hello');
    await aws('s3', 'rm', '--recursive', 's3://lifeboat-state/a folder/');
    expect(await refusal('s3api', 'head-object', '--bucket', 'lifeboat-state', '--key', 'none')).toContain(
      '(404)',
    );
    const put = [
      's3api',
      'put-object',
      '--bucket',
      'lifeboat-state',
      '--key',
      'once',
      '--body',
      file,
      '--if-none-match',
      '*',
    ];
    await aws(...put);
    expect(await refusal(...put)).toContain('(PreconditionFailed)');
  }, 60_000);

  test('with the others', async () => {
    expect(await aws('sts', 'get-caller-identity', '--query', 'Account')).toBe('"000000000000"');
    const filter = [
      '--filters',
      'Name=tag:Name,Values=web-1',
      '--query',
      'Reservations[].Instances[].InstanceId',
      '--output',
      'text',
    ];
    expect(await aws('ec2', 'describe-instances', ...filter)).toBe(testInstance(1).id);
    expect(
      await aws(
        'autoscaling',
        'describe-auto-scaling-groups',
        '--query',
        'length(AutoScalingGroups[0].Instances)',
      ),
    ).toBe('60');
    await aws(
      'scheduler',
      'create-schedule',
      '--name',
      'once',
      '--schedule-expression',
      'at(2026-11-24T00:00:00)',
      '--flexible-time-window',
      'Mode=OFF',
      '--target',
      'Arn=arn:aws:lambda:x,RoleArn=arn:aws:iam::000000000000:role/x',
    );
    expect(await aws('scheduler', 'list-schedules', '--query', 'Schedules[].Name', '--output', 'text')).toBe(
      'once',
    );
    const out = join(world.directory, 'answer.json');
    const payload = Buffer.from('{"plan":"acme"}').toString('base64');
    await aws(
      'lambda',
      'invoke',
      '--function-name',
      'lifeboat-prod-dispatch',
      '--payload',
      payload,
      out,
    ).catch(() =>
      // Version 1 of the CLI sends the text as it is given.
      aws(
        'lambda',
        'invoke',
        '--function-name',
        'lifeboat-prod-dispatch',
        '--payload',
        '{"plan":"acme"}',
        out,
      ),
    );
    expect(await readFile(out, 'utf8')).toBe('{"plan":"acme"}');
    expect(await refusal('dynamodb', 'list-tables')).toContain('(UnknownOperationException)');
  }, 60_000);

  test('with alarms, metrics and dashboards of CloudWatch', async () => {
    world.cloudwatch.take([
      { ...metric('RunGood'), value: 1, unit: 'Count', time: new Date() },
      { ...metric('RunGood'), value: 0, unit: 'Count', time: new Date() },
    ]);
    const text = (...command: readonly string[]) => aws('cloudwatch', ...command, '--output', 'text');
    expect(await text('describe-alarms', '--query', 'MetricAlarms[].[AlarmName,StateValue]')).toBe(
      'good\tALARM',
    );
    expect(
      await text(
        'describe-alarms',
        '--alarm-types',
        'CompositeAlarm',
        '--query',
        'CompositeAlarms[].AlarmRule',
      ),
    ).toBe('ALARM("good")');
    await text('set-alarm-state', '--alarm-name', 'good', '--state-value', 'OK', '--state-reason', 'a test');
    expect(await text('describe-alarm-history', '--query', 'AlarmHistoryItems[0].HistorySummary')).toBe(
      'Alarm updated from ALARM to OK',
    );
    expect(await text('list-metrics', '--namespace', 'Lifeboat', '--query', 'Metrics[].MetricName')).toBe(
      'RunGood',
    );
    const queries = [
      { Id: 'filled', Expression: 'FILL(m, 7)' },
      {
        Id: 'm',
        MetricStat: {
          Metric: {
            Namespace: 'Lifeboat',
            MetricName: 'RunGood',
            Dimensions: [{ Name: 'plan', Value: 'acme' }],
          },
          Period: 86_400,
          Stat: 'Minimum',
        },
      },
    ];
    const hour = 3_600_000;
    const data = await aws(
      ...['cloudwatch', 'get-metric-data', '--metric-data-queries', JSON.stringify(queries)],
      ...[
        '--start-time',
        new Date(Date.now() - 24 * hour).toISOString(),
        '--end-time',
        new Date(Date.now() + 1).toISOString(),
      ],
    );
    expect(JSON.parse(data).MetricDataResults).toMatchObject([
      { Id: 'filled', Values: [0, 7] },
      { Id: 'm', Values: [0], Timestamps: [expect.anything()] },
    ]);
    expect(await text('get-dashboard', '--dashboard-name', 'acme', '--query', 'DashboardBody')).toBe(
      '{"widgets":[]}',
    );
    expect(await refusal('cloudwatch', 'get-dashboard', '--dashboard-name', 'other')).toContain(
      '(ResourceNotFound)',
    );
    expect(await refusal('cloudwatch', 'delete-alarms', '--alarm-names', 'good')).toContain(
      '(UnknownOperation',
    );
  }, 60_000);
});
