/**
 * ACME Singapore University's uploads: what the instances of group `acme-web` hold before a night.
 * `npx node examples/acme-webapp/uploads.ts --help` writes them by hand.
 */
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from './command-line.ts';

export { type AcmeState, parseAcmeState } from './acme-state.ts';
export { type NextWeek, type NextWeekOptions, nextWeek } from './next-week.ts';
export type { UploadsProgress } from './progress.ts';
export { smallestFileSize } from './upload-file.ts';
export { type UploadsOptions, type WrittenUploads, writeUploads } from './write-uploads.ts';

const startedAs = process.argv[1] ?? '';
if (existsSync(startedAs) && realpathSync(startedAs) === fileURLToPath(import.meta.url)) {
  process.exitCode = await runCommandLine(process.argv.slice(2), process.stdout, process.stderr);
}
