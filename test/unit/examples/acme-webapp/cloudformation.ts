import { isMap, isScalar, isSeq, parseDocument, type Tags, type YAMLMap, type YAMLSeq } from 'yaml';

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A CloudFormation template with the short forms (`!Ref x`) written out (`{Ref: x}`). Throws at the first mistake. */
export const parseTemplate = (text: string): Record<string, unknown> => {
  const document = parseDocument(text, { customTags, merge: false });
  const [mistake] = [...document.errors, ...document.warnings];
  if (mistake !== undefined) throw mistake;
  const template: unknown = document.toJS();
  if (!isRecord(template)) throw new Error('The template is no mapping.');
  return template;
};

const functions = [
  'Base64',
  'EachMemberIn',
  'Equals',
  'GetAtt',
  'If',
  'Join',
  'Not',
  'RefAll',
  'Select',
  'Sub',
  'ValueOfAll',
];

/** YAML tags say how a node is read; each short form wraps what stands behind it. */
const customTags: Tags = ['Ref', ...functions].flatMap((name) => {
  const key = name === 'Ref' ? 'Ref' : `Fn::${name}`;
  const wrap = (value: unknown) => ({
    [key]: name === 'GetAtt' && typeof value === 'string' ? value.split('.') : value,
  });
  return [
    { tag: `!${name}`, resolve: wrap },
    {
      tag: `!${name}`,
      collection: 'seq' as const,
      resolve: (node: YAMLMap | YAMLSeq) => wrap(toValue(node)),
    },
  ];
});

const toValue = (node: unknown): unknown => {
  if (isSeq(node)) return node.items.map(toValue);
  if (isMap(node))
    return Object.fromEntries(node.items.map(({ key, value }) => [String(toValue(key)), toValue(value)]));
  return isScalar(node) ? toValue(node.value) : node;
};

/** Names of parameters, resources and pseudo parameters that Ref, GetAtt and Sub refer to, anywhere below. */
export const referencesOf = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.flatMap(referencesOf);
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref' && typeof inner === 'string') return [inner];
    if (key === 'Fn::GetAtt' && Array.isArray(inner)) return [String(inner[0])];
    if (key === 'Fn::Sub') return inSubstitution(inner);
    return referencesOf(inner);
  });
};

const inSubstitution = (value: unknown): string[] => {
  const [text, variables] = Array.isArray(value) ? value : [value, {}];
  const own = isRecord(variables) ? Object.keys(variables) : [];
  const names = [...String(text).matchAll(/\$\{([^!}][^}]*)\}/g)].map(
    ([, name = '']) => name.split('.')[0] ?? '',
  );
  return [...names.filter((name) => !own.includes(name)), ...referencesOf(variables)];
};
