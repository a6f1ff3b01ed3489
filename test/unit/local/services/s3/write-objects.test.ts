import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
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

describe('conditional writes', () => {
  test('of twenty writers at once that ask for an absent key, one wins', async () => {
    const writers = Array.from({ length: 20 }, (_, index) =>
      put('race/first', `writer ${index}`, { IfNoneMatch: '*' }).then(
        () => index,
        (error: unknown) => (error instanceof Error ? error.name : 'not an error'),
      ),
    );
    const outcomes = await Promise.all(writers);
    const winners = outcomes.filter((outcome) => typeof outcome === 'number');
    expect(winners).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'PreconditionFailed')).toHaveLength(19);
    expect(await text('race/first')).toBe(`writer ${winners[0]}`);
  });

  test('of twenty writers at once that replace the same version, one wins', async () => {
    const { ETag } = await put('race/replace', 'before');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => put('race/replace', `writer ${index}`, { IfMatch: ETag })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('say what stood in the way', async () => {
    const missing = await failureOf(
      put('never-written', 'x', { IfMatch: '"00000000000000000000000000000000"' }),
    );
    expect([missing.name, missing.$metadata?.httpStatusCode]).toEqual(['NoSuchKey', 404]);
    await put('there', 'x');
    const stale = await failureOf(put('there', 'y', { IfMatch: '"00000000000000000000000000000000"' }));
    expect([stale.name, stale.$metadata?.httpStatusCode]).toEqual(['PreconditionFailed', 412]);
    expect(await text('there')).toBe('x');
    expect((await failureOf(put('there', 'y', { IfNoneMatch: '"abc"' }))).name).toBe('NotImplemented');
  });

  test('a deleted key is absent again', async () => {
    await put('gone', 'x');
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
    await put('gone', 'y', { IfNoneMatch: '*' });
    expect(await text('gone')).toBe('y');
  });
});

describe('hostile keys', () => {
  const keys = [
    '../../escape',
    '/etc/passwd',
    'a//b',
    'a/./b',
    'trailing/',
    '%2e%2e/x',
    'new\nline',
    '-rf',
    '$(touch x)',
    'quote\'"<&>',
    'ü/日本/😀',
    'a'.repeat(300),
    'spill',
    'spill/below',
    'deep/1/2',
    'deep/1',
    'deep',
  ];

  test('are kept apart, stay inside of the bucket and come back', async () => {
    for (const key of keys) await put(`hostile/${key}`, key);
    for (const key of keys) expect(await text(`hostile/${key}`)).toBe(key);
    const listed = await s3.send(
      new ListObjectsV2Command({ Bucket, Prefix: 'hostile/', EncodingType: 'url' }),
    );
    const names = listed.Contents?.map(({ Key = '' }) => decodeURIComponent(Key.replaceAll('+', ' ')));
    expect(names?.toSorted()).toEqual(keys.map((key) => `hostile/${key}`).toSorted());
    expect(await readdir(world.directory)).toEqual(['bucket', 'bucket-records', 'buckets']);
    expect(await readdir(join(world.directory, '..'))).not.toContain('escape');
  });

  test('are deleted together', async () => {
    const Objects = keys.map((key) => ({ Key: `hostile/${key}` }));
    const { Deleted } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(Deleted?.map(({ Key }) => Key)).toEqual(Objects.map(({ Key }) => Key));
    const left = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'hostile/' }));
    expect(left.KeyCount).toBe(0);
  });

  test('longer than 1,024 bytes are refused', async () => {
    expect((await failureOf(put('k'.repeat(1025), 'x'))).name).toBe('KeyTooLongError');
  });
});

describe('bodies', () => {
  test('sent in chunks with a trailing checksum are taken apart', async () => {
    const Body = Readable.from([Buffer.from('first '), Buffer.from('second')]);
    await s3.send(
      new PutObjectCommand({ Bucket, Key: 'chunked', Body, ContentLength: 12, ContentEncoding: 'identity' }),
    );
    const read = await s3.send(new GetObjectCommand({ Bucket, Key: 'chunked', ChecksumMode: 'ENABLED' }));
    expect(await read.Body?.transformToString()).toBe('first second');
    expect([read.ContentEncoding, read.ChecksumCRC32]).toEqual(['identity', expect.any(String)]);
  });

  test.each(['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const)(
    'are checked with %s',
    async (ChecksumAlgorithm) => {
      await put(`checked-${ChecksumAlgorithm}`, 'content', { ChecksumAlgorithm });
      expect(await text(`checked-${ChecksumAlgorithm}`)).toBe('content');
      const name = `Checksum${ChecksumAlgorithm}`;
      const wrong = Buffer.alloc({ CRC32: 4, CRC32C: 4, SHA1: 20, SHA256: 32 }[ChecksumAlgorithm]).toString(
        'base64',
      );
      expect((await failureOf(put('damaged', 'content', { [name]: wrong }))).name).toBe('BadDigest');
      expect((await failureOf(text('damaged'))).name).toBe('NoSuchKey');
    },
  );

  test('that end too early leave nothing behind', async () => {
    const answer = await fetch(`${world.services.endpoint}/${Bucket}/early`, {
      method: 'PUT',
      headers: {
        authorization: 'AWS4-HMAC-SHA256 Credential=x/20261123/ap-southeast-1/s3/aws4_request, Signature=0',
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'x-amz-decoded-content-length': '10',
      },
      body: 'a\r\n01234',
    });
    expect([answer.status, (await answer.text()).includes('IncompleteBody')]).toEqual([400, true]);
    expect((await failureOf(text('early'))).name).toBe('NoSuchKey');
  });
});
