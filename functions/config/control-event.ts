import * as z from 'zod/mini';
import { runIdPattern } from '../pipeline/run-id.ts';
import { parse } from './parse-event.ts';

/** What a person asks of dispatch beside a run: to end one before its time. */
export type ControlEvent = { readonly kind: 'cancel'; readonly run: string; readonly why?: string };

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

/** Undefined where the event is none of these: then it asks for a run. Throws BadEvent where it is one with mistakes. */
export const readControlEvent = (event: unknown): ControlEvent | undefined => {
  if (typeof event !== 'object' || event === null) return undefined;
  if (Object.hasOwn(event, 'cancel')) {
    const { cancel, why } = parse(cancelEvent, event, cancelExample);
    return { kind: 'cancel', run: cancel, ...(why === undefined ? {} : { why }) };
  }
  return undefined;
};
