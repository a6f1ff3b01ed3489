import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/**
 * A second reader of the share, written from docs/share-format.md alone. Names are latin1 strings, a character a byte, so
 * that any name is itself.
 */
export type Entry = {
  readonly kind: string;
  readonly mode: string;
  readonly modified: string;
  /** SHA-256 of a file's content, target of a symbolic link. */
  readonly content: string;
};
export type Tree = ReadonlyMap<string, Entry>;

/** What a folder holds now. */
export const treeOf = (folder: string): Tree => {
  const tree = new Map<string, Entry>();
  const walk = (name: string): void => {
    for (const child of readdirSync(bytes(`${folder}/${name}`), { encoding: 'buffer' })) {
      const path = name === '' ? child.toString('latin1') : `${name}/${child.toString('latin1')}`;
      const status = lstatSync(bytes(`${folder}/${path}`), { bigint: true });
      const kind = status.isFile()
        ? 'f'
        : status.isDirectory()
          ? 'd'
          : status.isSymbolicLink()
            ? 'l'
            : 'special';
      tree.set(path, {
        kind,
        mode: (status.mode & 0o7777n).toString(8),
        modified: `${status.mtimeNs / 1_000_000_000n}.${String(status.mtimeNs % 1_000_000_000n).padStart(9, '0')}`,
        content: contentOf(kind, `${folder}/${path}`),
      });
      if (kind === 'd') walk(path);
    }
  };
  walk('');
  return tree;
};

const contentOf = (kind: string, path: string): string => {
  if (kind === 'f')
    return createHash('sha256')
      .update(readFileSync(bytes(path)))
      .digest('hex');
  return kind === 'l' ? readlinkSync(bytes(path), { encoding: 'buffer' }).toString('latin1') : '';
};

const bytes = (latin1: string): Buffer => Buffer.from(latin1, 'latin1');

/** Names of the recovery points of an instance's folder, oldest first. */
export const pointsOf = (base: string): readonly string[] =>
  names(`${base}/manifests`).filter((name) => !name.startsWith('.'));

const names = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
};

export type ManifestLine = {
  readonly name: string;
  readonly kind: string;
  readonly mode: string;
  readonly size: number;
  readonly modified: string;
  readonly link: string;
  readonly sha256: string;
  readonly note: string;
};

/** The entries of a recovery point: its list, changed by its manifest. Throws where either is not whole. */
export const manifestOf = (base: string, point: string): readonly ManifestLine[] => {
  const { head, lines } = wholeManifest(base, point);
  const { list, listSha256 } = head;
  const packed = readFileSync(`${base}/lists/${list}`);
  if (createHash('sha256').update(packed).digest('hex') !== listSha256) throw new Error('damaged list');
  const listed = gunzipSync(packed).toString('ascii').split('\n').slice(0, -1);
  const byName = new Map([...listed, ...lines].map((line) => [line.split(' ', 1)[0] ?? '', line]));
  const entries = [...byName.values()].filter((line) => !/^[^ ]* -$/.test(line)).sort();
  if (entries.length !== head.entries) throw new Error(`${entries.length} entries, not ${head.entries}`);
  return entries.map(manifestLine);
};

const wholeManifest = (base: string, point: string) => {
  const bytes = readFileSync(`${base}/manifests/${point}`);
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const lines = (packed ? gunzipSync(bytes) : bytes).toString('ascii').split('\n');
  const head = /^#lifeboat (\{"format":1,.*\})$/.exec(lines[0] ?? '')?.[1];
  const end = /^#end (\{.*\})$/.exec(lines.at(-2) ?? '')?.[1];
  if (lines.pop() !== '' || head === undefined || end === undefined) throw new Error('no manifest');
  const { changes, entries, files } = JSON.parse(end);
  const body = lines.slice(1, -1);
  if (changes !== body.length) throw new Error('truncated manifest');
  if (body.join('\n') !== [...body].sort().join('\n')) throw new Error('not sorted');
  return { head: { ...JSON.parse(head), entries, files }, lines: body };
};

const manifestLine = (line: string): ManifestLine => {
  const fields = line.split(' ');
  const [name, kind, mode, , , size, modified, link, sha256, note] = fields;
  if (
    fields.length !== 10 ||
    name === undefined ||
    kind === undefined ||
    mode === undefined ||
    size === undefined ||
    modified === undefined ||
    link === undefined ||
    sha256 === undefined ||
    note === undefined
  )
    throw new Error(`not ten fields: ${line}`);
  return {
    name: unescaped(name),
    kind,
    mode,
    size: Number(size),
    modified,
    link: unescaped(link),
    sha256,
    note,
  };
};

const unescaped = (text: string): string =>
  text.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** A recovery point, every file's content found by the lookup rule and read. Throws where one is missing. */
export const recoveryPoint = (base: string, point: string): Tree =>
  new Map(
    manifestOf(base, point)
      .filter(({ note }) => note !== 'missing')
      .map((line) => [
        line.name,
        {
          kind: line.kind,
          mode: line.mode,
          modified: line.modified,
          content: line.kind === 'f' ? sha256At(base, point, line) : line.kind === 'l' ? line.link : '',
        },
      ]),
  );

const sha256At = (base: string, point: string, line: ManifestLine): string => {
  const folders = [...newerHistory(base, point).map((name) => `${base}/history/${name}`), `${base}/current`];
  const folder = folders.find((each) => isFile(`${each}/${line.name}`));
  if (folder === undefined) throw new Error(`${line.name} of ${point} is nowhere`);
  const sha256 = contentOf('f', `${folder}/${line.name}`);
  if (sha256 !== line.sha256) throw new Error(`${line.name} of ${point} is damaged in ${folder}`);
  return sha256;
};

/** History folders begun after a recovery point, oldest first: by run, then by the number behind `~`. */
const newerHistory = (base: string, point: string): readonly string[] =>
  names(`${base}/history`)
    .map((name) => ({ name, run: name.replace(/~.*/, ''), attempt: Number(/~(\d+)$/.exec(name)?.[1] ?? 1) }))
    .filter(({ run }) => run > point)
    .sort((a, b) => (a.run < b.run ? -1 : a.run > b.run ? 1 : a.attempt - b.attempt))
    .map(({ name }) => name);

const isFile = (path: string): boolean => {
  try {
    return lstatSync(bytes(path)).isFile();
  } catch {
    return false;
  }
};

/** Names in which two trees differ, with both sides: empty when they are the same. */
export const differences = (a: Tree, b: Tree): readonly string[] =>
  [...new Set([...a.keys(), ...b.keys()])]
    .filter((name) => JSON.stringify(a.get(name)) !== JSON.stringify(b.get(name)))
    .map(
      (name) => `${JSON.stringify(name)}: ${JSON.stringify(a.get(name))} / ${JSON.stringify(b.get(name))}`,
    );

/** Files in history that no recovery point finds by the lookup rule: what a prune should have left nothing of. */
export const unneeded = (base: string): readonly string[] => {
  const needed = new Set<string>();
  for (const point of pointsOf(base)) {
    const folders = newerHistory(base, point);
    for (const { name, kind, note } of manifestOf(base, point)) {
      const folder = folders.find((each) => isFile(`${base}/history/${each}/${name}`));
      if (kind === 'f' && note !== 'missing' && folder !== undefined) needed.add(`${folder}/${name}`);
    }
  }
  return [...treeOf(`${base}/history`)]
    .filter(([path, { kind }]) => kind !== 'd' && !needed.has(path))
    .map(([path]) => path);
};
