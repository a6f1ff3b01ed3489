import type { RuleTarget } from '../contract.ts';
import { valueAt } from './json-path.ts';

export type RuleIdentity = { readonly name: string; readonly arn: string };

/**
 * What a rule's target is given: its constant input, a part of the event, a template filled with parts of it, or the
 * whole event (EventBridge User Guide, "Transforming input").
 */
export const inputFor = (target: RuleTarget, event: unknown, rule: RuleIdentity): string => {
  if (target.input !== undefined) return target.input;
  if (target.inputPath !== undefined) return JSON.stringify(valueAt(target.inputPath, event) ?? null);
  if (target.inputTransformer === undefined) return JSON.stringify(event);
  const { paths, template } = target.inputTransformer;
  const values = new Map<string, unknown>([
    ...Object.entries(paths).map(([name, path]) => [name, valueAt(path, event)] as const),
    ['aws.events.rule-name', rule.name],
    ['aws.events.rule-arn', rule.arn],
    ['aws.events.event', event],
    ['aws.events.event.json', event],
    ['aws.events.event.ingestion-time', valueAt('$.time', event)],
  ]);
  return fill(template, values);
};

/**
 * Within quotes a placeholder becomes the bare value, outside them JSON; a part that the event lacks becomes empty text
 * within quotes and null outside.
 */
const fill = (template: string, values: ReadonlyMap<string, unknown>): string => {
  let quoted = false;
  return template.replaceAll(/\\.|"|<([^<>"\s]+)>/g, (found, name: string | undefined) => {
    if (found === '"') quoted = !quoted;
    if (name === undefined || !values.has(name)) return found;
    const value = values.get(name);
    if (!quoted) return JSON.stringify(value ?? null);
    return withinQuotes(value);
  });
};

const withinQuotes = (value: unknown): string => {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return JSON.stringify(text).slice(1, -1);
};
