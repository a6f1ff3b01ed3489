import { randomUUID } from 'node:crypto';
import type { EventBus, LocalClock, LocalFleet, LocalInstance } from '../../contract.ts';
import type { Guard } from '../../iam/guard.ts';
import type { ObjectStore } from '../s3/object-store.ts';
import {
  type Command,
  type CommandRequest,
  type CommandState,
  hasEnded,
  type InvocationState,
} from './command.ts';
import { executionSeconds } from './document-parameters.ts';
import { type CommandRun, cancelRun, countWorking, newRun, startRun, stopRun } from './rate-control.ts';
import { recent } from './recent.ts';

export type CommandEngine = {
  /** Takes a command and begins to deliver it. */
  readonly send: (request: CommandRequest, instances: readonly LocalInstance[]) => Command;
  /** Newest first; a command is forgotten after 30 days. */
  readonly commands: () => readonly Command[];
  /** Cancels what has not ended, on these instances or all. */
  readonly cancel: (command: Command, instanceIds: readonly string[]) => void;
  /** Invocations that a living instance works on right now; nothing of it waits for the clock. */
  readonly working: () => number;
  readonly stop: () => void;
};

export type EngineOptions = {
  readonly clock: LocalClock;
  readonly bus: EventBus;
  readonly fleet: LocalFleet;
  readonly store: ObjectStore;
  readonly guard: Pick<Guard, 'permits'>;
  readonly account: string;
  readonly region: string;
  /** How many invocations end as `Failed`, `RateExceeded` before they reach their instance. */
  readonly rateExceededInvocations: number;
};

const historyMilliseconds = 30 * 24 * 3600 * 1000;

export const startCommandEngine = (options: EngineOptions): CommandEngine => {
  const runs = new Map<string, CommandRun>();
  const faults = { rateExceeded: options.rateExceededInvocations };
  return {
    send: (request, instances) => {
      const command = newCommand(request, instances, options.clock.now());
      const run = newRun(command, options, faults);
      runs.set(command.id, run);
      startRun(run);
      return command;
    },
    commands: () => {
      const oldest = options.clock.now().getTime() - historyMilliseconds;
      for (const { command } of runs.values()) {
        const isOld = command.requestedAt.getTime() < oldest;
        if (isOld && hasEnded(command.state.now())) runs.delete(command.id);
      }
      return [...runs.values()].map(({ command }) => command).reverse();
    },
    cancel: (command, instanceIds) => {
      const run = runs.get(command.id);
      if (run !== undefined) cancelRun(run, instanceIds);
    },
    working: () => [...runs.values()].reduce((sum, run) => sum + countWorking(run), 0),
    stop: () => {
      for (const run of runs.values()) stopRun(run);
    },
  };
};

const newCommand = (request: CommandRequest, instances: readonly LocalInstance[], now: Date): Command => {
  const id = randomUUID();
  const seconds = executionSeconds(request.document, request.allParameters);
  return {
    id,
    request,
    requestedAt: now,
    expiresAfter: new Date(now.getTime() + (request.timeoutSeconds + seconds) * 1000),
    executionSeconds: seconds,
    invocations: instances.map((instance) => ({
      commandId: id,
      instanceId: instance.id,
      instanceName: instance.tags.Name ?? '',
      state: recent<InvocationState>({ status: 'Pending', statusDetails: 'Pending', steps: [] }),
    })),
    state: recent<CommandState>({ status: 'Pending', statusDetails: 'Pending' }),
  };
};
