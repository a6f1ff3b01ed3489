/**
 * Block Kit's rules as Slack checks them (docs.slack.dev/reference/block-kit): each broken one as Slack words it, with
 * the place. Blocks that Lifeboat has no use for are refused as unsupported.
 */
export const blockErrors = (blocks: readonly unknown[]): readonly string[] => {
  const many = blocks.length > 50 ? ['no more than 50 items allowed [json-pointer:/blocks]'] : [];
  return [...many, ...blocks.flatMap((block, index) => errorsOf(block, `/blocks/${index}`))];
};

/** All text of all blocks. Slack refuses a message with more than about 13,200 as `msg_blocks_too_long`. */
export const blockCharacters = (value: unknown): number => {
  if (Array.isArray(value)) return value.reduce((total: number, each) => total + blockCharacters(each), 0);
  if (!isObject(value)) return 0;
  return Object.entries(value).reduce(
    (total, [key, each]) =>
      total + (key === 'text' && typeof each === 'string' ? each.length : blockCharacters(each)),
    0,
  );
};

export const mostBlockCharacters = 13_200;

type Fields = Readonly<Record<string, unknown>>;
export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const at = (message: string, pointer: string): string => `${message} [json-pointer:${pointer}]`;

const errorsOf = (block: unknown, pointer: string): readonly string[] => {
  if (!isObject(block)) return [at('must be an object', pointer)];
  const id = block.block_id;
  const idErrors =
    typeof id === 'string' && id.length > 255
      ? [at('must be less than 256 characters', `${pointer}/block_id`)]
      : [];
  return [...idErrors, ...contentErrors(block, pointer)];
};

const contentErrors = (block: Fields, pointer: string): readonly string[] => {
  switch (block.type) {
    case 'header':
      return [
        ...unknownFields(block, ['text'], pointer),
        ...textErrors(block.text, `${pointer}/text`, 150, ['plain_text']),
      ];
    case 'section':
      return [
        ...unknownFields(block, ['text', 'fields', 'accessory', 'expand'], pointer),
        ...sectionErrors(block, pointer),
      ];
    case 'context':
      return [
        ...unknownFields(block, ['elements'], pointer),
        ...contextErrors(block.elements, `${pointer}/elements`),
      ];
    case 'actions':
      return [
        ...unknownFields(block, ['elements'], pointer),
        ...actionErrors(block.elements, `${pointer}/elements`),
      ];
    case 'divider':
      return unknownFields(block, [], pointer);
    default:
      return [at(`unsupported type: ${String(block.type)}`, `${pointer}/type`)];
  }
};

const unknownFields = (block: Fields, known: readonly string[], pointer: string): readonly string[] =>
  Object.keys(block)
    .filter((name) => !['type', 'block_id', ...known].includes(name))
    .map((name) => at(`invalid additional property: ${name}`, pointer));

const sectionErrors = ({ text, fields }: Fields, pointer: string): readonly string[] => {
  if (text === undefined && fields === undefined)
    return [at('missing required field: text or fields', pointer)];
  const ofText = text === undefined ? [] : textErrors(text, `${pointer}/text`, 3000);
  if (fields === undefined) return ofText;
  if (!Array.isArray(fields)) return [...ofText, at('must be an array', `${pointer}/fields`)];
  const many = fields.length > 10 ? [at('no more than 10 items allowed', `${pointer}/fields`)] : [];
  return [
    ...ofText,
    ...many,
    ...fields.flatMap((field, index) => textErrors(field, `${pointer}/fields/${index}`, 2000)),
  ];
};

const contextErrors = (elements: unknown, pointer: string): readonly string[] => {
  if (!Array.isArray(elements)) return [at('missing required field: elements', pointer)];
  const many = elements.length > 10 ? [at('no more than 10 items allowed', pointer)] : [];
  return [...many, ...elements.flatMap((element, index) => textErrors(element, `${pointer}/${index}`, 2000))];
};

const actionErrors = (elements: unknown, pointer: string): readonly string[] => {
  if (!Array.isArray(elements)) return [at('missing required field: elements', pointer)];
  const many = elements.length > 25 ? [at('no more than 25 items allowed', pointer)] : [];
  const each = elements.flatMap((element, index) => {
    const place = `${pointer}/${index}`;
    if (!isObject(element) || element.type !== 'button') return [at('unsupported type', `${place}/type`)];
    const url = element.url;
    const long =
      typeof url === 'string' && url.length > 3000
        ? [at('must be less than 3001 characters', `${place}/url`)]
        : [];
    return [...long, ...textErrors(element.text, `${place}/text`, 75, ['plain_text'])];
  });
  return [...many, ...each];
};

const textErrors = (
  value: unknown,
  pointer: string,
  most: number,
  types: readonly string[] = ['plain_text', 'mrkdwn'],
): readonly string[] => {
  if (!isObject(value)) return [at('missing required field: text', pointer)];
  const { type, text, ...rest } = value;
  if (typeof type !== 'string' || !types.includes(type))
    return [at(`must be a valid type: ${types.join(', ')}`, `${pointer}/type`)];
  if (typeof text !== 'string') return [at('missing required field: text', `${pointer}/text`)];
  const extra = type === 'mrkdwn' ? 'verbatim' : 'emoji';
  return [
    ...Object.keys(rest)
      .filter((name) => name !== extra)
      .map((name) => at(`invalid additional property: ${name}`, pointer)),
    ...(text.length === 0 ? [at('must be more than 0 characters', `${pointer}/text`)] : []),
    ...(text.length > most ? [at(`must be less than ${most + 1} characters`, `${pointer}/text`)] : []),
  ];
};
