import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { failureOf, startWorld, type World } from '../world.ts';

let world: World;
let s3: S3Client;
beforeAll(async () => {
  world = await startWorld();
  s3 = new S3Client(world.client());
});
afterAll(async () => {
  s3.destroy();
  await world.stop();
});

const Bucket = 'lifeboat-state';
const put = (Key: string, Body: string, more: Partial<PutObjectCommandInput> = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const text = async (Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();

describe('objects', () => {
  test('are plain files below DIR/bucket, with what belongs to them beside', async () => {
    const written = await put('runs/acme/record.json', '{"a":1}', {
      ContentType: 'application/json',
      CacheControl: 'no-cache',
      Metadata: { run: 'acme' },
    });
    expect(await readFile(join(world.directory, 'bucket/runs/acme/record.json'), 'utf8')).toBe('{"a":1}');
    const read = await s3.send(new GetObjectCommand({ Bucket, Key: 'runs/acme/record.json' }));
    expect(await read.Body?.transformToString()).toBe('{"a":1}');
    expect(read).toMatchObject({
      ContentType: 'application/json',
      CacheControl: 'no-cache',
      Metadata: { run: 'acme' },
      ETag: written.ETag,
      VersionId: written.VersionId,
      ContentLength: 7,
    });
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'runs/acme/record.json' }))).toMatchObject({
      ContentLength: 7,
      ETag: written.ETag,
    });
  });

  test('that are missing are told apart from buckets that are missing', async () => {
    expect((await failureOf(text('missing'))).name).toBe('NoSuchKey');
    const head = await failureOf(s3.send(new HeadObjectCommand({ Bucket, Key: 'missing' })));
    expect([head.name, head.$metadata?.httpStatusCode]).toEqual(['NotFound', 404]);
    const bucket = await failureOf(s3.send(new GetObjectCommand({ Bucket: 'no-such', Key: 'x' })));
    expect(bucket.name).toBe('NoSuchBucket');
  });

  test('are given in ranges', async () => {
    await put('range', '0123456789');
    const range = async (Range: string) => {
      const read = await s3.send(new GetObjectCommand({ Bucket, Key: 'range', Range }));
      return [await read.Body?.transformToString(), read.ContentRange];
    };
    expect(await range('bytes=2-4')).toEqual(['234', 'bytes 2-4/10']);
    expect(await range('bytes=-3')).toEqual(['789', 'bytes 7-9/10']);
    expect(await range('bytes=8-99')).toEqual(['89', 'bytes 8-9/10']);
    expect((await failureOf(range('bytes=10-'))).name).toBe('InvalidRange');
  });

  test('that did not change answer 304', async () => {
    const { ETag } = await put('same', 'x');
    const failure = await failureOf(
      s3.send(new GetObjectCommand({ Bucket, Key: 'same', IfNoneMatch: ETag })),
    );
    expect(failure.$metadata?.httpStatusCode).toBe(304);
    const other = await failureOf(s3.send(new GetObjectCommand({ Bucket, Key: 'same', IfMatch: '"x"' })));
    expect(other.name).toBe('PreconditionFailed');
  });

  test('changed or taken away by hand are seen as they are', async () => {
    await put('by-hand', 'one', { ContentType: 'text/plain' });
    await writeFile(join(world.directory, 'bucket/by-hand'), 'by hand');
    expect(await text('by-hand')).toBe('by hand');
    await rm(join(world.directory, 'bucket/by-hand'));
    expect((await failureOf(text('by-hand'))).name).toBe('NoSuchKey');
    expect((await put('by-hand', 'again', { IfNoneMatch: '*' })).ETag).toBeDefined();
  });

  test('are copied and deleted, and empty folders go with them', async () => {
    await put('old/folder/a', 'content', { Metadata: { a: '1' } });
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/old/folder/a` }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'old/folder/a' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'old/folder/a' }));
    const copy = await s3.send(new GetObjectCommand({ Bucket, Key: 'copy' }));
    expect([await copy.Body?.transformToString(), copy.Metadata]).toEqual(['content', { a: '1' }]);
    expect(await readdir(join(world.directory, 'bucket'))).not.toContain('old');
  });
});

describe('lists', () => {
  beforeAll(async () => {
    for (let index = 0; index < 25; index += 1) await put(`list/${index % 5}/${index}`, 'x');
    await put('list/top', 'x');
  });

  test('come in pages that together are everything, in order', async () => {
    const seen: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const some = await s3.send(
        new ListObjectsV2Command({ Bucket, Prefix: 'list/', MaxKeys: 7, ContinuationToken }),
      );
      expect(some.KeyCount).toBeLessThanOrEqual(7);
      seen.push(...(some.Contents ?? []).map(({ Key = '' }) => Key));
      ContinuationToken = some.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(seen).toHaveLength(26);
    expect(seen).toEqual(seen.toSorted());
  });

  test('fold what lies deeper than the delimiter', async () => {
    const folded = await s3.send(
      new ListObjectsV2Command({ Bucket, Prefix: 'list/', Delimiter: '/', StartAfter: 'list/2' }),
    );
    expect(folded.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['list/2/', 'list/3/', 'list/4/']);
    expect(folded.Contents?.map(({ Key }) => Key)).toEqual(['list/top']);
  });

  test('refuse a token that was made up', async () => {
    const failure = await failureOf(
      s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: 'made-up' })),
    );
    expect(failure.name).toBe('InvalidArgument');
  });
});

test('buckets are made, found and named', async () => {
  await s3.send(new CreateBucketCommand({ Bucket: 'another-one' }));
  expect((await failureOf(s3.send(new CreateBucketCommand({ Bucket: 'another-one' })))).name).toBe(
    'BucketAlreadyOwnedByYou',
  );
  const { Buckets } = await s3.send(new ListBucketsCommand({}));
  expect(Buckets?.map(({ Name }) => Name)).toEqual(['another-one', Bucket]);
  await s3.send(new HeadBucketCommand({ Bucket: 'another-one' }));
  expect((await failureOf(s3.send(new HeadBucketCommand({ Bucket: 'not-there' })))).name).toBe('NotFound');
  expect((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBe('ap-southeast-1');
  expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled');
});

test('a host name in front of localhost is the bucket', async () => {
  await put('by-host', 'x');
  const { port } = new URL(world.services.endpoint);
  const options = {
    host: '127.0.0.1',
    port,
    path: '/by-host',
    headers: {
      host: `${Bucket}.localhost:${port}`,
      authorization: 'AWS4-HMAC-SHA256 Credential=x/20261123/ap-southeast-1/s3/aws4_request, Signature=0',
    },
  };
  const status = await new Promise((resolve) => {
    get(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
  });
  expect(status).toBe(200);
});

test('everything survives a restart, also files that nobody has told it of', async () => {
  await put('restart/kept', 'kept', { ContentType: 'text/x-kept', IfNoneMatch: '*' });
  await put('restart', 'beside its own folder');
  await mkdir(join(world.directory, 'bucket/restart'), { recursive: true });
  await writeFile(join(world.directory, 'bucket/restart/found'), 'found');
  const second = await startWorld({ directory: world.directory });
  const client = new S3Client(second.client());
  const fetched = (Key: string) => client.send(new GetObjectCommand({ Bucket, Key }));
  expect((await fetched('restart/kept')).ContentType).toBe('text/x-kept');
  expect(await (await fetched('restart/found')).Body?.transformToString()).toBe('found');
  expect(await (await fetched('restart')).Body?.transformToString()).toBe('beside its own folder');
  const again = new PutObjectCommand({ Bucket, Key: 'restart/kept', Body: 'x', IfNoneMatch: '*' });
  expect((await failureOf(client.send(again))).name).toBe('PreconditionFailed');
  client.destroy();
  await second.stop();
});
