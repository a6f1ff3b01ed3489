import type { Plan } from '../../../functions/config/plan.ts';
import type { CauseId, Outcome } from '../../../functions/pipeline/causes.ts';
import { isProtected } from '../../../functions/pipeline/decide.ts';
import type { Notice } from '../../../functions/pipeline/doors.ts';
import type { Incident } from '../../../functions/pipeline/incident.ts';
import type { InstanceResult, InstanceWarning, RunRecord } from '../../../functions/pipeline/run-record.ts';

/** Notices for tests: a plan, a run and its results, as the pipeline would hand them over. */
export const run = 'acme-web/20261123T180000Z-backup';

export const aPlan = (change: Partial<Plan> = {}): Plan => ({
  name: 'acme-web',
  fleet: { kind: 'groups', groups: ['acme-web'] },
  source: { path: '/var/www/upload', mayBeEmpty: false, maxShrink: 0.5 },
  share: { path: '/mnt/lifeboat' },
  schedule: { cron: '0 2 * * ? *', timezone: 'Asia/Singapore', windowMinutes: 0, enabled: true },
  deadlineMinutes: 120,
  deliveryMinutes: 10,
  concurrency: '10',
  load: { nice: 10 },
  verifyNights: 28,
  retention: {
    last: 7,
    daily: 7,
    weekly: 4,
    monthly: 12,
    yearly: 2,
    minimum: 3,
    budgetMinutes: 30,
    goneInstancesDays: 90,
  },
  objectiveMinutes: 28 * 60,
  alarms: { shareFree: 0.1, shareDays: 14 },
  dashboard: true,
  slack: {
    via: { kind: 'bot', tokenParameter: '/lifeboat/slack-token', channel: '#acme-backups' },
    tell: { start: 'by-hand', success: 'always' },
  },
  jira: {
    url: 'https://acme.atlassian.net',
    edition: 'cloud',
    project: 'OPS',
    issueType: 'Task',
    labels: ['backup'],
    credentialsParameter: '/lifeboat/jira-credentials',
    reopenMinutes: 7 * 1_440,
    resolves: true,
  },
  ...change,
});

export const instanceId = (number: number): string => `i-${number.toString(16).padStart(17, '0')}`;

export const safe = (number: number, warnings: readonly InstanceWarning[] = []): InstanceResult => ({
  instance: instanceId(number),
  outcome: warnings.length === 0 ? 'protected' : 'protected-with-warnings',
  ...(warnings[0] === undefined ? {} : { cause: warnings[0].cause }),
  attempts: 1,
  expected: true,
  reached: true,
  report: {
    files: 3200,
    bytes: 40_000_000,
    changed: 67,
    deleted: 0,
    copiedBytes: 4_100_000,
    seconds: 8,
    recoveryPoint: run,
    warnings,
  },
});

export const unsafe = (
  number: number,
  cause: CauseId = 'agent-offline',
  more: Partial<InstanceResult> = {},
): InstanceResult => ({
  instance: instanceId(number),
  outcome: 'failed' satisfies Outcome,
  cause,
  attempts: 1,
  expected: true,
  reached: cause !== 'agent-offline',
  ...more,
});

export const aRecord = (results: readonly InstanceResult[], change: Partial<RunRecord> = {}): RunRecord => ({
  lifeboat: 1,
  run,
  plan: 'acme-web',
  operation: 'backup',
  trigger: { kind: 'schedule', requestId: 'request-1' },
  state: 'closed',
  scheduledTime: '2026-11-23T18:00:00.000Z',
  startedAt: '2026-11-23T18:00:02.000Z',
  deadline: '2026-11-23T20:00:02.000Z',
  scope: 'fleet',
  expected: results
    .filter(({ expected }) => expected)
    .map(({ instance }) => ({ instance, group: 'acme-web', lifeCycleState: 'InService', ping: 'Online' })),
  skipped: [],
  problems: [],
  commands: [],
  parameters: { allowShrink: false },
  closedAt: '2026-11-23T18:00:16.000Z',
  result: resultOf(results),
  results,
  notices: [],
  ...change,
});

const resultOf = (results: readonly InstanceResult[]): NonNullable<RunRecord['result']> => {
  const count = results.filter(isProtected).length;
  if (results.length === 0) return 'nothing-to-protect';
  if (count === 0) return 'failed';
  return count < results.length ? 'partial' : 'protected';
};

export const anIncident = (change: Partial<Incident> = {}): Incident => ({
  lifeboat: 1,
  plan: 'acme-web',
  state: 'open',
  openedBy: run,
  openedAt: '2026-11-23T18:00:16.000Z',
  lastRun: run,
  lastChange: 'opened',
  instances: [],
  signature: 'agent-offline',
  failingRuns: 1,
  news: {
    run,
    at: '2026-11-23T18:00:16.000Z',
    signature: 'agent-offline',
    instances: 1,
    atRisk: false,
    matters: [],
  },
  ...change,
});

export const aNotice = (
  kind: Notice['kind'],
  results: readonly InstanceResult[],
  change: Partial<Notice> = {},
): Notice => ({
  kind,
  plan: aPlan(),
  record: aRecord(results),
  ...(kind === 'failed' || kind === 'recovered' ? { incident: anIncident() } : {}),
  links: {
    report: 'https://ap-southeast-1.console.aws.amazon.com/s3/object/lifeboat?region=a&prefix=b',
    runbook: 'https://github.com/acme/lifeboat/blob/main/docs/runbook.md',
    console: 'https://ap-southeast-1.console.aws.amazon.com/systems-manager/run-command/abc',
  },
  mayBeTold: false,
  ...change,
});
