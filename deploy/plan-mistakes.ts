/** A place in a file: line and column from 1, the length of what is marked, and the line's text without secrets. */
export type Spot = {
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly text: string;
};

/** One thing that is wrong with a plan file. No text in it holds a secret. */
export type Mistake = {
  readonly file: string;
  /** Absent where there is no file. */
  readonly spot?: Spot | undefined;
  /** Path of the key, as `plans.acme-web.schedule.cron`; empty for the file as a whole. */
  readonly key: string;
  /** What is wrong, a sentence. */
  readonly wrong: string;
  /** What is allowed, to be read after "Allowed:". */
  readonly allowed?: string | undefined;
  /** What was probably meant. */
  readonly meant?: string | undefined;
};

/** Everything that is wrong with a plan file, at once. The message is complete and made for people; there is no stack. */
export class PlanMistakes extends Error {
  override readonly name = 'PlanMistakes';
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    super(formatMistakes(mistakes));
    this.mistakes = mistakes;
    // osls prints the stack, behind a sentence of its own; where we stood in our code helps nobody to mend a file.
    this.stack = `\n${this.message}`;
  }
}

/** The mistakes as a compiler prints them: place, key, what is wrong, the line, and a caret under it. */
export const formatMistakes = (mistakes: readonly Mistake[]): string => {
  const file = mistakes[0]?.file ?? 'the plan file';
  const count = mistakes.length === 1 ? 'One mistake' : `${mistakes.length} mistakes`;
  const end = `${count} in ${file}. docs/plan.md describes every key, docs/plan-example.yml shows them.`;
  return [...mistakes.map(formatMistake), end].join('\n\n');
};

const formatMistake = (mistake: Mistake): string => {
  const { file, spot, key } = mistake;
  const place = spot === undefined ? file : `${file}:${spot.line}:${spot.column}`;
  const head = `${place}${key === '' ? '' : ` ${key}`}: ${sentence(mistake)}`;
  return spot === undefined ? head : [head, ...marked(spot)].join('\n');
};

/** What is wrong and what to do, without the place. */
export const sentence = ({ wrong, allowed, meant }: Mistake): string =>
  [
    wrong,
    ...(allowed === undefined ? [] : [`Allowed: ${allowed}.`]),
    ...(meant === undefined ? [] : [`Did you mean \`${meant}\`?`]),
  ].join(' ');

const marked = ({ line, column, length, text }: Spot): readonly string[] => {
  const start = column > widest ? column - widest / 2 : 0;
  const shown = text.slice(start, start + widest);
  const before = shown.slice(0, column - 1 - start).replaceAll(/[^\t]/g, ' ');
  const carets = '^'.repeat(Math.max(1, Math.min(length, shown.length - before.length)));
  const number = String(line).padStart(4);
  return [`${number} | ${shown}`, `${' '.repeat(number.length)} | ${before}${carets}`];
};

/** Columns of a source line that are shown. */
const widest = 120;
