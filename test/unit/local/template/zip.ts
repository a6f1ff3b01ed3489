import { crc32 } from 'node:zlib';

/** A zip of these files, uncompressed (PKWARE APPNOTE 4.3: local headers, central directory, its end). */
export const zipOf = (files: Readonly<Record<string, string>>): Buffer => {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const file = Buffer.concat([localHeader(name, content), content]);
    directory.push(directoryEntry(name, content, offset));
    parts.push(file);
    offset += file.length;
  }
  return Buffer.concat([...parts, ...directory, endOf(directory, offset)]);
};

/** Little-endian numbers, each with its width in bytes. */
const numbers = (...fields: readonly (readonly [width: 2 | 4, value: number])[]): Buffer =>
  Buffer.concat(
    fields.map(([width, value]) => {
      const field = Buffer.alloc(width);
      field.writeUIntLE(value, 0, width);
      return field;
    }),
  );

/** Version, flags, method, time and date, checksum and sizes, length of the name and of what may follow it. */
const describe = (name: string, content: Buffer): Buffer =>
  numbers(
    [2, 20],
    [2, 0],
    [2, 0],
    [4, 0],
    [4, crc32(content)],
    [4, content.length],
    [4, content.length],
    [2, Buffer.byteLength(name)],
    [2, 0],
  );

const localHeader = (name: string, content: Buffer): Buffer =>
  Buffer.concat([numbers([4, 0x04034b50]), describe(name, content), Buffer.from(name)]);

const directoryEntry = (name: string, content: Buffer, offset: number): Buffer =>
  Buffer.concat([
    numbers([4, 0x02014b50], [2, 20]),
    describe(name, content),
    numbers([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]),
    Buffer.from(name),
  ]);

const endOf = (directory: readonly Buffer[], offset: number): Buffer => {
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const { length } = directory;
  return numbers([4, 0x06054b50], [2, 0], [2, 0], [2, length], [2, length], [4, size], [4, offset], [2, 0]);
};
