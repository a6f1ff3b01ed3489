import { expect, jest, test } from '@jest/globals';
import { measureNight } from '../../bench/scale/measure-night.ts';
import { packagedService } from './packaged-service.ts';

jest.setTimeout(300_000);

const instances = 200;
/** The largest page of each API that is asked in proportion to the fleet. */
const pages = instances / 50;
/** Calls of a night and its prune that do not depend on the fleet: some 90 for three instances. */
const constantCalls = 200;

test(`a night of ${instances} instances and its prune ask AWS in proportion to the fleet, in memory that a small function has`, async () => {
  const { calls, functions, widgets, recordBytes } = await measureNight(await packagedService(), instances);
  const {
    'ssm DescribeInstanceInformation': pings = 0,
    'ssm ListCommandInvocations': invocations = 0,
    ...others
  } = calls;
  // The backup, the look for who is gone, and the prune ask once each whose agents are online; check asks once for each how it ended.
  // Some looks more are forgiven: what SSM lists may lag behind what it has told.
  expect(pings).toBeGreaterThanOrEqual(2 * pages);
  expect(pings).toBeLessThanOrEqual(5 * pages);
  expect(invocations).toBeGreaterThanOrEqual(2 * pages);
  expect(invocations).toBeLessThanOrEqual(6 * pages);
  expect(Object.values(others).reduce((sum, each) => sum + each, 0)).toBeLessThan(constantCalls);
  for (const { name, peakMegabytes } of functions) expect([name, peakMegabytes < 256]).toEqual([name, true]);
  expect(widgets.map(({ view, bytes }) => [view, bytes < 256 * 1024])).toEqual([
    ['plan', true],
    ['run', true],
    ['instance', true],
  ]);
  expect(recordBytes).toBeLessThan(instances * 1024);
});
