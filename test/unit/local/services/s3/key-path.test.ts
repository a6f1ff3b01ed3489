import { resolve, sep } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keyOfPath, pathOfKey } from '../../../../../local/services/s3/key-path.ts';

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('..', '.', '', 'a', '%', '%2E', '\u0000', '\n', '-rf', '%_', 'x'.repeat(256)))
    .map((parts) => parts.join('/')),
);

test('no key leads out of the folder, and none into it as the folder itself', () => {
  fc.assert(
    fc.property(hostile, (key) => {
      const path = pathOfKey(key);
      return path === undefined || resolve('/folder', path).startsWith(`/folder${sep}`);
    }),
  );
});

test('two keys never share a path, since each path gives its key back', () => {
  fc.assert(
    fc.property(hostile, (key) => [undefined, key].includes(keyOfPath(pathOfKey(key) ?? '%spill/x'))),
  );
});

test('plain keys stay readable', () => {
  expect(pathOfKey('runs/acme-web/20261123T180000Z-backup/record.json')).toBe(
    'runs/acme-web/20261123T180000Z-backup/record.json',
  );
  expect(pathOfKey('a b/Müller (1).pdf')).toBe('a b/Müller (1).pdf');
});

test('what a file name cannot be is escaped', () => {
  expect(pathOfKey('../../etc/passwd')).toBe('%2E%2E/%2E%2E/etc/passwd');
  expect(pathOfKey('/a//b/')).toBe('%_/a/%_/b/%_');
  expect(pathOfKey('a\nb%')).toBe('a%0Ab%25');
  expect(pathOfKey('x'.repeat(300))).toBeUndefined();
});
