import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { runReport } from '../pages/run-report.ts';
import type {
  DrainStore,
  IncidentStore,
  InstanceLogs,
  OverviewStore,
  PauseStore,
  ReportStore,
  RunStore,
} from '../pipeline/doors.ts';
import type { Drain } from '../pipeline/drain.ts';
import type { Incident } from '../pipeline/incident.ts';
import type { Overview } from '../pipeline/overview.ts';
import type { PlanPause } from '../pipeline/pause.ts';
import type { RunRecord } from '../pipeline/run-record.ts';
import { type Bucket, documentStore } from './s3-documents.ts';

/** `runs/<run>/record.json` */
export const openRuns = (bucket: Bucket): RunStore => ({
  ...documentStore<RunRecord>(bucket, (run) => `runs/${run}/record.json`),
  newest: async (plan, limit) => {
    const runs: string[] = [];
    let token: string | undefined;
    do {
      const page = await bucket.client.send(
        new ListObjectsV2Command({
          Bucket: bucket.name,
          Prefix: `runs/${plan}/`,
          Delimiter: '/',
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
        { abortSignal: bucket.signal },
      );
      for (const { Prefix } of page.CommonPrefixes ?? [])
        if (Prefix !== undefined) runs.push(Prefix.slice('runs/'.length, -1));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return runs.sort().reverse().slice(0, limit);
  },
});

/** `incidents/<plan>.json` */
export const openIncidents = (bucket: Bucket): IncidentStore =>
  documentStore<Incident>(bucket, (plan) => `incidents/${plan}.json`);

/** `overviews/<plan>.json` */
export const openOverviews = (bucket: Bucket): OverviewStore =>
  documentStore<Overview>(bucket, (plan) => `overviews/${plan}.json`);

/** `pauses/<plan>.json` */
export const openPauses = (bucket: Bucket): PauseStore =>
  documentStore<PlanPause>(bucket, (plan) => `pauses/${plan}.json`);

/** `drains/<instance>.json` */
export const openDrains = (bucket: Bucket): DrainStore =>
  documentStore<Drain>(bucket, (instance) => `drains/${instance}.json`);

/** How much of a log is shown. */
const tailBytes = 8_192;

/** `logs/<run>/<command>/<instance>/…/stderr`, where the SSM agent puts it. */
export const openLogs = (bucket: Bucket): InstanceLogs => ({
  tail: async (run, commandId, instance) => {
    const options = { abortSignal: bucket.signal };
    const { Contents } = await bucket.client.send(
      new ListObjectsV2Command({ Bucket: bucket.name, Prefix: `logs/${run}/${commandId}/${instance}/` }),
      options,
    );
    const log = Contents?.find(({ Key }) => Key?.endsWith('/stderr'));
    if (log?.Key === undefined || (log.Size ?? 0) === 0) return undefined;
    const input = { Bucket: bucket.name, Key: log.Key, Range: `bytes=-${tailBytes}` };
    const { Body } = await bucket.client.send(new GetObjectCommand(input), options);
    return Body?.transformToString();
  },
});

/** The key of a run's page, which its JSON stands beside. */
export const reportKey = (run: string): string => `runs/${run}/report.html`;

/** `runs/<run>/report.html` for people and `report.json` for programs. Written again whenever the run has news. */
export const openReports = (bucket: Bucket, runbook: string): ReportStore => ({
  write: async (record, timezone) => {
    const key = reportKey(record.run);
    const put = (Key: string, ContentType: string, Body: string) =>
      bucket.client.send(new PutObjectCommand({ Bucket: bucket.name, Key, ContentType, Body }), {
        abortSignal: bucket.signal,
      });
    await put(key.replace(/html$/, 'json'), 'application/json', JSON.stringify(record, undefined, 1));
    await put(key, 'text/html; charset=utf-8', runReport(record, { runbook, timezone }));
    return `s3://${bucket.name}/${key}`;
  },
});
