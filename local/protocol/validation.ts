import type { z } from 'zod';
import { AwsFailure } from './failure.ts';

/**
 * Checks an operation's parameters and answers them typed. Violations are told as AWS tells them: wrong JSON types as
 * SerializationException, the rest together as one error of the service's code, in Coral's wording.
 */
export const validate = <T>(schema: z.ZodType<T>, input: unknown, code = 'ValidationException'): T => {
  const result = schema.safeParse(input ?? {});
  if (result.success) return result.data;
  const issues = result.error.issues;
  for (const issue of issues) {
    const value = valueAt(input, issue.path);
    if (issue.code === 'invalid_type' && value !== undefined && value !== null) {
      throw new AwsFailure(
        code === 'ValidationException' ? 'SerializationException' : code,
        `${jsonKind(value)} cannot be converted to ${titleCase(issue.expected)} at '${memberPath(issue.path)}'`,
      );
    }
  }
  const sentences = issues.map((issue) => sentence(issue, valueAt(input, issue.path)));
  const count = `${sentences.length} validation error${sentences.length === 1 ? '' : 's'} detected: `;
  throw new AwsFailure(code, count + sentences.join('; '));
};

const sentence = (issue: z.core.$ZodIssue, value: unknown): string => {
  const shown = value === undefined || value === null ? 'null' : `'${show(value)}'`;
  return `Value ${shown} at '${memberPath(issue.path)}' failed to satisfy constraint: ${constraint(issue, value)}`;
};

const constraint = (issue: z.core.$ZodIssue, value: unknown): string => {
  if (value === undefined || value === null) return 'Member must not be null';
  switch (issue.code) {
    case 'too_big':
      return `Member must have ${measure(issue.origin)} less than or equal to ${issue.maximum}`;
    case 'too_small':
      return `Member must have ${measure(issue.origin)} greater than or equal to ${issue.minimum}`;
    case 'invalid_format':
      return `Member must satisfy regular expression pattern: ${patternText(issue)}`;
    case 'invalid_value':
      return `Member must satisfy enum value set: [${issue.values.map(String).join(', ')}]`;
    default:
      return issue.message;
  }
};

const measure = (origin: string): string => (origin === 'number' || origin === 'int' ? 'value' : 'length');

const patternText = (issue: { readonly pattern?: string | undefined; readonly format: string }): string =>
  issue.pattern === undefined ? issue.format : issue.pattern.replace(/^\/(.*)\/[a-z]*$/s, '$1');

/** `Targets[0].Values` as Coral writes it: `targets.1.member.values`. */
const memberPath = (path: readonly PropertyKey[]): string =>
  path.map((part) => (typeof part === 'number' ? `${part + 1}.member` : lowerFirst(String(part)))).join('.');

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
const titleCase = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const show = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

const jsonKind = (value: unknown): string => {
  if (Array.isArray(value)) return 'START_ARRAY';
  return typeof value === 'object' ? 'START_OBJECT' : `${(typeof value).toUpperCase()}_VALUE`;
};

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? Reflect.get(value, key)
        : undefined,
    input,
  );
