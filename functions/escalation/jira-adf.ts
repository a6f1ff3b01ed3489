import type { Line, Part, Span } from './message.ts';

/**
 * Atlassian Document Format, version 1 (developer.atlassian.com/cloud/jira/platform/apis/document/structure), as far as
 * messages need it. Text is data there, never markup: nothing has to be escaped.
 */
export type AdfDocument = {
  readonly version: 1;
  readonly type: 'doc';
  readonly content: readonly AdfBlock[];
};

export type AdfBlock =
  | AdfParagraph
  | {
      readonly type: 'bulletList';
      readonly content: readonly { readonly type: 'listItem'; readonly content: readonly [AdfParagraph] }[];
    };
type AdfParagraph = { readonly type: 'paragraph'; readonly content: readonly AdfText[] };
type AdfText = { readonly type: 'text'; readonly text: string; readonly marks?: readonly AdfMark[] };
type AdfMark =
  | { readonly type: 'strong' | 'code' }
  | { readonly type: 'link'; readonly attrs: { readonly href: string } };

export const adfOf = (parts: readonly Part[]): AdfDocument => ({
  version: 1,
  type: 'doc',
  content: parts.map(blockOf),
});

const blockOf = (part: Part): AdfBlock => {
  switch (part.kind) {
    case 'paragraph':
      return paragraphOf(part.line);
    case 'list':
      return {
        type: 'bulletList',
        content: part.items.map((item) => ({ type: 'listItem', content: [paragraphOf(item)] })),
      };
  }
};

/** A text node must not be empty; a paragraph may be. */
const paragraphOf = (line: Line): AdfParagraph => ({
  type: 'paragraph',
  content: line.filter(({ text }) => text !== '').map(textOf),
});

const textOf = (span: Span): AdfText => {
  const { text } = span;
  switch (span.kind) {
    case 'text':
      return { type: 'text', text };
    case 'strong':
    case 'code':
      return { type: 'text', text, marks: [{ type: span.kind }] };
    case 'link':
      return { type: 'text', text, marks: [{ type: 'link', attrs: { href: span.url } }] };
  }
};
