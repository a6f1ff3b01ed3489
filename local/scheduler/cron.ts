import { type DayRule, dayRule, lastDayOf } from './cron-days.ts';
import { hours, minutes, months, numbersOf, years } from './cron-fields.ts';
import { instantsOf, type WallTime, wallTimeOf } from './wall-clock.ts';

/** The first time strictly after another one; undefined where there is none before the year 2200. */
export type NextTime = (after: Date) => Date | undefined;

/**
 * EventBridge Scheduler's cron, six fields without `cron()`: minute, hour, day of the month, month, day of the week, year,
 * as times in a time zone. When clocks go forward, a time in the gap is skipped; when they go back, a time that comes
 * twice runs at its first coming (Scheduler User Guide, "Daylight savings time"). Throws an Error whose message says
 * what is wrong with which field.
 */
export const cronTimes = (fields: string, timezone: string): NextTime => {
  const cron = parse(fields);
  return (after) => {
    for (const day of daysFrom(cron, wallTimeOf(after, timezone))) {
      for (const wall of timesOf(cron, day)) {
        const [instant] = instantsOf(wall, timezone);
        if (instant !== undefined && instant.getTime() > after.getTime()) return instant;
      }
    }
    return undefined;
  };
};

type Cron = {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: readonly number[];
  readonly years: readonly number[];
  readonly isDay: DayRule;
};

const parse = (text: string): Cron => {
  const fields = text.trim().toUpperCase().split(/\s+/);
  const [minute, hour, dayOfMonth, month, dayOfWeek, year, ...more] = fields;
  if (
    minute === undefined ||
    hour === undefined ||
    dayOfMonth === undefined ||
    month === undefined ||
    dayOfWeek === undefined ||
    year === undefined ||
    more.length > 0
  )
    throw new Error(`It has ${fields.length} fields and not six.`);
  return {
    minutes: numbersOf(minutes, minute),
    hours: numbersOf(hours, hour),
    months: numbersOf(months, month),
    years: numbersOf(years, year),
    isDay: dayRule(dayOfMonth, dayOfWeek),
  };
};

/** A day, and the first minute of it that is still to come. */
type Day = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly fromMinute: number;
};

function* daysFrom(cron: Cron, start: WallTime): Generator<Day> {
  for (const year of cron.years.filter((candidate) => candidate >= start.year)) {
    for (const month of cron.months) {
      if (year === start.year && month < start.month) continue;
      const sameMonth = year === start.year && month === start.month;
      for (let day = sameMonth ? start.day : 1; day <= lastDayOf(year, month); day += 1) {
        if (!cron.isDay(year, month, day)) continue;
        const isFirst = sameMonth && day === start.day;
        // A minute that the wall has shown cannot come again as a first coming: it need not be looked at.
        yield { year, month, day, fromMinute: isFirst ? start.hour * 60 + start.minute : 0 };
      }
    }
  }
}

function* timesOf(cron: Cron, { year, month, day, fromMinute }: Day): Generator<WallTime> {
  for (const hour of cron.hours) {
    for (const minute of cron.minutes) {
      if (hour * 60 + minute >= fromMinute) yield { year, month, day, hour, minute, second: 0 };
    }
  }
}
