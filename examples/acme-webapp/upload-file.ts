import {
  closeSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { correctionTime, type TeachingWeek, uploadTime } from './calendar.ts';
import { drawsOf } from './draws.ts';
import { pdfOf, pdfOverhead } from './pdf-document.ts';
import { pageOf } from './report-page.ts';
import { studentNumber, studentOf } from './students.ts';

/** One file of the web application: whose, of which week, and whether it is the corrected one. */
export type Upload = {
  readonly seed: string;
  /** Counted from 1. */
  readonly student: number;
  readonly when: TeachingWeek;
  readonly revision: 1 | 2;
};

/**
 * The smallest `fileSize`, in bytes: the longest report takes 3,700 with an empty attachment, and every upload of
 * a plan has the same size.
 */
export const smallestFileSize = 4096;

/** `s0042_07_2026.pdf` */
export const fileNameOf = (student: number, { week, year }: TeachingWeek): string =>
  `${studentNumber(student)}_${String(week).padStart(2, '0')}_${year}.pdf`;

/** The file's modification time: the evening of the week's deadline, or a day of the week after it when corrected. */
export const uploadedAt = ({ seed, student, when, revision }: Upload): Date => {
  const draws = drawsOf(seed, 'time', student, when.year, when.week, revision);
  return revision === 1 ? uploadTime(when, draws) : correctionTime(when, draws);
};

/** The PDF, the same bytes for the same upload; exactly `fileSize` bytes where that is given. */
export const contentOf = (upload: Upload, fileSize: number | undefined): Buffer => {
  const { seed, when, revision } = upload;
  const student = studentOf(seed, upload.student);
  const page = pageOf({ seed, student, when, revision, uploaded: uploadedAt(upload) });
  if (fileSize === undefined) return pdfOf(page);
  const name = `measurements-${student.number}.bin`;
  const bytes = fileSize - pdfOverhead(page, name);
  return pdfOf(page, {
    name,
    seed: `${seed}/${student.number}/${when.year}/${when.week}/${revision}`,
    bytes,
  });
};

/**
 * Writes an upload as the web application does: whole or not at all under its name, mode 0644, with its own time.
 * Answers the bytes written. Synchronous on purpose: for 9,600 files of 3 KB that is faster than four at a time.
 */
export const writeUpload = (folder: string, upload: Upload, fileSize: number | undefined): number => {
  const name = fileNameOf(upload.student, upload.when);
  const unfinished = join(folder, `${unfinishedPrefix}${name}`);
  const content = contentOf(upload, fileSize);
  const file = openSync(unfinished, 'w', 0o644);
  try {
    for (let written = 0; written < content.length; ) written += writeSync(file, content, written);
    // Not left to the umask; before the times, which it would not change, but the owner would.
    fchmodSync(file, 0o644);
    if (webServer !== undefined) fchownSync(file, webServer, webServer);
    const time = uploadedAt(upload);
    futimesSync(file, time, time);
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, join(folder, name));
  return content.length;
};

/** Names in a folder; what an interrupted writer left unfinished is removed. */
export const namesIn = (folder: string): ReadonlySet<string> => {
  const names = new Set(readdirSync(folder));
  for (const name of names) {
    if (!name.startsWith(unfinishedPrefix)) continue;
    rmSync(join(folder, name), { force: true });
    names.delete(name);
  }
  return names;
};

const unfinishedPrefix = '.uploading-';

/** www-data of Debian, user and group, when there is the right to give files away. */
const webServer = process.getuid?.() === 0 ? 33 : undefined;
