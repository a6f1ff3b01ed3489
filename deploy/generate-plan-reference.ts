import { type JsonSchema, keysOf, planJsonSchema, schemaAt } from '../functions/config/plan-json-schema.ts';
import { inOneLine } from './generate-plan-example.ts';

/** docs/plan.md: every key of the plan file, section by section. */
export const planReference = (): string => {
  const plan = schemaAt(['plans', 'any']) ?? {};
  const sections = keysOf(plan).flatMap(([key, schema]) => sectionPages(key, schema));
  return [
    ...opening,
    ...table(planJsonSchema),
    '',
    '## A plan',
    '',
    ...table(plan),
    '',
    ...sections,
    ...closing,
    '',
  ].join('\n');
};

const opening = [
  '# The plan file',
  '',
  '<!-- Made from functions/config/plan-schema.ts by `npm run generate`; changes belong there. -->',
  '',
  '`lifeboat.yml` says what is saved, where to, when, how long it is kept and who is told. It is the one file to edit;',
  '`npx sls deploy` puts it to work. [plan-example.yml](plan-example.yml) shows every key in place.',
  '',
  'A small plan:',
  '',
  '```yaml',
  '# yaml-language-server: $schema=./lifeboat.schema.json',
  'version: 1',
  'plans:',
  '  acme-web:',
  '    fleet:',
  '      groups: [acme-web]',
  '    source: /var/www/upload',
  '    share: /mnt/lifeboat',
  '    schedule:',
  '      cron: 0 2 * * *',
  '      timezone: Asia/Singapore',
  '```',
  '',
  'Editors with a YAML language server complete and check the keys by the first line. Everything that is wrong is told at',
  'once when the service is packaged, as `file:line:column key: what is wrong`, with what is allowed and what was probably',
  'meant.',
  '',
  '- Durations are days, hours and minutes: `2d`, `3h`, `15m`, `1h30m`.',
  "- A value that begins with `*`, `@`, `#` or `!` needs quotes in YAML: `'@daily'`, `'#ops'`.",
  '- **needed** means in the plan or in `defaults`; of `slack` and `jira`, once the section is there.',
  '- Secrets never stand in the file: `token`, `webhook` and `credentials` name SSM parameters (SecureString). What looks',
  '  like a secret is refused, and not shown.',
  '',
  '## The file',
  '',
];

const closing = [
  '## When a plan runs',
  '',
  'Crontab lines are turned into the form of EventBridge Scheduler when the service is packaged. One thing cannot be said',
  'there: days of the month and days of the week in one expression. Such a line is refused; make two plans.',
  '',
  '| `cron` | runs |',
  '|---|---|',
  '| `0 2 * * *` | every day at 02:00 |',
  "| `'*/30 8-18 * * 1-5'` | every half hour from 08:00 to 18:30, Monday to Friday |",
  '| `0 3 1 * *` | on the first of each month at 03:00 |',
  "| `'@daily'` | at midnight; also `@hourly`, `@weekly`, `@monthly`, `@yearly` |",
  '| `0 2 L * ? *` | on the last day of each month at 02:00, in the six fields of EventBridge |',
];

/** A page for a section, and for the sections in it. */
const sectionPages = (path: string, schema: JsonSchema): readonly string[] => {
  const keys = keysOf(schema);
  if (keys.length === 0) return [];
  const deeper = keys.flatMap(([key, value]) => sectionPages(`${path}.${key}`, value));
  return [`## \`${path}\``, '', ...paragraph(schema), ...table(schema), '', ...deeper];
};

const paragraph = ({ description }: JsonSchema): readonly string[] =>
  description === undefined ? [] : [description, ''];

const table = (schema: JsonSchema): readonly string[] => [
  '| key | meaning | allowed | default | example |',
  '|---|---|---|---|---|',
  ...keysOf(schema).map(([key, value]) => row(key, value)),
];

const row = (key: string, schema: JsonSchema): string => {
  const cells = [
    `\`${key}\``,
    schema.description ?? '',
    typeof schema.allowed === 'string' ? schema.allowed : '',
    defaultCell(schema),
    (schema.examples ?? []).map((example) => `\`${inOneLine(example)}\``).join(', '),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
};

const defaultCell = (schema: JsonSchema): string => {
  if (schema.needed === true) return '**needed**';
  if (typeof schema.defaultText === 'string') return schema.defaultText;
  return schema.default === undefined ? '' : `\`${inOneLine(schema.default)}\``;
};
