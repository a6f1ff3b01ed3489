import { printable } from '../service-server.ts';
import { isObject } from './block-kit.ts';

/** A message as a person would read it, for a terminal: blocks if there are any, else the text. */
export const renderMessage = (text: string, blocks: readonly unknown[] | undefined): string =>
  printable(blocks === undefined || blocks.length === 0 ? mrkdwn(text) : blocks.map(renderBlock).join('\n'));

const renderBlock = (block: unknown): string => {
  if (!isObject(block)) return '';
  switch (block.type) {
    case 'header':
      return `${textOf(block.text)}\n`;
    case 'section':
      return [block.text, ...listOf(block.fields)].map(textOf).filter(Boolean).join('\n');
    case 'context':
      return listOf(block.elements).map(textOf).join(' · ');
    case 'actions':
      return listOf(block.elements)
        .map((element) => (isObject(element) ? `[${textOf(element.text)}] ${String(element.url ?? '')}` : ''))
        .join('  ');
    default:
      return '────';
  }
};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const textOf = (value: unknown): string => {
  if (!isObject(value) || typeof value.text !== 'string') return '';
  return value.type === 'mrkdwn' ? mrkdwn(value.text) : value.text;
};

/**
 * Slack's markup resolved as its clients do: `<!channel>` becomes the mention that it would be, `<url|text>` a link,
 * `*bold*` and `code` lose their markers, entities become characters.
 */
export const mrkdwn = (text: string): string =>
  text.replace(
    /`([^`\n]+)`|<([^<>|]+)(?:\|([^<>]*))?>|(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])|&(?:amp|lt|gt);/g,
    resolve,
  );

const resolve = (
  all: string,
  code: string | undefined,
  target: string | undefined,
  label: string | undefined,
  bold: string | undefined,
): string => {
  if (code !== undefined) return entities(code);
  if (bold !== undefined) return mrkdwn(bold);
  if (target === undefined) return entities(all);
  if (/^[!@#]/.test(target)) return `@${target.slice(1)}`;
  const address = entities(target);
  return label === undefined || label === '' ? address : `${mrkdwn(label)} (${address})`;
};

const entities = (text: string): string =>
  text.replace(/&(amp|lt|gt);/g, (_, name: string) => (name === 'amp' ? '&' : name === 'lt' ? '<' : '>'));
