/** Counts what is under way, so that somebody can wait until nothing is. */
export type Activity = {
  /** Something begins; the answer is called once when it has ended. */
  readonly begin: () => () => void;
  /** How many things are under way right now. */
  readonly underWay: () => number;
  /** Resolves when nothing is under way; at once where nothing is now. */
  readonly idle: () => Promise<void>;
};

export const openActivity = (): Activity => {
  let count = 0;
  let waiting: readonly (() => void)[] = [];
  const end = (): void => {
    count -= 1;
    if (count > 0) return;
    const resolved = waiting;
    waiting = [];
    for (const resolve of resolved) resolve();
  };
  return {
    begin: () => {
      count += 1;
      let ended = false;
      return () => {
        if (!ended) end();
        ended = true;
      };
    },
    underWay: () => count,
    idle: () =>
      count === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting = [...waiting, resolve];
          }),
  };
};
