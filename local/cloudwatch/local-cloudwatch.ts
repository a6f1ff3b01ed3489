import { z } from 'zod';
import type { EventBus, LocalClock, LocalStack } from '../contract.ts';
import type { FunctionMetric } from '../lambda/metrics.ts';
import { loadState, saveState } from '../service-server.ts';
import { type AlarmEngine, startAlarms } from './alarm-engine.ts';
import { type MetricStore, openMetricStore } from './metric-store.ts';

export type LocalCloudWatch = {
  readonly metrics: MetricStore;
  readonly alarms: AlarmEngine;
  /** Takes values in, as from a function's log, and looks at the alarms. */
  readonly take: (metrics: readonly FunctionMetric[]) => void;
  readonly dashboards: () => readonly LocalDashboard[];
  readonly arnOf: (alarm: string) => string;
  readonly stop: () => void;
};

export type LocalDashboard = { readonly name: string; readonly body: string };

export type CloudWatchOptions = {
  readonly stack: Pick<LocalStack, 'account' | 'region' | 'alarms' | 'dashboards'>;
  readonly clock: LocalClock;
  readonly bus: EventBus;
  /** Where metrics and the states of alarms outlive the process. */
  readonly stateFile: string;
};

const states = z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']);
const stateSchema = z.object({
  metrics: z.array(
    z.object({
      namespace: z.string(),
      dimensions: z.record(z.string(), z.string()),
      name: z.string(),
      unit: z.string(),
      value: z.number(),
      time: z.coerce.date(),
    }),
  ),
  history: z.array(
    z.object({ alarm: z.string(), at: z.coerce.date(), from: states, to: states, reason: z.string() }),
  ),
});

/** CloudWatch as far as Lifeboat has it: metrics of functions and queues, the template's alarms and dashboards. */
export const startCloudWatch = ({ stack, clock, bus, stateFile }: CloudWatchOptions): LocalCloudWatch => {
  const loaded = loadState(stateFile);
  const known = loaded === undefined ? { metrics: [], history: [] } : stateSchema.parse(loaded);
  const metrics = openMetricStore(known.metrics);
  const arnOf = (alarm: string) => `arn:aws:cloudwatch:${stack.region}:${stack.account}:alarm:${alarm}`;
  const alarms = startAlarms({
    alarms: stack.alarms,
    store: metrics,
    clock,
    bus,
    arnOf,
    remembered: known.history,
  });
  return {
    metrics,
    alarms,
    arnOf,
    dashboards: () => stack.dashboards,
    take: (found) => {
      if (found.length === 0) return;
      metrics.add(found);
      alarms.look();
    },
    stop: () => {
      alarms.stop();
      saveState(stateFile, { metrics: metrics.all(), history: alarms.history() });
    },
  };
};
