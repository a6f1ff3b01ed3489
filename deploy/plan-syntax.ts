import { isAlias, isNode, isScalar, visit, type YAMLError } from 'yaml';
import type { Range } from './hidden-secrets.ts';
import type { PlanDocument } from './plan-document.ts';

export type Finding = {
  readonly range: Range;
  readonly wrong: string;
  readonly allowed?: string | undefined;
  readonly meant?: string | undefined;
};

/**
 * What keeps a plan file from being read at all: broken YAML, and the parts of YAML that a plan file does not use. Of
 * broken YAML only the first error is told, since the others mostly follow from it; double keys are all told.
 */
export const syntaxFindings = (document: PlanDocument, text: string): readonly Finding[] => {
  const { errors, warnings } = document.yaml;
  // An unquoted cron expression with a star in front breaks the YAML behind it; the star is what has to be told.
  const starred = errors.find(({ pos }) => text[pos[0]] === '*');
  if (starred !== undefined) return [foreignFindings(document)[0] ?? aliasFinding(rangeOfError(starred))];
  const broken = errors.filter(({ code }) => code !== 'DUPLICATE_KEY');
  if (broken[0] !== undefined) return [errorFinding(broken[0], text)];
  return [
    ...errors.map((error) => errorFinding(error, text)),
    ...warnings.map((warning) => errorFinding(warning, text)),
    ...foreignFindings(document),
  ];
};

const errorFinding = (error: YAMLError, text: string): Finding => {
  const { start, end } = rangeOfError(error);
  const word = /^[\w-]*/.exec(text.slice(start, start + 100))?.[0] ?? '';
  const range = { start, end: Math.max(end, start + word.length) };
  const [wrong, allowed] = explanation(error, text);
  return { range, wrong, allowed };
};

const rangeOfError = ({ pos: [start, end] }: YAMLError): Range => ({ start, end: Math.max(end, start + 1) });

const explanation = ({ code, message, pos }: YAMLError, text: string): readonly [string, string] => {
  switch (code) {
    case 'TAB_AS_INDENT':
      return ['A tab is used to indent; YAML takes spaces only.', 'two spaces for each level'];
    case 'DUPLICATE_KEY':
      return ['This key is there twice.', 'each key once in its section'];
    case 'BAD_SCALAR_START':
      return [`A value cannot begin with \`${text[pos[0]]}\` in YAML.`, 'the value in quotes'];
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return [
        'The line does not fit to the one before it.',
        'the keys of a section in one column, values with `: ` in them in quotes',
      ];
    case 'MISSING_CHAR':
      return ['A quote, bracket, colon or comma is missing.', 'quotes and brackets closed, `key: value`'];
    case 'BAD_INDENT':
      return ['The indentation is wrong, or a bracket is not closed.', 'the keys of a section in one column'];
    case 'MULTIPLE_DOCS':
      return ['A second document begins here.', 'one document with all plans in it'];
    case 'TAG_RESOLVE_FAILED':
      return [
        'Tags such as `!Ref` mean nothing here.',
        'the value itself, in quotes where it begins with `!`',
      ];
    case 'NON_STRING_KEY':
      return ['A key has to be text.', 'a word before the colon, `${…}` and `{…}` in quotes'];
    default:
      return [`This is not YAML (${message}).`, 'YAML as in docs/plan-example.yml'];
  }
};

/** Anchors and aliases, and `__proto__`, which JavaScript does not take for a key like others. */
const foreignFindings = ({ yaml }: PlanDocument): readonly Finding[] => {
  const findings: Finding[] = [];
  visit(yaml, {
    Node: (_, node) => {
      if (!isNode(node) || node.range == null) return;
      const [start, end] = node.range;
      const anchored = 'anchor' in node && node.anchor !== undefined;
      if (isAlias(node) || anchored) findings.push(aliasFinding({ start, end }));
      else if (isScalar(node) && node.value === '__proto__')
        findings.push({ range: { start, end }, wrong: '`__proto__` is not taken.', allowed: 'another word' });
    },
  });
  return findings;
};

const aliasFinding = (range: Range): Finding => ({
  range,
  wrong: 'Anchors (`&name`) and aliases (`*name`) are not taken, and YAML sees one here.',
  allowed: "the value in quotes, such as '*/5 * * * *'; what several plans share goes into `defaults:`",
});
