import { describe, expect, it } from '@jest/globals';
import { BadExpression } from '../../../../local/scheduler/bad-expression.ts';
import { readExpression } from '../../../../local/scheduler/expression.ts';

/** The next times of a cron expression, as ISO texts without seconds. */
const times = (cron: string, timezone: string, after: string, count = 3): readonly string[] => {
  const expression = readExpression(`cron(${cron})`, timezone);
  if (expression.kind !== 'cron') throw new Error('not a cron expression');
  const found: string[] = [];
  let time: Date | undefined = new Date(after);
  for (let n = 0; n < count && time !== undefined; n += 1) {
    time = expression.next(time);
    found.push(time?.toISOString().slice(0, 16) ?? 'never');
  }
  return found;
};

describe('cron', () => {
  const saturday = '2026-11-21T12:00:00Z';
  it.each([
    ['0 2 * * ? *', ['2026-11-22T02:00', '2026-11-23T02:00', '2026-11-24T02:00']],
    ['0/15 8-9 ? * MON-FRI *', ['2026-11-23T08:00', '2026-11-23T08:15', '2026-11-23T08:30']],
    ['30-50/10 1,3 ? * 2,SAT *', ['2026-11-23T01:30', '2026-11-23T01:40', '2026-11-23T01:50']],
    ['0 0 L * ? *', ['2026-11-30T00:00', '2026-12-31T00:00', '2027-01-31T00:00']],
    ['0 0 15W * ? *', ['2026-12-15T00:00', '2027-01-15T00:00', '2027-02-15T00:00']],
    ['0 0 1W * ? *', ['2026-12-01T00:00', '2027-01-01T00:00', '2027-02-01T00:00']],
    ['0 0 31W * ? *', ['2026-12-31T00:00', '2027-01-29T00:00', '2027-03-31T00:00']],
    ['0 0 ? * 6L *', ['2026-11-27T00:00', '2026-12-25T00:00', '2027-01-29T00:00']],
    ['0 0 ? * FRIL *', ['2026-11-27T00:00', '2026-12-25T00:00', '2027-01-29T00:00']],
    ['0 0 ? * L *', ['2026-11-28T00:00', '2026-12-05T00:00', '2026-12-12T00:00']],
    ['0 0 ? * 3#2 *', ['2026-12-08T00:00', '2027-01-12T00:00', '2027-02-09T00:00']],
    ['0 0 ? * MON#5 *', ['2026-11-30T00:00', '2027-03-29T00:00', '2027-05-31T00:00']],
    ['0 0 29 FEB ? *', ['2028-02-29T00:00', '2032-02-29T00:00', '2036-02-29T00:00']],
    ['0 0 1 1 ? 2027-2028', ['2027-01-01T00:00', '2028-01-01T00:00', 'never']],
    ['0 0 1 1 ? 2020', ['never']],
    ['0 0 31 2 ? *', ['never']],
    ['30-30 13-13 ? * 2,4,6 *', ['2026-11-23T13:30', '2026-11-25T13:30', '2026-11-27T13:30']],
    ['0 0 ? * 1 *', ['2026-11-22T00:00', '2026-11-29T00:00', '2026-12-06T00:00']],
  ])('%s', (cron, expected) => {
    expect(times(cron, 'UTC', saturday)).toEqual(expected);
  });

  it('moves a W from Saturday to Friday and from Sunday to Monday, within the month', () => {
    // 1 August 2026 is a Saturday, 31 May 2026 a Sunday, 15 March 2026 a Sunday.
    expect(times('0 0 1W 8 ? *', 'UTC', '2026-07-01T00:00:00Z', 1)).toEqual(['2026-08-03T00:00']);
    expect(times('0 0 31W 5 ? *', 'UTC', '2026-05-01T00:00:00Z', 1)).toEqual(['2026-05-29T00:00']);
    expect(times('0 0 15W 3 ? *', 'UTC', '2026-03-01T00:00:00Z', 1)).toEqual(['2026-03-16T00:00']);
  });

  it('means the time of its zone', () => {
    expect(times('0 2 * * ? *', 'Asia/Singapore', '2026-11-23T17:59:59Z', 2)).toEqual([
      '2026-11-23T18:00',
      '2026-11-24T18:00',
    ]);
  });

  it('is strictly after', () => {
    expect(times('0 2 * * ? *', 'UTC', '2026-11-23T02:00:00Z', 1)).toEqual(['2026-11-24T02:00']);
    expect(times('0 2 * * ? *', 'UTC', '2026-11-23T01:59:59.999Z', 1)).toEqual(['2026-11-23T02:00']);
  });

  it('skips a night whose time falls into the gap when clocks go forward', () => {
    // Berlin, 29 March 2026: 02:00 becomes 03:00.
    expect(times('30 2 * * ? *', 'Europe/Berlin', '2026-03-27T12:00:00Z')).toEqual([
      '2026-03-28T01:30',
      '2026-03-30T00:30',
      '2026-03-31T00:30',
    ]);
  });

  it('runs once, at the first coming, when clocks go back', () => {
    // Berlin, 25 October 2026: 03:00 becomes 02:00 again.
    expect(times('30 2 * * ? *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
    expect(times('0/30 2 25 10 ? *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 3)).toEqual([
      '2026-10-25T00:00',
      '2026-10-25T00:30',
      '2027-10-25T00:00',
    ]);
  });

  it('knows zones whose clocks change by half an hour', () => {
    // Lord Howe Island, 4 October 2026: 02:00 becomes 02:30.
    expect(times('15 2 * * ? *', 'Australia/Lord_Howe', '2026-10-03T00:00:00Z', 2)).toEqual([
      '2026-10-04T15:15',
      '2026-10-05T15:15',
    ]);
  });

  it.each([
    ['0 2 * * * *', /Exactly one/],
    ['0 2 ? * ? *', /Exactly one/],
    ['0 2 * * ?', /five|5 fields/],
    ['60 2 * * ? *', /"60" is no minute/],
    ['0 24 * * ? *', /"24" is no hour/],
    ['0 0 ? * 0 *', /"0" is no day of the week/],
    ['0 0 ? * 8 *', /"8"/],
    ['0 0 ? * MON#6 *', /MON#6/],
    ['0 0 ? * FRI-MON *', /backwards/],
    ['0 0 32W * ? *', /"32"/],
    ['0 0 1 13 ? *', /"13" is no month/],
    ['0/0 0 * * ? *', /"\/0"/],
    ['0 0 1 1 ? 1969', /"1969" is no year/],
    ['0 0 ? * 2/2 *', /does not fit/],
    ['0 0 L,15 * ? *', /"L"/],
  ])('refuses %s', (cron, why) => {
    const read = () => readExpression(`cron(${cron})`, 'UTC');
    expect(read).toThrow(BadExpression);
    expect(read).toThrow(why);
    expect(read).toThrow(`Invalid Schedule Expression cron(${cron}).`);
  });

  it('finds the next of a schedule of every minute within milliseconds', () => {
    const startedAt = performance.now();
    times('* * * * ? *', 'Europe/Berlin', '2026-11-21T23:58:00Z', 100);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('at', () => {
  it('is a time on the wall of its zone', () => {
    expect(readExpression('at(2026-11-24T02:00:00)', 'Asia/Singapore')).toEqual({
      kind: 'once',
      time: new Date('2026-11-23T18:00:00Z'),
    });
  });

  it('moves by the gap where the wall never shows it, and takes the first of two', () => {
    const time = (text: string) => readExpression(`at(${text})`, 'Europe/Berlin');
    expect(time('2026-03-29T02:30:00')).toEqual({ kind: 'once', time: new Date('2026-03-29T01:30:00Z') });
    expect(time('2026-10-25T02:30:00')).toEqual({ kind: 'once', time: new Date('2026-10-25T00:30:00Z') });
  });

  it.each([
    'at(2026-02-30T00:00:00)',
    'at(2026-11-24T02:00:00Z)',
    'at(2026-11-24 02:00:00)',
    'at(2026-11-24T24:00:00)',
    'at()',
  ])('refuses %s', (text) => expect(() => readExpression(text, 'UTC')).toThrow(BadExpression));
});

describe('rate', () => {
  it.each([
    ['rate(1 minute)', 60_000],
    ['rate(5 minutes)', 300_000],
    ['rate(1 hours)', 3_600_000],
    ['rate(7 days)', 604_800_000],
  ])('%s', (text, milliseconds) => {
    expect(readExpression(text, 'UTC')).toEqual({ kind: 'every', milliseconds });
  });

  it.each(['rate(0 minutes)', 'rate(5 seconds)', 'rate(-1 day)', 'rate(1.5 hours)', 'rate(5)'])(
    'refuses %s',
    (text) => expect(() => readExpression(text, 'UTC')).toThrow(BadExpression),
  );
});

it('refuses other expressions and unknown time zones', () => {
  expect(() => readExpression('every day', 'UTC')).toThrow(/none of at/);
  expect(() => readExpression('rate(1 day)', 'Asia/Singapur')).toThrow(/no time zone "Asia\/Singapur"/);
});
