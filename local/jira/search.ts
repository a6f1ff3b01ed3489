import { JiraRefusal } from './issue-fields.ts';
import { type JiraSite, pick, shownFields } from './issue-view.ts';
import { JqlError, runJql } from './jql.ts';
import { categoryOf, type StoredIssue } from './project-store.ts';

type Parameters = Readonly<Record<string, unknown>>;

/** Cloud's `search/jql`: pages by token, only the fields asked for, from an index that lags behind. */
export const search = (site: JiraSite, parameters: Parameters) => {
  const issues = found(site, parameters, indexed(site, parameters.reconcileIssues));
  const size = sizeOf(parameters, 5000);
  const start = startOf(parameters.nextPageToken);
  const isLast = start + size >= issues.length;
  const fields = listOf(parameters.fields);
  return {
    issues: issues.slice(start, start + size).map((issue) => inSearch(site, issue, fields, parameters, [])),
    isLast,
    ...(isLast ? {} : { nextPageToken: Buffer.from(String(start + size)).toString('base64') }),
  };
};

/** Data Center's `search`: pages by offset, all fields unless some are asked for, at once consistent. */
export const searchDataCenter = (site: JiraSite, parameters: Parameters) => {
  const issues = found(site, parameters, site.store.issues());
  const maxResults = sizeOf(parameters, 1000);
  const startAt = Number(parameters.startAt ?? 0);
  const fields = listOf(parameters.fields);
  const page = issues.slice(startAt, startAt + maxResults);
  return {
    startAt,
    maxResults,
    total: issues.length,
    issues: page.map((issue) => inSearch(site, issue, fields, parameters, undefined)),
  };
};

const listOf = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) ? value.map(String) : undefined;

const inSearch = (
  site: JiraSite,
  issue: StoredIssue,
  fields: readonly string[] | undefined,
  parameters: Parameters,
  unasked: readonly string[] | undefined,
) => {
  const properties = listOf(parameters.properties);
  const shown = shownFields(site, issue, fields ?? unasked);
  return {
    id: issue.id,
    ...(fields === undefined && unasked !== undefined ? {} : { key: issue.key, fields: shown }),
    ...(properties === undefined ? {} : { properties: pick(issue.properties, properties) }),
  };
};

/** What the index knows by now, and the issues (at most 50 ids) whose newest state the caller insists on. */
const indexed = ({ store, now }: JiraSite, reconcile: unknown): readonly StoredIssue[] => {
  const ids = Array.isArray(reconcile) ? reconcile.map(String) : [];
  if (ids.length > 50) throw new JiraRefusal(400, ['reconcileIssues takes at most 50 issue ids.']);
  return store.issues().filter(({ id, indexedAt }) => indexedAt <= now().getTime() || ids.includes(id));
};

const found = ({ edition, workflow }: JiraSite, { jql }: Parameters, issues: readonly StoredIssue[]) => {
  if (typeof jql !== 'string' && edition === 'cloud')
    throw new JiraRefusal(400, [
      'Invalid request payload. Refer to the REST API documentation and try again.',
    ]);
  const rows = issues.map((issue) => ({ ...issue, statusCategory: categoryOf(workflow, issue.status).key }));
  try {
    return runJql(String(jql ?? ''), rows);
  } catch (error) {
    if (!(error instanceof JqlError)) throw error;
    throw new JiraRefusal(400, [error.message]);
  }
};

const sizeOf = ({ maxResults }: Parameters, most: number): number => {
  const size = Number(maxResults ?? 50);
  if (!Number.isInteger(size) || size < 1)
    throw new JiraRefusal(400, ['maxResults must be a positive number.']);
  return Math.min(size, most);
};

const startOf = (token: unknown): number => {
  if (token === undefined || token === null) return 0;
  const start = Number(Buffer.from(String(token), 'base64').toString());
  if (!Number.isInteger(start)) throw new JiraRefusal(400, ['The nextPageToken is invalid.']);
  return start;
};
