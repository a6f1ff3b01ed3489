import { parseArgs } from 'node:util';
import { nearestWord } from '../functions/config/nearest-word.ts';
import { BadUsage } from '../local/console/arguments.ts';
import { type PlaceName, placeNames, works } from './works.ts';

/** What `npm run bench -- …` was asked for, checked. */
export type BenchOptions = {
  readonly places: readonly PlaceName[];
  readonly works: readonly string[];
  /** Undefined: all. Lifeboat is always among them, for all figures are compared with it. */
  readonly peers: readonly string[] | undefined;
  readonly rounds: number;
  readonly files: number;
  /** Bytes of the large file; undefined: 1 GB on disk, 200 MB on the share. */
  readonly largeBytes: number | undefined;
  readonly million: number;
  readonly delay: string;
  readonly against: string | undefined;
  readonly json: string | undefined;
  /** Files of earlier runs; then nothing is measured. */
  readonly from: readonly string[];
  readonly results: boolean;
  readonly directory: string | undefined;
};

const options = {
  place: { type: 'string', multiple: true },
  work: { type: 'string', multiple: true },
  peer: { type: 'string', multiple: true },
  rounds: { type: 'string' },
  files: { type: 'string' },
  'large-bytes': { type: 'string' },
  million: { type: 'string' },
  delay: { type: 'string', default: '1ms' },
  against: { type: 'string' },
  json: { type: 'string' },
  from: { type: 'string', multiple: true },
  results: { type: 'boolean', default: false },
  dir: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export const usage = (peerNames: readonly string[]): string => `Measures Lifeboat against its peers.

  npm run bench -- [options]

  --place NAME       ${placeNames.join(' or ')}; repeatable (default: both). The share is an NFSv4.1 server behind a delay
  --work NAME        repeatable (default: all):
                     ${works.map(({ name }) => name).join(', ')}
  --peer NAME        repeatable (default: all); Lifeboat always takes part:
                     ${peerNames.join(', ')}
  --rounds N         of each (default 3); the median counts
  --files N          small files (default 2080, 21 MB)
  --large-bytes N    size of the large file (default: 1 GB on disk, 200 MB on the share)
  --million N        files of the works million-* (default 1000000)
  --delay TIME       in front of the share (default 1ms, about EFS's)
  --against DIR      another checkout of Lifeboat, with its node_modules, as one more peer in the same boot
  --json FILE        all figures
  --from FILE        what --json wrote, instead of measuring; repeatable, for the same comparison the last one counts
  --results          write bench/RESULTS.md
  --dir DIR          make everything below DIR and leave it there (default: a temporary folder)
  --help             this text

As root on Debian it installs what is missing. Everything takes about two hours; \`--place share --work unchanged\` some minutes.
Exit code: 0 measured, 1 a peer failed at its work, 2 bad usage or a machine that lacks something.
`;

/** Reads the command line. `help` where the text above is asked for. Throws {@link BadUsage}. */
export const readArguments = (
  argv: readonly string[],
  peerNames: readonly string[],
): BenchOptions | 'help' => {
  const values = parsed(argv);
  if (values.help) return 'help';
  if (!/^\d{1,4}(us|ms|s)$/.test(values.delay))
    throw new BadUsage(`--delay takes a time as tc does, for instance 1ms or 0ms, not "${values.delay}".`);
  const peers = values.peer?.map((name) => oneOf('--peer', name, peerNames));
  return {
    places: (values.place ?? placeNames).map((name) => oneOf('--place', name, placeNames)),
    works: (values.work ?? works.map(({ name }) => name)).map((name) =>
      oneOf(
        '--work',
        name,
        works.map((work) => work.name),
      ),
    ),
    peers: peers === undefined ? undefined : ['lifeboat', ...peers],
    rounds: wholeNumber('--rounds', values.rounds, 1, 100) ?? 3,
    files: wholeNumber('--files', values.files, 100, 1_000_000) ?? 2080,
    largeBytes: wholeNumber('--large-bytes', values['large-bytes'], 1, 100_000_000_000),
    million: wholeNumber('--million', values.million, 1, 100_000_000) ?? 1_000_000,
    delay: values.delay,
    against: values.against,
    json: values.json,
    from: values.from ?? [],
    results: values.results,
    directory: values.dir,
  };
};

const parsed = (argv: readonly string[]) => {
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values;
  } catch (error) {
    throw new BadUsage(
      `${error instanceof Error ? error.message : String(error)}. \`npm run bench -- --help\` lists the options.`,
    );
  }
};

const oneOf = <T extends string>(option: string, name: string, known: readonly T[]): T => {
  const found = known.find((each) => each === name);
  if (found !== undefined) return found;
  const close = nearestWord(name, known);
  throw new BadUsage(
    `${option} knows no "${name}".${close === undefined ? '' : ` Did you mean ${close}?`} There are: ${known.join(', ')}.`,
  );
};

const wholeNumber = (
  option: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined => {
  if (text === undefined) return undefined;
  const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new BadUsage(`${option} takes a whole number from ${least} to ${most}, not "${text}".`);
};
