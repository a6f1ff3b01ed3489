import { type Comparison, readComparison } from './comparison.ts';

/** Whether an event (its whole envelope) is what a rule waits for. */
export type Pattern = (event: unknown) => boolean;

/** A pattern that EventBridge would not take, with the path of what is wrong in it. */
export class InvalidPattern extends Error {
  override readonly name = 'InvalidPattern';

  constructor(path: string, why: string) {
    super(`Event pattern is not valid. ${path === '' ? 'The pattern' : path}: ${why}`);
  }
}

/**
 * Reads an event pattern once, so that a mistake shows when the rule is made (EventBridge User Guide, "Creating event
 * patterns"). Values: exact, and the comparisons of {@link readComparison}. Keys: nested to any depth, `$or` at any
 * depth; an array in the event matches when one of its elements does. Throws {@link InvalidPattern}.
 */
export const readPattern = (pattern: unknown): Pattern => {
  const fields = readFields(pattern, '');
  return (event) => fields(event);
};

const readFields = (pattern: unknown, path: string): Pattern => {
  if (!isObject(pattern)) throw new InvalidPattern(path, 'it wants an object or a list of values.');
  const keys = Object.entries(pattern);
  if (keys.length === 0) throw new InvalidPattern(path, 'an empty object matches nothing.');
  const parts = keys.map(([key, value]) => readField(key, value, path === '' ? key : `${path}.${key}`));
  return (event) => parts.every((matches) => matches(event));
};

const readField = (key: string, value: unknown, path: string): Pattern => {
  if (key === '$or') return readAlternatives(value, path);
  if (Array.isArray(value)) {
    const comparisons = readValues(value, path);
    return (event) => matchesLeaf(comparisons, fieldOf(event, key));
  }
  const nested = readFields(value, path);
  return (event) => matchesNested(nested, fieldOf(event, key));
};

const readAlternatives = (value: unknown, path: string): Pattern => {
  if (!Array.isArray(value) || value.length < 2)
    throw new InvalidPattern(path, '$or wants a list of at least two patterns.');
  const alternatives = value.map((alternative, index) => readFields(alternative, `${path}[${index}]`));
  return (event) => alternatives.some((matches) => matches(event));
};

const readValues = (values: readonly unknown[], path: string): readonly Comparison[] => {
  if (values.length === 0) throw new InvalidPattern(path, 'an empty list matches nothing.');
  return values.map((value, index) => {
    try {
      return readComparison(value);
    } catch (error) {
      throw new InvalidPattern(`${path}[${index}]`, error instanceof Error ? error.message : String(error));
    }
  });
};

/** `exists` speaks of leaves only: an object in this place is no value. */
const matchesLeaf = (comparisons: readonly Comparison[], value: unknown): boolean => {
  if (Array.isArray(value) && value.length > 0)
    return value.some((element) =>
      comparisons.some((matches) => matches(isObject(element) ? undefined : element)),
    );
  const leaf = isObject(value) || Array.isArray(value) ? undefined : value;
  return comparisons.some((matches) => matches(leaf));
};

const matchesNested = (nested: Pattern, value: unknown): boolean =>
  Array.isArray(value) ? value.some((element) => nested(element)) : nested(isObject(value) ? value : {});

const fieldOf = (event: unknown, key: string): unknown =>
  isObject(event) && Object.hasOwn(event, key) ? event[key] : undefined;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
