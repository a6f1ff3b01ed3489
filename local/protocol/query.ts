import type { Answer, Call, Endpoint, Exchange, IncomingRequest, Operation } from './exchange.ts';
import { AwsFailure, asFailure } from './failure.ts';
import { readQueryParameters } from './query-parameters.ts';
import { escapeXml, members } from './xml.ts';

/** A service that speaks AWS Query or EC2's dialect of it: a form with `Action`, an answer in XML. */
export type QueryService = {
  readonly name: string;
  readonly dialect: 'query' | 'ec2';
  readonly namespace: string;
  readonly operations: Readonly<Record<string, Operation>>;
};

export const queryEndpoint = (service: QueryService): Endpoint => ({
  service: service.name,
  takes: (request, scope) =>
    isForm(request) &&
    (scope === service.name ||
      (scope === undefined && Object.hasOwn(service.operations, form(request).get('Action') ?? ''))),
  handle: (call) => handle(service, call),
  refuse: (request, requestId) => ({
    service: service.name,
    operation: form(request).get('Action') ?? '',
    logged: {},
    errorCode: 'MissingAuthenticationToken',
    answer: queryError(
      service,
      new AwsFailure('MissingAuthenticationToken', 'Request is missing Authentication Token', 403),
      requestId,
    ),
  }),
});

const handle = async (service: QueryService, call: Call): Promise<Exchange> => {
  const { Action = '', Version: _version, ...input } = readQueryParameters(form(call.request));
  const operation = String(Action);
  const known = { service: service.name, operation, logged: input };
  try {
    if (operation === '') throw missingAction();
    const run = Object.hasOwn(service.operations, operation) ? service.operations[operation] : undefined;
    if (run === undefined) throw invalidAction(operation);
    await call.authorize({ service: service.name, operation, input });
    const result = await run(input, call);
    return { ...known, answer: success(service, operation, result, call.requestId) };
  } catch (error) {
    const failure = asFailure(error);
    return { ...known, errorCode: failure.code, answer: queryError(service, failure, call.requestId) };
  }
};

const missingAction = () =>
  new AwsFailure('MissingAction', 'The request must contain the parameter Action.', 400);

const invalidAction = (action: string) =>
  new AwsFailure('InvalidAction', `The action ${action} is not valid for this web service.`, 400);

const success = (service: QueryService, operation: string, result: unknown, requestId: string): Answer => {
  const structure = typeof result === 'object' && result !== null ? result : {};
  const body =
    service.dialect === 'ec2'
      ? `<${operation}Response xmlns="${service.namespace}"><requestId>${requestId}</requestId>` +
        `${members(structure, 'item')}</${operation}Response>`
      : `<${operation}Response xmlns="${service.namespace}"><${operation}Result>${members(structure, 'member')}` +
        `</${operation}Result><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${operation}Response>`;
  return xmlAnswer(200, body, requestId);
};

export const queryError = (
  service: Pick<QueryService, 'dialect' | 'namespace'>,
  failure: AwsFailure,
  requestId: string,
): Answer => {
  const error = `<Code>${escapeXml(failure.code)}</Code><Message>${escapeXml(failure.message)}</Message>`;
  const body =
    service.dialect === 'ec2'
      ? `<Response><Errors><Error>${error}</Error></Errors><RequestID>${requestId}</RequestID></Response>`
      : `<ErrorResponse xmlns="${service.namespace}"><Error><Type>${failure.status < 500 ? 'Sender' : 'Receiver'}</Type>` +
        `${error}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
  return xmlAnswer(failure.status, body, requestId);
};

const xmlAnswer = (status: number, body: string, requestId: string): Answer => ({
  status,
  headers: { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
});

const isForm = (request: IncomingRequest): boolean =>
  (request.method === 'POST' &&
    (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')) ||
  (request.method === 'GET' && request.query.has('Action'));

const form = (request: IncomingRequest): URLSearchParams =>
  request.method === 'GET' ? request.query : new URLSearchParams(request.body.toString('utf8'));
