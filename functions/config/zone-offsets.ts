import { compactTime } from '../pipeline/run-id.ts';

/** No recovery point is older: Lifeboat was not there yet. */
const earliest = Date.UTC(2026, 0, 1);
/** Shorter than any two changes of a zone that lie close together (Morocco leaves its summer time for the weeks of Ramadan). */
const stepMilliseconds = 5 * 86_400_000;

/**
 * A time zone as the prune document takes it: the seconds that it is ahead of UTC, then each change of them until `until`,
 * `3600,20260329T010000Z=7200,…`. So days and weeks on the instance are those of the plan, whatever zones it knows itself.
 */
export const zoneOffsets = (timezone: string, until: Date): string => {
  const offsetAt = offsetsOf(timezone);
  const texts = [String(offsetAt(earliest))];
  // Clocks show whole seconds: between two of them nothing can be compared.
  const end = Math.floor(until.getTime() / 1_000) * 1_000;
  for (let from = earliest; from < end; from += stepMilliseconds) {
    const to = Math.min(from + stepMilliseconds, end);
    if (offsetAt(from) === offsetAt(to)) continue;
    texts.push(`${compactTime(new Date(changeBetween(offsetAt, from, to)))}=${offsetAt(to)}`);
  }
  return texts.join(',');
};

/** The first second of the new offset. Both times are whole seconds. */
const changeBetween = (offsetAt: (time: number) => number, from: number, to: number): number => {
  let [before, after] = [from, to];
  while (after - before > 1_000) {
    const middle = before + Math.floor((after - before) / 2_000) * 1_000;
    if (offsetAt(middle) === offsetAt(from)) before = middle;
    else after = middle;
  }
  return after;
};

/** Seconds ahead of UTC at a whole second in milliseconds, by what a clock in the zone shows then. */
const offsetsOf = (timezone: string): ((time: number) => number) => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (time) => {
    const shown = new Map(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const part = (name: Intl.DateTimeFormatPartTypes) => shown.get(name) ?? 0;
    const local = Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    );
    return (local - time) / 1_000;
  };
};
