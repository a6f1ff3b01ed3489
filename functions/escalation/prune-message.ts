import type { Notice } from '../pipeline/doors.ts';
import { forPruneIncident } from '../pipeline/judge-prune.ts';
import { countedOf, countOf, momentOf } from './figures.ts';
import { longestTitle, type Message, type Part, paragraph, plain, text } from './message.ts';
import { failurePart, linksLine, namesOf, omittedPart } from './message-parts.ts';
import { failureGroups, tallyOf } from './tally.ts';
import { visible } from './untrusted-text.ts';

const mostGroups = 3;

/** That pruning does not work, or works again. A warning: whoever reads it shall not think that a backup failed. */
export const pruneMessageOf = (notice: Notice): Message => {
  const record = forPruneIncident(notice.record);
  const { instances, notProtected } = tallyOf(record);
  const failed = notice.kind === 'failed';
  const { name, schedule } = notice.plan;
  const title = failed
    ? `${name}: pruning did not work on ${countOf(notProtected.length)} of ${countedOf(instances, 'instance')}; the backups are not concerned`
    : `${name}: pruning works again on all ${countedOf(instances, 'instance')}`;
  const which = failed
    ? `: ${plain(
        namesOf(
          notProtected.map(({ instance }) => instance),
          3,
        ),
      )}`
    : '';
  const groups = failureGroups(notProtected);
  const parts: readonly Part[] = [
    ...groups.slice(0, mostGroups).flatMap((group) => failurePart(group, notice.links.runbook, 'not pruned')),
    ...omittedPart(groups.slice(mostGroups)),
    paragraph(
      text(
        failed
          ? 'Recovery points that the plan keeps are untouched and nothing has to be done tonight; but the share grows until pruning works. This is told once.'
          : `It did not since ${momentOf(notice.incident?.openedAt ?? record.startedAt, schedule.timezone)}.`,
      ),
    ),
    paragraph(...linksLine(notice.links)),
  ];
  return {
    kind: notice.kind,
    title: visible(title, longestTitle),
    summary: visible(`${title}${which}`, 300),
    hasTitle: true,
    parts,
  };
};
