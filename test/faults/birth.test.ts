import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { buildFaultLibrary } from './fault-library.ts';
import { type Ended, night, plan, textOf } from './instance.ts';
import { account, type Group, makeGroup, type Newborn, region, shareInside } from './newborn.ts';
import { stackUserData } from './user-data.ts';

jest.setTimeout(120_000);

const [first, second, third] = ['i-0000000000000000a', 'i-0000000000000000b', 'i-0000000000000000c'];
const born = (n: number): string => `i-1111111111111111${n}`;

let group: Group;
beforeEach(() => {
  group = makeGroup();
});
afterEach(() => group.remove());

const good = (ended: Ended): Ended => {
  if (ended.code !== 0) throw new Error(`${ended.code} ${ended.signal}\n${ended.stdout}${ended.stderr}`);
  return ended;
};
const files = ({ data }: Newborn): readonly string[] => readdirSync(data).sort();
const stateOf = (instance: string): readonly string[] =>
  readdirSync(join(group.share, plan, instance, 'state')).sort();
const claimsOf = (instance: string): readonly string[] =>
  stateOf(instance).filter((name) => name.startsWith('adoption'));
const claimOf = (instance: string, number: number): { by: string } =>
  JSON.parse(textOf(group.share, plan, instance, 'state', `adoption.${number}`));
/** Lets a mark on the share be a day older than it is. */
const age = (instance: string, mark: string): void => {
  const path = join(group.share, plan, instance, 'state', mark);
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace(
      /"at":"[^"]*"/,
      `"at":"${new Date(Date.now() - 86_400_000).toISOString().slice(0, 19)}Z"`,
    ),
  );
};

describe('adopt', () => {
  test('takes the newest recovery point of an instance that is gone, once', async () => {
    await group.gone(first, night(1), { older: 'of the first' });
    await group.gone(second, night(2), { newer: 'of the second' });
    const [one, two, three] = [1, 2, 3].map((n) => group.newborn(born(n))) as [Newborn, Newborn, Newborn];
    for (const each of [one, two, three]) good(await each.birth());
    expect([one, two, three].map(files)).toEqual([['newer'], ['older'], []]);
    expect(textOf(one.data, 'newer')).toBe('of the second');
    expect(claimOf(second, 1).by).toBe(born(1));
    expect(three.log()).toContain('nobody is gone whose files nobody has taken over');
  });

  test('leaves alone what an instance has that is not terminated', async () => {
    const states = ['running', 'pending', 'stopping', 'stopped', 'shutting-down'];
    for (const [n, state] of states.entries())
      group.ghost(`i-0000000000000000${n}`, { state, account, region, group: plan });
    const one = group.newborn(born(1));
    good(await one.birth());
    expect(files(one)).toEqual([]);
    for (const n of states.keys()) expect(stateOf(`i-0000000000000000${n}`)).toEqual(['born']);
  });

  test('believes that an instance which EC2 does not know is gone only when it is no newborn', async () => {
    await group.gone(first, night(1), { a: 'a' });
    group.ec2(first, undefined);
    const [one, two] = [group.newborn(born(1)), group.newborn(born(2))];
    good(await one.birth());
    expect(files(one)).toEqual([]);
    age(first, 'born');
    good(await two.birth());
    expect(files(two)).toEqual(['a']);
  });

  test('leaves alone what belongs to another group, account or region, or says nothing of itself', async () => {
    const usual = { state: 'terminated', account, region, group: plan };
    const others = [
      { ...usual, group: 'acme-api' },
      { ...usual, account: '210987654321' },
      { ...usual, region: 'eu-west-1' },
    ];
    for (const [n, other] of others.entries()) group.ghost(`i-0000000000000000${n}`, other);
    group.ghost(first, usual);
    rmSync(join(group.share, plan, first, 'state/born'));
    const one = group.newborn(born(1));
    good(await one.birth());
    expect(files(one)).toEqual([]);
  });

  test("takes nothing while EC2 does not name the newborn itself: its word on others doesn't count", async () => {
    await group.gone(first, night(1), { a: 'a' });
    const one = group.newborn(born(1), { launch_hook: 'lifeboat-birth' });
    group.ec2(born(1), undefined);
    expect((await one.birth()).code).toBe(1);
    expect(one.log()).toContain('EC2 does not know this instance yet');
    expect(group.calls()).toEqual([]);
    expect(stateOf(first)).not.toContain('adoption.1');
    group.ec2(born(1), 'pending');
    good(await one.birth());
    expect(files(one)).toEqual(['a']);
  });

  test('of three that have seen no claim, and then make theirs, one has it', async () => {
    await group.gone(first, night(1), { a: 'a' });
    // All of them have written what they will claim with before anybody goes on.
    group.program(
      'sync',
      `if [[ $* == */claim.new ]]; then
  : >"/mnt/cloud/at-$NEWBORN"
  for ((tries = 0; tries < 600; tries++)); do
    there=(/mnt/cloud/at-*)
    if ((\${#there[@]} >= 3)); then break; fi
    sleep 0.05
  done
fi
PATH=/usr/bin:/bin exec sync "$@"`,
    );
    const newborns = [1, 2, 3].map((n) => group.newborn(born(n)));
    for (const ended of await Promise.all(newborns.map((each) => each.birth()))) good(ended);
    expect(newborns.flatMap(files)).toEqual(['a']);
    expect(claimsOf(first)).toEqual(['adoption.1', 'adoption.1.done']);
  });

  test('of eight newborns at once no two take the same, and nothing is left that one could have', async () => {
    for (const [n, instance] of [first, second, third].entries())
      await group.gone(instance, night(n + 1), { [`of-${n}`]: `${n}` });
    const newborns = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => group.newborn(born(n)));
    for (const ended of await Promise.all(newborns.map((each) => each.birth()))) good(ended);
    expect(newborns.flatMap(files).sort()).toEqual(['of-0', 'of-1', 'of-2']);
    for (const instance of [first, second, third])
      expect(claimsOf(instance)).toEqual(['adoption.1', 'adoption.1.done']);
  });
});

describe('a claim', () => {
  const claimed = async (): Promise<Newborn> => {
    await group.gone(first, night(1), { a: 'a', b: 'b' });
    const one = group.newborn(born(1));
    good(await one.birth());
    return one;
  };

  test('of a living newborn stays, also when it is not done', async () => {
    await claimed();
    rmSync(join(group.share, plan, first, 'state/adoption.1.done'));
    const two = group.newborn(born(2));
    good(await two.birth());
    expect(files(two)).toEqual([]);
  });

  test('of a newborn that died before its first backup is void: the next number is taken', async () => {
    await claimed();
    group.ec2(born(1), 'terminated');
    const [two, three] = [group.newborn(born(2)), group.newborn(born(3))];
    good(await two.birth());
    expect(files(two)).toEqual(['a', 'b']);
    good(await three.birth());
    expect(files(three)).toEqual([]);
    expect([claimOf(first, 1).by, claimOf(first, 2).by]).toEqual([born(1), born(2)]);
  });

  test('of an instance that has saved since what it took over is settled: its own recovery point is the one to adopt', async () => {
    const one = await claimed();
    writeFileSync(join(one.data, 'c'), 'c');
    const later = new Date(Date.now() + 60_000).toISOString().replaceAll(/[-:]|\.\d+/g, '');
    await one.backup(`${plan}/${later}-backup`);
    group.ec2(born(1), 'terminated');
    const [two, three] = [group.newborn(born(2)), group.newborn(born(3))];
    good(await two.birth());
    expect(files(two)).toEqual(['a', 'b', 'c']);
    good(await three.birth());
    expect([files(three), claimOf(born(1), 1).by]).toEqual([[], born(2)]);
  });

  test('that nobody can read is somebody else’s', async () => {
    await group.gone(first, night(1), { a: 'a' });
    writeFileSync(join(group.share, plan, first, 'state/adoption.1'), 'rubbish');
    const one = group.newborn(born(1));
    good(await one.birth());
    expect(files(one)).toEqual([]);
  });
});

describe('killed at any write, on the share or in the data folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lifeboat-birth-'));
  const library = buildFaultLibrary(folder);
  afterAll(() => rmSync(folder, { recursive: true }));
  const faults = (n: number) => {
    const counter = join(folder, `counter-${n}`);
    writeFileSync(counter, Buffer.alloc(8));
    return {
      LD_PRELOAD: library ?? '',
      FAULT_COUNTER: counter,
      FAULT_PATHS: [shareInside, '/mnt/i/var/www/upload', '/mnt/i/var/lib/lifeboat/hydrated'].join(':'),
      FAULT_AT: String(n),
      FAULT_KIND: 'kill',
    };
  };

  test('the same newborn goes on, or another one does when it is gone: the files are taken over by one', async () => {
    if (library === undefined) return;
    await group.gone(first, night(1), { a: 'a', b: 'b' });
    const counting = makeGroup();
    await group.copySaved(counting, first);
    good(await counting.newborn(born(1)).birth(faults(0)));
    counting.remove();
    const writes = Number(readFileSync(join(folder, 'counter-0')).readBigInt64LE());
    expect(writes).toBeGreaterThan(10);
    const courses = Array.from({ length: writes }, (_, index) => index + 1);
    // Two at a time: starting programs is what takes its time.
    await Promise.all([0, 1].map((half) => courseOf(courses.filter((n) => n % 2 === half))));
  });

  const courseOf = async (numbers: readonly number[]): Promise<void> => {
    for (const n of numbers) {
      const course = makeGroup();
      try {
        await group.copySaved(course, first);
        const one = course.newborn(born(1));
        expect([n, (await one.birth(faults(n))).code === 0]).toEqual([n, false]);
        // Every second time another one, so that each kind of write meets both.
        const next = n % 4 < 2 ? one : course.newborn(born(2));
        if (next !== one) course.ec2(born(1), 'terminated');
        good(await next.birth());
        expect([n, files(next)]).toEqual([n, ['a', 'b']]);
        const state = join(course.share, plan, first, 'state');
        const last = readdirSync(state).filter((name) => /^adoption\.\d+$/.test(name)).length;
        expect([n, JSON.parse(textOf(state, `adoption.${last}`)).by]).toEqual([n, next.instance]);
        expect(readdirSync(state)).toContain(`adoption.${last}.done`);
      } finally {
        course.remove();
      }
    }
  };
});

describe('the files', () => {
  test('of a named instance come back with `same`, once, also of one that lives, and without any claim', async () => {
    await group.gone(first, night(1), { a: 'a' });
    group.ec2(first, 'running');
    const one = group.newborn(born(1), { hydrate: 'same', hydrate_from: first });
    good(await one.birth());
    expect(files(one)).toEqual(['a']);
    expect(stateOf(first)).not.toContain('adoption.1');
    rmSync(join(one.data, 'a'));
    for (const name of readdirSync(one.path('run'))) rmSync(one.path(`run/${name}`));
    good(await one.birth());
    expect(files(one)).toEqual([]);
  });

  test('that are in the data folder already stay as they are', async () => {
    await group.gone(first, night(1), { a: 'saved', b: 'saved' });
    const one = group.newborn(born(1));
    writeFileSync(join(one.data, 'a'), 'uploaded since');
    good(await one.birth());
    expect([textOf(one.data, 'a'), textOf(one.data, 'b')]).toEqual(['uploaded since', 'saved']);
    expect(files(one)).toEqual(['a', 'b']);
  });

  test('that are damaged on the share are named, do not come back, and keep nothing else from it', async () => {
    await group.gone(first, night(1), { a: 'saved', b: 'saved' });
    writeFileSync(join(group.share, plan, first, 'current/a'), 'rotten');
    const one = group.newborn(born(1));
    good(await one.birth());
    expect(files(one)).toEqual(['b']);
    expect(one.log()).toContain('damaged: a');
  });

  test('of one that cannot be restored at all are passed over for the next', async () => {
    await group.gone(first, night(1), { a: 'a' });
    await group.gone(second, night(2), { b: 'b' });
    writeFileSync(join(group.share, plan, second, 'manifests', '20261102T180000Z-backup'), 'rubbish');
    const one = group.newborn(born(1));
    good(await one.birth());
    expect(files(one)).toEqual(['a']);
  });
});

describe('the user data of the reference stack', () => {
  const userData = stackUserData({ PlanName: plan, GroupName: plan, Hydrate: 'adopt' });

  test('brings a newborn into service with the files of one that is gone; a second boot changes nothing', async () => {
    await group.gone(first, night(1), { a: 'a' });
    const one = group.newborn(born(1));
    for (const _ of [1, 2]) {
      const { code, stderr } = await one.boot(userData);
      expect([code, stderr]).toEqual([0, expect.stringContaining('ready for')]);
      expect(files(one)).toEqual(['a']);
      expect(group.calls()).toEqual([expect.stringContaining(`--instance-id ${born(1)}`)]);
    }
    expect(claimOf(first, 1).by).toBe(born(1));
    expect(stateOf(born(1))).toEqual(['born']);
    expect(readdirSync(one.path('etc/systemd/system')).sort()).toEqual([
      'lifeboat-birth.service',
      'lifeboat-birth.timer',
      'lifeboat-share.service',
      'lifeboat-share.timer',
    ]);
  });
});

describe('going into service', () => {
  const hook = { hydrate: 'none', launch_hook: 'lifeboat-birth' };
  const completed = `complete-lifecycle-action --lifecycle-hook-name lifeboat-birth --auto-scaling-group-name ${plan} --instance-id ${born(1)} --lifecycle-action-result CONTINUE`;

  test('completes the launch hook once, when all is ready, and leaves word on the share', async () => {
    const one = group.newborn(born(1), hook);
    for (const _ of [1, 2, 3]) good(await one.birth());
    expect(group.calls()).toEqual([completed]);
    expect(JSON.parse(textOf(group.share, plan, born(1), 'state/born'))).toMatchObject({ group: plan });
  });

  test('waits for everything: the reason is said once, and the timer goes on', async () => {
    group.program('findmnt', 'exit 1');
    group.program('systemctl', '[[ $1 != is-active ]]');
    const one = group.newborn(born(1), hook);
    for (const _ of [1, 2]) expect((await one.birth()).code).toBe(1);
    expect(group.calls()).toEqual([]);
    expect(one.log().match(/not ready: .*/g)).toEqual([
      'not ready: the SSM agent does not run; no share at /mnt/lifeboat. It is tried again every minute',
    ]);
  });

  test.each([
    ['damaged', '{"format":1', 'is damaged'],
    ['of a newer Lifeboat', '{"format":2,"id":"a"}', 'of a newer Lifeboat'],
    ['of another share', '{"format":1,"id":"other"}', 'is share other, the settings name mine'],
  ])('waits while lifeboat.json is %s', async (_, marker, message) => {
    writeFileSync(join(group.share, 'lifeboat.json'), marker);
    const one = group.newborn(born(1), { ...hook, share_id: 'mine' });
    expect((await one.birth()).code).toBe(1);
    expect(one.log()).toContain(message);
    expect(group.calls()).toEqual([]);
  });

  test('of a share with files and no lifeboat.json nothing is believed', async () => {
    rmSync(join(group.share, 'lifeboat.json'));
    writeFileSync(join(group.share, 'somebody'), 'else');
    const one = group.newborn(born(1), hook);
    expect((await one.birth()).code).toBe(1);
    expect(one.log()).toContain("it is not Lifeboat's share");
  });

  test('on a new share: nothing is written before the first backup has made it one, and word is left then', async () => {
    rmSync(join(group.share, 'lifeboat.json'));
    const one = group.newborn(born(1), { ...hook, hydrate: 'adopt' });
    for (const _ of [1, 2]) expect((await one.birth()).code).toBe(1);
    expect(group.calls()).toEqual([completed]);
    expect(readdirSync(group.share)).toEqual([]);
    writeFileSync(join(group.share, 'lifeboat.json'), '{"format":1,"id":"a"}');
    good(await one.birth());
    expect(existsSync(join(group.share, plan, born(1), 'state/born'))).toBe(true);
    expect(group.calls()).toEqual([completed]);
  });

  test('a hook that nobody waits for any more keeps nothing from its end', async () => {
    group.program(
      'aws',
      'echo "An error occurred (ValidationError): No active Lifecycle Action found" >&2; exit 254',
    );
    const one = group.newborn(born(1), hook);
    good(await one.birth());
    expect(one.log()).toContain('nobody waits for the hook lifeboat-birth');
  });

  test('a hook that may not be completed is told with AWS’s words', async () => {
    group.program('aws', 'echo "An error occurred (AccessDenied): not authorized" >&2; exit 254');
    const one = group.newborn(born(1), hook);
    expect((await one.birth()).code).toBe(1);
    expect(one.log()).toContain('An error occurred (AccessDenied): not authorized');
  });
});
