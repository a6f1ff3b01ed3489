import type { AgentOrder, InstanceSpec } from '../../local/contract.ts';

/** What an uneventful night writes to stderr: of the length that real ones have (test/local/good-night.test.ts shows one). */
const log = '02:00:11 lifeboat: 3200 files, 41 new or changed, 3 gone; 12 MB to copy\n'.repeat(14);

/** An instance that is protected, and says so in a line like that of the document. */
export const simulatedInstance = (index: number, group: string): InstanceSpec => {
  const id = `i-0${index.toString(16).padStart(16, '0')}`;
  return {
    ...{
      id,
      group,
      tags: {},
      uploadReadOnly: false,
      sourcePath: '/var/www/upload',
      sharePath: '/mnt/lifeboat',
    },
    state: `/nowhere/${id}/state`,
    faults: [],
    simulated: (order) => ({ stdout: `${JSON.stringify(lineOf(id, order))}\n`, stderr: log, exitCode: 0 }),
  };
};

const lineOf = (instance: string, { parameters }: AgentOrder) => {
  const run = parameters.run?.[0] ?? '';
  const common = { lifeboat: 1, run, instance, outcome: 'protected', seconds: 12.3, warnings: [] };
  return run.endsWith('-prune')
    ? {
        ...common,
        operation: 'prune',
        points: 60,
        kept: 59,
        removed: 1,
        removedFiles: 44,
        removedBytes: 13_000_000,
      }
    : {
        ...{ ...common, operation: 'backup', files: 3200, bytes: 3_300_000_000, changed: 41, deleted: 3 },
        ...{ copiedBytes: 12_582_912, recoveryPoint: run.split('/')[1] },
        ...{ shareFreeBytes: 900_000_000_000, shareBytes: 1_000_000_000_000 },
      };
};
