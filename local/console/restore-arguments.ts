import { parseArgs } from 'node:util';
import { nearestWord } from '../../functions/config/nearest-word.ts';
import { BadUsage } from './arguments.ts';

/** What `npm start -- restore …` was asked for. The functions check the rest, as they do for everybody. */
export type RestoreOptions = {
  readonly directory: string;
  readonly share?: string;
  readonly plan?: string;
  /** The instance whose files come back. */
  readonly instance: string;
  /** `newest`, a recovery point, a run or a time. */
  readonly at: string;
  readonly paths: readonly string[];
  readonly to: string;
  readonly overwrite: string;
  readonly dryRun: boolean;
  readonly json: boolean;
};

const options = {
  dir: { type: 'string', default: '.lifeboat' },
  share: { type: 'string' },
  plan: { type: 'string' },
  instance: { type: 'string' },
  run: { type: 'string' },
  at: { type: 'string' },
  path: { type: 'string', multiple: true },
  to: { type: 'string' },
  overwrite: { type: 'string', default: 'never' },
  'dry-run': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export const restoreUsage = `Lifeboat: bring files back, by the same document that does it on an instance.

  npm start -- restore --instance ID --to OUT [options]

  --instance ID      whose files: an instance below SHARE/PLAN, also one that is gone
  --to OUT           the folder that they come back into; it is made where it is missing
  --dir DIR          where \`npm start\` has saved (default .lifeboat)
  --share DIR        your own share, if that was used
  --plan NAME        the plan that saved them (default: the first of lifeboat.yml)
  --run RUN          of a named run, such as acme-web/20261123T180000Z-backup
  --at TIME          as they were at a time, such as 2026-11-23T18:00:00Z; without either, the newest
  --path GLOB        only what it names, and all below; repeatable: 'student-7', '**/7_*.pdf'
  --overwrite WHICH  what becomes of files that are there: never (default), older, always
  --dry-run          say what would come back, and write nothing
  --json             the run record as the last thing on stdout

Exit code: 0 everything that was asked for is back, 1 something is not, 2 bad usage, 130 Ctrl-C.
`;

/** Throws {@link BadUsage}. */
export const readRestoreArguments = (argv: readonly string[]): RestoreOptions | 'help' => {
  const { values, positionals } = parsed(argv);
  if (values.help) return 'help';
  if (positionals.length > 0) throw new BadUsage(`"${positionals[0]}" is no option. ${seeHelp}`);
  if (values.instance === undefined || values.to === undefined)
    throw new BadUsage(`--instance and --to are needed: whose files, and where to. ${seeHelp}`);
  if (values.run !== undefined && values.at !== undefined)
    throw new BadUsage('--run names a recovery point, --at a time: which is meant?');
  return {
    directory: values.dir,
    ...(values.share === undefined ? {} : { share: values.share }),
    ...(values.plan === undefined ? {} : { plan: values.plan }),
    instance: values.instance,
    at: values.run ?? values.at ?? 'newest',
    paths: values.path ?? [],
    to: values.to,
    overwrite: values.overwrite,
    dryRun: values['dry-run'],
    json: values.json,
  };
};

const seeHelp = '`npm start -- restore --help` lists them.';

const parsed = (argv: readonly string[]) => {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const word = /'--?([^' ]+)/.exec(message)?.[1] ?? '';
    if (Object.hasOwn(options, word)) throw new BadUsage(`${message.split('.')[0] ?? message}. ${seeHelp}`);
    const close = nearestWord(word, Object.keys(options));
    throw new BadUsage(
      `--${word} is no option of restore.${close === undefined ? '' : ` Did you mean --${close}?`} ${seeHelp}`,
    );
  }
};
