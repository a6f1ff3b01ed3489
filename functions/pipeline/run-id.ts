import type { Operation } from './run-record.ts';

/**
 * The id of a run: `<plan>/<scheduled time>-<operation>`, for instance `acme-web/20261123T180000Z-backup`.
 * The scheduled time, not the moment of sending, makes a second delivery of the same trigger find the same run.
 * No colons: the part behind the slash names folders on the share.
 */
export const runId = (plan: string, scheduledTime: Date, operation: Operation): string =>
  `${plan}/${compactTime(scheduledTime)}-${operation}`;

/** `2026-11-23T18:00:00.000Z` as `20261123T180000Z`. */
export const compactTime = (time: Date): string =>
  time
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '');

/** What {@link runId} makes, as a pattern: the plan's name, the time, the operation. */
export const runIdPattern =
  /^([a-z][a-z0-9-]{0,38}[a-z0-9])\/(\d{8}T\d{6}Z)-(backup|final-backup|restore|verify|prune)$/;

/** The name of a recovery point, from itself or from the id of the run that made it; undefined where the text is neither. */
export const pointName = (text: string): string | undefined =>
  /^(?:[a-z][a-z0-9-]{0,38}[a-z0-9]\/)?(\d{8}T\d{6}Z-(?:backup|final-backup))$/.exec(text)?.[1];

/** The plan of a run id, or undefined where the text is none. */
export const planOfRun = (run: string): string | undefined => runIdPattern.exec(run)?.[1];

/** The scheduled time of a run id, or undefined where the text is none. */
export const timeOfRun = (run: string): Date | undefined => {
  const compact = runIdPattern.exec(run)?.[2];
  if (compact === undefined) return undefined;
  return new Date(compact.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
};
