import type { Environment } from '../config/environment.ts';
import type { CommandRequest } from '../pipeline/doors.ts';
import { pathsText } from '../pipeline/path-globs.ts';
import { pruneParameters } from './prune-parameters.ts';

type Parameters = Readonly<Record<string, string[]>>;

/** The document of an operation with its parameters, as SendCommand takes them. */
export const documentFor = (
  { documents }: Environment,
  request: CommandRequest,
): { readonly DocumentName: string; readonly Parameters: Parameters } => {
  switch (request.operation) {
    case 'backup':
      return { DocumentName: documents.backup, Parameters: backupParameters(request) };
    // The same document under another name: each function may send its own, and hears of the ends of its own alone.
    case 'final-backup':
      return { DocumentName: documents.finalBackup, Parameters: backupParameters(request) };
    case 'restore':
      return { DocumentName: documents.restore, Parameters: restoreParameters(request) };
    case 'verify':
      return { DocumentName: documents.verify, Parameters: verifyParameters(request) };
    case 'prune':
      return { DocumentName: documents.prune, Parameters: pruneParameters(request, new Date()) };
  }
};

/** What every document is told. */
const commonParameters = ({ plan, run, executionSeconds }: CommandRequest): Parameters => ({
  run: [run],
  share: [plan.share.path],
  shareId: [plan.share.id ?? ''],
  bandwidth: [String(plan.load.bandwidth ?? 0)],
  executionTimeout: [String(executionSeconds)],
});

/** The parameters of ssm-documents/backup.yml. */
const backupParameters = (request: CommandRequest): Parameters => ({
  ...commonParameters(request),
  source: [request.plan.source.path],
  maxShrinkPercent: [String(Math.round(request.plan.source.maxShrink * 100))],
  allowShrink: [request.allowShrink ? 'yes' : 'no'],
  nice: [String(request.plan.load.nice)],
  verifyNights: [String(request.plan.verifyNights)],
  spreadSeconds: [String(request.spreadSeconds)],
  mayBeEmpty: [request.plan.source.mayBeEmpty ? 'yes' : 'no'],
  ...(request.budgetSeconds === undefined ? {} : { budgetSeconds: [String(request.budgetSeconds)] }),
});

/** The parameters of ssm-documents/restore.yml. */
const restoreParameters = (request: CommandRequest): Parameters => {
  const { restore } = request;
  if (restore === undefined) throw new Error(`${request.run} does not say what to restore.`);
  return {
    ...commonParameters(request),
    from: [restore.from ?? ''],
    at: [restore.at],
    into: [restore.into],
    paths: [pathsText(restore.paths)],
    overwrite: [restore.overwrite],
    dryRun: [restore.dryRun ? 'yes' : 'no'],
    // Somebody waits for it.
    nice: ['0'],
  };
};

/** The parameters of ssm-documents/verify.yml. */
const verifyParameters = (request: CommandRequest): Parameters => ({
  ...commonParameters(request),
  at: [request.verify?.at ?? 'newest'],
  source: [request.plan.source.path],
  drillFiles: [String(request.verify?.drillFiles ?? 20)],
  nice: [String(request.plan.load.nice)],
});
