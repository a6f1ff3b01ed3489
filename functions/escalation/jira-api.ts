import * as z from 'zod/mini';
import type { JiraPlan } from '../config/plan.ts';
import { ChannelError } from './channel-error.ts';
import { type AdfDocument, adfOf } from './jira-adf.ts';
import { jiraRefusal } from './jira-errors.ts';
import { wikiOf, wikiText } from './jira-wiki.ts';
import { type Part, paragraph, text } from './message.ts';
import { callService, type Patience, type ServiceCall } from './service-call.ts';

/**
 * JIRA as far as Lifeboat needs it: Cloud's REST API v3 (ADF, `search/jql`) and Data Center's v2 (wiki markup,
 * `search`). Throws ChannelError. developer.atlassian.com/cloud/jira/platform/rest/v3 and …/server/jira/platform/rest.
 */
export type JiraApi = {
  /** Keys of the newest issues that the query finds. Cloud's index lags behind writes by seconds, at times minutes. */
  readonly search: (jql: string, most: number) => Promise<readonly string[]>;
  /** Undefined where there is no such issue, or none that this account may see. Reads the truth, not the index. */
  readonly read: (key: string) => Promise<JiraIssueState | undefined>;
  /** Creates an issue and answers its key. */
  readonly create: (issue: NewIssue) => Promise<string>;
  readonly comment: (key: string, parts: readonly Part[]) => Promise<void>;
  /** Replaces fields of the issue, for instance its priority. */
  readonly change: (key: string, fields: IssueFields) => Promise<void>;
  /** Replaces what Lifeboat keeps on the issue. */
  readonly keep: (key: string, mark: IssueMark) => Promise<void>;
  /** The ways out of the status that the issue is in, as this account may go them. */
  readonly transitions: (key: string) => Promise<readonly Transition[]>;
  readonly transit: (key: string, transition: string, fields: IssueFields) => Promise<void>;
  /** Whether one of the newest comments has this text, written by {@link JiraApi.comment} as a line of its own. */
  readonly hasComment: (key: string, words: string) => Promise<boolean>;
};

export type JiraIssueState = { readonly key: string; readonly isDone: boolean; readonly mark?: IssueMark };

export type IssueFields = Readonly<Record<string, unknown>>;
export type Transition = z.output<typeof transitionSchema>;

/** What Lifeboat keeps on an issue of its own, in the entity property {@link markProperty}. */
export type IssueMark = z.output<typeof markSchema>;

export type NewIssue = {
  readonly summary: string;
  readonly parts: readonly Part[];
  readonly labels: readonly string[];
  readonly mark: IssueMark;
  /** Beyond these: priority, assignee, components, custom fields. */
  readonly fields: IssueFields;
};

export const markProperty = 'lifeboat';
const markSchema = z.object({ plan: z.string(), incident: z.string(), run: z.string(), kind: z.string() });

const keySchema = z.string().check(z.regex(/^[A-Z][A-Z0-9_]*-\d+$/));
const foundSchema = z.object({ issues: z.array(z.object({ key: keySchema })) });
const createdSchema = z.object({ key: keySchema });
const commentsSchema = z.object({ comments: z.array(z.object({ body: z.unknown() })) });
const transitionSchema = z.object({
  id: z.string(),
  name: z.string(),
  to: z.object({ statusCategory: z.optional(z.object({ key: z.string() })) }),
  fields: z.optional(
    z.record(
      z.string(),
      z.object({
        required: z.boolean(),
        hasDefaultValue: z.optional(z.boolean()),
        allowedValues: z.optional(
          z.array(z.object({ id: z.optional(z.string()), name: z.optional(z.string()) })),
        ),
      }),
    ),
  ),
});
const transitionsSchema = z.object({ transitions: z.array(transitionSchema) });
const issueSchema = z.object({
  key: keySchema,
  fields: z.object({
    status: z.optional(z.object({ statusCategory: z.optional(z.object({ key: z.string() })) })),
  }),
  properties: z.optional(z.record(z.string(), z.unknown())),
});

/** JIRA takes 32,767 characters a text; what counts as one in ADF is not documented, so its JSON stays below too. */
const mostCharacters = 30_000;
const newestComments = 50;

export type JiraOptions = {
  readonly plan: JiraPlan;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly credentials: string;
  readonly patience: Patience;
};

export const openJiraApi = (options: JiraOptions): JiraApi => {
  const { plan } = options;
  const isCloud = plan.edition === 'cloud';
  const root = isCloud ? '/rest/api/3' : '/rest/api/2';
  const ask = asking(options);
  const issuePath = (key: string) => `${root}/issue/${encodeURIComponent(key)}`;
  return {
    search: async (jql, most) => {
      const path = isCloud ? `${root}/search/jql` : `${root}/search`;
      const body = { jql, maxResults: most, fields: ['created'] };
      const found = await ask('POST', path, foundSchema, { body, repeat: 'always' });
      return found.issues.map(({ key }) => key);
    },
    read: async (key) => {
      try {
        const path = `${issuePath(key)}?fields=status&properties=${markProperty}`;
        return stateOf(await ask('GET', path, issueSchema, { repeat: 'always' }));
      } catch (error) {
        if (error instanceof ChannelError && error.status === 404) return undefined;
        throw error;
      }
    },
    create: async (issue) => {
      const body = {
        fields: {
          project: { key: plan.project },
          issuetype: { name: plan.issueType },
          summary: issue.summary,
          description: textOf(issue.parts, isCloud),
          labels: issue.labels,
          ...issue.fields,
        },
        properties: [{ key: markProperty, value: issue.mark }],
      };
      return (await ask('POST', `${root}/issue`, createdSchema, { body, repeat: 'once' })).key;
    },
    comment: async (key, parts) => {
      const body = { body: textOf(parts, isCloud) };
      await ask('POST', `${issuePath(key)}/comment`, z.unknown(), { body, repeat: 'once' });
    },
    change: async (key, fields) => {
      await ask('PUT', issuePath(key), z.unknown(), { body: { fields }, repeat: 'always' });
    },
    keep: async (key, mark) => {
      const path = `${issuePath(key)}/properties/${markProperty}`;
      await ask('PUT', path, z.unknown(), { body: mark, repeat: 'always' });
    },
    transitions: async (key) => {
      const path = `${issuePath(key)}/transitions?expand=transitions.fields`;
      return (await ask('GET', path, transitionsSchema, { repeat: 'always' })).transitions;
    },
    transit: async (key, transition, fields) => {
      const body = { transition: { id: transition }, ...(Object.keys(fields).length > 0 ? { fields } : {}) };
      await ask('POST', `${issuePath(key)}/transitions`, z.unknown(), { body, repeat: 'always' });
    },
    hasComment: async (key, words) => {
      const path = `${issuePath(key)}/comment?orderBy=-created&maxResults=${newestComments}`;
      const { comments } = await ask('GET', path, commentsSchema, { repeat: 'always' });
      const sought = isCloud ? JSON.stringify(words).slice(1, -1) : wikiText(words);
      return comments.some(({ body }) => (JSON.stringify(body) ?? '').includes(sought));
    },
  };
};

const stateOf = ({ key, fields, properties }: z.output<typeof issueSchema>): JiraIssueState => {
  const mark = z.safeParse(markSchema, properties?.[markProperty]);
  return {
    key,
    // The category is the same in every workflow, whatever its statuses are called.
    isDone: fields.status?.statusCategory?.key === 'done',
    ...(mark.success ? { mark: mark.data } : {}),
  };
};

/** The parts that fit; the last two, links and mark, always. */
const textOf = (parts: readonly Part[], isCloud: boolean): AdfDocument | string => {
  const last = parts.slice(-2);
  for (let first = parts.length - last.length; ; first -= 1) {
    const isWhole = first === parts.length - last.length;
    const kept = [...parts.slice(0, Math.max(0, first)), ...(isWhole ? [] : [more]), ...last];
    const written = isCloud ? adfOf(kept) : wikiOf(kept);
    const { length } = typeof written === 'string' ? written : JSON.stringify(written);
    if (length <= mostCharacters || first <= 0) return written;
  }
};

const more = paragraph(text('There is more; the report has all of it.'));

type Request = { readonly body?: unknown; readonly repeat: ServiceCall['repeat'] };

const asking =
  ({ plan, baseUrl, credentials, patience }: JiraOptions) =>
  async <T extends z.core.$ZodType>(
    method: ServiceCall['method'],
    path: string,
    schema: T,
    { body, repeat }: Request,
  ): Promise<z.output<T>> => {
    const what = `${method} ${path.replace(/\?.*/, '')}`;
    const { status, body: said } = await callService(
      {
        service: 'JIRA',
        what,
        method,
        url: `${baseUrl}${path}`,
        headers: {
          authorization: authorizationOf(plan, credentials),
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        repeat,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
      patience,
    );
    if (status < 200 || status >= 300) throw jiraRefusal(what, status, said, plan, credentials);
    const parsed = z.safeParse(schema, jsonOf(said));
    if (parsed.success) return parsed.data;
    throw new ChannelError(
      `JIRA ${what}: HTTP ${status} with an answer that is not JIRA's. Check the plan's jira.url and jira.edition.`,
      { arrival: 'unknown', status },
    );
  };

const jsonOf = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    // No JSON is no answer of JIRA's: the caller's schema says so.
    return undefined;
  }
};

const authorizationOf = ({ edition, credentialsParameter }: JiraPlan, credentials: string): string => {
  if (edition === 'cloud') {
    if (/^[^:\s]+:\S+$/.test(credentials))
      return `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`;
    throw new ChannelError(
      `JIRA: the SSM parameter ${credentialsParameter} does not hold user@example.org:api-token. Put it there.`,
      { arrival: 'no' },
    );
  }
  if (/^[\x21-\x7e]+$/.test(credentials)) return `Bearer ${credentials}`;
  throw new ChannelError(
    `JIRA: the SSM parameter ${credentialsParameter} holds no personal access token. Put one there.`,
    { arrival: 'no' },
  );
};
