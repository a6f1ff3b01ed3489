import { expect, test } from '@jest/globals';
import { isTimezone, nearestTimezone } from '../../../functions/config/timezone.ts';

test.each([
  'UTC',
  'Asia/Singapore',
  'Asia/Kolkata',
  'Asia/Calcutta',
  'Europe/Kyiv',
  'US/Pacific',
  'Etc/GMT-8',
])('%s is a time zone', (name) => expect(isTimezone(name)).toBe(true));

test.each([
  ['asia/singapore', 'Asia/Singapore'],
  ['Singapore', 'Asia/Singapore'],
  ['Asia/Singapur', 'Asia/Singapore'],
  ['Asia/Ho Chi Minh', 'Asia/Ho_Chi_Minh'],
  ['America/new_york', 'America/New_York'],
  ['utc', 'UTC'],
  ['GMT', 'UTC'],
  ['+08:00', undefined],
  ['SGT', undefined],
  ['PST', undefined],
  ['Mars/Phobos', undefined],
  ['', undefined],
])('%j is none; %j was meant', (name, meant) => {
  expect(isTimezone(name)).toBe(false);
  expect(nearestTimezone(name)).toBe(meant);
});
