import { describe, expect, it } from '@jest/globals';
import { InvalidPattern, readPattern } from '../../../../local/events/pattern.ts';

const event = {
  version: '0',
  source: 'aws.ssm',
  'detail-type': 'EC2 Command Status-change Notification',
  resources: ['arn:a', 'arn:b'],
  detail: {
    'document-name': 'lifeboat-prod-backup',
    status: 'Success',
    count: 5,
    done: true,
    nothing: null,
    empty: '',
    none: [],
    address: '10.0.0.17',
    parameters: { run: ['acme-web/20261123T180000Z-backup'] },
    steps: [
      { name: 'one', code: 0 },
      { name: 'two', code: 10 },
    ],
  },
};

const matches = (detail: unknown): boolean => readPattern({ detail })(event);

describe('what a pattern matches', () => {
  it.each<[string, unknown]>([
    ['an exact text', { status: ['Success'] }],
    ['one of several', { status: ['Failed', 'Success'] }],
    ['a number', { count: [5.0] }],
    ['true', { done: [true] }],
    ['null', { nothing: [null] }],
    ['the empty text', { empty: [''] }],
    ['prefix', { 'document-name': [{ prefix: 'lifeboat-' }] }],
    ['prefix in any case', { 'document-name': [{ prefix: { 'equals-ignore-case': 'LIFEBOAT' } }] }],
    ['suffix', { 'document-name': [{ suffix: '-backup' }] }],
    ['equals-ignore-case', { status: [{ 'equals-ignore-case': 'SUCCESS' }] }],
    ['wildcard', { 'document-name': [{ wildcard: 'life*-*-backup' }] }],
    ['anything-but', { status: [{ 'anything-but': 'Failed' }] }],
    ['anything-but of several', { count: [{ 'anything-but': [1, 2] }] }],
    ['anything-but prefix', { status: [{ 'anything-but': { prefix: 'Fail' } }] }],
    ['anything-but several suffixes', { status: [{ 'anything-but': { suffix: ['ed', 'out'] } }] }],
    ['anything-but wildcard', { status: [{ 'anything-but': { wildcard: 'F*' } }] }],
    ['numeric equality', { count: [{ numeric: ['=', 5] }] }],
    ['a numeric range', { count: [{ numeric: ['>', 0, '<=', 5] }] }],
    ['cidr', { address: [{ cidr: '10.0.0.0/24' }] }],
    ['exists', { status: [{ exists: true }] }],
    ['exists of null', { nothing: [{ exists: true }] }],
    ['exists: false', { other: [{ exists: false }] }],
    ['exists: false below something that is missing', { other: { deeper: [{ exists: false }] } }],
    ['exists: false of an object, which is no leaf', { parameters: [{ exists: false }] }],
    ['an element of a list', { parameters: { run: [{ prefix: 'acme-web/' }] } }],
    ['the fields of one element', { steps: { name: ['two'], code: [10] } }],
    ['$or', { $or: [{ status: ['Failed'] }, { count: [{ numeric: ['>', 4] }] }] }],
    ['$or beside other fields', { done: [true], $or: [{ status: ['Success'] }, { count: [1] }] }],
  ])('%s', (_name, pattern) => expect(matches(pattern)).toBe(true));

  it.each<[string, unknown]>([
    ['another text', { status: ['success'] }],
    ['a text that looks like the number', { count: ['5'] }],
    ['a field that is missing', { other: ['x'] }],
    ['null where there is nothing', { other: [null] }],
    ['anything-but of something missing', { other: [{ 'anything-but': 'x' }] }],
    ['anything-but of the value', { status: [{ 'anything-but': ['Success', 'Failed'] }] }],
    [
      'anything-but equals-ignore-case',
      { status: [{ 'anything-but': { 'equals-ignore-case': 'SUCCESS' } }] },
    ],
    ['prefix of a number', { count: [{ prefix: '5' }] }],
    ['numeric of a text', { status: [{ numeric: ['>', 0] }] }],
    ['a wildcard that ends too early', { 'document-name': [{ wildcard: 'life*-prod' }] }],
    ['an address outside', { address: [{ cidr: '10.0.1.0/24' }] }],
    ['exists: false of what is there', { status: [{ exists: false }] }],
    ['exists of an empty list', { none: [{ exists: true }] }],
    ['fields of two elements', { steps: { name: ['one'], code: [10] } }],
    ['all fields, not some', { status: ['Success'], count: [6] }],
    ['$or of nothing that fits', { $or: [{ status: ['Failed'] }, { count: [1] }] }],
    ['inherited members', { constructor: [{ exists: true }] }],
  ])('not %s', (_name, pattern) => expect(matches(pattern)).toBe(false));

  it('looks at the envelope and into lists of it', () => {
    expect(readPattern({ source: ['aws.ssm'], resources: ['arn:b'] })(event)).toBe(true);
    expect(readPattern({ source: ['aws.ec2'] })(event)).toBe(false);
    expect(readPattern({ $or: [{ source: ['aws.ec2'] }, { version: ['0'] }] })(event)).toBe(true);
  });

  it('takes a backslash before * and \\ in wildcards', () => {
    const star = readPattern({ name: [{ wildcard: 'a\\*b\\\\*' }] });
    expect(star({ name: 'a*b\\anything.' })).toBe(true);
    expect(star({ name: 'axb\\anything' })).toBe(false);
  });
});

it.each<[string, unknown, RegExp]>([
  ['no object', 'aws.ssm', /The pattern: it wants an object/],
  ['a bare value', { source: 'aws.ssm' }, /source: it wants an object or a list/],
  ['an empty list', { source: [] }, /source: an empty list/],
  ['an empty object', { detail: {} }, /detail: an empty object/],
  ['an unknown operator', { detail: { a: [{ begins: 'x' }] } }, /detail\.a\[0\].*no match type "begins"/],
  ['two operators in one', { a: [{ prefix: 'x', suffix: 'y' }] }, /one match type/],
  ['numeric without numbers', { a: [{ numeric: ['>', '5'] }] }, /numeric wants/],
  ['a numeric list of three', { a: [{ numeric: ['>', 5, '<'] }] }, /numeric wants/],
  ['exists with a text', { a: [{ exists: 'yes' }] }, /exists wants true or false/],
  ['two stars in a row', { a: [{ wildcard: 'x**' }] }, /no \*\* in a row/],
  ['anything-but nothing', { a: [{ 'anything-but': [] }] }, /anything-but/],
  ['an $or of one', { $or: [{ a: ['x'] }] }, /at least two/],
  ['a network that is none', { a: [{ cidr: '10.0.0/24' }] }, /cidr wants/],
])('refuses %s', (_name, pattern, why) => {
  expect(() => readPattern(pattern)).toThrow(InvalidPattern);
  expect(() => readPattern(pattern)).toThrow(why);
});
