import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { readPlans } from '../../../deploy/plans.ts';
import { scheduleResources, schedules } from '../../../deploy/schedules.ts';
import { needed, planText } from './plan-texts.ts';

const folder = mkdtempSync(join(tmpdir(), 'lifeboat-schedules-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  delete process.env.LIFEBOAT_PLAN_FILE;
});

const resourcesOf = (text: string) => scheduleResources('lifeboat-prod', readPlans(text, 'lifeboat.yml'));

test('a plan becomes a schedule that hands dispatch the plan and the scheduled time', () => {
  const text = planText(
    ...needed.slice(0, 4),
    'schedule: {cron: 0 2 * * *, timezone: Asia/Singapore, window: 15m}',
  );
  expect(resourcesOf(text)).toEqual({
    ScheduleOfacmeXweb: {
      Type: 'AWS::Scheduler::Schedule',
      Properties: {
        Name: 'lifeboat-prod-acme-web',
        Description: 'Begins the backup of the plan acme-web',
        GroupName: { Ref: 'ScheduleGroup' },
        ScheduleExpression: 'cron(0 2 * * ? *)',
        ScheduleExpressionTimezone: 'Asia/Singapore',
        FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 },
        State: 'ENABLED',
        Target: {
          Arn: { 'Fn::GetAtt': ['DispatchLambdaFunction', 'Arn'] },
          RoleArn: { 'Fn::GetAtt': ['SchedulerRole', 'Arn'] },
          Input: '{"plan":"acme-web","operation":"backup","scheduledTime":"<aws.scheduler.scheduled-time>"}',
          RetryPolicy: { MaximumEventAgeInSeconds: 3_600, MaximumRetryAttempts: 10 },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] } },
        },
      },
    },
  });
});

test('without a window it begins at once, and a plan that is switched off stays off', () => {
  const text = planText(...needed.slice(0, 4), 'schedule: {cron: 0 2 * * *, enabled: false}');
  expect(resourcesOf(text).ScheduleOfacmeXweb?.Properties).toMatchObject({
    FlexibleTimeWindow: { Mode: 'OFF' },
    State: 'DISABLED',
  });
});

test('names that differ in hyphens alone stay two schedules', () => {
  const plan = '{fleet: {groups: [a]}, source: /a, share: /b, schedule: {cron: 0 2 * * *}}';
  const names = ['web2', 'web-2', 'we-b2', 'w-e-b2', 'webx2'];
  const text = ['version: 1', 'plans:', ...names.map((name) => `  ${name}: ${plan}`)].join('\n');
  expect(Object.keys(resourcesOf(text))).toHaveLength(names.length);
});

test('a schedule name that EventBridge would refuse is refused when packaging', () => {
  const [plan] = readPlans(planText(...needed), 'lifeboat.yml');
  if (plan === undefined) throw new Error('no plan');
  const prefix = `lifeboat-${'s'.repeat(50)}`;
  expect(() => scheduleResources(prefix, [plan])).toThrow(
    `The schedule ${prefix}-acme-web of the plan acme-web would have 68 characters; EventBridge takes 64. Take a shorter name for the plan or the stage.`,
  );
});

test('osls gets the schedules of the plan file, named after service and stage', async () => {
  process.env.LIFEBOAT_PLAN_FILE = join(folder, 'plans.yml');
  writeFileSync(process.env.LIFEBOAT_PLAN_FILE, planText(...needed));
  const { Resources } = await schedules({
    resolveConfigurationProperty: async (path) => `the-${path.join('.')}`,
    resolveVariable: async (variable) => (variable === 'sls:stage' ? 'trial' : undefined),
  });
  expect(Resources.ScheduleOfacmeXweb?.Properties.Name).toBe('the-service-trial-acme-web');
});
