import type { AfterClosing } from './after-closing.ts';
import type { DrainStore, Inventory, LifeCycle, Snapshots } from './doors.ts';
import type { Sending } from './send-commands.ts';

/** What the final backup of an instance that goes needs of the world. */
export type DrainDoors = Sending &
  AfterClosing & {
    readonly inventory: Inventory;
    readonly drains: DrainStore;
    readonly lifeCycle: LifeCycle;
    readonly snapshots: Snapshots;
  };
