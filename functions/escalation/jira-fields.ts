import type { JiraPlan } from '../config/plan.ts';
import { isProtected } from '../pipeline/decide.ts';
import type { Notice } from '../pipeline/doors.ts';
import { ChannelError } from './channel-error.ts';
import { levelOf } from './incident-parts.ts';
import type { IssueFields } from './jira-api.ts';
import { code, type Part, paragraph, text } from './message.ts';

/** What the plan wants on a new issue beyond its text: priority by impact, assignee, components, custom fields. */
export const fieldsOf = (plan: JiraPlan, notice: Notice): IssueFields => ({
  ...plan.fields,
  ...(plan.components === undefined ? {} : { components: plan.components.map((name) => ({ name })) }),
  ...(plan.assignee === undefined
    ? {}
    : { assignee: plan.edition === 'cloud' ? { accountId: plan.assignee } : { name: plan.assignee } }),
  ...priorityOf(plan, notice),
});

/** Data older than the objective, nobody protected, some not protected. */
export const priorityOf = ({ priority }: JiraPlan, notice: Notice): IssueFields => {
  const results = notice.record.results ?? [];
  const impact =
    levelOf(notice) === 'atRisk' ? 'atRisk' : results.some(isProtected) ? 'someFailed' : 'allFailed';
  const name = priority?.[impact];
  return name === undefined ? {} : { priority: { name } };
};

/**
 * The fields that are left when JIRA will not take some of the plan's, and a sentence about those: an issue without a component
 * is better than none. Undefined where that is not what is wrong.
 */
export const withoutRefused = (
  fields: IssueFields,
  error: unknown,
): { readonly fields: IssueFields; readonly notes: readonly Part[] } | undefined => {
  if (!(error instanceof ChannelError) || error.status !== 400) return undefined;
  const refused = Object.entries(error.fields ?? {});
  if (refused.length === 0 || refused.some(([name]) => !(name in fields))) return undefined;
  const names = new Set(refused.map(([name]) => name));
  return {
    fields: Object.fromEntries(Object.entries(fields).filter(([name]) => !names.has(name))),
    notes: refused.map(([name, why]) =>
      paragraph(text('JIRA did not take '), code(name), text(' as the plan has it: '), code(why)),
    ),
  };
};
