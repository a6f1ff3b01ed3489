import { type AskedWorld, type AskingCall, nobodyKnows } from './asking.ts';
import type { Ask } from './decide.ts';
import { textAt } from './members.ts';

/** S3's operations have other names than its actions ("Policy actions for Amazon S3"). */
export const s3Asks = (call: AskingCall, { partition }: Pick<AskedWorld, 'partition'>): readonly Ask[] => {
  const { operation, input } = call;
  const bucket = `arn:${partition}:s3:::${textAt(input, 'Bucket')}`;
  const object = `${bucket}/${textAt(input, 'Key')}`;
  switch (operation) {
    case 'ListBuckets':
      return [asking('s3:ListAllMyBuckets', '*')];
    case 'CreateBucket':
      return [asking('s3:CreateBucket', bucket)];
    case 'HeadBucket':
      return [asking('s3:ListBucket', bucket)];
    case 'ListObjectsV2':
      return [asking('s3:ListBucket', bucket, { 's3:prefix': textAt(input, 'prefix') })];
    case 'GetBucketLocation':
    case 'GetBucketVersioning':
      return [asking(`s3:${operation}`, bucket)];
    case 'GetObject':
    case 'HeadObject':
      return [asking('s3:GetObject', object)];
    case 'PutObject':
      return [asking('s3:PutObject', object)];
    case 'CopyObject':
      return [
        asking('s3:GetObject', `arn:${partition}:s3:::${textAt(input, 'CopySource').replace(/^\//, '')}`),
        asking('s3:PutObject', object),
      ];
    case 'DeleteObject':
      return [asking('s3:DeleteObject', object)];
    default:
      throw nobodyKnows(call);
  }
};

/** Requests on 127.0.0.1 stand for requests over TLS. */
const asking = (action: string, resource: string, context: Readonly<Record<string, string>> = {}): Ask => ({
  action,
  resource,
  context: { ...context, 'aws:SecureTransport': 'true' },
});
