import {
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { clientConfig } from '../fleet/aws-client.ts';
import type { DocumentStore, Stored } from '../pipeline/doors.ts';

export type Bucket = {
  readonly client: S3Client;
  readonly name: string;
  readonly signal: AbortSignal;
};

/** Path style: `AWS_ENDPOINT_URL` may be an address without names below it, as local AWS's is. */
export const openBucket = (region: string, name: string, signal: AbortSignal): Bucket => ({
  client: new S3Client({
    ...clientConfig(region),
    forcePathStyle: process.env.AWS_ENDPOINT_URL !== undefined,
  }),
  name,
  signal,
});

/**
 * JSON documents in the bucket that several workers change: every write is conditional on the version that was read
 * (S3's If-None-Match and If-Match), so nothing is ever overwritten unseen.
 */
export const documentStore = <T>(bucket: Bucket, keyOf: (name: string) => string): DocumentStore<T> => {
  const read = async (name: string): Promise<Stored<T> | undefined> => {
    try {
      const input = { Bucket: bucket.name, Key: keyOf(name) };
      const { Body, ETag } = await bucket.client.send(new GetObjectCommand(input), {
        abortSignal: bucket.signal,
      });
      const text = (await Body?.transformToString()) ?? '';
      return { value: JSON.parse(text) as T, version: ETag ?? '' };
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      if (error instanceof SyntaxError)
        throw new Error(
          `s3://${bucket.name}/${keyOf(name)} is not JSON any more: restore an older version of it.`,
        );
      throw error;
    }
  };

  const write = async (
    name: string,
    value: T,
    condition: { readonly IfMatch: string } | { readonly IfNoneMatch: '*' },
  ): Promise<Stored<T> | undefined> => {
    const input = {
      Bucket: bucket.name,
      Key: keyOf(name),
      Body: JSON.stringify(value, undefined, 1),
      ContentType: 'application/json',
      ...condition,
    };
    try {
      const { ETag } = await bucket.client.send(new PutObjectCommand(input), { abortSignal: bucket.signal });
      return { value, version: ETag ?? '' };
    } catch (error) {
      if (somebodyElseWasFirst(error)) return undefined;
      throw error;
    }
  };

  return {
    read,
    create: (name, value) => write(name, value, { IfNoneMatch: '*' }),
    replace: (name, before, value) => write(name, value, { IfMatch: before.version }),
  };
};

/** 412: the condition does not hold. 409: another conditional write is under way. 404: it was deleted meanwhile. */
const somebodyElseWasFirst = (error: unknown): boolean =>
  error instanceof S3ServiceException && [404, 409, 412].includes(error.$metadata.httpStatusCode ?? 0);
