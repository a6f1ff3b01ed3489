import { expect, test } from '@jest/globals';
import { painted, piecesOf } from '../../../local/console/colours.ts';
import { progressView, type Row } from '../../../local/console/progress.ts';

const busy: Row = {
  instance: 'i-0123456789abcdef0',
  status: 'working',
  progress: { phase: 'copy', files: 1_234, totalFiles: 9_600, bytes: 4_000_000, totalBytes: 32_000_000 },
};
const later: Row = {
  ...busy,
  progress: { phase: 'copy', files: 4_000, totalFiles: 9_600, bytes: 12_000_000, totalBytes: 32_000_000 },
};

const shownAt = (columns: number, environment = process.env): string => {
  let text = '';
  let time = 0;
  const sink = { isTTY: true, columns, write: (more: string) => (text = more) };
  const view = progressView(sink, () => time);
  view.show([busy]);
  time = 2_000;
  view.show([later]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal acts upon
  return environment.NO_COLOR === undefined ? text.replaceAll(/\x1b\[[0-9;]*[A-Za-z]/g, '').trimEnd() : text;
};

test.each([80, 100, 130])('files, bytes, rate and time left are on a terminal of %d columns', (columns) => {
  const line = shownAt(columns);
  expect(line.length).toBeLessThan(columns);
  expect(line).toContain('4,000/9,600 files');
  expect(line).toContain('12 MB');
  expect(line).toContain('4 MB/s');
  expect(line).toContain('5 s left');
});

test('outcomes have colours on a terminal, and nowhere else', () => {
  const line = '  i-0abc  protected  failed │ text';
  expect(painted(line, {})).toBe(line);
  expect(painted(line, { isTTY: true }, { NO_COLOR: '1' })).toBe(line);
  expect(painted(line, { isTTY: true }, {})).toContain('\x1b[32mprotected\x1b[0m');
  expect(
    piecesOf(line)
      .map(({ text }) => text)
      .join(''),
  ).toBe(line);
});
