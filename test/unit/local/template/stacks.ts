import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalStack } from '../../../../local/contract.ts';
import { readStack } from '../../../../local/template/read-stack.ts';
import { makePackage } from './package-folder.ts';

export type Section = Readonly<Record<string, unknown>>;

/** Reads stacks from packages made on the spot, until all of them are removed. */
export const openStacks = () => {
  const directories: string[] = [];
  const read = async (
    resources: Section,
    more: Section = {},
    zips: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<LocalStack & { readonly directory: string }> => {
    const made = await makePackage({ Resources: resources, ...more }, zips);
    directories.push(made.directory);
    const stack = await readStack({
      ...made,
      codeDirectory: join(made.directory, 'code'),
      now: new Date('2026-11-23T00:00:00Z'),
      parameters,
    });
    return { ...stack, directory: made.directory };
  };
  return {
    read,
    remove: async () => {
      for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
    },
  };
};
