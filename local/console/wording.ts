/** Figures as a person reads them on a terminal: those of messages, and what a terminal needs besides. */
export {
  bytesOf as size,
  countOf as count,
  durationOf as duration,
} from '../../functions/escalation/figures.ts';

/** A moment in a zone: `Tue 24 Nov 2026, 02:00:00 Asia/Singapore`. */
export const moment = (time: Date, timeZone: string): string => {
  const text = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    day: '2-digit',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).format(time);
  return `${text} ${timeZone}`;
};

/** Rows with columns padded to the widest cell; columns named in `right` are flushed right. */
export const table = (rows: readonly (readonly string[])[], right: readonly number[]): readonly string[] => {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
};

/** `1 instance`, `3 instances`. */
export const instancesOf = (number: number): string => `${number} instance${number === 1 ? '' : 's'}`;

/** A word as a shell reads it back. */
export const shellWord = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** A line broken at spaces so that each piece has at most `width` characters; a longer word stays whole. */
export const wrapped = (line: string, width: number): readonly string[] => {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  return [...lines, current];
};

/** Text from an instance or a file name on a terminal: control characters would move its cursor or colour it. */
export const printable = (text: string): string =>
  text.replace(control, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
