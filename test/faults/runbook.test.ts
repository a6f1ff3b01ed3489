import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { causeSections } from '../../deploy/runbook/runbook-page.ts';
import type { Step } from '../../deploy/runbook/section.ts';
import { type CauseId, causes } from '../../functions/pipeline/causes.ts';
import { type Ended, instanceId, lineOf, marker, night, plan, pointOf, pruneAfter } from './instance.ts';
import { type Conditions, openPracticeInstance, type PracticeInstance } from './practice-instance.ts';

/** Makes the trouble, and answers how the run that is to meet it differs. */
type Practice = (instance: PracticeInstance) => Promise<Conditions | undefined>;

/** tar, with something done before a batch is read or after it is written, while the trouble lasts. */
const tarWith = (instance: PracticeInstance, before: string, after: string) =>
  instance.program(
    'tar',
    `[[ -z \${TROUBLE:-} ]] && exec /usr/bin/tar "$@"
if [[ " $* " == *' --sparse '* ]]; then
  ${before === '' ? ':' : before}
  exec /usr/bin/tar "$@"
fi
code=0; /usr/bin/tar "$@" || code=$?
${after === '' ? ':' : after}
exit "$code"`,
  );
const trouble: Conditions = { environment: { TROUBLE: 'yes', LIFEBOAT_STREAMS: '1' } };
/** Something new to copy, so that there is something to fail at. */
const upload = ({ volume }: PracticeInstance, name: string, mode = 0o644) =>
  writeFileSync(join(volume, 'upload', name), `of ${name}`, { mode });
/** The share has changed what lies on it. */
const damage = ({ share }: PracticeInstance, name: string) =>
  writeFileSync(join(share, plan, instanceId, 'current', name), 'damaged!');
/** All of it is read back, instead of a slice. */
const everyNight: Conditions = { parameters: { verifyNights: '1' } };
/** The document without root's right to pass by permissions, as it is on a volume that squashes. */
const withoutOverride = (instance: PracticeInstance) =>
  instance.program(
    'sh',
    'exec setpriv --ambient-caps=-all --inh-caps=-all --bounding-set=-dac_override,-dac_read_search /bin/sh "$@"',
  );

/** How each trouble is made that the document finds on its instance. Nothing here is mended again: the runbook does that. */
const practices: Partial<Readonly<Record<CauseId, Practice>>> = {
  'share-not-mounted': async ({ type }) => void (await type('umount /mnt/lifeboat')),
  'share-unknown': async ({ share }) => {
    rmSync(join(share, 'lifeboat.json'));
    return undefined;
  },
  'share-wrong': async ({ share }) => {
    writeFileSync(join(share, 'lifeboat.json'), marker('ffffffff-0000-4000-8000-000000000002'));
    return undefined;
  },
  'share-format': async ({ share }) => {
    writeFileSync(join(share, 'lifeboat.json'), '{"format":1,"id":');
    return undefined;
  },
  'share-read-only': async ({ type }) => void (await type('mount -o remount,ro,bind /mnt/lifeboat')),
  'share-full': async ({ type, volume }) => {
    writeFileSync(join(volume, 'upload', 'large.pdf'), Buffer.alloc(3 * 1024 ** 2, 'x'));
    const gone = `/mnt/lifeboat/${plan}/i-0aaaaaaaaaaaaaaaa/current`;
    await type(
      'umount /mnt/lifeboat && mount -t tmpfs -o size=6m none /mnt/lifeboat && cp -a /srv/share/. /mnt/lifeboat/',
    );
    await type(`mkdir -p ${gone}; head -c 5500000 /dev/zero > ${gone}/old.pdf`);
    return undefined;
  },
  'share-unresponsive': async ({ type }) => {
    await type('mount -t tmpfs none /mnt/lifeboat && mkfifo /mnt/lifeboat/lifeboat.json');
    return { environment: { LIFEBOAT_SHARE_SECONDS: '1' } };
  },
  'share-error': async (instance) => {
    upload(instance, 'new.pdf');
    tarWith(instance, '', 'echo "tar: ./new.pdf: Cannot open: Stale file handle" >&2; exit 2');
    return trouble;
  },
  'source-missing': async ({ type }) => void (await type('umount /var/www && rm -rf /var/www/upload')),
  'source-empty': async ({ type }) => void (await type('umount /var/www')),
  'source-shrunk': async ({ volume }) => {
    for (const name of readdirSync(join(volume, 'upload')).slice(1)) rmSync(join(volume, 'upload', name));
    return undefined;
  },
  'source-unreadable': async (instance) => {
    withoutOverride(instance);
    chmodSync(join(instance.volume, 'upload'), 0o000);
    return undefined;
  },
  'already-running': async (instance) => {
    tarWith(instance, 'touch /tmp/at-work; sleep 60', '');
    upload(instance, 'more.pdf');
    void instance.backup(night(2), trouble);
    while ((await instance.type('test -e /tmp/at-work')).status !== 0);
    return undefined;
  },
  'tool-missing': async (instance) => {
    instance.program('apt-get', '[[ "$*" == "install -y tar "* ]] && umount /usr/bin/tar');
    await instance.type('mount --bind /dev/null /usr/bin/tar');
    return undefined;
  },
  'state-unwritable': async ({ type }) => void (await type('head -c 100M /dev/zero > /var/log/app.log')),
  interrupted: async (instance) => {
    upload(instance, 'new.pdf');
    tarWith(instance, '', 'exit 137');
    return trouble;
  },
  'document-failed': async (instance) => {
    instance.program('comm', '[[ -z ${TROUBLE:-} ]] && exec /usr/bin/comm "$@"; exit 7');
    return trouble;
  },
  'run-superseded': async ({ backup }) => {
    await backup(night(9));
    return undefined;
  },
  'owners-not-kept': async (instance) => {
    upload(instance, 'new.pdf');
    instance.program('chown', 'echo "chown: Operation not permitted" >&2; exit 1');
    return undefined;
  },
  'file-unreadable': async (instance) => {
    withoutOverride(instance);
    upload(instance, 'secret.pdf', 0o000);
    return undefined;
  },
  'file-vanished': async (instance) => {
    tarWith(instance, 'rm -f /var/www/upload/passing.pdf', '');
    upload(instance, 'passing.pdf');
    return trouble;
  },
  'file-changed': async (instance) => {
    tarWith(instance, '', 'echo more >> /var/www/upload/growing.pdf');
    upload(instance, 'growing.pdf');
    return trouble;
  },
  'file-refused': async (instance) => {
    tarWith(instance, '', 'code=2; rm -f /mnt/lifeboat/*/*/current/refused.pdf');
    upload(instance, 'refused.pdf');
    return trouble;
  },
  'file-damaged': async (instance) => {
    withoutOverride(instance);
    chmodSync(join(instance.volume, 'upload', 'a.pdf'), 0o000);
    damage(instance, 'a.pdf');
    return everyNight;
  },
  'damage-healed': async (instance) => {
    damage(instance, 'a.pdf');
    return everyNight;
  },
  'hook-failed': async (instance) => {
    await instance.type(
      'mkdir -p /etc/lifeboat && printf "#!/bin/bash\\ntest -e /tmp/stopped\\n" > /etc/lifeboat/before-final-backup && chmod +x /etc/lifeboat/before-final-backup',
    );
    return undefined;
  },
  'special-file': async ({ type }) => void (await type('mkfifo /var/www/upload/pipe')),
};

/** How each trouble is made that only a restore meets. */
const restorePractices: Partial<Readonly<Record<CauseId, Practice>>> = {
  'point-missing': async () => ({ parameters: { at: '20261101T000000Z' } }),
  'paths-unmatched': async () => ({ parameters: { paths: 'nothing' } }),
  'target-full': async ({ type }) => {
    await type('mkdir /mnt/small && mount -t tmpfs -o size=4k none /mnt/small');
    return { parameters: { into: '/mnt/small' } };
  },
  'target-unwritable': async ({ type }) => {
    await type('rm /var/www/upload/a.pdf; mount -o remount,ro,bind /var/www');
    return undefined;
  },
  'older-point': async (instance) => {
    upload(instance, 'new.pdf');
    await instance.backup(night(2));
    const manifests = join(instance.share, plan, instanceId, 'manifests');
    writeFileSync(join(manifests, readdirSync(manifests).at(-1) ?? ''), 'rubbish');
    return undefined;
  },
  'in-the-way': async ({ type, backup, volume }) => {
    mkdirSync(join(volume, 'upload', 'folder'));
    writeFileSync(join(volume, 'upload', 'folder', 'x.pdf'), 'x');
    await backup(night(2));
    await type('rm -r /var/www/upload/folder; ln -s /srv /var/www/upload/folder');
    return undefined;
  },
  'attributes-not-set': async (instance) => {
    upload(instance, 'secret.pdf', 0o000);
    await instance.backup(night(2));
    rmSync(join(instance.volume, 'upload', 'secret.pdf'));
    instance.program('chmod', 'echo "chmod: Operation not permitted" >&2; exit 1');
    return undefined;
  },
  'not-restored': async ({ type, backup }) => {
    await type('mkfifo /var/www/upload/pipe');
    await backup(night(2));
    return undefined;
  },
  'file-not-saved': async (instance) => {
    tarWith(instance, '', 'code=2; rm -f /mnt/lifeboat/*/*/current/refused.pdf');
    upload(instance, 'refused.pdf');
    await instance.backup(night(2), trouble);
    return undefined;
  },
};

/** How each trouble is made that only a prune meets, after four nights. */
const prunePractices: Partial<Readonly<Record<CauseId, Practice>>> = {
  'prune-refused': async ({ share }) => {
    writeFileSync(join(share, plan, instanceId, 'manifests', pointOf(night(3))), 'rubbish');
    return undefined;
  },
  'prune-unfinished': async (instance) => {
    instance.program('sort', '[[ -n ${TROUBLE:-} && "$*" == "-t~"* ]] && sleep 2; exec /usr/bin/sort "$@"');
    return { environment: { TROUBLE: 'yes' }, parameters: { budgetSeconds: '1' } };
  },
};

let instance: PracticeInstance;
beforeEach(async () => {
  instance = await openPracticeInstance();
  for (const name of ['a.pdf', 'b.pdf', 'c.pdf', 'd.pdf'])
    writeFileSync(join(instance.volume, 'upload', name), `of ${name}`);
  // What a sandbox without systemd, package manager and kernel log lacks.
  for (const name of ['systemctl', 'journalctl', 'dmesg', 'last', 'apt-get', 'free'])
    instance.program(name, 'exit 0');
  expect(lineOf(await instance.backup(night(1)))).toMatchObject({ outcome: 'protected', files: 4 });
});
afterEach(() => instance.close());

const runThatMeets = (cause: CauseId): string => {
  if (cause === 'run-superseded') return night(8);
  return cause === 'hook-failed' ? night(3).replace('backup', 'final-backup') : night(3);
};

const afterwards = (cause: CauseId): string =>
  cause === 'hook-failed' ? night(10).replace('backup', 'final-backup') : night(10);

const onTheInstance = (steps: readonly Step[]) =>
  steps.flatMap(({ at, run }) => (at === 'instance' && run !== undefined ? [run] : []));
const causeOf = (ended: Ended) => {
  const line = lineOf(ended);
  return line.outcome === 'failed' ? line.cause : line.warnings?.map(({ cause }) => cause)[0];
};

describe.each(Object.entries(practices) as [CauseId, Practice][])('%s', (cause, make) => {
  test('is made, seen, mended and proven by the commands of the runbook, as they are written', async () => {
    const conditions = await make(instance);
    const met = await instance.backup(runThatMeets(cause), conditions);
    expect(causeOf(met)).toBe(cause);
    const { see, mend, prove } = causeSections[cause];
    for (const command of onTheInstance(see)) {
      const { status, output } = await instance.type(command);
      // What it shows is trouble; it only must be a command that there is.
      expect([command, status, output]).toEqual([command, expect.not.stringMatching(/^$/), output]);
      expect([126, 127]).not.toContain(status);
    }
    // What the person has to find out and put right before the last trial.
    if (cause === 'hook-failed') await instance.type('touch /tmp/stopped');
    for (const command of [...onTheInstance(mend), ...onTheInstance(prove)])
      expect([command, await instance.type(command)]).toEqual([
        command,
        expect.objectContaining({ status: 0 }),
      ]);
    const after = lineOf(await instance.backup(afterwards(cause)));
    expect(after.outcome).toMatch(/^protected/);
    expect(after.warnings).toEqual([]);
    if (cause === 'source-shrunk') expect(existsSync(join(instance.volume, 'upload', 'd.pdf'))).toBe(true);
  }, 60_000);
});

describe.each(Object.entries(restorePractices) as [CauseId, Practice][])('%s', (cause, make) => {
  test('is met by a restore, and seen and mended by the commands of the runbook', async () => {
    const conditions = await make(instance);
    expect(causeOf(await instance.restore(conditions))).toBe(cause);
    const { see, mend, prove } = causeSections[cause];
    for (const command of onTheInstance(see))
      expect([126, 127]).not.toContain((await instance.type(command)).status);
    for (const command of [...onTheInstance(mend), ...onTheInstance(prove)])
      expect([command, await instance.type(command)]).toEqual([
        command,
        expect.objectContaining({ status: 0 }),
      ]);
    const after = lineOf(await instance.restore());
    expect(after.outcome).toMatch(/^protected/);
    // What a night could not save is not there, however often it is restored; nor has a pipe any content.
    if (cause !== 'file-not-saved' && cause !== 'not-restored') expect(after.warnings).toEqual([]);
  }, 60_000);
});

describe.each(Object.entries(prunePractices) as [CauseId, Practice][])('%s', (cause, make) => {
  test('is met by a prune, and seen and mended by the commands of the runbook', async () => {
    for (const n of [2, 3, 4]) {
      writeFileSync(join(instance.volume, 'upload', 'a.pdf'), `night ${n}`);
      expect(lineOf(await instance.backup(night(n))).outcome).toBe('protected');
    }
    const conditions = await make(instance);
    expect(causeOf(await instance.prune(pruneAfter(4), conditions))).toBe(cause);
    const { see, mend, prove } = causeSections[cause];
    for (const command of onTheInstance(see))
      expect([126, 127]).not.toContain((await instance.type(command)).status);
    for (const command of [...onTheInstance(mend), ...onTheInstance(prove)])
      expect([command, await instance.type(command)]).toEqual([
        command,
        expect.objectContaining({ status: 0 }),
      ]);
    expect(lineOf(await instance.prune(pruneAfter(5)))).toMatchObject({ outcome: 'protected', kept: 2 });
  }, 60_000);
});

test('every cause that a document can end with is practised', () => {
  const own = Object.keys(causes).filter((id) => {
    const cause = causes[id as CauseId];
    return 'exitCode' in cause || cause.outcome === 'protected-with-warnings';
  });
  // instance-drained is said by check alone: test/unit/pipeline/reconciliation.test.ts.
  // bad-parameter is put right by a deployment: test/local/runbook.test.ts. No document of today ends
  // with copy-failed; out-of-time needs an instance that is on its way out; a drill that fails: test/faults/proof.test.ts.
  const practised = { ...practices, ...restorePractices, ...prunePractices };
  expect(own.filter((id) => !(id in practised))).toEqual([
    'bad-parameter',
    'copy-failed',
    'drill-failed',
    'out-of-time',
    'instance-drained',
  ]);
});
