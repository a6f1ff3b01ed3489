import type { LocalClock, SchedulerEngine } from '../../contract.ts';
import type { Endpoint } from '../../protocol/exchange.ts';
import { restJsonEndpoint } from '../../protocol/rest-json.ts';
import { groupRegistry, groupRoutes } from './schedule-groups.ts';
import { scheduleRoutes } from './schedules.ts';

/** EventBridge Scheduler (restJson). */
export const schedulerEndpoint = (options: {
  readonly engine: SchedulerEngine;
  readonly clock: Pick<LocalClock, 'now'>;
  readonly account: string;
  readonly region: string;
}): Endpoint => {
  const groups = groupRegistry(options);
  return restJsonEndpoint({
    name: 'scheduler',
    roots: ['/schedules', '/schedule-groups'],
    hidden: [],
    routes: [...scheduleRoutes({ ...options, groups }), ...groupRoutes({ ...options, groups })],
  });
};
