import type { FunctionProcess, Ran } from './function-process.ts';
import type { Invoke } from './runtime/messages.ts';

/** Nobody runs functions any more. */
export class RunnerStopped extends Error {
  override readonly name = 'RunnerStopped';
}

/** The processes of one function. */
export type ProcessPool = {
  /** Runs an event in a warm process, or in a new one, or waits until one is free. Rejects with {@link RunnerStopped}. */
  readonly run: (order: () => Invoke, onStart: (process: FunctionProcess) => void) => Promise<PoolAnswer>;
  /** Kills those that work on an event right now and answers how many. */
  readonly killRunning: () => number;
  readonly stop: () => Promise<void>;
};

export type PoolAnswer = Ran & { readonly process: FunctionProcess; readonly cold: boolean };

/**
 * Lambda would start up to a thousand; a laptop does better when the eleventh event waits. None of Lifeboat's functions
 * comes near it.
 */
const mostProcesses = 10;

export const openPool = (start: () => FunctionProcess): ProcessPool => {
  const processes = new Set<FunctionProcess>();
  const running = new Set<FunctionProcess>();
  let waiting: readonly (() => void)[] = [];
  let stopped = false;

  const acquire = async (): Promise<{ readonly process: FunctionProcess; readonly cold: boolean }> => {
    for (;;) {
      if (stopped) throw new RunnerStopped('Local AWS has been stopped; it runs no more functions.');
      const warm = [...processes].find((process) => !running.has(process) && process.isUsable());
      if (warm !== undefined) return taken(warm, false);
      if (running.size < mostProcesses) return taken(start(), true);
      await new Promise<void>((resolve) => {
        waiting = [...waiting, resolve];
      });
    }
  };
  const taken = (process: FunctionProcess, cold: boolean) => {
    running.add(process);
    if (cold) {
      processes.add(process);
      void process.ended.then(() => processes.delete(process));
    }
    return { process, cold };
  };
  const release = (process: FunctionProcess): void => {
    running.delete(process);
    const [next, ...others] = waiting;
    waiting = others;
    next?.();
  };

  return {
    run: async (order, onStart) => {
      const { process, cold } = await acquire();
      try {
        onStart(process);
        return { ...(await process.run(order())), process, cold };
      } finally {
        release(process);
      }
    },
    killRunning: () => {
      for (const process of running) process.kill();
      return running.size;
    },
    stop: async () => {
      stopped = true;
      for (const resolve of waiting) resolve();
      for (const process of processes) process.kill();
      await Promise.all([...processes].map(({ ended }) => ended));
    },
  };
};
