import type { LocalClock, LocalFleet } from '../../contract.ts';
import type { Endpoint } from '../../protocol/exchange.ts';
import { queryEndpoint } from '../../protocol/query.ts';
import { describeGroups, describeInstances, describeWarmPool } from './describe.ts';
import { groupsOf } from './groups.ts';
import { lifeCycleOperations } from './life-cycle.ts';
import type { LifeCycleEngine } from './life-cycle-engine.ts';
import { scaleInOperations } from './scale-in.ts';

/** Auto Scaling (AWS Query). */
export const autoScalingEndpoint = (options: {
  readonly fleet: LocalFleet;
  readonly clock: Pick<LocalClock, 'now'>;
  readonly engine: LifeCycleEngine;
  readonly account: string;
  readonly region: string;
}): Endpoint => {
  const groups = groupsOf(options.fleet, options.clock);
  return queryEndpoint({
    name: 'autoscaling',
    dialect: 'query',
    namespace: 'http://autoscaling.amazonaws.com/doc/2011-01-01/',
    operations: {
      DescribeAutoScalingGroups: describeGroups({ ...options, groups }),
      DescribeAutoScalingInstances: describeInstances({ ...options, groups }),
      DescribeWarmPool: describeWarmPool({ ...options, groups }),
      ...lifeCycleOperations({ ...options, groups }),
      ...scaleInOperations({ ...options, groups }),
    },
  });
};
