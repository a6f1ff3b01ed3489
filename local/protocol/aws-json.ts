import type { Answer, Call, Endpoint, Exchange, IncomingRequest, Operation } from './exchange.ts';
import { AwsFailure, asFailure } from './failure.ts';
import { readJson, withoutMembers, writeJson } from './json.ts';

/** A service that speaks awsJson 1.1: every call is a POST to `/`, the operation is in X-Amz-Target. */
export type JsonService = {
  readonly name: string;
  /** In front of the dot in X-Amz-Target. */
  readonly targetPrefix: string;
  readonly operations: Readonly<Record<string, Operation>>;
  /** Members that are kept out of the record of calls. */
  readonly hidden: readonly string[];
};

const contentType = 'application/x-amz-json-1.1';

export const awsJsonEndpoint = (service: JsonService): Endpoint => ({
  service: service.name,
  takes: (request) => target(request).startsWith(`${service.targetPrefix}.`),
  handle: (call) => handle(service, call),
  refuse: (request, requestId) => ({
    service: service.name,
    operation: operationOf(request),
    logged: {},
    errorCode: 'MissingAuthenticationTokenException',
    answer: jsonError(
      new AwsFailure('MissingAuthenticationTokenException', 'Request is missing Authentication Token', 400),
      requestId,
    ),
  }),
});

const handle = async (service: JsonService, call: Call): Promise<Exchange> => {
  const operation = operationOf(call.request);
  const known = { service: service.name, operation };
  let input: unknown = {};
  try {
    const run = Object.hasOwn(service.operations, operation) ? service.operations[operation] : undefined;
    if (run === undefined) throw unknownOperation(operation);
    input = readJson(call.request.body);
    await call.authorize({ ...known, input });
    const result = await run(input, call);
    const answer = { status: 200, headers: headers(call.requestId), body: writeJson(result ?? {}) };
    return { ...known, logged: withoutMembers(input, service.hidden), answer };
  } catch (error) {
    const failure = asFailure(error);
    return {
      ...known,
      logged: withoutMembers(input, service.hidden),
      errorCode: failure.code,
      answer: jsonError(failure, call.requestId),
    };
  }
};

/** The answer to an operation that does not exist, or that local AWS does not offer. */
export const unknownOperation = (operation: string): AwsFailure =>
  new AwsFailure('UnknownOperationException', `The operation ${operation} is not offered by local AWS.`);

export const jsonError = (failure: AwsFailure, requestId: string): Answer => ({
  status: failure.status,
  headers: { ...headers(requestId), ...failure.headers },
  body: writeJson({ __type: failure.code, message: failure.message, ...failure.fields }),
});

const headers = (requestId: string) => ({ 'content-type': contentType, 'x-amzn-requestid': requestId });
const target = (request: IncomingRequest): string => request.headers['x-amz-target'] ?? '';
const operationOf = (request: IncomingRequest): string => target(request).split('.').slice(1).join('.');
