/**
 * Text that came from an instance or from another service, made safe to look at: control characters, bidirectional
 * overrides, invisible characters and lone surrogates are shown as escapes, and it is cut to `most` characters. What is
 * left is one line of plain text; each channel still escapes it for its own markup.
 */
export const visible = (text: string, most: number): string => {
  // Cut first: ten characters of output for one of input at most, so a huge text is never walked as a whole.
  const shown = text.slice(0, most + 1).replace(unseen, escapeOf);
  const characters = [...shown];
  const isWhole = text.length <= most && characters.length <= most;
  return isWhole ? shown : `${characters.slice(0, most - 1).join('')}…`;
};

/** Control, format (bidi, zero width, tags), line and paragraph separators, lone surrogates. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const escapeOf = (character: string): string => {
  switch (character) {
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    case '\t':
      return '\\t';
    default: {
      const code = character.codePointAt(0) ?? 0;
      return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
    }
  }
};
