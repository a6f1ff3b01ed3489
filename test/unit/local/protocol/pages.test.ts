import { expect, test } from '@jest/globals';
import { page } from '../../../../local/protocol/pages.ts';

const refuse = (): never => {
  throw new Error('refused');
};
const ask = (items: readonly string[], size: number, token?: string, question: unknown = 'q') =>
  page(items, (item) => item, { size, token, question }, refuse);

const letters = [...'abcdefg'];

test('pages together are the whole list, each item once', () => {
  const seen: string[] = [];
  let token: string | undefined;
  do {
    const { items, nextToken } = ask(letters, 3, token);
    seen.push(...items);
    token = nextToken;
  } while (token !== undefined);
  expect(seen).toEqual(letters);
});

test('a full last page has no token', () => {
  expect(ask([...'abc'], 3).nextToken).toBeUndefined();
  expect(ask([], 3)).toEqual({ items: [] });
});

test('what is new in front of a page does not show an item twice', () => {
  const { nextToken } = ask(letters, 3);
  expect(ask(['new', ...letters], 3, nextToken).items).toEqual(['d', 'e', 'f']);
});

test('a token that was made up, damaged or asked with another question is refused', () => {
  const { nextToken = '' } = ask(letters, 3);
  for (const bad of ['', 'x', '.', `${nextToken}x`, `A${nextToken}`, nextToken.split('.')[0] ?? '']) {
    expect(() => ask(letters, 3, bad)).toThrow('refused');
  }
  expect(() => ask(letters, 3, nextToken, 'another')).toThrow('refused');
});
