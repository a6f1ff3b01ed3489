import * as z from 'zod/mini';
import { type CauseId, causeOfExitCode, causes, isCauseId } from './causes.ts';
import type { Invocation } from './doors.ts';
import type { InstanceReport, PruneReport } from './run-record.ts';

/**
 * What one instance said: the line of its document, or what its exit code tells where there is no line. The line comes
 * from a machine that may be broken or hostile: it is believed only if it fits the schema, speaks of this run and of
 * this instance, and agrees with the exit code. Texts in it stay untrusted.
 */
export type Said =
  | { readonly kind: 'protected'; readonly report: InstanceReport }
  | {
      readonly kind: 'failed';
      readonly cause: CauseId;
      readonly detail?: string;
      readonly report?: InstanceReport;
    };

/** No command runs for longer (SendCommand, `executionTimeout`), but clocks jump. */
const mostSeconds = 10 * 172_800;
const count = z._default(z.int().check(z.nonnegative()), 0);
const pointText = z.string().check(z.regex(/^\d{8}T\d{6}Z-(final-)?backup$/));
const ec2Instance = z.string().check(z.regex(/^i-[0-9a-f]{8,17}$/));
const shortText = z.string().check(z.maxLength(600));
const causeId = z.custom<CauseId>((value) => typeof value === 'string' && isCauseId(value));

/** A cause that leaves the instance protected; a failure may not be told as a warning. */
const warningId = z.custom<CauseId>(
  (value) =>
    typeof value === 'string' && isCauseId(value) && causes[value].outcome === 'protected-with-warnings',
);

const line = z.object({
  lifeboat: z.literal(1),
  run: z.string(),
  instance: z.string(),
  outcome: z.enum(['protected', 'protected-with-warnings', 'failed']),
  cause: z.optional(causeId),
  detail: z.optional(shortText),
  files: count,
  bytes: count,
  changed: count,
  deleted: count,
  copiedBytes: count,
  skipped: z.optional(z.int().check(z.nonnegative())),
  // A prune's: all of them or none.
  points: z.optional(z.int().check(z.nonnegative())),
  kept: count,
  removed: count,
  removedFiles: count,
  removedBytes: count,
  going: z.optional(z.array(pointText).check(z.maxLength(20))),
  gone: z.optional(
    z.object({
      instances: z.array(ec2Instance).check(z.maxLength(20)),
      points: count,
      files: count,
      bytes: count,
    }),
  ),
  silent: z.optional(z.array(ec2Instance).check(z.maxLength(20))),
  seconds: z._default(z.number().check(z.nonnegative(), z.lte(mostSeconds)), 0),
  // EFS says 2^63: no safe integer, and no reason to refuse the line.
  shareFreeBytes: z.optional(z.number().check(z.nonnegative())),
  shareBytes: z.optional(z.number().check(z.nonnegative())),
  recoveryPoint: z._default(z.string().check(z.maxLength(200)), ''),
  warnings: z._default(
    z.array(z.object({ cause: warningId, count, example: z._default(shortText, '') })).check(z.maxLength(50)),
    [],
  ),
});

type Line = z.output<typeof line>;

export const whatItSaid = (invocation: Invocation, run: string): Said => {
  const said = readLine(invocation.output);
  const exitCode = invocation.responseCode ?? -1;
  if (said.kind === 'unreadable')
    return isTooOld(invocation)
      ? { kind: 'failed', cause: 'agent-too-old', detail: invocation.output.slice(0, 300) }
      : withoutLine(exitCode, said.why);
  const { value } = said;
  if (value.run !== run || value.instance !== invocation.instance)
    return noReport(`it reported for ${value.instance} in ${value.run}`);
  if (value.outcome === 'failed') {
    return {
      kind: 'failed',
      cause: value.cause ?? causeOfExitCode(exitCode) ?? 'document-failed',
      ...(value.detail === undefined ? {} : { detail: value.detail.slice(0, 300) }),
      report: reportOf(value),
    };
  }
  if (exitCode !== 0 || invocation.status !== 'Success')
    return noReport(`it said ${value.outcome} and ended ${invocation.status} with exit code ${exitCode}`);
  return { kind: 'protected', report: reportOf(value) };
};

/** What agents say that do not know a document's schema or a part of it (amazon-ssm-agent 2.x and 3.x, docparser). */
const isTooOld = ({ output }: Invocation): boolean =>
  /not supported by (?:this version of )?(?:the )?(?:current )?(?:ssm )?agent|please update to (?:the )?latest version/i.test(
    output,
  );

const readLine = (
  output: string,
):
  | { readonly kind: 'line'; readonly value: Line }
  | { readonly kind: 'unreadable'; readonly why: string } => {
  const first = output.split('\n', 1)[0] ?? '';
  if (first.trim() === '') return { kind: 'unreadable', why: 'it said nothing' };
  let json: unknown;
  try {
    json = JSON.parse(first);
  } catch {
    return { kind: 'unreadable', why: `its first line is no report: ${first.slice(0, 120)}` };
  }
  const parsed = line.safeParse(json);
  if (parsed.success) return { kind: 'line', value: parsed.data };
  const where = parsed.error.issues[0]?.path.join('.') || 'the line';
  return { kind: 'unreadable', why: `its report does not fit: ${where}` };
};

const withoutLine = (exitCode: number, why: string): Said => {
  const cause = causeOfExitCode(exitCode);
  return cause === undefined ? noReport(`exit code ${exitCode}; ${why}`) : { kind: 'failed', cause };
};

const noReport = (detail: string): Said => ({
  kind: 'failed',
  cause: 'no-report',
  detail: detail.slice(0, 300),
});

const reportOf = (value: Line): InstanceReport => ({
  files: value.files,
  bytes: value.bytes,
  changed: value.changed,
  deleted: value.deleted,
  copiedBytes: value.copiedBytes,
  ...(value.skipped === undefined ? {} : { skipped: value.skipped }),
  seconds: value.seconds,
  recoveryPoint: value.recoveryPoint,
  ...(value.points === undefined ? {} : { prune: pruneReportOf(value, value.points) }),
  ...roomOf(value),
  warnings: value.warnings.map(({ cause, count, example }) => ({
    cause,
    count,
    example: example.slice(0, 300),
  })),
});

/** A share of no bytes, or with more room than it is large, is none; nor is one larger than any file system. */
const roomOf = ({ shareFreeBytes: free, shareBytes: all }: Line) =>
  free === undefined || all === undefined || all < 1 || free > all || all > 2 ** 64
    ? {}
    : { shareFreeBytes: free, shareBytes: all };

const pruneReportOf = (
  { kept, removed, removedFiles, removedBytes, going, gone, silent }: Line,
  points: number,
): PruneReport => ({
  ...{ points, kept, removed, removedFiles, removedBytes },
  ...(going === undefined ? {} : { going }),
  ...(gone === undefined ? {} : { gone }),
  ...(silent === undefined ? {} : { silent }),
});
