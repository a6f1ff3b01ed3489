import type { Plan } from '../config/plan.ts';
import { isAtRisk } from './at-risk.ts';
import type { Clock, IncidentStore, OverviewStore, RunStore } from './doors.ts';
import { type Incident, incidentName, isMuted, type NoticeName } from './incident.ts';
import { asItIs, dueNotices, withNewDue } from './incident-due.ts';
import { isGood } from './judge-incident.ts';
import { emptyOverview, makesPoints } from './overview.ts';
import { channelsFor } from './owed-notices.ts';
import { revise } from './revise.ts';
import type { Channel, RunRecord } from './run-record.ts';

export type Escalating = {
  readonly clock: Clock;
  readonly runs: RunStore;
  readonly incidents: IncidentStore;
  readonly overviews: Pick<OverviewStore, 'read'>;
};

/**
 * The record of a closed run with what has become news since, although nothing has run: data of an open incident is now
 * older than the objective. Said once, by the last run that counted.
 */
export const escalated = async (doors: Escalating, plan: Plan, record: RunRecord): Promise<RunRecord> => {
  if (!makesPoints(record) || isGood(record)) return record;
  const incident = (await doors.incidents.read(incidentName(record)))?.value;
  if (incident === undefined) return record;
  const now = isNewlyAtRisk(incident, record, doors.clock.now())
    ? await atRisk(doors, plan, record, incident)
    : incident;
  if (dueNotices(now, record).length === 0) return record;
  const { value } = await revise(doors.runs, record.run, (current) => {
    const due = dueNotices(now, current);
    return due.length === 0 ? undefined : { ...current, notices: [...current.notices, ...due] };
  });
  return value;
};

const isNewlyAtRisk = (incident: Incident, { run }: RunRecord, now: Date): boolean =>
  incident.state === 'open' &&
  !isMuted(incident, now) &&
  !incident.news.atRisk &&
  (incident.lastRun === run || incident.lastFleetRun === run);

const atRisk = async (
  doors: Escalating,
  plan: Plan,
  record: RunRecord,
  seen: Incident,
): Promise<Incident> => {
  const overview = (await doors.overviews.read(plan.name))?.value ?? emptyOverview(plan.name);
  const now = doors.clock.now();
  if (!isAtRisk(overview, plan, seen.instances, now)) return seen;
  const { value } = await revise(doors.incidents, incidentName(record), (incident) =>
    isNewlyAtRisk(incident, record, now) && isAtRisk(overview, plan, incident.instances, now)
      ? withRisk(plan, incident, record, now)
      : undefined,
  );
  return value;
};

const withRisk = (plan: Plan, incident: Incident, record: RunRecord, now: Date): Incident => {
  const due: Partial<Record<Channel, NoticeName>> = { ...incident.due };
  for (const channel of channelsFor(plan, 'escalated', record))
    due[channel] = { run: record.run, kind: 'escalated' };
  const news = { run: record.run, at: now.toISOString(), atRisk: true, matters: ['at-risk'] as const };
  return { ...withNewDue(incident, due), news: { ...asItIs(incident), ...news } };
};
