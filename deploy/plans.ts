import { readFileSync } from 'node:fs';
import { type Complaint, completePlan } from '../functions/config/complete-plan.ts';
import type { Plan } from '../functions/config/plan.ts';
import { planFileSchema } from '../functions/config/plan-schema.ts';
import { findSecrets, overlap } from './hidden-secrets.ts';
import { type Path, type PlanDocument, parsePlanDocument } from './plan-document.ts';
import { issueFindings } from './plan-issues.ts';
import { type Mistake, PlanMistakes } from './plan-mistakes.ts';
import { type Finding, syntaxFindings } from './plan-syntax.ts';

export { formatMistakes, type Mistake, PlanMistakes, sentence } from './plan-mistakes.ts';

/** The file that a person edits. `LIFEBOAT_PLAN_FILE` names another one, for trials. */
export const planFile = (): string => process.env.LIFEBOAT_PLAN_FILE ?? 'lifeboat.yml';

/**
 * Reads a plan file, checks it and fills in what it leaves out. `file` is named in messages as it is given.
 * Throws {@link PlanMistakes} with everything that is wrong with it.
 */
export const loadPlans = (file: string): readonly Plan[] => readPlans(textOf(file), file);

/** {@link loadPlans} for a text that is already read. */
export const readPlans = (text: string, file: string): readonly Plan[] => {
  const document = parsePlanDocument(text);
  const unreadable = syntaxFindings(document, text);
  if (unreadable.length > 0) throw mistakesIn(file, document, unreadable);
  const value = document.value();
  const unusable = unusableFindings(value, document, text);
  if (unusable.length > 0) throw mistakesIn(file, document, unusable);
  const secrets = secretFindings(text);
  const parsed = planFileSchema.safeParse(value);
  if (!parsed.success) {
    const findings = issueFindings(parsed.error.issues, value, document);
    const others = findings.filter(({ range }) => !secrets.some((secret) => overlap(secret.range, range)));
    throw mistakesIn(file, document, [...secrets, ...others]);
  }
  const { plans, defaults = {} } = parsed.data;
  const parts = Object.entries(plans).map(([name, entry]) => ({
    name,
    ...completePlan(name, entry, defaults),
  }));
  const complaints = parts.flatMap(({ name, complaints }) =>
    complaints.map((complaint) => complaintFinding(name, complaint, document)),
  );
  const findings = [...secrets, ...complaints];
  if (findings.length > 0) throw mistakesIn(file, document, findings);
  return parts.flatMap(({ value }) => (value === undefined ? [] : [value]));
};

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code =
      typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    const wrong =
      code === 'ENOENT' ? 'There is no such file.' : `It cannot be read: ${reasons[code] ?? code}.`;
    const allowed = 'a plan file; docs/plan-example.yml is one to begin with';
    throw new PlanMistakes([{ file, key: '', wrong, allowed }]);
  }
};

const reasons: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
};

/** What makes every other check pointless: nothing there, or another format. */
const unusableFindings = (value: unknown, { rangeOf }: PlanDocument, text: string): readonly Finding[] => {
  const allowed = 'a file with `version: 1` and `plans:`; docs/plan-example.yml is one to begin with';
  if (value === null && text.trim() === '')
    return [{ range: rangeOf([], 'key'), wrong: 'The file is empty.', allowed }];
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [{ range: rangeOf([], 'key'), wrong: 'There are no keys in it.', allowed }];
  const version: unknown = 'version' in value ? value.version : undefined;
  if (version === undefined || version === 1) return [];
  const range = rangeOf(['version'], 'value');
  const wrong =
    typeof version === 'number'
      ? `This Lifeboat does not know version ${version}.`
      : 'The version is no number.';
  return [{ range, wrong, allowed: '`version: 1`; or deploy the Lifeboat that this file was written for' }];
};

const secretFindings = (text: string): readonly Finding[] =>
  findSecrets(text).map(({ start, end, what }) => ({
    range: { start, end },
    wrong: `This looks like ${what} (not shown). Secrets do not belong into this file; replace one that others may have seen.`,
    allowed:
      'the name of an SSM parameter that holds it: `aws ssm put-parameter --type SecureString --name /lifeboat/… --value …`',
  }));

/** A complaint is shown where the plan says it, else where `defaults` does, else at the nearest key of the plan. */
const complaintFinding = (
  plan: string,
  { path, wrong, allowed }: Complaint,
  document: PlanDocument,
): Finding => {
  const own: Path = ['plans', plan, ...path];
  const inherited: Path = ['defaults', ...path];
  const shown = !document.has(own) && document.has(inherited) ? inherited : own;
  return { range: document.rangeOf(shown, 'value'), wrong, allowed };
};

const mistakesIn = (file: string, document: PlanDocument, findings: readonly Finding[]): PlanMistakes => {
  const ordered = findings.toSorted((one, other) => one.range.start - other.range.start);
  return new PlanMistakes(
    ordered.map(
      ({ range, ...said }): Mistake => ({
        file,
        spot: document.spotOf(range),
        key: document.keyAt(range.start),
        ...said,
      }),
    ),
  );
};
