import type { Answer } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { page } from '../../protocol/pages.ts';
import { element } from '../../protocol/xml.ts';
import type { ObjectRecord } from './object-record.ts';
import { compareKeys } from './object-store.ts';
import { parameter, requireBucket, type S3Request, xmlAnswer } from './s3-request.ts';

/** ListObjectsV2: prefix, delimiter, start-after, at most 1,000 keys a page, continuation token, url-encoded names. */
export const listObjects = async (request: S3Request): Promise<Answer> => {
  const bucket = requireBucket(request);
  const question = questionOf(request);
  const entries = entriesOf(bucket.list(), question);
  const token = parameter(request, 'continuation-token');
  const size = maxKeysOf(request);
  const { items, nextToken } =
    size === 0
      ? { items: [], nextToken: undefined }
      : page(entries, (entry) => entry.name, { size, token, question: [bucket.name, question] }, refuseToken);
  const encode = encoderOf(request);
  const content = [
    element('Name', bucket.name, undefined),
    `<Prefix>${element('x', encode(question.prefix), undefined).slice(3, -4)}</Prefix>`,
    element('Delimiter', question.delimiter === '' ? undefined : encode(question.delimiter), undefined),
    element('StartAfter', question.startAfter === '' ? undefined : encode(question.startAfter), undefined),
    element('EncodingType', parameter(request, 'encoding-type'), undefined),
    element('ContinuationToken', token, undefined),
    element('NextContinuationToken', nextToken, undefined),
    element('KeyCount', items.length, undefined),
    element('MaxKeys', size, undefined),
    element('IsTruncated', nextToken !== undefined, undefined),
    ...items.map((entry) => entryXml(entry, encode)),
  ];
  return xmlAnswer('ListBucketResult', content.join(''));
};

type Question = { readonly prefix: string; readonly delimiter: string; readonly startAfter: string };

const questionOf = (request: S3Request): Question => ({
  prefix: parameter(request, 'prefix') ?? '',
  delimiter: parameter(request, 'delimiter') ?? '',
  startAfter: parameter(request, 'start-after') ?? '',
});

type Entry = { readonly name: string; readonly record?: ObjectRecord };

/** Objects and common prefixes in the order of their names; a common prefix counts as one entry. */
const entriesOf = (records: readonly ObjectRecord[], question: Question): readonly Entry[] => {
  const { prefix, delimiter, startAfter } = question;
  const entries: Entry[] = [];
  for (const record of records) {
    if (!record.key.startsWith(prefix)) continue;
    if (startAfter !== '' && compareKeys(record.key, startAfter) <= 0) continue;
    const cut = delimiter === '' ? -1 : record.key.indexOf(delimiter, prefix.length);
    if (cut < 0) entries.push({ name: record.key, record });
    else {
      const name = record.key.slice(0, cut + delimiter.length);
      if (entries.at(-1)?.name !== name) entries.push({ name });
    }
  }
  return entries;
};

const entryXml = ({ name, record }: Entry, encode: (text: string) => string): string =>
  record === undefined
    ? element('CommonPrefixes', { Prefix: encode(name) }, undefined)
    : element(
        'Contents',
        {
          Key: encode(name),
          LastModified: record.lastModified,
          ETag: `"${record.etag}"`,
          Size: record.size,
          StorageClass: 'STANDARD',
        },
        undefined,
      );

const maxKeysOf = (request: S3Request): number => {
  const text = parameter(request, 'max-keys') ?? '1000';
  if (/^\d{1,9}$/.test(text)) return Math.min(Number(text), 1000);
  throw new AwsFailure('InvalidArgument', 'Provided max-keys not an integer or within integer range', 400, {
    ArgumentName: 'max-keys',
    ArgumentValue: text,
  });
};

const encoderOf = (request: S3Request): ((text: string) => string) => {
  const encoding = parameter(request, 'encoding-type');
  if (encoding === undefined) return (text) => text;
  if (encoding !== 'url') {
    throw new AwsFailure('InvalidArgument', 'Invalid Encoding Method specified in Request', 400, {
      ArgumentName: 'encoding-type',
      ArgumentValue: encoding,
    });
  }
  // As S3: slashes stay, spaces become plus signs.
  return (text) => encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%20', '+');
};

const refuseToken = (): never => {
  throw new AwsFailure('InvalidArgument', 'The continuation token provided is incorrect', 400, {
    ArgumentName: 'continuation-token',
  });
};
