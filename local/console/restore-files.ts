import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Plan } from '../../functions/config/plan.ts';
import { causes } from '../../functions/pipeline/causes.ts';
import { timeOfRun } from '../../functions/pipeline/run-id.ts';
import type { InstanceResult, RunRecord } from '../../functions/pipeline/run-record.ts';
import type { InstanceSpec } from '../contract.ts';
import { readyMachine } from '../machine.ts';
import { BadUsage } from './arguments.ts';
import { type Directory, makeFolder, openDirectory } from './directory.ts';
import { placeInAws } from './fleet-for-tonight.ts';
import { watchRun } from './night.ts';
import { packageService } from './package-service.ts';
import { progressView } from './progress.ts';
import type { RestoreOptions } from './restore-arguments.ts';
import { planOf, type Running, raise, type Stage, stopAll } from './stage.ts';
import { count, duration, printable, size } from './wording.ts';

/**
 * `npm start -- restore`: local AWS with one instance whose source folder is OUT, to which dispatch sends the restore, as it
 * does to a newborn of the group. Answers the exit code.
 */
export const restoreFiles = async (options: RestoreOptions, signal: AbortSignal): Promise<number> => {
  const running: Running = [];
  const out = options.json ? process.stderr : process.stdout;
  const say = (line: string) => out.write(`${line}\n`);
  try {
    const plan = planOf(options.plan);
    const share = shareOf(options);
    knownInstance(options, plan, share);
    readyMachine((line) => say(`  ${line}`));
    const directory = openDirectory(options.directory, false);
    running.push({ stop: directory.release });
    const made = openTarget(options);
    if (made && options.dryRun) running.push({ stop: () => rmdirSync(options.to) });
    const spec = instanceFor(options, directory, plan, share);
    await packageService(directory.packaged);
    const stage = await raise(directory, plan, [spec], [], running);
    const began = performance.now();
    const record = await playRestore(options, directory, plan, spec, stage, signal);
    say(`\n${ending(options, record, performance.now() - began)}`);
    if (options.json) process.stdout.write(`${JSON.stringify(record, undefined, 2)}\n`);
    return record.result === 'protected' || record.result === 'protected-with-warnings' ? 0 : 1;
  } finally {
    await stopAll(running);
  }
};

const shareOf = (options: RestoreOptions): string => {
  const share = resolve(options.share ?? join(options.directory, 'share'));
  if (existsSync(join(share, 'lifeboat.json'))) return share;
  throw new BadUsage(
    `${share} is no share: it has no lifeboat.json. Name the --dir of an earlier \`npm start\`, or the --share that it saved to.`,
  );
};

const knownInstance = ({ instance }: RestoreOptions, plan: Plan, share: string): void => {
  const folder = join(share, plan.name);
  const known = existsSync(folder) ? readdirSync(folder) : [];
  if (!known.includes(instance))
    throw new BadUsage(
      `The share has nothing of ${instance} under the plan ${plan.name}; it has ${known.join(', ') || 'nothing at all'}.`,
    );
};

/** Whether OUT had to be made. */
const openTarget = ({ to }: RestoreOptions): boolean => {
  if (!existsSync(to)) {
    makeFolder(resolve(to));
    return true;
  }
  if (!statSync(to).isDirectory()) throw new BadUsage(`--to ${to} is no folder.`);
  return false;
};

const instanceFor = (
  { to }: RestoreOptions,
  directory: Directory,
  plan: Plan,
  share: string,
): InstanceSpec => {
  const id = directory.idOfSource(to);
  const { state } = directory.instance(id);
  mkdirSync(state, { recursive: true });
  return {
    ...placeInAws(plan),
    id,
    upload: resolve(to),
    uploadReadOnly: false,
    sourcePath: plan.source.path,
    state,
    share,
    sharePath: plan.share.path,
    faults: [],
  };
};

const playRestore = async (
  options: RestoreOptions,
  directory: Directory,
  plan: Plan,
  spec: InstanceSpec,
  { aws }: Stage,
  signal: AbortSignal,
): Promise<RunRecord> => {
  const dispatch = aws.functions.names.find((name) => name.endsWith('-dispatch')) ?? 'dispatch';
  const event = {
    plan: plan.name,
    operation: 'restore',
    instances: [spec.id],
    from: options.instance,
    at: options.at,
    overwrite: options.overwrite,
    dryRun: options.dryRun,
    ...(options.paths.length === 0 ? {} : { paths: options.paths }),
  };
  const { payload, functionError } = await aws.functions.invoke(dispatch, JSON.stringify(event));
  const answer: { readonly run?: string; readonly errorMessage?: string } = JSON.parse(payload);
  if (functionError !== undefined || answer.run === undefined)
    throw new BadUsage(answer.errorMessage ?? `dispatch answered ${payload}`);
  const view = progressView(options.json ? process.stderr : process.stdout, () => performance.now());
  try {
    const night = { aws, plan, specs: [spec], logs: directory.logs, view, signal };
    return await watchRun(night, answer.run, timeOfRun(answer.run) ?? aws.clock.now());
  } finally {
    view.end();
  }
};

const ending = (options: RestoreOptions, record: RunRecord, milliseconds: number): string => {
  const [result] = record.results ?? [];
  if (result === undefined)
    return `${record.run}: ${record.result ?? record.state}. ${record.problems.join(' ')}`;
  return [...told(options, result, milliseconds), ...reasons(result)].join('\n');
};

const told = (
  options: RestoreOptions,
  { report }: InstanceResult,
  milliseconds: number,
): readonly string[] => {
  if (report === undefined || report.recoveryPoint === '') return ['Not everything is back.'];
  const where = relative(process.cwd(), resolve(options.to)) || '.';
  const [back, there] = [count(report.changed), count(report.skipped ?? 0)];
  return options.dryRun
    ? [
        `${back} of ${count(report.files)} files of ${report.recoveryPoint} would come back into ${where}, ${there} are there already.`,
      ]
    : [
        `${back} of ${count(report.files)} files of ${report.recoveryPoint} are back in ${where}, ${size(report.copiedBytes)}, in ${duration(milliseconds)}; ${there} were there already and stayed.`,
      ];
};

const reasons = ({ cause, detail, report, outcome }: InstanceResult): readonly string[] => [
  ...(cause === undefined || outcome.startsWith('protected') ? [] : explained(cause, detail)),
  ...(outcome.startsWith('protected')
    ? (report?.warnings ?? []).flatMap((warning) =>
        explained(warning.cause, `${count(warning.count)} times, for instance ${warning.example}`),
      )
    : []),
];

const explained = (cause: keyof typeof causes, detail: string | undefined): readonly string[] => [
  '',
  `${cause}: ${causes[cause].sentence}`,
  ...(detail === undefined ? [] : [`  ${printable(detail)}`]),
  `  What to do: ${causes[cause].remedy}`,
];
