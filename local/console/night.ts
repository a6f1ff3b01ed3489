import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import type { Plan } from '../../functions/config/plan.ts';
import { runId } from '../../functions/pipeline/run-id.ts';
import type { InstanceResult, RunRecord } from '../../functions/pipeline/run-record.ts';
import type { InstanceSpec, LocalAws } from '../contract.ts';
import { readProgress } from '../fleet/progress.ts';
import type { Progress, ProgressView, Row } from './progress.ts';
import { duration, moment } from './wording.ts';

export type Night = {
  readonly aws: LocalAws;
  readonly plan: Plan;
  readonly specs: readonly InstanceSpec[];
  /** Where the functions' logs lie: for the case that nothing else can tell what went wrong. */
  readonly logs: string;
  readonly view: ProgressView;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
};

const drawMilliseconds = 150;

/**
 * Fires the plan's schedule and watches until its run is closed and everybody is told. Where nothing is left to happen
 * but a deadline or a time-out, time is moved there, and that is said.
 */
export const liveThroughNight = async (night: Night): Promise<RunRecord> => {
  const { aws, plan, view } = night;
  const schedule = aws.stack.schedules.find(({ input }) => planOf(input) === plan.name);
  if (schedule === undefined)
    throw new Error(`The packaged template has no schedule for the plan ${plan.name}.`);
  const scheduledTime = new Date(Math.floor(aws.clock.now().getTime() / 1000) * 1000);
  const run = runId(plan.name, scheduledTime, 'backup');
  view.say(
    `${moment(scheduledTime, plan.schedule.timezone)}: the schedule ${schedule.name} fires; the run is ${run}`,
  );
  aws.scheduler.fire(schedule.group, schedule.name, scheduledTime);
  return watchRun(night, run, scheduledTime);
};

/** Watches a run until it is closed and everybody is told. */
export const watchRun = async (night: Night, run: string, scheduledTime: Date): Promise<RunRecord> => {
  const { aws, view } = night;
  const readRecord = recordReader(aws);
  const seen: Seen = new Map();
  for (;;) {
    const idle = await idleWithin(aws, drawMilliseconds, night.signal);
    const record = await readRecord(run);
    view.show(await rowsOf(night, run, record, seen));
    if (!idle) continue;
    if (record !== undefined && isOver(record)) return record;
    night.signal.throwIfAborted();
    await skipAhead(night, run, scheduledTime);
  }
};

/** Long past every deadline, retry and further attempt to tell: what has not ended by then never will. */
const graceMilliseconds = 6 * 3_600_000;

const planOf = (input: string): unknown => (JSON.parse(input) as { readonly plan?: unknown }).plan;

/** Closed, and nothing is owed any more: told, or given up for now. */
const isOver = (record: RunRecord): boolean =>
  record.state === 'closed' &&
  record.noticesDecided === true &&
  record.notices.every(({ state }) => state !== 'owed' && state !== 'sending');

/** True when nothing is under way, and still not a moment later: between two steps there is a breath without either. */
const idleWithin = async (aws: LocalAws, milliseconds: number, signal: AbortSignal): Promise<boolean> => {
  const waiting = new AbortController();
  const tooLong = sleep(milliseconds, false, { signal: AbortSignal.any([signal, waiting.signal]) });
  const first = await Promise.race([aws.idle().then(() => true), tooLong]).finally(() => waiting.abort());
  tooLong.catch(() => undefined);
  if (!first) return false;
  await sleep(drawMilliseconds, undefined, { signal });
  return Promise.race([aws.idle().then(() => true), sleep(20, false)]);
};

const skipAhead = async (night: Night, run: string, scheduledTime: Date): Promise<void> => {
  const { aws, view, logs, plan } = night;
  const before = aws.clock.now();
  const next = aws.clock.next();
  const latest = scheduledTime.getTime() + plan.deadlineMinutes * 60_000 + graceMilliseconds;
  if (next === undefined || next.time.getTime() > latest)
    throw new Error(`Nothing is left that could end the run ${run}. The functions' logs say why: ${logs}`);
  view.say(
    `  nothing more happens by itself until: ${next.what}. Moving time ${duration(next.time.getTime() - before.getTime())} ahead.`,
  );
  await aws.clock.skipToNext();
};

const recordReader = (aws: LocalAws) => {
  const client = new S3Client({
    endpoint: aws.endpoint,
    region: aws.region,
    forcePathStyle: true,
    credentials: { accessKeyId: 'console', secretAccessKey: 'local' },
  });
  const Bucket = aws.stack.buckets[0] ?? '';
  return async (run: string): Promise<RunRecord | undefined> => {
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: `runs/${run}/record.json` }));
      return JSON.parse((await Body?.transformToString()) ?? '') as RunRecord;
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  };
};

/** How far each instance was at the last look: its progress file is written anew, and may be empty at this one. */
type Seen = Map<string, Progress>;

const rowsOf = (
  night: Night,
  run: string,
  record: RunRecord | undefined,
  seen: Seen,
): Promise<readonly Row[]> =>
  Promise.all(
    night.specs.map(async ({ id, state }): Promise<Row> => {
      const now = await readProgress(state);
      if (now?.run === run) seen.set(id, now);
      const progress = seen.get(id);
      const ours = progress === undefined ? {} : { progress };
      const result = record?.results?.find(({ instance }) => instance === id);
      if (result !== undefined) return { instance: id, status: result.outcome, ...savedBy(result) };
      const ping = night.aws.fleet.get(id)?.ping;
      if (ping !== 'Online') return { instance: id, status: ping === undefined ? 'gone' : 'no agent' };
      return { instance: id, status: progress === undefined ? 'waiting' : 'working', ...ours };
    }),
  );

/** In the end what counts is the recovery point, not what was done last. */
const savedBy = ({ outcome, report }: InstanceResult): { readonly progress?: Progress } =>
  report === undefined || !outcome.startsWith('protected')
    ? {}
    : {
        progress: {
          phase: 'done',
          files: report.files,
          totalFiles: report.files,
          bytes: report.bytes,
          totalBytes: report.bytes,
        },
      };
