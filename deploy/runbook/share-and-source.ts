import type { CauseId } from '../../functions/pipeline/causes.ts';
import { again, instance, type RunbookSection, say, theLog } from './section.ts';

const safe =
  'Older recovery points stay as they are. What the instance got since the newest of them exists once, until a run protects it again.';

const mountAgain = [instance('umount -l /mnt/lifeboat'), instance('mount /mnt/lifeboat')];

/** Causes that the document finds on the instance, and that leave it unprotected. */
export const shareSections = {
  'share-not-mounted': {
    bad: `Nothing was written, and nothing to the local disk. ${safe}`,
    see: [
      instance('findmnt /mnt/lifeboat || echo "nothing is mounted there"'),
      instance('grep /mnt/lifeboat /etc/fstab || echo "nothing would mount it at boot"'),
      instance('journalctl -b -u mnt-lifeboat.mount --no-pager | tail -n 20', 'Why it was not:'),
    ],
    mend: [
      instance('mount /mnt/lifeboat'),
      say(
        'No line in fstab: run the user data again ([ec2-userdata](../ec2-userdata/README.md)), or replace the instance.',
      ),
    ],
    prove: [instance('head -c 200 /mnt/lifeboat/lifeboat.json'), ...again],
  },
  'share-unknown': {
    bad: `Nothing was written: without \`lifeboat.json\` nothing proves that this is the share. ${safe}`,
    see: [
      instance('findmnt /mnt/lifeboat'),
      instance('ls -la /mnt/lifeboat', 'Plans and instance ids, or something else?'),
    ],
    mend: [
      say('Something else is mounted: mount what `/etc/fstab` names.'),
      ...mountAgain,
      instance(
        `[ -e /mnt/lifeboat/lifeboat.json ] || printf '{"format":1,"id":"%s"}\\n' "$(cat "/var/lib/lifeboat/plans/$PLAN/share" 2>/dev/null || cat /proc/sys/kernel/random/uuid)" > /mnt/lifeboat/lifeboat.json`,
        'It is the right share, and new: make it Lifeboat’s. An empty network file system becomes it by itself; one that holds other things, or is no network file system, only by a person. It gets the id that the instance remembers, if it remembers one.',
      ),
    ],
    prove: [instance('head -c 200 /mnt/lifeboat/lifeboat.json'), ...again],
  },
  'share-wrong': {
    bad: `Nothing was written to the wrong share. ${safe}`,
    see: [
      instance(
        'cat /mnt/lifeboat/lifeboat.json',
        'The id of what is mounted, and the id that the instance knows:',
      ),
      instance('cat "/var/lib/lifeboat/plans/$PLAN/share"'),
      say('The plan may name a third one: `share.id` in `lifeboat.yml`.'),
    ],
    mend: [
      say('The wrong one is mounted: mount the right one.'),
      ...mountAgain,
      instance(
        'rm "/var/lib/lifeboat/plans/$PLAN/share"',
        '**Only if the share was replaced on purpose**: let the instance forget the old one. Its recovery points stay there and are not on the new one.',
      ),
    ],
    prove: [instance('cat /mnt/lifeboat/lifeboat.json'), ...again],
  },
  'share-format': {
    bad: `Nothing was written. ${safe}`,
    see: [
      instance('cat /mnt/lifeboat/lifeboat.json', '`"format":1` and an `"id"` are what this version wants.'),
    ],
    mend: [
      say(
        'A higher format: a newer Lifeboat wrote the share. Deploy that version; do not change the number.',
      ),
      instance(
        `printf '{"format":1,"id":"%s"}\\n' "$(cat "/var/lib/lifeboat/plans/$PLAN/share")" > /mnt/lifeboat/lifeboat.json`,
        'Damaged: write it again, with the id that the instance remembers.',
      ),
    ],
    prove: [instance('cat /mnt/lifeboat/lifeboat.json'), ...again],
  },
  'share-read-only': {
    bad: `Nothing could be written. ${safe}`,
    see: [
      instance(
        'findmnt -no OPTIONS /mnt/lifeboat',
        '`ro`: mounted so. `rw`: the server, the export or the EFS policy refuses.',
      ),
      instance(
        'touch /mnt/lifeboat/.lifeboat-can-write && rm /mnt/lifeboat/.lifeboat-can-write || echo "no"',
      ),
    ],
    mend: [
      say(
        'Read-only by fstab, by the export (`ro`, root_squash with folders that belong to root) or by an EFS policy without `elasticfilesystem:ClientWrite`: mend it there. A server that had trouble may have left the mount read-only.',
      ),
      ...mountAgain,
    ],
    prove: [
      instance('touch /mnt/lifeboat/.lifeboat-can-write && rm /mnt/lifeboat/.lifeboat-can-write'),
      ...again,
    ],
  },
  'share-full': {
    bad: `The new files have no room; every plan on this share fails so. ${safe}`,
    see: [
      instance('df -h /mnt/lifeboat'),
      instance('df -i /mnt/lifeboat', 'Bytes may be free and inodes not:'),
      instance('du -sh /mnt/lifeboat/*/* | sort -h | tail', 'Who takes the room (slow on a large share):'),
    ],
    mend: [
      say(
        'Enlarge the file system or raise the quota; lower `retention` in the plan for the nights to come.',
      ),
      instance(
        'rm -rf "/mnt/lifeboat/${PLAN:?}/${GONE:?}"',
        'Room at once: an instance that is gone, and whose files **nobody will want back** (`GONE=i-…`).',
      ),
    ],
    prove: [instance('df -h /mnt/lifeboat'), ...again, say('It goes on where it stopped.')],
  },
  'share-unresponsive': {
    bad: `Nothing is known to be damaged; the run was given up so that it does not hang. ${safe}`,
    see: [
      instance('timeout 5 head -c 200 /mnt/lifeboat/lifeboat.json || echo "no answer"'),
      instance('findmnt -no SOURCE /mnt/lifeboat', 'Who serves it:'),
    ],
    mend: [
      say(
        'Look at the NFS server or the EFS mount target of this availability zone, and at the security groups: TCP 2049 from the instance. When it answers again, a mount that still hangs is replaced:',
      ),
      ...mountAgain,
    ],
    prove: [instance('timeout 5 head -c 200 /mnt/lifeboat/lifeboat.json'), ...again],
  },
  'share-error': {
    bad: `The share failed in the middle of the work. ${safe} If it says I/O error again and again, the storage behind the share may be dying.`,
    see: [instance('dmesg -T | tail -n 20', 'NFS errors, stale handles:'), ...theLog],
    mend: [say('Mend the server first. Stale handles go with a new mount.'), ...mountAgain],
    prove: [instance('ls "/mnt/lifeboat/$PLAN/$INSTANCE/current" | head'), ...again],
  },
} as const satisfies Partial<Record<CauseId, RunbookSection>>;

export const sourceSections = {
  'source-missing': {
    bad: `The folder that the plan names is not there: mostly the data volume is not mounted. ${safe}`,
    see: [
      instance('ls -ld /var/www/upload'),
      instance('lsblk -o NAME,SIZE,MOUNTPOINTS', 'Is there a volume that is mounted nowhere?'),
    ],
    mend: [instance('mount -a'), say('A folder that was renamed: `source` in `lifeboat.yml`, and deploy.')],
    prove: [instance('ls /var/www/upload | head'), ...again],
  },
  'source-empty': {
    bad: `An empty folder is what a missing volume looks like, so nothing was deleted from \`current/\`. ${safe}`,
    see: [
      instance('ls -la /var/www/upload'),
      instance(
        'findmnt --target /var/www/upload',
        'On which file system does it lie: the root volume, or the data volume?',
      ),
    ],
    mend: [
      instance('mount -a'),
      say(
        'It may be empty (a new instance without uploads): say `source.mayBeEmpty: true` in the plan, and deploy. The files are gone and should not be: they are in `current/` of the instance on the share.',
      ),
    ],
    prove: [instance('ls /var/www/upload | head'), ...again],
  },
  'source-shrunk': {
    bad: `More files are gone than the plan allows (\`source.maxShrink\`), so nothing was deleted from \`current/\`: it still has them. ${safe}`,
    see: [
      instance('find /var/www/upload -type f | wc -l', 'Now, and at the newest recovery point:'),
      instance('find "/mnt/lifeboat/$PLAN/$INSTANCE/current" -type f | wc -l'),
    ],
    mend: [
      instance(
        'cp -an "/mnt/lifeboat/$PLAN/$INSTANCE/current/." /var/www/upload/',
        'They should not be gone: bring them back. Nothing that is there is overwritten.',
      ),
      say(
        `They were deleted on purpose: allow it once, instead of the run below: \`npx sls invoke -f dispatch --data '{"plan":"'$PLAN'","instances":["'$INSTANCE'"],"allowShrink":true}'\`.`,
      ),
    ],
    prove: [instance('find /var/www/upload -type f | wc -l'), ...again],
  },
  'source-unreadable': {
    bad: `The folder or the file system below it cannot be read; nothing was changed on the share. ${safe}`,
    see: [
      instance('ls -ld /var/www /var/www/upload'),
      instance('dmesg -T | tail -n 20', 'I/O errors mean a dying volume: make a snapshot of it first.'),
    ],
    mend: [instance('chmod u+rx /var/www/upload')],
    prove: [instance('ls /var/www/upload | head'), ...again],
  },
} as const satisfies Partial<Record<CauseId, RunbookSection>>;
