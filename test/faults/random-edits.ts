import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { Random } from './random.ts';

/** One change of a folder, of those that people and programs make; what it did, in words. */
export const randomEdit = (folder: string, random: Random): string => {
  const there = everythingBelow(folder);
  const edit = random.pick(there.length === 0 ? [writeFile] : edits);
  return edit({ folder, there, random });
};

/** As when an application migrates its files. */
export const changeEveryFile = (folder: string, random: Random): void => {
  for (const { name, kind } of everythingBelow(folder))
    if (kind === 'file') appendFileSync(bytes(`${folder}/${name}`), `${random.below(1_000_000)}`);
};

type Scene = { readonly folder: string; readonly there: readonly Thing[]; readonly random: Random };
/** Names are latin1 strings, a character a byte. */
type Thing = { readonly name: string; readonly kind: 'file' | 'folder' | 'other' };

const bytes = (path: string): Buffer => Buffer.from(path, 'latin1');

const everythingBelow = (folder: string, below = ''): readonly Thing[] =>
  readdirSync(bytes(`${folder}/${below}`), { encoding: 'buffer' })
    .map((child) => `${below}${child.toString('latin1')}`)
    .sort()
    .flatMap((name) => {
      const status = lstatSync(bytes(`${folder}/${name}`));
      const kind = status.isFile() ? 'file' : status.isDirectory() ? 'folder' : 'other';
      return [{ name, kind }, ...(kind === 'folder' ? everythingBelow(folder, `${name}/`) : [])];
    });

/** Few, so that they meet again and again as something else. */
const names = [
  ...[
    'a',
    'b',
    'c',
    '-rf',
    'a b',
    '%41',
    '#x',
    'n\nl',
    'q\'"',
    '\\',
    '\xff\xfe',
    '*',
    '.hidden',
    '~2',
    'a~2',
  ],
  ...['gr\xc3\xbc\xc3\x9fe.pdf', '7_12_2026.pdf', 'manifests', 'x'.repeat(200)],
];

/** A new or an old name in a folder that is there. */
const somePath = ({ there, random }: Scene): string => {
  const folders = there.filter(({ kind }) => kind === 'folder').map(({ name }) => `${name}/`);
  return `${random.pick(['', '', ...folders])}${random.pick(names)}`;
};

const inFolder = ({ folder }: Scene, name: string): Buffer => bytes(`${folder}/${name}`);
const someFile = ({ there, random }: Scene): string | undefined =>
  random.pickIfAny(there.filter(({ kind }) => kind === 'file'))?.name;
const clear = (scene: Scene, name: string): void =>
  rmSync(inFolder(scene, name), { recursive: true, force: true });

const content = (random: Random): Buffer =>
  Buffer.alloc(random.pick([0, 1, 9, 300, 5_000, 70_000]), `${random.below(1_000_000)} `);

const writeFile = (scene: Scene): string => {
  const name = somePath(scene);
  const kind = lstatSync(inFolder(scene, name), { throwIfNoEntry: false });
  if (kind?.isFile() !== true) clear(scene, name);
  writeFileSync(inFolder(scene, name), content(scene.random));
  // A Date has no more than milliseconds, so that rewriteUnseen can put the same time back.
  lutimesSync(inFolder(scene, name), new Date(), new Date());
  return `write ${JSON.stringify(name)}`;
};

const onFile =
  (what: string, change: (path: Buffer, random: Random) => void) =>
  (scene: Scene): string => {
    const name = someFile(scene);
    if (name === undefined) return writeFile(scene);
    change(inFolder(scene, name), scene.random);
    return `${what} ${JSON.stringify(name)}`;
  };

const append = onFile('append to', (path, random) => appendFileSync(path, `${random.below(1_000_000)}`));

/** Nothing that `ls -l` shows tells it. */
const rewriteUnseen = onFile('rewrite in the same size and time', (path, random) => {
  const { size, mtime, atime } = lstatSync(path);
  writeFileSync(path, Buffer.alloc(size, `${random.below(1_000_000)} `));
  lutimesSync(path, atime, mtime);
});

const makeSparse = onFile('make sparse', (path, random) => {
  const file = openSync(path, 'r+');
  ftruncateSync(file, 100_000 + random.below(1_000_000));
  closeSync(file);
});

const remove = (scene: Scene): string => {
  const { name } = scene.random.pick(scene.there);
  clear(scene, name);
  return `remove ${JSON.stringify(name)}`;
};

const move = (scene: Scene): string => {
  const { name } = scene.random.pick(scene.there);
  const to = somePath(scene);
  const inside = to === name || to.startsWith(`${name}/`) || name.startsWith(`${to}/`);
  if (inside) return remove(scene);
  clear(scene, to);
  renameSync(inFolder(scene, name), inFolder(scene, to));
  return `move ${JSON.stringify(name)} to ${JSON.stringify(to)}`;
};

const makeFolder = (scene: Scene): string => {
  const name = somePath(scene);
  clear(scene, name);
  mkdirSync(inFolder(scene, name));
  return `make the folder ${JSON.stringify(name)}`;
};

const makeLink = (scene: Scene): string => {
  const name = somePath(scene);
  clear(scene, name);
  symlinkSync(bytes(scene.random.pick(['a', '../..', '/nowhere', 'n\nl %', '\xff'])), inFolder(scene, name));
  return `link ${JSON.stringify(name)}`;
};

const makeHardLink = (scene: Scene): string => {
  const from = someFile(scene);
  const name = somePath(scene);
  if (from === undefined || from === name || from.startsWith(`${name}/`)) return writeFile(scene);
  clear(scene, name);
  linkSync(inFolder(scene, from), inFolder(scene, name));
  return `hard link ${JSON.stringify(name)} to ${JSON.stringify(from)}`;
};

const changeMode = (scene: Scene): string => {
  const { name, kind } = scene.random.pick(scene.there);
  if (kind === 'other') return makeLink(scene);
  const modes = kind === 'file' ? [0o600, 0o644, 0o4755, 0o400, 0o666] : [0o700, 0o755, 0o2775, 0o1777];
  const mode = scene.random.pick(modes);
  chmodSync(inFolder(scene, name), mode);
  return `mode ${mode.toString(8)} of ${JSON.stringify(name)}`;
};

const changeOwner = onFile('give away', (path, random) => {
  if (process.getuid?.() === 0) chownSync(path, random.below(3) * 1_000, random.below(3) * 1_000);
});

const changeTime = (scene: Scene): string => {
  const { name } = scene.random.pick(scene.there);
  const time = scene.random.pick([0, 1.5, -86_400.25, 1_000_000_000.123, 4_102_444_800]);
  lutimesSync(inFolder(scene, name), time, time);
  return `time ${time} of ${JSON.stringify(name)}`;
};

const edits = [
  ...[writeFile, writeFile, writeFile, append, rewriteUnseen, makeSparse, remove, remove, move, move],
  ...[makeFolder, makeFolder, makeLink, makeHardLink, changeMode, changeOwner, changeTime],
] as const;
