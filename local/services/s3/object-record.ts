import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';

/** What is known of an object beside its bytes; kept in a file of its own outside of the bucket's folder. */
const schema = z.object({
  key: z.string(),
  /** Below the bucket's folder. */
  path: z.string(),
  size: z.number(),
  /** Of the data file when this was written: shows whether somebody changed it by hand since. */
  modifiedMilliseconds: z.number(),
  /** Hexadecimal, without quotes. */
  etag: z.string(),
  versionId: z.string(),
  /** ISO 8601, on local AWS's clock. */
  lastModified: z.string(),
  /** Content-Type, Cache-Control …, in lower case. */
  headers: z.record(z.string(), z.string()),
  /** x-amz-meta-*, without the prefix. */
  metadata: z.record(z.string(), z.string()),
  /** Base64 by algorithm. */
  checksums: z.record(z.string(), z.string()),
});

export type ObjectRecord = Readonly<z.infer<typeof schema>>;

/** What the writer of an object says about it. */
export type ObjectAttributes = Pick<ObjectRecord, 'headers' | 'metadata' | 'checksums'>;

export const noAttributes: ObjectAttributes = { headers: {}, metadata: {}, checksums: {} };

/** Reads a record back; undefined where the file is damaged, and the object is then taken as it lies there. */
export const parseObjectRecord = (text: string): ObjectRecord | undefined => {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

export const etagOf = (data: Buffer): string => createHash('md5').update(data).digest('hex');

/** 32 characters, as S3's. */
export const newVersionId = (): string => randomUUID().replaceAll('-', '');
