import type * as z from 'zod/mini';
import { BadEvent } from './bad-event.ts';

/** The event as the schema has it. Throws {@link BadEvent} with every mistake in it, and with an example of what to send. */
export const parse = <T>(schema: z.ZodMiniType<T>, event: unknown, example: string): T => {
  const parsed = schema.safeParse(event);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'the event'}: ${textOf(issue)}`,
  );
  throw new BadEvent(`The event is not understood (${mistakes.join('; ')}). Send ${example}.`);
};

/** zod/mini brings no texts of its own, and a schema cannot give one for keys that it does not know. */
const textOf = (issue: z.core.$ZodIssue): string =>
  issue.code === 'unrecognized_keys' ? `knows no ${issue.keys.join(', ')}` : issue.message;
