import { createHash } from 'node:crypto';
import type { IncomingRequest } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { type ChecksumAlgorithm, checksum, checksumAlgorithms } from './checksums.ts';

export type Payload = {
  readonly data: Buffer;
  /** The checksums that the sender gave, all of them found right. Base64. */
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>;
};

/**
 * The bytes that a request carries: `aws-chunked` taken apart, and every digest that the sender gave (Content-MD5,
 * x-amz-content-sha256, x-amz-checksum-*, in a header or a trailer) compared with what arrived.
 */
export const readPayload = (request: IncomingRequest): Payload => {
  const { data, trailers } = decode(request);
  const { headers } = request;
  const md5 = headers['content-md5'];
  if (md5 !== undefined && createHash('md5').update(data).digest('base64') !== md5) {
    throw new AwsFailure('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
  const sha256 = headers['x-amz-content-sha256'] ?? '';
  if (/^[0-9a-f]{64}$/.test(sha256) && createHash('sha256').update(data).digest('hex') !== sha256) {
    throw new AwsFailure(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  const given = checksumAlgorithms.flatMap((algorithm) => {
    const name = `x-amz-checksum-${algorithm}`;
    const value = headers[name] ?? trailers.get(name);
    return value === undefined ? [] : [[algorithm, value] as const];
  });
  for (const [algorithm, value] of given) {
    if (checksum(algorithm, data) !== value) {
      throw new AwsFailure(
        'BadDigest',
        `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
      );
    }
  }
  return { data, checksums: Object.fromEntries(given) };
};

type Decoded = { readonly data: Buffer; readonly trailers: ReadonlyMap<string, string> };

const decode = (request: IncomingRequest): Decoded => {
  const streaming = (request.headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-');
  if (!streaming) return { data: request.body, trailers: new Map() };
  const decoded = decodeChunks(request.body);
  const promised = Number(request.headers['x-amz-decoded-content-length'] ?? decoded.data.length);
  if (decoded.data.length !== promised) throw incomplete();
  const trailer = request.headers['x-amz-trailer'];
  if (trailer !== undefined && !decoded.trailers.has(trailer.toLowerCase())) {
    throw new AwsFailure(
      'MalformedTrailerError',
      'The request contained trailing data that was not well-formed.',
    );
  }
  return decoded;
};

/** `<hex size>[;chunk-signature=…]\r\n<bytes>\r\n` … `0\r\n<name>:<value>\r\n` … `\r\n` */
const decodeChunks = (body: Buffer): Decoded => {
  const chunks: Buffer[] = [];
  let position = 0;
  for (;;) {
    const lineEnd = body.indexOf('\r\n', position);
    if (lineEnd < 0) throw incomplete();
    const sizeText = body.toString('latin1', position, lineEnd).split(';')[0] ?? '';
    if (!/^[0-9a-fA-F]{1,8}$/.test(sizeText)) throw incomplete();
    const size = Number.parseInt(sizeText, 16);
    position = lineEnd + 2;
    if (size === 0) return { data: Buffer.concat(chunks), trailers: readTrailers(body, position) };
    if (position + size + 2 > body.length) throw incomplete();
    chunks.push(body.subarray(position, position + size));
    position += size + 2;
  }
};

const readTrailers = (body: Buffer, position: number): ReadonlyMap<string, string> =>
  new Map(
    body
      .toString('latin1', position)
      .split(/\r?\n/)
      .filter((line) => line.includes(':'))
      .map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
      }),
  );

const incomplete = () =>
  new AwsFailure(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
  );
