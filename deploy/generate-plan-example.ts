import { stringify } from 'yaml';
import { type JsonSchema, keysOf, planJsonSchema, schemaAt } from '../functions/config/plan-json-schema.ts';

/** docs/plan-example.yml: a plan file with every key at work, each with what it means and what holds without it. */
export const planExample = (): string =>
  [
    '# yaml-language-server: $schema=../lifeboat.schema.json',
    '#',
    '# Every key of lifeboat.yml. Made from the schema (functions/config/plan-schema.ts) by `npm run generate`.',
    '# Copy what you need: a plan has to have fleet, source, share and schedule.cron.',
    '',
    ...keysOf(planJsonSchema).flatMap(([key, schema]) =>
      key === 'plans' ? plansBlock(schema) : [...keyBlock(key, schema, 0), ''],
    ),
    '',
  ].join('\n');

const plansBlock = (schema: JsonSchema): readonly string[] => [
  ...commented(schema, 0),
  'plans:',
  `  ${examplePlan}:`,
  ...sectionBlock(schemaAt(['plans', examplePlan]) ?? {}, 2),
];

const examplePlan = 'acme-web';

const sectionBlock = (schema: JsonSchema, level: number): readonly string[] =>
  keysOf(schema).flatMap(([key, value], index) => [
    ...(index === 0 ? [] : ['']),
    ...keyBlock(key, value, level),
  ]);

const keyBlock = (key: string, schema: JsonSchema, level: number): readonly string[] => {
  const example = schema.examples?.[0];
  // A section with a short form and keys of its own is shown with its keys.
  const inside = key === 'defaults' ? [] : keysOf(schema);
  const lines =
    inside.length > 0
      ? [`${indent(level)}${key}:`, ...sectionBlock(schema, level + 1)]
      : valueLines(key, example, level);
  const { insteadOf } = schema;
  if (typeof insteadOf !== 'string') return [...commented(schema, level), ...lines];
  return [
    ...commented(schema, level, `Instead of ${insteadOf}:`),
    ...lines.map((line) => `${indent(level)}# ${line.slice(indent(level).length)}`),
  ];
};

const valueLines = (key: string, example: unknown, level: number): readonly string[] =>
  stringify(
    { [key]: example },
    {
      singleQuote: false,
      collectionStyle: key === 'defaults' ? 'block' : 'any',
      flowCollectionPadding: false,
    },
  )
    .trimEnd()
    .split('\n')
    .map((line) => `${indent(level)}${line}`);

const commented = (schema: JsonSchema, level: number, first?: string): readonly string[] => {
  const text = [first, schema.description, defaultSentence(schema)].filter((part) => part !== undefined);
  return wrapped(text.join(' '), 108 - level * 2).map((line) => `${indent(level)}# ${line}`);
};

const defaultSentence = (schema: JsonSchema): string | undefined => {
  if (schema.needed === true) return 'Needed.';
  if (typeof schema.defaultText === 'string') return `Default: ${schema.defaultText}.`;
  return schema.default === undefined ? undefined : `Default: ${inOneLine(schema.default)}.`;
};

/** A value as YAML has it, in one line. */
export const inOneLine = (value: unknown): string =>
  stringify(value, {
    singleQuote: true,
    collectionStyle: 'flow',
    flowCollectionPadding: false,
    lineWidth: 0,
  }).trimEnd();

const indent = (level: number): string => '  '.repeat(level);

const wrapped = (text: string, width: number): readonly string[] => {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
};
