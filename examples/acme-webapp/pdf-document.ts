import { createCipheriv, hash } from 'node:crypto';

/** A PDF of one A4 page. Text is limited to printable ASCII, so that a character is a byte. */
export type PdfPage = {
  readonly title: string;
  readonly author: string;
  readonly created: Date;
  /** Page description operators (PDF 1.4, chapter 4 and 5); fonts are /Regular and /Bold. */
  readonly drawing: string;
};

/**
 * What the file is padded with: an attachment of noise, as a student would attach raw measurements. Seen by viewers in
 * their list of attachments, and not compressible, as real PDFs are not.
 */
export type PdfAttachment = { readonly name: string; readonly seed: string; readonly bytes: number };

/** A4 in points. */
export const pageWidth = 595;
export const pageHeight = 842;

/**
 * Writes PDF 1.4 by hand (Adobe's PDF Reference, third edition, 3.4: header, objects, cross-reference table, trailer).
 * The length of what is written is a sum of fixed parts, so {@link pdfOverhead} can tell it beforehand: numbers that
 * depend on the length are written with ten digits, as the cross-reference table's own are.
 */
export const pdfOf = (page: PdfPage, attachment?: PdfAttachment): Buffer => {
  const parts: Buffer[] = [header];
  const offsets: number[] = [];
  let length = header.length;
  const add = (part: Buffer) => {
    parts.push(part);
    length += part.length;
  };
  for (const [index, body] of objectsOf(page, attachment).entries()) {
    offsets.push(length);
    add(ascii(`${index + 1} 0 obj\n${body.head}`));
    if (body.stream !== undefined) {
      add(ascii('stream\n'));
      add(body.stream);
      add(ascii('\nendstream\n'));
    }
    add(ascii('endobj\n'));
  }
  add(ascii(trailerOf(offsets, length, page)));
  return Buffer.concat(parts, length);
};

type PdfObject = { readonly head: string; readonly stream?: Buffer };

// The second line tells programs that look at it that the file is binary (PDF Reference, 3.4.1).
const header = Buffer.from('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n', 'latin1');

const catalog = 1;
const pages = 2;
const info = 7;
const attached = 8;
const fileSpecification = 9;

const objectsOf = (page: PdfPage, attachment: PdfAttachment | undefined): readonly PdfObject[] => {
  const names =
    attachment === undefined
      ? ''
      : ` /Names << /EmbeddedFiles << /Names [(${escaped(attachment.name)}) ${fileSpecification} 0 R] >> >>`;
  const drawing = ascii(page.drawing);
  return [
    { head: `<< /Type /Catalog /Pages ${pages} 0 R${names} >>\n` },
    { head: '<< /Type /Pages /Kids [3 0 R] /Count 1 >>\n' },
    {
      head: `<< /Type /Page /Parent ${pages} 0 R /MediaBox [0 0 ${pageWidth} ${pageHeight}] /Contents 4 0 R /Resources << /Font << /Regular 5 0 R /Bold 6 0 R >> >> >>\n`,
    },
    { head: `<< /Length ${drawing.length} >>\n`, stream: drawing },
    fontOf('Helvetica'),
    fontOf('Helvetica-Bold'),
    {
      head: `<< /Title (${escaped(page.title)}) /Author (${escaped(page.author)}) /Creator (ACME upload portal) /CreationDate (${pdfDate(page.created)}) >>\n`,
    },
    ...(attachment === undefined ? [] : attachmentObjects(attachment)),
  ];
};

/** One of the fourteen fonts that every viewer has. */
const fontOf = (name: string): PdfObject => ({
  head: `<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding /WinAnsiEncoding >>\n`,
});

const attachmentObjects = ({ name, seed, bytes }: PdfAttachment): readonly PdfObject[] => [
  { head: `<< /Type /EmbeddedFile /Length ${tenDigits(bytes)} >>\n`, stream: noise(seed, bytes) },
  {
    head: `<< /Type /Filespec /F (${escaped(name)}) /EF << /F ${attached} 0 R >> /Desc (Raw measurements) >>\n`,
  },
];

const trailerOf = (offsets: readonly number[], start: number, page: PdfPage): string => {
  const rows = offsets.map((offset) => `${tenDigits(offset)} 00000 n \n`).join('');
  const id = hash('md5', `${page.title}/${page.author}/${page.created.getTime()}`);
  const size = offsets.length + 1;
  return `xref\n0 ${size}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${size} /Root ${catalog} 0 R /Info ${info} 0 R /ID [<${id}> <${id}>] >>\nstartxref\n${tenDigits(start)}\n%%EOF\n`;
};

/** Bytes that a file with this page and an attachment has beside the attachment's own. */
export const pdfOverhead = (page: PdfPage, attachmentName: string): number =>
  pdfOf(page, { name: attachmentName, seed: '', bytes: 0 }).length;

/** The key stream of AES-128 in counter mode: as good as random, a gigabyte a second, and the same for the same seed. */
const noise = (seed: string, bytes: number): Buffer => {
  if (bytes === 0) return Buffer.alloc(0);
  const digest = hash('sha256', `noise/${seed}`, 'buffer');
  return createCipheriv('aes-128-ctr', digest.subarray(0, 16), digest.subarray(16)).update(
    Buffer.alloc(bytes),
  );
};

const tenDigits = (value: number): string => String(value).padStart(10, '0');

/** Text as it may stand between the parentheses of a PDF string. */
export const escaped = (text: string): string => text.replaceAll(/[\\()]/g, '\\$&');

const pdfDate = (time: Date): string => `D:${time.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`;

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
