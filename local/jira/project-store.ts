import * as z from 'zod/mini';
import { loadState, saveState } from '../service-server.ts';

/** The site's memory: issues with their comments, properties and status. */
const issueSchema = z.object({
  id: z.string(),
  key: z.string(),
  project: z.string(),
  issueType: z.string(),
  summary: z.string(),
  /** ADF or wiki markup, as it came. */
  description: z.unknown(),
  labels: z.array(z.string()),
  status: z.string(),
  created: z.string(),
  /** When the search index knows it. */
  indexedAt: z.number(),
  properties: z.record(z.string(), z.unknown()),
  /** Priority, assignee, components and custom fields, as they came. */
  fields: z.optional(z.record(z.string(), z.unknown())),
  comments: z.array(z.object({ id: z.string(), body: z.unknown(), created: z.string() })),
});
export type StoredIssue = z.output<typeof issueSchema>;
const stateSchema = z.object({ issues: z.array(issueSchema) });

export type ProjectStore = {
  readonly issues: () => readonly StoredIssue[];
  /** By key or id. */
  readonly issue: (keyOrId: string) => StoredIssue | undefined;
  readonly create: (fields: NewStoredIssue) => StoredIssue;
  readonly change: (issue: StoredIssue, change: Partial<StoredIssue>) => StoredIssue;
  readonly remove: (issue: StoredIssue) => void;
};
export type NewStoredIssue = Pick<
  StoredIssue,
  'project' | 'issueType' | 'summary' | 'description' | 'labels' | 'properties' | 'fields'
>;

/** A status with its category and the transition that leads there, from every other status unless some are named. */
export type WorkflowStep = {
  readonly transition: string;
  /** Default: the status. */
  readonly name?: string;
  readonly status: string;
  readonly category: 'new' | 'indeterminate' | 'done';
  readonly from?: readonly string[];
  /** The resolutions of which a person has to choose one on the way. */
  readonly resolutions?: readonly string[];
};

/** Where nothing else is asked for; new issues begin with the first step. */
export const simpleWorkflow: readonly WorkflowStep[] = [
  { transition: '11', status: 'To Do', category: 'new' },
  { transition: '21', status: 'In Progress', category: 'indeterminate' },
  { transition: '31', status: 'Done', category: 'done' },
];

const categories = {
  new: { id: 2, key: 'new', name: 'To Do' },
  indeterminate: { id: 4, key: 'indeterminate', name: 'In Progress' },
  done: { id: 3, key: 'done', name: 'Done' },
} as const;

export const categoryOf = (workflow: readonly WorkflowStep[], status: string) =>
  categories[(workflow.find((step) => step.status === status) ?? workflow[0])?.category ?? 'new'];

/** Throws where the state file is not one of ours. */
export const openProjectStore = (options: {
  readonly stateFile: string | undefined;
  readonly workflow: readonly WorkflowStep[];
  readonly indexLagMilliseconds: number;
  readonly now: () => Date;
}): ProjectStore => {
  const { stateFile, now } = options;
  const loaded = loadState(stateFile);
  const state = loaded === undefined ? { issues: [] } : z.parse(stateSchema, loaded);
  const find = (keyOrId: string) => state.issues.find(({ key, id }) => key === keyOrId || id === keyOrId);
  return {
    issues: () => state.issues,
    issue: find,
    create: (fields) => {
      const issue = {
        ...fields,
        id: String(10_000 + nextNumber(state.issues)),
        key: `${fields.project}-${nextNumber(state.issues.filter(({ project }) => project === fields.project))}`,
        status: options.workflow[0]?.status ?? '',
        created: now().toISOString(),
        indexedAt: now().getTime() + options.indexLagMilliseconds,
        comments: [],
      };
      state.issues.push(issue);
      saveState(stateFile, state);
      return issue;
    },
    change: (issue, change) => {
      const changed = { ...issue, ...change };
      state.issues[state.issues.findIndex(({ id }) => id === issue.id)] = changed;
      saveState(stateFile, state);
      return changed;
    },
    remove: (issue) => {
      state.issues.splice(
        state.issues.findIndex(({ id }) => id === issue.id),
        1,
      );
      saveState(stateFile, state);
    },
  };
};

/** Numbers are not used twice, even where issues were deleted in between, as long as the newest is there. */
const nextNumber = (issues: readonly StoredIssue[]): number =>
  1 + Math.max(0, ...issues.map(({ key }) => Number(key.slice(key.lastIndexOf('-') + 1))));
