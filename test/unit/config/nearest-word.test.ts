import { expect, test } from '@jest/globals';
import { nearestWord } from '../../../functions/config/nearest-word.ts';

test.each([
  ['timezoen', 'timezone'],
  ['timezon', 'timezone'],
  ['time_zone', 'timezone'],
  ['TIMEZONE', 'timezone'],
  ['crom', 'cron'],
  ['widnow', 'window'],
])('%s was meant to be %s', (typed, meant) => {
  expect(nearestWord(typed, ['cron', 'timezone', 'window', 'enabled'])).toBe(meant);
});

test('the nearest of several near words is named', () => {
  expect(nearestWord('daily2', ['weekly', 'daily', 'dailies'])).toBe('daily');
});

test('nothing is guessed from afar', () => {
  expect(nearestWord('banana', ['cron', 'timezone'])).toBeUndefined();
  expect(nearestWord('', ['cron'])).toBeUndefined();
  expect(nearestWord('cron', [])).toBeUndefined();
});
