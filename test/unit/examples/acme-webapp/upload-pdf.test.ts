import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PDFArray, PDFDict, PDFDocument, PDFName, PDFRawStream } from 'pdf-lib';
import { teachingWeek } from '../../../../examples/acme-webapp/calendar.ts';
import { pdfOf } from '../../../../examples/acme-webapp/pdf-document.ts';
import {
  contentOf,
  fileNameOf,
  smallestFileSize,
  type Upload,
} from '../../../../examples/acme-webapp/upload-file.ts';

const anyUpload = fc
  .record({
    seed: fc.string(),
    student: fc.integer({ min: 1, max: 1_000_000 }),
    weekNumber: fc.integer({ min: 1, max: 480 }),
    revision: fc.constantFrom(1, 2),
  })
  .map(
    ({ seed, student, weekNumber, revision }): Upload => ({
      seed,
      student,
      when: teachingWeek(2025, weekNumber),
      revision: revision === 1 ? 1 : 2,
    }),
  );
const upload: Upload = { seed: 'acme', student: 42, when: { year: 2026, week: 7 }, revision: 1 };

describe('a PDF of an upload', () => {
  test('parses without a repair, has one page, and says whose it is', async () => {
    await fc.assert(
      fc.asyncProperty(anyUpload, fc.constantFrom(undefined, 4096, 5000, 20_000), async (any, size) => {
        const document = await PDFDocument.load(contentOf(any, size), {
          throwOnInvalidObject: true,
          updateMetadata: false,
        });
        expect(document.getPageCount()).toBe(1);
        expect(document.getPage(0).getSize()).toEqual({ width: 595, height: 842 });
        expect(document.getAuthor()).toContain(`(s${String(any.student).padStart(4, '0')})`);
        expect(document.getTitle()).toContain(`week ${any.when.week} of ${any.when.year}`);
      }),
      { numRuns: 60 },
    );
  });

  test('finds every object where its cross-reference table says', () => {
    fc.assert(
      fc.property(anyUpload, fc.constantFrom(undefined, 4096, 9999, 10_000), (any, size) => {
        const bytes = contentOf(any, size);
        const file = bytes.toString('latin1');
        const table = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(file)?.[1]);
        expect(file.startsWith('xref\n', table)).toBe(true);
        const rows = [...file.slice(table).matchAll(/^(\d{10}) 00000 n $/gm)];
        expect(rows.length).toBe(size === undefined ? 7 : 9);
        for (const [index, row] of rows.entries()) {
          expect(file.startsWith(`${index + 1} 0 obj\n`, Number(row[1]))).toBe(true);
        }
      }),
    );
  });

  test('streams are as long as they say', () => {
    fc.assert(
      fc.property(anyUpload, fc.constantFrom(undefined, 4096, 70_001), (any, size) => {
        const file = contentOf(any, size).toString('latin1');
        const streams = [...file.matchAll(/\/Length (\d+) >>\nstream\n/g)];
        expect(streams.length).toBe(size === undefined ? 1 : 2);
        for (const stream of streams) {
          const end = stream.index + stream[0].length + Number(stream[1]);
          expect(file.startsWith('\nendstream\nendobj\n', end)).toBe(true);
        }
      }),
    );
  });

  test('has exactly the size that was asked for, whoever and whenever', () => {
    const size = fc.oneof(
      fc.integer({ min: smallestFileSize, max: smallestFileSize + 300 }),
      fc.integer({ min: smallestFileSize, max: 1_100_000 }),
      fc.constantFrom(9_999, 10_000, 10_001, 99_999, 100_000, 999_999, 1_000_000),
    );
    fc.assert(
      fc.property(anyUpload, size, (any, bytes) => {
        expect(contentOf(any, bytes)).toHaveLength(bytes);
      }),
    );
  });

  test('carries its padding as an attachment that does not compress', async () => {
    const document = await PDFDocument.load(contentOf(upload, 100_000), { updateMetadata: false });
    const files = document.catalog
      .lookup(PDFName.of('Names'), PDFDict)
      .lookup(PDFName.of('EmbeddedFiles'), PDFDict);
    const specification = files.lookup(PDFName.of('Names'), PDFArray).lookup(1, PDFDict);
    const stream = specification.lookup(PDFName.of('EF'), PDFDict).lookup(PDFName.of('F'));
    expect(stream).toBeInstanceOf(PDFRawStream);
    const noise = stream instanceof PDFRawStream ? stream.contents : new Uint8Array();
    expect(noise.length).toBeGreaterThan(90_000);
    expect(new Set(noise).size).toBe(256);
    const { deflateSync } = await import('node:zlib');
    expect(deflateSync(noise).length).toBeGreaterThan(noise.length * 0.99);
  });

  test('is the same for the same upload, and another for each seed, student, week and revision', () => {
    const digest = (any: Upload) => createHash('sha256').update(contentOf(any, undefined)).digest('hex');
    expect(digest({ ...upload })).toBe(digest(upload));
    const others: readonly Upload[] = [
      { ...upload, seed: 'other' },
      { ...upload, student: 43 },
      { ...upload, when: { year: 2026, week: 8 } },
      { ...upload, when: { year: 2027, week: 7 } },
      { ...upload, revision: 2 },
    ];
    expect(new Set([upload, ...others].map(digest)).size).toBe(6);
  });
});

test('words with PDF syntax in them stay words', async () => {
  const title = 'a) b ( c \\ d \\) >> endobj';
  const page = { title, author: 'x', created: new Date(0), drawing: '' };
  const document = await PDFDocument.load(pdfOf(page), { throwOnInvalidObject: true, updateMetadata: false });
  expect(document.getTitle()).toBe(title);
  expect(document.getCreationDate()).toEqual(new Date(0));
});

test('a file is named <student>_<week>_<year>.pdf', () => {
  expect(fileNameOf(42, { year: 2026, week: 7 })).toBe('s0042_07_2026.pdf');
  expect(fileNameOf(12_345, { year: 2026, week: 48 })).toBe('s12345_48_2026.pdf');
});
