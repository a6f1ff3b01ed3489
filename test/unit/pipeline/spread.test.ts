import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dispatchRun } from '../../../functions/pipeline/dispatch-run.ts';
import { spreadSeconds } from '../../../functions/pipeline/spread.ts';
import { newWorld, plan, scheduledTime, worker } from './memory-world.ts';

const threeHours = 3 * 3_600;

describe('a wave of work', () => {
  test.each([
    ['of ten or fewer begins at once', '100%', 10, threeHours, 0],
    [
      'of a plan that lets ten work at a time begins at once, however large the fleet',
      '10',
      10_000,
      threeHours,
      0,
    ],
    ['of a thousand at once takes 100 seconds to begin', '100%', 1_000, threeHours, 100],
    ['of a tenth of ten thousand waits less, as ten rounds come', '10%', 10_000, threeHours, 54],
    ['does not wait where there is no time', '100%', 1_000, 300, 15],
    ['past its deadline does not wait', '100%', 1_000, -5, 0],
  ])('%s', (_, concurrency, instances, secondsLeft, spread) => {
    expect(spreadSeconds(concurrency, instances, secondsLeft)).toBe(spread);
  });

  test('property: waiting takes a twentieth of the time at most, and is never more than ten a second need', () => {
    const limit = fc.oneof(
      fc.integer({ min: 1, max: 9_999_999 }).map(String),
      fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
    );
    fc.assert(
      fc.property(
        limit,
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: -100, max: 172_800 }),
        (concurrency, instances, left) => {
          const spread = spreadSeconds(concurrency, instances, left);
          expect(spread).toBeLessThanOrEqual(Math.max(0, left) / 20);
          expect(spread).toBeLessThanOrEqual(Math.ceil(instances / 10));
          expect(Number.isInteger(spread) && spread >= 0 && spread <= 9_999).toBe(true);
        },
      ),
    );
  });

  test('is told to the instances by dispatch, whether they are the fleet or named', async () => {
    const world = newWorld();
    world.fleet = Array.from({ length: 1_000 }, (_, index) => ({
      instance: `i-${index.toString(16).padStart(8, '0')}`,
      ping: 'Online' as const,
    }));
    const request = {
      ...{ plan, operation: 'backup' as const, trigger: { kind: 'hand' as const, requestId: 'r' } },
      ...{ scheduledTime, allowShrink: false, dryRun: false, concurrency: '100%' },
    };
    const instances = world.fleet.slice(0, 200).map(({ instance }) => instance);
    await dispatchRun(world.doors, request, worker(world, 'r'));
    const later = new Date(scheduledTime.getTime() + 60_000);
    await dispatchRun(world.doors, { ...request, instances, scheduledTime: later }, worker(world, 'r'));
    expect(world.requests.map((each) => each.spreadSeconds)).toEqual([100, 20, 20, 20, 20]);
  });
});
