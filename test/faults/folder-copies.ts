import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { treeOf } from './share-reader.ts';

/** What share-reader's trees do not know: owners, and which names are one file. */
export const ownersOf = (folder: string): ReadonlyMap<string, string> => {
  const firstNames = new Map<string, string>();
  return new Map(
    [...treeOf(folder).keys()].sort().map((name) => {
      const { uid, gid, nlink, ino } = lstatSync(Buffer.from(`${folder}/${name}`, 'latin1'));
      const first = firstNames.get(`${ino}`) ?? name;
      firstNames.set(`${ino}`, first);
      return [name, `${uid}:${gid}${nlink > 1 && first !== name ? ` is ${JSON.stringify(first)}` : ''}`];
    }),
  );
};

/** Makes a folder the same as another one, times and owners included. */
export const copyWhole = (from: string, to: string): void => {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(to, { encoding: 'buffer' }))
    rmSync(Buffer.concat([Buffer.from(`${to}/`), name]), { recursive: true });
  execFileSync('cp', ['-a', `${from}/.`, to]);
};
