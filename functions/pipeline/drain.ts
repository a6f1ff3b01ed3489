import type { InstanceResult, Lease, Timestamp } from './run-record.ts';

/**
 * An instance on its way out, `drains/<instance>.json` in the bucket: who waits for what, and what became of its files. It
 * makes a second delivery of the same event find the first, and tells later runs whether an instance that is gone was drained.
 */
export type Drain = {
  readonly lifeboat: 1;
  readonly instance: string;
  readonly group?: string;
  readonly why: DrainReason;
  readonly requestedAt: Timestamp;
  /** The instance ends then, or is let go then whatever is saved. */
  readonly until: Timestamp;
  /** Life-cycle actions that wait for the instance's files; none where only a spot interruption was heard of. */
  readonly actions: readonly LifeCycleAction[];
  /** By plan: the run that saves it, and how that ended. */
  readonly saves: Readonly<Record<string, Save>>;
  /** Who sends its commands now. */
  readonly lease?: Lease;
  /** Its actions are completed, as far as anybody could. */
  readonly letGoAt?: Timestamp;
};

export type DrainReason = 'life-cycle' | 'spot' | 'hand';

export type Save = { readonly run: string; readonly result?: InstanceResult };

export type LifeCycleAction = {
  readonly hook: string;
  readonly group: string;
  readonly token: string;
  /** The hook's heartbeat: without a beat the wait is over after it. */
  readonly heartbeatSeconds: number;
  /** Until it is completed, over, or refused for good. */
  readonly state: 'waiting' | 'completed' | 'over' | 'refused';
};

export const isWaiting = ({ state }: LifeCycleAction): boolean => state === 'waiting';

/** Time to take a snapshot and complete the action after a backup that took as long as it could. */
const lastResortSeconds = 90;
/** A spot instance is gone two minutes after its warning; there is no grace. */
const spotLastResortSeconds = 20;

/** When the final backup has to be over, so that there is time for the last resort. */
export const backupUntil = ({ until, why }: Drain): Date =>
  new Date(Date.parse(until) - (why === 'spot' ? spotLastResortSeconds : lastResortSeconds) * 1000);

/** How the files of one instance ended in every plan that saves it; undefined while one of them is still open. */
export const endsOf = ({ saves }: Drain): readonly InstanceResult[] | undefined => {
  const all = Object.values(saves);
  const ends = all.flatMap(({ result }) => result ?? []);
  return ends.length < all.length ? undefined : ends;
};
