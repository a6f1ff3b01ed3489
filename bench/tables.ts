import type { Verdict } from './goals.ts';
import type { Summary } from './measurement.ts';
import type { Peer } from './peers.ts';
import { type PlaceName, placeNames, works } from './works.ts';

/** A comparison: all that was measured of one work in one place. Rows of words, the first names the columns. */
export type Table = {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
};

const placeTitles: Record<PlaceName, string> = {
  share: 'NFSv4.1 share',
  local: 'local disk',
};

export const comparisonTables = (summaries: readonly Summary[], peers: readonly Peer[]): readonly Table[] =>
  placeNames.flatMap((place) =>
    works.flatMap((work) => {
      const measured = summaries.filter((each) => each.place === place && each.work === work.name);
      const own = measured.find(({ peer }) => peer === 'lifeboat')?.median?.seconds;
      if (measured.length === 0) return [];
      const rows = work.peers.flatMap((name) => {
        const summary = measured.find(({ peer }) => peer === name);
        const title = peers.find((peer) => peer.name === name)?.title ?? name;
        return summary === undefined ? [] : [rowOf(title, summary, own, place)];
      });
      return [{ title: `${work.title}, ${placeTitles[place]}`, rows: [columns(place), ...rows] }];
    }),
  );

const columns = (place: PlaceName): readonly string[] => [
  ...['', '× Lifeboat', 'seconds', 'shortest–longest', 'processors busy', 'peak memory'],
  ...(place === 'share' ? ['NFS calls', 'sent', 'received'] : []),
  'stored',
];

const rowOf = (
  title: string,
  { median, failed, rounds }: Summary,
  own: number | undefined,
  place: PlaceName,
): readonly string[] => {
  if (median === undefined) return [title, `failed ${failed} of ${rounds}`];
  return [
    failed === 0 ? title : `${title} (failed ${failed} of ${rounds})`,
    own === undefined ? '–' : (median.seconds / own).toFixed(2),
    median.seconds.toFixed(2),
    `${median.least.toFixed(2)}–${median.most.toFixed(2)}`,
    `${Math.round((100 * median.busySeconds) / Math.max(median.seconds, 0.001))} %`,
    megabytes(median.peakBytes),
    ...(place === 'share'
      ? [count(median.callsInAll), megabytes(median.writtenBytes), megabytes(median.readBytes)]
      : []),
    megabytes(median.storedBytes),
  ];
};

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 9.95e6 ? 1 : 0)} MB`;
const count = (number: number): string => Math.round(number).toLocaleString('en');

/** Which calls they are: a row for each peer, a column for each kind that makes up at least a hundredth of some peer's calls. */
export const callTables = (summaries: readonly Summary[], peers: readonly Peer[]): readonly Table[] =>
  works.flatMap((work) => {
    const measured = work.peers.flatMap((name) =>
      summaries.filter(
        ({ place, peer, work: of, median }) =>
          place === 'share' && of === work.name && peer === name && median !== undefined,
      ),
    );
    const counts = measured.map(({ median }) => median?.calls ?? {});
    const kinds = [...new Set(counts.flatMap((each) => Object.keys(each)))]
      .filter((kind) => counts.some((each) => (each[kind] ?? 0) >= 0.01 * sum(Object.values(each))))
      .sort();
    if (measured.length === 0) return [];
    return [
      {
        title: `Calls: ${work.title.toLowerCase()}`,
        rows: [
          ['', ...kinds],
          ...measured.map(({ peer, median }) => [
            peers.find(({ name }) => name === peer)?.title ?? peer,
            ...kinds.map((kind) => count(median?.calls[kind] ?? 0)),
          ]),
        ],
      },
    ];
  });

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export const goalTable = (verdicts: readonly Verdict[]): Table => ({
  title: 'Goals',
  rows: [
    ['work', 'goal', 'result', 'measured'],
    ...verdicts.map(({ place, work, goal, result, measured }) => [
      `${works.find(({ name }) => name === work)?.title ?? work}, ${placeTitles[place]}`,
      goal,
      result === 'not-measured' ? '–' : result === 'missed' ? '**missed**' : 'reached',
      measured,
    ]),
  ],
});

/** For a terminal: figures to the right, in columns. */
export const asText = ({ title, rows }: Table): string => {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  return `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
};

export const asMarkdown = ({ title, rows }: Table): string => {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]) =>
    `| ${head.map((_, column) => cells[column] ?? '').join(' | ')} |\n`;
  const rule = `|${head.map((_, column) => (column === 0 ? '---|' : '--:|')).join('')}\n`;
  return `### ${title}\n\n${line(head)}${rule}${body.map(line).join('')}`;
};
