import { isAdfDocument, isObject } from './adf.ts';
import type { NewStoredIssue } from './project-store.ts';

/** What JIRA answers to a request that it will not carry out. */
export class JiraRefusal extends Error {
  readonly status: number;
  readonly errorMessages: readonly string[];
  readonly errors: Readonly<Record<string, string>>;
  constructor(
    status: number,
    errorMessages: readonly string[],
    errors: Readonly<Record<string, string>> = {},
  ) {
    super(errorMessages[0] ?? Object.values(errors)[0] ?? String(status));
    this.status = status;
    this.errorMessages = errorMessages;
    this.errors = errors;
  }
}

export type Site = {
  readonly edition: 'cloud' | 'data-center';
  /** Issue types by project key; undefined: every project exists, with every type. */
  readonly projects?: Readonly<Record<string, readonly string[]>>;
  /** Components of every project; undefined: any name is one. */
  readonly components?: readonly string[];
  /** Account ids (Cloud) or user names (Data Center) that issues can be assigned to; undefined: all. */
  readonly assignable?: readonly string[];
  /** Custom fields on the screens; undefined: every `customfield_…`. */
  readonly customFields?: readonly string[];
};

export const priorities = ['Highest', 'High', 'Medium', 'Low', 'Lowest'] as const;

const mostCharacters = 32_767;

/** The body of "create issue", checked field by field as JIRA does. Throws {@link JiraRefusal}. */
export const newIssueOf = (site: Site, body: unknown): NewStoredIssue => {
  const fields = isObject(body) ? body.fields : undefined;
  if (!isObject(body) || !isObject(fields))
    throw new JiraRefusal(400, ['Field error: no fields were given.']);
  const project = nested(fields.project, 'key');
  const issueType = nested(fields.issuetype, 'name');
  const errors = {
    ...unknownFields(site, fields),
    ...projectErrors(site, project, issueType),
    ...summaryErrors(fields.summary),
    ...labelErrors(fields.labels),
    ...otherErrors(site, fields),
  };
  if (Object.keys(errors).length > 0) throw new JiraRefusal(400, [], errors);
  checkText(site, 'description', fields.description);
  return {
    project: project ?? '',
    issueType: issueType ?? '',
    summary: String(fields.summary).trim(),
    description: fields.description,
    labels: Array.isArray(fields.labels) ? fields.labels.map(String) : [],
    properties: propertiesOf(body.properties),
    ...otherFields(fields),
  };
};

/** The body of "edit issue": the fields that may be changed, checked as on creation. Throws {@link JiraRefusal}. */
export const changeOf = (site: Site, body: unknown): Partial<NewStoredIssue> => {
  const fields = isObject(body) ? body.fields : undefined;
  if (!isObject(fields)) throw new JiraRefusal(400, ['one of fields or update required']);
  const errors = {
    ...unknownFields(site, fields),
    ...('summary' in fields ? summaryErrors(fields.summary) : {}),
    ...labelErrors(fields.labels),
    ...otherErrors(site, fields),
  };
  if (Object.keys(errors).length > 0) throw new JiraRefusal(400, [], errors);
  if ('description' in fields) checkText(site, 'description', fields.description);
  return {
    ...(typeof fields.summary === 'string' ? { summary: fields.summary.trim() } : {}),
    ...('description' in fields ? { description: fields.description } : {}),
    ...(Array.isArray(fields.labels) ? { labels: fields.labels.map(String) } : {}),
    ...otherFields(fields),
  };
};

type Fields = Readonly<Record<string, unknown>>;

const otherFields = (fields: Fields) => {
  const others = Object.entries(fields).filter(
    ([name]) => ['priority', 'assignee', 'components'].includes(name) || isCustom(name),
  );
  return others.length === 0 ? {} : { fields: Object.fromEntries(others) };
};

const isCustom = (name: string): boolean => /^customfield_\d+$/.test(name);

const otherErrors = (site: Site, { priority, assignee, components }: Fields) => ({
  ...(priority === undefined || priorities.some((name) => name === nested(priority, 'name'))
    ? {}
    : { priority: 'The priority selected is invalid.' }),
  ...assigneeErrors(site, assignee),
  ...componentErrors(site, components),
});

/** Cloud knows people by account id alone, a Data Center by name alone. */
const assigneeErrors = (
  { edition, assignable }: Site,
  assignee: unknown,
): Readonly<Record<string, string>> => {
  if (assignee === undefined || assignee === null) return {};
  const id = nested(assignee, edition === 'cloud' ? 'accountId' : 'name');
  if (id === undefined) return { assignee: 'expected Object containing a user' };
  if (assignable === undefined || assignable.includes(id)) return {};
  return {
    assignee:
      edition === 'cloud' ? 'Specify a valid value for assignee' : `User '${id}' cannot be assigned issues.`,
  };
};

const componentErrors = (
  { components: known }: Site,
  components: unknown,
): Readonly<Record<string, string>> => {
  if (components === undefined) return {};
  if (!Array.isArray(components)) return { components: 'data was not an array' };
  const unknown = components
    .map((component) => nested(component, 'name'))
    .find((name) => name === undefined || known?.includes(name) === false);
  return components.length === 0 || unknown === undefined
    ? {}
    : { components: `Component name '${unknown}' is not valid` };
};

const nested = (value: unknown, name: string): string | undefined => {
  const inner = isObject(value) ? value[name] : undefined;
  return typeof inner === 'string' ? inner : undefined;
};

const known = [
  'project',
  'issuetype',
  'summary',
  'description',
  'labels',
  'priority',
  'assignee',
  'components',
];

const unknownFields = ({ customFields }: Site, fields: Fields) =>
  Object.fromEntries(
    Object.keys(fields)
      .filter((name) => !known.includes(name))
      .filter((name) => !(isCustom(name) && (customFields?.includes(name) ?? true)))
      .map((name) => [
        name,
        `Field '${name}' cannot be set. It is not on the appropriate screen, or unknown.`,
      ]),
  );

const projectErrors = (
  { projects }: Site,
  project: string | undefined,
  issueType: string | undefined,
): Readonly<Record<string, string>> => {
  const exists =
    project !== undefined &&
    (projects === undefined ? /^[A-Z][A-Z0-9_]+$/.test(project) : project in projects);
  if (!exists) return { project: 'valid project is required' };
  if (issueType === undefined || issueType === '') return { issuetype: 'Specify an issue type' };
  const types = projects?.[project];
  return types === undefined || types.includes(issueType)
    ? {}
    : { issuetype: 'The issue type selected is invalid.' };
};

const summaryErrors = (summary: unknown): Readonly<Record<string, string>> => {
  if (typeof summary !== 'string' || summary.trim() === '')
    return { summary: 'You must specify a summary of the issue.' };
  if (/[\r\n]/.test(summary))
    return { summary: 'The summary is invalid because it contains newline characters.' };
  return summary.length > 255 ? { summary: 'Summary must be less than 255 characters.' } : {};
};

const labelErrors = (labels: unknown): Readonly<Record<string, string>> => {
  if (labels === undefined) return {};
  if (!Array.isArray(labels) || !labels.every((label) => typeof label === 'string'))
    return { labels: 'data was not an array' };
  const spaced = labels.find((label) => /\s/.test(label) || label === '');
  if (spaced !== undefined) return { labels: `The label '${spaced}' contains spaces which is invalid.` };
  const long = labels.find((label) => label.length > 255);
  return long === undefined ? {} : { labels: `The label '${long.slice(0, 40)}…' exceeds 255 characters.` };
};

/** A description or a comment: ADF in Cloud's v3, wiki markup in Data Center's v2. */
export const checkText = ({ edition }: Site, field: string, value: unknown): void => {
  if (value === undefined || value === null) return;
  if (edition === 'cloud') {
    if (typeof value === 'string')
      throw new JiraRefusal(400, [], {
        [field]: 'Operation value must be an Atlassian Document (see the Atlassian Document Format)',
      });
    if (!isAdfDocument(value)) throw new JiraRefusal(400, ['INVALID_INPUT']);
    if (JSON.stringify(value).length > mostCharacters) throw new JiraRefusal(400, ['CONTENT_LIMIT_EXCEEDED']);
    return;
  }
  if (typeof value !== 'string')
    throw new JiraRefusal(400, [], { [field]: 'Operation value must be a string' });
  if (value.length > mostCharacters)
    throw new JiraRefusal(400, [], {
      [field]: 'The entered text is too long. It exceeds the allowed limit of 32,767 characters.',
    });
};

const propertiesOf = (properties: unknown): Record<string, unknown> => {
  if (properties === undefined) return {};
  if (!Array.isArray(properties)) throw new JiraRefusal(400, ['Issue properties must be a list.']);
  return Object.fromEntries(
    properties.map((property) => {
      const key = nested(property, 'key');
      const value = isObject(property) ? property.value : undefined;
      checkProperty(key, value);
      return [key ?? '', value];
    }),
  );
};

/** Keys of at most 255 characters, values of at most 32,768 as JSON. */
export const checkProperty = (key: string | undefined, value: unknown): void => {
  if (key === undefined || key === '' || key.length > 255)
    throw new JiraRefusal(400, ['The property key must be 1 to 255 characters long.']);
  if (value === undefined || JSON.stringify(value).length > 32_768)
    throw new JiraRefusal(400, ['The property value must be a JSON of at most 32768 characters.']);
};
