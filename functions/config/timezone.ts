import { nearestWord } from './nearest-word.ts';

/**
 * Whether EventBridge Scheduler takes this name: an IANA zone, at most 50 characters, written with its capitals.
 * Intl alone knows too much: offsets (`+08:00`) and Java's old abbreviations (`PST`), and it does not mind the case.
 */
export const isTimezone = (name: string): boolean => {
  if (name === 'UTC') return true;
  if (name.length > 50 || !/^[A-Z][A-Za-z]*(\/[A-Z][A-Za-z0-9_+-]*)+$/.test(name)) return false;
  const sameLetters = known().find((zone) => zone.toLowerCase() === name.toLowerCase());
  return sameLetters === undefined ? intlTakes(name) : sameLetters === name;
};

/** The zone that was probably meant: of the same name in other letters, of that city, or the nearest word. */
export const nearestTimezone = (name: string): string | undefined => {
  const wanted = name.trim().toLowerCase().replaceAll(' ', '_');
  if (['utc', 'gmt', 'z', 'zulu', 'etc/utc', '+00:00'].includes(wanted)) return 'UTC';
  const city = (zone: string): string => zone.slice(zone.lastIndexOf('/') + 1).toLowerCase();
  return (
    known().find((zone) => zone.toLowerCase() === wanted) ??
    known().find((zone) => city(zone) === city(wanted)) ??
    nearestWord(wanted, known())
  );
};

/** What Intl lists, after the names that IANA has given since and that Intl (CLDR) lists under the old name only. */
const known = (): readonly string[] => [...renamed, ...Intl.supportedValuesOf('timeZone'), 'UTC'];

const renamed = [
  'America/Argentina/Buenos_Aires',
  'America/Nuuk',
  'Asia/Ho_Chi_Minh',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Asia/Yangon',
  'Atlantic/Faroe',
  'Europe/Kyiv',
  'Pacific/Chuuk',
  'Pacific/Kanton',
  'Pacific/Pohnpei',
].filter((zone) => intlTakes(zone));

function intlTakes(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
