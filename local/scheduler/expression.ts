import { BadExpression } from './bad-expression.ts';
import { cronTimes, type NextTime } from './cron.ts';
import { instantOf, isTimezone } from './wall-clock.ts';

/** When a schedule is due. */
export type Expression =
  | { readonly kind: 'once'; readonly time: Date }
  | { readonly kind: 'every'; readonly milliseconds: number }
  | { readonly kind: 'cron'; readonly next: NextTime };

/**
 * Reads `at(yyyy-mm-ddThh:mm:ss)`, `rate(value unit)` or `cron(six fields)` in a time zone, as EventBridge Scheduler
 * does (User Guide, "Schedule types"). Throws {@link BadExpression}.
 */
export const readExpression = (expression: string, timezone: string): Expression => {
  if (!isTimezone(timezone)) throw new BadExpression(expression, `There is no time zone "${timezone}".`);
  const [, kind, inner = ''] = /^(at|rate|cron)\((.*)\)$/.exec(expression) ?? [];
  switch (kind) {
    case 'at':
      return { kind: 'once', time: readAt(expression, inner, timezone) };
    case 'rate':
      return { kind: 'every', milliseconds: readRate(expression, inner) };
    case 'cron':
      return { kind: 'cron', next: readCron(expression, inner, timezone) };
    default:
      throw new BadExpression(expression, 'It is none of at(…), rate(…) and cron(…).');
  }
};

const readAt = (expression: string, inner: string, timezone: string): Date => {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/.exec(inner) ?? [];
  const wall = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
  };
  const shown = new Date(`${inner}Z`);
  // The second comparison refuses 30 February, which Date makes 2 March of.
  if (year === undefined || Number.isNaN(shown.getTime()) || !shown.toISOString().startsWith(inner))
    throw new BadExpression(expression, 'It wants a time such as at(2026-11-23T18:00:00), without a zone.');
  return instantOf(wall, timezone);
};

const unitMilliseconds: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

const readRate = (expression: string, inner: string): number => {
  const [, value, unit] = /^([1-9]\d*) +(minute|hour|day)s?$/.exec(inner.trim()) ?? [];
  const milliseconds = Number(value) * (unitMilliseconds[unit ?? ''] ?? Number.NaN);
  if (!Number.isSafeInteger(milliseconds))
    throw new BadExpression(
      expression,
      'It wants a rate such as rate(5 minutes), rate(1 hour) or rate(7 days).',
    );
  return milliseconds;
};

const readCron = (expression: string, inner: string, timezone: string): NextTime => {
  try {
    return cronTimes(inner, timezone);
  } catch (error) {
    throw new BadExpression(expression, error instanceof Error ? error.message : String(error));
  }
};
