import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AgentOrder } from '../../../local/contract.ts';
import { documentOf, instanceOf, type Lab, openLab, settlesWithin } from './lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

const order: AgentOrder = {
  commandId: 'command-1',
  document: documentOf('touch /tmp/never-run; exit 9'),
  parameters: { run: ['acme-web/20261123T180000Z-backup'] },
};

test('a simulated instance answers for the script, and neither runs it nor has a disk', async () => {
  const asked: AgentOrder[] = [];
  const spec = await lab.specOf('i-0000000000000001', {
    simulated: (one) => {
      asked.push(one);
      return { stdout: 'said\n', stderr: 'why\n', exitCode: 3 };
    },
  });
  const fleet = await lab.start(spec);
  expect(await instanceOf(fleet, spec.id).agent.run(order)).toEqual([
    {
      ...{ name: 'backup', plugin: 'aws:runShellScript', status: 'Failed', statusDetails: 'Failed' },
      ...{ responseCode: 3, stdout: 'said\n', stderr: 'why\n' },
    },
  ]);
  expect(asked).toEqual([order]);
  expect(existsSync(spec.state)).toBe(false);
});

test('one that is terminated says nothing any more', async () => {
  const spec = await lab.specOf('i-0000000000000002', {
    simulated: () => ({ stdout: '', stderr: '', exitCode: 0 }),
  });
  const fleet = await lab.start(spec);
  const instance = instanceOf(fleet, spec.id);
  expect(await settlesWithin(5_000, instance.agent.run(order))).toBe(true);
  await fleet.terminate(spec.id);
  expect(await settlesWithin(200, instance.agent.run(order))).toBe(false);
});
