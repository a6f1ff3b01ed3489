import type { Line, Message, Part, Span } from './message.ts';

/**
 * The limits of Block Kit, docs.slack.dev/reference/block-kit: 50 blocks a message, 150 characters a header, 3,000 a
 * section's text. `messageCharacters` is not documented: messages with about 13,200 characters in all blocks together
 * were refused as `msg_blocks_too_long` (github.com/slackapi/bolt-js/issues/2509 and 2867), so we stay well below.
 */
export const slackLimits = {
  blocks: 50,
  headerCharacters: 150,
  sectionCharacters: 3000,
  messageCharacters: 10_000,
} as const;

export type SlackBlock =
  | {
      readonly type: 'header';
      readonly text: { readonly type: 'plain_text'; readonly text: string; readonly emoji: false };
    }
  | {
      readonly type: 'section';
      /** `verbatim`: nothing in the text becomes a link or a mention by itself. */
      readonly text: { readonly type: 'mrkdwn'; readonly text: string; readonly verbatim: true };
    };

export type SlackText = { readonly text: string; readonly blocks: readonly SlackBlock[] };

/** The message as Block Kit blocks, and as the line that notifications and screen readers show. */
export const slackTextOf = (message: Message): SlackText => ({
  text: escaped(message.summary),
  blocks: [...(message.hasTitle ? [header(message.title)] : []), ...sectionsOf(message.parts).map(section)],
});

/** `&`, `<` and `>` are all that Slack's markup is made of (docs.slack.dev/messaging/formatting-message-text). */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const header = (title: string): SlackBlock => ({
  type: 'header',
  text: {
    type: 'plain_text',
    text: title.slice(0, slackLimits.headerCharacters).toWellFormed(),
    emoji: false,
  },
});

const section = (text: string): SlackBlock => ({
  type: 'section',
  text: { type: 'mrkdwn', text, verbatim: true },
});

/** A section for each paragraph with the lists that belong to it. What is too much is left to the report. */
const sectionsOf = (parts: readonly Part[]): readonly string[] => {
  const sections: string[] = [];
  for (const part of parts) {
    const rendered = textOf(part);
    const last = sections.at(-1) ?? '';
    const belongs = part.kind === 'list' && last !== '';
    if (belongs && last.length + rendered.length < slackLimits.sectionCharacters)
      sections[sections.length - 1] = `${last}\n${rendered}`;
    else if (rendered !== '') sections.push(rendered);
  }
  return withinMessage(sections);
};

/** The first sections and the last, which holds the links. */
const withinMessage = (sections: readonly string[]): readonly string[] => {
  const links = sections.at(-1);
  if (links === undefined) return [];
  const kept: string[] = [];
  let characters = links.length + slackLimits.headerCharacters;
  for (const rendered of sections.slice(0, -1)) {
    characters += rendered.length;
    if (characters > slackLimits.messageCharacters || kept.length > slackLimits.blocks - 5)
      return [...kept, 'There is more; the report has all of it.', links];
    kept.push(rendered);
  }
  return [...kept, links];
};

const textOf = (part: Part): string => {
  switch (part.kind) {
    case 'paragraph':
      return markupOf(part.line, slackLimits.sectionCharacters);
    case 'list': {
      const each = Math.floor(slackLimits.sectionCharacters / Math.max(1, part.items.length)) - 4;
      return part.items.map((item) => `• ${markupOf(item, each)}`).join('\n');
    }
  }
};

/** The spans that fit, whole: markup cut in its middle would swallow what follows. */
const markupOf = (line: Line, most: number): string => {
  let rendered = '';
  for (const span of line) {
    const next = spanMarkup(span);
    if (rendered.length + next.length > most - 1) return `${rendered}…`;
    rendered += next;
  }
  return rendered;
};

const spanMarkup = (span: Span): string => {
  switch (span.kind) {
    case 'text':
      return escaped(span.text);
    case 'strong':
      return wrapped(escaped(span.text), '*');
    case 'code':
      // Slack knows no escape for a backtick in code: it is shown as the letter that looks like it.
      return wrapped(escaped(span.text.replaceAll('`', 'ˋ')), '`');
    case 'link':
      return `<${escaped(span.url.replaceAll('|', '%7C').replaceAll('<', '%3C').replaceAll('>', '%3E'))}|${escaped(span.text.replaceAll('|', '/'))}>`;
  }
};

/** Markers stand against words: `*bold *` would show its asterisks. */
const wrapped = (text: string, marker: string): string => {
  const word = text.trim();
  if (word === '') return text;
  const begin = text.indexOf(word);
  return `${text.slice(0, begin)}${marker}${word}${marker}${text.slice(begin + word.length)}`;
};
