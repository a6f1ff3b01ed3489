import type { PreconditionArgument, ReadyStep } from './document.ts';

/** What becomes of a step before it starts. */
export type StepDecision =
  | { readonly kind: 'execute' }
  | { readonly kind: 'skip'; readonly why: string }
  | { readonly kind: 'fail'; readonly why: string };

export type DoneStep = {
  readonly status: 'Success' | 'Failed' | 'TimedOut' | 'Cancelled' | 'Skipped';
  readonly responseCode: number;
};

/** Exit codes with which a step ends the document: as a success, as a failure. */
export const exitWithSuccess = 168;
export const exitWithFailure = 169;

/**
 * Whether a step of a 2.2 document runs, after those before it: `onFailure`, `onSuccess`, `finallyStep`, preconditions and
 * plugins, with the agent's own sentences (agent/framework/runpluginutil/runpluginutil.go of 3.3).
 */
export const decideStep = (
  steps: readonly ReadyStep[],
  index: number,
  done: readonly DoneStep[],
): StepDecision => {
  const step = steps[index];
  if (step === undefined) throw new RangeError(`No step ${index} in a document of ${steps.length}.`);
  if (endedBefore(steps, index, done)) {
    return skip(
      `Plugin with name ${step.action} and id ${step.name} skipped due to prior step with an exit condition`,
    );
  }
  const { unmet, unknown } = checkPreconditions(step.preconditions);
  if (!knownPlugins.has(step.action)) {
    if (unmet.length > 0) return skipUnmet(step, unmet);
    return fail(
      `Plugin with name ${step.action} is not supported by this version of ssm agent, please update to latest version. Step name: ${step.name}`,
    );
  }
  if (step.action !== 'aws:runShellScript') {
    return skip(`Step execution skipped due to unsupported plugin: ${step.action}. Step name: ${step.name}`);
  }
  if (unmet.length > 0) return skipUnmet(step, unmet);
  if (unknown.length > 0) {
    return fail(
      `Unrecognized precondition(s): '${unknown.join(', ')}', please update agent to latest version. Step name: ${step.name}`,
    );
  }
  return { kind: 'execute' };
};

/** A modifier of a step: the agent takes text and booleans. */
export const modifier = (step: ReadyStep, name: 'onFailure' | 'onSuccess' | 'finallyStep'): string => {
  const value = step.inputs[name];
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : '';
};

const skip = (why: string): StepDecision => ({ kind: 'skip', why });
const fail = (why: string): StepDecision => ({ kind: 'fail', why });
const skipUnmet = (step: ReadyStep, unmet: readonly string[]): StepDecision =>
  skip(
    `Step execution skipped due to unsatisfied preconditions: '${unmet.join(', ')}'. Step name: ${step.name}`,
  );

/** Known to the agent; of these, local instances run the shell's alone, and skip the others as on a foreign platform. */
const knownPlugins: ReadonlySet<string> = new Set([
  'aws:applications',
  'aws:cloudWatch',
  'aws:configureDocker',
  'aws:configurePackage',
  'aws:domainJoin',
  'aws:downloadContent',
  'aws:psModule',
  'aws:refreshAssociation',
  'aws:runDocument',
  'aws:runDockerAction',
  'aws:runPowerShellScript',
  'aws:runShellScript',
  'aws:softwareInventory',
  'aws:updateSsmAgent',
]);

const endedBefore = (steps: readonly ReadyStep[], index: number, done: readonly DoneStep[]): boolean => {
  const step = steps[index];
  const last = index === steps.length - 1;
  if (step !== undefined && last && modifier(step, 'finallyStep') === 'true') return false;
  return done.slice(0, index).some(({ status, responseCode }, before) => {
    const earlier = steps[before];
    if (earlier === undefined) return false;
    if (responseCode === exitWithSuccess || responseCode === exitWithFailure) return true;
    if (status === 'Failed') return modifier(earlier, 'onFailure') === 'exit';
    return status === 'Success' && modifier(earlier, 'onSuccess') === 'exit';
  });
};

type PreconditionsLook = { readonly unmet: readonly string[]; readonly unknown: readonly string[] };

const checkPreconditions = (preconditions: ReadyStep['preconditions']): PreconditionsLook => {
  const unmet: string[] = [];
  const unknown: string[] = [];
  for (const [operator, args] of Object.entries(preconditions)) {
    if (operator !== 'StringEquals') {
      unknown.push(`unrecognized operator: "${operator}"`);
      continue;
    }
    const [first, second, ...more] = args;
    if (first === undefined || second === undefined || more.length > 0) {
      unknown.push(`"${operator}": operator accepts exactly 2 arguments`);
      continue;
    }
    const verdict = stringEquals(first, second);
    if (verdict === 'unknown') unknown.push(`"${operator}": [${first.initial}, ${second.initial}]`);
    if (verdict === 'unmet') unmet.push(`"${operator}": [${first.initial}, ${second.initial}]`);
  }
  return { unmet, unknown };
};

/** `platformType` may be compared with a constant only; anything else needs a parameter on at least one side. */
const stringEquals = (
  first: PreconditionArgument,
  second: PreconditionArgument,
): 'met' | 'unmet' | 'unknown' => {
  if (first.initial === second.initial) return 'unknown';
  const platform = [first, second].find(({ initial }) => initial === 'platformType');
  if (platform !== undefined) {
    const other = platform === first ? second : first;
    if (other.initial.toLowerCase() !== other.resolved.toLowerCase()) return 'unknown';
    return other.initial.toLowerCase() === 'linux' ? 'met' : 'unmet';
  }
  if (first.initial === first.resolved && second.initial === second.resolved) return 'unknown';
  return first.resolved === second.resolved ? 'met' : 'unmet';
};
