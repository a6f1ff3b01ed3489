import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The checksums that S3 knows, by the name in `x-amz-checksum-<name>`. Each answers base64 of the big-endian digest. */
export const checksumAlgorithms = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const;
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number];

export const checksum = (algorithm: ChecksumAlgorithm, data: Buffer): string => {
  switch (algorithm) {
    case 'crc32':
      return base64OfUint32(crc32(data));
    case 'crc32c':
      return base64OfUint32(crc32c(data));
    case 'crc64nvme':
      return base64OfUint64(crc64nvme(data));
    case 'sha1':
    case 'sha256':
      return createHash(algorithm).update(data).digest('base64');
  }
};

const base64OfUint32 = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes.toString('base64');
};

const base64OfUint64 = (value: bigint): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes.toString('base64');
};

/** CRC-32C (Castagnoli), reflected polynomial 0x82F63B78. */
const crc32c = (data: Buffer): number => {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ (crc32cTable[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
};

const crc32cTable = Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

/** CRC-64/NVME, reflected polynomial 0x9A6C9329AC4BC9B5. */
const crc64nvme = (data: Buffer): bigint => {
  const all = 0xffffffffffffffffn;
  let crc = all;
  for (const byte of data) crc = (crc >> 8n) ^ (crc64Table[Number((crc ^ BigInt(byte)) & 0xffn)] ?? 0n);
  return crc ^ all;
};

const crc64Table = Array.from({ length: 256 }, (_, index) => {
  let value = BigInt(index);
  for (let bit = 0; bit < 8; bit += 1) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n;
  return value;
});
