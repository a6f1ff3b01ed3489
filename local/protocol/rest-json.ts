import { jsonError, unknownOperation } from './aws-json.ts';
import {
  type Call,
  type Endpoint,
  type Exchange,
  type IncomingRequest,
  type Operation,
  RawAnswer,
} from './exchange.ts';
import { AwsFailure, asFailure } from './failure.ts';
import { readJson, withoutMembers, writeJson } from './json.ts';

/** A service that speaks restJson: method and path name the operation. */
export type RestJsonService = {
  readonly name: string;
  /** All paths of the service begin with one of these. */
  readonly roots: readonly string[];
  readonly routes: readonly Route[];
  readonly hidden: readonly string[];
};

export type Route = {
  readonly operation: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `{Name}` stands for one segment and becomes the parameter `Name`. */
  readonly path: string;
  /** `payload`: the body is not a structure; the operation reads it from the call. */
  readonly body: 'structure' | 'payload';
  readonly run: Operation;
};

export const restJsonEndpoint = (service: RestJsonService): Endpoint => ({
  service: service.name,
  takes: (request, scope) =>
    (scope === undefined || scope === service.name) &&
    service.roots.some((root) => request.path === root || request.path.startsWith(`${root}/`)),
  handle: (call) => handle(service, call),
  refuse: (request, requestId) => ({
    service: service.name,
    operation: findRoute(service, request)?.route.operation ?? `${request.method} ${request.path}`,
    logged: {},
    errorCode: 'MissingAuthenticationTokenException',
    answer: restJsonError(
      new AwsFailure('MissingAuthenticationTokenException', 'Missing Authentication Token', 403),
      requestId,
    ),
  }),
});

const handle = async (service: RestJsonService, call: Call): Promise<Exchange> => {
  const found = findRoute(service, call.request);
  const operation = found?.route.operation ?? `${call.request.method} ${call.request.path}`;
  let input: unknown = {};
  const known = () => ({ service: service.name, operation, logged: withoutMembers(input, service.hidden) });
  try {
    if (found === undefined) throw unknownOperation(operation);
    input = inputOf(found, call.request);
    await call.authorize({ service: service.name, operation, input });
    const result = await found.route.run(input, call);
    if (result instanceof RawAnswer) {
      const { answer } = result;
      return {
        ...known(),
        answer: { ...answer, headers: { ...answer.headers, ...idHeader(call.requestId) } },
      };
    }
    const answer = {
      status: 200,
      headers: { 'content-type': 'application/json', ...idHeader(call.requestId) },
      body: writeJson(result ?? {}),
    };
    return { ...known(), answer };
  } catch (error) {
    const failure = asFailure(error);
    return { ...known(), errorCode: failure.code, answer: restJsonError(failure, call.requestId) };
  }
};

type Found = { readonly route: Route; readonly parameters: Readonly<Record<string, string>> };

const findRoute = (service: RestJsonService, request: IncomingRequest): Found | undefined => {
  const segments = request.path.replace(/\/$/, '').split('/');
  for (const route of service.routes) {
    const pattern = route.path.split('/');
    if (route.method !== request.method || pattern.length !== segments.length) continue;
    const parameters: [string, string][] = [];
    const fits = pattern.every((part, index) => {
      const segment = segments[index] ?? '';
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      if (name === undefined) return part === segment;
      parameters.push([name, decodeSegment(segment)]);
      return segment !== '';
    });
    if (fits) return { route, parameters: Object.fromEntries(parameters) };
  }
  return undefined;
};

/** A segment that is not valid percent-encoding stays as it came: the operation's pattern will refuse it. */
const decodeSegment = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

const inputOf = (found: Found, request: IncomingRequest): unknown => {
  const body = found.route.body === 'structure' ? readJson(request.body) : {};
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new AwsFailure('SerializationException', 'The body has to be a JSON object.');
  }
  return { ...Object.fromEntries(request.query), ...body, ...found.parameters };
};

const restJsonError = (failure: AwsFailure, requestId: string) => {
  const answer = jsonError(failure, requestId);
  return {
    status: failure.status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': failure.code, ...idHeader(requestId) },
    body: answer.body,
  };
};

const idHeader = (requestId: string) => ({ 'x-amzn-requestid': requestId });
