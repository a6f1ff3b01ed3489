import { setImmediate as letOthersRun } from 'node:timers/promises';

/** Files looked at so far, of all; and the bytes written for them. */
export type UploadsProgress = { readonly files: number; readonly of: number; readonly bytes: number };

const filesBetweenPauses = 64;
const bytesBetweenPauses = 8_000_000;

/**
 * Counts one file a call, with the bytes written for it. Now and then it tells, and lets others of the process run:
 * writing is synchronous, and signals and progress lines must not wait for its end.
 */
export const countUploads = (of: number, onProgress: ((progress: UploadsProgress) => void) | undefined) => {
  let files = 0;
  let bytes = 0;
  let lastPause = { files, bytes };
  return async (written: number): Promise<void> => {
    files += 1;
    bytes += written;
    const due =
      files === of ||
      files - lastPause.files >= filesBetweenPauses ||
      bytes - lastPause.bytes >= bytesBetweenPauses;
    if (!due) return;
    lastPause = { files, bytes };
    onProgress?.({ files, of, bytes });
    await letOthersRun();
  };
};
