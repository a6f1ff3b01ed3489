import type { CauseId } from '../../functions/pipeline/causes.ts';
import { desk, instance, type RunbookSection, say, theLog } from './section.ts';

const harmless = 'Nothing on the share was touched, and nothing that was in the folder before.';

const whatThereIs = [
  instance(
    'ls "/mnt/lifeboat/$PLAN"',
    'On any instance that mounts the share: which instances it has files of,',
  ),
  instance('ls "/mnt/lifeboat/$PLAN/$INSTANCE/manifests"', 'and which recovery points of this one.'),
] as const;

const onceMore = [
  desk(
    `npx sls invoke -f dispatch --data '{"plan":"'$PLAN'","operation":"restore","instances":["'$INSTANCE'"]}'`,
    'What is there already is not copied once more:',
  ),
  desk(`npx sls invoke -f check --data '{"plan":"'$PLAN'"}'`),
] as const;

/** Causes that only a restore ends with. */
export const restoreSections = {
  'point-missing': {
    bad: `The instance or the time is not there, or the name was mistyped. ${harmless}`,
    see: [...whatThereIs],
    mend: [say('Name an instance with `from` and a recovery point or a time with `at` that are there.')],
    prove: [...onceMore],
  },
  'paths-unmatched': {
    bad: `The paths were mistyped, or the files are not in this recovery point. ${harmless}`,
    see: [instance('find "/mnt/lifeboat/$PLAN/$INSTANCE/current" | head', 'Names, as they are now:')],
    mend: [
      say(
        'Paths begin below the source folder. `*` ends at a slash and `**` does not; a folder stands for all that is in it; what was deleted is in older recovery points (`at`).',
      ),
    ],
    prove: [...onceMore],
  },
  'target-full': {
    bad: `What had come back whole stays; the rest is missing. ${harmless}`,
    see: [instance('df -h /var/www/upload')],
    mend: [
      say('Enlarge the volume, or restore into a folder with more room (`into`), or only a part (`paths`).'),
    ],
    prove: [...onceMore],
  },
  'target-unwritable': {
    bad: `Nothing came back. ${harmless}`,
    see: [
      instance(
        'ls -ld /var/www/upload; findmnt -T /var/www/upload',
        'Is it a folder, and is its volume writable?',
      ),
    ],
    mend: [
      instance(
        'mount -o remount,rw,bind /var/www || true',
        'A volume that was mounted read-only by a person; one that the kernel made so had errors: `dmesg`.',
      ),
    ],
    prove: [instance('touch /var/www/upload/.can-write && rm /var/www/upload/.can-write'), ...onceMore],
  },
  'drill-failed': {
    bad: '**What lies on the share was whole when it was read, and still did not come back as the source has it.** No restore can be trusted until it is known why.',
    see: [...theLog, instance('df -h /var/lib/lifeboat', 'Was there room for the sample?')],
    mend: [
      desk(
        `npx sls invoke -f dispatch --data '{"plan":"'$PLAN'","operation":"verify","instances":["'$INSTANCE'"]}'`,
        'Once more, with another sample:',
      ),
      say('If it fails again, restore the file that it names into a scratch folder, and compare by hand.'),
    ],
    prove: [desk(`npx sls invoke -f check --data '{"plan":"'$PLAN'"}'`)],
  },
  'older-point': {
    bad: '**What was saved on the newest night did not come back**: its manifest, or the list that the manifest names, is damaged. The night before it came back whole.',
    see: [...whatThereIs, ...theLog],
    mend: [
      say(
        'The files of that night still lie in `current/`, without the proof of their SHA-256: [share-format.md](share-format.md) shows how to get one by hand.',
      ),
      instance(
        'rm "/mnt/lifeboat/$PLAN/$INSTANCE/manifests/$(ls "/mnt/lifeboat/$PLAN/$INSTANCE/manifests" | tail -n 1)"',
        'Once that is done, the damaged manifest only stands in the way:',
      ),
    ],
    prove: [...onceMore],
  },
  'in-the-way': {
    bad: 'Everything else came back. What was in the way is as it was, and what belongs below it is missing.',
    see: [
      instance(
        'find /var/www/upload -maxdepth 2 -type l -ls',
        'The message names it: as a rule a symbolic link in the place of a folder.',
      ),
    ],
    mend: [
      instance(
        'find /var/www/upload -maxdepth 2 -type l -exec mv {} /var/tmp/ \\;',
        'Out of the way with it, if nobody needs it there:',
      ),
    ],
    prove: [...onceMore],
  },
  'attributes-not-set': {
    bad: 'Every byte is back. Some files belong to somebody else, or have another mode or time than they had.',
    see: [...theLog],
    mend: [
      instance(
        'chown -R --reference=/var/www/upload /var/www/upload',
        'As a rule it is enough that the application may read them:',
      ),
    ],
    prove: [...onceMore],
  },
  'not-restored': {
    bad: 'Not at all: sockets, pipes and devices have no content. The application makes them when it starts.',
    see: [...theLog],
    mend: [say('Restart the application.')],
    prove: [...onceMore],
  },
  'file-not-saved': {
    bad: '**The named files could not be saved on that night**, and this recovery point does not have them. An older one may.',
    see: [...whatThereIs, ...theLog],
    mend: [
      desk(
        `npx sls invoke -f dispatch --data '{"plan":"'$PLAN'","operation":"restore","instances":["'$INSTANCE'"],"at":"'$(date -u -d '-1 day' +%FT%TZ)'"}'`,
        'From the night before, into the same folder; what is there stays as it is:',
      ),
    ],
    prove: [...onceMore],
  },
} as const satisfies Partial<Record<CauseId, RunbookSection>>;
