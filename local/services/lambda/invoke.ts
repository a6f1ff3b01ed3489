import { z } from 'zod';
import type { FunctionRunner } from '../../contract.ts';
import { type Call, RawAnswer } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import type { Route } from '../../protocol/rest-json.ts';
import { validate } from '../../protocol/validation.ts';

type Options = { readonly runner: FunctionRunner; readonly account: string; readonly region: string };

const schema = z.object({ FunctionName: z.string().min(1).max(170), Qualifier: z.string().optional() });
const typeSchema = z.object({
  InvocationType: z.enum(['Event', 'RequestResponse', 'DryRun']).default('RequestResponse'),
  LogType: z.enum(['None', 'Tail']).default('None'),
});

/** Lambda's quotas, in bytes: 6 MB where the caller waits, 1 MB where it does not. */
const largestPayload = { RequestResponse: 6_291_456, Event: 1_048_576, DryRun: 6_291_456 } as const;

export const invokeRoute = (options: Options): Route => ({
  operation: 'Invoke',
  method: 'POST',
  path: '/2015-03-31/functions/{FunctionName}/invocations',
  body: 'payload',
  run: (input, call) => invoke(options, input, call),
});

const invoke = async (options: Options, input: unknown, call: Call): Promise<RawAnswer> => {
  const { FunctionName: name, Qualifier } = validate(schema, input);
  const { headers, body } = call.request;
  const { InvocationType: type, LogType } = validate(typeSchema, {
    InvocationType: headers['x-amz-invocation-type'],
    LogType: headers['x-amz-log-type'],
  });
  requireFunction(options, name, Qualifier);
  if (body.length > largestPayload[type]) {
    throw new AwsFailure(
      'RequestTooLargeException',
      `Request must be smaller than ${largestPayload[type]} bytes for the ${type} invocation type`,
      413,
    );
  }
  const payload = payloadOf(body);
  switch (type) {
    case 'DryRun':
      return raw(204, {}, '');
    case 'Event':
      options.runner.invokeLater(name, payload, call.caller);
      return raw(202, {}, '');
    case 'RequestResponse': {
      const answer = await options.runner.invoke(name, payload);
      const log = Buffer.from(answer.logTail).subarray(-4096).toString('base64');
      return raw(
        answer.statusCode,
        {
          'x-amz-executed-version': '$LATEST',
          ...(answer.functionError === undefined ? {} : { 'x-amz-function-error': answer.functionError }),
          ...(LogType === 'Tail' ? { 'x-amz-log-result': log } : {}),
        },
        answer.payload,
      );
    }
  }
};

/** Throws ResourceNotFoundException, with the ARN that AWS would have looked for. */
export const requireFunction = (
  { runner, account, region }: Options,
  name: string,
  qualifier: string | undefined,
): void => {
  const known = runner.has(name);
  if (known && (qualifier === undefined || qualifier === '$LATEST')) return;
  const arn = name.startsWith('arn:') ? name : `arn:aws:lambda:${region}:${account}:function:${name}`;
  const whole = qualifier === undefined ? arn : `${arn}:${qualifier}`;
  throw new AwsFailure('ResourceNotFoundException', `Function not found: ${whole}`, 404, { Type: 'User' });
};

const payloadOf = (body: Buffer): string => {
  const text = body.toString('utf8');
  if (text === '') return '{}';
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AwsFailure(
      'InvalidRequestContentException',
      `Could not parse request body into json: ${why}`,
      400,
      {
        Type: 'User',
      },
    );
  }
};

const raw = (status: number, headers: Readonly<Record<string, string>>, body: string): RawAnswer =>
  new RawAnswer({ status, headers: { 'content-type': 'application/json', ...headers }, body });
