import {
  allowedIn,
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

type SixFields = readonly [string, string, string, string, string, string];

/**
 * Checks EventBridge Scheduler's own six fields and answers them in capitals: minute, hour, day of the month, month, day
 * of the week (1 = SUN), year. Takes what the Scheduler's user guide documents ("Cron-based schedules") and no more, so that
 * nothing gets as far as a failed deployment. Throws {@link BadCron}.
 */
export const checkedEventBridgeCron = (fields: SixFields): string => {
  const [minute, hour, day, month, weekday, year] = fields.map((field) => field.toUpperCase());
  if ((day === '?') === (weekday === '?'))
    throw new BadCron(
      `The day of the month is \`${day}\` and the day of the week is \`${weekday}\`.`,
      'exactly one of the two `?`, since EventBridge takes only one kind of day',
    );
  checkField(minuteField, minute ?? '');
  checkField(hourField, hour ?? '');
  if (day !== '?') checkField(dayField, day ?? '', dayWildcard);
  checkField(monthField, month ?? '');
  if (weekday !== '?') checkField(weekdayField, weekday ?? '', weekdayWildcard);
  checkField(yearField, year ?? '');
  if (/^\d+$/.test(day ?? '') && /^\d+$/.test(month ?? '')) refuseNever([Number(day)], [Number(month)]);
  return [minute, hour, day, month, weekday, year].join(' ');
};

const weekdayField: CronField = { name: 'day of the week', least: 1, most: 7, names: weekdays };
const yearField: CronField = { name: 'year', least: 1970, most: 2199 };

/** The last day, or the weekday nearest to a day. */
const dayWildcard = /^(?:L|(?:[1-9]|[12]\d|3[01])W)$/;
/** The last such day of the month, or the third one: `L`, `5L`, `FRI#3`. Not in a list. */
const weekdayWildcard = /^(?:L|(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(?:L|#[1-5]))$/;

const checkField = (field: CronField, text: string, wildcard?: RegExp): void => {
  if (text === '*' || wildcard?.test(text) === true) return;
  for (const item of text.split(',')) checkItem(field, item);
};

const checkItem = (field: CronField, item: string): void => {
  const [span = '', step, ...more] = item.split('/');
  if (more.length > 0 || span === '' || (step !== undefined && field === weekdayField))
    throw notUnderstood(field, item);
  if (step !== undefined) stepOf(field, step);
  if (span === '*' && step !== undefined) return;
  const [from = '', to, ...rest] = span.split('-');
  if (rest.length > 0 || from === '' || to === '' || /[?*#]/.test(span)) throw notUnderstood(field, item);
  if (to === undefined) numberOf(field, from);
  else rangeOf(field, from, to);
};

const notUnderstood = (field: CronField, item: string): BadCron =>
  new BadCron(
    `\`${item}\` is no ${field.name} of EventBridge.`,
    `\`*\`, ${allowedIn(field)}, lists, ranges${field === weekdayField ? ', L, 3#2' : ', steps'}${field === dayField ? ', L, 15W' : ''}`,
  );
