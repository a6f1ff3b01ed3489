import {
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  type InvokeCommandInput,
  LambdaClient,
  ListFunctionsCommand,
} from '@aws-sdk/client-lambda';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accessKeyIdOf } from '../../../../../local/protocol/signature.ts';
import { account, failureOf, region, startWorld, type World } from '../world.ts';

let world: World;
let lambda: LambdaClient;
beforeAll(async () => {
  world = await startWorld();
  lambda = new LambdaClient(world.client());
});
afterAll(async () => {
  lambda.destroy();
  await world.stop();
});

const FunctionName = 'lifeboat-prod-dispatch';
const invoke = (input: Partial<InvokeCommandInput> = {}) =>
  lambda.send(new InvokeCommand({ FunctionName, Payload: Buffer.from('{"plan":"acme"}'), ...input }));
const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

test('Invoke waits for the answer, and brings the log when asked', async () => {
  const answer = await invoke({ LogType: 'Tail' });
  expect([answer.StatusCode, textOf(answer.Payload), answer.ExecutedVersion]).toEqual([
    200,
    '{"plan":"acme"}',
    '$LATEST',
  ]);
  expect(Buffer.from(answer.LogResult ?? '', 'base64').toString()).toBe('START\nEND');
  expect((await invoke()).LogResult).toBeUndefined();
});

test('a function that fails answers 200 with FunctionError', async () => {
  const answer = await invoke({ Payload: Buffer.from('"fail"') });
  expect([answer.StatusCode, answer.FunctionError, textOf(answer.Payload)]).toEqual([
    200,
    'Unhandled',
    '{"errorMessage":"told to fail"}',
  ]);
});

test('Event is queued with 202, DryRun does nothing with 204', async () => {
  const before = world.invoked.length;
  expect((await invoke({ InvocationType: 'DryRun' })).StatusCode).toBe(204);
  expect(world.invoked).toHaveLength(before);
  expect((await invoke({ InvocationType: 'Event' })).StatusCode).toBe(202);
  expect(world.invoked.at(-1)).toEqual({ name: FunctionName, payload: '{"plan":"acme"}', source: 'cli' });
});

test('functions are found by name and ARN; others are not', async () => {
  const arn = `arn:aws:lambda:${region}:${account}:function:${FunctionName}`;
  expect((await invoke({ FunctionName: arn })).StatusCode).toBe(200);
  const failure = await failureOf(invoke({ FunctionName: 'none' }));
  expect([failure.name, failure.$metadata?.httpStatusCode]).toEqual(['ResourceNotFoundException', 404]);
  expect(failure.message).toBe(`Function not found: arn:aws:lambda:${region}:${account}:function:none`);
  expect((await failureOf(invoke({ Qualifier: '7' }))).name).toBe('ResourceNotFoundException');
  expect((await invoke({ Qualifier: '$LATEST' })).StatusCode).toBe(200);
});

test('a payload that is no JSON, or too large, is refused', async () => {
  expect((await failureOf(invoke({ Payload: Buffer.from('{') }))).name).toBe(
    'InvalidRequestContentException',
  );
  const Payload = Buffer.from(`"${'x'.repeat(1_048_576)}"`);
  expect((await failureOf(invoke({ Payload, InvocationType: 'Event' }))).name).toBe(
    'RequestTooLargeException',
  );
});

test('functions are described', async () => {
  const { Functions } = await lambda.send(new ListFunctionsCommand({}));
  expect(Functions?.map((one) => [one.FunctionName, one.Timeout, one.MemorySize])).toEqual([
    [FunctionName, 60, 256],
  ]);
  const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName }));
  expect(Configuration?.Environment?.Variables).toEqual({ STAGE: 'prod' });
  const { State } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  expect(State).toBe('Active');
  const missing = new GetFunctionCommand({ FunctionName: 'none' });
  expect((await failureOf(lambda.send(missing))).name).toBe('ResourceNotFoundException');
});

test('GetCallerIdentity tells functions from people', async () => {
  const who = async (caller: string) => {
    const sts = new STSClient(world.client(caller));
    const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
    sts.destroy();
    return Arn;
  };
  expect(await who('AKIAEXAMPLE')).toBe(`arn:aws:iam::${account}:user/local`);
  expect(await who(accessKeyIdOf(FunctionName))).toBe(
    `arn:aws:sts::${account}:assumed-role/the-role/${FunctionName}`,
  );
});
