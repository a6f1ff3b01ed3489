import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of an installed program: in the caller's PATH, or in the system's folders, which a user's PATH may lack. */
export const findProgram = (name: string): string | undefined =>
  [...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...systemFolders]
    .map((folder) => join(folder, name))
    .find(isExecutable);

const systemFolders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'] as const;

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there or not ours to run, which is the answer.
    return false;
  }
};
