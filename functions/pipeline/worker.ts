import type { RunRecord, Timestamp } from './run-record.ts';

/** One invocation of a function: who works, and until when it may. Lambda gives a retried event the same request id. */
export type Worker = {
  readonly requestId: string;
  /** When the function is ended from outside. Work stops a little earlier by itself. */
  readonly until: Date;
};

/** Whether this worker may go on where the lease's holder stands: it is its own, or the holder's time is over. */
export const mayTakeOver = (record: RunRecord, worker: Worker, now: Date): boolean =>
  record.lease === undefined ||
  record.lease.holder === worker.requestId ||
  Date.parse(record.lease.until) < now.getTime();

export const leaseOf = (worker: Worker): { readonly holder: string; readonly until: Timestamp } => ({
  holder: worker.requestId,
  until: worker.until.toISOString(),
});

export const withoutLease = ({ lease: _, ...record }: RunRecord): RunRecord => record;
