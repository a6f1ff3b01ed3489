import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunRecord } from '../../functions/pipeline/run-record.ts';
import { startClock } from '../../local/clock.ts';
import type { ApiCall } from '../../local/contract.ts';
import { startLocalJira } from '../../local/jira/local-jira.ts';
import { metricsIn } from '../../local/lambda/metrics.ts';
import { type RunningAws, startLocalAws } from '../../local/local-aws.ts';
import { startLocalSlack } from '../../local/slack/local-slack.ts';
import { pace } from './assumptions.ts';
import { simulatedInstance } from './simulated-instance.ts';

/** What a good night of a fleet and the prune after it took, measured on local AWS. */
export type NightFigures = {
  readonly instances: number;
  /** Of the functions alone, by operation; refused ones apart. */
  readonly calls: Readonly<Record<string, number>>;
  readonly throttled: number;
  /** Puts and lists; gets. Those of the instances' agents are writes, too. */
  readonly s3Writes: number;
  readonly s3Reads: number;
  readonly functions: readonly FunctionFigures[];
  readonly logBytes: number;
  readonly metrics: number;
  /** Scheduler's deliveries: the schedule itself and the wake-ups. */
  readonly deliveries: number;
  readonly recordBytes: number;
  readonly reportBytes: number;
  readonly bucketBytes: number;
  readonly widgets: readonly WidgetFigures[];
};

export type FunctionFigures = {
  readonly name: string;
  readonly invocations: number;
  readonly billedMilliseconds: number;
  readonly longestMilliseconds: number;
  readonly memoryMegabytes: number;
  readonly peakMegabytes: number;
};

export type WidgetFigures = {
  readonly view: string;
  readonly milliseconds: number;
  readonly bytes: number;
};

const group = 'acme-web';
const planName = 'acme-web';

/** Lives through one night of `instances` simulated instances. Throws where it did not end well. */
export const measureNight = async (packageDirectory: string, instances: number): Promise<NightFigures> => {
  const directory = await mkdtemp(join(tmpdir(), 'lifeboat-scale-'));
  const clock = startClock(new Date(Math.ceil(Date.now() / 86_400_000) * 86_400_000 + 18 * 3_600_000));
  const slack = await startLocalSlack({ now: () => clock.now() });
  const jira = await startLocalJira({ now: () => clock.now(), projects: { OPS: ['Bug'] } });
  const calls: ApiCall[] = [];
  const aws = await startLocalAws({
    ...{ directory, packageDirectory, clock, pace },
    instances: Array.from({ length: instances }, (_, index) => simulatedInstance(index, group)),
    controlFaults: [],
    environment: { LIFEBOAT_SLACK_URL: slack.apiUrl, LIFEBOAT_JIRA_URL: jira.url },
    parameters: { '/lifeboat/slack-token': slack.botToken, '/lifeboat/jira': jira.credentials },
    port: 0,
    onCall: (call) => calls.push(call),
  });
  try {
    const run = fire(aws, clock.now());
    await lived(aws, directory, run);
    const night = figuresOf(directory, calls, instances, run);
    const widgets = await Promise.all(
      [{ plan: planName }, { run }, { plan: planName, instance: simulatedInstance(0, group).id }].map(
        (event) => widgetOf(aws, event),
      ),
    );
    return { ...night, widgets };
  } finally {
    await aws.stop();
    await Promise.all([slack.stop(), jira.stop()]);
    clock.stop();
    rmSync(directory, { recursive: true, force: true });
  }
};

const fire = (aws: RunningAws, at: Date): string => {
  const scheduledTime = new Date(Math.floor(at.getTime() / 1000) * 1000);
  const schedule = aws.stack.schedules.find(({ input }) => input.includes(`"${planName}"`));
  if (schedule === undefined) throw new Error(`The packaged template has no schedule for ${planName}.`);
  aws.scheduler.fire(schedule.group, schedule.name, scheduledTime);
  const time = scheduledTime.toISOString().replace(/[-:]|\.\d+/g, '');
  return `${planName}/${time}-backup`;
};

/** Until the backup and its prune are closed, and the wake-ups at their deadlines have found that nothing is left to do. */
const lived = async (aws: RunningAws, directory: string, run: string): Promise<void> => {
  const morning = new Date(aws.clock.now().getTime() + longestNight);
  await aws.idle();
  while ((aws.clock.next()?.time ?? morning) < morning) {
    await aws.clock.skipToNext();
    await aws.idle();
  }
  for (const name of [run, run.replace(/backup$/, 'prune')]) {
    const record = recordOf(directory, name);
    if (record.result !== 'protected') throw new Error(`${name} ended as ${record.result}, not protected.`);
  }
};

/** Longer than the plan's deadline, and over before its next night. */
const longestNight = 8 * 3_600_000;

const recordFile = (directory: string, run: string): string =>
  join(directory, 'bucket/runs', run, 'record.json');

const recordOf = (directory: string, run: string): RunRecord =>
  JSON.parse(readFileSync(recordFile(directory, run), 'utf8')) as RunRecord;

const figuresOf = (
  directory: string,
  calls: readonly ApiCall[],
  instances: number,
  run: string,
): Omit<NightFigures, 'widgets'> => {
  const answered = calls.filter(
    ({ errorCode }) => errorCode === undefined || !/throttl|limit/i.test(errorCode),
  );
  const byOperation: Record<string, number> = {};
  for (const { service, operation } of answered) {
    const name = `${service} ${operation}`;
    byOperation[name] = (byOperation[name] ?? 0) + 1;
  }
  const objects = filesBelow(join(directory, 'bucket'));
  const outputs = objects.filter((file) => /\/(stdout|stderr)$/.test(file)).length;
  const s3 = answered.filter(({ service }) => service === 's3').map(({ operation }) => operation);
  const logs = readdirSync(join(directory, 'logs')).map((name) => join(directory, 'logs', name));
  return {
    instances,
    calls: byOperation,
    throttled: calls.length - answered.length,
    s3Writes: s3.filter((operation) => !operation.startsWith('Get')).length + outputs,
    s3Reads: s3.filter((operation) => operation.startsWith('Get')).length,
    functions: logs.flatMap(functionFigures),
    logBytes: logs.reduce((sum, file) => sum + statSync(file).size, 0),
    metrics: new Set(
      logs.flatMap((file) =>
        readFileSync(file, 'utf8')
          .split('\n')
          .flatMap(metricsIn)
          .map(({ namespace, name, dimensions }) => JSON.stringify([namespace, name, dimensions])),
      ),
    ).size,
    deliveries: 1 + (byOperation['scheduler CreateSchedule'] ?? 0),
    recordBytes: statSync(recordFile(directory, run)).size,
    reportBytes: statSync(recordFile(directory, run).replace('record.json', 'report.html')).size,
    bucketBytes: objects.reduce((sum, file) => sum + statSync(file).size, 0),
  };
};

const filesBelow = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));

const reportLine =
  /Duration: ([\d.]+) ms\tBilled Duration: (\d+) ms\tMemory Size: (\d+) MB\tMax Memory Used: (\d+) MB/;

const functionFigures = (file: string): readonly FunctionFigures[] => {
  const reports = readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => reportLine.exec(line) ?? [])
    .filter((_, index) => index % 5 !== 0)
    .map(Number);
  const rows = Array.from({ length: reports.length / 4 }, (_, index) =>
    reports.slice(4 * index, 4 * index + 4),
  );
  if (rows.length === 0) return [];
  const column = (index: number): readonly number[] => rows.map((row) => row[index] ?? 0);
  return [
    {
      name: file.replace(/^.*-(\w+)\.log$/, '$1'),
      invocations: rows.length,
      billedMilliseconds: column(1).reduce((sum, each) => sum + each, 0),
      longestMilliseconds: Math.round(Math.max(...column(0))),
      memoryMegabytes: column(2)[0] ?? 0,
      peakMegabytes: Math.max(...column(3)),
    },
  ];
};

/** The second of two: a reader who clicks meets a function that is warm. */
const widgetOf = async (aws: RunningAws, event: Readonly<Record<string, string>>): Promise<WidgetFigures> => {
  const name = aws.functions.names.find((each) => each.endsWith('-drilldown')) ?? '';
  await aws.functions.invoke(name, JSON.stringify(event));
  const began = performance.now();
  const { payload, functionError } = await aws.functions.invoke(name, JSON.stringify(event));
  if (functionError !== undefined) throw new Error(`drilldown failed: ${payload}`);
  return {
    view: Object.keys(event).at(-1) ?? '',
    milliseconds: Math.round(performance.now() - began),
    bytes: Buffer.byteLength(payload),
  };
};
