/** What a clock on the wall shows. `month` and `day` begin with 1. */
export type WallTime = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
};

/** Whether the machine knows the time zone by this IANA name. */
export const isTimezone = (name: string): boolean => {
  try {
    formatOf(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
};

/** What the wall clocks of a time zone show at an instant. */
export const wallTimeOf = (instant: Date, timezone: string): WallTime => {
  const parts = new Map(
    formatOf(timezone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
  };
};

/**
 * The instants at which the wall clocks show this time, earliest first: none in the gap when clocks go forward, two when
 * they go back, otherwise one.
 */
export const instantsOf = (wall: WallTime, timezone: string): readonly Date[] => {
  const asUtc = utcOf(wall);
  // Any change of the offset that matters lies within a day of the time.
  const offsets = new Set(
    [-dayMilliseconds, 0, dayMilliseconds].map((shift) => offsetAt(asUtc + shift, timezone)),
  );
  return [...offsets]
    .map((offset) => asUtc - offset)
    .filter((instant) => utcOf(wallTimeOf(new Date(instant), timezone)) === asUtc)
    .sort((one, other) => one - other)
    .map((instant) => new Date(instant));
};

/**
 * The one instant that a time on the wall means: the first where there are two, and as much after the gap as it would
 * have been in it where there is none.
 */
export const instantOf = (wall: WallTime, timezone: string): Date => {
  const [first] = instantsOf(wall, timezone);
  const asUtc = utcOf(wall);
  return first ?? new Date(asUtc - offsetAt(asUtc - dayMilliseconds, timezone));
};

const dayMilliseconds = 24 * 3600 * 1000;

const utcOf = ({ year, month, day, hour, minute, second }: WallTime): number =>
  Date.UTC(year, month - 1, day, hour, minute, second);

/** How far the zone's clocks are ahead of UTC at an instant of whole seconds. */
const offsetAt = (instant: number, timezone: string): number =>
  utcOf(wallTimeOf(new Date(instant), timezone)) - instant;

const formats = new Map<string, Intl.DateTimeFormat>();

const formatOf = (timezone: string): Intl.DateTimeFormat => {
  const known = formats.get(timezone);
  if (known !== undefined) return known;
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
  formats.set(timezone, format);
  return format;
};
