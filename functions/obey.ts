import type { ControlEvent } from './config/events.ts';
import { type CancelAnswer, type CancelDoors, cancelRun } from './pipeline/cancel-run.ts';

export type ControlAnswer = CancelAnswer;

/** Does what a person asks of dispatch beside a run. */
export const obey = async (
  event: ControlEvent,
  doors: CancelDoors,
  requestId: string,
): Promise<ControlAnswer> => {
  switch (event.kind) {
    case 'cancel':
      return cancelRun(doors, { ...event, requestId });
  }
};
