import type { Answer, Call, Endpoint, Exchange, IncomingRequest } from '../../protocol/exchange.ts';
import { AwsFailure, asFailure } from '../../protocol/failure.ts';
import { createBucket, getBucketLocation, getBucketVersioning, headBucket, listBuckets } from './buckets.ts';
import { listObjects } from './list-objects.ts';
import type { ObjectStore } from './object-store.ts';
import { getObject, headObject } from './read-objects.ts';
import { addressOf, errorXml, type S3Request } from './s3-request.ts';
import { copyObject, deleteObject, deleteObjects, putObject } from './write-objects.ts';

/** S3 (restXml). Takes what is signed for S3, and unsigned requests that no other service takes. */
export const s3Endpoint = (options: { readonly store: ObjectStore; readonly region: string }): Endpoint => ({
  service: 's3',
  takes: (_request, scope) => scope === 's3' || scope === undefined,
  handle: (call) => handle(options, call),
  refuse: (request, requestId) => ({
    service: 's3',
    operation: `${request.method} ${request.path}`,
    logged: {},
    errorCode: 'AccessDenied',
    answer: errorAnswer(new AwsFailure('AccessDenied', 'Access Denied', 403), request, requestId),
  }),
});

const handle = async (
  options: { readonly store: ObjectStore; readonly region: string },
  call: Call,
): Promise<Exchange> => {
  let operation = `${call.request.method} ${call.request.path}`;
  let logged: unknown = {};
  try {
    const address = addressOf(call);
    const route = routeOf(call.request, address);
    operation = route.operation;
    const parameters = {
      ...(address.bucket === '' ? {} : { Bucket: address.bucket }),
      ...(address.key === '' ? {} : { Key: address.key }),
      ...Object.fromEntries(
        [...call.request.query].filter(([name]) => name !== 'x-id' && !/^x-amz-/i.test(name)),
      ),
      ...conditionsOf(call.request),
    };
    logged = parameters;
    const source = call.request.headers['x-amz-copy-source'];
    const input = { ...parameters, ...(source === undefined ? {} : { CopySource: source }) };
    await call.authorize({ service: 's3', operation, input });
    const answer = await answerOf(route, { call, ...options, ...address });
    return { service: 's3', operation, logged, answer: withIds(answer, call.requestId) };
  } catch (error) {
    const failure = asFailure(error);
    const answer = errorAnswer(failure, call.request, call.requestId);
    return { service: 's3', operation, logged, errorCode: failure.code, answer };
  }
};

/** Who may not list a bucket is told 403 for an object that is not there, and not 404. */
const answerOf = async (route: S3Route, request: S3Request): Promise<Answer> => {
  try {
    return await route.run(request);
  } catch (error) {
    const isMissing = error instanceof AwsFailure && error.code === 'NoSuchKey';
    if (isMissing && (route.operation === 'GetObject' || route.operation === 'HeadObject'))
      await request.call.authorize({
        service: 's3',
        operation: 'HeadBucket',
        input: { Bucket: request.bucket },
      });
    throw error;
  }
};

type S3Route = { readonly operation: string; readonly run: (request: S3Request) => Promise<Answer> };

/** Sub-resources that choose another operation; what is not offered must not be taken for the plain operation. */
const subResources = [
  'acl',
  'attributes',
  'cors',
  'encryption',
  'legal-hold',
  'lifecycle',
  'logging',
  'notification',
  'object-lock',
  'ownershipControls',
  'partNumber',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versions',
  'website',
];

const routeOf = (
  request: IncomingRequest,
  { bucket, key }: { readonly bucket: string; readonly key: string },
): S3Route => {
  const { method, query } = request;
  const refused = subResources.find((name) => query.has(name));
  if (refused !== undefined) throw notOffered(method, `?${refused}`);
  const route =
    bucket === ''
      ? serviceRoute(method)
      : key === ''
        ? bucketRoute(method, query)
        : objectRoute(method, request.headers['x-amz-copy-source'] !== undefined);
  if (route === undefined) throw notOffered(method, key === '' ? 'a bucket' : 'an object');
  return route;
};

const serviceRoute = (method: string): S3Route | undefined =>
  method === 'GET' ? { operation: 'ListBuckets', run: listBuckets } : undefined;

const bucketRoute = (method: string, query: URLSearchParams): S3Route | undefined => {
  if (method === 'PUT' && !query.has('versioning')) return { operation: 'CreateBucket', run: createBucket };
  if (method === 'HEAD') return { operation: 'HeadBucket', run: headBucket };
  if (method === 'POST' && query.has('delete')) return { operation: 'DeleteObjects', run: deleteObjects };
  if (method !== 'GET') return undefined;
  if (query.has('location')) return { operation: 'GetBucketLocation', run: getBucketLocation };
  if (query.has('versioning')) return { operation: 'GetBucketVersioning', run: getBucketVersioning };
  if (query.get('list-type') === '2') return { operation: 'ListObjectsV2', run: listObjects };
  return undefined;
};

const objectRoute = (method: string, copies: boolean): S3Route | undefined => {
  switch (method) {
    case 'GET':
      return { operation: 'GetObject', run: getObject };
    case 'HEAD':
      return { operation: 'HeadObject', run: headObject };
    case 'PUT':
      return copies
        ? { operation: 'CopyObject', run: copyObject }
        : { operation: 'PutObject', run: putObject };
    case 'DELETE':
      return { operation: 'DeleteObject', run: deleteObject };
    default:
      return undefined;
  }
};

const notOffered = (method: string, what: string): AwsFailure =>
  new AwsFailure('NotImplemented', `Local AWS does not offer ${method} of ${what}.`, 501);

const conditionsOf = ({ headers }: IncomingRequest): Readonly<Record<string, string>> => ({
  ...(headers['if-none-match'] === undefined ? {} : { IfNoneMatch: headers['if-none-match'] }),
  ...(headers['if-match'] === undefined ? {} : { IfMatch: headers['if-match'] }),
});

const withIds = (answer: Answer, requestId: string): Answer => ({
  ...answer,
  headers: { ...answer.headers, 'x-amz-request-id': requestId, 'x-amz-id-2': 'local-aws' },
});

const errorAnswer = (failure: AwsFailure, request: IncomingRequest, requestId: string): Answer =>
  withIds(
    {
      status: failure.status,
      headers: { 'content-type': 'application/xml', ...failure.headers },
      body: request.method === 'HEAD' ? '' : errorXml(failure, request.path, requestId),
    },
    requestId,
  );
