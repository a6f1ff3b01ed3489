import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startWorld, type World } from '../services/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({
    statements: [{ Effect: 'Allow', Action: ['ssm:GetParameter', 's3:ListAllMyBuckets'], Resource: '*' }],
  });
});
afterAll(() => world.stop());

const signed = (service: string, accessKeyId = 'me') => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20261123/ap-southeast-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

const post = (headers: Readonly<Record<string, string>>, body: string, path = '/') =>
  fetch(world.services.endpoint + path, { method: 'POST', headers, body });

const ssm = (operation: string, body: string, headers: Readonly<Record<string, string>> = signed('ssm')) =>
  post(
    { ...headers, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AmazonSSM.${operation}` },
    body,
  );

const form = (service: string, body: string, headers = signed(service)) =>
  post({ ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body);

describe('a request without a signature', () => {
  test('is refused in each protocol', async () => {
    const json = await ssm('ListCommands', '{}', {});
    expect(json.status).toBe(400);
    expect(await json.json()).toMatchObject({ __type: 'MissingAuthenticationTokenException' });

    const query = await post(
      { 'content-type': 'application/x-www-form-urlencoded' },
      'Action=DescribeInstances',
    );
    expect(query.status).toBe(403);
    expect(await query.text()).toContain('<Code>MissingAuthenticationToken</Code>');

    const rest = await fetch(`${world.services.endpoint}/schedules`);
    expect(rest.status).toBe(403);
    expect(rest.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');

    const s3 = await fetch(`${world.services.endpoint}/lifeboat-state/key`);
    expect(s3.status).toBe(403);
    expect(await s3.text()).toContain('<Code>AccessDenied</Code>');
  });
});

describe('what local AWS does not offer', () => {
  test('answers as AWS does for the protocol, and is in the record of calls', async () => {
    const json = await ssm('StartSession', '{}');
    expect([json.status, await json.json()]).toEqual([
      400,
      {
        __type: 'UnknownOperationException',
        message: 'The operation StartSession is not offered by local AWS.',
      },
    ]);
    expect(world.calls.at(-1)).toMatchObject({
      service: 'ssm',
      operation: 'StartSession',
      caller: 'cli',
      status: 400,
      errorCode: 'UnknownOperationException',
    });

    const query = await form('ec2', 'Action=RunInstances&Version=2016-11-15');
    expect(query.status).toBe(400);
    expect(await query.text()).toContain('<Errors><Error><Code>InvalidAction</Code>');

    const other = await form('iam', 'Action=ListRoles&Version=2010-05-08');
    expect(await other.text()).toContain('<Code>InvalidAction</Code>');
    expect(world.calls.at(-1)).toMatchObject({ service: 'iam', operation: 'ListRoles' });

    const rest = await fetch(`${world.services.endpoint}/schedules/a/b/c`, { headers: signed('scheduler') });
    expect(rest.headers.get('x-amzn-errortype')).toBe('UnknownOperationException');

    const s3 = await fetch(`${world.services.endpoint}/lifeboat-state?acl`, { headers: signed('s3') });
    expect([s3.status, (await s3.text()).includes('<Code>NotImplemented</Code>')]).toEqual([501, true]);
  });

  test('names of the language itself are no operations', async () => {
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect(await (await ssm(name, '{}')).json()).toMatchObject({ __type: 'UnknownOperationException' });
      const query = await form('sts', `Action=${name}`);
      expect(await query.text()).toContain('<Code>InvalidAction</Code>');
    }
  });
});

describe('malformed requests', () => {
  test('get an error of the service, never a crash', async () => {
    const bodies = [
      '{',
      '[]',
      'null',
      '"x"',
      '{"InstanceIds":3}',
      '{"Targets":[null]}',
      '\u0000',
      '{"Filters":[{}]}',
    ];
    for (const body of bodies) {
      for (const operation of ['SendCommand', 'ListCommands', 'ListCommandInvocations', 'GetParameter']) {
        const answer = await ssm(operation, body);
        expect(answer.status).toBeLessThan(500);
      }
    }
    for (const body of [
      '',
      'Action',
      'Action=DescribeInstances&Filter=x',
      'Action=DescribeInstances&Filter.1.Value=x&Filter.1.Value.2.3=y',
      'Action=DescribeInstances&__proto__.1=x&InstanceId.constructor=1',
      '%ff=%fe',
    ]) {
      expect((await form('ec2', body)).status).toBe(400);
    }
    const paths = [
      '/schedules/%',
      '/schedules/%FF',
      '/2015-03-31/functions/%2e%2e/invocations',
      '/lifeboat-state/%FF',
      '//',
      '/%00/x',
    ];
    for (const path of paths) {
      for (const service of ['scheduler', 'lambda', 's3']) {
        const answer = await fetch(world.services.endpoint + path, { headers: signed(service) });
        expect([200, 400, 404, 501]).toContain(answer.status);
        expect(await answer.text()).not.toContain('InternalFailure');
      }
    }
  });

  test('constraints are told in the wording of AWS, all at once', async () => {
    const answer = await ssm('ListCommands', '{"MaxResults":51,"CommandId":"short"}');
    expect(await answer.json()).toEqual({
      __type: 'ValidationException',
      message:
        "2 validation errors detected: Value 'short' at 'commandId' failed to satisfy constraint: Member must have length greater than or equal to 36; Value '51' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 50",
    });
    const missing = await ssm('SendCommand', '{}');
    expect(await missing.json()).toMatchObject({
      message: expect.stringContaining(
        "Value null at 'documentName' failed to satisfy constraint: Member must not be null",
      ),
    });
    const type = await ssm('SendCommand', '{"DocumentName":["x"]}');
    expect(await type.json()).toMatchObject({ __type: 'SerializationException' });
  });
});

describe('each call', () => {
  test('is recorded with caller, time and parameters, without bodies and secrets', async () => {
    await ssm('GetParameter', '{"Name":"nothing"}', signed('ssm', 'LOCALlifeboat-prod-dispatch'));
    expect(world.calls.at(-1)).toEqual({
      at: expect.any(Date),
      service: 'ssm',
      operation: 'GetParameter',
      caller: 'lifeboat-prod-dispatch',
      status: 400,
      errorCode: 'ParameterNotFound',
      milliseconds: expect.any(Number),
      request: { Name: 'nothing' },
    });
    await ssm('PutParameter', '{"Name":"/a","Value":"top secret","Type":"SecureString"}');
    expect(JSON.stringify(world.calls)).not.toContain('top secret');
  });

  test('has a request id of its own', async () => {
    const ids = new Set<string | null>();
    for (let count = 0; count < 3; count += 1)
      ids.add((await ssm('ListCommands', '{}')).headers.get('x-amzn-requestid'));
    ids.add(
      (await fetch(`${world.services.endpoint}/`, { headers: signed('s3') })).headers.get('x-amz-request-id'),
    );
    expect(ids.size).toBe(4);
    expect(ids.has(null)).toBe(false);
  });
});

test('a presigned address is as good as a header', async () => {
  const credential = encodeURIComponent(
    'LOCALlifeboat-prod-dispatch/20261123/ap-southeast-1/s3/aws4_request',
  );
  const answer = await fetch(`${world.services.endpoint}/?X-Amz-Credential=${credential}`);
  expect(answer.status).toBe(200);
  expect(world.calls.at(-1)).toMatchObject({ operation: 'ListBuckets', caller: 'lifeboat-prod-dispatch' });
});
