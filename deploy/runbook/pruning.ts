import type { CauseId } from '../../functions/pipeline/causes.ts';
import { desk, instance, type RunbookSection, say, theLog } from './section.ts';

const once = [
  desk(
    `npx sls invoke -f dispatch --data '{"plan":"'$PLAN'","operation":"prune","instances":["'$INSTANCE'"],"dryRun":true}'`,
    'A prune that only says what it would do:',
  ),
] as const;

const ends = `gzip -dcf <"$point" 2>/dev/null | tail -n 1 | grep -q "^#end "`;

/** Causes that only a prune ends with. */
export const pruneSections = {
  'prune-refused': {
    bad: 'Nothing is lost: nothing was removed, and the backups go on. But the share grows until it is mended.',
    see: [
      say('The message says what was not good: the newest recovery point, or one that stays.'),
      instance(
        `cd "/mnt/lifeboat/$PLAN/$INSTANCE/manifests" && for point in 2*; do ${ends} || echo "damaged: $point"; done`,
        'Manifests that are not whole; where there is none, look at the list that the message names, and at the newest run:',
      ),
    ],
    mend: [
      say(
        'The newest point: run a backup of the instance; a good one writes a new point, and a new list where that is damaged. An older one: a snapshot of the share may have the manifest or the list as it was; else it is lost, and its files with it. Out of the way then:',
      ),
      instance(
        `cd "/mnt/lifeboat/$PLAN/$INSTANCE/manifests" && for point in 2*; do ${ends} || mv "$point" "../state/damaged.$point"; done`,
      ),
      say('And find out what damages the share (`dmesg`, the NFS server, whoever else writes there).'),
    ],
    prove: [...once],
  },
  'prune-unfinished': {
    bad: 'Not at all: what was not removed tonight is removed tomorrow. Every night for weeks, and the share grows faster than it is pruned.',
    see: [
      ...theLog,
      instance(
        'df -h /mnt/lifeboat; ls "/mnt/lifeboat/$PLAN/$INSTANCE/manifests" | wc -l',
        'How much there is:',
      ),
    ],
    mend: [
      say(
        'Give pruning more time in the plan (`retention.budget`), and deploy. Or let it run by hand as often as wanted:',
      ),
      desk(
        `npx sls invoke -f dispatch --data '{"plan":"'$PLAN'","operation":"prune","instances":["'$INSTANCE'"]}'`,
      ),
    ],
    prove: [...once],
  },
} as const satisfies Partial<Record<CauseId, RunbookSection>>;
