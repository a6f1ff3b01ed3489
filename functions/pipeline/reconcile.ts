import { type CauseId, causes, type Outcome } from './causes.ts';
import type { FleetNow, Invocation } from './doors.ts';
import type { Save } from './drain.ts';
import { whatItSaid } from './instance-line.ts';
import type { ExpectedInstance, InstanceResult, RunRecord, SentCommand } from './run-record.ts';

/** What AWS tells of a run at one moment: per command its invocations, and the instances as they are now. */
export type Truth = {
  readonly commands: readonly CommandTruth[];
  /** Expected and invoked instances that still exist. One that is missing here is gone. */
  readonly now: ReadonlyMap<string, ExpectedInstance>;
  /** Final backups of instances that are gone or going, where there are any. */
  readonly drained?: ReadonlyMap<string, Save>;
  /** Members of the fleet that the run does not expect: launched since. */
  readonly others?: FleetNow['others'];
  /** SSM's lists lag behind: an invocation that is not there yet may come. */
  readonly mayLag: boolean;
};

export type CommandTruth = {
  readonly command: SentCommand;
  readonly ended: boolean;
  readonly invocations: readonly Invocation[];
};

/** How it stands with one instance: settled with a result, or still open. */
export type Standing =
  | { readonly kind: 'settled'; readonly result: InstanceResult }
  | {
      readonly kind: 'open';
      readonly soFar: Pick<InstanceResult, 'instance' | 'attempts' | 'commandId' | 'expected' | 'reached'>;
      /** Its command has ended as a whole, so that the invocation must settle any moment (eventual consistency). */
      readonly commandEnded: boolean;
    };

/**
 * Expected against reached against reported. Every expected instance and every one that has an invocation comes out
 * exactly once. The newest attempt decides: what was protected is not sent a second one.
 */
export const reconcile = (record: RunRecord, truth: Truth): readonly Standing[] => {
  const attempts = attemptsByInstance(truth.commands);
  const expected = new Map((record.expected ?? []).map((member) => [member.instance, member]));
  const instances = new Set([...expected.keys(), ...attempts.keys()]);
  return [...instances].sort().map((instance) => {
    const seen: Seen = {
      instance,
      record,
      truth,
      member: expected.get(instance),
      attempts: attempts.get(instance) ?? [],
    };
    return withDrain(seen, standing(seen));
  });
};

/** A final backup that is good has everything that this run would have saved, and more. */
const withDrain = (seen: Seen, standing: Standing): Standing => {
  const save = seen.truth.drained?.get(seen.instance)?.result;
  if (save === undefined || (standing.kind === 'settled' && isSafe(standing.result))) return standing;
  if (isSafe(save))
    return {
      kind: 'settled',
      result: {
        ...frame(seen),
        outcome: 'protected-with-warnings',
        cause: 'instance-drained',
        ...(save.report === undefined ? {} : { report: save.report }),
      },
    };
  if (save.snapshots === undefined || standing.kind === 'open') return standing;
  return { kind: 'settled', result: { ...standing.result, snapshots: save.snapshots } };
};

const isSafe = ({ outcome }: Pick<InstanceResult, 'outcome'>): boolean =>
  outcome === 'protected' || outcome === 'protected-with-warnings';

export type Attempt = { readonly of: CommandTruth; readonly invocation: Invocation };
type Seen = {
  readonly instance: string;
  readonly record: RunRecord;
  readonly truth: Truth;
  readonly member: ExpectedInstance | undefined;
  readonly attempts: readonly Attempt[];
};

/** Of each instance, oldest first. */
export const attemptsByInstance = (
  commands: readonly CommandTruth[],
): ReadonlyMap<string, readonly Attempt[]> => {
  const byInstance = new Map<string, Attempt[]>();
  for (const of of [...commands].sort((a, b) => a.command.attempt - b.command.attempt)) {
    for (const invocation of of.invocations) {
      const list = byInstance.get(invocation.instance) ?? [];
      list.push({ of, invocation });
      byInstance.set(invocation.instance, list);
    }
  }
  return byInstance;
};

const standing = (seen: Seen): Standing => {
  const last = seen.attempts.at(-1);
  const waitsForRetry = targetedLater(seen, last);
  if (last === undefined || waitsForRetry !== undefined) return withoutInvocation(seen, waitsForRetry);
  const { invocation } = last;
  switch (invocation.status) {
    case 'Success':
    case 'Failed':
    case 'TimedOut':
    case 'Cancelled':
      return { kind: 'settled', result: settled(seen, invocation) };
    default:
      // Nobody reports for an instance that is gone, so SSM would show it as InProgress for hours.
      return isGone(seen)
        ? { kind: 'settled', result: because(seen, 'instance-terminated') }
        : { kind: 'open', soFar: frame(seen), commandEnded: last.of.ended };
  }
};

/** A retry that names the instance and has no invocation of it yet: the older attempt does not count any more. */
const targetedLater = (seen: Seen, last: Attempt | undefined): CommandTruth | undefined =>
  seen.truth.commands.findLast(
    ({ command }) =>
      command.attempt > (last?.of.command.attempt ?? 0) &&
      command.targets.kind === 'instances' &&
      command.targets.instances.includes(seen.instance) &&
      command.refused === undefined,
  );

const withoutInvocation = (seen: Seen, retry: CommandTruth | undefined): Standing => {
  const { record, truth } = seen;
  if (isGone(seen)) return { kind: 'settled', result: because(seen, 'instance-terminated') };
  const commands = retry === undefined ? truth.commands : [retry];
  const open = commands.some(({ command, ended }) => !ended && command.refused === undefined);
  if (open || record.commands.length === 0) return { kind: 'open', soFar: frame(seen), commandEnded: false };
  const refused = commands.find(({ command }) => command.refused !== undefined)?.command.refused;
  if (refused !== undefined && commands.every(({ command }) => command.refused !== undefined))
    return { kind: 'settled', result: because(seen, 'command-not-sent', refused) };
  const cause = whyNotReached(seen);
  if (cause === 'not-reached' && truth.mayLag)
    return { kind: 'open', soFar: frame(seen), commandEnded: true };
  return { kind: 'settled', result: unreached(seen, cause) };
};

const unreached = (seen: Seen, cause: CauseId): InstanceResult =>
  because(seen, cause, cause === 'agent-offline' ? lastHeard(seen) : undefined);

const whyNotReached = ({ truth, instance, member }: Seen): CauseId => {
  const ping = truth.now.get(instance)?.ping ?? member?.ping;
  switch (ping) {
    case 'Online':
      return 'not-reached';
    case 'absent':
      return 'agent-absent';
    default:
      return 'agent-offline';
  }
};

const isGone = ({ truth, instance }: Seen): boolean => !truth.now.has(instance);

const settled = (seen: Seen, invocation: Invocation): InstanceResult => {
  // The API reference writes some of them with spaces ("Delivery Timed Out"), the API itself does not.
  const details = invocation.statusDetails.replaceAll(' ', '');
  switch (details) {
    case 'DeliveryTimedOut':
    case 'Undeliverable':
      return isGone(seen) ? because(seen, 'instance-terminated') : unreached(seen, whyUndelivered(seen));
    case 'ExecutionTimedOut':
      return because(seen, isGone(seen) ? 'instance-terminated' : 'execution-timed-out');
    case 'RateExceeded':
    case 'LimitExceeded':
      return because(seen, 'command-throttled', details);
    case 'AccessDenied':
    case 'InvalidPlatform':
      return because(seen, 'command-refused', details);
    case 'Cancelled':
    case 'Terminated':
    case 'Incomplete':
      return because(seen, 'command-cancelled', details);
    default:
      return reported(seen, invocation);
  }
};

/** When an agent was last heard of, as far as Systems Manager remembers. */
const lastHeard = ({ truth, instance, member }: Seen): string | undefined => {
  const { lastPing, agentVersion } = truth.now.get(instance) ?? member ?? {};
  if (lastPing === undefined) return undefined;
  return `last heard of at ${lastPing}${agentVersion === undefined ? '' : `, agent ${agentVersion}`}`;
};

const whyUndelivered = (seen: Seen): CauseId =>
  whyNotReached(seen) === 'agent-absent' ? 'agent-absent' : 'agent-offline';

const reported = (seen: Seen, invocation: Invocation): InstanceResult => {
  const said = whatItSaid(invocation, seen.record.run);
  if (said.kind === 'failed') {
    const result = because(seen, said.cause, said.detail);
    return said.report === undefined ? result : { ...result, report: said.report };
  }
  const worst = said.report.warnings[0];
  return {
    ...frame(seen),
    outcome: worst === undefined ? 'protected' : 'protected-with-warnings',
    ...(worst === undefined ? {} : { cause: worst.cause }),
    report: said.report,
  };
};

const because = (seen: Seen, cause: CauseId, detail?: string): InstanceResult => {
  const outcome: Outcome = causes[cause].outcome;
  return {
    ...frame(seen),
    // A warning's cause as the reason of a failure would call the instance protected.
    outcome: outcome === 'protected-with-warnings' ? 'failed' : outcome,
    cause,
    ...(detail === undefined ? {} : { detail }),
  };
};

const frame = ({ instance, member, attempts, truth }: Seen) => {
  const commandId = attempts.at(-1)?.of.command.commandId;
  const delivered = attempts.some(
    ({ invocation }) =>
      !['DeliveryTimedOut', 'Undeliverable'].includes(invocation.statusDetails.replaceAll(' ', '')),
  );
  const named = truth.commands.filter(
    ({ command }) => command.targets.kind === 'instances' && command.targets.instances.includes(instance),
  );
  return {
    instance,
    attempts: Math.max(
      1,
      ...[...attempts.map(({ of }) => of), ...named].map(({ command }) => command.attempt),
    ),
    ...(commandId === undefined ? {} : { commandId }),
    expected: member !== undefined,
    reached: delivered,
  };
};
