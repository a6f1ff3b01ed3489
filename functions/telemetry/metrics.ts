import { Metrics as Emf, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Outcome } from '../pipeline/causes.ts';
import type { Metrics, PlanStanding } from '../pipeline/doors.ts';
import { makesPoints } from '../pipeline/overview.ts';
import type { InstanceResult, RunRecord } from '../pipeline/run-record.ts';
import { isGoodResult } from '../pipeline/run-record.ts';

/**
 * Metrics in the embedded metric format: a log line that CloudWatch turns into metrics, no API call. Namespace
 * `Lifeboat`, dimensions `service` (service and stage, so that stages do not mix) and `plan`. deploy/alarms.ts and
 * deploy/dashboard.ts name them again.
 */
export const openMetrics = (service: string): Metrics => ({
  runClosed: (record) => {
    // A run of some instances says nothing about the plan, and one that leaves no recovery points nothing about its data.
    if (record.scope !== 'fleet' || !makesPoints(record)) return;
    const emf = metricsOf(service, record.plan);
    emf.addMetric('RunGood', MetricUnit.Count, isGoodResult(record.result) ? 1 : 0);
    addFigures(emf, record);
    emf.publishStoredMetrics();
  },
  planStands: (plan, standing) => {
    const emf = metricsOf(service, plan);
    addStanding(emf, standing);
    emf.publishStoredMetrics();
  },
  escalationFailed: (plan, channel) => {
    const emf = metricsOf(service, plan);
    emf.addMetric('EscalationFailed', MetricUnit.Count, 1);
    emf.addMetadata('channel', channel);
    emf.publishStoredMetrics();
  },
});

const metricsOf = (serviceName: string, plan: string): Emf =>
  new Emf({ namespace: 'Lifeboat', serviceName, defaultDimensions: { plan } });

const addFigures = (emf: Emf, record: RunRecord): void => {
  const results = record.results ?? [];
  emf.addMetric('InstancesExpected', MetricUnit.Count, record.expected?.length ?? 0);
  emf.addMetric(
    'InstancesReached',
    MetricUnit.Count,
    results.filter(({ expected, reached }) => expected && reached).length,
  );
  for (const [outcome, name] of Object.entries(outcomeMetrics))
    emf.addMetric(name, MetricUnit.Count, results.filter((result) => result.outcome === outcome).length);
  emf.addMetric('Files', MetricUnit.Count, sum(results, 'files'));
  emf.addMetric('Bytes', MetricUnit.Bytes, sum(results, 'bytes'));
  emf.addMetric('CopiedBytes', MetricUnit.Bytes, sum(results, 'copiedBytes'));
  emf.addMetric('RunSeconds', MetricUnit.Seconds, secondsOf(record));
};

/** Instances by outcome. */
const outcomeMetrics: Readonly<Record<Outcome, string>> = {
  protected: 'InstancesProtected',
  'protected-with-warnings': 'InstancesWithWarnings',
  failed: 'InstancesFailed',
  unreachable: 'InstancesUnreachable',
  'timed-out': 'InstancesTimedOut',
  gone: 'InstancesGone',
};

const addStanding = (emf: Emf, { notProtected, recoveryPointAgeSeconds, share }: PlanStanding): void => {
  emf.addMetric('NotProtected', MetricUnit.Count, notProtected);
  if (recoveryPointAgeSeconds !== undefined)
    emf.addMetric('RecoveryPointAge', MetricUnit.Seconds, recoveryPointAgeSeconds);
  if (share === undefined) return;
  emf.addMetric('ShareFree', MetricUnit.Bytes, share.freeBytes);
  emf.addMetric('ShareFreePercent', MetricUnit.Percent, (100 * share.freeBytes) / share.bytes);
  emf.addMetric('ShareNearlyFull', MetricUnit.Count, share.nearlyFull ? 1 : 0);
  if (share.daysUntilFull !== undefined)
    emf.addMetric('ShareDaysUntilFull', MetricUnit.Count, share.daysUntilFull);
};

const sum = (results: readonly InstanceResult[], figure: 'files' | 'bytes' | 'copiedBytes'): number =>
  results.reduce((total, { report }) => total + (report?.[figure] ?? 0), 0);

const secondsOf = ({ startedAt, closedAt }: RunRecord): number =>
  closedAt === undefined ? 0 : (Date.parse(closedAt) - Date.parse(startedAt)) / 1000;
