import { expect } from '@jest/globals';
import { type Fault, faultOptions } from './fault-library.ts';
import { type Ended, lineOf, type RunOptions, type TestInstance } from './instance.ts';

/** A prune, as it is broken: on copies of `instance`, at any of its `changes` to the share. */
export type Breakable = {
  readonly library: string | undefined;
  readonly instance: TestInstance;
  readonly changes: number;
  readonly prune: (course: TestInstance, options: RunOptions) => Promise<Ended>;
  /** What holds after a broken one, and what the next one makes of it. */
  readonly holds: (course: TestInstance) => Promise<void>;
};

/** At every n-th change, two courses at a time; LIFEBOAT_FAULT_STEP=1 for all. */
export const breakEverywhere = async (
  breakable: Breakable,
  fault: Fault,
  usualStep: number,
): Promise<void> => {
  const step = Number(process.env.LIFEBOAT_FAULT_STEP ?? usualStep);
  const points = Array.from({ length: breakable.changes }, (_, index) => index + 1).filter(
    (n) => n % step === 0,
  );
  const broken: string[] = [];
  const worker = async (): Promise<void> => {
    for (let n = points.shift(); n !== undefined; n = points.shift())
      await breakAt(breakable, fault, n).catch((error: Error) =>
        broken.push(`${error.message}: ${error.cause}`),
      );
  };
  await Promise.all([worker(), worker()]);
  expect(broken).toEqual([]);
};

const breakAt = async (
  { library, instance, prune, holds }: Breakable,
  fault: Fault,
  n: number,
): Promise<void> => {
  const course = instance.twin();
  try {
    expectHonest(await prune(course, faultOptions(library ?? '', course, fault, n)), fault);
    await holds(course);
  } catch (error) {
    throw new Error(`broken at change ${n} (${JSON.stringify(fault)})`, { cause: error });
  } finally {
    course.remove();
  }
};

const expectHonest = (ended: Ended, fault: Fault): void => {
  if (fault.kind === 'kill') {
    expect(ended.stdout === '' || lineOf(ended).outcome !== 'failed').toBe(true);
    return;
  }
  const line = lineOf(ended);
  if (line.outcome === 'failed')
    expect([line.detail, line.cause]).toEqual([
      line.detail,
      fault.errno === 28 ? 'share-full' : 'share-error',
    ]);
};
