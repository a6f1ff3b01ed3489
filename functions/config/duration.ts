/** Days, hours, minutes and seconds in this order, each at most once: `2d`, `3h`, `1h30m`, `15m`, `90s`. */
export const durationPattern = /^(?=\d)(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/;

/** Whole minutes as a duration: `28h`, `1h30m`, `8d`. From two days on without a rest in days, hours stay hours. */
export const durationText = (minutes: number): string => {
  if (minutes >= 2_880 && minutes % 1_440 === 0) return `${minutes / 1_440}d`;
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return `${hours === 0 ? '' : `${hours}h`}${rest === 0 && hours > 0 ? '' : `${rest}m`}`;
};

/** The minutes of a duration, a fraction where it has seconds; undefined where the text is none. */
export const minutesOf = (duration: string): number | undefined => {
  const found = durationPattern.exec(duration);
  if (found === null) return undefined;
  const [days, hours, minutes, seconds] = found.slice(1).map((digits) => Number(digits ?? 0));
  return (days ?? 0) * 1_440 + (hours ?? 0) * 60 + (minutes ?? 0) + (seconds ?? 0) / 60;
};
