import { planNamed } from './config/deployed-plans.ts';
import type { ControlEvent } from './config/events.ts';
import { type CancelAnswer, type CancelDoors, cancelRun } from './pipeline/cancel-run.ts';
import { type PauseAnswer, type PauseDoors, pausePlan, resumePlan } from './pipeline/pause.ts';

export type ControlAnswer = CancelAnswer | PauseAnswer;

/** Does what a person asks of dispatch beside a run. */
export const obey = async (
  event: ControlEvent,
  doors: CancelDoors & PauseDoors,
  requestId: string,
): Promise<ControlAnswer> => {
  switch (event.kind) {
    case 'cancel':
      return cancelRun(doors, { ...event, requestId });
    case 'pause':
      return pausePlan(doors, planNamed(event.plan), event);
    case 'resume':
      return resumePlan(doors, planNamed(event.plan));
  }
};
