import type { LocalFleet, LocalInstance } from '../../contract.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import type { Target } from './command.ts';

/**
 * The instances that a command by `Targets` reaches: managed ones (their agent registered once, they are not terminated)
 * that fit every criterion. One that has no agent is passed over without a word, as Systems Manager does.
 */
export const resolveTargets = (fleet: LocalFleet, targets: readonly Target[]): readonly LocalInstance[] => {
  for (const { Key } of targets) checkKey(Key);
  return fleet
    .instances()
    .filter((instance) => isManaged(instance) && targets.every((target) => fits(instance, target)));
};

/**
 * The instances of a command by `InstanceIds`. Throws InvalidInstanceId for those that are not known to Systems Manager
 * or whose agent is not online; then nobody gets the command.
 */
export const requireInstances = (
  fleet: LocalFleet,
  ids: readonly string[],
  account: string,
): readonly LocalInstance[] => {
  if (new Set(ids).size !== ids.length) {
    throw new AwsFailure(
      'DuplicateInstanceId',
      "You can't specify an instance ID in more than one association.",
    );
  }
  const found = ids.map((id) => ({ id, instance: fleet.get(id) }));
  const bad = found.filter(({ instance }) => instance?.ping !== 'Online' || instance.state !== 'running');
  if (bad.length > 0) {
    const names = bad.map(({ id }) => id).join(', ');
    throw new AwsFailure(
      'InvalidInstanceId',
      `Instances [[${names}]] not in a valid state for account ${account}`,
    );
  }
  return found.flatMap(({ instance }) => instance ?? []);
};

/** Known to Systems Manager, whether its agent answers now or not. */
export const isManaged = (instance: LocalInstance): boolean =>
  instance.ping !== 'absent' && instance.state !== 'terminated';

const checkKey = (key: string): void => {
  if (key === 'InstanceIds' || key.startsWith('tag:') || key === 'tag-key') return;
  if (key.startsWith('resource-groups:')) {
    throw new AwsFailure(
      'InvalidTarget',
      `Local AWS has no resource groups; target by tag or InstanceIds instead of ${key}.`,
    );
  }
  throw new AwsFailure(
    'InvalidTarget',
    `The target key ${key} is not valid. Valid keys are InstanceIds, tag:<key> and tag-key.`,
  );
};

/** Whether an instance is one that a target means. */
export const fits = (instance: LocalInstance, { Key, Values }: Target): boolean => {
  if (Key === 'InstanceIds') return Values.includes('*') || Values.includes(instance.id);
  if (Key === 'tag-key') return Values.some((name) => tagsOf(instance)[name] !== undefined);
  const value = tagsOf(instance)[Key.slice('tag:'.length)];
  return value !== undefined && Values.includes(value);
};

/** An instance's tags with the one that Auto Scaling gives. */
export const tagsOf = (instance: LocalInstance): Readonly<Record<string, string>> =>
  instance.group === '' ? instance.tags : { 'aws:autoscaling:groupName': instance.group, ...instance.tags };
