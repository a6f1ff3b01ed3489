import { expect, test } from '@jest/globals';
import { minutesOf } from '../../../functions/config/duration.ts';

test.each([
  ['15m', 15],
  ['3h', 180],
  ['2d', 2_880],
  ['1h30m', 90],
  ['90s', 1.5],
  ['0m', 0],
])('%s is %d minutes', (duration, minutes) => {
  expect(minutesOf(duration)).toBe(minutes);
});

test.each(['', '15', 'm', '3 h', '-3h', '30m1h', '1.5h', '3hours', '1h1h'])('%j is no duration', (text) => {
  expect(minutesOf(text)).toBeUndefined();
});
