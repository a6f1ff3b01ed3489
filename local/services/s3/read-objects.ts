import type { Answer } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import type { ObjectRecord } from './object-record.ts';
import {
  header,
  noSuchKey,
  parameter,
  preconditionFailed,
  requireBucket,
  type S3Request,
} from './s3-request.ts';

/** GetObject: whole or a range, with the conditions of RFC 7232. */
export const getObject = async (request: S3Request): Promise<Answer> => {
  const found = await requireBucket(request).read(request.key);
  if (found === undefined) throw noSuchKey(request.key);
  checkVersion(request, found.record);
  const refusal = conditionOf(request, found.record);
  if (refusal !== undefined) return refusal;
  const range = rangeOf(request, found.data.length);
  const headers = headersOf(found.record, range === undefined && wantsChecksum(request));
  if (range === undefined) return { status: 200, headers, body: found.data };
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${range.first}-${range.last}/${found.data.length}` },
    body: found.data.subarray(range.first, range.last + 1),
  };
};

/** HeadObject: as GetObject without the bytes. Its errors have no body, so SDKs see NotFound instead of NoSuchKey. */
export const headObject = async (request: S3Request): Promise<Answer> => {
  const record = await requireBucket(request).head(request.key);
  if (record === undefined) throw new AwsFailure('NotFound', 'The specified key does not exist.', 404);
  checkVersion(request, record);
  const headers = { ...headersOf(record, wantsChecksum(request)), 'content-length': String(record.size) };
  return conditionOf(request, record) ?? { status: 200, headers, body: '' };
};

const checkVersion = (request: S3Request, record: ObjectRecord): void => {
  const versionId = parameter(request, 'versionId');
  if (versionId === undefined || versionId === record.versionId) return;
  throw new AwsFailure('NoSuchVersion', 'Local AWS keeps the newest version of an object only.', 404, {
    Key: request.key,
    VersionId: versionId,
  });
};

const conditionOf = (request: S3Request, record: ObjectRecord): Answer | undefined => {
  const ifMatch = header(request, 'if-match');
  if (ifMatch !== undefined && !matches(ifMatch, record.etag)) throw preconditionFailed('If-Match');
  const ifNoneMatch = header(request, 'if-none-match');
  const since = Date.parse(header(request, 'if-modified-since') ?? '');
  const unchanged =
    ifNoneMatch === undefined
      ? Math.floor(Date.parse(record.lastModified) / 1000) * 1000 <= since
      : matches(ifNoneMatch, record.etag);
  if (!unchanged) return undefined;
  const { etag, 'last-modified': lastModified } = headersOf(record, false);
  return { status: 304, headers: { etag, 'last-modified': lastModified }, body: '' };
};

const matches = (given: string, etag: string): boolean =>
  given
    .split(',')
    .some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '').replaceAll('"', '') === etag);

const wantsChecksum = (request: S3Request): boolean =>
  header(request, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED';

const headersOf = (record: ObjectRecord, withChecksums: boolean) => ({
  'content-type': 'binary/octet-stream',
  ...record.headers,
  ...Object.fromEntries(
    Object.entries(record.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]),
  ),
  ...(withChecksums
    ? Object.fromEntries(
        Object.entries(record.checksums).map(([name, value]) => [`x-amz-checksum-${name}`, value]),
      )
    : {}),
  ...(withChecksums && Object.keys(record.checksums).length > 0
    ? { 'x-amz-checksum-type': 'FULL_OBJECT' }
    : {}),
  'accept-ranges': 'bytes',
  etag: `"${record.etag}"`,
  'last-modified': new Date(record.lastModified).toUTCString(),
  'x-amz-version-id': record.versionId,
});

/** One range of bytes. S3 passes over what is no such range, and refuses one that begins behind the end. */
const rangeOf = (
  request: S3Request,
  size: number,
): { readonly first: number; readonly last: number } | undefined => {
  const asked = header(request, 'range');
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(asked ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== '' && to !== '' && Number(from) > Number(to)) return undefined;
  if (first >= size || (from === '' && Number(to) === 0)) {
    throw new AwsFailure('InvalidRange', 'The requested range is not satisfiable', 416, {
      RangeRequested: asked ?? '',
      ActualObjectSize: String(size),
    });
  }
  return { first, last };
};
