/** How a piece of a line looks on a terminal, and in the picture of one. */
export type Look = 'plain' | 'strong' | 'good' | 'bad' | 'quiet' | 'bar';
export type Piece = { readonly look: Look; readonly text: string };

const words: readonly (readonly [RegExp, Look])[] = [
  [/(?<= )protected(?:-with-warnings)?(?= )/g, 'good'],
  [/(?<= )(?:failed|unreachable|timed-out|gone)(?= |$)/g, 'bad'],
  [/[█░]+/g, 'bar'],
  [/│/g, 'quiet'],
];

/** A line of the console in pieces: titles strong, outcomes by what they mean, bars and margins apart. */
export const piecesOf = (line: string): readonly Piece[] => {
  if (/^\$ /.test(line) || /^[A-Z][A-Za-z ]+$/.test(line)) return [{ look: 'strong', text: line }];
  let pieces: readonly Piece[] = [{ look: 'plain', text: line }];
  for (const [pattern, look] of words)
    pieces = pieces.flatMap((piece) => (piece.look === 'plain' ? split(piece.text, pattern, look) : [piece]));
  return pieces.filter(({ text }) => text !== '');
};

const split = (text: string, pattern: RegExp, look: Look): readonly Piece[] => {
  const pieces: Piece[] = [];
  let end = 0;
  for (const found of text.matchAll(pattern)) {
    pieces.push({ look: 'plain', text: text.slice(end, found.index) }, { look, text: found[0] });
    end = found.index + found[0].length;
  }
  return [...pieces, { look: 'plain', text: text.slice(end) }];
};

/** SGR parameters, ECMA-48: of the 16 colours that every terminal has and its owner has chosen. */
const codes: Readonly<Record<Look, string>> = {
  plain: '',
  strong: '1',
  good: '32',
  bad: '31',
  quiet: '90',
  bar: '34',
};

type Sink = { readonly isTTY?: boolean };

/** The text as it may be written there: in colours on a terminal, unless NO_COLOR is set (no-color.org). */
export const painted = (text: string, sink: Sink, environment: NodeJS.ProcessEnv = process.env): string =>
  sink.isTTY !== true || (environment.NO_COLOR ?? '') !== '' ? text : text.split('\n').map(paint).join('\n');

const paint = (line: string): string =>
  piecesOf(line)
    .map(({ look, text }) => (codes[look] === '' ? text : `\x1b[${codes[look]}m${text}\x1b[0m`))
    .join('');
