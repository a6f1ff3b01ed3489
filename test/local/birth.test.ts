import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { LocalInstance } from '../../local/contract.ts';
import type { Ended } from '../faults/instance.ts';
import {
  bootDisk,
  metadataProgram,
  stackUserData,
  writeMachinePrograms,
  writeProgram,
} from '../faults/user-data.ts';
import { atRest, idOf, type NightLab, openNightLab } from './night-lab.ts';

jest.setTimeout(120_000);

let lab: NightLab;
beforeAll(async () => {
  lab = await openNightLab({ instances: 2, files: 3 });
  await lab.boot();
  lab.aws().lifeCycle.putHook({
    name: 'lifeboat-birth',
    group: 'acme-web',
    transition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
    heartbeatSeconds: 3600,
    defaultResult: 'ABANDON',
  });
});
afterAll(() => lab.close());

const folderOf = (id: string): string => join(lab.folder, 'instances', id);
const uploadsOf = (id: string): readonly string[] => readdirSync(join(folderOf(id), 'upload')).sort();
const instance = (id: string): LocalInstance => {
  const found = lab.aws().fleet.get(id);
  if (found === undefined) throw new Error(`There is no instance ${id}.`);
  return found;
};

/** Local AWS launches another instance of the group, which waits in the hook on launch. */
const launch = async (id: string): Promise<void> => {
  const [model] = lab.specs();
  if (model === undefined) throw new Error('The lab has no instance.');
  const [upload, state] = [join(folderOf(id), 'upload'), join(folderOf(id), 'state')];
  mkdirSync(upload, { recursive: true });
  await lab.aws().fleet.launch({ ...model, id, upload, state });
  await lab.aws().lifeCycle.launched(id);
};

/** What cloud-init does on an instance with the reference stack's user data; the AWS CLI talks to local AWS. */
const bootWithUserData = async (id: string, share = true): Promise<Ended> => {
  const { endpoint, region, stack } = lab.aws();
  const repository = fileURLToPath(new URL('../../', import.meta.url));
  const programs = join(lab.folder, 'programs');
  mkdirSync(programs, { recursive: true });
  writeMachinePrograms(programs);
  if (!share) writeProgram(programs, 'findmnt', 'exit 1');
  writeProgram(programs, 'curl', metadataProgram(stack.account, region));
  writeProgram(
    programs,
    'aws',
    `exec '${process.execPath}' '${join(repository, 'test/local/aws-cli.ts')}' "$@"`,
  );
  const document = stack.documents.find(({ name }) => name.endsWith('-restore'))?.name ?? 'no document';
  const [root, state] = [join(folderOf(id), 'disk-of-user-data'), join(folderOf(id), 'state')];
  const upload = join(folderOf(id), 'upload');
  const mounts: readonly (readonly [string, string])[] = [
    [upload, '/var/www/upload'],
    [state, '/var/lib/lifeboat'],
    [programs, '/opt/programs'],
    ...(share ? [[lab.share, '/mnt/lifeboat'] as const] : []),
  ];
  const readable = [repository, join(process.execPath, '../..')];
  mkdirSync(root, { recursive: true });
  return bootDisk(
    {
      root,
      mounts: [
        ...mounts.flatMap(([from, to]) => ['--bind', from, to]),
        ...readable.flatMap((path) => ['--ro-bind', path, path]),
      ],
      environment: {
        PATH: `/opt/programs:${process.env.PATH}`,
        NEWBORN: id,
        AWS_ENDPOINT_URL: endpoint,
        AWS_ACCESS_KEY_ID: 'newborn',
        AWS_SECRET_ACCESS_KEY: 'newborn',
      },
    },
    stackUserData({
      PlanName: 'acme-web',
      GroupName: 'acme-web',
      Hydrate: 'adopt',
      RestoreDocument: document,
    }),
  );
};

test('an instance goes, and the one that is launched in its place goes into service with its files and is saved', async () => {
  const [going, newborn] = [idOf(1), 'i-0abcdef0123456789'];
  expect((await lab.night()).result).toBe('protected');
  // Already in service, it leaves word that it is of this group.
  expect((await bootWithUserData(going)).code).toBe(0);
  lab.upload(1, 'since-the-night.pdf', 'a paper');
  const before = uploadsOf(going);
  await lab.aws().lifeCycle.terminate(going);
  await atRest(lab.aws());
  await lab.pass(10 * 60_000);
  expect(instance(going).state).toBe('terminated');

  await launch(newborn);
  expect(instance(newborn).lifeCycleState).toBe('Pending:Wait');
  expect(uploadsOf(newborn)).toEqual([]);
  const { code, stderr } = await bootWithUserData(newborn);
  expect([code, stderr]).toEqual([0, expect.stringContaining('ready for service')]);
  expect(uploadsOf(newborn)).toEqual(before);
  expect(instance(newborn).lifeCycleState).toBe('InService');

  const night = await lab.night();
  expect(night.results?.map(({ instance: id, outcome }) => [id, outcome])).toEqual(
    expect.arrayContaining([
      [newborn, 'protected'],
      [idOf(2), 'protected'],
    ]),
  );
});

test('a newborn whose share is away does not go into service, and is replaced when the hook’s time is over', async () => {
  const newborn = 'i-0abcdef012345678a';
  await launch(newborn);
  const { code, stderr } = await bootWithUserData(newborn, false);
  expect([code, stderr]).toEqual([1, expect.stringContaining('no share at /mnt/lifeboat')]);
  expect(instance(newborn).lifeCycleState).toBe('Pending:Wait');
  await lab.pass(61 * 60_000);
  expect(instance(newborn).state).toBe('terminated');
});

test('and when its share is back in time, the next start completes the hook', async () => {
  const newborn = 'i-0abcdef012345678b';
  await launch(newborn);
  expect((await bootWithUserData(newborn, false)).code).toBe(1);
  await lab.pass(30 * 60_000);
  writeFileSync(join(folderOf(newborn), 'upload/own.pdf'), 'a paper');
  expect((await bootWithUserData(newborn)).code).toBe(0);
  expect(instance(newborn).lifeCycleState).toBe('InService');
  expect(uploadsOf(newborn)).toEqual(['own.pdf']);
});
