/**
 * A folder on an instance, as a plan may name it and as the documents take it (`source`, `share`): absolute, ASCII, no
 * `.` or `..` between slashes, at most one slash at the end. The value is put into a shell script as text, so nothing
 * that a shell reads inside quotes is in it: no quote, `$`, backtick, backslash, brace or line break.
 * No look-ahead: Systems Manager and its agent (Go) have to understand it too.
 */
export const instancePathPattern = /^(\/\.?[A-Za-z0-9_@%+=,~-][A-Za-z0-9._@%+=:,~ -]*)+\/?$/;

/** The id in a share's lifeboat.json; empty stands for "the share that the instance saw first". */
export const shareIdPattern = /^[A-Za-z0-9-]{0,64}$/;
