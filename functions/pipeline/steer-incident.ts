import { BadEvent } from '../config/bad-event.ts';
import type { IncidentEvent } from '../config/incident-event.ts';
import type { Plan } from '../config/plan.ts';
import type { Incident } from './incident.ts';
import { newestPoints } from './newest-points.ts';
import { revise } from './revise.ts';
import type { Timestamp } from './run-record.ts';
import type { Telling } from './tell.ts';

export type SteerAnswer = {
  readonly plan: string;
  /** The run that opened the incident. */
  readonly incident: string;
  readonly acknowledged: boolean;
  readonly mutedUntil?: Timestamp;
  readonly note: string;
};

/**
 * Mutes or acknowledges the open incident of a plan, and says so at the head of its thread. It ends with the incident: the next
 * one is told. Throws {@link BadEvent}.
 */
export const steerIncident = async (
  doors: Telling,
  plan: Plan,
  event: IncidentEvent,
): Promise<SteerAnswer> => {
  const refuse = () => {
    throw new BadEvent(`The plan ${plan.name} has no open incident: there is nothing to ${event.action}.`);
  };
  if ((await doors.incidents.read(plan.name)) === undefined) refuse();
  const at = doors.clock.now().toISOString();
  const { value } = await revise(doors.incidents, plan.name, (incident) =>
    incident.state === 'open' ? steered(incident, event, at) : refuse(),
  );
  const { openedBy, acknowledged, muted } = value;
  doors.log.info('incident', { plan: plan.name, incident: openedBy, action: event.action });
  const trouble = await showInThread(doors, plan, value);
  return {
    plan: plan.name,
    incident: openedBy,
    acknowledged: acknowledged !== undefined,
    ...(muted === undefined ? {} : { mutedUntil: muted.until }),
    note: trouble === undefined ? notes[event.action] : `${notes[event.action]} ${trouble}`,
  };
};

/** It holds whether it can be shown or not: what hinders that is answered. */
const showInThread = async (doors: Telling, plan: Plan, incident: Incident): Promise<string | undefined> => {
  const { run, kind } = incident.heard?.slack ?? { run: incident.news.run, kind: 'failed' as const };
  const record = (await doors.runs.read(run))?.value;
  const refresh = doors.tellers.of(plan).slack?.refresh;
  if (incident.slack === undefined || record === undefined || refresh === undefined) return undefined;
  const notice = {
    ...{ kind, plan, record, incident, links: doors.links(record), mayBeTold: false },
    points: await newestPoints(doors, plan, record, incident),
  };
  try {
    const rest = await refresh(notice);
    return rest === undefined ? undefined : `Its thread does not show it yet: ${rest}`;
  } catch (error) {
    doors.log.error('could not show', { plan: plan.name, incident: incident.openedBy, error });
    return `Its thread does not show it yet: ${error instanceof Error ? error.message : String(error)}`;
  }
};

const steered = ({ muted, ...incident }: Incident, event: IncidentEvent, at: Timestamp): Incident => {
  switch (event.action) {
    case 'mute':
      return { ...incident, muted: { at, until: event.until.toISOString() } };
    case 'unmute':
      return incident;
    case 'acknowledge':
      return { ...incident, ...(muted === undefined ? {} : { muted }), acknowledged: { at } };
  }
};

const notes: Readonly<Record<IncidentEvent['action'], string>> = {
  mute: 'Only the recovery is told until then. A problem that comes back after a recovery is told as a new one.',
  unmute: 'The next run that is not good is told again.',
  acknowledge: 'No daily reminder any more; changes and the recovery are told.',
};
