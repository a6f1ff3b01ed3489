import { nearestWord } from './nearest-word.ts';

/** A cron expression that is not taken: what is wrong with it, what is allowed, the word that was probably meant. */
export class BadCron extends Error {
  override readonly name = 'BadCron';
  readonly allowed: string;
  readonly meant: string | undefined;

  constructor(wrong: string, allowed: string, meant?: string) {
    super(wrong);
    this.allowed = allowed;
    this.meant = meant;
  }
}

export type CronField = {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Names that stand for numbers, the first one for `least`. */
  readonly names?: readonly string[];
};

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
export const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;

export const minuteField: CronField = { name: 'minute', least: 0, most: 59 };
export const hourField: CronField = { name: 'hour', least: 0, most: 23 };
export const dayField: CronField = { name: 'day of the month', least: 1, most: 31 };
export const monthField: CronField = { name: 'month', least: 1, most: 12, names: months };

export const allowedIn = ({ least, most, names }: CronField): string =>
  `${least} to ${most}${names === undefined ? '' : ` or ${names[0]} to ${names.at(-1)}`}`;

/** The number that a number or a name stands for. */
export const numberOf = (field: CronField, word: string): number => {
  const named = field.names?.indexOf(word.toUpperCase()) ?? -1;
  if (named >= 0) return field.least + named;
  const value = /^\d{1,4}$/.test(word) ? Number(word) : Number.NaN;
  if (value >= field.least && value <= field.most) return value;
  const meant = /^[A-Za-z]{2,}$/.test(word) ? nearestWord(word, field.names ?? []) : undefined;
  throw new BadCron(`\`${word}\` is no ${field.name}.`, `${allowedIn(field)}, lists 1,2, ranges 1-5`, meant);
};

/** `from-to`, both included. */
export const rangeOf = (field: CronField, from: string, to: string): readonly [number, number] => {
  const first = numberOf(field, from);
  const last = numberOf(field, to);
  if (first > last)
    throw new BadCron(
      `The ${field.name} range \`${from}-${to}\` runs backwards.`,
      `two ranges, \`${from}-${field.most},${field.least}-${to}\``,
    );
  return [first, last];
};

/** The step behind a slash. */
export const stepOf = (field: CronField, word: string): number => {
  const step = /^\d{1,4}$/.test(word) ? Number(word) : Number.NaN;
  if (step >= 1 && step <= field.most) return step;
  throw new BadCron(`\`/${word}\` is no step of a ${field.name}.`, `/1 to /${field.most}`);
};

/** Refuses a date that no year has, such as 31 February: it would deploy well and never run. */
export const refuseNever = (days: readonly number[], inMonths: readonly number[]): void => {
  const longest = Math.max(...inMonths.map((month) => daysOfMonth[month - 1] ?? 31));
  if (Math.min(...days) > longest)
    throw new BadCron('The day never comes in these months.', `days up to ${longest}, or other months`);
};

const daysOfMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
