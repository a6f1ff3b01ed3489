import { join, relative } from 'node:path';
import { PlanMistakes } from '../../deploy/plans.ts';
import type { Plan } from '../../functions/config/plan.ts';
import type { RunRecord } from '../../functions/pipeline/run-record.ts';
import type { JiraIssue, LocalAws } from '../contract.ts';
import { startDashboards } from '../dashboard/dashboard-server.ts';
import { MachineLacks, readyMachine } from '../machine.ts';
import { BadUsage, isInstanceFault, readArguments, type StartOptions, usage } from './arguments.ts';
import { painted } from './colours.ts';
import { type Directory, openDirectory } from './directory.ts';
import { type Fleet, fleetForTonight } from './fleet-for-tonight.ts';
import { liveThroughNight } from './night.ts';
import { packageService } from './package-service.ts';
import { progressView } from './progress.ts';
import { readRestoreArguments, restoreUsage } from './restore-arguments.ts';
import { restoreFiles } from './restore-files.ts';
import { planOf, type Running, raise, type Stage, stopAll } from './stage.ts';
import { allProtected, summary } from './summary.ts';
import { duration, instancesOf, shellWord } from './wording.ts';

/** `npm start`. Answers the exit code: 0 all protected, 1 not all, 2 bad usage or a machine that lacks something, 130. */
export const main = async (argv: readonly string[]): Promise<number> => {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  // Whoever reads our output may have had enough of it: `npm start | head`.
  const closed = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    interrupt();
  };
  process.stdout.on('error', closed);
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  process.on('SIGHUP', interrupt);
  try {
    return argv[0] === 'restore'
      ? await restore(argv.slice(1), interrupted.signal)
      : await start(argv, interrupted.signal);
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    if (!(error instanceof BadUsage || error instanceof MachineLacks || error instanceof PlanMistakes))
      throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    process.off('SIGHUP', interrupt);
  }
};

const helped = (text: string): number => {
  process.stdout.write(text);
  return 0;
};

const restore = async (argv: readonly string[], signal: AbortSignal): Promise<number> => {
  const options = readRestoreArguments(argv);
  return options === 'help' ? helped(restoreUsage) : restoreFiles(options, signal);
};

const start = async (argv: readonly string[], signal: AbortSignal): Promise<number> => {
  const options = readArguments(argv);
  return options === 'help' ? helped(usage) : live(options, signal);
};

const live = async (options: StartOptions, signal: AbortSignal): Promise<number> => {
  const running: Running = [];
  const out = options.json ? process.stderr : process.stdout;
  const say = (line: string) => out.write(`${line}\n`);
  try {
    const plan = planOf(options.plan);
    say('Lifeboat: one night on this machine');
    readyMachine((line) => say(`  ${line}`));
    const directory = openDirectory(options.directory, options.fresh);
    running.push({ stop: directory.release });
    const [packaged, fleet] = await Promise.all([
      packageService(directory.packaged),
      fleetForTonight(options, directory, plan),
    ]);
    say(`  packaged the service in ${duration(packaged.milliseconds)} (sls package)`);
    say(`  ${instancesOf(fleet.specs.length)} with ${fleet.sentence}`);
    for (const { id, upload } of options.sources.length === 0 ? [] : fleet.specs)
      say(`    ${id}  ${upload ?? ''}`);
    const controlFaults = options.faults.flatMap((fault) => (isInstanceFault(fault) ? [] : [fault]));
    const stage = await raise(directory, plan, fleet.specs, controlFaults, running);
    say(`  local AWS answers on ${stage.aws.endpoint} (${stage.aws.region})`);
    const record = await play(options, directory, plan, fleet, stage, signal);
    say(painted(`\n${ending(options, directory, stage, record)}`, out));
    if (options.json) process.stdout.write(`${JSON.stringify(record.record, undefined, 2)}\n`);
    if (options.keep) {
      const dashboards = await startDashboards(stage.aws, 0);
      running.push(dashboards);
      await keepUp(directory, plan, { ...stage, dashboards: dashboards.origin }, signal, say);
      return 130;
    }
    return allProtected(record.record) ? 0 : 1;
  } finally {
    await stopAll(running);
  }
};

type Played = {
  readonly record: RunRecord;
  readonly milliseconds: number;
  readonly slackBefore: number;
  readonly jiraBefore: ReadonlyMap<string, number>;
};

const play = async (
  options: StartOptions,
  directory: Directory,
  plan: Plan,
  fleet: Fleet,
  { aws, slack, jira }: Stage,
  signal: AbortSignal,
): Promise<Played> => {
  const slackBefore = slack.messages().length;
  const jiraBefore = new Map(jira.issues().map(({ key, comments }) => [key, comments.length]));
  const began = performance.now();
  const view = progressView(options.json ? process.stderr : process.stdout, () => performance.now());
  try {
    const record = await liveThroughNight({
      aws,
      plan,
      specs: fleet.specs,
      logs: directory.logs,
      view,
      signal,
    });
    return { record, milliseconds: performance.now() - began, slackBefore, jiraBefore };
  } finally {
    view.end();
  }
};

const ending = (
  options: StartOptions,
  directory: Directory,
  { slack, jira }: Stage,
  played: Played,
): string => {
  const { record, milliseconds, slackBefore, jiraBefore } = played;
  const here = (path: string) => relative(process.cwd(), path) || '.';
  const inBucket = (name: string) => here(join(directory.bucket, 'runs', record.run, name));
  const again = commandLine(options);
  return summary({
    record,
    milliseconds,
    // A terminal that does not know its size says 0.
    ...(process.stdout.isTTY && process.stdout.columns > 0 ? { columns: process.stdout.columns } : {}),
    slack: slack.messages().slice(slackBefore),
    jira: jira
      .issues()
      .filter(({ key, comments }) => jiraBefore.get(key) !== comments.length)
      .map((issue) => newsOf(issue, jiraBefore.get(issue.key))),
    places: [
      { what: 'share', where: here(options.share ?? directory.share) },
      { what: 'run record', where: inBucket('record.json') },
      { what: 'report', where: inBucket('report.html') },
      { what: 'logs', where: here(directory.logs) },
    ],
    next: [
      {
        command: again,
        what:
          options.sources.length > 0
            ? 'the next night: copies only what changed'
            : 'the next night: ACME has uploaded another week',
      },
      {
        command: withMore(again, '--fault share-full'),
        what: 'how trouble is told; --help lists all faults',
      },
      { command: withMore(again, '--keep'), what: 'leave local AWS up, for `aws` and `sls invoke`' },
      { command: 'npm start -- --source DIR', what: 'save a folder of your own' },
    ],
  });
};

/** Of an issue that was there before tonight only the comments are news. */
const newsOf = (issue: JiraIssue, commentsBefore: number | undefined): JiraIssue =>
  commentsBefore === undefined
    ? issue
    : { ...issue, description: '', comments: issue.comments.slice(commentsBefore) };

/** What to type for the next night in the same place. */
const commandLine = (options: StartOptions): string => {
  const words = [
    ...(options.directory === '.lifeboat' ? [] : ['--dir', options.directory]),
    ...options.sources.flatMap((source) => ['--source', source]),
    ...(options.share === undefined ? [] : ['--share', options.share]),
  ];
  return words.length === 0 ? 'npm start' : `npm start -- ${words.map(shellWord).join(' ')}`;
};

/** The same command with more words. */
const withMore = (command: string, more: string): string =>
  command === 'npm start' ? `npm start -- ${more}` : `${command} ${more}`;

/** The plan's own where it has one, else the list of all. */
const dashboardFor = ({ cloudwatch }: LocalAws, { name }: Plan): string =>
  cloudwatch.dashboards().find((each) => each.name.endsWith(`-${name}`))?.name ?? '';

const keepUp = async (
  directory: Directory,
  plan: Plan,
  { aws, dashboards }: Stage & { readonly dashboards: string },
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> => {
  say(`
Local AWS stays up until Ctrl-C. Its dashboards, alarms and buttons are in a browser:
  ${dashboards}/${dashboardFor(aws, plan)}
In another terminal:
  export AWS_ENDPOINT_URL=${aws.endpoint} AWS_REGION=${aws.region} AWS_DEFAULT_REGION=${aws.region} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
  npx sls invoke -f dispatch --data '{"plan":"${plan.name}"}'
  aws ssm list-commands
  aws s3 ls --recursive s3://${aws.stack.buckets[0] ?? ''}/runs/
Addresses are in ${relative(process.cwd(), directory.localAws)}.`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
};
