/**
 * A value as an XML element. Structures become child elements, members that are undefined are left out, dates are
 * written in ISO 8601. Lists: their items are wrapped in `listTag`, or, where it is undefined, the element itself repeats.
 */
export const element = (name: string, value: unknown, listTag: string | undefined): string => {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) {
    if (listTag === undefined) return value.map((item) => element(name, item, listTag)).join('');
    return `<${name}>${value.map((item) => element(listTag, item, listTag)).join('')}</${name}>`;
  }
  return `<${name}>${content(value, listTag)}</${name}>`;
};

const content = (value: unknown, listTag: string | undefined): string => {
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object' || value === null) return escapeXml(String(value));
  return members(value, listTag);
};

/** The members of a structure as elements, without an element around them. */
export const members = (structure: object, listTag: string | undefined): string =>
  Object.entries(structure)
    .map(([name, member]) => element(name, member, listTag))
    .join('');

const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Control characters become character references, as S3 writes them. */
export const escapeXml = (text: string): string =>
  text.replaceAll(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to be escaped
    /[&<>"\u0000-\u0008\u000b-\u001f\u007f]/g,
    (character) => named[character] ?? `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`,
  );

export type XmlElement = {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
};

/**
 * Reads a small document: elements and text. Attributes and namespaces are passed over, document types refused (an
 * entity could otherwise be made to grow). Undefined where the text is not well-formed.
 */
export const readXml = (text: string): XmlElement | undefined => {
  const root: OpenElement = { name: '', text: '', children: [] };
  const open: OpenElement[] = [root];
  let position = 0;
  for (const match of text.matchAll(token)) {
    const current = open.at(-1);
    if (match.index !== position || current === undefined) return undefined;
    position += match[0].length;
    const [, closing, opening, selfClosing, characters] = match;
    if (characters !== undefined) current.text += unescapeXml(characters);
    else if (closing !== undefined && (open.length < 2 || open.pop()?.name !== closing)) return undefined;
    else if (opening !== undefined) {
      const child: OpenElement = { name: opening, text: '', children: [] };
      current.children.push(child);
      if (selfClosing !== '/') open.push(child);
    }
  }
  return position === text.length && open.length === 1 && root.children.length === 1
    ? root.children[0]
    : undefined;
};

type OpenElement = { name: string; text: string; children: OpenElement[] };

/** Declaration or comment; closing tag; opening tag; text. */
const token =
  /<\?[^>]*\?>|<!--[\s\S]*?-->|<\/([\w:.-]+)\s*>|<([\w:.-]+)(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(\/?)>|([^<]+)/g;

const unescapeXml = (text: string): string =>
  text.replaceAll(
    /&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/g,
    (whole, hex, decimal, name) => {
      if (name !== undefined)
        return { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }[String(name)] ?? whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(String(hex), 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
