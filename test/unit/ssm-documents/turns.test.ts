import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const library = fileURLToPath(new URL('../../../ssm-documents/lib/settings.sh', import.meta.url));
const turnsOf = (instances: readonly string[], spread: number): readonly number[] => {
  const script = [
    'set -Eeuo pipefail',
    `source ${library}`,
    `SPREAD_SECONDS=${spread}`,
    ...instances.map((id) => `turn_of ${id}`),
  ];
  const { stdout, stderr, status } = spawnSync('bash', ['-s'], {
    input: script.join('\n'),
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.trim().split('\n').map(Number);
};
/** Ids as EC2 gives them: random, the same in every run of this test. */
const ids = Array.from(
  { length: 1_000 },
  (_, index) => `i-0${createHash('sha256').update(String(index)).digest('hex').slice(0, 16)}`,
);

test('a thousand instances that begin at once have their turns all over 100 seconds, never many in the same', () => {
  const counts = new Map<number, number>();
  for (const turn of turnsOf(ids, 100)) counts.set(turn, (counts.get(turn) ?? 0) + 1);
  expect(Math.min(...counts.keys())).toBeGreaterThanOrEqual(0);
  expect(Math.max(...counts.keys())).toBeLessThan(100);
  expect(counts.size).toBeGreaterThan(95);
  expect(Math.max(...counts.values())).toBeLessThan(30);
});

test('an instance has the same turn whenever it is asked, and one with an id of another kind does not wait', () => {
  expect(turnsOf(['i-0000000000000002a', 'i-0000000000000002a', 'web-1'], 9)).toEqual([6, 6, 0]);
});
