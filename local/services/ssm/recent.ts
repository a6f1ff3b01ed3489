/**
 * A value with a short memory: Systems Manager is eventually consistent, its lists may still show what was true a moment
 * ago. Real time, not local AWS's clock: skipping a night must not make the lists jump.
 */
export type Recent<T> = {
  readonly now: () => T;
  readonly set: (value: T) => void;
  /** What a reader sees who is `lagMilliseconds` behind; undefined where there was nothing yet. */
  readonly seen: (lagMilliseconds: number) => T | undefined;
};

export const recent = <T>(first: T): Recent<T> => {
  let past: { readonly since: number; readonly value: T }[] = [];
  let current = { since: performance.now(), value: first };
  return {
    now: () => current.value,
    set: (value) => {
      const time = performance.now();
      // Nobody lags more than this behind; the newest of the old ones is what was true before it.
      const old = past.findLastIndex((entry) => entry.since < time - longestLagMilliseconds);
      past = [...past.slice(Math.max(0, old)), current];
      current = { since: time, value };
    },
    seen: (lagMilliseconds) => {
      const until = performance.now() - lagMilliseconds;
      if (current.since <= until) return current.value;
      return past.findLast((entry) => entry.since <= until)?.value;
    },
  };
};

const longestLagMilliseconds = 10_000;
