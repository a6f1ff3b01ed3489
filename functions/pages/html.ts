/** HTML that is already safe. Only {@link html} makes it, so that a text from an instance can never become markup. */
export type SafeHtml = { readonly safe: string };

type Part = string | number | SafeHtml | readonly SafeHtml[] | undefined;

/** A template tag: everything that is put in is escaped, unless it was made by this tag. */
export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): SafeHtml => ({
  safe: texts.map((text, index) => text + rendered(parts[index])).join(''),
});

const rendered = (part: Part): string => {
  if (part === undefined) return '';
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return 'safe' in part ? part.safe : part.map(({ safe }) => safe).join('');
};

/** Also shows control characters and direction overrides, which could make a name look like another one. */
export const escapeHtml = (text: string): string =>
  text
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(hidden, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const hidden = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g;
