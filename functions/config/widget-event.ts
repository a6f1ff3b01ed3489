import * as z from 'zod/mini';
import { runIdPattern } from '../pipeline/run-id.ts';
import { BadEvent } from './events.ts';

/** What a CloudWatch custom widget, or a person, asks of drilldown. */
export type WidgetEvent =
  | { readonly kind: 'describe' }
  | { readonly kind: 'view'; readonly view: View; readonly theme: 'light' | 'dark' };

export type View =
  | { readonly kind: 'fleet'; readonly plan: string; readonly page: number; readonly search: string }
  | { readonly kind: 'night'; readonly run: string; readonly page: number; readonly search: string }
  | { readonly kind: 'instance'; readonly plan: string; readonly instance: string };

/** As it names a folder on the share and a part of a key in the bucket. */
const instanceName = z
  .string()
  .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'is no instance such as i-0123456789abcdef0'));

/** `widgetContext` as CloudWatch sends it; what is not named here is of no use to us. */
const widgetContext = z.object({
  theme: z.optional(z.enum(['light', 'dark'])),
  forms: z.optional(z.object({ all: z.optional(z.record(z.string(), z.unknown())) })),
});

const event = z.object({
  describe: z.optional(z.boolean()),
  plan: z.optional(z.string()),
  run: z.optional(
    z.string().check(z.regex(runIdPattern, 'is no run such as acme-web/20261123T180000Z-backup')),
  ),
  instance: z.optional(instanceName),
  page: z._default(z.int('is no number of a page').check(z.gte(1)), 1),
  search: z.optional(z.string()),
  widgetContext: z._default(widgetContext, {}),
});

/** Throws {@link BadEvent} with what is allowed. */
export const readWidgetEvent = (raw: unknown): WidgetEvent => {
  const parsed = event.safeParse(raw ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BadEvent(`${issue?.path.join('.') || 'The event'} ${issue?.message ?? ''}. Send ${example}.`);
  }
  const { describe, plan, run, instance, page, widgetContext: context } = parsed.data;
  if (describe === true) return { kind: 'describe' };
  const theme = context.theme ?? 'light';
  const typed = context.forms?.all?.search;
  const search = (parsed.data.search ?? (typeof typed === 'string' ? typed : '')).trim().slice(0, 200);
  if (run !== undefined) return { kind: 'view', theme, view: { kind: 'night', run, page, search } };
  if (plan === undefined) throw new BadEvent(`The event names no plan. Send ${example}.`);
  const view: View =
    instance === undefined ? { kind: 'fleet', plan, page, search } : { kind: 'instance', plan, instance };
  return { kind: 'view', theme, view };
};

const example = '{"plan":"acme-web"}, with "instance":"i-…" where wanted, or {"run":"acme-web/…-backup"}';
