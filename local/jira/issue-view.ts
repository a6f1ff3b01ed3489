import type { Site } from './issue-fields.ts';
import { categoryOf, type ProjectStore, type StoredIssue, type WorkflowStep } from './project-store.ts';

export type JiraSite = Site & {
  readonly store: ProjectStore;
  readonly workflow: readonly WorkflowStep[];
  readonly credentials: string;
  readonly now: () => Date;
  /** Until told otherwise, with a slash at its end. */
  readonly origin: () => string;
};

/** An issue with the fields asked for; `undefined`: all. */
export const shownFields = (
  { workflow }: JiraSite,
  issue: StoredIssue,
  wanted: readonly string[] | undefined,
) => {
  const all: Readonly<Record<string, unknown>> = {
    summary: issue.summary,
    description: issue.description ?? null,
    labels: issue.labels,
    created: issue.created,
    issuetype: { name: issue.issueType },
    project: { key: issue.project },
    status: { name: issue.status, statusCategory: categoryOf(workflow, issue.status) },
    ...issue.fields,
  };
  const isAll = wanted === undefined || wanted.includes('*all') || wanted.includes('*navigable');
  return isAll ? all : Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name)));
};

export const pick = (from: Readonly<Record<string, unknown>>, names: readonly string[]) =>
  Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
