import { z } from 'zod';

/** What is told about a key, to editors and in the documentation. */
export type About = {
  readonly description: string;
  readonly examples: readonly unknown[];
  readonly default?: unknown;
  /** The default, where it follows from something else. */
  readonly defaultText?: string;
  /** It has no default and cannot be done without. */
  readonly needed?: true;
  /** The keys instead of which this one stands: the example shows those at work and this one as a comment. */
  readonly insteadOf?: string;
};

/** A key that may be left out. What it allows is said once, by the schema's own error text. */
export const key = <T extends z.ZodType>(schema: T, about: About) =>
  z.optional(schema.meta({ ...about, allowed: schema.safeParse(undefined).error?.issues[0]?.message }));
