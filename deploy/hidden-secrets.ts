import { nearestWord } from '../functions/config/nearest-word.ts';

/**
 * Secrets that somebody has put into a plan file by mistake. They are found by their form and, under a key that should
 * name a parameter, by not being such a name; none of them may get into a message, a log of the build or a screen shot.
 */
export type Range = { readonly start: number; readonly end: number };

export type FoundSecret = Range & { readonly what: string };

/** What looks like a secret, anywhere in the text: values, keys and comments. */
export const findSecrets = (text: string): readonly FoundSecret[] => {
  const found = forms.flatMap(([what, form]) =>
    [...text.matchAll(form)].map((match) => ({
      what,
      start: match.index,
      end: match.index + match[0].length,
    })),
  );
  return found
    .filter((one, index) => !found.slice(0, index).some((other) => overlap(one, other)))
    .sort((one, other) => one.start - other.start);
};

/** The text with asterisks over the ranges; every character and line stays at its place. */
export const withHidden = (text: string, ranges: readonly Range[]): string =>
  ranges.reduce(
    (hidden, { start, end }) =>
      hidden.slice(0, start) + hidden.slice(start, end).replaceAll(/[^\r\n]/g, '*') + hidden.slice(end),
    text,
  );

export const overlap = (one: Range, other: Range): boolean => one.start < other.end && other.start < one.end;

const forms: readonly (readonly [string, RegExp])[] = [
  ['the address of a Slack webhook', /https?:\/\/hooks\.slack(?:-gov)?\.com\/[^\s'"]+/gi],
  ['a Slack token', /\b(?:xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9-]{6,}/g],
  ['JIRA credentials', /(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+:[^\s'"]{16,}/g],
  ['an Atlassian token', /\bAT(?:ATT|CTT|BB|OA)[A-Za-z0-9_=-]{10,}/g],
  ['an address with a password in it', /\b[a-z]+:\/\/[^\s/@'":]+:[^\s/@'"]+@/gi],
  ['an AWS access key', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g],
];

/**
 * The values of keys that should name a parameter and do not, or whose name is close to such a key. The text is looked
 * at and not what YAML makes of it, because a file that is no YAML is shown too. Hides rather too much.
 */
export const secretValues = (text: string): readonly Range[] => {
  const ranges: Range[] = [];
  for (const { 1: name = '', 2: value = '', indices } of text.matchAll(keyAndRest)) {
    const [start, end] = indices?.[2] ?? [0, 0];
    const told = start < (ranges.at(-1)?.end ?? 0);
    if (!told && namesSecret(name) && !parameter.test(value)) ranges.push({ start, end });
  }
  return ranges;
};

/** A word, a colon, and what follows in its line, or in the next one. */
const keyAndRest = /(?<![\w-])([\w-]+)["']?[ \t]*(?=:\s*([^\r\n]+))/dg;

const namesSecret = (key: string): boolean =>
  /token|hook|cred|secret|passw/i.test(key) ||
  nearestWord(key, ['token', 'webhook', 'credentials']) !== undefined;

/** The name of a parameter, quoted or not, and what may follow it in a line. */
const parameter = /^(?:'\/[\w./-]*'|"\/[\w./-]*"|\/[\w./-]*)\s*(?:$|[,}\]#])/;
