/** The part of JQL that tools like Lifeboat use: comparisons joined by AND, and ORDER BY. */
export type JqlIssue = {
  readonly key: string;
  readonly project: string;
  readonly labels: readonly string[];
  readonly status: string;
  readonly statusCategory: string;
  readonly created: string;
};

export class JqlError extends Error {}

type Condition = (issue: JqlIssue) => boolean;

/** The issues that the query finds, in its order. Throws {@link JqlError} with JIRA's words. */
export const runJql = <T extends JqlIssue>(jql: string, issues: readonly T[]): readonly T[] => {
  const [where = '', order] = jql.split(/\border\s+by\b/i);
  if (where.trim() === '')
    throw new JqlError(
      'Unbounded JQL queries are not allowed here. Please add a search restriction to your query.',
    );
  const conditions = where.split(/\s+and\s+(?=\w+\s*(?:!=|=|in\b|not\b))/i).map(conditionOf);
  return issues.filter((issue) => conditions.every((holds) => holds(issue))).toSorted(comparison(order));
};

const conditionOf = (clause: string): Condition => {
  const match = /^\s*(\w+)\s*(!=|=|not\s+in|in)\s*(.+?)\s*$/is.exec(clause);
  if (match === null) throw new JqlError(`Error in the JQL Query: Expecting operator in '${clause.trim()}'.`);
  const [, field = '', operator = '', operand = ''] = match;
  const values = valuesOf(operand, /in$/i.test(operator));
  const isNegative = operator === '!=' || /^not/i.test(operator);
  const of = fieldOf(field);
  return (issue) => of(issue).some((value) => values.includes(value.toLowerCase())) !== isNegative;
};

const valuesOf = (operand: string, isList: boolean): readonly string[] => {
  const inner = isList ? /^\((.*)\)$/s.exec(operand)?.[1] : operand;
  if (inner === undefined) throw new JqlError("Error in the JQL Query: Expecting '(' after 'in'.");
  const values = [...inner.matchAll(/"((?:[^"\\]|\\.)*)"|([^\s,"()]+)/gs)].map(([, quoted, bare]) =>
    (quoted === undefined ? (bare ?? '') : quoted.replaceAll(/\\(.)/gs, '$1')).toLowerCase(),
  );
  if (values.length === 0 || (!isList && values.length > 1))
    throw new JqlError(
      `Error in the JQL Query: Expecting either a value, list or function near '${operand}'.`,
    );
  return values;
};

const fieldOf = (field: string): ((issue: JqlIssue) => readonly string[]) => {
  switch (field.toLowerCase()) {
    case 'project':
      return ({ project }) => [project];
    case 'labels':
      return ({ labels }) => labels;
    case 'status':
      return ({ status }) => [status];
    case 'statuscategory':
      return ({ statusCategory }) => [statusCategory, categoryNames[statusCategory] ?? ''];
    case 'key':
    case 'issuekey':
      return ({ key }) => [key];
    default:
      throw new JqlError(`Field '${field}' does not exist or you do not have permission to view it.`);
  }
};

/** JQL takes a category's key and its name. */
const categoryNames: Readonly<Record<string, string>> = {
  new: 'To Do',
  indeterminate: 'In Progress',
  done: 'Done',
};

const comparison = (order: string | undefined): ((one: JqlIssue, other: JqlIssue) => number) => {
  if (order === undefined) return () => 0;
  const match = /^\s*(created|key)(?:\s+(asc|desc))?\s*$/i.exec(order);
  if (match === null) throw new JqlError(`Not able to sort using field '${order.trim()}'.`);
  const sign = match[2]?.toLowerCase() === 'desc' ? -1 : 1;
  return (one, other) =>
    sign * (one.created.localeCompare(other.created) || numberOf(one.key) - numberOf(other.key));
};

const numberOf = (key: string): number => Number(key.slice(key.lastIndexOf('-') + 1));
