import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { RunningAws } from '../../local/local-aws.ts';

/** What `sls invoke` and `aws lambda invoke` get: the answer, or the error with its sentence. */
export type Invoked = { readonly failed: boolean; readonly answer: Readonly<Record<string, unknown>> };

/** Invokes a function through Lambda's API and waits, as a person does. Only the last word of the name is needed. */
export const invoke = async (
  aws: RunningAws,
  name: 'dispatch' | 'check' | 'drain' | 'drilldown',
  event: unknown,
): Promise<Invoked> => {
  const client = new LambdaClient({
    endpoint: aws.endpoint,
    region: aws.region,
    maxAttempts: 1,
    credentials: { accessKeyId: 'person', secretAccessKey: 'local' },
  });
  const FunctionName = aws.functions.names.find((each) => each.endsWith(`-${name}`));
  const { Payload, FunctionError } = await client.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }),
  );
  client.destroy();
  return {
    failed: FunctionError !== undefined,
    answer: JSON.parse(Buffer.from(Payload ?? []).toString('utf8')),
  };
};
