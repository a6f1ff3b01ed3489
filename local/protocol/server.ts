import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { CallLog, LocalClock } from '../contract.ts';
import type { Guard } from '../iam/guard.ts';
import { jsonError, unknownOperation } from './aws-json.ts';
import type { Call, Endpoint, Exchange, IncomingRequest } from './exchange.ts';
import { AwsFailure, asFailure } from './failure.ts';
import type { Pacer } from './pacer.ts';
import { queryError } from './query.ts';
import { callerOf, readSignature } from './signature.ts';

export type ProtocolServer = {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Requests that have not been answered yet. */
  readonly openRequests: () => number;
  readonly stop: () => Promise<void>;
};

/** Larger bodies are refused: everything is held in memory. */
const largestBody = 256 * 1024 * 1024;

/**
 * Opens local AWS on 127.0.0.1. A request goes to the first endpoint that takes it; each is written to the record of
 * calls when it has been answered. `port` 0 takes any free one; a port in use rejects.
 */
export const startProtocolServer = async (options: {
  readonly port: number;
  readonly clock: Pick<LocalClock, 'now'>;
  readonly calls: CallLog;
  readonly endpoints: readonly Endpoint[];
  readonly pace?: Pacer;
  readonly guard: Pick<Guard, 'authorize'>;
}): Promise<ProtocolServer> => {
  let open = 0;
  const server = createServer((incoming, response) => {
    open += 1;
    response.on('close', () => {
      open -= 1;
    });
    void converse(options, incoming, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    openRequests: () => open,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

type Options = Parameters<typeof startProtocolServer>[0];

/** Reads, answers, records. Ends quietly when the caller hangs up: there is nobody left to tell. */
const converse = async (options: Options, incoming: IncomingMessage, response: ServerResponse) => {
  const started = performance.now();
  const at = options.clock.now();
  const requestId = randomUUID();
  const body = await readBody(incoming);
  if (body === 'hung-up') return;
  const request = requestOf(incoming, body === 'too-large' ? Buffer.alloc(0) : body);
  const signature = readSignature(request);
  const exchange =
    body === 'too-large'
      ? unknownExchange(request, requestId, signature?.service, tooLarge())
      : await exchangeFor(options, request, requestId);
  await options.pace?.wait(exchange, performance.now() - started);
  options.calls.record({
    at,
    service: exchange.service,
    operation: exchange.operation,
    caller: signature === undefined ? 'anonymous' : callerOf(signature.accessKeyId),
    status: exchange.answer.status,
    ...(exchange.errorCode === undefined ? {} : { errorCode: exchange.errorCode }),
    milliseconds: performance.now() - started,
    request: exchange.logged,
  });
  send(response, request, exchange, options.clock.now());
};

const exchangeFor = async (
  { endpoints, pace, guard }: Pick<Options, 'endpoints' | 'pace' | 'guard'>,
  request: IncomingRequest,
  requestId: string,
): Promise<Exchange> => {
  const signature = readSignature(request);
  const throttled = pace?.refuses(signature?.service ?? '', operationOf(request));
  if (throttled !== undefined) return unknownExchange(request, requestId, signature?.service, throttled);
  const endpoint = endpoints.find((one) => one.takes(request, signature?.service));
  try {
    if (endpoint === undefined) return unknownExchange(request, requestId, signature?.service);
    if (signature === undefined) return endpoint.refuse(request, requestId);
    const caller = callerOf(signature.accessKeyId);
    const authorize: Call['authorize'] = (asking) => guard.authorize({ ...asking, caller });
    return await endpoint.handle({ request, requestId, signature, caller, authorize });
  } catch (error) {
    return unknownExchange(request, requestId, signature?.service, asFailure(error));
  }
};

/** As far as it can be told without knowing the service; a REST request by its method and path. */
const operationOf = (request: IncomingRequest): string => {
  const action = new URLSearchParams(request.body.subarray(0, 1000).toString('utf8')).get('Action');
  return (
    request.headers['x-amz-target']?.split('.').at(-1) ??
    (speaksQuery(request) ? action : null) ??
    `${request.method} ${request.path}`
  );
};

const speaksQuery = (request: IncomingRequest): boolean =>
  (request.headers['content-type'] ?? '').includes('x-www-form-urlencoded');

/** A service that local AWS does not have answers in the protocol that the request speaks. */
const unknownExchange = (
  request: IncomingRequest,
  requestId: string,
  scope: string | undefined,
  failure?: AwsFailure,
): Exchange => {
  const isQuery = speaksQuery(request);
  const operation = operationOf(request);
  const service = scope ?? 'unknown';
  const told = failure ?? unknownService(service, operation, isQuery);
  const answer = isQuery
    ? queryError({ dialect: service === 'ec2' ? 'ec2' : 'query', namespace: '' }, told, requestId)
    : jsonError(told, requestId);
  return { service, operation, logged: {}, errorCode: told.code, answer };
};

const unknownService = (service: string, operation: string, isQuery: boolean): AwsFailure =>
  isQuery
    ? new AwsFailure(
        'InvalidAction',
        `The action ${operation} is not valid: local AWS does not offer ${service}.`,
      )
    : unknownOperation(`${operation} (${service})`);

const tooLarge = () =>
  new AwsFailure('RequestEntityTooLarge', `Local AWS takes bodies of at most ${largestBody} bytes.`, 413);

const requestOf = (incoming: IncomingMessage, body: Buffer): IncomingRequest => {
  const [path = '/', ...query] = (incoming.url ?? '/').split('?');
  return {
    method: incoming.method ?? 'GET',
    path,
    query: new URLSearchParams(query.join('?')),
    headers: Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : (value ?? ''),
      ]),
    ),
    body,
  };
};

const readBody = async (incoming: IncomingMessage): Promise<Buffer | 'too-large' | 'hung-up'> => {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming) {
      size += chunk.length;
      if (size <= largestBody) chunks.push(chunk);
    }
  } catch {
    return 'hung-up';
  }
  return size > largestBody ? 'too-large' : Buffer.concat(chunks);
};

const send = (response: ServerResponse, request: IncomingRequest, { answer }: Exchange, now: Date): void => {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  response.writeHead(answer.status, {
    date: now.toUTCString(),
    // A HEAD request is told the length of what it does not get.
    ...(answer.status === 204 || answer.status === 304 ? {} : { 'content-length': String(body.length) }),
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
};
