import * as z from 'zod/mini';
import { runIdPattern } from '../pipeline/run-id.ts';
import type { Operation } from '../pipeline/run-record.ts';
import { BadEvent } from './bad-event.ts';
import { parse } from './parse-event.ts';

/** What a person asks of dispatch beside a run: to end one before its time, to pause a plan and to let it go on. */
export type ControlEvent =
  | { readonly kind: 'cancel'; readonly run: string; readonly why?: string }
  | { readonly kind: 'pause'; readonly plan: string; readonly until: Date; readonly why?: string }
  | { readonly kind: 'resume'; readonly plan: string };

const reason = z.optional(
  z
    .string('is no text')
    .check(
      z.trim(),
      z.minLength(1, 'is empty: leave it out or say why'),
      z.maxLength(200, 'has more than 200 characters'),
    ),
);
/** A button of the dashboard's widget sends what CloudWatch knows of the widget along. */
const widgetContext = z.optional(z.unknown());

const cancelEvent = z.strictObject({
  cancel: z
    .string('is no run such as acme-web/20261123T180000Z-backup')
    .check(z.regex(runIdPattern, 'is no run such as acme-web/20261123T180000Z-backup')),
  why: reason,
  widgetContext,
});
const cancelExample = '{"cancel":"acme-web/20261123T180000Z-backup"}, with "why":"…" where wanted';

const atATime =
  'is neither a number of instances from 1, such as "5", nor a percentage of them from 1% to 100%, such as "10%"';

/** Keys of an event that asks for a run. */
export const controlKeys = {
  retryFailed: z.optional(z.boolean('is neither true nor false')),
  // As `MaxConcurrency` of SendCommand takes it, at most 7 characters; a number for those who leave the quotes out.
  concurrency: z.optional(
    z.union(
      [
        z.int(atATime).check(z.minimum(1, atATime), z.maximum(9_999_999, atATime)),
        z.string(atATime).check(z.regex(/^(?:[1-9]\d{0,6}|[1-9]\d?%|100%)$/, atATime)),
      ],
      atATime,
    ),
  ),
};

type Keys = z.output<z.ZodMiniObject<typeof controlKeys>>;
type RunKeys = {
  readonly operation: Operation;
  readonly instances?: readonly string[] | undefined;
};

/** What the keys say about a run. Throws {@link BadEvent} where they do not go together. */
export const controlOf = (
  { retryFailed, concurrency }: Keys,
  { operation, instances }: RunKeys,
): { readonly retryFailed?: true; readonly concurrency?: string } => {
  if (retryFailed === true && operation !== 'backup')
    throw new BadEvent(
      `retryFailed backs up again what did not end protected; it goes with no ${operation}.`,
    );
  if (retryFailed === true && instances !== undefined)
    throw new BadEvent('retryFailed finds its instances itself: leave out either retryFailed or instances.');
  return {
    ...(retryFailed === true ? { retryFailed } : {}),
    ...(concurrency === undefined ? {} : { concurrency: String(concurrency) }),
  };
};

const plan = z.string('is missing: name a plan of lifeboat.yml');
const pauseEvent = z.strictObject({
  plan,
  pause: z.strictObject(
    {
      until: z
        .string('is missing: say until when')
        .check(z.refine(isTime, 'is no time with its zone such as 2026-12-01T00:00:00Z')),
      why: reason,
    },
    'is no object with "until" and "why"',
  ),
  widgetContext,
});
const pauseExample = '{"plan":"acme-web","pause":{"until":"2026-12-01T00:00:00Z","why":"…"}}';

const resumeEvent = z.strictObject({
  plan,
  resume: z.literal(true, 'is not true'),
  widgetContext,
});
const resumeExample = '{"plan":"acme-web","resume":true}';

/** ISO 8601 with a zone: a time without one would be another for whoever reads it elsewhere. */
function isTime(text: string): boolean {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;
  return form.test(text) && !Number.isNaN(Date.parse(text));
}

/** Undefined where the event is none of these: then it asks for a run. Throws BadEvent where it is one with mistakes. */
export const readControlEvent = (event: unknown): ControlEvent | undefined => {
  if (typeof event !== 'object' || event === null) return undefined;
  if (Object.hasOwn(event, 'cancel')) {
    const { cancel, why } = parse(cancelEvent, event, cancelExample);
    return { kind: 'cancel', run: cancel, ...(why === undefined ? {} : { why }) };
  }
  if (Object.hasOwn(event, 'pause')) {
    const { plan: name, pause } = parse(pauseEvent, event, pauseExample);
    const why = pause.why === undefined ? {} : { why: pause.why };
    return { kind: 'pause', plan: name, until: new Date(pause.until), ...why };
  }
  if (Object.hasOwn(event, 'resume'))
    return { kind: 'resume', plan: parse(resumeEvent, event, resumeExample).plan };
  return undefined;
};
