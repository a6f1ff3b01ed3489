import type { LocalClock } from './contract.ts';

type Entry = { readonly time: Date; readonly what: string; readonly action: () => void | Promise<void> };

/**
 * Starts the clock of local AWS: real time plus what was skipped, and never before `notBefore`, which is how far it was
 * when it ran the last time. Its timer never keeps a process alive. An action that
 * fails when its time comes by itself ends the process as any unhandled rejection does; one that was skipped to rejects
 * {@link LocalClock.skipToNext}. After `stop` nothing is armed any more.
 */
export const startClock = (notBefore?: Date): LocalClock => {
  let offset = Math.max(0, (notBefore?.getTime() ?? 0) - Date.now());
  let stopped = false;
  let entries: readonly Entry[] = [];
  let timer: NodeJS.Timeout | undefined;

  const now = (): Date => new Date(Date.now() + offset);
  const arm = (): void => {
    clearTimeout(timer);
    const [next] = entries;
    if (next === undefined) return;
    timer = setTimeout(runWhatIsDue, waitFor(next.time.getTime() - now().getTime())).unref();
  };
  const runWhatIsDue = (): void => {
    const due = entries.filter(({ time }) => time.getTime() <= now().getTime());
    entries = entries.filter((entry) => !due.includes(entry));
    for (const entry of due) void perform(entry);
    arm();
  };
  const remove = (entry: Entry): void => {
    entries = entries.filter((other) => other !== entry);
    arm();
  };

  return {
    now,
    offsetMilliseconds: () => offset,
    at: (time, what, action) => {
      if (Number.isNaN(time.getTime())) throw new RangeError(`"${what}" was to happen at no valid time.`);
      const entry = { time, what, action };
      if (!stopped) entries = inOrder(entries, entry);
      arm();
      return { cancel: () => remove(entry) };
    },
    next: () => entries[0] && { time: entries[0].time, what: entries[0].what },
    skipToNext: async () => {
      const [next] = entries;
      if (next === undefined) return undefined;
      offset += Math.max(0, next.time.getTime() - now().getTime());
      remove(next);
      await perform(next);
      return { time: next.time, what: next.what };
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      entries = [];
    },
  };
};

/**
 * A timer takes at most 2^31 ms, and it stands still while a laptop sleeps: it is set anew at least twice a minute, so
 * that what came due during the sleep happens soon after.
 */
const longestWaitMilliseconds = 30_000;

const waitFor = (milliseconds: number): number =>
  Math.min(Math.max(0, milliseconds), longestWaitMilliseconds);

/** Async, so that an action that throws and one that rejects end alike. */
const perform = async (entry: Entry): Promise<void> => {
  await entry.action();
};

/** By time; what was armed first goes first where times are equal. */
const inOrder = (entries: readonly Entry[], added: Entry): readonly Entry[] => {
  const index = entries.findIndex(({ time }) => time.getTime() > added.time.getTime());
  return index < 0 ? [...entries, added] : entries.toSpliced(index, 0, added);
};
