import type { NoticeKind } from '../pipeline/run-record.ts';

/**
 * What is said, before it is dressed for a channel. Lines are made of spans, so that no renderer has to parse text: it
 * escapes each span for where it goes. Everything that came from an instance is in `code` spans, already made visible
 * and short (untrusted-text.ts).
 */
export type Message = {
  readonly kind: NoticeKind;
  /** One line of at most {@link longestTitle} characters: what is protected and what is not. */
  readonly title: string;
  /** The whole message in one line, for notifications and screen readers. */
  readonly summary: string;
  /** False where the title alone would repeat what the only part says: a short notice of one line. */
  readonly hasTitle: boolean;
  readonly parts: readonly Part[];
};

export type Part =
  | { readonly kind: 'paragraph'; readonly line: Line }
  | { readonly kind: 'list'; readonly items: readonly Line[] };

export type Line = readonly Span[];

export type Span =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'strong'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly url: string };

/** Slack's limit for a header (150) is the narrowest of all channels; JIRA's summary takes 255. */
export const longestTitle = 150;

export const text = (words: string): Span => ({ kind: 'text', text: words });
export const strong = (words: string): Span => ({ kind: 'strong', text: words });
export const code = (words: string): Span => ({ kind: 'code', text: words });
export const link = (words: string, url: string): Span => ({ kind: 'link', text: words, url });
export const paragraph = (...line: Line): Part => ({ kind: 'paragraph', line });
export const list = (items: readonly Line[]): Part => ({ kind: 'list', items });

/** Our own sentences, in which `backticks` mark what is typed or named. */
export const sentence = (words: string): Line =>
  words
    .split('`')
    .map((piece, index) => (index % 2 === 1 ? code(piece) : text(piece)))
    .filter((span) => span.text !== '');

/** Spans joined with a separator between them. */
export const joined = (lines: readonly Line[], separator: string): Line =>
  lines.flatMap((line, index) => (index === 0 ? line : [text(separator), ...line]));

/** The line without its markup. */
export const plain = (line: Line): string => line.map((span) => span.text).join('');
