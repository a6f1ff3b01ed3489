import { causes } from './causes.ts';
import type { FleetNow, InstanceFacts } from './doors.ts';
import type { InstanceResult, RunRecord, SkippedInstance } from './run-record.ts';

/** The results that EC2 may explain: nobody could be reached there. */
export const unexplained = (results: readonly InstanceResult[]): readonly string[] =>
  results
    .filter(({ cause }) => cause === 'agent-absent' || cause === 'agent-offline')
    .map(({ instance }) => instance);

/** Results with the likely reason why an instance could not be reached. */
export const explained = (
  results: readonly InstanceResult[],
  facts: ReadonlyMap<string, InstanceFacts>,
  now: Date,
): readonly InstanceResult[] => {
  const meant = new Set(unexplained(results));
  return results.map((result) => {
    const known = facts.get(result.instance);
    return meant.has(result.instance) && known !== undefined ? withReason(result, known, now) : result;
  });
};

const withReason = (result: InstanceResult, facts: InstanceFacts, now: Date): InstanceResult => {
  switch (facts.state) {
    case 'stopped':
    case 'stopping':
      return { ...result, outcome: causes['instance-stopped'].outcome, cause: 'instance-stopped' };
    case 'terminated':
    case 'shutting-down':
      return { ...result, outcome: causes['instance-terminated'].outcome, cause: 'instance-terminated' };
    default:
      return result.cause === 'agent-absent' ? { ...result, detail: likelyReason(facts, now) } : result;
  }
};

/** An instance that has just been launched has not had the time to register. */
const youngMinutes = 15;

const likelyReason = ({ hasProfile, launchedAt }: InstanceFacts, now: Date): string => {
  if (!hasProfile) return 'likely: it has no instance profile, and without one its agent may not register';
  const minutes = launchedAt === undefined ? youngMinutes : (now.getTime() - Date.parse(launchedAt)) / 60_000;
  return minutes < youngMinutes
    ? `likely: it was launched ${Math.round(minutes)} min ago, and its agent is still starting`
    : 'likely: no agent runs, or it has no way to the endpoints ssm, ssmmessages and ec2messages (a profile it has)';
};

/** Members of the fleet that the run could not know of, each named once. */
export const newcomers = (
  record: RunRecord,
  others: FleetNow['others'],
  reported: ReadonlySet<string>,
): readonly SkippedInstance[] => {
  // A run of named instances does not care who else is in the fleet.
  if (record.scope !== 'fleet') return [];
  const known = new Set([
    ...(record.expected ?? []).map(({ instance }) => instance),
    ...record.skipped.map(({ instance }) => instance),
  ]);
  return others
    .filter(({ instance }) => !known.has(instance) && !reported.has(instance))
    .map(({ instance, lifeCycleState }) => ({
      instance,
      why: `launched after the run began${lifeCycleState === undefined ? '' : ` (${lifeCycleState})`}`,
    }));
};

/** What is gone, with who has come into its group instead. */
export const withReplacements = (
  results: readonly InstanceResult[],
  record: RunRecord,
  others: FleetNow['others'],
): readonly InstanceResult[] => {
  const groupOf = new Map((record.expected ?? []).map(({ instance, group }) => [instance, group]));
  return results.map((result) => {
    if (result.cause !== 'instance-terminated' || result.detail !== undefined) return result;
    const group = groupOf.get(result.instance);
    const came = others.filter((other) => group !== undefined && other.group === group);
    if (came.length === 0) return result;
    const names = came.slice(0, 3).map(({ instance }) => instance);
    const more = came.length > names.length ? ` and ${came.length - names.length} more` : '';
    return { ...result, detail: `since then ${group} has launched ${names.join(', ')}${more}` };
  });
};
