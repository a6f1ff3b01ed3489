import type { Agent, AgentOrder, InstanceSpec, LocalClock, StepOutput } from '../contract.ts';
import { DocumentRefused, type ReadyStep, readDocument } from './document.ts';
import { executeStep, type RunningScript } from './execute-step.ts';
import { decideStep, exitWithFailure, exitWithSuccess, modifier } from './step-flow.ts';

export type AgentOptions = {
  readonly instance: InstanceSpec;
  readonly hostname: string;
  readonly region: string;
  readonly agentVersion: string;
  readonly clock: Pick<LocalClock, 'now' | 'at'>;
  /** False once the instance is terminated or stopped, or its agent takes no orders: nobody reports then. */
  readonly reports: () => boolean;
  /** A step's script runs. */
  readonly onStart: (script: RunningScript) => void;
};

/** The agent of an instance, and the way to pull its plug. */
export type LocalAgent = {
  readonly agent: Agent;
  /** SIGKILL to everything that runs on the instance; resolves when nothing is left. */
  readonly killEverything: () => Promise<void>;
};

/**
 * Runs documents as amazon-ssm-agent 3.3 does. A document that the agent cannot read gives one failed step `document`
 * whose stderr says why, since there are no steps to report.
 */
export const startAgent = (options: AgentOptions): LocalAgent => {
  const running = new Set<RunningScript>();
  const cancelled = new Set<string>();
  const run = async (order: AgentOrder): Promise<readonly StepOutput[]> => {
    if (!options.reports()) return never();
    const outputs = await runDocument(order, options, {
      isCancelled: () => cancelled.has(order.commandId),
      started: (script) => {
        running.add(script);
        void script.gone.then(() => running.delete(script));
        // The plug may have been pulled while the sandbox was starting.
        if (options.reports()) options.onStart(script);
        else void script.destroy();
      },
    });
    return options.reports() ? outputs : never();
  };
  return {
    agent: {
      run,
      cancel: (commandId) => {
        cancelled.add(commandId);
        for (const script of running) if (script.commandId === commandId) script.cancel();
      },
    },
    killEverything: async () => {
      await Promise.all([...running].map((script) => script.destroy()));
    },
  };
};

const never = (): Promise<never> => new Promise(() => undefined);

type Watch = {
  readonly isCancelled: () => boolean;
  readonly started: (script: RunningScript) => void;
};

const runDocument = async (
  order: AgentOrder,
  options: AgentOptions,
  watch: Watch,
): Promise<readonly StepOutput[]> => {
  const outputs: StepOutput[] = [];
  try {
    const document = readDocument(order.document, order.parameters, options.agentVersion);
    for (const [index, step] of document.steps.entries()) {
      if (!options.reports()) break;
      const output = await runStep(order, options, watch, document.environment, {
        step,
        decision: decideStep(document.steps, index, outputs),
        rebooting: outputs.some(({ responseCode }) => responseCode === rebootMe),
      });
      outputs.push(output);
    }
    return outputs;
  } catch (error) {
    if (!(error instanceof DocumentRefused)) throw error;
    return [withoutRunning('document', '', 'Failed', 1, '', error.message)];
  }
};

/** The exit code that asks for a reboot, after which the agent runs the step again. */
const rebootMe = 194;

type Turn = {
  readonly step: ReadyStep;
  readonly decision: ReturnType<typeof decideStep>;
  readonly rebooting: boolean;
};

const runStep = async (
  order: AgentOrder,
  options: AgentOptions,
  watch: Watch,
  environment: Readonly<Record<string, string>>,
  { step, decision, rebooting }: Turn,
): Promise<StepOutput> => {
  const { name, action } = step;
  if (watch.isCancelled()) return withoutRunning(name, action, 'Cancelled', 1, '', '');
  if (rebooting)
    return withoutRunning(name, action, 'Skipped', 0, 'Not run: the step before asked for a reboot.', '');
  switch (decision.kind) {
    case 'skip':
      return withoutRunning(name, action, 'Skipped', 0, decision.why, '');
    case 'fail':
      return withoutRunning(name, action, 'Failed', 1, '', decision.why);
    case 'execute': {
      const { instance, hostname, region, clock } = options;
      const output = await executeStep(
        { commandId: order.commandId, instance, hostname, region, environment, step },
        { clock, isCancelled: watch.isCancelled, started: watch.started },
      );
      return steer(step, output);
    }
  }
};

/** Exit codes and modifiers that change what a step counts as. */
const steer = (step: ReadyStep, output: StepOutput): StepOutput => {
  const say = (text: string): Pick<StepOutput, 'stdout' | 'stderr'> => ({
    stdout: output.stdout + text,
    stderr: output.stderr + text,
  });
  if (output.responseCode === exitWithSuccess) {
    const why =
      '\nStep exited with code 168. Therefore, marking step as succeeded. Further document steps will be skipped.';
    return {
      ...output,
      status: 'Success',
      statusDetails: 'Success',
      stdout: output.stdout + why,
      stderr: '',
    };
  }
  if (output.responseCode === exitWithFailure) {
    return {
      ...output,
      ...say(
        '\nStep exited with code 169. Therefore, marking step as Failed. Further document steps will be skipped.',
      ),
    };
  }
  const onFailure = modifier(step, 'onFailure');
  if (output.status !== 'Failed' || !['exit', 'successAndExit'].includes(onFailure)) return output;
  const told = say('\nStep was found to have onFailure property. Further document steps will be skipped.');
  if (onFailure === 'exit') return { ...output, ...told };
  return { ...output, ...told, status: 'Success', statusDetails: 'Success', responseCode: exitWithSuccess };
};

const withoutRunning = (
  name: string,
  plugin: string,
  status: 'Failed' | 'Cancelled' | 'Skipped',
  responseCode: number,
  stdout: string,
  stderr: string,
): StepOutput => ({ name, plugin, status, statusDetails: status, responseCode, stdout, stderr });
