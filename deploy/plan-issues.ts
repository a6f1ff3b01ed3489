import type { z } from 'zod';
import { nearestWord } from '../functions/config/nearest-word.ts';
import { keysOf, planJsonSchema, schemaAt } from '../functions/config/plan-json-schema.ts';
import { planName } from '../functions/config/plan-schema.ts';
import type { Range } from './hidden-secrets.ts';
import type { Path, PlanDocument } from './plan-document.ts';
import type { Finding } from './plan-syntax.ts';

type Issue = z.core.$ZodIssue;

/** What the schema found, in words: one finding for each value, the first that the schema names. */
export const issueFindings = (
  issues: readonly Issue[],
  value: unknown,
  document: PlanDocument,
): readonly Finding[] => {
  const found = issues.flatMap((issue) => findingsOf(issue, pathOf(issue.path), { value, document }));
  const firstAt = new Map(found.toReversed().map((finding) => [JSON.stringify(finding.range), finding]));
  return found.filter((finding) => firstAt.get(JSON.stringify(finding.range)) === finding);
};

const pathOf = (path: readonly PropertyKey[]): Path =>
  path.map((step) => (typeof step === 'number' ? step : String(step)));

/** The file that was checked: what it says, and where. */
type Checked = { readonly value: unknown; readonly document: PlanDocument };

const findingsOf = (issue: Issue, path: Path, file: Checked): readonly Finding[] => {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key, file.document));
    case 'invalid_key':
      return [badKey(path, issue.issues[0]?.message, file.document)];
    case 'invalid_union': {
      const inside = issue.errors.find((branch) =>
        branch.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
      );
      if (inside === undefined || inside.length === 0) return [badValue(issue, path, file)];
      return inside.flatMap((deeper) => findingsOf(deeper, [...path, ...pathOf(deeper.path)], file));
    }
    default:
      return [badValue(issue, path, file)];
  }
};

const unknownKey = (path: Path, key: string, document: PlanDocument): Finding => {
  const range = document.rangeOf([...path, key], 'key');
  const keys = keysOf(schemaAt(path) ?? {}).map(([name]) => name);
  const shown = document.quote(range);
  const where = path.length === 0 ? 'this file' : `\`${String(path.at(-1))}\``;
  if (elsewhere.test(key))
    return {
      range,
      wrong: `${shown === undefined ? 'This' : `\`${shown}\``} is no key of ${where}: a deployment saves the instances of its own account and region alone.`,
      allowed: 'a deployment in each account and region (docs/deploy.md, "Several regions or accounts")',
    };
  const home = sectionsWith(key).find((section) => keys.includes(section));
  const moved = home === undefined ? '' : ` It belongs into \`${home}\`.`;
  return {
    range,
    wrong: `${shown === undefined ? 'This' : `\`${shown}\``} is no key of ${where}.${moved}`,
    allowed: keys.join(', '),
    meant: home === undefined ? nearestWord(key, keys) : undefined,
  };
};

/** Keys by which other tools name another account or region. */
const elsewhere = /^(?:aws)?(?:regions?|accounts?|account_?ids?|assume_?roles?|roles?(?:_?arns?)?)$/i;

/** The sections of a plan that have such a key. */
const sectionsWith = (key: string): readonly string[] =>
  keysOf(schemaAt(['plans', 'any']) ?? planJsonSchema).flatMap(([section, schema]) =>
    keysOf(schema).some(([name]) => name === key) ? [section] : [],
  );

const badKey = (path: Path, allowed: string | undefined, document: PlanDocument): Finding => {
  const range = document.rangeOf(path, 'key');
  const shown = document.quote(range);
  const slug = String(path.at(-1))
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '');
  const isPlan = path[0] === 'plans' && path.length === 2;
  return {
    range,
    wrong: shown === undefined ? 'This key is not taken.' : `\`${shown}\` is not taken.`,
    allowed,
    meant: isPlan && planName.safeParse(slug).success ? slug : undefined,
  };
};

const badValue = (issue: Issue, path: Path, file: Checked): Finding => {
  const { document } = file;
  const value = path.reduce<unknown>(stepInto, file.value);
  const range = document.rangeOf(path, 'value');
  const hint = hintOf(issue);
  const allowed = hint.allowed ?? issue.message;
  if (value === undefined) return { range, wrong: `\`${String(path.at(-1))}\` is missing.`, allowed };
  const words = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  const meant = hint.meant ?? (typeof value === 'string' ? nearestWord(value, words) : undefined);
  return { range, wrong: hint.wrong ?? wrongValue(value, issue, range, document), allowed, meant };
};

const stepInto = (value: unknown, step: string | number): unknown =>
  typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, step)?.value
    : undefined;

/** What a check of plan-fields.ts knows beyond what is allowed. */
const hintOf = (issue: Issue): { readonly [part in 'wrong' | 'allowed' | 'meant']?: string | undefined } => {
  const params: Readonly<Record<string, unknown>> = issue.code === 'custom' ? (issue.params ?? {}) : {};
  const part = (name: string): string | undefined =>
    typeof params[name] === 'string' ? params[name] : undefined;
  return { wrong: part('wrong'), allowed: part('allowed'), meant: part('meant') };
};

const wrongValue = (value: unknown, issue: Issue, range: Range, document: PlanDocument): string => {
  if (value === null)
    return document.commentFollows(range)
      ? 'It is empty: in YAML a # begins a comment, unless it stands in quotes.'
      : 'It is empty.';
  if (Array.isArray(value))
    return issue.code === 'invalid_type' || issue.code === 'invalid_union'
      ? 'A list does not fit here.'
      : `The list has ${value.length} entries.`;
  if (typeof value === 'object')
    return issue.code === 'custom'
      ? `The section has ${Object.keys(value).length} entries.`
      : 'A section does not fit here.';
  const quoted = document.quote(range);
  if (quoted === undefined) return 'This value, not shown here, is not taken.';
  const wantsText = issue.code === 'invalid_type' && issue.expected === 'string';
  if (wantsText) return `\`${quoted}\` is read as a ${typeof value}, not as text.`;
  return `\`${quoted}\` is not taken.`;
};
