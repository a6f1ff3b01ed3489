/**
 * Atlassian Document Format, checked and rendered. The schema is Atlassian's, as far as its commonest nodes go
 * (developer.atlassian.com/cloud/jira/platform/apis/document/structure); a node of another type is refused.
 */
export const isAdfDocument = (value: unknown): boolean =>
  isObject(value) &&
  value.version === 1 &&
  value.type === 'doc' &&
  hasOnly(value, ['version', 'type', 'content']) &&
  Array.isArray(value.content) &&
  value.content.every((node) => isNode(node, blocks));

type Fields = Readonly<Record<string, unknown>>;
export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const blocks = [
  'paragraph',
  'heading',
  'bulletList',
  'orderedList',
  'codeBlock',
  'panel',
  'blockquote',
  'rule',
];
const inline = ['text', 'hardBreak'];

type Rule = {
  readonly children: readonly string[];
  readonly least: number;
  readonly attributes?: (attrs: Fields) => boolean;
};

const rules: Readonly<Record<string, Rule>> = {
  paragraph: { children: inline, least: 0 },
  heading: {
    children: inline,
    least: 0,
    attributes: ({ level }) => [1, 2, 3, 4, 5, 6].includes(Number(level)),
  },
  bulletList: { children: ['listItem'], least: 1 },
  orderedList: { children: ['listItem'], least: 1 },
  listItem: { children: ['paragraph', 'bulletList', 'orderedList', 'codeBlock'], least: 1 },
  codeBlock: { children: ['text'], least: 0 },
  panel: {
    children: ['paragraph', 'heading', 'bulletList', 'orderedList'],
    least: 1,
    attributes: ({ panelType }) =>
      ['info', 'note', 'warning', 'success', 'error'].includes(String(panelType)),
  },
  blockquote: { children: ['paragraph', 'bulletList', 'orderedList'], least: 1 },
  rule: { children: [], least: 0 },
  hardBreak: { children: [], least: 0 },
};

const hasOnly = (value: Fields, names: readonly string[]): boolean =>
  Object.keys(value).every((name) => names.includes(name));

const isNode = (node: unknown, allowed: readonly string[]): boolean => {
  if (!isObject(node) || typeof node.type !== 'string' || !allowed.includes(node.type)) return false;
  if (node.type === 'text') return isText(node);
  const rule = rules[node.type];
  if (rule === undefined || !hasOnly(node, ['type', 'attrs', 'content', 'marks'])) return false;
  const attributes = isObject(node.attrs) ? node.attrs : {};
  if (rule.attributes !== undefined && !rule.attributes(attributes)) return false;
  const children = node.content ?? [];
  return (
    Array.isArray(children) &&
    children.length >= rule.least &&
    children.every((child) => isNode(child, rule.children))
  );
};

/** Not empty; `code` goes with `link` alone. */
const isText = (node: Fields): boolean => {
  if (!hasOnly(node, ['type', 'text', 'marks'])) return false;
  if (typeof node.text !== 'string' || node.text === '') return false;
  const marks = node.marks ?? [];
  if (!Array.isArray(marks) || !marks.every(isMark)) return false;
  const types = marks.map((mark) => (isObject(mark) ? mark.type : undefined));
  return !types.includes('code') || types.every((type) => type === 'code' || type === 'link');
};

const isMark = (mark: unknown): boolean => {
  if (!isObject(mark)) return false;
  if (mark.type === 'link')
    return (
      isObject(mark.attrs) &&
      typeof mark.attrs.href === 'string' &&
      /^(https?|mailto|ftp):/.test(mark.attrs.href)
    );
  return ['strong', 'em', 'code', 'strike', 'underline'].includes(String(mark.type));
};

/** Text for a terminal: a line a paragraph, bullets, addresses of links in brackets. */
export const renderAdf = (value: unknown): string =>
  isObject(value) && Array.isArray(value.content)
    ? value.content.map((node) => renderNode(node, '')).join('\n')
    : '';

const renderNode = (node: unknown, indent: string): string => {
  if (!isObject(node)) return '';
  const children = Array.isArray(node.content) ? node.content : [];
  switch (node.type) {
    case 'text':
      return renderText(node);
    case 'hardBreak':
      return `\n${indent}`;
    case 'rule':
      return `${indent}────`;
    case 'bulletList':
    case 'orderedList':
      return children.map((item) => `${indent}• ${renderNode(item, `${indent}  `).trimStart()}`).join('\n');
    case 'listItem':
    case 'panel':
    case 'blockquote':
      return children.map((child) => renderNode(child, indent)).join('\n');
    default:
      return indent + children.map((child) => renderNode(child, indent)).join('');
  }
};

const renderText = ({ text, marks }: Fields): string => {
  const link = (Array.isArray(marks) ? marks : []).find((mark) => isObject(mark) && mark.type === 'link');
  const href = isObject(link) && isObject(link.attrs) ? ` (${String(link.attrs.href)})` : '';
  return `${String(text)}${href}`;
};
