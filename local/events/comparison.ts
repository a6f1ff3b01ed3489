import { BlockList, isIP } from 'node:net';

/** Compares one value of an event; `undefined` where the event has none. */
export type Comparison = (value: unknown) => boolean;

/**
 * One entry of a pattern's list: a literal, or an object with exactly one of `prefix`, `suffix`, `equals-ignore-case`,
 * `wildcard`, `anything-but`, `numeric`, `cidr`, `exists` (EventBridge User Guide, "Comparison operators"). Throws an
 * Error whose message says what is wrong.
 */
export const readComparison = (entry: unknown): Comparison => {
  if (isLiteral(entry)) return (value) => value === entry;
  const [operator, operand] = onlyEntry(entry);
  const text = readTextComparison(operator, operand);
  if (text !== undefined) return text;
  switch (operator) {
    case 'anything-but':
      return readAnythingBut(operand);
    case 'numeric':
      return readNumeric(operand);
    case 'cidr':
      return readCidr(operand);
    case 'exists':
      if (typeof operand !== 'boolean') throw new Error('exists wants true or false.');
      return (value) => (value !== undefined) === operand;
    default:
      throw new Error(`EventBridge knows no match type "${operator}".`);
  }
};

type Literal = string | number | boolean | null;
const isLiteral = (value: unknown): value is Literal =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

const onlyEntry = (value: unknown): readonly [string, unknown] => {
  const entries =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const [entry] = entries;
  if (entry === undefined || entries.length > 1)
    throw new Error('it wants a value or an object with one match type.');
  return entry;
};

/** The comparisons of texts, which `anything-but` can turn round; undefined where the operator is none of them. */
const readTextComparison = (operator: string, operand: unknown): Comparison | undefined => {
  switch (operator) {
    case 'prefix':
      return readEnd(operator, operand, (text, part) => text.startsWith(part));
    case 'suffix':
      return readEnd(operator, operand, (text, part) => text.endsWith(part));
    case 'equals-ignore-case': {
      const wanted = textOperand(operator, operand).toLowerCase();
      return onText((text) => text.toLowerCase() === wanted);
    }
    case 'wildcard': {
      const pattern = wildcardPattern(textOperand(operator, operand));
      return onText((text) => pattern.test(text));
    }
    default:
      return undefined;
  }
};

/** `{"prefix": "a"}`, or without regard to case `{"prefix": {"equals-ignore-case": "a"}}`. */
const readEnd = (
  operator: string,
  operand: unknown,
  fits: (text: string, part: string) => boolean,
): Comparison => {
  if (typeof operand === 'string') return onText((text) => fits(text, operand));
  const [inner, part] = onlyEntry(operand);
  if (inner !== 'equals-ignore-case') throw new Error(`${operator} wants a text.`);
  const wanted = textOperand(inner, part).toLowerCase();
  return onText((text) => fits(text.toLowerCase(), wanted));
};

/** Never matches what is missing. Takes literals, or a text comparison of one text or several. */
const readAnythingBut = (operand: unknown): Comparison => {
  if (isLiteral(operand) || Array.isArray(operand)) {
    const refused: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
    if (refused.length === 0 || !refused.every((value) => isLiteral(value)))
      throw new Error('anything-but wants values.');
    return (value) => value !== undefined && !refused.some((other) => other === value);
  }
  const [operator, texts] = onlyEntry(operand);
  const refused = (Array.isArray(texts) ? texts : [texts]).map((text) => {
    const comparison = readTextComparison(operator, text);
    if (comparison === undefined) throw new Error(`anything-but takes no "${operator}".`);
    return comparison;
  });
  return (value) => value !== undefined && !refused.some((matches) => matches(value));
};

const numericComparisons: Readonly<Record<string, (value: number, limit: number) => boolean>> = {
  '=': (value, limit) => value === limit,
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
  '>': (value, limit) => value > limit,
  '>=': (value, limit) => value >= limit,
};

/** `[">", 0]`, or a range `[">=", 0, "<", 5]`. */
const readNumeric = (operand: unknown): Comparison => {
  if (!Array.isArray(operand) || (operand.length !== 2 && operand.length !== 4))
    throw new Error('numeric wants a list such as [">", 0, "<=", 5].');
  const limits = operand.flatMap((item, index) =>
    index % 2 === 0 ? [[item, operand[index + 1]] as const] : [],
  );
  const comparisons = limits.map(([operator, limit]) => {
    const compare = numericComparisons[String(operator)];
    if (compare === undefined || typeof limit !== 'number')
      throw new Error(
        `numeric wants =, <, <=, > or >= and a number, not ${JSON.stringify([operator, limit])}.`,
      );
    return (value: number) => compare(value, limit);
  });
  return (value) => typeof value === 'number' && comparisons.every((matches) => matches(value));
};

const readCidr = (operand: unknown): Comparison => {
  const [network = '', bits = '', ...more] = textOperand('cidr', operand).split('/');
  const family = familyOf(network);
  if (family === undefined || more.length > 0 || !/^\d{1,3}$/.test(bits))
    throw new Error('cidr wants an address and its bits, such as 10.0.0.0/24.');
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return onText((text) => {
    const own = familyOf(text);
    return own !== undefined && list.check(text, own);
  });
};

const familyOf = (address: string): 'ipv4' | 'ipv6' | undefined => {
  const version = isIP(address);
  return version === 0 ? undefined : version === 4 ? 'ipv4' : 'ipv6';
};

const textOperand = (operator: string, operand: unknown): string => {
  if (typeof operand !== 'string') throw new Error(`${operator} wants a text.`);
  return operand;
};

const onText =
  (compare: (text: string) => boolean): Comparison =>
  (value) =>
    typeof value === 'string' && compare(value);

/** `*` stands for any characters; `\*` and `\\` for themselves. */
const wildcardPattern = (text: string): RegExp => {
  if (text.includes('**')) throw new Error('wildcard takes no ** in a row.');
  const parts = text.match(/\\[\s\S]|[\s\S]/g) ?? [];
  const source = parts.map((part) => {
    if (part === '*') return '[\\s\\S]*';
    if (part.length === 1) return escaped(part);
    if (part !== '\\*' && part !== '\\\\') throw new Error(`wildcard knows no escape "${part}".`);
    return escaped(part.slice(1));
  });
  return new RegExp(`^${source.join('')}$`);
};

const escaped = (character: string): string => character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');
