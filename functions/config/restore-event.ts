import * as z from 'zod/mini';
import { BadGlob, globPattern, pathsText } from '../pipeline/path-globs.ts';
import { compactTime, pointName } from '../pipeline/run-id.ts';
import type { Operation, RestoreRequest, VerifyRequest } from '../pipeline/run-record.ts';
import { BadEvent } from './bad-event.ts';
import { instancePathPattern } from './path-pattern.ts';

/** What a person asks for; without a folder it is the plan's. */
export type RestoreEvent = Omit<RestoreRequest, 'into'> & { readonly into?: string };

const isMoment = (text: string): boolean =>
  text === 'newest' || pointName(text) !== undefined || !Number.isNaN(Date.parse(text));

const isGlob = (text: string): boolean => {
  try {
    globPattern(text);
    return true;
  } catch (error) {
    if (error instanceof BadGlob) return false;
    throw error;
  }
};

/** Keys of an event for dispatch that only a restore may have, but `at`, which a verify may have, too. */
export const restoreKeys = {
  from: z.optional(
    z
      .string()
      .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'is no instance id such as i-0123456789abcdef0')),
  ),
  at: z.optional(
    z
      .string()
      .check(
        z.refine(
          isMoment,
          'is neither newest, nor a recovery point such as 20261123T180000Z-backup, nor a time such as 2026-11-23T18:00:00Z',
        ),
      ),
  ),
  into: z.optional(
    z.string().check(z.regex(instancePathPattern, 'is no absolute path such as /var/www/upload')),
  ),
  paths: z.optional(
    z
      .array(
        z.string().check(z.maxLength(500), z.refine(isGlob, 'is no glob such as student-7/*.pdf')),
        'is no list of globs',
      )
      .check(z.minLength(1, 'is empty: leave it out to mean everything')),
  ),
  overwrite: z.optional(z.enum(['never', 'older', 'always'], 'is neither never, older nor always')),
};

/** Keys that only a verify may have. */
export const verifyKeys = {
  drillFiles: z.optional(z.int('is no whole number').check(z.minimum(0), z.maximum(99_999))),
};

type Keys = z.output<z.ZodMiniObject<typeof restoreKeys & typeof verifyKeys>>;

/** The restore that an event asks for; undefined for other operations, which may not have its keys. Throws {@link BadEvent}. */
export const restoreOf = (
  event: Keys & { readonly operation: Operation; readonly dryRun: boolean },
): RestoreEvent | undefined => {
  const { operation, from, at, into, paths, overwrite } = event;
  refuseKeys(operation === 'restore', 'restore', { from, into, paths, overwrite });
  refuseKeys(operation === 'restore' || operation === 'verify', 'restore', { at });
  if (operation !== 'restore') return undefined;
  if (pathsText(paths ?? []).length > longestPaths)
    throw new BadEvent(
      'paths: they are too many or too long for one command; name folders, or restore in parts.',
    );
  return {
    ...(from === undefined ? {} : { from }),
    at: momentOf(at ?? 'newest'),
    ...(into === undefined ? {} : { into }),
    paths: paths ?? [],
    overwrite: overwrite ?? 'never',
    dryRun: event.dryRun,
  };
};

/** The verify that an event asks for; undefined for other operations, which may not have its keys. Throws {@link BadEvent}. */
export const verifyOf = ({
  operation,
  at,
  drillFiles,
}: Keys & { readonly operation: Operation }): VerifyRequest | undefined => {
  refuseKeys(operation === 'verify', 'verify', { drillFiles });
  return operation === 'verify'
    ? { at: momentOf(at ?? 'newest'), drillFiles: drillFiles ?? usualDrillFiles }
    : undefined;
};

const usualDrillFiles = 20;

const refuseKeys = (allowed: boolean, knows: Operation, keys: Readonly<Record<string, unknown>>): void => {
  const given = Object.keys(keys).filter((name) => keys[name] !== undefined);
  if (!allowed && given.length > 0)
    throw new BadEvent(
      `${given.join(', ')}: only a ${knows} knows these. Send "operation":"${knows}" with them.`,
    );
};

/** `paths` of ssm-documents/restore.yml. */
const longestPaths = 3_000;

/** As the restore document takes it. */
const momentOf = (text: string): string =>
  text === 'newest' ? text : (pointName(text) ?? compactTime(new Date(text)));
