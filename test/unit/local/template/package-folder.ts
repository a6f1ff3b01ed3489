import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipOf } from './zip.ts';

export type PackageFolder = { readonly directory: string; readonly packageDirectory: string };

/** A folder as `sls package` leaves it: template, state, and a zip for each function. */
export const makePackage = async (
  template: unknown,
  zips: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
): Promise<PackageFolder> => {
  const directory = await mkdtemp(join(tmpdir(), 'lifeboat-template-'));
  const write = (name: string, content: string | Uint8Array) => writeFile(join(directory, name), content);
  await write('cloudformation-template-update-stack.json', JSON.stringify(template));
  await write(
    'serverless-state.json',
    JSON.stringify({
      service: { service: 'lifeboat', provider: { stage: 'test', region: 'ap-southeast-1' } },
    }),
  );
  for (const [name, files] of Object.entries(zips)) await write(name, zipOf(files));
  return { directory, packageDirectory: directory };
};
