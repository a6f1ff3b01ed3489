import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  code,
  link,
  list,
  type Message,
  type Part,
  paragraph,
  strong,
  text,
} from '../../../functions/escalation/message.ts';
import { messageOf } from '../../../functions/escalation/messages.ts';
import { slackLimits, slackTextOf } from '../../../functions/escalation/slack-blocks.ts';
import { causeIds } from '../../../functions/pipeline/causes.ts';
import { blockCharacters, blockErrors } from '../../../local/slack/block-kit.ts';
import { renderMessage } from '../../../local/slack/rendering.ts';
import { aNotice, unsafe } from './a-notice.ts';

const dressed = (...parts: readonly Part[]) => {
  const message: Message = { kind: 'failed', title: 'Title', summary: 'Summary', hasTitle: true, parts };
  return slackTextOf(message);
};
const rendered = (...parts: readonly Part[]) => {
  const { text: fallback, blocks } = dressed(...parts);
  return renderMessage(fallback, blocks);
};

describe('text that came from elsewhere', () => {
  test.each([
    '<!channel>',
    '<!here|x>',
    '<@U123>',
    '<https://evil.example|Report>',
    '&lt;!channel&gt;',
    'a > b & c < d',
  ])('is shown and does nothing: %s', (hostile) => {
    for (const span of [code(hostile), text(hostile), strong(hostile)]) {
      expect(rendered(paragraph(span))).toContain(hostile);
      const [, section] = dressed(paragraph(span)).blocks;
      expect(section?.text.text).not.toMatch(/<[!@#h]/);
    }
  });

  test('cannot end its own code span', () => {
    const [, section] = dressed(paragraph(code('a`*b*`c'))).blocks;
    expect(section?.text.text).toBe('`aˋ*b*ˋc`');
  });

  test('cannot end a link', () => {
    const [, section] = dressed(paragraph(link('a|b>c', 'https://x.example/?a=1&b=<|>'))).blocks;
    expect(section?.text.text).toBe('<https://x.example/?a=1&amp;b=%3C%7C%3E|a/b&gt;c>');
  });

  test('becomes no link or mention by itself: sections are verbatim', () => {
    for (const block of dressed(paragraph(text('https://x.example #general'))).blocks)
      if (block.type === 'section') expect(block.text.verbatim).toBe(true);
  });
});

test('bold markers stand against the word, where Slack knows them', () => {
  const [, section] = dressed(paragraph(strong('Warning: '), text('x'))).blocks;
  expect(section?.text.text).toBe('*Warning:* x');
});

test("the largest message stays within Slack's limits and keeps its links", () => {
  const hostile = '<&>'.repeat(100);
  const results = Array.from({ length: 2000 }, (_, n) =>
    unsafe(n, causeIds[n % causeIds.length], { detail: `${n} ${hostile}`, instance: `${hostile}${n}` }),
  );
  const { blocks, text: fallback } = slackTextOf(messageOf(aNotice('failed', results)));
  expect(blockErrors(blocks)).toEqual([]);
  expect(blockCharacters(blocks)).toBeLessThan(13_200);
  expect(fallback.length).toBeLessThan(4000);
  expect(blocks.at(-1)?.text.text).toContain('|Runbook>');
});

test('a line that is longer than a section ends where a whole span ends', () => {
  const long = Array.from({ length: 40 }, (_, n) => code(`${n}${'&'.repeat(30)}`));
  for (const part of [paragraph(...long), list([long, long])]) {
    const { blocks } = dressed(part);
    expect(blockErrors(blocks)).toEqual([]);
    expect(blocks[1]?.text.text).toMatch(/`…$/);
  }
});

test('any message stays within the limits, and no markup is cut in its middle', () => {
  const span = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 900 }).map(text),
    fc.string({ unit: 'grapheme', maxLength: 900 }).map(code),
    fc.string({ unit: 'grapheme', maxLength: 900 }).map(strong),
    fc.webUrl().map((url) => link('more', url)),
  );
  const line = fc.array(span, { maxLength: 12 });
  const part = fc.oneof(
    line.map((spans) => paragraph(...spans)),
    fc.array(line, { maxLength: 6 }).map(list),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 80 }), fc.string({ maxLength: 150 }), (parts, title) => {
      const { blocks } = slackTextOf({
        kind: 'failed',
        title: title || 'x',
        summary: 'x',
        hasTitle: true,
        parts,
      });
      expect(blocks.length).toBeLessThanOrEqual(slackLimits.blocks);
      expect(blockErrors(blocks)).toEqual([]);
      expect(blockCharacters(blocks)).toBeLessThan(13_200);
      for (const { text: each } of blocks.slice(1)) {
        const opened = each.text.match(/</g)?.length ?? 0;
        expect(each.text.match(/>/g)?.length ?? 0).toBe(opened);
        expect(each.text).not.toMatch(/&(?!amp;|lt;|gt;)/);
      }
    }),
    { numRuns: 60 },
  );
});
