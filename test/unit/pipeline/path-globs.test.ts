import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BadGlob, escapedName, globPattern, pathsText } from '../../../functions/pipeline/path-globs.ts';

/** As lib/locate.sh asks grep. */
const grepFinds = (glob: string, name: string): boolean =>
  spawnSync('grep', ['-qE', '-e', `^(${globPattern(glob)})(/|$)`], {
    input: `${escapedName(name)}\n`,
    env: { ...process.env, LC_ALL: 'C' },
  }).status === 0;
/** The same, faster; JavaScript reads brackets another way. */
const matches = (glob: string, name: string): boolean =>
  new RegExp(`^(${globPattern(glob)})(/|$)`).test(escapedName(name));

describe('a glob', () => {
  test.each([
    ['student-7', 'student-7/7_12_2026.pdf', true],
    ['student-7', 'student-70/x', false],
    ['student-7/', 'student-7/x', true],
    ['./a', 'a', true],
    ['*.pdf', 'a.pdf', true],
    ['*.pdf', 'folder/a.pdf', false],
    ['**.pdf', 'folder/deep/a.pdf', true],
    ['**/7_*.pdf', 'student-7/7_12_2026.pdf', true],
    ['?', 'a', true],
    ['?', '"', true],
    ['?', '/', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[!a-c]x', ' x', true],
    ['[]]', ']', true],
    ['[^a]', 'b', true],
    ['a b', 'a b', true],
    ['caf\u00e9', 'caf\u00e9', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['a+b(c)|d', 'a+b(c)|d', true],
    ['100%', '100%', true],
    ['new\nline', 'new\nline', true],
  ])('%j and the name %j: %s', (glob, name, expected) => expect(grepFinds(glob, name)).toBe(expected));

  test.each(['', '/', './', '[a', '[]', 'a\\', '[a/b]'])('%j is refused', (glob) =>
    expect(() => globPattern(glob)).toThrow(BadGlob),
  );

  test('every name is matched by itself with its signs escaped, and by no other', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((text) => !/[/\0]/.test(text));
    const itself = (text: string): string => text.replaceAll(/[*?[\\]/g, '\\$&');
    fc.assert(
      fc.property(name, name, (one, other) => {
        // "." and "./" are how a path begins, not a name.
        fc.pre(!one.startsWith('.'));
        expect(matches(itself(one), one)).toBe(true);
        expect(matches(itself(one), other)).toBe(one === other);
      }),
    );
  });

  test('is the same to grep', () => {
    const pattern = `^(${globPattern('a[!b]*/?\\[x].pdf')})(/|$)`;
    const names = ['ac1/"[x].pdf', 'ab1/y[x].pdf', 'ac/yy[x].pdf'].map(escapedName).join('\n');
    expect(execFileSync('grep', ['-E', '-e', pattern], { input: names, encoding: 'utf8' })).toBe(
      'ac1/%22[x].pdf\n',
    );
  });

  test('travels without a sign that a shell or the service would read', () =>
    expect(pathsText(['a b/*.pdf', '["$(id)]'.slice(2, 3)])).toMatch(/^[A-Za-z0-9._/~% -]+$/));
});
