import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
} from 'yaml';
import { findSecrets, overlap, type Range, secretValues, withHidden } from './hidden-secrets.ts';
import type { Spot } from './plan-mistakes.ts';

/** Keys and indexes from the top of the file. */
export type Path = readonly (string | number)[];

/** A plan file as YAML: what it says, and where in the text each part of it stands. */
export type PlanDocument = {
  readonly yaml: Document.Parsed;
  /** What the YAML says. Only for YAML in which plan-syntax.ts found nothing: an alias without its anchor throws. */
  readonly value: () => unknown;
  /** The value at a path, or its key where the value has no text of its own; where the path ends early, the last key. */
  readonly rangeOf: (path: Path, at: 'key' | 'value') => Range;
  /** The path of the key or value at an offset for a message, as `plans.acme-web.fleet.groups[0]`. */
  readonly keyAt: (offset: number) => string;
  readonly has: (path: Path) => boolean;
  readonly spotOf: (range: Range) => Spot;
  /** Whether nothing but a comment follows this key in its line. */
  readonly commentFollows: (key: Range) => boolean;
  /** The text of a range for a message, shortened; undefined where there is a secret in it. */
  readonly quote: (range: Range) => string | undefined;
};

/** Never throws: what is wrong with the YAML is in `yaml.errors` and `yaml.warnings`. */
export const parsePlanDocument = (text: string): PlanDocument => {
  const lineCounter = new LineCounter();
  const yaml = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true, merge: false });
  const secrets = [...findSecrets(text), ...secretValues(text)];
  const lines = withHidden(text, secrets).split(/\r?\n/);
  const quote = (range: Range): string | undefined =>
    secrets.some((secret) => overlap(secret, range))
      ? undefined
      : shortened(text.slice(range.start, range.end));
  return {
    yaml,
    value: () => yaml.toJS(),
    rangeOf: (path, at) => rangeOf(yaml, path, at),
    keyAt: (offset) => written(pathAt(yaml.contents, offset), (path) => quote(rangeOf(yaml, path, 'key'))),
    has: (path) => yaml.hasIn(path),
    spotOf: ({ start, end }) => {
      const inside = Math.min(start, text.trimEnd().length);
      const { line, col } = text === '' ? { line: 1, col: 1 } : lineCounter.linePos(inside);
      return { line, column: col, length: end - inside, text: lines[line - 1] ?? '' };
    },
    commentFollows: ({ end }) => /^["']?[ \t]*:[ \t]+#/.test(text.slice(end, end + 200)),
    quote,
  };
};

const rangeOf = (yaml: Document.Parsed, path: Path, at: 'key' | 'value'): Range => {
  let node: unknown = yaml.contents;
  let key: Range = { start: rangeOfNode(node)?.start ?? 0, end: (rangeOfNode(node)?.start ?? 0) + 1 };
  for (const step of path) {
    const next = stepInto(node, step);
    if (next === undefined) return key;
    key = next.key;
    node = next.value;
  }
  const value = isScalar(node) ? rangeOfNode(node) : undefined;
  return at === 'value' && value !== undefined && value.end > value.start ? value : key;
};

type Step = { readonly key: Range; readonly value: unknown };

const stepInto = (node: unknown, step: string | number): Step | undefined => {
  if (isSeq(node)) {
    const item: unknown = typeof step === 'number' ? node.items[step] : undefined;
    const range = rangeOfNode(item);
    return range && { key: range, value: item };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
  const range = rangeOfNode(pair?.key);
  return range && { key: range, value: pair?.value };
};

const rangeOfNode = (node: unknown): Range | undefined => {
  if (!isNode(node)) return undefined;
  const [start, end] = node.range ?? [0, 0];
  return { start, end };
};

const pathAt = (node: unknown, offset: number): Path => {
  if (isSeq(node)) {
    const index = node.items.findIndex((item) => holds(item, offset));
    return index < 0 ? [] : [index, ...pathAt(node.items[index], offset)];
  }
  if (!isMap(node)) return [];
  const pair = node.items.find(({ key, value }) => holds(key, offset) || holds(value, offset));
  if (pair === undefined || !isScalar(pair.key)) return [];
  return [String(pair.key.value), ...(isCollection(pair.value) ? pathAt(pair.value, offset) : [])];
};

const written = (path: Path, shown: (path: Path) => string | undefined): string =>
  path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      return `${index === 0 ? '' : '.'}${shown(path.slice(0, index + 1)) ?? '…'}`;
    })
    .join('');

const holds = (node: unknown, offset: number): boolean => {
  const range = rangeOfNode(node);
  return range !== undefined && range.start <= offset && offset < range.end;
};

/** One line, at most 60 characters, nothing that a terminal would obey. */
const shortened = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll(/\p{Cc}/gu, '\u{FFFD}');
  return line.length > 60 ? `${line.slice(0, 57)}…` : line;
};
