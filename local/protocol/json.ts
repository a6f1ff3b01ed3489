import { AwsFailure } from './failure.ts';

/** A body as JSON; nothing sent counts as an empty structure. */
export const readJson = (body: Buffer): unknown => {
  const text = body.toString('utf8');
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AwsFailure(
      'SerializationException',
      `The body is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};

/** A structure as AWS writes JSON: times are seconds since 1970 with up to three decimals. */
export const writeJson = (value: unknown): string => JSON.stringify(withEpochSeconds(value));

const withEpochSeconds = (value: unknown): unknown => {
  if (value instanceof Date) return value.getTime() / 1000;
  if (Array.isArray(value)) return value.map(withEpochSeconds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withEpochSeconds(member)]));
};

/** Parameters as the record of calls keeps them: without the members that hold secrets or whole bodies. */
export const withoutMembers = (input: unknown, hidden: readonly string[]): unknown =>
  typeof input === 'object' && input !== null && !Array.isArray(input)
    ? Object.fromEntries(Object.entries(input).filter(([name]) => !hidden.includes(name)))
    : input;
