import { ChannelError } from './channel-error.ts';
import type { IssueFields, JiraApi, JiraIssueState, Transition } from './jira-api.ts';

/**
 * An issue moved by the category of the status that a transition leads to, which is the same in every workflow, whatever its
 * statuses are called. Answers why it stays where it is; undefined: it is where it should be.
 */
export const resolved = (api: JiraApi, issue: JiraIssueState): Promise<string | undefined> =>
  issue.isDone
    ? Promise.resolve(undefined)
    : moved(api, issue.key, 'done', ['done'], /\b(?:done|resolved?|closed?|fixed)\b/i);

export const openedAgain = (api: JiraApi, issue: JiraIssueState): Promise<string | undefined> =>
  issue.isDone
    ? moved(api, issue.key, 'open', ['new', 'indeterminate'], /\b(?:reopen(?:ed)?|re-open|open|to do)\b/i)
    : Promise.resolve(undefined);

const moved = async (
  api: JiraApi,
  key: string,
  where: 'done' | 'open',
  categories: readonly string[],
  liked: RegExp,
): Promise<string | undefined> => {
  const [way] = (await api.transitions(key))
    .flatMap((transition) => withFields(transition, liked))
    .filter(({ category }) => categories.includes(category))
    .toSorted((one, other) => rankOf(one, categories) - rankOf(other, categories));
  if (way === undefined)
    return `It could not be moved: no transition that needs nothing from a person leads from its status to one that is ${where}.`;
  try {
    await api.transit(key, way.id, way.fields);
    return undefined;
  } catch (error) {
    if (!(error instanceof ChannelError) || error.arrival !== 'no' || error.status === undefined) throw error;
    // Asked twice after a lost answer, or moved by a person meanwhile: it is where it should be.
    const now = await api.read(key);
    if (now === undefined || now.isDone === (where === 'done')) return undefined;
    return `It could not be moved: ${error.message}`;
  }
};

type Way = {
  readonly id: string;
  readonly category: string;
  readonly isLiked: boolean;
  readonly fields: IssueFields;
};

/** A done status may mean that nobody did it; of several ways the one that says what has happened. */
const disliked = /won.?t|reject|declin|duplicate|cancel|invalid|cannot/i;

const withFields = ({ id, name, to, fields }: Transition, liked: RegExp): readonly Way[] => {
  const values: Record<string, unknown> = {};
  for (const [field, { required, hasDefaultValue, allowedValues = [] }] of Object.entries(fields ?? {})) {
    if (!required || hasDefaultValue === true) continue;
    const value = allowedValues.find((each) => liked.test(each.name ?? '')) ?? allowedValues[0];
    if (value === undefined) return [];
    values[field] = value.id === undefined ? { name: value.name } : { id: value.id };
  }
  const isLiked = liked.test(name) && !disliked.test(name);
  return [{ id, category: to.statusCategory?.key ?? '', isLiked, fields: values }];
};

const rankOf = ({ isLiked, category }: Way, categories: readonly string[]): number =>
  (isLiked ? 0 : categories.length) + categories.indexOf(category);
