import * as z from 'zod/mini';
import { BadEvent } from './bad-event.ts';
import { parse } from './events.ts';

/** What a person asks of dispatch about the open incident of a plan, by hand or with a button of the dashboard. */
export type IncidentEvent =
  /** Nothing but the recovery is told until then. */
  | { readonly plan: string; readonly action: 'mute'; readonly until: Date }
  /** `acknowledge`: somebody is at it, no daily reminder; changes and the recovery are told. */
  | { readonly plan: string; readonly action: 'unmute' | 'acknowledge' };

const event = z.strictObject(
  {
    plan: z.string('is missing: name a plan of lifeboat.yml'),
    incident: z.enum(['mute', 'unmute', 'acknowledge'], 'is none of mute, unmute, acknowledge'),
    until: z.optional(
      z
        .string('is no day such as 2026-12-01')
        .check(
          z.refine(
            (text) => /^\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?$/.test(text) && !Number.isNaN(Date.parse(text)),
            'is neither a day such as 2026-12-01 nor a time such as 2026-12-01T18:00:00Z',
          ),
        ),
    ),
    // A button of the dashboard's widget sends what CloudWatch knows of the widget along.
    widgetContext: z.optional(z.unknown()),
  },
  'is no object',
);

/** Undefined: it is an event of another kind. A day begins at midnight UTC. Throws {@link BadEvent}. */
export const readIncidentEvent = (raw: unknown, now: Date): IncidentEvent | undefined => {
  if (typeof raw !== 'object' || raw === null || !('incident' in raw)) return undefined;
  const { plan, incident: action, until } = parse(event, raw, example);
  if (action !== 'mute') {
    if (until === undefined) return { plan, action };
    throw new BadEvent(`"until" belongs to "incident":"mute", not to ${action}. Send ${example}.`);
  }
  if (until === undefined)
    throw new BadEvent(`A mute needs its end, so that nobody forgets it. Send ${example}.`);
  const end = new Date(until);
  const days = (end.getTime() - now.getTime()) / 86_400_000;
  if (days <= 0 || days > mostDays)
    throw new BadEvent(
      `"until":"${until}" is ${days <= 0 ? 'over already' : `more than ${mostDays} days away`}. Send ${example}.`,
    );
  return { plan, action, until: end };
};

const mostDays = 90;

const example =
  '{"plan":"acme-web","incident":"mute","until":"2026-12-01"} (a day within 90, in UTC), or "incident":"unmute" or "acknowledge"';
