import { BadEvent } from '../config/bad-event.ts';
import type { IncidentEvent } from '../config/incident-event.ts';
import type { Plan } from '../config/plan.ts';
import type { Clock, IncidentStore, Log } from './doors.ts';
import type { Incident } from './incident.ts';
import { revise } from './revise.ts';
import type { Timestamp } from './run-record.ts';

export type SteerAnswer = {
  readonly plan: string;
  /** The run that opened the incident. */
  readonly incident: string;
  readonly acknowledged: boolean;
  readonly mutedUntil?: Timestamp;
  readonly note: string;
};

/** Mutes or acknowledges the open incident of a plan. It ends with the incident: the next one is told. Throws {@link BadEvent}. */
export const steerIncident = async (
  doors: { readonly clock: Pick<Clock, 'now'>; readonly incidents: IncidentStore; readonly log: Log },
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
  return {
    plan: plan.name,
    incident: openedBy,
    acknowledged: acknowledged !== undefined,
    ...(muted === undefined ? {} : { mutedUntil: muted.until }),
    note: notes[event.action],
  };
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
