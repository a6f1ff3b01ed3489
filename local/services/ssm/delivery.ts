import type { LocalInstance, StepOutput } from '../../contract.ts';
import { type Command, hasEnded, type Invocation, type InvocationState } from './command.ts';
import type { EngineOptions } from './command-engine.ts';
import { writeOutputs } from './step-outputs.ts';

/** One invocation on its way to an instance and back. */
export type Delivery = {
  readonly cancel: () => void;
  /** A living instance is at work on it. */
  readonly isWorking: () => boolean;
  readonly stop: () => void;
};

/** How often (real time) it is looked whether an agent came online. */
const lookMilliseconds = 50;

/** The agent reports its own time-out; the service speaks for it only when it stayed silent this much longer. */
const silenceSeconds = 10;

/** What becomes of an invocation whose instance took the command and never reported. See docs/decisions/local-aws-protocols.md */
const silentEnding: Ending = { status: 'TimedOut', statusDetails: 'ExecutionTimedOut', steps: [] };

type Ending = Omit<InvocationState, 'finishedAt' | 'startedAt'>;

type Way = {
  readonly command: Command;
  readonly invocation: Invocation;
  readonly options: EngineOptions;
  readonly change: (state: InvocationState) => void;
  /** Since it took the command. */
  instance?: LocalInstance;
  looking?: NodeJS.Timeout;
  timer?: { readonly cancel: () => void };
};

/**
 * Hands an invocation to its instance as soon as the agent is online, and lets it time out: as DeliveryTimedOut when the
 * agent did not come within TimeoutSeconds, as ExecutionTimedOut when it took the command and never reported back.
 */
export const deliver = (
  command: Command,
  invocation: Invocation,
  options: EngineOptions,
  change: (state: InvocationState) => void,
): Delivery => {
  const way: Way = { command, invocation, options, change };
  const online = onlineInstance(way);
  if (online === undefined) waitForAgent(way);
  else start(way, online);
  return {
    isWorking: () =>
      way.instance?.state === 'running' &&
      way.instance.ping === 'Online' &&
      !hasEnded(invocation.state.now()),
    stop: () => halt(way),
    cancel: () => cancel(way),
  };
};

const waitForAgent = (way: Way): void => {
  const { timeoutSeconds } = way.command.request;
  way.timer = way.options.clock.at(
    timeAfter(way, timeoutSeconds),
    `${way.invocation.instanceId}: delivery time-out`,
    () => end(way, { status: 'TimedOut', statusDetails: 'DeliveryTimedOut', steps: [] }),
  );
  way.looking = setInterval(() => {
    const online = onlineInstance(way);
    if (online !== undefined) start(way, online);
  }, lookMilliseconds).unref();
};

const onlineInstance = ({ options, invocation }: Way): LocalInstance | undefined => {
  const instance = options.fleet.get(invocation.instanceId);
  return instance?.state === 'running' && instance.ping === 'Online' ? instance : undefined;
};

const start = (way: Way, instance: LocalInstance): void => {
  halt(way);
  way.instance = instance;
  const seconds = way.command.executionSeconds + silenceSeconds;
  way.timer = way.options.clock.at(timeAfter(way, seconds), `${instance.id}: execution time-out`, () => {
    instance.agent.cancel(way.command.id);
    end(way, silentEnding);
  });
  const startedAt = way.options.clock.now();
  way.change({ status: 'InProgress', statusDetails: 'InProgress', startedAt, steps: [] });
  void execute(way, instance).then((ending) => end(way, ending));
};

const end = (way: Way, ending: Ending): void => {
  halt(way);
  const { startedAt } = way.invocation.state.now();
  way.change({ ...ending, ...(startedAt && { startedAt }), finishedAt: way.options.clock.now() });
};

const cancel = (way: Way): void => {
  if (way.instance === undefined) {
    end(way, { status: 'Cancelled', statusDetails: 'Cancelled', steps: [] });
    return;
  }
  way.change({ ...way.invocation.state.now(), status: 'Cancelling', statusDetails: 'Cancelling' });
  way.instance.agent.cancel(way.command.id);
};

const halt = (way: Way): void => {
  clearInterval(way.looking);
  way.timer?.cancel();
};

/** Lets the agent work. Never resolves when the instance dies: then nobody reports. */
const execute = async ({ command, invocation, options }: Way, instance: LocalInstance): Promise<Ending> => {
  const { document, allParameters, outputS3 } = command.request;
  try {
    const steps = await instance.agent.run({
      commandId: command.id,
      document,
      parameters: allParameters,
      ...(outputS3 === undefined ? {} : { outputS3 }),
    });
    await writeOutputs(options, command, invocation, steps);
    return endingOf(steps);
  } catch (error) {
    return endingOf([brokenStep(command, error)]);
  }
};

/** What breaks here is local AWS itself; the operator sees it where the document's own errors are seen. */
const brokenStep = ({ request }: Command, error: unknown): StepOutput => ({
  name: request.document.mainSteps[0]?.name ?? 'document',
  plugin: request.document.mainSteps[0]?.action ?? 'aws:runShellScript',
  status: 'Failed',
  statusDetails: 'Failed',
  responseCode: 1,
  stdout: '',
  stderr: `Local AWS could not run the document: ${error instanceof Error ? error.message : String(error)}`,
});

/** The worst of the steps decides. */
const endingOf = (steps: readonly StepOutput[]): Ending => {
  for (const status of ['Cancelled', 'TimedOut', 'Failed'] as const) {
    const found = steps.find((step) => step.status === status);
    if (found === undefined) continue;
    return {
      status,
      statusDetails: status === 'TimedOut' ? 'ExecutionTimedOut' : found.statusDetails,
      steps,
    };
  }
  return { status: 'Success', statusDetails: 'Success', steps };
};

const timeAfter = ({ options }: Way, seconds: number): Date =>
  new Date(options.clock.now().getTime() + seconds * 1000);
