import type { Plan } from '../config/plan.ts';
import { isOfIncident } from './incident-due.ts';
import { channelsFor } from './owed-notices.ts';
import type { Channel, NoticeKind, NoticeState, RunRecord } from './run-record.ts';

/** Attempts after which a channel counts as down: the second comes ten minutes after the first. */
const mostPatience = 2;

/**
 * Who reads the one channel hears that the other could not be told: once for a run, and only on a channel that is not in the
 * same trouble.
 */
export const otherRoad = (plan: Plan, record: RunRecord): readonly NoticeState[] => {
  const stuck = record.notices.find((notice) => isStuck(notice) && notice.attempts >= mostPatience);
  if (stuck === undefined) return [];
  const channel: Channel = stuck.channel === 'slack' ? 'jira' : 'slack';
  const isOpen =
    channelsFor(plan, 'unheard', record).includes(channel) &&
    !record.notices.some((notice) => notice.channel === channel && (isStuck(notice) || isRoad(notice)));
  const about = { kind: stuck.kind, channel: stuck.channel };
  return isOpen ? [{ kind: 'unheard', channel, state: 'owed', attempts: 0, about }] : [];
};

/** One with a reference is told: only what goes with it could not be done yet. */
const isStuck = ({ kind, state, reference }: NoticeState): boolean =>
  state === 'failed' && reference === undefined && isBadNews(kind);
const isRoad = ({ kind }: NoticeState): boolean => kind === 'unheard';

/** That it goes on is told again tomorrow. */
const isBadNews = (kind: NoticeKind): boolean => isOfIncident(kind) && kind !== 'reminded';

/** What an `unheard` notice is about, as that stands; undefined where there is nothing to say any more. */
export const stillUnheard = (
  { notices }: RunRecord,
  { about }: NoticeState,
): { readonly channel: Channel; readonly kind: NoticeKind; readonly error: string } | undefined => {
  const notice = notices.find(({ kind, channel }) => kind === about?.kind && channel === about.channel);
  const isUntold = notice?.state === 'failed' || notice?.state === 'sending';
  return isUntold && notice.reference === undefined
    ? { channel: notice.channel, kind: notice.kind, error: notice.error ?? '' }
    : undefined;
};
