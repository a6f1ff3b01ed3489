import type { DocumentStore, Stored } from './doors.ts';

/** More rounds than workers can meet on one record; past it something writes without end. */
const maxRounds = 20;

/** For a document that many write to at once: more rounds, and a pause before each but the first. */
export type Patience = {
  readonly rounds: number;
  readonly pause: (round: number) => Promise<void>;
};

/**
 * Changes a stored document although others may change it at the same time: reads, applies `change` to what is there
 * now, and writes only if it is still there; else again. `change` answers undefined where nothing is to be written; the
 * document is then answered as it is. `change` may be called several times and must depend on its argument alone.
 */
export const revise = async <T>(
  store: DocumentStore<T>,
  name: string,
  change: (value: T) => T | undefined,
  patience: Patience = { rounds: maxRounds, pause: async () => undefined },
): Promise<Stored<T>> => {
  for (let round = 1; round <= patience.rounds; round += 1) {
    if (round > 1) await patience.pause(round);
    const before = await store.read(name);
    if (before === undefined)
      throw new Error(`${name} does not exist any more: who deleted it from the bucket?`);
    const after = change(before.value);
    if (after === undefined) return before;
    const written = await store.replace(name, before, after);
    if (written !== undefined) return written;
  }
  throw new Error(
    `${name} was changed by others ${patience.rounds} times while it was being changed; giving up.`,
  );
};

/** The same of a document that may not exist yet: `change` gets undefined then, and what it answers is created. */
export const reviseOrCreate = async <T>(
  store: DocumentStore<T>,
  name: string,
  change: (value: T | undefined) => T | undefined,
): Promise<void> => {
  for (let round = 1; round <= maxRounds; round += 1) {
    const before = await store.read(name);
    const after = change(before?.value);
    if (after === undefined) return;
    const written =
      before === undefined ? await store.create(name, after) : await store.replace(name, before, after);
    if (written !== undefined) return;
  }
  throw new Error(`${name} was changed by others ${maxRounds} times while it was being changed; giving up.`);
};
