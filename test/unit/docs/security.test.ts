import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));
const threats = readFileSync(join(docs, 'security.md'), 'utf8')
  .split('## Threats')[1]
  ?.split('\n## ')[0]
  ?.split('\n')
  .filter((line) => /^\| (?!---)/.test(line) && !line.endsWith('| test |'));

test('every threat names a test that tries it', () => {
  expect(threats?.length).toBeGreaterThan(20);
  expect(threats?.filter((row) => testsIn(row).length === 0)).toEqual([]);
});

test.each((threats ?? []).flatMap(testsIn))('%s is a test of %s', (name, file) => {
  const path = join(docs, file);
  expect(existsSync(path)).toBe(true);
  // As it is written behind test( or test.each(…)(, in any quotes.
  const quoted = ["'", '"', '`'].map((quote) => `(${quote}${name}${quote},`);
  const source = readFileSync(path, 'utf8').replaceAll(/\(\n\s+/g, '(');
  expect(quoted.some((text) => source.includes(text))).toBe(true);
});

/** Name and file of each: `[name](../test/….test.ts)`. */
function testsIn(row: string): readonly (readonly [string, string])[] {
  return [...row.matchAll(/\[([^\]]+)\]\((\.\.\/test\/[^)]+\.test\.ts)\)/g)].map(
    ([, name = '', file = '']) => [name, file] as const,
  );
}
