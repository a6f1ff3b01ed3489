/**
 * User data for new instances: cloud-init.yml with its scripts and the instance's settings filled in.
 * `npx node ec2-userdata/user-data.ts --help` prints it, or writes it into a CloudFormation template.
 */
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { nearestWord } from '../functions/config/nearest-word.ts';

/** EC2's limit for user data, in bytes before it is encoded. */
export const largestUserData = 16_384;

/** What instance.conf may say; README.md tells what each means. mount-share.sh checks the values where they are used. */
export const settingNames = [
  'share_type',
  'share_source',
  'share_path',
  'access_point',
  'data_device',
  'data_path',
  'data_owner',
  'plan',
  'group',
  'hydrate',
  'hydrate_from',
  'share_id',
  'restore_document',
  'launch_hook',
] as const;
export type InstanceSettings = Readonly<Partial<Record<(typeof settingNames)[number], string>>>;

/** User data to launch an instance with. Throws RangeError for a value that cannot be a line of instance.conf. */
export const userDataOf = (settings: InstanceSettings): string =>
  templateWithScript().replace('${Settings}', Buffer.from(settingsText(settings)).toString('base64'));

/** cloud-init.yml with the scripts in it and `${Settings}` left open: the text for Fn::Sub. */
export const templateWithScript = (): string =>
  Object.entries(scripts).reduce(
    (text, [variable, file]) => text.replace(`\${${variable}}`, packedScript(file)),
    readFileSync(beside('cloud-init.yml'), 'utf8'),
  );

const scripts = { MountShare: 'mount-share.sh', Birth: 'birth.sh', Hydrate: 'hydrate.sh' } as const;

/** Without comments, empty lines and indents, as far as they are no text: what EC2 takes is scarce. */
const packedScript = (file: string): string => {
  const lines = readFileSync(beside(file), 'utf8')
    .split('\n')
    .filter((line, index) => index === 0 || !/^\s*(#.*)?$/.test(line))
    .map((line) => line.trimStart());
  return gzipSync(`${lines.join('\n')}\n`, { level: 9 }).toString('base64');
};

/**
 * Replaces the literal block below the marker in a CloudFormation template: its lines are indented as the marker is, and
 * end where the indentation does. Throws where there is no marker.
 */
export const withUserData = (template: string): string => {
  const lines = template.split('\n');
  const marked = lines.findIndex((line) => line.includes(marker));
  if (marked < 0) throw new Error(`The template has no line "# … ${marker} …" above the block to replace.`);
  const block = marked + 1;
  const indent = ' '.repeat((lines[block] ?? '').search(/\S|$/) + 2);
  const after = lines.findIndex((line, index) => index > block && line !== '' && !line.startsWith(indent));
  const text = templateWithScript()
    .trimEnd()
    .split('\n')
    .map((line) => `${indent}${line}`);
  return [...lines.slice(0, block + 1), ...text, ...lines.slice(after < 0 ? lines.length : after)].join('\n');
};

const marker = 'ec2-userdata/user-data.ts --into';

const beside = (name: string): URL => new URL(name, import.meta.url);

const settingsText = (settings: InstanceSettings): string =>
  Object.entries(settings)
    .map(([key, value]) => {
      if (/^[!-~]*$/.test(value)) return `${key}=${value}\n`;
      throw new RangeError(`${key} cannot be ${JSON.stringify(value)}: printable ASCII without blanks only.`);
    })
    .join('');

const usage = `User data that makes a new instance ready for Lifeboat.

  npx node ec2-userdata/user-data.ts share_source=fs-0123456789abcdef0:/ [setting=value …]
  npx node ec2-userdata/user-data.ts --into TEMPLATE   brings the block in a CloudFormation template up to date

Settings: ${settingNames.join(', ')} (see ec2-userdata/README.md).
`;

/** Answers the exit code: 0 done, 2 bad usage. */
export const runCommandLine = (argv: readonly string[]): number => {
  const [first, second] = argv;
  if (first === undefined || first === '--help' || first === '-h') {
    process.stdout.write(usage);
    return first === undefined ? 2 : 0;
  }
  try {
    if (first === '--into') bringUpToDate(second);
    else process.stdout.write(userDataOf(Object.fromEntries(argv.map(parseSetting))));
    return 0;
  } catch (error) {
    process.stderr.write(`user-data: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
};

const bringUpToDate = (template: string | undefined): void => {
  if (template === undefined) throw new RangeError('--into needs the path of a CloudFormation template.');
  writeFileSync(template, withUserData(readFileSync(template, 'utf8')));
};

const parseSetting = (argument: string): readonly [string, string] => {
  const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(argument) ?? [undefined, argument];
  if (argument.includes('=') && settingNames.some((name) => name === key)) return [key, value];
  const close = nearestWord(key, settingNames);
  throw new RangeError(
    `${JSON.stringify(argument)} is no setting.${close === undefined ? '' : ` Did you mean ${close}=…?`} There are: ${settingNames.join(', ')}.`,
  );
};

const startedAs = process.argv[1] ?? '';
if (existsSync(startedAs) && realpathSync(startedAs) === fileURLToPath(import.meta.url))
  process.exitCode = runCommandLine(process.argv.slice(2));
