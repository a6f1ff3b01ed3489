import type { Answer } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { element, escapeXml } from '../../protocol/xml.ts';
import { emptyAnswer, requireBucket, type S3Request, xmlAnswer } from './s3-request.ts';

export const listBuckets = async ({ store }: S3Request): Promise<Answer> => {
  const buckets = store.buckets().map(({ name, createdAt }) => ({ Name: name, CreationDate: createdAt }));
  const owner = element('Owner', { ID: 'local', DisplayName: 'local' }, undefined);
  return xmlAnswer('ListAllMyBucketsResult', owner + element('Buckets', { Bucket: buckets }, undefined));
};

export const createBucket = async ({ store, bucket, region }: S3Request): Promise<Answer> => {
  if (!isBucketName(bucket)) {
    throw new AwsFailure('InvalidBucketName', 'The specified bucket is not valid.', 400, {
      BucketName: bucket,
    });
  }
  if (store.bucket(bucket) !== undefined && region !== 'us-east-1') {
    throw new AwsFailure(
      'BucketAlreadyOwnedByYou',
      'Your previous request to create the named bucket succeeded and you already own it.',
      409,
      { BucketName: bucket },
    );
  }
  await store.create(bucket);
  return emptyAnswer(200, { location: `/${bucket}` });
};

/** Errors of a HEAD request have no body: SDKs see NotFound. */
export const headBucket = async (request: S3Request): Promise<Answer> => {
  if (request.store.bucket(request.bucket) === undefined) {
    throw new AwsFailure('NotFound', 'The specified bucket does not exist', 404);
  }
  return emptyAnswer(200, { 'x-amz-bucket-region': request.region });
};

/** Empty stands for us-east-1, for historical reasons. */
export const getBucketLocation = async (request: S3Request): Promise<Answer> => {
  requireBucket(request);
  return xmlAnswer('LocationConstraint', request.region === 'us-east-1' ? '' : escapeXml(request.region));
};

/** Every object has a version id; only the newest version can be read back. */
export const getBucketVersioning = async (request: S3Request): Promise<Answer> => {
  requireBucket(request);
  return xmlAnswer('VersioningConfiguration', element('Status', 'Enabled', undefined));
};

const isBucketName = (name: string): boolean =>
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
  !name.includes('..') &&
  !/^\d+\.\d+\.\d+\.\d+$/.test(name);
