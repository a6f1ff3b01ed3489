import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const library = fileURLToPath(new URL('../../../ssm-documents/lib/settings.sh', import.meta.url));
/** For how many seconds each of these would sleep. */
const waitsOf = (instances: readonly string[], spread: number): readonly string[] => {
  const script = [
    'set -Eeuo pipefail; exec 3>&1',
    `source ${library}`,
    'sleep() { printf %s "$1"; }',
    `SPREAD_SECONDS=${spread}`,
    ...instances.map((id) => `INSTANCE=${id}; wait_for_turn; echo`),
  ];
  const { stdout, stderr, status } = spawnSync('bash', ['-s'], {
    input: script.join('\n'),
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.trimEnd().split('\n');
};
/** Ids as EC2 gives them: random, the same in every run of this test. */
const ids = Array.from(
  { length: 1_000 },
  (_, index) => `i-0${createHash('sha256').update(String(index)).digest('hex').slice(0, 16)}`,
);

test('a thousand instances that begin at once have their turns all over 100 seconds, never many in the same', () => {
  const counts = new Map<number, number>();
  for (const turn of waitsOf(ids, 100).map(Number)) counts.set(turn, (counts.get(turn) ?? 0) + 1);
  expect(Math.min(...counts.keys())).toBeGreaterThanOrEqual(0);
  expect(Math.max(...counts.keys())).toBeLessThan(100);
  expect(counts.size).toBeGreaterThan(95);
  expect(Math.max(...counts.values())).toBeLessThan(30);
});

test('an instance has the same turn whenever it is asked', () => {
  expect(waitsOf(['i-0000000000000002a', 'i-0000000000000002a'], 9)).toEqual(['6', '6']);
});

test('nobody waits where few begin at once, nor one with an id of another kind', () => {
  expect(waitsOf(['i-0000000000000002a'], 0)).toEqual(['']);
  expect(waitsOf(['web-1', 'i-0000000000000002a'], 9)).toEqual(['', '6']);
});
