import {
  BadCron,
  type CronField,
  dayField,
  hourField,
  minuteField,
  monthField,
  numberOf,
  rangeOf,
  refuseNever,
  stepOf,
  weekdays,
} from './cron-field.ts';

/**
 * Five fields as crontab(5) has them (Vixie cron), turned into EventBridge's six: minute, hour, day of the month, month,
 * day of the week, year. Every field becomes the values it stands for and is written anew in the forms that
 * EventBridge documents. Days of the week become names, because EventBridge counts them from 1 = Sunday and crontab from 0.
 * Throws {@link BadCron}.
 */
export const crontabToEventBridge = (fields: readonly [string, string, string, string, string]): string => {
  const minutes = valuesOf(minuteField, fields[0]);
  const hours = valuesOf(hourField, fields[1]);
  const days = valuesOf(dayField, fields[2]);
  const inMonths = valuesOf(monthField, fields[3]);
  const weekdayNumbers = [
    ...new Set(valuesOf(weekdayField, sundayLast(fields[4])).map((day) => day % 7)),
  ].sort((one, other) => one - other);
  const everyDay = days.length === 31;
  const everyWeekday = weekdayNumbers.length === 7;
  if (!everyDay && !everyWeekday)
    throw new BadCron(
      'It names days of the month and days of the week. In crontab such a line runs on either; EventBridge cannot say that.',
      'one of the two fields `*`; make two plans if you need both',
    );
  if (!everyDay) refuseNever(days, inMonths);
  return [
    written(minuteField, minutes),
    written(hourField, hours),
    everyWeekday ? written(dayField, days) : '?',
    written(monthField, inMonths),
    everyWeekday ? '?' : writtenList(weekdayNumbers, (day) => weekdays[day] ?? ''),
    '*',
  ].join(' ');
};

/** `@daily` and its kin, as crontab(5) spells them out. */
export const nicknames: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

/** 0 and 7 are both Sunday. */
const weekdayField: CronField = { name: 'day of the week', least: 0, most: 7, names: weekdays };

/** A range that ends on Sunday by name ends on 7: `FRI-SUN`. */
const sundayLast = (text: string): string => text.replaceAll(/(?<!SUN)-SUN\b/gi, '-7');

/** The values that a field stands for, ascending. */
const valuesOf = (field: CronField, text: string): readonly number[] => {
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const [span = '', step, ...more] = item.split('/');
    if (more.length > 0 || span === '') throw foreign(field, item);
    const [first, last] = spanOf(field, span, step !== undefined);
    const stride = step === undefined ? 1 : stepOf(field, step);
    for (let value = first; value <= last; value += stride) values.add(value);
  }
  return [...values].sort((one, other) => one - other);
};

const spanOf = (field: CronField, span: string, stepped: boolean): readonly [number, number] => {
  if (span === '*') return [field.least, field.name === weekdayField.name ? 6 : field.most];
  const [from = '', to, ...more] = span.split('-');
  if (more.length > 0 || ![from, to ?? from].every(isWord)) throw foreign(field, span);
  if (to !== undefined) return rangeOf(field, from, to);
  const value = numberOf(field, from);
  if (stepped)
    throw new BadCron(
      `\`${span}/…\`: in crontab a step follows \`*\` or a range.`,
      `\`${span}-${field.most}/…\``,
    );
  return [value, value];
};

/** A number or a name; both are looked at closer by {@link numberOf}. */
const isWord = (text: string): boolean => /^(?:\d+|[A-Za-z]{3,})$/.test(text);

const foreign = (field: CronField, item: string): BadCron => {
  if (/^H/i.test(item))
    return new BadCron(
      `\`${item}\` is Jenkins' way of spreading jobs.`,
      'a number here, and `schedule.window` for the spread',
    );
  if (/[?LW#]/i.test(item))
    return new BadCron(
      `\`${item}\` belongs to EventBridge's six fields.`,
      'all six of them: minute, hour, day of the month, month, day of the week, year',
    );
  return new BadCron(
    `\`${item}\` is no ${field.name}.`,
    `\`*\`, numbers, lists 1,2, ranges 1-5, steps */2${field.names === undefined ? '' : ', names'}`,
  );
};

/** `*`, `start/step` where the values go on evenly to the end of the field, else a list with ranges. */
const written = (field: CronField, values: readonly number[]): string => {
  const [first = 0, second = 0] = values;
  if (values.length === field.most - field.least + 1) return '*';
  const step = second - first;
  const even = values.every((value, index) => value === first + index * step);
  if (values.length > 2 && step > 1 && even && (values.at(-1) ?? 0) + step > field.most)
    return `${first}/${step}`;
  return writtenList(values, String);
};

/** Three and more in a row become a range: `1-5,7`. */
const writtenList = (values: readonly number[], name: (value: number) => string): string => {
  const runs: { from: number; to: number }[] = [];
  for (const value of values) {
    const run = runs.at(-1);
    if (run !== undefined && value === run.to + 1) run.to = value;
    else runs.push({ from: value, to: value });
  }
  return runs
    .flatMap(({ from, to }) =>
      to - from >= 2 ? [`${name(from)}-${name(to)}`] : from === to ? [name(from)] : [name(from), name(to)],
    )
    .join(',');
};
