import type { AlarmsPlan } from '../config/plan.ts';
import { makesPoints, type Overview, type ShareRoom } from './overview.ts';

/** The share as the last runs saw it. */
export type ShareStanding = ShareRoom & {
  /** Until it is full at the pace of the last nights; absent where it does not fill, or too little is known. */
  readonly daysUntilFull?: number;
  readonly nearlyFull: boolean;
};

/** Enough nights to see a pace, few enough that last season's does not count. */
const mostNights = 30;
const leastNights = 3;
const leastDays = 2;
const dayMilliseconds = 86_400_000;

/** Undefined where no instance has said how much room there is. */
export const shareStanding = (
  overview: Overview,
  alarms: AlarmsPlan | undefined,
): ShareStanding | undefined => {
  const seen = overview.runs
    .filter(makesPoints)
    .flatMap(({ share, closedAt }) => (share === undefined ? [] : [{ ...share, at: Date.parse(closedAt) }]))
    .slice(0, mostNights);
  const [newest] = seen;
  if (newest === undefined) return undefined;
  const pace = bytesPerDay(seen.map(({ at, bytes, freeBytes }) => ({ at, used: bytes - freeBytes })));
  const daysUntilFull = pace !== undefined && pace > 0 ? newest.freeBytes / pace : undefined;
  return {
    freeBytes: newest.freeBytes,
    bytes: newest.bytes,
    ...(daysUntilFull === undefined ? {} : { daysUntilFull }),
    nearlyFull:
      alarms !== undefined &&
      (newest.freeBytes / newest.bytes < alarms.shareFree || (daysUntilFull ?? Infinity) < alarms.shareDays),
  };
};

type Look = { readonly at: number; readonly used: number };

/** The slope of the line that fits best (least squares): one night with much or little does not turn it. */
const bytesPerDay = (looks: readonly Look[]): number | undefined => {
  const times = looks.map(({ at }) => at / dayMilliseconds);
  if (looks.length < leastNights || Math.max(...times) - Math.min(...times) < leastDays) return undefined;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [middle, level] = [mean(times), mean(looks.map(({ used }) => used))];
  const spread = times.reduce((sum, time) => sum + (time - middle) ** 2, 0);
  const rise = looks.reduce(
    (sum, { used }, index) => sum + ((times[index] ?? middle) - middle) * (used - level),
    0,
  );
  return rise / spread;
};
