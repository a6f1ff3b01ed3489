/** A glob that cannot be understood. Its message is for the person who typed it. */
export class BadGlob extends Error {
  override readonly name = 'BadGlob';
}

/**
 * A glob for names below the source, as an extended regular expression of grep for names as manifests escape them
 * (docs/share-format.md). `*` is any text without a slash, `**` any text, `?` a byte, `[a-z]` and `[!a-z]` a byte of
 * printable ASCII that is, or is not, among these; a backslash takes the next character as it is. A folder that matches stands
 * for all that is in it. Throws {@link BadGlob}.
 */
export const globPattern = (glob: string): string => {
  const text = glob.replace(/^\.?\/+/, '').replace(/\/+$/, '');
  if (text === '') throw new BadGlob(`"${glob}" names nothing: leave the paths out to mean everything.`);
  let pattern = '';
  for (let at = 0; at < text.length; ) {
    const { taken, part } = partAt(text, at);
    pattern += part;
    at += taken;
  }
  return pattern;
};

type Part = { readonly taken: number; readonly part: string };

const oneByte = '([^/%]|%[0-9A-F]{2})';

const partAt = (text: string, at: number): Part => {
  const rest = text.slice(at);
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  switch (character) {
    case '*':
      return rest.startsWith('**') ? { taken: 2, part: '.*' } : { taken: 1, part: '[^/]*' };
    case '?':
      return { taken: 1, part: oneByte };
    case '[':
      return classAt(rest);
    case '\\': {
      const next = String.fromCodePoint(text.codePointAt(at + 1) ?? 0);
      if (at + 1 >= text.length) throw new BadGlob(`"${text}" ends with a backslash: nothing follows it.`);
      return { taken: 1 + next.length, part: literal(next) };
    }
    default:
      return { taken: character.length, part: literal(character) };
  }
};

/** `[…]`: the characters that it may hold stand in escaped names as they are, so its brackets can, too. */
const classAt = (rest: string): Part => {
  const found = /^\[([!^]?)(\]?[^\]]*)\]/.exec(rest);
  const [whole = '', not = '', members = ''] = found ?? [];
  if (found === null || members === '') throw new BadGlob(`"${rest}": the bracket is not closed.`);
  if (!/^[!-~]+$/.test(members) || /["#%\\/]/.test(members))
    throw new BadGlob(
      `"${whole}": between brackets stand letters, digits and signs, but none of " # % \\ /.`,
    );
  const inOrder = members.startsWith('^') ? `${members.slice(1)}^` : members;
  return not === ''
    ? { taken: whole.length, part: `[${inOrder}]` }
    : { taken: whole.length, part: `([^/%${inOrder}]|%[0-9A-F]{2})` };
};

const literal = (character: string): string =>
  escapedName(character).replaceAll(/[.*+?()[\]{}|^$\\]/g, '\\$&');

/** As names stand in manifests: each byte outside `!` to `~`, and each of `"` `#` `%` `\\`, as % and two hexadecimal digits. */
export const escapedName = (name: string): string =>
  [...Buffer.from(name, 'utf8')]
    .map((byte) =>
      byte < 0x21 || byte > 0x7e || [0x22, 0x23, 0x25, 0x5c].includes(byte)
        ? hex(byte)
        : String.fromCharCode(byte),
    )
    .join('');

/** Globs as the parameter `paths` of the restore document takes them. Throws {@link BadGlob}. */
export const pathsText = (globs: readonly string[]): string =>
  globs.map((glob) => encoded(globPattern(glob))).join(' ');

const encoded = (pattern: string): string =>
  pattern.replaceAll(/[^A-Za-z0-9._/~-]/g, (character) => hex(character.charCodeAt(0)));

const hex = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
