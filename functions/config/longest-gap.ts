import { Cron } from 'croner';
import { dayField, hourField, minuteField, monthField, weekdays } from './cron-field.ts';

/**
 * The longest time between two runs of a schedule, in minutes, seen over a year and more in its time zone (so a day on
 * which clocks go back counts 25 hours); undefined for one that runs at most once. `cron` is EventBridge's form, six fields.
 * Only asked when the service is packaged: no function loads croner.
 */
export const longestGapMinutes = (cron: string, timezone: string): number | undefined => {
  const times = new Cron(cronerFields(cron), { timezone, alternativeWeekdays: true, mode: '7-part' });
  let longest = 0;
  let before = times.nextRun(someNewYear);
  for (let looks = 0; before !== null && looks < mostLooks; looks += 1) {
    const step = nextAfter(times, before);
    if (step === undefined || step.next.getTime() - someNewYear.getTime() > horizonMilliseconds) break;
    longest = Math.max(longest, step.gap);
    before = step.next;
  }
  return longest === 0 ? undefined : Math.ceil(longest / minuteMilliseconds);
};

/** The next run and the time that lies before it. A schedule of every minute is looked at once an hour: what counts is where it pauses. */
const nextAfter = (times: Cron, before: Date): { readonly next: Date; readonly gap: number } | undefined => {
  const next = times.nextRun(before);
  if (next === null) return undefined;
  const gap = next.getTime() - before.getTime();
  if (gap >= hourMilliseconds) return { next, gap };
  const later = times.nextRun(new Date(before.getTime() + hourMilliseconds));
  const [last] = later === null ? [] : times.previousRuns(1, later);
  return later === null || last === undefined
    ? { next, gap }
    : { next: later, gap: Math.max(gap, later.getTime() - last.getTime()) };
};

const minuteMilliseconds = 60_000;
const hourMilliseconds = 3_600_000;
const someNewYear = new Date('2027-01-01T00:00:00Z');
/** Long enough that the 29th of February is seen twice. */
const horizonMilliseconds = 9 * 366 * 24 * hourMilliseconds;
const mostLooks = 400;

/** Seconds in front, numbers for names, and `3/5` written as croner wants it, `3-59/5`. */
const cronerFields = (cron: string): string => {
  const [minute = '*', hour = '*', day = '*', month = '*', weekday = '*', year = '*'] = cron
    .toUpperCase()
    .split(' ');
  return [
    '0',
    stepped(minute, minuteField.most),
    stepped(hour, hourField.most),
    stepped(day, dayField.most),
    stepped(numbered(month, monthField.names ?? []), monthField.most),
    weekday === 'L' ? '7' : stepped(numbered(weekday, weekdays), 7),
    stepped(year, 2199),
  ].join(' ');
};

const numbered = (field: string, names: readonly string[]): string =>
  names.reduce((text, name, index) => text.replaceAll(name, String(index + 1)), field);

const stepped = (field: string, most: number): string =>
  field.replaceAll('?', '*').replaceAll(/(?<![-\d])(\d+)\/(\d+)/g, `$1-${most}/$2`);
