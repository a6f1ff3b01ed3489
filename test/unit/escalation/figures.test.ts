import { expect, test } from '@jest/globals';
import { bytesOf, countedOf, countOf, durationOf, momentOf } from '../../../functions/escalation/figures.ts';

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [1_234_567, '1,234,567'],
])('%d is written %s', (count, written) => {
  expect(countOf(count)).toBe(written);
});

test('one is one, all else is many', () => {
  expect(countedOf(1, 'file')).toBe('1 file');
  expect(countedOf(0, 'file')).toBe('0 files');
  expect(countedOf(1, 'more kind', 'more kinds')).toBe('1 more kind');
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [12_345_678, '12.3 MB'],
  [999_999, '1 MB'],
  [48_000_000_000, '48 GB'],
  [2e18, '2000 PB'],
])('%d bytes are %s', (bytes, written) => {
  expect(bytesOf(bytes)).toBe(written);
});

test.each([
  [-5, '0 s'],
  [420, '0.4 s'],
  [14_000, '14 s'],
  [59_600, '1 min'],
  [200_000, '3 min 20 s'],
  [7_500_000, '2 h 5 min'],
  [3 * 86_400_000, '3 days'],
])('%d milliseconds are %s', (milliseconds, written) => {
  expect(durationOf(milliseconds)).toBe(written);
});

test("a moment is told in the plan's time zone, named", () => {
  expect(momentOf('2026-11-23T18:00:02.000Z', 'Asia/Singapore')).toBe(
    'Tue, 24 Nov 2026, 02:00 (Asia/Singapore)',
  );
});
