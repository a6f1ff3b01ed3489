import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Tokens of an earlier start are worthless, as tokens of another account are. */
const secret = randomBytes(32);

export type Page<T> = { readonly items: readonly T[]; readonly nextToken?: string };

/**
 * One page of a list. The token is opaque and sealed: it names the last item of the page before and the question it was
 * asked with, so that a token that was made up, damaged or taken from another question is refused.
 *
 * @param question what the list was asked for, without page size and token
 * @param refuse throws the service's own error for a bad token
 */
export const page = <T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  asked: { readonly size: number; readonly token: string | undefined; readonly question: unknown },
  refuse: () => never,
): Page<T> => {
  const start =
    asked.token === undefined ? 0 : startAfter(items, nameOf, asked.token, asked.question, refuse);
  const some = items.slice(start, start + asked.size);
  const last = some.at(-1);
  if (last === undefined || start + asked.size >= items.length) return { items: some };
  return { items: some, nextToken: seal(nameOf(last), start + some.length, asked.question) };
};

const seal = (last: string, index: number, question: unknown): string => {
  const text = JSON.stringify([last, index]);
  return `${Buffer.from(text).toString('base64url')}.${signatureOf(text, question)}`;
};

const startAfter = <T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  token: string,
  question: unknown,
  refuse: () => never,
): number => {
  const [body = '', signature = ''] = token.split('.', 2);
  const text = Buffer.from(body, 'base64url').toString();
  const expected = Buffer.from(signatureOf(text, question));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) refuse();
  const [last, index]: unknown[] = JSON.parse(text);
  const found = items.findIndex((item) => nameOf(item) === last);
  // The item may have gone meanwhile; then its old place is the best that is known.
  return found >= 0 ? found + 1 : Number(index);
};

const signatureOf = (text: string, question: unknown): string =>
  createHmac('sha256', secret)
    .update(JSON.stringify([text, question]))
    .digest('base64url');
