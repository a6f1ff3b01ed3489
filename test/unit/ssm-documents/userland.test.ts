import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { packagedDocuments } from '../../../deploy/documents.ts';

/**
 * The options that the documents use, tool by tool. Each is in the manuals of both userlands, the older of which is
 * named here: Amazon Linux 2023 has coreutils 8.32, findutils 4.8.0, sed 4.8, tar 1.34, util-linux 2.37.4; Debian 12 has
 * coreutils 9.1, findutils 4.9.0, sed 4.9, tar 1.34, util-linux 2.38.1; both have grep 3.8, gzip 1.12, bash 5.2. Who adds an option looks it
 * up in these. Not in both, for instance: find -files0-from (4.9), cp --update=none (coreutils 9.3), mv --exchange (9.5).
 */
const inBoth: Readonly<Record<string, string>> = {
  bash: '-c',
  chmod: '--',
  chown: '-h',
  cp: '-- --attributes-only --no-dereference --preserve= --remove-destination --sparse= -T -t',
  cut: '-d -f',
  df: '-- --output= -B',
  find: '-executable -fprintf -links -maxdepth -mindepth -name -newerct -o -path -print -print0 -printf -prune -quit -readable -true -type',
  flock: '-n',
  grep: '-- -E -e -f -qE -qxF -v -vE',
  gzip: '-c -dc -dcf',
  head: '-- -c -n',
  ionice: '-c -p',
  join: '-a -e -o -v',
  ln: '-- -T -fT -sfT',
  mkdir: '-- -p',
  mv: '-- -T -f -fT -t',
  renice: '-n -p',
  rm: '-- -f -rf',
  rmdir: '-- --ignore-fail-on-non-empty',
  sed: '-E -e -f -n -nE -z',
  sha256sum: '-- -z',
  shuf: '-n',
  sort: '-S -k -m -o -s -t -u',
  split: '--bytes= -a -l -n -t',
  stat: '-c',
  sync: '-f',
  tail: '-n',
  tar: '--absolute-names --create --extract --file= --format= --hard-dereference --no-recursion --null --numeric-owner --preserve-permissions --sparse --warning=',
  timeout: '-k',
  touch: '-d -h',
  tr: '-d',
  wc: '-l',
  xargs: '-- -c -r',
};

const steps = z.object({
  mainSteps: z.array(z.object({ inputs: z.object({ runCommand: z.array(z.string()) }) })),
});
const lines = ['backup', 'restore', 'verify', 'prune'].flatMap((operation) =>
  steps
    .parse(packagedDocuments()[operation])
    .mainSteps.flatMap(({ inputs }) => inputs.runCommand)
    .join('\n')
    .replaceAll('\\\n', ' ')
    .split('\n'),
);
/** As the scripts themselves check it before they begin. */
const tools = new Set(
  [...lines.join('\n').matchAll(/_TOOLS='([^']*)'/g)].flatMap(([, names = '']) => names.split(/\s+/)),
);

/** `-k1,1` is -k, `-dQ` is -d with something that was quoted, `--format=x` is --format. */
const withoutValue = (option: string): string =>
  option.replace(/=.*/, '=').replace(/^(-[A-Za-z])(?:[^A-Za-z-].*|Q.*|-)$/, '$1');

/** Enough of a shell's grammar for scripts that are formatted and clean under shellcheck. */
const optionsUsed = (): ReadonlyMap<string, ReadonlySet<string>> => {
  const used = new Map<string, Set<string>>();
  for (const line of lines) {
    const bare = line
      .replaceAll(/\\./g, '_')
      .replaceAll(/'[^']*'/g, 'Q')
      .replaceAll(/"(?:[^"$]|\$\([^()]*\)|\$)*"/g, 'Q');
    for (const command of bare.split(/[|;&(){}`]+|\$\(/)) {
      let options: Set<string> | undefined;
      for (const word of command.trim().split(/\s+/)) {
        if (tools.has(word)) {
          options = used.get(word) ?? new Set();
          used.set(word, options);
        } else if (/^-[A-Za-z-]/.test(word)) options?.add(withoutValue(word));
      }
    }
  }
  return used;
};

describe('the documents run on Amazon Linux 2023 and Debian 12', () => {
  test('for they use no option that is not known to be in both', () => {
    const listed = Object.entries(inBoth).map(
      ([tool, options]) => [tool, new Set(options.split(' '))] as const,
    );
    const known = new Map(listed);
    for (const [tool, options] of optionsUsed())
      expect([tool, [...options].filter((option) => known.get(tool)?.has(option) !== true)]).toEqual([
        tool,
        [],
      ]);
  });

  test('and the list says no more than they use', () => {
    const used = optionsUsed();
    for (const [tool, options] of Object.entries(inBoth))
      expect([tool, options.split(' ').filter((option) => used.get(tool)?.has(option) !== true)]).toEqual([
        tool,
        [],
      ]);
  });

  test('and no tool that one of them has only as a package of its own', () => {
    const foreign = /(?:^|[|;&(]\s*)(awk|gawk|perl|python3?|jq|curl|rsync|lsof|fuser|inotifywait)\s/;
    expect(lines.filter((line) => foreign.test(line))).toEqual([]);
  });
});
