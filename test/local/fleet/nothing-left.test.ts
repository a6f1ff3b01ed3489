import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, type Lab, openLab, processesWith } from './lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

const parent = (folder: string, mark: string, end: string): string => `
  import { startFleet } from ${JSON.stringify(new URL('../../../local/fleet/fleet.ts', import.meta.url).href)};
  const clock = { now: () => new Date(), at: () => ({ cancel: () => undefined }) };
  const spec = { id: 'i-0left', group: 'g', tags: {}, uploadReadOnly: false, sourcePath: '/var/www/upload',
    state: ${JSON.stringify(join(folder, 'left', 'state'))}, share: ${JSON.stringify(join(folder, 'share'))},
    sharePath: '/mnt/lifeboat', faults: [] };
  const fleet = await startFleet([spec], { bus: { publish: () => undefined }, clock, region: 'r', account: '0' });
  const runCommand = ['setsid sleep ${mark} & nohup sleep ${mark} >/dev/null 2>&1 & sleep ${mark} & wait'];
  void fleet.get('i-0left').agent.run({ commandId: 'c-${mark}', parameters: {},
    document: { schemaVersion: '2.2', mainSteps: [{ action: 'aws:runShellScript', name: 's', inputs: { runCommand } }] } });
  setInterval(() => undefined, 1000);
  process.on('SIGTERM', async () => { ${end} });
`;

test.each([
  ['kill -9', 'SIGKILL', ''],
  ['an exit without a word', 'SIGTERM', 'process.exit(0);'],
  ['a Ctrl-C that nobody handles', 'SIGINT', ''],
  ['stop()', 'SIGTERM', 'await fleet.stop(); process.exit(0);'],
] as const)('%s leaves no process and no mount behind', async (_how, signal, end) => {
  const mark = `9${process.pid}${Math.trunc(performance.now())}`;
  const program = join(lab.folder, `parent-${mark}.ts`);
  await writeFile(program, parent(lab.folder, mark, end));
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'inherit', 'inherit'] });
  await eventually(
    'three sleeps and their shell run',
    async () => (await processesWith(`sleep\0${mark}`)) >= 3,
  );
  child.kill(signal);
  await once(child, 'exit');
  await eventually('all of them have ended', async () => (await processesWith(mark)) === 0);
  expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(lab.folder);
});
