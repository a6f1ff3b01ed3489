/** `2000` as `2,000`. Without Intl, which takes 20 ms to wake up and would do so at every cold start. */
export const countOf = (count: number): string =>
  Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** Three digits that count: 12.3, 1.23, 123. */
const short = (value: number): number => Number(value.toPrecision(3));

/** `1 file`, `2,000 files`. */
export const countedOf = (count: number, one: string, many = `${one}s`): string =>
  `${countOf(count)} ${count === 1 ? one : many}`;

/** Bytes in decimal units, as disks and prices count them: `12.3 MB`. */
export const bytesOf = (bytes: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const power = units.findIndex((_, index) => short(bytes / 1000 ** index) < 1000);
  const unit = power < 0 ? units.length - 1 : power;
  return `${short(bytes / 1000 ** unit)} ${units[unit]}`;
};

/** `0.4 s`, `14 s`, `3 min 20 s`, `2 h 5 min`. */
export const durationOf = (milliseconds: number): string => {
  const seconds = Math.max(0, milliseconds / 1000);
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  if (rounded < 3600) return two(Math.floor(rounded / 60), 'min', rounded % 60, 's');
  const minutes = Math.round(rounded / 60);
  if (minutes < 48 * 60) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return two(Math.floor(hours / 24), 'days', hours % 24, 'h');
};

const two = (first: number, firstUnit: string, second: number, secondUnit: string): string =>
  second === 0 ? `${first} ${firstUnit}` : `${first} ${firstUnit} ${second} ${secondUnit}`;

/** A moment as a reader at the plan's place would write it: `Tue, 24 Nov 2026, 02:00 (Asia/Singapore)`. */
export const momentOf = (time: string, timezone: string): string => {
  const text = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: timezone,
  }).format(new Date(time));
  return `${text} (${timezone})`;
};
