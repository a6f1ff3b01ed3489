import { z } from 'zod';
import type { Operation } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { validate } from '../../protocol/validation.ts';
import type { Group } from './groups.ts';
import { requireGroup } from './life-cycle.ts';
import type { LifeCycleEngine } from './life-cycle-engine.ts';

type Options = {
  readonly groups: { readonly list: () => readonly Group[] };
  readonly engine: LifeCycleEngine;
};

/** What makes a group smaller. Nothing here makes it larger: instances are launched by whoever runs local AWS. */
export const scaleInOperations = (options: Options): Readonly<Record<string, Operation>> => ({
  TerminateInstanceInAutoScalingGroup: async (raw) => {
    const { InstanceId: id } = validate(terminateSchema, raw, 'ValidationError');
    const group = options.groups.list().find(({ members }) => members.some((member) => member.id === id));
    if (group === undefined)
      throw new AwsFailure(
        'ValidationError',
        `Instance Id not found - No managed instance found for instance ID ${id}`,
      );
    await options.engine.terminate(id);
    return { Activity: activityOf(group.name, id) };
  },
  SetDesiredCapacity: async (raw) => {
    const input = validate(capacitySchema, raw, 'ValidationError');
    const { members, name } = requireGroup(options, input.AutoScalingGroupName);
    const staying = members.filter(({ lifeCycleState }) => !lifeCycleState.startsWith('Terminating'));
    if (input.DesiredCapacity > staying.length)
      throw new AwsFailure(
        'ValidationError',
        `Local AWS launches no instances by itself: ${name} has ${staying.length}, and can only become smaller.`,
      );
    // The default policy takes the oldest first where launch templates and zones do not decide.
    const oldest = staying.toSorted((a, b) => a.launchedAt.getTime() - b.launchedAt.getTime());
    for (const { id } of oldest.slice(0, staying.length - input.DesiredCapacity))
      await options.engine.terminate(id);
    return {};
  },
});

const terminateSchema = z.object({
  InstanceId: z.string().min(1).max(19),
  ShouldDecrementDesiredCapacity: z.enum(['true', 'false']),
});
const capacitySchema = z.object({
  AutoScalingGroupName: z.string().min(1).max(255),
  DesiredCapacity: z.coerce.number().int().min(0),
});

const activityOf = (group: string, id: string) => ({
  ActivityId: '00000000-0000-4000-8000-000000000000',
  AutoScalingGroupName: group,
  Description: `Terminating EC2 instance: ${id}`,
  Cause: `At the request of a user, ${id} was taken out of service.`,
  StatusCode: 'InProgress',
  Progress: 0,
});
