import { json, type ServiceReply, type ServiceRequest } from '../service-server.ts';
import { isObject } from './adf.ts';
import { changeOf, checkProperty, checkText, JiraRefusal, newIssueOf } from './issue-fields.ts';
import { type JiraSite, pick, shownFields } from './issue-view.ts';
import { categoryOf, type StoredIssue, type WorkflowStep } from './project-store.ts';
import { search, searchDataCenter } from './search.ts';

/** JIRA's REST API: v3 for Cloud, v2 for Data Center; Basic and Bearer authentication. */
export const answerJira = (site: JiraSite, request: ServiceRequest): ServiceReply => {
  try {
    checkWho(site, request);
    const version = site.edition === 'cloud' ? '3' : '2';
    const path = new RegExp(`^/rest/api/(?:${version}|latest)(/.*)$`).exec(request.url.pathname)?.[1];
    if (path === undefined) throw new JiraRefusal(404, [`null for uri: ${request.url.pathname}`]);
    return route(site, request, path);
  } catch (error) {
    if (!(error instanceof JiraRefusal)) throw error;
    const { status, errorMessages, errors } = error;
    return json(status, { errorMessages, errors });
  }
};

const checkWho = ({ edition, credentials }: JiraSite, { header }: ServiceRequest): void => {
  const expected =
    edition === 'cloud' ? `Basic ${Buffer.from(credentials).toString('base64')}` : `Bearer ${credentials}`;
  if (header('authorization') !== expected)
    throw new JiraRefusal(401, ['Client must be authenticated to access this resource.']);
};

const route = (site: JiraSite, request: ServiceRequest, path: string): ServiceReply => {
  const { method, url } = request;
  const is = (wanted: string, pattern: RegExp) => (method === wanted ? pattern.exec(path) : null);
  const found = (match: RegExpExecArray | null) => issueOf(site, decodeURIComponent(match?.[1] ?? ''));
  if (is('GET', /^\/myself$/)) return json(200, myself(site));
  if (is('POST', /^\/issue$/)) return create(site, bodyOf(request));
  if (/^\/search$/.test(path)) {
    if (site.edition === 'cloud') throw new JiraRefusal(410, [removed]);
    return json(200, searchDataCenter(site, parametersOf(request)));
  }
  if (/^\/search\/jql$/.test(path) && site.edition === 'cloud')
    return json(200, search(site, parametersOf(request)));
  const issue = is('GET', /^\/issue\/([^/]+)$/);
  if (issue) return json(200, shown(site, found(issue), url));
  const edited = is('PUT', /^\/issue\/([^/]+)$/);
  if (edited) return edit(site, found(edited), bodyOf(request));
  const comments = /^\/issue\/([^/]+)\/comment$/.exec(path);
  if (comments && method === 'POST') return comment(site, found(comments), bodyOf(request));
  if (comments && method === 'GET') return json(200, commentPage(found(comments), url.searchParams));
  const transitions = /^\/issue\/([^/]+)\/transitions$/.exec(path);
  if (transitions && method === 'GET') return json(200, transitionsOf(site, found(transitions), url));
  if (transitions && method === 'POST') return transition(site, found(transitions), bodyOf(request));
  const property = /^\/issue\/([^/]+)\/properties(?:\/([^/]+))?$/.exec(path);
  if (property) return propertyCall(site, found(property), decodeURIComponent(property[2] ?? ''), request);
  throw new JiraRefusal(404, [`null for uri: ${url.pathname}`]);
};

const removed =
  'The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046';

const myself = ({ edition }: JiraSite) =>
  edition === 'cloud'
    ? { accountId: 'lifeboat-local', accountType: 'app', displayName: 'Lifeboat', active: true }
    : { key: 'lifeboat', name: 'lifeboat', displayName: 'Lifeboat', active: true };

const bodyOf = ({ header, body }: ServiceRequest): unknown => {
  if (!/^application\/json\b/.test(header('content-type') ?? ''))
    throw new JiraRefusal(415, ['Unsupported Media Type']);
  try {
    return JSON.parse(body);
  } catch {
    throw new JiraRefusal(400, ['There was an error parsing JSON. Check that your request body is valid.']);
  }
};

/** GET and POST of a search mean the same. */
const parametersOf = (request: ServiceRequest): Readonly<Record<string, unknown>> => {
  if (request.method === 'GET') {
    const { fields, properties, ...rest } = Object.fromEntries(request.url.searchParams);
    return { ...rest, fields: fields?.split(','), properties: properties?.split(',') };
  }
  const body = bodyOf(request);
  if (!isObject(body))
    throw new JiraRefusal(400, [
      'Invalid request payload. Refer to the REST API documentation and try again.',
    ]);
  return body;
};

const issueOf = ({ store }: JiraSite, key: string): StoredIssue => {
  const issue = store.issue(key);
  if (issue === undefined)
    throw new JiraRefusal(404, ['Issue does not exist or you do not have permission to see it.']);
  return issue;
};

const create = (site: JiraSite, body: unknown): ServiceReply => {
  const { id, key } = site.store.create(newIssueOf(site, body));
  return json(201, { id, key, self: `${site.origin()}/rest/api/latest/issue/${id}` });
};

const edit = (site: JiraSite, issue: StoredIssue, body: unknown): ServiceReply => {
  const { fields, ...change } = changeOf(site, body);
  const after = fields === undefined ? {} : { fields: { ...issue.fields, ...fields } };
  site.store.change(issue, { ...change, ...after });
  return { status: 204, body: '' };
};

const shown = (site: JiraSite, issue: StoredIssue, { searchParams }: URL) => {
  const properties = searchParams.get('properties')?.split(',');
  return {
    id: issue.id,
    key: issue.key,
    self: `${site.origin()}/rest/api/latest/issue/${issue.id}`,
    fields: shownFields(site, issue, searchParams.get('fields')?.split(',')),
    ...(properties === undefined ? {} : { properties: pick(issue.properties, properties) }),
  };
};

const comment = (site: JiraSite, issue: StoredIssue, body: unknown): ServiceReply => {
  const text = isObject(body) ? body.body : undefined;
  if (text === undefined || text === '')
    throw new JiraRefusal(400, [], { comment: 'Comment body can not be empty!' });
  checkText(site, 'comment', text);
  const added = {
    id: String(20_000 + issue.comments.length),
    body: text,
    created: site.now().toISOString(),
  };
  site.store.change(issue, { comments: [...issue.comments, added] });
  return json(201, added);
};

const commentPage = ({ comments }: StoredIssue, parameters: URLSearchParams) => {
  const startAt = Number(parameters.get('startAt') ?? 0);
  const maxResults = Math.min(5000, Number(parameters.get('maxResults') ?? 50));
  const ordered = parameters.get('orderBy') === '-created' ? comments.toReversed() : comments;
  return {
    startAt,
    maxResults,
    total: comments.length,
    comments: ordered.slice(startAt, startAt + maxResults),
  };
};

/** The steps that lead out of the status that an issue is in. */
const stepsFrom = ({ workflow }: JiraSite, { status }: StoredIssue): readonly WorkflowStep[] =>
  workflow.filter((step) => step.status !== status && (step.from?.includes(status) ?? true));

const transitionsOf = (site: JiraSite, issue: StoredIssue, { searchParams }: URL) => ({
  transitions: stepsFrom(site, issue).map((step) => ({
    id: step.transition,
    name: step.name ?? step.status,
    isAvailable: true,
    to: { name: step.status, statusCategory: categoryOf(site.workflow, step.status) },
    ...(searchParams.get('expand')?.includes('transitions.fields') === true
      ? { fields: fieldsOf(step) }
      : {}),
  })),
});

const fieldsOf = ({ resolutions }: WorkflowStep) =>
  resolutions === undefined
    ? {}
    : {
        resolution: {
          required: true,
          hasDefaultValue: false,
          name: 'Resolution',
          allowedValues: resolutions.map((name, index) => ({ id: String(10_000 + index), name })),
        },
      };

const transition = (site: JiraSite, issue: StoredIssue, body: unknown): ServiceReply => {
  const wanted = isObject(body) && isObject(body.transition) ? String(body.transition.id) : undefined;
  if (wanted === undefined) throw new JiraRefusal(400, ['Missing transition identifier']);
  const step = stepsFrom(site, issue).find((each) => each.transition === wanted);
  if (step === undefined)
    throw new JiraRefusal(400, [`Transition id '${wanted}' is not valid for this issue.`]);
  const given = isObject(body) && isObject(body.fields) ? body.fields : {};
  const known = fieldsOf(step).resolution?.allowedValues ?? [];
  const chosen = isObject(given.resolution) ? given.resolution : {};
  if (known.length > 0 && !known.some(({ id, name }) => id === chosen.id || name === chosen.name))
    throw new JiraRefusal(400, [], { resolution: 'Resolution is required.' });
  site.store.change(issue, { status: step.status });
  return { status: 204, body: '' };
};

const propertyCall = (
  site: JiraSite,
  issue: StoredIssue,
  key: string,
  request: ServiceRequest,
): ServiceReply => {
  const value = issue.properties[key];
  if (request.method === 'PUT') {
    const given = bodyOf(request);
    checkProperty(key, given);
    site.store.change(issue, { properties: { ...issue.properties, [key]: given } });
    return { status: value === undefined ? 201 : 200, body: '' };
  }
  if (key === '') return json(200, { keys: Object.keys(issue.properties).map((each) => ({ key: each })) });
  if (value === undefined) throw new JiraRefusal(404, [`The property with key '${key}' does not exist.`]);
  if (request.method !== 'DELETE') return json(200, { key, value });
  const { [key]: _, ...rest } = issue.properties;
  site.store.change(issue, { properties: rest });
  return { status: 204, body: '' };
};
