import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { judgeGoals } from './goals.ts';
import { type MachineFacts, machineSchema } from './machine.ts';
import { measurementSchema, summarize } from './measurement.ts';
import type { Peer } from './peers.ts';
import { asMarkdown, callTables, comparisonTables, goalTable } from './tables.ts';

/** What --json writes and --from reads. Figures of one place and work come from one boot. */
export const resultsSchema = z.strictObject({
  date: z.iso.date(),
  command: z.string(),
  machine: machineSchema,
  sizes: z.strictObject({
    files: z.number(),
    largeBytes: z.record(z.string(), z.number()),
    million: z.number(),
  }),
  delay: z.string(),
  measurements: z.array(measurementSchema),
});
export type Results = z.output<typeof resultsSchema>;

/** bench/RESULTS.md: the newest run of each comparison, with all that is needed to judge or repeat it. */
export const resultsPage = (runs: readonly Results[], peers: readonly Peer[]): string => {
  const summaries = summarize(newest(runs));
  const verdicts = judgeGoals(summaries, peers);
  return [
    '# What was measured',
    'Written by `npm run bench`; [README.md](README.md) says how it measures and how to read it. The words at the end are by hand.',
    ...runs.map(describe),
    '## Goals',
    asMarkdown(goalTable(verdicts)).replace(/^### .*\n\n/, ''),
    readFileSync(new URL('remarks.md', import.meta.url), 'utf8').trim(),
    '## Comparisons',
    'In the first column of figures, how long a peer took in the time that Lifeboat took once, in the same boot: above 1, Lifeboat was faster.',
    ...comparisonTables(summaries, peers).map(asMarkdown),
    '## NFS calls by kind',
    ...callTables(summaries, peers).map(asMarkdown),
    '## The peers',
    asMarkdown({
      title: '',
      rows: [
        ['name', 'what', 'what to know'],
        ...peers.map(({ name, title, note }) => [`\`${name}\``, title, note]),
      ],
    }).replace(/^### \n\n/, ''),
  ]
    .map((part) => part.trim())
    .join('\n\n')
    .concat('\n');
};

/** Of the same place and work, the later run counts as a whole: figures of two boots are never mixed. */
const newest = (runs: readonly Results[]): Results['measurements'] => {
  const last = new Map<string, Results>();
  for (const run of runs) for (const { place, work } of run.measurements) last.set(`${place} ${work}`, run);
  return runs.flatMap((run) =>
    run.measurements.filter(({ place, work }) => last.get(`${place} ${work}`) === run),
  );
};

const describe = ({ date, command, machine, sizes, delay }: Results): string =>
  [
    `**${date}**, commit ${machine.commit}: \`${command}\``,
    `- ${machineWords(machine)}`,
    `- ${sizes.files.toLocaleString('en')} small files; large file: ${Object.entries(sizes.largeBytes)
      .map(([place, bytes]) => `${Math.round(bytes / 1e6)} MB (${place})`)
      .join(', ')}; delay in front of the share: ${delay}`,
    `- ${Object.entries(machine.versions)
      .map(([name, version]) => `${name}: ${version}`)
      .join('; ')}`,
  ].join('\n');

const machineWords = ({ processors, processor, memoryBytes, kernel }: MachineFacts): string =>
  `${processors} processors (${processor}), ${Math.round(memoryBytes / 2 ** 30)} GB, Linux ${kernel}; the share: User-mode Linux, one processor`;
