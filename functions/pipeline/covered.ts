import type { Fleet } from '../config/plan.ts';
import type { FleetSnapshot } from './doors.ts';
import type { CommandTargets } from './run-record.ts';
import { instancesPerCommand } from './send-commands.ts';

/** The part of the fleet that somebody has named, with a reason for each name that is not in it. Undefined: all of it. */
export const covered = (fleet: FleetSnapshot, instances: readonly string[] | undefined): FleetSnapshot => {
  if (instances === undefined) return fleet;
  const named = new Set(instances);
  const known = new Set([...fleet.expected, ...fleet.skipped].map(({ instance }) => instance));
  return {
    ...fleet,
    expected: fleet.expected.filter(({ instance }) => named.has(instance)),
    skipped: [
      ...fleet.skipped.filter(({ instance }) => named.has(instance)),
      ...[...named]
        .filter((instance) => !known.has(instance))
        .map((instance) => ({ instance, why: "not in the plan's fleet" })),
    ],
  };
};

/**
 * Whom the command of a run goes to: the fleet's tag, one command and one limit, wherever everybody is meant; by name only where
 * it has to be. Few who are named stay named: who is launched meanwhile is not meant.
 */
export const targetsOf = (
  fleet: Fleet,
  named: readonly string[] | undefined,
  { expected }: Pick<FleetSnapshot, 'expected'>,
  whole: Pick<FleetSnapshot, 'expected'>,
): CommandTargets =>
  named === undefined || (expected.length > instancesPerCommand && expected.length === whole.expected.length)
    ? fleet
    : { kind: 'instances', instances: expected.map(({ instance }) => instance) };
