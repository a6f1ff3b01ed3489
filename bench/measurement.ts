import { z } from 'zod';
import { placeNames } from './works.ts';

/** One line of bench/driver.sh: what a peer's one go at a work cost. Figures of different boots are never compared. */
export const measurementSchema = z.strictObject({
  place: z.enum(placeNames),
  work: z.string(),
  peer: z.string(),
  round: z.number(),
  exit: z.number(),
  /** Whether the work was really done: exit code 0, and a look at what came of it. */
  good: z.enum(['yes', 'no']),
  seconds: z.number(),
  /** Processor seconds of the peer's processes. */
  cpuSeconds: z.number(),
  /** Processor seconds of the whole machine meanwhile, the kernel's NFS client included. */
  busySeconds: z.number(),
  /** The largest sum of resident sets of the peer's processes; what they share is counted for each. */
  peakBytes: z.number(),
  /** Calls on the share by kind, as /proc/self/mountstats names them; empty where there is no NFS. */
  calls: z.record(z.string(), z.number()),
  readBytes: z.number(),
  writtenBytes: z.number(),
  /** By how much the peer's folder on the share grew, on the server's disk. */
  storedBytes: z.number(),
});
export type Measurement = z.output<typeof measurementSchema>;

export const parseMeasurements = (lines: string): readonly Measurement[] =>
  lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => measurementSchema.parse(JSON.parse(line)));

/** The rounds of one peer at one work, as medians of those that were good. */
export type Summary = Pick<Measurement, 'place' | 'work' | 'peer'> & {
  readonly rounds: number;
  readonly failed: number;
  /** Undefined where no round was good. */
  readonly median:
    | (Pick<
        Measurement,
        'seconds' | 'busySeconds' | 'peakBytes' | 'readBytes' | 'writtenBytes' | 'storedBytes' | 'calls'
      > & {
        readonly callsInAll: number;
        /** Shortest and longest round. */
        readonly least: number;
        readonly most: number;
      })
    | undefined;
};

export const summarize = (measurements: readonly Measurement[]): readonly Summary[] =>
  [...Map.groupBy(measurements, ({ place, work, peer }) => `${place} ${work} ${peer}`).values()].flatMap(
    (rounds) => {
      const first = rounds[0];
      if (first === undefined) return [];
      const good = rounds.filter((round) => round.good === 'yes');
      return [
        {
          place: first.place,
          work: first.work,
          peer: first.peer,
          rounds: rounds.length,
          failed: rounds.length - good.length,
          median: good.length === 0 ? undefined : mediansOf(good),
        },
      ];
    },
  );

const mediansOf = (rounds: readonly Measurement[]): Summary['median'] => {
  const of = (figure: (round: Measurement) => number): number => median(rounds.map(figure));
  const kinds = [...new Set(rounds.flatMap((round) => Object.keys(round.calls)))].sort();
  return {
    seconds: of((round) => round.seconds),
    least: Math.min(...rounds.map((round) => round.seconds)),
    most: Math.max(...rounds.map((round) => round.seconds)),
    busySeconds: of((round) => round.busySeconds),
    peakBytes: of((round) => round.peakBytes),
    readBytes: of((round) => round.readBytes),
    writtenBytes: of((round) => round.writtenBytes),
    storedBytes: of((round) => round.storedBytes),
    calls: Object.fromEntries(kinds.map((kind) => [kind, of((round) => round.calls[kind] ?? 0)])),
    callsInAll: of((round) => Object.values(round.calls).reduce((sum, count) => sum + count, 0)),
  };
};

/** Of an even number, the mean of the two in the middle. NaN of none. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
};
