import { daysOfMonth, daysOfWeek, numberOf, numbersOf } from './cron-fields.ts';

/** Whether a day is meant. `month` and `day` begin with 1. */
export type DayRule = (year: number, month: number, day: number) => boolean;

/**
 * The two day fields as one rule. Exactly one of them is `?`; the other may hold AWS's wildcards: `L` (last day of the
 * month, or of the week: Saturday), `15W` (the weekday nearest to the 15th, within the month), `6L` (the last Friday of
 * the month), `3#2` (its second Tuesday). Throws an Error whose message says what is wrong.
 */
export const dayRule = (dayOfMonth: string, dayOfWeek: string): DayRule => {
  if ((dayOfMonth === '?') === (dayOfWeek === '?'))
    throw new Error('Exactly one of day of the month and day of the week must be "?".');
  return dayOfWeek === '?' ? ruleOfMonthDay(dayOfMonth) : ruleOfWeekday(dayOfWeek);
};

export const lastDayOf = (year: number, month: number): number =>
  new Date(Date.UTC(year, month, 0)).getUTCDate();

const ruleOfMonthDay = (text: string): DayRule => {
  if (text === 'L') return (year, month, day) => day === lastDayOf(year, month);
  const near = /^(\d{1,2})W$/.exec(text)?.[1];
  if (near !== undefined) {
    const wanted = numberOf(daysOfMonth, near);
    return (year, month, day) => day === nearestWeekday(year, month, wanted);
  }
  const days = numbersOf(daysOfMonth, text);
  return (_year, _month, day) => days.includes(day);
};

const ruleOfWeekday = (text: string): DayRule => {
  if (text === 'L') return (year, month, day) => weekdayOf(year, month, day) === saturday;
  const last = /^([^,#-]+)L$/.exec(text)?.[1];
  if (last !== undefined) {
    const wanted = numberOf(daysOfWeek, last);
    return (year, month, day) => weekdayOf(year, month, day) === wanted && day + 7 > lastDayOf(year, month);
  }
  const [named = '', nth] = text.split('#');
  if (nth !== undefined) {
    const wanted = numberOf(daysOfWeek, named);
    if (!/^[1-5]$/.test(nth))
      throw new Error(`"${text}" is no day of the week: 3#2 is the second Tuesday, 1 to 5.`);
    return (year, month, day) => weekdayOf(year, month, day) === wanted && Math.ceil(day / 7) === Number(nth);
  }
  const days = numbersOf(daysOfWeek, text);
  return (year, month, day) => days.includes(weekdayOf(year, month, day));
};

/** AWS counts from Sunday, 1. */
const weekdayOf = (year: number, month: number, day: number): number =>
  new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;
const sunday = 1;
const saturday = 7;

/** Never leaves the month; a month that lacks the day has none. */
const nearestWeekday = (year: number, month: number, day: number): number | undefined => {
  const last = lastDayOf(year, month);
  if (day > last) return undefined;
  const weekday = weekdayOf(year, month, day);
  if (weekday === saturday) return day === 1 ? 3 : day - 1;
  if (weekday === sunday) return day === last ? day - 2 : day + 1;
  return day;
};
