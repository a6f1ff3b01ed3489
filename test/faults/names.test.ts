import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { makeInstance, night, pointOf, protectedLine } from './instance.ts';
import { differences, recoveryPoint, type Tree, treeOf } from './share-reader.ts';

jest.setTimeout(120_000);

/** Any bytes but NUL and slash, weighted towards what breaks scripts; latin1, a character a byte. */
const hostile = fc
  .oneof(
    fc.constantFrom(
      '\n',
      '-rf',
      '--help',
      '$(id)',
      '`id`',
      '"',
      "'",
      '\\',
      '*',
      '?',
      '[x]',
      '{a,b}',
      ' ',
      '  lead',
      'trail ',
      '%',
      '%41',
      '%0A',
      '#end',
      ';',
      '; x',
      '!',
      '&',
      '|',
      '~',
      '~2',
      '\x7f',
      '\x01',
      '\x1b[31m',
      '\xff\xfe',
      '\xc3\x28',
      'caf\xc3\xa9',
      '\r\n',
      '\t',
      '.file.AbC123',
      '.~tmp~',
      'lifeboat.json',
      'a\nb\nc',
      ':',
      'host:path',
      '\\x41',
      '\\n',
      'x'.repeat(255),
      '\xe2'.repeat(255),
      '@1@0.1',
      ' f 644 0 0',
      '-',
      '. ',
      '...',
      'No space left on device (28)',
    ),
    fc.string({
      unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 40,
    }),
  )
  .filter((name) => name !== '.' && name !== '..' && !name.includes('/') && name !== '');

type Thing =
  | { readonly kind: 'f'; readonly content: string }
  | { readonly kind: 'l'; readonly target: string }
  | { readonly kind: 'd'; readonly things: readonly (readonly [string, Thing])[] };

const { thing } = fc.letrec<{ thing: Thing }>((tie) => ({
  thing: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('f' as const), content: fc.string({ maxLength: 30 }) }),
    fc.record({
      kind: fc.constant('l' as const),
      target: fc.oneof(hostile, fc.constant('//x//y'), fc.constant('/./')),
    }),
    fc.record({
      kind: fc.constant('d' as const),
      things: fc.array(fc.tuple(hostile, tie('thing')), { maxLength: 6 }),
    }),
  ),
}));
const tree = fc.array(fc.tuple(hostile, thing), { minLength: 3, maxLength: 12 });

const make = (folder: string, things: readonly (readonly [string, Thing])[]): void => {
  const made = new Set<string>();
  for (const [name, each] of things) {
    if (made.has(name)) continue;
    made.add(name);
    const path = Buffer.from(`${folder}/${name}`, 'latin1');
    if (each.kind === 'f') writeFileSync(path, each.content);
    else if (each.kind === 'l') symlinkSync(Buffer.from(each.target, 'latin1'), path);
    else {
      mkdirSync(path);
      make(`${folder}/${name}`, each.things);
    }
  }
};

test('names in any bytes come back on every night, whatever became of them on the next', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(tree, { minLength: 2, maxLength: 3 }), async (nights) => {
      const instance = makeInstance();
      try {
        const seen: Tree[] = [];
        for (const [index, things] of nights.entries()) {
          for (const name of readdirSync(instance.upload, { encoding: 'buffer' }))
            rmSync(Buffer.concat([Buffer.from(`${instance.upload}/`), name]), { recursive: true });
          make(instance.upload, things);
          const parameters = { allowShrink: 'yes' };
          const line = protectedLine(await instance.run(night(index + 1), { parameters }));
          expect(line).toMatchObject({ outcome: 'protected', warnings: [] });
          seen.push(treeOf(instance.upload));
        }
        for (const [index, before] of seen.entries())
          expect(differences(recoveryPoint(instance.base, pointOf(night(index + 1))), before)).toEqual([]);
        const current = treeOf(`${instance.base}/current`);
        expect([...current.keys()].sort()).toEqual([...(seen.at(-1) ?? new Map()).keys()].sort());
      } finally {
        instance.remove();
      }
    }),
    { numRuns: 12, endOnFailure: false },
  );
}, 120_000);
