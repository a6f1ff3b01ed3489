import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BadCron, toEventBridgeCron } from '../../../functions/config/cron.ts';

describe('what is taken', () => {
  test.each([
    ['0 2 * * *', '0 2 * * ? *'],
    ['*/15 * * * *', '0/15 * * * ? *'],
    ['*/25 * * * *', '0/25 * * * ? *'],
    ['1-59/2 0-6/2 * * *', '1/2 0,2,4,6 * * ? *'],
    ['0 2 1,15 * *', '0 2 1,15 * ? *'],
    ['0 2 1-7,8 */3 *', '0 2 1-8 1/3 ? *'],
    ['0 2 * JAN,jul *', '0 2 * 1,7 ? *'],
    ['0 2 * * 1-5', '0 2 ? * MON-FRI *'],
    ['0 2 * * 0', '0 2 ? * SUN *'],
    ['0 2 * * 7', '0 2 ? * SUN *'],
    ['0 2 * * fri-sun', '0 2 ? * SUN,FRI,SAT *'],
    ['0 2 * * SUN-SUN', '0 2 ? * SUN *'],
    ['0 2 * * 5-7', '0 2 ? * SUN,FRI,SAT *'],
    ['0 2 * * */2', '0 2 ? * SUN,TUE,THU,SAT *'],
    ['0 2 1-31 * 1', '0 2 ? * MON *'],
    ['0 2 1 * 0-7', '0 2 1 * ? *'],
    ['0 2 29 2 *', '0 2 29 2 ? *'],
    ['  0  2 * * * ', '0 2 * * ? *'],
    ['@daily', '0 0 * * ? *'],
    ['@Weekly', '0 0 ? * SUN *'],
    ['0 2 * * ? *', '0 2 * * ? *'],
    ['cron(0 2 ? * mon-fri 2026-2030)', '0 2 ? * MON-FRI 2026-2030'],
    ['0/5 8-17 ? 1/2 3#2 *', '0/5 8-17 ? 1/2 3#2 *'],
    ['0 2 L * ? *', '0 2 L * ? *'],
    ['0 2 15W * ? *', '0 2 15W * ? *'],
    ['0 2 ? * 6L *', '0 2 ? * 6L *'],
  ])('%s becomes %s', (written, expected) => {
    expect(toEventBridgeCron(written)).toBe(expected);
  });
});

describe('what is refused says why', () => {
  const six = 'five fields as in crontab (`0 2 * * *`) or the six of EventBridge (`0 2 * * ? *`)';
  const items = '`*`, numbers, lists 1,2, ranges 1-5, steps */2';
  test.each([
    ['', 'It is empty.', six, undefined],
    ['0 2 * *', 'It has 4 fields.', six, undefined],
    ['0 0 2 * * ? *', 'It has 7 fields.', six, undefined],
    ['rate(1 day)', '`rate(1 day)` is not a cron expression.', six, undefined],
    ['@reboot', '`@reboot` names no time, and a fleet has no boot.', six, undefined],
    [
      '@dayly',
      '`@dayly` is no nickname of cron.',
      '@hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually',
      '@daily',
    ],
    ['60 2 * * *', '`60` is no minute.', '0 to 59, lists 1,2, ranges 1-5', undefined],
    ['0 24 * * *', '`24` is no hour.', '0 to 23, lists 1,2, ranges 1-5', undefined],
    ['0 2 0 * *', '`0` is no day of the month.', '1 to 31, lists 1,2, ranges 1-5', undefined],
    ['0 2 * 13 *', '`13` is no month.', '1 to 12 or JAN to DEC, lists 1,2, ranges 1-5', undefined],
    ['0 2 * JNA *', '`JNA` is no month.', '1 to 12 or JAN to DEC, lists 1,2, ranges 1-5', 'JAN'],
    ['0 2 * * 8', '`8` is no day of the week.', '0 to 7 or SUN to SAT, lists 1,2, ranges 1-5', undefined],
    ['1,,2 * * * *', '`` is no minute.', items, undefined],
    ['0 2 * * 1-', '`1-` is no day of the week.', `${items}, names`, undefined],
    ['-5 2 * * *', '`-5` is no minute.', items, undefined],
    ['*/0 * * * *', '`/0` is no step of a minute.', '/1 to /59', undefined],
    ['5/15 * * * *', '`5/…`: in crontab a step follows `*` or a range.', '`5-59/…`', undefined],
    ['0 22-2 * * *', 'The hour range `22-2` runs backwards.', 'two ranges, `22-23,0-2`', undefined],
    ['0 2 31 2,4 *', 'The day never comes in these months.', 'days up to 30, or other months', undefined],
    [
      '0 2 1 * 1',
      'It names days of the month and days of the week. In crontab such a line runs on either; EventBridge cannot say that.',
      'one of the two fields `*`; make two plans if you need both',
      undefined,
    ],
    [
      'H 2 * * *',
      "`H` is Jenkins' way of spreading jobs.",
      'a number here, and `schedule.window` for the spread',
      undefined,
    ],
    [
      '0 2 L * *',
      "`L` belongs to EventBridge's six fields.",
      'all six of them: minute, hour, day of the month, month, day of the week, year',
      undefined,
    ],
    [
      '0 2 * * * *',
      'The day of the month is `*` and the day of the week is `*`.',
      'exactly one of the two `?`, since EventBridge takes only one kind of day',
      undefined,
    ],
    [
      '0 2 ? * ? *',
      'The day of the month is `?` and the day of the week is `?`.',
      'exactly one of the two `?`, since EventBridge takes only one kind of day',
      undefined,
    ],
    ['0 25 * * ? *', '`25` is no hour.', '0 to 23, lists 1,2, ranges 1-5', undefined],
    ['0 2 * * ? 1969', '`1969` is no year.', '1970 to 2199, lists 1,2, ranges 1-5', undefined],
    ['0 2 ? * 0 *', '`0` is no day of the week.', '1 to 7 or SUN to SAT, lists 1,2, ranges 1-5', undefined],
    [
      '0 2 ? * 3#6 *',
      '`3#6` is no day of the week of EventBridge.',
      '`*`, 1 to 7 or SUN to SAT, lists, ranges, L, 3#2',
      undefined,
    ],
    ['0 2 32W * ? *', '`32W` is no day of the month.', '1 to 31, lists 1,2, ranges 1-5', undefined],
    ['0 2 31 2 ? *', 'The day never comes in these months.', 'days up to 29, or other months', undefined],
  ])('%s', (written, wrong, allowed, meant) => {
    const error = refusal(written);
    expect([error.message, error.allowed, error.meant]).toEqual([wrong, allowed, meant]);
  });
});

const refusal = (expression: string): BadCron => {
  try {
    toEventBridgeCron(expression);
  } catch (error) {
    if (error instanceof BadCron) return error;
    throw error;
  }
  throw new Error(`${expression} was taken`);
};

type Moment = { minute: number; hour: number; day: number; month: number; weekday: number };
const moment = fc
  .date({ min: new Date('2024-01-01T00:00:00Z'), max: new Date('2032-01-01T00:00:00Z'), noInvalidDate: true })
  .map(
    (date): Moment => ({
      minute: date.getUTCMinutes(),
      hour: date.getUTCHours(),
      day: date.getUTCDate(),
      month: date.getUTCMonth() + 1,
      weekday: date.getUTCDay(),
    }),
  );

const weekdayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

/** A field of crontab: lists of `*`, numbers, ranges and steps. */
const cronField = (least: number, most: number): fc.Arbitrary<string> => {
  const value = fc.integer({ min: least, max: most });
  const range = fc
    .tuple(value, value)
    .map(([one, other]) => `${Math.min(one, other)}-${Math.max(one, other)}`);
  const stepped = fc
    .tuple(fc.oneof(fc.constant('*'), range), fc.integer({ min: 1, max: most }))
    .map(([span, step]) => `${span}/${step}`);
  return fc.oneof(
    fc.constant('*'),
    fc
      .array(fc.oneof(value.map(String), range, stepped), { minLength: 1, maxLength: 4 })
      .map((list) => list.join(',')),
  );
};

const crontab = fc
  .tuple(
    cronField(0, 59),
    cronField(0, 23),
    cronField(1, 31),
    cronField(1, 12),
    cronField(0, 7),
    fc.boolean(),
  )
  .map(([minute, hour, day, month, weekday, byDay]) =>
    byDay ? [minute, hour, day, month, '*'] : [minute, hour, '*', month, weekday],
  );

/** Whether a field has a value: written anew from crontab(5), sharing nothing with the code under test. */
const has = (
  field: string,
  value: number,
  least: number,
  most: number,
  names: readonly string[] = [],
): boolean =>
  field.split(',').some((item) => {
    const [span = '', step = '1'] = item.split('/');
    const number = (word: string): number =>
      names.includes(word) ? names.indexOf(word) + least : Number(word);
    const [from = '', to] = span.split('-');
    const first = span === '*' ? least : number(from);
    const openEnd = span === '*' || (to === undefined && item.includes('/'));
    const last = openEnd ? most : number(to ?? from);
    return value >= first && value <= last && (value - first) % Number(step) === 0;
  });

const crontabMatches = (fields: readonly string[], at: Moment): boolean => {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  const rightWeekday = has(weekday, at.weekday, 0, 7) || (at.weekday === 0 && has(weekday, 7, 0, 7));
  return (
    has(minute, at.minute, 0, 59) &&
    has(hour, at.hour, 0, 23) &&
    has(day, at.day, 1, 31) &&
    has(month, at.month, 1, 12) &&
    rightWeekday
  );
};

const eventBridgeMatches = (expression: string, at: Moment): boolean => {
  const [minute = '', hour = '', day = '', month = '', weekday = '', year] = expression.split(' ');
  if (year !== '*' || (day === '?') === (weekday === '?'))
    throw new Error(`${expression} is no cron of EventBridge`);
  return (
    has(minute, at.minute, 0, 59) &&
    has(hour, at.hour, 0, 23) &&
    (day === '?' || has(day, at.day, 1, 31)) &&
    has(month, at.month, 1, 12, monthNames) &&
    (weekday === '?' || has(weekday, at.weekday + 1, 1, 7, weekdayNames))
  );
};

type Day = Pick<Moment, 'day' | 'month' | 'weekday'>;
const everyDay = Array.from({ length: 366 }, (_, index): Day => {
  const date = new Date(Date.UTC(2028, 0, 1 + index));
  return { day: date.getUTCDate(), month: date.getUTCMonth() + 1, weekday: date.getUTCDay() };
});
const everyMinute = ({ day, month, weekday }: Day): readonly Moment[] =>
  Array.from({ length: 1_440 }, (_, minute) => ({
    day,
    month,
    weekday,
    hour: Math.floor(minute / 60),
    minute: minute % 60,
  }));

test('a converted crontab line runs at the same minutes as the original', () => {
  fc.assert(
    fc.property(crontab, fc.array(moment, { minLength: 20, maxLength: 20 }), (fields, moments) => {
      const converted = converting(fields.join(' '));
      if (converted === 'never') return;
      // A random minute is rarely one of them: every minute of a right day and every day at a right minute are asked for.
      const right = firstMatch(fields);
      const asked =
        right === undefined
          ? moments
          : [...moments, ...everyMinute(right), ...everyDay.map((day) => ({ ...right, ...day }))];
      const differing = asked.find((at) => eventBridgeMatches(converted, at) !== crontabMatches(fields, at));
      expect(differing).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});

const firstMatch = (fields: readonly string[]): Moment | undefined => {
  const timeless = ['*', '*', ...fields.slice(2)];
  const day = everyDay.find((day) => crontabMatches(timeless, { ...day, minute: 0, hour: 0 }));
  return day && everyMinute(day).find((at) => crontabMatches(fields, at));
};

/** A day that no month has is refused, rightly. */
const converting = (expression: string): string => {
  try {
    return toEventBridgeCron(expression);
  } catch (error) {
    if (error instanceof BadCron && error.message === 'The day never comes in these months.') return 'never';
    throw error;
  }
};

test('what EventBridge is given is one of its own expressions', () => {
  fc.assert(
    fc.property(crontab, (fields) => {
      const converted = converting(fields.join(' '));
      if (converted !== 'never') expect(toEventBridgeCron(converted)).toBe(converted);
    }),
  );
});

test('any text is taken or refused with a reason', () => {
  const letters = fc.constantFrom(...'0123456789*/-,?LW#@ HAJN()'.split(''));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: letters })), (written) => {
      try {
        expect(toEventBridgeCron(written).split(' ')).toHaveLength(6);
      } catch (error) {
        expect(error).toBeInstanceOf(BadCron);
      }
    }),
  );
});
