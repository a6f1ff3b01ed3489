import { readFileSync } from 'node:fs';
import { errnoOf } from './errno.ts';

export type MemoryWatch = {
  /** Looks now, not only every 50 ms. */
  readonly look: () => void;
  readonly peakMegabytes: () => number;
  readonly stop: () => void;
};

const everyMilliseconds = 50;

/**
 * Watches how much of the machine's memory a process has (Linux, `/proc/<pid>/status`, VmHWM: its highest resident set,
 * so that nothing between two looks is missed) and tells once when that is more than the limit.
 */
export const watchMemory = (
  pid: number | undefined,
  limitMegabytes: number,
  onOver: () => void,
): MemoryWatch => {
  let peak = 0;
  const look = (): void => {
    peak = Math.max(peak, highestResidentMegabytes(pid) ?? 0);
  };
  const timer = setInterval(() => {
    look();
    if (peak <= limitMegabytes) return;
    clearInterval(timer);
    onOver();
  }, everyMilliseconds).unref();
  return {
    look,
    peakMegabytes: () => {
      look();
      return Math.ceil(peak);
    },
    stop: () => clearInterval(timer),
  };
};

/** Undefined where the process has ended, or on a system without `/proc`. */
const highestResidentMegabytes = (pid: number | undefined): number | undefined => {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readStatus(pid))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
};

const readStatus = (pid: number | undefined): string => {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw error;
  }
};
