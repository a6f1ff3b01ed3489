import { describe, expect, test } from '@jest/globals';
import { pacerOf } from '../../../../local/protocol/pacer.ts';

const twoThenOneASecond = { milliseconds: 0, throttle: { perSecond: 1, burst: 2 } };

describe('a paced service', () => {
  test('answers a burst, refuses what comes too soon after it, and answers again when a token has come', () => {
    let now = 0;
    const pacer = pacerOf(
      () => twoThenOneASecond,
      () => now,
    );
    const isRefused = () => pacer.refuses('ssm', 'SendCommand') !== undefined;
    expect([isRefused(), isRefused(), isRefused()]).toEqual([false, false, true]);
    now = 999;
    expect(isRefused()).toBe(true);
    now = 1000;
    expect([isRefused(), isRefused()]).toEqual([false, true]);
    now = 100_000;
    expect([isRefused(), isRefused(), isRefused()]).toEqual([false, false, true]);
  });

  test('counts each operation for itself, and never refuses one without a limit', () => {
    const pacer = pacerOf(
      (_, operation) => (operation === 'PutObject' ? undefined : twoThenOneASecond),
      () => 0,
    );
    for (const operation of ['SendCommand', 'SendCommand', 'ListCommands', 'ListCommands', 'PutObject'])
      expect(pacer.refuses('any', operation)).toBeUndefined();
    expect(pacer.refuses('any', 'SendCommand')).toBeDefined();
    for (let put = 0; put < 10; put += 1) expect(pacer.refuses('any', 'PutObject')).toBeUndefined();
  });

  test.each([
    ['ssm', 'ThrottlingException', 400],
    ['ec2', 'RequestLimitExceeded', 503],
    ['autoscaling', 'Throttling', 400],
  ])('%s refuses with %s', (service, code, status) => {
    const pacer = pacerOf(
      () => ({ milliseconds: 0, throttle: { perSecond: 0, burst: 0 } }),
      () => 0,
    );
    expect(pacer.refuses(service, 'DescribeInstances')).toMatchObject({ code, status });
  });

  test('holds an answer back that came sooner than it would from AWS, and no other', async () => {
    const pacer = pacerOf(() => ({ milliseconds: 30 }));
    const took = async (milliseconds: number) => {
      const began = performance.now();
      await pacer.wait({ service: 's3', operation: 'GetObject' }, milliseconds);
      return performance.now() - began;
    };
    expect(await took(0)).toBeGreaterThanOrEqual(28);
    expect(await took(10_000)).toBeLessThan(5_000);
  });
});
