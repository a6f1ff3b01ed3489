import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { piecesOf } from '../local/console/colours.ts';

/**
 * Makes docs/terminal.svg from a recording of a real run, as `script` writes one:
 *
 *   script -qec 'stty cols 130; npm start' night.txt
 *   node deploy/terminal-picture.ts --from night.txt --command 'npm start' --columns 130 --to docs/terminal.svg
 *
 * Every character of the picture was on the terminal, in the colours that it has there; npm's own lines are left out.
 */
export const terminalPicture = (recording: string, command: string, columns: number): string => {
  const lines = [`$ ${command}`, '', ...wrapped(screenOf(recording), columns)];
  const width = Math.ceil(columns * cell.width + 2 * margin.side);
  const height = margin.top + lines.length * cell.height + margin.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">`,
    `  <title id="title">A terminal in which ${escaped(command)} has run</title>`,
    style,
    `  <rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>`,
    ...[0, 1, 2].map((index) => `  <circle class="button" cx="${24 + index * 20}" cy="20" r="6"/>`),
    ...lines.flatMap((line, index) => (line === '' ? [] : [row(line, index)])),
    '</svg>',
    '',
  ].join('\n');
};

/** Pixels. Monospaced letters are 0.6 of their size wide, in DejaVu Sans Mono 0.602. */
const cell = { size: 13, width: 13 * 0.602, height: 18 } as const;
const margin = { side: 20, top: 48, bottom: 16 } as const;

const style = `  <style>
    text { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; font-size: ${cell.size}px; white-space: pre; fill: #1f2933; }
    .page { fill: #f7f8fa; stroke: #d5dae1; }
    .button { fill: #c9d0d9; }
    .strong { font-weight: 700; }
    .good { fill: #1d7a50; } .bad { fill: #b4233c; } .quiet { fill: #6b7785; } .bar { fill: #2467ae; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6eaef; }
      .page { fill: #14181e; stroke: #2d343d; }
      .button { fill: #3a434e; }
      .good { fill: #5fc795; } .bad { fill: #f0788c; } .quiet { fill: #8c98a5; } .bar { fill: #6aa5e0; }
    }
  </style>`;

/** What is left on the screen: the console moves up and erases below, npm prints a preamble and turns a spinner. */
const screenOf = (recording: string): readonly string[] => {
  const screen: string[] = [];
  let cursor = 0;
  for (const part of recording.replace(spinner, '').replace(colour, '').split(control)) {
    const up = cursorUp.exec(part);
    if (up !== null) cursor = Math.max(0, cursor - Number(up[1] || '1'));
    else if (part === '\x1b[J') screen.length = Math.min(screen.length, cursor);
    else if (part.endsWith('\n')) cursor += 1;
    else if (part !== '' && part !== '\r') screen[cursor] = part;
  }
  const lines = Array.from(screen, (line) => line ?? '');
  const begin = lines.findIndex((line) => line.startsWith('Lifeboat:'));
  const end = lines.findLastIndex((line) => line !== '' && !line.startsWith('Script done'));
  return lines.slice(Math.max(0, begin), end + 1);
};

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: what moves a cursor is control characters
const spinner = /[\u2800-\u28ff]?\x1b\[1G(\x1b\[0K)?/g;
const colour = /\x1b\[\d*m/g;
const control = /(\r?\n|\x1b\[\d*A|\x1b\[J|\r)/;
const cursorUp = /^\x1b\[(\d*)A$/;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: until here

/** Broken where a terminal of this width breaks them. */
const wrapped = (lines: readonly string[], columns: number): readonly string[] =>
  lines.flatMap((line) => {
    const letters = [...line];
    const rows = Math.max(1, Math.ceil(letters.length / columns));
    return Array.from({ length: rows }, (_, index) =>
      letters.slice(index * columns, (index + 1) * columns).join(''),
    );
  });

const row = (line: string, index: number): string =>
  `  <text x="${margin.side}" y="${margin.top + index * cell.height}" xml:space="preserve">${spansOf(line)}</text>`;

const spansOf = (line: string): string =>
  piecesOf(line)
    .map(({ look, text }) => (look === 'plain' ? escaped(text) : span(look, escaped(text))))
    .join('');

const span = (name: string, content: string): string => `<tspan class="${name}">${content}</tspan>`;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const main = (): void => {
  const { values } = parseArgs({
    options: {
      from: { type: 'string' },
      to: { type: 'string' },
      command: { type: 'string', default: 'npm start' },
      columns: { type: 'string', default: '130' },
    },
  });
  const { from, to, command, columns } = values;
  if (from === undefined || to === undefined)
    throw new Error('Say --from RECORDING and --to PICTURE.svg; the head of this file shows how to record.');
  writeFileSync(to, terminalPicture(readFileSync(from, 'utf8'), command, Number(columns)));
};

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
