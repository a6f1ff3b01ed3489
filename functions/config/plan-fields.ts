import { z } from 'zod';
import { BadCron, toEventBridgeCron } from './cron.ts';
import { durationPattern, minutesOf } from './duration.ts';
import { isTimezone, nearestTimezone } from './timezone.ts';

/**
 * The kinds of values that a plan is made of. Every schema's error text says what is allowed, to be read after
 * "Allowed:"; a check that knows more puts what is wrong into `message` and the rest into {@link Hint}.
 */
export type Hint = { readonly allowed: string; readonly meant?: string | undefined };

/** Text of a form. */
export const text = (form: RegExp, allowed: string) => z.string({ error: allowed }).regex(form, allowed);

export const flag = z.boolean({ error: 'true or false' });

export const count = (least: number, most: number) => {
  const allowed = `a whole number from ${least} to ${most}`;
  return z.int({ error: allowed }).min(least, allowed).max(most, allowed);
};

/** A duration between two others, in whole minutes, kept as it is written. */
export const duration = (shortest: string, longest: string) => {
  const allowed = `a duration from ${shortest} to ${longest}, such as 15m, 3h or 1h30m`;
  return text(durationPattern, allowed).check(({ value, issues }) => {
    const minutes = minutesOf(value) ?? Number.NaN;
    if (!Number.isInteger(minutes))
      refuse(issues, value, `\`${value}\` is no whole number of minutes.`, { allowed });
    else if (minutes < (minutesOf(shortest) ?? 0))
      refuse(issues, value, `\`${value}\` is too short.`, { allowed });
    else if (minutes > (minutesOf(longest) ?? 0))
      refuse(issues, value, `\`${value}\` is too long.`, { allowed });
  });
};

export const percent = text(/^(?:100|[1-9]?\d)%$/, 'a percentage from 0% to 100%');

export const cron = z.string({ error: 'a cron expression such as 0 2 * * *' }).check(({ value, issues }) => {
  try {
    toEventBridgeCron(value);
  } catch (error) {
    if (!(error instanceof BadCron)) throw error;
    refuse(issues, value, error.message, { allowed: error.allowed, meant: error.meant });
  }
});

export const timezone = z
  .string({ error: 'a time zone such as Asia/Singapore or UTC' })
  .check(({ value, issues }) => {
    if (isTimezone(value)) return;
    const hint = { allowed: 'an IANA name such as Asia/Singapore or UTC', meant: nearestTimezone(value) };
    refuse(issues, value, `\`${value}\` is no time zone that EventBridge knows.`, hint);
  });

/** A SecureString's name. It begins with a slash, which no token does. deploy/hidden-secrets.ts keeps anything else out of messages. */
export const parameterName = z
  .string({ error: secretAllowed() })
  .regex(/^(?!\/(?:aws|ssm))(?:\/[A-Za-z0-9_.-]+){1,15}$/i, secretAllowed())
  .max(900, secretAllowed());

function secretAllowed(): string {
  return 'the name of an SSM parameter that holds the secret, such as /lifeboat/slack-token';
}

export const webAddress = z
  .string({ error: 'an address such as https://acme.atlassian.net' })
  .check(({ value, issues }) => {
    const allowed =
      'an https address without user name, query and fragment, such as https://acme.atlassian.net';
    const address = URL.canParse(value) ? new URL(value) : undefined;
    const bare = /^https:\/\/[^\s@?#]+$/.test(value);
    if (!bare || address === undefined || address.username !== '')
      refuse(issues, value, undefined, { allowed });
  });

type Issues = z.core.$ZodRawIssue[];

/** Says that a value is not taken: what is wrong with it, and what is allowed. */
export const refuse = (issues: Issues, input: unknown, wrong: string | undefined, hint: Hint): void => {
  issues.push({ code: 'custom', input, message: wrong ?? hint.allowed, params: { wrong, ...hint } });
};
