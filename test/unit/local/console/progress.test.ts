import { describe, expect, test } from '@jest/globals';
import { progressView, type Row } from '../../../../local/console/progress.ts';
import { printable, table, wrapped } from '../../../../local/console/wording.ts';

const row = (files: number): Row => ({
  instance: 'i-1',
  status: 'working',
  progress: { phase: 'copy', files, totalFiles: 100, bytes: files * 1000, totalBytes: 100_000 },
});

describe('progress', () => {
  test('a terminal is redrawn in place, with rate and time left', () => {
    const written: string[] = [];
    let now = 0;
    const view = progressView({ isTTY: true, columns: 120, write: (text) => written.push(text) }, () => now);
    view.show([row(0)]);
    now = 1000;
    view.show([row(50)]);
    expect(written[1]).toContain('\x1b[1A\x1b[J');
    expect(written[1]).toMatch(/50\/100 files {2}50 kB {2}50 kB\/s {2}1 s left/);
  });

  test('elsewhere there are plain lines, not more than one in two seconds for the same phase', () => {
    const written: string[] = [];
    let now = 0;
    const view = progressView({ write: (text) => written.push(text) }, () => now);
    for (now = 0; now < 4000; now += 100) view.show([row(now / 100)]);
    expect(written).toHaveLength(2);
    expect(written.join('')).not.toContain('\x1b');
  });
});

describe('wording', () => {
  test('a table is as wide as its widest cells', () => {
    expect(
      table(
        [
          ['a', '1'],
          ['long', '22'],
        ],
        [1],
      ),
    ).toEqual(['a      1', 'long  22']);
  });

  test('a long line is broken at spaces, a long word stays whole', () => {
    expect(wrapped('aa bb cccccc d', 5)).toEqual(['aa bb', 'cccccc', 'd']);
  });

  test('control characters cannot move the cursor', () => {
    expect(printable('a\x1b[2Jb')).toBe('a\\x1b[2Jb');
  });
});
