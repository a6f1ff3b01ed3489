import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BadUsage } from '../local/console/arguments.ts';
import { MachineLacks } from '../local/machine.ts';
import { whyNoLab } from '../test/share/lab.ts';
import { type BenchOptions, readArguments, usage } from './arguments.ts';
import { judgeGoals } from './goals.ts';
import { lifeboat, lifeboatOf, lifeboatWithoutVerify } from './lifeboat.ts';
import { machineFacts, readyPeers } from './machine.ts';
import { type Measurement, summarize } from './measurement.ts';
import { peers as others, type Peer } from './peers.ts';
import { runSession } from './places.ts';
import { type Results, resultsPage, resultsSchema } from './results-page.ts';
import type { Session } from './session.ts';
import { asText, comparisonTables, goalTable } from './tables.ts';
import { type PlaceName, scenarios, works } from './works.ts';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** `npm run bench`. Answers the exit code: see {@link usage}. */
const main = async (argv: readonly string[]): Promise<number> => {
  const known: readonly Peer[] = [lifeboat, lifeboatWithoutVerify, ...others];
  try {
    const options = readArguments(
      argv,
      known.map(({ name }) => name),
    );
    if (options === 'help') {
      say(usage(known.map(({ name }) => name)));
      return 0;
    }
    const peers =
      options.against === undefined ? known : [...known, await lifeboatOf(resolve(options.against))];
    const runs =
      options.from.length > 0 ? options.from.map(readResults) : [await measureAll(options, peers, argv)];
    return show(runs, peers, options);
  } catch (error) {
    if (!(error instanceof BadUsage || error instanceof MachineLacks)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
};

const readResults = (file: string): Results => resultsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));

const measureAll = async (
  options: BenchOptions,
  known: readonly Peer[],
  argv: readonly string[],
): Promise<Results> => {
  const peers = known.filter(
    ({ name }) => options.peers === undefined || options.peers.includes(name) || name === 'lifeboat-other',
  );
  readyPeers(peers, say);
  const lab = options.places.includes('share') ? whyNoLab() : undefined;
  if (lab !== undefined)
    throw new MachineLacks(
      `The share cannot be measured here, because ${lab}; leave it out with --place local.`,
    );
  const machine = machineFacts(peers, options.places.includes('share'));
  const measurements: Measurement[] = [];
  for (const session of sessionsOf(options, peers)) measurements.push(...(await runBelow(options, session)));
  return {
    date: new Date().toISOString().slice(0, 10),
    command: ['npm run bench --', ...argv].join(' ').replace(/ --$/, ''),
    machine,
    sizes: {
      files: options.files,
      million: options.million,
      largeBytes: Object.fromEntries(options.places.map((place) => [place, largeBytes(options, place)])),
    },
    delay: options.delay,
    measurements,
  };
};

const largeBytes = (options: BenchOptions, place: PlaceName): number =>
  options.largeBytes ?? (place === 'share' ? 200_000_000 : 1_000_000_000);

/** One boot for each scenario in each place, as far as one of its works is asked for. */
const sessionsOf = (options: BenchOptions, peers: readonly Peer[]): readonly Session[] =>
  scenarios.flatMap((scenario) =>
    scenario.places
      .filter((place) => options.places.includes(place))
      .map((place) => ({
        place,
        works: works.filter(({ name, scenario: of }) => of === scenario.name && options.works.includes(name)),
        peers,
        rounds: options.rounds,
      }))
      .filter((session) => session.works.length > 0),
  );

const runBelow = async (options: BenchOptions, session: Session): Promise<readonly Measurement[]> => {
  const parent =
    options.directory === undefined
      ? mkdtempSync(join(tmpdir(), 'lifeboat-bench-'))
      : resolve(options.directory);
  const work = join(parent, `${session.place}-${session.works[0]?.scenario}`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  try {
    return await runSession(work, session, {
      sizes: {
        files: options.files,
        million: options.million,
        largeBytes: largeBytes(options, session.place),
      },
      delay: options.delay,
      told: ({ place, work: of, peer, round, seconds, good }) =>
        say(
          `${place} ${of} ${peer}, round ${round}: ${good === 'yes' ? `${seconds.toFixed(2)} s` : 'FAILED'}`,
        ),
    });
  } finally {
    if (options.directory === undefined) rmSync(parent, { recursive: true, force: true });
  }
};

const show = (runs: readonly Results[], peers: readonly Peer[], options: BenchOptions): number => {
  const measurements = runs.flatMap((run) => run.measurements);
  const summaries = summarize(measurements);
  for (const table of [...comparisonTables(summaries, peers), goalTable(judgeGoals(summaries, peers))])
    say(`\n${asText(table)}`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(runs[0], null, 1)}\n`);
  if (options.results)
    writeFileSync(fileURLToPath(new URL('RESULTS.md', import.meta.url)), resultsPage(runs, peers));
  return measurements.every(({ good }) => good === 'yes') ? 0 : 1;
};

process.exitCode = await main(process.argv.slice(2));
