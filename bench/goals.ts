import type { Summary } from './measurement.ts';
import type { Peer } from './peers.ts';
import type { PlaceName } from './works.ts';

/** What the engine has to reach, measured. */
export type Verdict = {
  readonly place: PlaceName;
  readonly work: string;
  readonly goal: string;
  /** `not-measured`: one of the two sides was not there, or failed. */
  readonly result: 'reached' | 'missed' | 'not-measured';
  readonly measured: string;
};

type Median = NonNullable<Summary['median']>;
type Figures = (work: string, peer: string) => Median | undefined;
type Goal = Pick<Verdict, 'place' | 'work' | 'goal'> & {
  readonly judge: (figures: Figures, peers: readonly Peer[]) => Pick<Verdict, 'result' | 'measured'>;
};

const notMeasured = { result: 'not-measured', measured: 'not measured' } as const;

/** How much longer than Lifeboat a peer takes. */
const timesAsLong =
  (least: number, work: string, ...names: readonly string[]): Goal['judge'] =>
  (figures) => {
    const own = figures(work, 'lifeboat');
    const ratios = names.map((name) => ratioOf(figures(work, name), own));
    if (own === undefined || ratios.some((ratio) => ratio === undefined)) return notMeasured;
    const all = ratios.filter((ratio) => ratio !== undefined);
    return {
      result: all.every((ratio) => ratio >= least) ? 'reached' : 'missed',
      measured: `${all.map((ratio) => ratio.toFixed(2)).join(', ')} ×; ${whatLimits(own)}`,
    };
  };

const bestParallel =
  (least: number, work: string): Goal['judge'] =>
  (figures, peers) => {
    const own = figures(work, 'lifeboat');
    const [best] = peers
      .filter(({ kind }) => kind === 'parallel')
      .flatMap((peer) => {
        const ratio = ratioOf(figures(work, peer.name), own);
        return ratio === undefined ? [] : [{ title: peer.title, ratio }];
      })
      .sort((a, b) => a.ratio - b.ratio);
    if (own === undefined || best === undefined) return notMeasured;
    return {
      result: best.ratio >= least ? 'reached' : 'missed',
      measured: `${best.ratio.toFixed(2)} × ${best.title}; ${whatLimits(own)}`,
    };
  };

const ratioOf = (peer: Median | undefined, own: Median | undefined): number | undefined =>
  peer === undefined || own === undefined ? undefined : peer.seconds / own.seconds;

/** What a run waited for: the processor was busy, or it waited for the share or the disk. */
const whatLimits = (own: Median): string => {
  const busy = `processors busy ${Math.round((100 * own.busySeconds) / own.seconds)} %`;
  return own.callsInAll === 0 ? busy : `${own.callsInAll} calls, ${busy}`;
};

/** Calls of a night with all files against one with a tenth of them. A handful is given for what the clock lets happen. */
const sameCalls =
  (name: string): Goal['judge'] =>
  (figures) => {
    const [all, few] = [figures('unchanged', name), figures('unchanged-few', name)];
    if (all === undefined || few === undefined) return notMeasured;
    return {
      result: Math.abs(all.callsInAll - few.callsInAll) <= 5 ? 'reached' : 'missed',
      measured: `${all.callsInAll} calls, ${few.callsInAll} with a tenth of the files`,
    };
  };

/** Against the rm -rf of a night of hard links, which costs calls for every file that exists. A hundredth of them is deleted. */
const callsOfWhatIsDeleted: Goal['judge'] = (figures) => {
  const [own, all] = [figures('prune', 'lifeboat'), figures('prune', 'rsync-link-dest')];
  if (own === undefined || all === undefined) return notMeasured;
  return {
    result: own.callsInAll <= all.callsInAll / 10 ? 'reached' : 'missed',
    measured: `${own.callsInAll} calls; rm -rf of a night of hard links: ${all.callsInAll}`,
  };
};

const atMost =
  (most: number, work: string, name: string): Goal['judge'] =>
  (figures) => {
    const [own, peer] = [figures(work, 'lifeboat'), figures(work, name)];
    const ratio = ratioOf(own, peer);
    if (own === undefined || ratio === undefined) return notMeasured;
    return {
      result: ratio <= most ? 'reached' : 'missed',
      measured: `${ratio.toFixed(2)} ×; ${whatLimits(own)}`,
    };
  };

const memoryBelow =
  (bytes: number, work: string): Goal['judge'] =>
  (figures) => {
    const own = figures(work, 'lifeboat');
    if (own === undefined) return notMeasured;
    return {
      result: own.peakBytes < bytes ? 'reached' : 'missed',
      measured: `${Math.round(own.peakBytes / 1e6)} MB`,
    };
  };

const share = (work: string, goal: string, judge: Goal['judge']): Goal => ({
  place: 'share',
  work,
  goal,
  judge,
});
const local = (work: string, goal: string, judge: Goal['judge']): Goal => ({
  place: 'local',
  work,
  goal,
  judge,
});

const goals: readonly Goal[] = [
  share('first-copy', 'at least 6 × rsync -a', timesAsLong(6, 'first-copy', 'rsync')),
  share('first-copy', 'at least 1.3 × the best parallel peer', bestParallel(1.3, 'first-copy')),
  share('unchanged', 'at least 8 × rsync -a and restic', timesAsLong(8, 'unchanged', 'rsync', 'restic')),
  share('unchanged', 'calls do not depend on the number of files', sameCalls('lifeboat')),
  share('unchanged', 'the same with verify.nights: 0', sameCalls('lifeboat-no-verify')),
  share('changed', 'at least 5 × rsync -a', timesAsLong(5, 'changed', 'rsync')),
  share('restore', 'at least 4 × rsync -a', timesAsLong(4, 'restore', 'rsync')),
  share('restore', 'at least 1.2 × the best parallel peer', bestParallel(1.2, 'restore')),
  share('prune', 'calls in proportion to what is deleted', callsOfWhatIsDeleted),
  share('large-file', 'at least 0.95 × cp', timesAsLong(0.95, 'large-file', 'cp')),
  local('large-file', 'at least 0.95 × cp', timesAsLong(0.95, 'large-file', 'cp')),
  local('million-cold', 'at most 2 × find -printf', atMost(2, 'million-cold', 'find')),
  local('million-warm', 'at most 2 × find -printf', atMost(2, 'million-warm', 'find')),
  local('million-cold', 'under 300 MB', memoryBelow(300e6, 'million-cold')),
];

/** Every goal, also those that were not measured: silence would look like success. */
export const judgeGoals = (summaries: readonly Summary[], peers: readonly Peer[]): readonly Verdict[] =>
  goals.map(({ place, work, goal, judge }) => ({
    place,
    work,
    goal,
    ...judge(
      (ofWork, peer) =>
        summaries.find((each) => each.place === place && each.work === ofWork && each.peer === peer)?.median,
      peers,
    ),
  }));
