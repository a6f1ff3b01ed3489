import type { StepOutput } from '../../contract.ts';
import type { Parameters } from './document-parameters.ts';
import type { CommandDocument } from './documents.ts';
import type { Recent } from './recent.ts';

export type InvocationStatus =
  | 'Pending'
  | 'InProgress'
  | 'Success'
  | 'Cancelled'
  | 'TimedOut'
  | 'Failed'
  | 'Cancelling';

export type CommandStatus = InvocationStatus;

export type InvocationState = {
  readonly status: InvocationStatus;
  readonly statusDetails: string;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
  readonly steps: readonly StepOutput[];
};

/** One instance's part of a command. */
export type Invocation = {
  readonly commandId: string;
  readonly instanceId: string;
  /** The instance's tag `Name` when the command was sent. */
  readonly instanceName: string;
  readonly state: Recent<InvocationState>;
};

export type CommandState = { readonly status: CommandStatus; readonly statusDetails: string };

export type Target = { readonly Key: string; readonly Values: readonly string[] };

/** A command as it was asked for. */
export type CommandRequest = {
  readonly documentName: string;
  readonly documentVersion: string;
  readonly document: CommandDocument;
  readonly comment: string;
  readonly instanceIds: readonly string[];
  readonly targets: readonly Target[];
  /** As given, and complete with defaults. */
  readonly parameters: Parameters;
  readonly allParameters: Parameters;
  readonly timeoutSeconds: number;
  readonly maxConcurrency: string;
  readonly maxErrors: string;
  readonly outputS3?: { readonly bucket: string; readonly prefix: string };
};

export type Command = {
  readonly id: string;
  readonly request: CommandRequest;
  readonly requestedAt: Date;
  readonly expiresAfter: Date;
  readonly executionSeconds: number;
  readonly invocations: readonly Invocation[];
  readonly state: Recent<CommandState>;
};

export const hasEnded = ({ status }: { readonly status: CommandStatus }): boolean =>
  status === 'Success' || status === 'Failed' || status === 'TimedOut' || status === 'Cancelled';

/** What MaxErrors counts: Failed and ExecutionTimedOut. */
export const isError = ({ status, statusDetails }: InvocationState): boolean =>
  status === 'Failed' || (status === 'TimedOut' && statusDetails === 'ExecutionTimedOut');
