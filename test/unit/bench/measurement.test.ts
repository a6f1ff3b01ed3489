import { expect, test } from '@jest/globals';
import { judgeGoals } from '../../../bench/goals.ts';
import { type Measurement, median, parseMeasurements, summarize } from '../../../bench/measurement.ts';
import { peers } from '../../../bench/peers.ts';
import { asText, comparisonTables } from '../../../bench/tables.ts';

const measured = (peer: string, seconds: number, more: Partial<Measurement> = {}): Measurement => ({
  place: 'share',
  work: 'first-copy',
  peer,
  round: 1,
  exit: 0,
  good: 'yes',
  seconds,
  cpuSeconds: seconds / 2,
  busySeconds: seconds / 2,
  peakBytes: 1e6,
  calls: { WRITE: 10 },
  readBytes: 0,
  writtenBytes: 0,
  storedBytes: 0,
  ...more,
});

const verdict = (measurements: readonly Measurement[], goal: string) =>
  judgeGoals(summarize(measurements), peers).find(
    ({ work, goal: each }) => work === 'first-copy' && each === goal,
  );

test('the median is the middle round, whatever their order', () => {
  expect(median([9, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 9])).toBe(3);
});

test('a round that failed is told and never counts, however fast it was', () => {
  const rounds = [measured('rsync', 30), measured('rsync', 0.1, { good: 'no', exit: 23 })];
  const summaries = summarize([...rounds, measured('lifeboat', 5)]);
  expect(summaries[0]).toMatchObject({ rounds: 2, failed: 1, median: { seconds: 30 } });
  const [table] = comparisonTables(summaries, peers);
  expect(table === undefined ? '' : asText(table)).toContain('rsync -a (failed 1 of 2)');
});

test('a goal that nobody measured, or whose peer failed, is never reached', () => {
  expect(verdict([], 'at least 6 × rsync -a')?.result).toBe('not-measured');
  expect(
    verdict([measured('lifeboat', 5), measured('rsync', 60, { good: 'no' })], 'at least 6 × rsync -a')
      ?.result,
  ).toBe('not-measured');
});

test('the best parallel peer is the fastest of those that lay plain files, not restic', () => {
  const all = [
    measured('lifeboat', 10),
    measured('rclone', 15),
    measured('rsync-16', 20),
    measured('restic', 5),
  ];
  expect(verdict(all, 'at least 1.3 × the best parallel peer')).toMatchObject({
    result: 'reached',
    measured: expect.stringContaining('1.50 × rclone copy'),
  });
  expect(verdict([...all, measured('fpsync', 12)], 'at least 1.3 × the best parallel peer')?.result).toBe(
    'missed',
  );
});

test('a figure that is not there is an error, not a zero', () => {
  const line = JSON.stringify(measured('rsync', 1));
  expect(parseMeasurements(`${line}\n`)).toHaveLength(1);
  expect(() => parseMeasurements(line.replace('"peakBytes"', '"peak"'))).toThrow();
});
