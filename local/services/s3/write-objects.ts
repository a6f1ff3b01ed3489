import type { Answer, IncomingRequest } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { element, escapeXml, readXml, type XmlElement } from '../../protocol/xml.ts';
import type { ObjectAttributes, ObjectRecord } from './object-record.ts';
import type { Condition, Written } from './object-store.ts';
import { readPayload } from './payload.ts';
import {
  emptyAnswer,
  header,
  noSuchKey,
  preconditionFailed,
  requireBucket,
  type S3Request,
  xmlAnswer,
} from './s3-request.ts';

/** PutObject, conditional with `If-None-Match: *` or `If-Match: <etag>`. */
export const putObject = async (request: S3Request): Promise<Answer> => {
  const bucket = requireBucket(request);
  checkKey(request.key);
  const condition = conditionOf(request);
  const { data, checksums } = readPayload(request.call.request);
  const attributes = { ...attributesOf(request.call.request), checksums: { ...checksums } };
  const record = written(
    await bucket.write(request.key, data, attributes, condition),
    condition,
    request.key,
  );
  return emptyAnswer(200, {
    ...headersOfWrite(record),
    ...Object.fromEntries(
      Object.entries(checksums).map(([name, value]) => [`x-amz-checksum-${name}`, value]),
    ),
    ...(Object.keys(checksums).length > 0 ? { 'x-amz-checksum-type': 'FULL_OBJECT' } : {}),
  });
};

/** CopyObject within local AWS; the copy keeps the source's headers and metadata unless told to REPLACE them. */
export const copyObject = async (request: S3Request): Promise<Answer> => {
  const bucket = requireBucket(request);
  checkKey(request.key);
  const source = decodeSource(header(request, 'x-amz-copy-source') ?? '');
  const from = await requireBucket({ ...request, bucket: source.bucket }).read(source.key);
  if (from === undefined) throw noSuchKey(source.key);
  const replace = header(request, 'x-amz-metadata-directive') === 'REPLACE';
  const attributes = replace
    ? { ...attributesOf(request.call.request), checksums: from.record.checksums }
    : from.record;
  const { headers, metadata, checksums } = attributes;
  const condition = conditionOf(request);
  const result = await bucket.write(request.key, from.data, { headers, metadata, checksums }, condition);
  const record = written(result, condition, request.key);
  const content =
    element('LastModified', record.lastModified, undefined) + element('ETag', `"${record.etag}"`, undefined);
  const answer = xmlAnswer('CopyObjectResult', content);
  return { ...answer, headers: { ...answer.headers, 'x-amz-version-id': record.versionId } };
};

/** DeleteObject: succeeds whether there was one or not. */
export const deleteObject = async (request: S3Request): Promise<Answer> => {
  const etag = header(request, 'if-match');
  const condition: Condition =
    etag === undefined ? { kind: 'always' } : { kind: 'etag', etag: unquote(etag) };
  const outcome = await requireBucket(request).remove(request.key, condition);
  if (outcome === 'precondition-failed') throw preconditionFailed('If-Match');
  return emptyAnswer(204);
};

/** DeleteObjects: at most 1,000 keys a call, as S3. */
export const deleteObjects = async (request: S3Request): Promise<Answer> => {
  const bucket = requireBucket(request);
  const root = readXml(readPayload(request.call.request).data.toString('utf8'));
  const objects = root?.children.filter((child) => child.name === 'Object') ?? [];
  const keys = objects.map((object) => textOf(object, 'Key'));
  if (root?.name !== 'Delete' || keys.length === 0 || keys.length > 1000 || keys.includes(undefined)) {
    throw new AwsFailure(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    );
  }
  const quiet = textOf(root, 'Quiet') === 'true';
  let content = '';
  for (const key of keys) {
    if (key === undefined) continue;
    await bucket.remove(key, { kind: 'always' });
    if (!quiet) content += `<Deleted><Key>${escapeXml(key)}</Key></Deleted>`;
  }
  return xmlAnswer('DeleteResult', content);
};

/** 1,024 bytes of UTF-8: S3's limit. */
const checkKey = (key: string): void => {
  const size = Buffer.byteLength(key);
  if (size <= 1024) return;
  throw new AwsFailure('KeyTooLongError', 'Your key is too long', 400, {
    Size: String(size),
    MaxSizeAllowed: '1024',
  });
};

const conditionOf = (request: S3Request): Condition => {
  const ifNoneMatch = header(request, 'if-none-match');
  const ifMatch = header(request, 'if-match');
  if (ifNoneMatch !== undefined && (ifNoneMatch !== '*' || ifMatch !== undefined)) {
    throw new AwsFailure(
      'NotImplemented',
      'A header you provided implies functionality that is not implemented',
      501,
      { Header: 'If-None-Match' },
    );
  }
  if (ifNoneMatch === '*') return { kind: 'absent' };
  return ifMatch === undefined ? { kind: 'always' } : { kind: 'etag', etag: unquote(ifMatch) };
};

const written = (result: Written, condition: Condition, key: string): ObjectRecord => {
  switch (result.kind) {
    case 'written':
      return result.record;
    case 'no-such-key':
      throw noSuchKey(key);
    case 'precondition-failed':
      throw preconditionFailed(condition.kind === 'absent' ? 'If-None-Match' : 'If-Match');
  }
};

const headersOfWrite = (record: ObjectRecord) => ({
  etag: `"${record.etag}"`,
  'x-amz-version-id': record.versionId,
  'x-amz-server-side-encryption': 'AES256',
});

const kept = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
] as const;

const attributesOf = ({ headers }: IncomingRequest): Omit<ObjectAttributes, 'checksums'> => {
  const own = kept.flatMap((name): readonly (readonly [string, string])[] => {
    const value = headers[name];
    if (value === undefined) return [];
    if (name !== 'content-encoding') return [[name, value]];
    // aws-chunked is how the request travelled, not what the object is.
    const rest = value.split(',').map((part) => part.trim());
    const encoding = rest.filter((part) => part !== 'aws-chunked').join(', ');
    return encoding === '' ? [] : [[name, encoding]];
  });
  const prefix = 'x-amz-meta-';
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  return {
    headers: Object.fromEntries(own),
    metadata: Object.fromEntries(metadata.map(([name, value]) => [name.slice(prefix.length), value])),
  };
};

const decodeSource = (source: string): { readonly bucket: string; readonly key: string } => {
  const [, bucket, key] = /^\/?([^/]+)\/([^?]+)/.exec(source) ?? [];
  try {
    if (bucket !== undefined && key !== undefined) return { bucket, key: decodeURIComponent(key) };
  } catch {
    // Told below, as for any other source that cannot be read.
  }
  throw new AwsFailure(
    'InvalidArgument',
    'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    400,
    {
      ArgumentName: 'x-amz-copy-source',
      ArgumentValue: source,
    },
  );
};

const unquote = (etag: string): string => etag.replaceAll('"', '');

const textOf = (parent: XmlElement, name: string): string | undefined =>
  parent.children.find((child) => child.name === name)?.text;
