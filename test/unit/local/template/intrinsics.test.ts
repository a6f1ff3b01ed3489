import { afterEach, describe, expect, it } from '@jest/globals';
import { TemplateError } from '../../../../local/template/template-error.ts';
import { openStacks, type Section } from './stacks.ts';

const { read, remove } = openStacks();
afterEach(remove);

/** What an output of this value resolves to. */
const output = async (
  value: unknown,
  more: Section = {},
  resources: Section = {},
): Promise<string | undefined> =>
  (await read(resources, { ...more, Outputs: { It: { Value: value } } })).outputs.It;

const bucket = { Type: 'AWS::S3::Bucket', Properties: {} };
const queue = { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'dead' } };

describe('intrinsic functions', () => {
  const conditions = {
    Parameters: {
      Stage: { Type: 'String', Default: 'prod' },
      Zones: { Type: 'CommaDelimitedList', Default: 'a, b' },
    },
    Mappings: { Sizes: { prod: { memory: 512 } } },
    Conditions: {
      IsProd: { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] },
      IsTest: { 'Fn::Not': [{ Condition: 'IsProd' }] },
      Both: { 'Fn::And': [{ Condition: 'IsProd' }, { Condition: 'IsTest' }] },
      Either: { 'Fn::Or': [{ Condition: 'IsProd' }, { Condition: 'IsTest' }] },
    },
  };

  it.each<[string, unknown, string]>([
    ['Ref of a parameter', { Ref: 'Stage' }, 'prod'],
    ['Fn::Join', { 'Fn::Join': ['-', ['a', { Ref: 'Stage' }, { Ref: 'AWS::NoValue' }, 3]] }, 'a-prod-3'],
    ['Fn::Join of a list parameter', { 'Fn::Join': ['+', { Ref: 'Zones' }] }, 'a+b'],
    ['Fn::Select', { 'Fn::Select': ['1', { Ref: 'Zones' }] }, 'b'],
    ['Fn::Split', { 'Fn::Select': [2, { 'Fn::Split': ['/', 'x/y/z'] }] }, 'z'],
    ['Fn::Sub', { 'Fn::Sub': '${Stage}-${!Stage}-${AWS::StackName}' }, 'prod-${Stage}-lifeboat-test'],
    ['Fn::Sub with variables', { 'Fn::Sub': ['${A}-${Stage}', { A: { Ref: 'Zones' }, Stage: 'mine' }] }, ''],
    ['Fn::If, yes', { 'Fn::If': ['IsProd', 'yes', { Ref: 'Nothing' }] }, 'yes'],
    ['Fn::If, no', { 'Fn::If': ['IsTest', { Ref: 'Nothing' }, 'no'] }, 'no'],
    ['Fn::And', { 'Fn::If': ['Both', 'yes', 'no'] }, 'no'],
    ['Fn::Or', { 'Fn::If': ['Either', 'yes', 'no'] }, 'yes'],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['Sizes', { Ref: 'Stage' }, 'memory'] }, '512'],
    ['Fn::Base64', { 'Fn::Base64': 'x' }, 'eA=='],
  ])('%s', async (name, value, expected) => {
    if (expected === '') await expect(output(value, conditions)).rejects.toThrow(/\$\{A\} is no text/);
    else expect([name, await output(value, conditions)]).toEqual([name, expected]);
  });

  it.each<[string, unknown, string]>([
    ['Bucket', { Ref: 'Named' }, 'my-bucket'],
    ['Bucket.Arn', { 'Fn::GetAtt': ['Named', 'Arn'] }, 'arn:aws:s3:::my-bucket'],
    ['Queue', { Ref: 'Dead' }, 'https://sqs.ap-southeast-1.amazonaws.com/123456789012/dead'],
    ['Queue.Arn', { 'Fn::Sub': '${Dead.Arn}' }, 'arn:aws:sqs:ap-southeast-1:123456789012:dead'],
    ['Version', { Ref: 'Version' }, 'arn:aws:lambda:ap-southeast-1:123456789012:function:fn:1'],
    ['an unknown type', { 'Fn::GetAtt': ['Files', 'Arn'] }, 'arn:aws:efs:ap-southeast-1:123456789012:files'],
  ])('%s has the identity that AWS gives it', async (_name, value, expected) => {
    const resources = {
      Named: {
        Type: 'AWS::S3::Bucket',
        Properties: { BucketName: { 'Fn::Sub': ['my-${x}', { x: 'bucket' }] } },
      },
      Dead: queue,
      Version: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: 'fn' } },
      Files: { Type: 'AWS::EFS::FileSystem', Properties: { Name: 'files' } },
    };
    expect(await output(value, {}, resources)).toBe(expected);
  });

  it('are left alone where nobody needs them', async () => {
    const stack = await read({
      Odd: {
        Type: 'AWS::Odd::Thing',
        Properties: { Deep: { 'Fn::Transform': {} }, Import: { 'Fn::ImportValue': 'x' } },
      },
    });
    expect(stack.resources).toEqual({
      Odd: { type: 'AWS::Odd::Thing', name: expect.stringMatching(/^lifeboat-test-Odd-/) },
    });
  });

  it('make no resource whose condition does not hold', async () => {
    const stack = await read({ Bucket: { ...bucket, Condition: 'IsTest' } }, conditions);
    expect(stack.buckets).toEqual([]);
    const given = await read(
      { Bucket: { ...bucket, Condition: 'IsTest' } },
      conditions,
      {},
      { Stage: 'test' },
    );
    expect(given.buckets).toHaveLength(1);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'a resource that does not exist',
      { Ref: 'Nobody' },
      /Outputs\.It\.Value\.Ref: there is no resource or parameter Nobody/,
    ],
    [
      'an attribute nobody knows',
      { 'Fn::GetAtt': ['Dead', 'Colour'] },
      /no attribute Colour of AWS::SQS::Queue \(Dead\)/,
    ],
    ['an import', { 'Fn::ImportValue': 'other' }, /an export of another stack/],
    ['a function nobody knows', { 'Fn::Cidr': [] }, /Outputs\.It\.Value\.Fn::Cidr: .*does not know/],
    ['a condition that does not exist', { 'Fn::If': ['No', 1, 2] }, /there is no condition No/],
    ['an item that the list lacks', { 'Fn::Select': [3, ['a']] }, /no item 3/],
    ['a secret of the deployment', { 'Fn::Join': ['', ['{{resolve:ssm:/x}}']] }, /dynamic reference/],
    ['a parameter without a value', { Ref: 'Needed' }, /the parameter Needed has no default/],
    ['a map that lacks it', { 'Fn::FindInMap': ['Sizes', 'test', 'memory'] }, /no Sizes\.test\.memory/],
  ])('tell where in the template %s stands', async (_name, value, why) => {
    const parameters = { ...conditions.Parameters, Needed: { Type: 'String' } };
    const failure = output(value, { ...conditions, Parameters: parameters }, { Dead: queue });
    await expect(failure).rejects.toThrow(TemplateError);
    await expect(failure).rejects.toThrow(why);
  });

  it('notice a circle', async () => {
    const circle = {
      A: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { Ref: 'B' } } },
      B: { Type: 'AWS::SNS::Topic', Properties: { TopicName: { 'Fn::GetAtt': ['A', 'QueueName'] } } },
    };
    await expect(output({ Ref: 'A' }, {}, circle)).rejects.toThrow(/depends on itself/);
  });
});
