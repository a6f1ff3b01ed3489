import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { packagedDocuments } from '../deploy/documents.ts';
import { documentScript, marker, type Operation, plan, shareId } from '../test/faults/instance.ts';
import type { Check, Peer, Step } from './peers.ts';

/**
 * How Lifeboat's documents are run outside the agent: the packaged script with its parameters put in, the instance's id and
 * the state folder in the environment. Nothing else in bench/ knows about it. Another operation is one more entry in
 * {@link uses}.
 */
export type Lifeboat = Peer & {
  /** What `steps` runs from $scripts, for goes 1 to `times`. */
  readonly scripts: (places: Places, times: number) => readonly Script[];
};

/** Where a session has what is saved, the mounted share, and the folder that restores go to. */
export type Places = { readonly source: string; readonly share: string; readonly out: string };
export type Script = { readonly name: string; readonly text: string };

/** What a checkout knows of its documents. */
type Documents = {
  readonly operations: readonly string[];
  readonly script: (parameters: Readonly<Record<string, string>>, operation: Operation) => string;
};

/** How an operation stands among the steps of all peers: which they are, by what it is numbered, and its parameters. */
type Use = {
  readonly operation: Operation;
  readonly steps: readonly Step[];
  readonly number: '$night' | '$round';
  readonly check: Check;
  readonly parameters: (places: Places) => Readonly<Record<string, string>>;
  /** How the script is run where a parameter is known only then. Default: as it is. */
  readonly run?: (script: string) => string;
};

/** Stands in the script where the driver puts how many recovery points stay. */
const stayingMark = '98765';

const uses: readonly Use[] = [
  {
    operation: 'backup',
    steps: ['first', 'night'],
    number: '$night',
    check: 'is_protected',
    parameters: ({ source }) => ({ source }),
  },
  {
    operation: 'restore',
    steps: ['restore'],
    number: '$round',
    check: 'is_restored',
    parameters: ({ out }) => ({ into: out }),
  },
  {
    operation: 'verify',
    steps: ['verify'],
    number: '$round',
    check: 'is_protected',
    parameters: ({ source }) => ({ source }),
  },
  {
    operation: 'prune',
    steps: ['prune'],
    number: '$round',
    check: 'is_pruned',
    parameters: () => ({ last: stayingMark }),
    run: (script) => `bash -c 'sed "s/${stayingMark}/$1/" "$2" | bash' bash "$((night - pruned))" ${script}`,
  },
];

/** What the documents start besides bash; starting those that are not there costs nothing. */
const programs = [
  ...[
    'bash',
    'cat',
    'chmod',
    'chown',
    'comm',
    'cp',
    'cut',
    'find',
    'flock',
    'grep',
    'gzip',
    'head',
    'join',
    'ln',
    'ls',
    'mkdir',
  ],
  ...[
    'mkfifo',
    'mv',
    'rm',
    'rsync',
    'sed',
    'sha256sum',
    'sleep',
    'sort',
    'split',
    'stat',
    'sync',
    'tail',
    'tar',
    'timeout',
    'tr',
  ],
  ...['uniq', 'wc', 'xargs'],
];

type Variant = {
  readonly name: string;
  readonly title: string;
  readonly note: string;
  readonly backup?: Readonly<Record<string, string>>;
};

const lifeboatPeer = ({ name, title, note, backup }: Variant, documents: Documents): Lifeboat => {
  const known = uses.filter(({ operation }) => documents.operations.includes(operation));
  return {
    name,
    title,
    kind: 'lifeboat',
    note,
    packages: {},
    programs,
    folder: `${plan}/i-${name}-$generation`,
    environment: { AWS_SSM_INSTANCE_ID: `i-${name}-$generation`, LIFEBOAT_STATE_DIR: '$state' },
    steps: Object.fromEntries(
      known.flatMap(({ operation, steps, number, check, run }) => {
        const script = `"$scripts/${name}-${operation}-${number}.sh"`;
        return steps.map((step) => [step, { run: run?.(script) ?? `bash ${script}`, check }]);
      }),
    ),
    scripts: ({ share, ...places }, times) =>
      known.flatMap(({ operation, parameters }) =>
        Array.from({ length: times }, (_, index) => ({
          name: `${name}-${operation}-${index + 1}.sh`,
          text: documents.script(
            {
              run: runOf(operation, index + 1),
              share,
              ...parameters({ share, ...places }),
              ...(operation === 'backup' ? backup : {}),
            },
            operation,
          ),
        })),
      ),
  };
};

/** Goes follow each other by the minute: a session has more nights than a month has days. */
const runOf = (operation: Operation, number: number): string => {
  const time = new Date(Date.UTC(2026, 10, 1, 18, number)).toISOString();
  return `${plan}/${time.replaceAll(/[-:]|\.\d+/g, '')}-${operation}`;
};

/** What makes a folder the share that Lifeboat takes: a command in words of bash. */
export const markShare = (share: string): string =>
  `printf '%s\\n' '${marker(shareId).trim()}' >${share}/lifeboat.json`;

const ours: Documents = { operations: Object.keys(packagedDocuments()), script: documentScript };

/** As deployed, and what all figures are compared with. */
export const lifeboat: Lifeboat = lifeboatPeer(
  {
    name: 'lifeboat',
    title: 'Lifeboat',
    note: 'keeps every night, proves by SHA-256 what it copied, reads a 28th part back each night',
  },
  ours,
);

export const lifeboatWithoutVerify: Lifeboat = lifeboatPeer(
  {
    name: 'lifeboat-no-verify',
    title: 'Lifeboat, verify.nights: 0',
    note: 'the same without reading back, as no peer reads back',
    backup: { verifyNights: '0' },
  },
  ours,
);

const instanceModule = z.object({
  documentScript: z.custom<Documents['script']>((value) => typeof value === 'function'),
});
const documentsModule = z.object({
  packagedDocuments: z.custom<typeof packagedDocuments>((value) => typeof value === 'function'),
});

/** Another checkout of Lifeboat, to be measured in the same boot. It needs its own node_modules. */
export const lifeboatOf = async (checkout: string): Promise<Lifeboat> => {
  const moduleAt = (path: string): Promise<unknown> =>
    import(pathToFileURL(join(resolve(checkout), path)).href);
  const { documentScript: script } = instanceModule.parse(await moduleAt('test/faults/instance.ts'));
  const { packagedDocuments: theirs } = documentsModule.parse(await moduleAt('deploy/documents.ts'));
  return lifeboatPeer(
    { name: 'lifeboat-other', title: 'Lifeboat, the other checkout', note: 'given by --against' },
    { operations: Object.keys(theirs()), script },
  );
};
