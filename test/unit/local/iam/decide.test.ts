import { describe, expect, test } from '@jest/globals';
import { type Ask, decide } from '../../../../local/iam/decide.ts';
import { readPolicy } from '../../../../local/iam/statement.ts';

type Written = { readonly [element: string]: unknown };

const decided = (ask: Ask, ...statements: readonly Written[]) =>
  decide(
    readPolicy({
      Version: '2012-10-17',
      Statement: statements.map((statement) => ({ Effect: 'Allow', Resource: '*', ...statement })),
    }),
    ask,
  );
const get = (key: string): Ask => ({ action: 's3:GetObject', resource: `arn:aws:s3:::bucket/${key}` });

describe('statements', () => {
  test('nothing is allowed that no statement allows, and a Deny wins over every Allow', () => {
    const allow = { Action: 's3:GetObject' };
    expect(decided(get('a'))).toBe('no-statement');
    expect(decided(get('a'), allow)).toBe('allowed');
    expect(decided(get('a'), allow, { ...allow, Effect: 'Deny' })).toBe('denied');
    expect(decided(get('a'), allow, { ...allow, Effect: 'Deny', Resource: 'arn:aws:s3:::bucket/b' })).toBe(
      'allowed',
    );
  });

  test.each([
    ['s3:GetObject', 'allowed'],
    ['S3:getobject', 'allowed'],
    ['s3:Get*', 'allowed'],
    ['s3:?etObject', 'allowed'],
    ['*', 'allowed'],
    ['s3:GetObjec', 'no-statement'],
    ['s3:GetObjectAcl', 'no-statement'],
    ['s3.GetObject', 'no-statement'],
  ])('the action %s: %s', (Action, expected) => {
    expect(decided(get('a'), { Action })).toBe(expected);
  });

  test.each([
    ['arn:aws:s3:::bucket/runs/*', 'allowed'],
    ['arn:aws:s3:::bucket/*', 'allowed'],
    ['arn:aws:s3:::bucket/runs/acme.web/?/record.json', 'allowed'],
    ['arn:*:s3:*:*:bucket/*', 'allowed'],
    ['arn:aws:s3:::BUCKET/*', 'no-statement'],
    ['arn:aws:s3:::bucket/runs/acmeXweb/*', 'no-statement'],
    ['arn:aws:s3:::bucket', 'no-statement'],
    // A wildcard does not reach over the colons of the first five parts.
    ['arn:aws:*/record.json', 'no-statement'],
  ])('the resource %s: %s', (Resource, expected) => {
    expect(decided(get('runs/acme.web/1/record.json'), { Action: 's3:GetObject', Resource })).toBe(expected);
  });

  test('a wildcard in the last part reaches over colons', () => {
    const ask = {
      action: 'logs:PutLogEvents',
      resource: 'arn:aws:logs:r:1:log-group:/aws/lambda/a:log-stream:b',
    };
    const allowed = (group: string) =>
      decided(ask, { Action: 'logs:PutLogEvents', Resource: `arn:aws:logs:r:1:log-group:${group}:*` });
    expect(allowed('/aws/lambda/a')).toBe('allowed');
    expect(allowed('/aws/lambda/b')).toBe('no-statement');
  });
});

describe('conditions', () => {
  const tagged = (context: Readonly<Record<string, string>>): Ask => ({ ...get('a'), context });
  const where = (Condition: unknown) => ({ Action: '*', Condition });

  test.each([
    ['StringEquals', { k: ['a', 'b'] }, { k: 'b' }, 'allowed'],
    ['StringEquals', { k: 'a' }, { K: 'a' }, 'allowed'],
    ['StringEquals', { k: 'a' }, { k: 'A' }, 'no-statement'],
    ['StringEquals', { k: 'a*' }, { k: 'ab' }, 'no-statement'],
    ['StringEquals', { k: 'a' }, {}, 'no-statement'],
    ['StringEquals', { k: 'a', l: 'b' }, { k: 'a' }, 'no-statement'],
    ['StringNotEquals', { k: 'a' }, { k: 'b' }, 'allowed'],
    ['StringNotEquals', { k: ['a', 'b'] }, { k: 'b' }, 'no-statement'],
    ['StringNotEquals', { k: 'a' }, {}, 'allowed'],
    ['StringLike', { k: 'a*' }, { k: 'ab' }, 'allowed'],
    ['StringNotLike', { k: 'a*' }, { k: 'ab' }, 'no-statement'],
    ['ArnLike', { k: 'arn:aws:events:r:1:rule/x-*' }, { k: 'arn:aws:events:r:1:rule/x-y' }, 'allowed'],
    ['ArnEquals', { k: 'arn:aws:events:r:1:rule/x' }, { k: 'arn:aws:events:r:2:rule/x' }, 'no-statement'],
    ['Bool', { k: 'false' }, { k: 'false' }, 'allowed'],
    ['Bool', { k: false }, { k: 'true' }, 'no-statement'],
    ['Bool', { k: 'false' }, {}, 'no-statement'],
  ])('%s %j, asked with %j: %s', (operator, wanted, context, expected) => {
    expect(decided(tagged({ ...context }), where({ [operator]: wanted }))).toBe(expected);
  });

  test('all operators of a statement have to hold', () => {
    const both = where({ StringEquals: { k: 'a' }, Bool: { b: 'true' } });
    expect(decided(tagged({ k: 'a', b: 'true' }), both)).toBe('allowed');
    expect(decided(tagged({ k: 'a', b: 'false' }), both)).toBe('no-statement');
  });
});

describe('what is not evaluated is refused, not passed over', () => {
  const reading =
    (statement: Written, Version = '2012-10-17') =>
    () =>
      readPolicy({ Version, Statement: [{ Effect: 'Allow', Action: '*', Resource: '*', ...statement }] });

  test.each([
    ['NotAction', { NotAction: 's3:*' }],
    ['NotResource', { NotResource: '*' }],
    ['another operator', { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }],
    ['ForAllValues', { Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'a' } } }],
    ['a policy variable', { Resource: 'arn:aws:s3:::bucket/${aws:userid}/*' }],
    ['a policy variable in a condition', { Condition: { StringEquals: { 'aws:userid': '${aws:userid}' } } }],
    ['another effect', { Effect: 'allow' }],
  ])('%s', (_, statement) => {
    expect(reading(statement)).toThrow();
  });

  test('another version of the policy language', () => {
    expect(reading({}, '2008-10-17')).not.toThrow();
    expect(reading({}, '2020-01-01')).toThrow('Version');
  });
});
