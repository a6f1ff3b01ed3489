import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nearestWord } from '../../functions/config/nearest-word.ts';
import { type AcmeState, parseAcmeState } from './acme-state.ts';
import { teachingWeek } from './calendar.ts';
import { nextWeek } from './next-week.ts';
import { smallestFileSize } from './upload-file.ts';
import { writeUploads } from './write-uploads.ts';

type Output = { readonly write: (text: string) => unknown };

/** Writes uploads by hand. Answers the exit code: 0 done, 1 failed, 2 bad usage. */
export const runCommandLine = async (
  argv: readonly string[],
  stdout: Output,
  stderr: Output,
): Promise<number> => {
  try {
    stdout.write(await run(argv));
    return 0;
  } catch (error) {
    stderr.write(`uploads: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof BadUsage || error instanceof RangeError ? 2 : 1;
  }
};

class BadUsage extends Error {
  override readonly name = 'BadUsage';
}

const usage = `ACME's uploads: PDFs named <student>_<week>_<year>.pdf, in DIR/instance-1, DIR/instance-2, …

  npx node examples/acme-webapp/uploads.ts --out DIR [options]
  npx node examples/acme-webapp/uploads.ts --out DIR --next

  --out DIR          where to write; acme.json there remembers how far ACME is
  --next             another week, after what DIR has: new files, some corrected, some withdrawn
  --instances N      folders to split the uploads over (default 3)
  --students N       (default 200)
  --weeks N          48 make a year (default 48)
  --from-week N      the first week (default 1)
  --year N           the year of the first week (default: so that the last week lies in 2025)
  --seed TEXT        the same text makes the same files, byte for byte (default acme)
  --file-size BYTES  exact size of each PDF, at least ${smallestFileSize} (default: as small as they come)
  --help             this text
`;

const options = {
  out: { type: 'string' },
  next: { type: 'boolean', default: false },
  instances: { type: 'string' },
  students: { type: 'string' },
  weeks: { type: 'string' },
  'from-week': { type: 'string' },
  year: { type: 'string' },
  seed: { type: 'string' },
  'file-size': { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const run = async (argv: readonly string[]): Promise<string> => {
  const values = parsed(argv);
  if (values.help) return usage;
  const { out } = values;
  if (out === undefined || out === '') throw new BadUsage('--out DIR is missing: it says where to write.');
  return values.next ? writeNextWeek(out, values) : writeAll(out, values);
};

type Values = ReturnType<typeof parsed>;

const parsed = (argv: readonly string[]) => {
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const word = /'--?([^' ]+)/.exec(message)?.[1] ?? '';
    const close = Object.hasOwn(options, word) ? undefined : nearestWord(word, Object.keys(options));
    const hint = close === undefined ? '--help lists the options.' : `Did you mean --${close}?`;
    throw new BadUsage(`${message.split('. ')[0]}. ${hint}`);
  }
};

const writeAll = async (out: string, values: Values): Promise<string> => {
  if (existsSync(stateFile(out)))
    throw new BadUsage(`${stateFile(out)} is there: say --next for another week, or choose another --out.`);
  const { year, 'from-week': fromWeek, 'file-size': fileSize } = values;
  const { instances, state } = await writeUploads({
    directory: folderIn(out),
    instances: whole('instances', values.instances, 3),
    students: whole('students', values.students, 200),
    weeks: whole('weeks', values.weeks, 48),
    seed: values.seed ?? 'acme',
    ...(year === undefined ? {} : { year: whole('year', year, 0) }),
    ...(fromWeek === undefined ? {} : { fromWeek: whole('from-week', fromWeek, 1) }),
    ...(fileSize === undefined ? {} : { fileSize: whole('file-size', fileSize, 0) }),
  });
  keep(out, state, instances.length);
  const lines = instances.map(
    ({ written, bytes, kept }, index) =>
      `${folderIn(out)(index)}: ${written} files written, ${bytes} bytes${kept === 0 ? '' : `, ${kept} were there`}`,
  );
  return `${lines.join('\n')}\n${untilWhen(state)}\n`;
};

const writeNextWeek = async (out: string, values: Values): Promise<string> => {
  const fixed = ['instances', 'students', 'weeks', 'from-week', 'year', 'seed', 'file-size'] as const;
  const given = fixed.find((name) => values[name] !== undefined);
  if (given !== undefined)
    throw new BadUsage(
      `--${given} cannot be given with --next: ${stateFile(out)} knows it from the first time.`,
    );
  const { state: before, instances: count } = kept(out);
  const { instances, state } = await nextWeek({
    state: before,
    directory: folderIn(out),
    instances: count,
  });
  keep(out, state, count);
  const lines = instances.map(
    ({ uploaded, corrected, withdrawn, bytes }, index) =>
      `${folderIn(out)(index)}: ${uploaded} uploaded, ${corrected} corrected, ${withdrawn} withdrawn, ${bytes} bytes written`,
  );
  return `${lines.join('\n')}\n${untilWhen(state)}\n`;
};

const folderIn = (out: string) => (index: number) => join(out, `instance-${index + 1}`);
const stateFile = (out: string): string => join(out, 'acme.json');

const keep = (out: string, state: AcmeState, instances: number): void => {
  const unfinished = `${stateFile(out)}.new`;
  writeFileSync(unfinished, `${JSON.stringify({ instances, state }, undefined, 2)}\n`);
  renameSync(unfinished, stateFile(out));
};

const kept = (out: string): { readonly state: AcmeState; readonly instances: number } => {
  const file = stateFile(out);
  if (!existsSync(file)) throw new BadUsage(`${file} is not there: write the first weeks without --next.`);
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof content === 'object' && content !== null && 'state' in content && 'instances' in content)
      return {
        state: parseAcmeState(JSON.stringify(content.state)),
        instances: whole('instances', String(content.instances), 1),
      };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Error(`${file} is damaged (${error.message.split('\n')[0]}). Choose another --out.`);
  }
  throw new Error(`${file} is not what this program writes. Choose another --out.`);
};

const whole = (name: string, text: string | undefined, fallback: number): number => {
  if (text === undefined) return fallback;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new BadUsage(`--${name} takes a whole number, not "${text}".`);
};

const untilWhen = ({ firstYear, lastWeek }: AcmeState): string => {
  const { week, year } = teachingWeek(firstYear, lastWeek);
  return `ACME is at week ${week} of ${year}. Another week: --next`;
};
