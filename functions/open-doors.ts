import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import type { Environment } from './config/environment.ts';
import type { Plan } from './config/plan.ts';
import { tellersFor } from './escalation/open-channels.ts';
import { budgetOf } from './fleet/aws-client.ts';
import { openInventory } from './fleet/inventory.ts';
import { openRunCommand } from './fleet/run-command.ts';
import { openWakeUps } from './fleet/wake-ups.ts';
import type { CheckDoors } from './pipeline/check-run.ts';
import type { DrainStore, PauseStore, Tellers } from './pipeline/doors.ts';
import type { RunRecord } from './pipeline/run-record.ts';
import type { Links } from './pipeline/tell.ts';
import type { Worker } from './pipeline/worker.ts';
import { openBucket } from './state/s3-documents.ts';
import { openSecrets } from './state/secrets.ts';
import {
  openDrains,
  openIncidents,
  openOverviews,
  openPauses,
  openReports,
  openRuns,
  reportKey,
} from './state/stores.ts';
import { log } from './telemetry/log.ts';
import { openMetrics } from './telemetry/metrics.ts';

/** What a channel may spend on one notice with all its retries; two of them fit into one invocation of check. */
const tellingMilliseconds = 20_000;

type OpenedStores = { readonly drains: DrainStore; readonly pauses: PauseStore };

/** Every door that the pipeline takes, opened for one invocation and closed by its time-out. */
export const openDoors = (environment: Environment, context: Context): CheckDoors & OpenedStores => {
  const signal = budgetOf(context.getRemainingTimeInMillis());
  const bucket = openBucket(environment.region, environment.bucket, signal);
  return {
    clock: { now: () => new Date(), sleep: (milliseconds) => sleep(milliseconds, undefined, { signal }) },
    runs: openRuns(bucket),
    incidents: openIncidents(bucket),
    overviews: openOverviews(bucket),
    drains: openDrains(bucket),
    pauses: openPauses(bucket),
    reports: openReports(bucket, environment.runbookUrl),
    runCommand: openRunCommand(environment, signal),
    inventory: openInventory(environment.region, signal),
    wakeUps: openWakeUps(environment, signal),
    tellers: openTellers(environment, signal),
    metrics: openMetrics(environment.name),
    log,
    links: (record) => linksOf(environment, record),
  };
};

export const workerOf = (context: Context): Worker => ({
  requestId: context.awsRequestId,
  until: new Date(Date.now() + context.getRemainingTimeInMillis()),
});

const openTellers = (environment: Environment, signal: AbortSignal): Tellers => ({
  of: (plan: Plan) =>
    tellersFor(plan, {
      readSecret: openSecrets(environment.region, signal),
      budgetMilliseconds: tellingMilliseconds,
      ...(environment.slackUrl === undefined ? {} : { slackUrl: environment.slackUrl }),
      ...(environment.jiraUrl === undefined ? {} : { jiraUrl: environment.jiraUrl }),
    }),
});

/** Of the partition that a region belongs to. Source: AWS General Reference, "Service endpoints". */
const consoleDomain = (region: string): string => {
  if (region.startsWith('cn-')) return 'console.amazonaws.cn';
  return region.startsWith('us-gov-') ? 'console.amazonaws-us-gov.com' : 'console.aws.amazon.com';
};

const linksOf = (environment: Environment, record: RunRecord): Links => {
  const { region, bucket, runbookUrl } = environment;
  const console = `https://${region}.${consoleDomain(region)}`;
  const commandId = record.commands.find((command) => command.commandId !== undefined)?.commandId;
  return {
    report: `${console}/s3/object/${bucket}?region=${region}&prefix=${encodeURIComponent(reportKey(record.run))}`,
    runbook: runbookUrl,
    ...(commandId === undefined
      ? {}
      : { console: `${console}/systems-manager/run-command/${commandId}?region=${region}` }),
  };
};
