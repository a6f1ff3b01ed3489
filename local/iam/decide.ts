import type { Condition, Operator, Statement } from './statement.ts';

/** One thing that a call wants to do: most calls want one, SendCommand several. */
export type Ask = {
  /** As IAM writes it, for instance `ssm:SendCommand`. */
  readonly action: string;
  /** An ARN, or `*` where AWS knows no resource for the action. */
  readonly resource: string;
  /** Condition keys of the request. One that is not there is absent, as in IAM. */
  readonly context?: Readonly<Record<string, string>>;
};

export type Decision = 'allowed' | 'no-statement' | 'denied';

/** IAM's rule: a Deny that fits wins; without one, any Allow that fits is enough; without either it is denied. */
export const decide = (statements: readonly Statement[], ask: Ask): Decision => {
  const fitting = statements.filter((statement) => fits(statement, ask));
  if (fitting.some(({ effect }) => effect === 'Deny')) return 'denied';
  return fitting.length > 0 ? 'allowed' : 'no-statement';
};

/** Whether a statement speaks of this. Names of actions do not care for case, ARNs do. */
export const fits = ({ actions, resources, conditions }: Statement, ask: Ask): boolean =>
  actions.some((action) => like(action.toLowerCase(), ask.action.toLowerCase())) &&
  (resources?.some((resource) => likeArn(resource, ask.resource)) ?? true) &&
  conditions.every((condition) => holds(condition, ask.context ?? {}));

/** Values of a condition are alternatives; for the negated operators none of them may fit. A key's name has no case. */
const holds = ({ operator, key, values }: Condition, context: Readonly<Record<string, string>>): boolean => {
  const name = Object.keys(context).find((each) => each.toLowerCase() === key.toLowerCase());
  const asked = name === undefined ? undefined : context[name];
  if (asked === undefined) return isNegated(operator);
  const any = values.some((value) => compare(operator, value, asked));
  return isNegated(operator) ? !any : any;
};

const isNegated = (operator: Operator): boolean =>
  operator === 'StringNotEquals' || operator === 'StringNotLike';

const compare = (operator: Operator, value: string, asked: string): boolean => {
  switch (operator) {
    case 'StringEquals':
    case 'StringNotEquals':
      return value === asked;
    case 'StringLike':
    case 'StringNotLike':
      return like(value, asked);
    case 'ArnEquals':
    case 'ArnLike':
      return likeArn(value, asked);
    case 'Bool':
      return value.toLowerCase() === asked.toLowerCase();
  }
};

/** An ARN has six parts; a wildcard does not reach over the colon of the first five. */
const likeArn = (pattern: string, arn: string): boolean => {
  if (pattern === '*') return true;
  const wanted = partsOf(pattern);
  const given = partsOf(arn);
  return wanted.length === given.length && wanted.every((part, index) => like(part, given[index] ?? ''));
};

const partsOf = (arn: string): readonly string[] => {
  const parts = arn.split(':');
  return parts.length <= 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(':')];
};

/** `*` for any characters, `?` for one. The patterns are those of the template: few, and asked for again and again. */
const like = (pattern: string, text: string): boolean => {
  const known = compiled.get(pattern) ?? new RegExp(`^${sourceOf(pattern)}$`, 's');
  compiled.set(pattern, known);
  return known.test(text);
};

const compiled = new Map<string, RegExp>();

const sourceOf = (pattern: string): string =>
  pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
