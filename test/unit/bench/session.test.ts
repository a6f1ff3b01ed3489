import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { lifeboat, lifeboatWithoutVerify } from '../../../bench/lifeboat.ts';
import { peers } from '../../../bench/peers.ts';
import { jobScript } from '../../../bench/session.ts';
import { scenarios, works } from '../../../bench/works.ts';

const all = [lifeboat, lifeboatWithoutVerify, ...peers];
const folders = { work: '/w', source: '/s', share: '/mnt/share', server: '/e', scratch: '/x' };
const tree = { path: '/w/tree', interval: 20, limit: 60 };
const job = (names: readonly string[], rounds: number, of: typeof all = all): string =>
  jobScript(
    { place: 'share', works: works.filter(({ name }) => names.includes(name)), peers: of, rounds },
    folders,
    tree,
    'begin',
  );
const goes = (script: string, work: string): readonly (string | undefined)[] => {
  let peer: string | undefined;
  return script.split('\n').flatMap((line) => {
    peer = /^as (\S+)/.exec(line)?.[1] ?? peer;
    return line.startsWith(`measure ${work} `) ? [peer] : [];
  });
};

test.each(scenarios.map(({ name }) => name))('the job of %s is a script that bash can read', (scenario) => {
  const script = job(
    works.filter((work) => work.scenario === scenario).map(({ name }) => name),
    3,
  );
  expect(spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  });
});

test('every peer runs once a round, and each round begins with another', () => {
  const order = goes(job(['unchanged'], 3), 'unchanged');
  const size = order.length / 3;
  const rounds = [0, 1, 2].map((round) => order.slice(round * size, (round + 1) * size));
  expect(new Set(rounds.map(([first]) => first)).size).toBe(3);
  for (const round of rounds) expect([...round].sort()).toEqual([...(rounds[0] ?? [])].sort());
  expect(rounds[0]).toContain('lifeboat');
});

test('a night alone is preceded by a first copy that is not measured', () => {
  const script = job(['unchanged'], 1);
  expect(goes(script, 'first-copy')).toEqual([]);
  for (const name of ['rsync', 'restic', 'lifeboat'])
    expect(script).toMatch(
      new RegExp(`^as ${name} .*\\n(export .*\\n)*(prepare is_done .*\\n)?prepare is_`, 'm'),
    );
});

test('what is pruned has something of its own: the nights after it have changed', () => {
  expect(job(['prune'], 2)).toMatch(/change_source 1\n[\s\S]*change_source 2\n[\s\S]*measure prune 1 /);
});

test('works know only peers that there are', () => {
  const names = [...all.map(({ name }) => name), 'lifeboat-other'];
  for (const work of works) for (const name of work.peers) expect(names).toContain(name);
});
