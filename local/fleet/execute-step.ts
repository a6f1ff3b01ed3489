import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InstanceSpec, LocalClock, StepOutput } from '../contract.ts';
import type { ReadyStep } from './document.ts';
import { foldersOf } from './folders.ts';
import { type RunningStep, type StepEnd, startStep } from './sandbox.ts';
import { type Capture, capture, keptBytes } from './step-output.ts';

export type ScriptOrder = {
  readonly commandId: string;
  readonly instance: InstanceSpec;
  readonly hostname: string;
  readonly region: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly step: ReadyStep;
};

/** A step's script while it runs, and its sandbox until nothing of it is left. */
export type RunningScript = Pick<RunningStep, 'destroy' | 'gone'> & {
  readonly commandId: string;
  readonly cancel: () => void;
  /** The script's own process has ended; nothing is reported yet. */
  readonly ended: Promise<unknown>;
};

export type ScriptWatch = {
  readonly clock: Pick<LocalClock, 'now' | 'at'>;
  readonly isCancelled: () => boolean;
  readonly started: (script: RunningScript) => void;
};

/**
 * Runs one `aws:runShellScript` step. It ends when its process has ended AND nobody holds its stdout or stderr any more (a
 * background process that keeps them makes the agent wait, there as here), or at the time-out, or when it is cancelled:
 * then its process group gets SIGKILL. The whole output is in files, see {@link StepOutput.logs}.
 */
export const executeStep = async (order: ScriptOrder, watch: ScriptWatch): Promise<StepOutput> => {
  const { step, instance, commandId } = order;
  const place = await writeScript(order);
  const running = await startStep({
    instance,
    hostname: order.hostname,
    folder: place.folder,
    seenAs: place.seenAs,
    environment: { ...agentEnvironment(order), ...order.environment },
  });
  const [stdout, stderr] = await Promise.all([
    capture(running.stdout, place.logs.stdout, keptBytes.stdout),
    capture(running.stderr, place.logs.stderr, keptBytes.stderr),
  ]);
  const stopped = Promise.withResolvers<'timed out' | 'cancelled'>();
  const { gone, destroy, ended } = running;
  watch.started({ commandId, gone, destroy, ended, cancel: () => stopped.resolve('cancelled') });
  if (watch.isCancelled()) stopped.resolve('cancelled');
  const seconds = timeoutSeconds(step.inputs.timeoutSeconds);
  const timer = watch.clock.at(
    new Date(watch.clock.now().getTime() + seconds * 1000),
    `${instance.id}: step ${step.name} times out`,
    () => stopped.resolve('timed out'),
  );
  const heard = Promise.all([ended, stdout.done, stderr.done]).then(([end]) => end);
  const end = await Promise.race([heard, stopped.promise]);
  timer.cancel();
  if (typeof end === 'string') await stop(running, heard, [stdout, stderr]);
  const verdict = judge(end);
  await Promise.all([stdout.finish(''), stderr.finish(verdict.agentsWords)]);
  return {
    name: step.name,
    plugin: step.action,
    status: verdict.status,
    statusDetails: verdict.status === 'TimedOut' ? 'ExecutionTimedOut' : verdict.status,
    responseCode: verdict.responseCode,
    stdout: stdout.text(),
    stderr: stderr.text(),
    logs: place.logs,
  };
};

/** Seconds: number or text, 5 to 172,800; anything else is the default of 3600, silently. */
export const timeoutSeconds = (input: unknown): number => {
  const seconds = Math.trunc(
    Number(typeof input === 'string' && input.trim() !== '' ? input : (input ?? Number.NaN)),
  );
  return seconds >= 5 && seconds <= 172_800 ? seconds : 3600;
};

/** `runCommand`: a text, a list, or, by a list parameter within the list, lists in lists. */
export const scriptText = (runCommand: unknown): string => `${flatten(runCommand).join('\n')}\n`;

const flatten = (command: unknown): readonly string[] => {
  if (typeof command === 'string') return [command];
  return Array.isArray(command) ? command.flatMap((part: unknown) => flatten(part)) : [];
};

type Place = {
  readonly folder: string;
  readonly seenAs: string;
  readonly logs: { readonly stdout: string; readonly stderr: string };
};

/**
 * The script is written into a folder that no sandbox has seen yet, and the logs where none ever sees them: what runs as
 * root on an instance must not choose where this process writes.
 */
const writeScript = async ({ commandId, instance, step }: ScriptOrder): Promise<Place> => {
  if (!/^[A-Za-z0-9-]+$/.test(commandId)) throw new Error(`${commandId} is no command id.`);
  const own = join(foldersOf(instance).agent, commandId, step.name);
  const folder = join(own, 'orchestration');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, '_script.sh'), scriptText(step.inputs.runCommand), {
    mode: 0o700,
    flag: 'wx',
  });
  return {
    folder,
    seenAs: `/var/lib/amazon/ssm/${instance.id}/document/orchestration/${commandId}/${step.name}`,
    logs: { stdout: join(own, 'stdout'), stderr: join(own, 'stderr') },
  };
};

/** No HOME: the agent is a service of root without one. */
const agentEnvironment = ({ commandId, instance, region }: ScriptOrder): Record<string, string> => ({
  LANG: 'C.UTF-8',
  AWS_SSM_INSTANCE_ID: instance.id,
  AWS_SSM_REGION_NAME: region,
  AWS_SSM_PLATFORM_NAME: hostRelease('NAME') ?? 'Linux',
  AWS_SSM_PLATFORM_VERSION: hostRelease('VERSION_ID') ?? '',
  SSM_COMMAND_ID: commandId,
});

/** A local instance runs the programs of its host, so that is its platform, too. */
const hostRelease = (key: string): string | undefined =>
  new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(readFileSync('/etc/os-release', 'utf8'))?.[1];

/** How long a killed step may take to close its pipes; what left its process group may hold them for ever. */
const graceMilliseconds = 1000;

const stop = async (
  running: RunningStep,
  heard: Promise<StepEnd>,
  captures: readonly Capture[],
): Promise<void> => {
  running.killGroup();
  await Promise.race([heard, sleep(graceMilliseconds, undefined, { ref: false })]);
  for (const { leave } of captures) leave();
  await Promise.all(captures.map(({ done }) => done));
};

type Verdict = Pick<StepOutput, 'status' | 'responseCode'> & { readonly agentsWords: string };

/**
 * pluginutil.GetStatus and runscript.go: 137 counts as a time-out even where the script itself exits with it, a process
 * that a signal ended has the code -1, and every failure is told in stderr.
 */
const judge = (end: StepEnd | 'timed out' | 'cancelled'): Verdict => {
  if (end === 'cancelled') return { status: 'Cancelled', responseCode: 137, agentsWords: '' };
  if (end === 'timed out') return { status: 'TimedOut', responseCode: 137, agentsWords: '' };
  switch (end.kind) {
    case 'killed':
      return failed(-1, 'failed to run commands: signal: killed');
    case 'lost':
      return failed(
        -1,
        `failed to run commands: the local sandbox ended before the script did. ${end.complaint}`.trim(),
      );
    case 'exited':
      return judgeStatus(end.status);
  }
};

const judgeStatus = (status: number): Verdict => {
  if (status === 0) return { status: 'Success', responseCode: 0, agentsWords: '' };
  if (status === 137) return { status: 'TimedOut', responseCode: 137, agentsWords: '' };
  if (status === 194) {
    return failed(
      194,
      'exit status 194 asks the agent to reboot the instance and to run the step again; local instances do not reboot',
    );
  }
  return failed(status, `failed to run commands: exit status ${status}`);
};

const failed = (responseCode: number, agentsWords: string): Verdict => ({
  status: 'Failed',
  responseCode,
  agentsWords,
});
