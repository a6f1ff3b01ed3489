import type { Plan } from '../config/plan.ts';
import type { Channel, NoticeKind, NoticeState, RunRecord } from './run-record.ts';

type About = Pick<RunRecord, 'trigger' | 'operation'>;

/** The channels that a notice of this kind goes to, as the plan wants it. */
export const channelsFor = (
  plan: Plan,
  kind: NoticeKind,
  { trigger, operation }: About,
): readonly Channel[] =>
  ofPlan(plan, kind, trigger.kind === 'hand')
    // An issue is about files that are not protected; a prune that does not work is a warning.
    .filter((channel) => channel === 'slack' || operation !== 'prune');

const ofPlan = (plan: Plan, kind: NoticeKind, byHand: boolean): readonly Channel[] => {
  const slack: readonly Channel[] = plan.slack === undefined ? [] : ['slack'];
  const jira: readonly Channel[] = plan.jira === undefined ? [] : ['jira'];
  const wanted = (when: 'always' | 'by-hand' | 'never' | undefined) =>
    when === 'always' || (when === 'by-hand' && byHand);
  switch (kind) {
    case 'started':
      return wanted(plan.slack?.tell.start) ? slack : [];
    case 'succeeded':
      return wanted(plan.slack?.tell.success) ? slack : [];
    // An issue stays where it is until somebody works on it; a channel scrolls on.
    case 'reminded':
    case 'paused':
      return slack;
    case 'failed':
    case 'escalated':
    case 'recovered':
    case 'unheard':
      return [...slack, ...jira];
  }
};

export const owedNotices = (plan: Plan, kind: NoticeKind, record: About): readonly NoticeState[] =>
  channelsFor(plan, kind, record).map((channel) => ({ kind, channel, state: 'owed', attempts: 0 }));
