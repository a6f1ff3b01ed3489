import { parseArgs } from 'node:util';
import { nearestWord as nearest } from '../../functions/config/nearest-word.ts';
import type { ControlFault, InstanceFault } from '../contract.ts';

/** What `npm start -- …` was asked for, checked. */
export type StartOptions = {
  readonly directory: string;
  readonly fresh: boolean;
  readonly instances: number;
  /** ACME's; undefined: as many as there are, or 200 students and 48 weeks at the first start. */
  readonly students?: number;
  readonly weeks?: number;
  /** Bytes of each PDF; undefined: as small as they come. */
  readonly fileSize?: number;
  /** A person's own folders: each becomes one instance's uploads. */
  readonly sources: readonly string[];
  /** A person's own share; undefined: one below the directory. */
  readonly share?: string;
  readonly plan?: string;
  readonly faults: readonly Fault[];
  readonly json: boolean;
  readonly keep: boolean;
};

/** Bad usage: exit code 2. The message is for the person who typed. */
export class BadUsage extends Error {
  override readonly name = 'BadUsage';
}

const instanceFaults = [
  'share-unmounted',
  'share-full',
  'share-squashed',
  'source-empty',
  'source-missing',
  'agent-offline',
  'instance-gone',
] as const satisfies readonly InstanceFault[];
const controlFaults = [
  'command-throttled',
  'event-lost',
  'event-twice',
  'document-broken',
] as const satisfies readonly ControlFault[];
export type Fault = InstanceFault | ControlFault;
export const faultNames: readonly Fault[] = [...instanceFaults, ...controlFaults];

export const isInstanceFault = (fault: Fault): fault is InstanceFault =>
  (instanceFaults as readonly string[]).includes(fault);

const options = {
  dir: { type: 'string', default: '.lifeboat' },
  fresh: { type: 'boolean', default: false },
  instances: { type: 'string' },
  students: { type: 'string' },
  weeks: { type: 'string' },
  'file-size': { type: 'string' },
  source: { type: 'string', multiple: true },
  share: { type: 'string' },
  plan: { type: 'string' },
  fault: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export const usage = `Lifeboat: one night on this machine. The packaged service runs on a local AWS, on real files.

  npm start -- [options]
  npm start -- restore --instance ID --to OUT [options]   brings files back; its own --help tells more

  --dir DIR          everything is made below DIR (default .lifeboat)
  --fresh            start over: removes what an earlier start made in DIR
  --instances N      instances of the group (default 3, at most 50)
  --students N       ACME's students (default 200)
  --weeks N          weeks of uploads (default 48)
  --file-size BYTES  size of each PDF (default: as small as they come)
  --source DIR       save your own folder, read-only, instead of ACME's; repeatable, one instance each
  --share DIR        save to your own share, for instance a mounted NFS share
  --plan NAME        the plan of lifeboat.yml to run (default: the first)
  --fault NAME       show how trouble is told; repeatable:
                     ${faultNames.slice(0, 4).join(', ')},
                     ${faultNames.slice(4, 8).join(', ')},
                     ${faultNames.slice(8).join(', ')}
  --json             the run record as the last thing on stdout
  --keep             leave local AWS up until Ctrl-C, and say how to reach it
  --help             this text

Exit code: 0 every instance is protected, 1 one is not, 2 bad usage or a machine that lacks something, 130 Ctrl-C.
`;

/** Reads the command line. `help` where the text above is asked for. Throws {@link BadUsage}. */
export const readArguments = (argv: readonly string[]): StartOptions | 'help' => {
  const { values, positionals } = parsed(argv);
  if (values.help) return 'help';
  if (positionals.length > 0) throw new BadUsage(`"${positionals[0]}" is no option. ${seeHelp}`);
  const sources = values.source ?? [];
  const own = sources.length > 0;
  if (
    own &&
    [values.instances, values.students, values.weeks, values['file-size']].some(
      (value) => value !== undefined,
    )
  )
    throw new BadUsage(
      '--source brings its own instances and files: leave out --instances, --students, --weeks, --file-size.',
    );
  const students = wholeNumber('--students', values.students, undefined, 1, 100_000);
  const weeks = wholeNumber('--weeks', values.weeks, undefined, 1, 480);
  const fileSize = wholeNumber('--file-size', values['file-size'], undefined, 1, 1_000_000_000);
  return {
    directory: values.dir,
    fresh: values.fresh,
    instances: wholeNumber('--instances', values.instances, 3, 1, 50),
    ...(students === undefined ? {} : { students }),
    ...(weeks === undefined ? {} : { weeks }),
    ...(fileSize === undefined ? {} : { fileSize }),
    sources,
    ...(values.share === undefined ? {} : { share: values.share }),
    ...(values.plan === undefined ? {} : { plan: values.plan }),
    faults: (values.fault ?? []).map(readFault),
    json: values.json,
    keep: values.keep,
  };
};

const seeHelp = '`npm start -- --help` lists them.';

const parsed = (argv: readonly string[]) => {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const word = /'--?([^' ]+)/.exec(message)?.[1] ?? '';
    const close = nearest(word, Object.keys(options));
    const known = Object.hasOwn(options, word);
    if (known) throw new BadUsage(`${message.split('.')[0] ?? message}. ${seeHelp}`);
    throw new BadUsage(
      `--${word} is no option.${close === undefined ? '' : ` Did you mean --${close}?`} ${seeHelp}`,
    );
  }
};

const wholeNumber = <T extends number | undefined>(
  name: string,
  text: string | undefined,
  fallback: T,
  least: number,
  most: number,
): number | T => {
  if (text === undefined) return fallback;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new BadUsage(`${name} takes a whole number from ${least} to ${most}, not "${text}".`);
};

const readFault = (name: string): Fault => {
  const fault = faultNames.find((known) => known === name);
  if (fault !== undefined) return fault;
  const close = nearest(name, faultNames);
  throw new BadUsage(
    `--fault knows no "${name}".${close === undefined ? '' : ` Did you mean ${close}?`} There are: ${faultNames.join(', ')}.`,
  );
};
