import type { Call } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { escapeXml } from '../../protocol/xml.ts';
import type { Bucket, ObjectStore } from './object-store.ts';

/** What an S3 request is about. `key` is empty for a bucket, `bucket` for the service. */
export type S3Request = {
  readonly call: Call;
  readonly store: ObjectStore;
  readonly region: string;
  readonly bucket: string;
  readonly key: string;
};

/**
 * Bucket and key of a request: `/bucket/key` (path style), or `/key` at a host `bucket.localhost`, as SDKs ask when the
 * endpoint is a name. A path that is not valid percent-encoded UTF-8 is refused.
 */
export const addressOf = (call: Call): { readonly bucket: string; readonly key: string } => {
  const host = (call.request.headers.host ?? '').replace(/:\d+$/, '');
  const hostBucket = /^(.+)\.localhost$/.exec(host)?.[1];
  const path = decodePath(call.request.path.replace(/^\//, ''));
  if (hostBucket !== undefined) return { bucket: hostBucket, key: path };
  const slash = path.indexOf('/');
  return slash < 0 ? { bucket: path, key: '' } : { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
};

const decodePath = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new AwsFailure('InvalidURI', "Couldn't parse the specified URI.", 400, { URI: path });
  }
};

export const requireBucket = ({ store, bucket }: S3Request): Bucket => {
  const found = store.bucket(bucket);
  if (found !== undefined) return found;
  throw new AwsFailure('NoSuchBucket', 'The specified bucket does not exist', 404, { BucketName: bucket });
};

export const noSuchKey = (key: string): AwsFailure =>
  new AwsFailure('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });

export const preconditionFailed = (condition: string): AwsFailure =>
  new AwsFailure('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412, {
    Condition: condition,
  });

/** A request parameter of the query, undefined where it is not there. */
export const parameter = (request: S3Request, name: string): string | undefined =>
  request.call.request.query.get(name) ?? undefined;

export const header = (request: S3Request, name: string): string | undefined =>
  request.call.request.headers[name];

export const s3Namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** An answer in XML, `root` around `content`. */
export const xmlAnswer = (root: string, content: string) => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${s3Namespace}">${content}</${root}>`,
});

export const emptyAnswer = (status: number, headers: Readonly<Record<string, string>> = {}) => ({
  status,
  headers,
  body: '',
});

export const errorXml = (failure: AwsFailure, resource: string, requestId: string): string => {
  const fields = Object.entries({
    Code: failure.code,
    Message: failure.message,
    ...failure.fields,
    Resource: resource,
    RequestId: requestId,
    HostId: 'local-aws',
  });
  const content = fields.map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${content}</Error>`;
};
