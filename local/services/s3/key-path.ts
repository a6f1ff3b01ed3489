import { createHash } from 'node:crypto';

/**
 * Where the object of a key lies below its bucket's folder. A plain key is its own path, so that `ls` and `cat` work on
 * the bucket. What a file name cannot be is escaped with `%`: control characters, `%` itself, empty, `.` and `..`
 * segments. No key leads out of the folder.
 *
 * @returns a relative path, or undefined where the key is too long for one (see {@link spillPathOfKey})
 */
export const pathOfKey = (key: string): string | undefined => {
  const segments = key.split('/').map(escapeSegment);
  const path = segments.join('/');
  const fits = segments.every((segment) => Buffer.byteLength(segment) <= longestName);
  return fits && Buffer.byteLength(path) <= longestPath ? path : undefined;
};

/**
 * The place of an object whose own path is taken or impossible: `a` beside `a/b` cannot be a file and a folder at once.
 * No other key's path begins like this, since `%` is only ever followed by two hexadecimal digits or `_`.
 */
export const spillPathOfKey = (key: string): string => `%spill/${hashOfKey(key)}`;

/** Names the record that is kept of an object outside of its bucket's folder. */
export const hashOfKey = (key: string): string => createHash('sha256').update(key).digest('hex');

/** The key of a path that {@link pathOfKey} made; undefined for any other. */
export const keyOfPath = (path: string): string | undefined => {
  const key = path.split('/').map(unescapeSegment).join('/');
  return pathOfKey(key) === path ? key : undefined;
};

/** Of ext4, XFS and btrfs, in bytes. */
const longestName = 255;
/** Leaves room for the folder in front of it below PATH_MAX. */
const longestPath = 3000;

const escapeSegment = (segment: string): string => {
  if (segment === '') return '%_';
  if (segment === '.' || segment === '..') return segment.replaceAll('.', '%2E');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to be escaped
  return segment.replaceAll(/[\u0000-\u001f\u007f%]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
    return `%${code}`;
  });
};

const unescapeSegment = (segment: string): string =>
  segment === '%_'
    ? ''
    : segment.replaceAll(/%([0-9A-F]{2})/g, (_, code: string) =>
        String.fromCharCode(Number.parseInt(code, 16)),
      );
