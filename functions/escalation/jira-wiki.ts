import type { Line, Part, Span } from './message.ts';

/** JIRA's wiki markup, which Data Center takes (its REST API v2 knows no ADF). */
export const wikiOf = (parts: readonly Part[]): string => parts.map(blockOf).join('\n\n');

const blockOf = (part: Part): string => {
  switch (part.kind) {
    case 'paragraph':
      return lineOf(part.line);
    case 'list':
      return part.items.map((item) => `* ${lineOf(item)}`).join('\n');
  }
};

const lineOf = (line: Line): string => line.map(spanOf).join('');

const spanOf = (span: Span): string => {
  switch (span.kind) {
    case 'text':
      return wikiText(span.text);
    case 'strong':
      return around(span.text, '*', '*');
    case 'code':
      return around(span.text, '{{', '}}');
    case 'link':
      return `[${wikiText(span.text)}|${span.url.replaceAll('|', '%7C').replaceAll(']', '%5D').replaceAll(' ', '%20')}]`;
  }
};

/**
 * Everything but letters, digits, spaces, commas and full stops as a numeric entity: the wiki renderer has dozens of
 * notations (emphasis, macros, mentions, smileys, links), a backslash does not stop all of them, and an entity is none.
 */
export const wikiText = (text: string): string =>
  text.replace(/[!-/:-@[-`{-~]/g, (character) =>
    character === ',' || character === '.' ? character : `&#${character.charCodeAt(0)};`,
  );

const around = (text: string, begin: string, end: string): string => {
  const word = text.trim();
  if (word === '') return text;
  const start = text.indexOf(word);
  return `${text.slice(0, start)}${begin}${wikiText(word)}${end}${text.slice(start + word.length)}`;
};
