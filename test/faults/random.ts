/** Choices that a seed decides, the same ones each time. */
export type Random = {
  /** A whole number from 0, less than `limit`. */
  readonly below: (limit: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(choices: readonly T[]) => T;
  readonly pickIfAny: <T>(choices: readonly T[]) => T | undefined;
};

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, good enough to wander about. */
export const randomOf = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  const pickIfAny = <T>(choices: readonly T[]): T | undefined => choices[below(choices.length)];
  return {
    below,
    pickIfAny,
    chance: (probability) => next() < probability,
    pick: (choices) => {
      const choice = pickIfAny(choices);
      if (choice === undefined) throw new Error('There is nothing to choose from.');
      return choice;
    },
  };
};
