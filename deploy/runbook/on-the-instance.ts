import type { CauseId } from '../../functions/pipeline/causes.ts';
import { again, desk, instance, type RunbookSection, say, theLog } from './section.ts';

const safe =
  'Older recovery points stay as they are. What the instance got since the newest of them exists once, until a run protects it again.';

/** Causes that the document finds on the instance itself. */
export const documentSections = {
  'already-running': {
    bad: 'Most often not bad at all: the other operation is doing the work. If it hangs, nothing is saved until it ends.',
    see: [
      instance('cat /var/lib/lifeboat/progress', 'What it does and how far it is; look twice.'),
      instance(
        'find /proc/[0-9]*/fd -lname "*/lifeboat/plans/$PLAN/lock" 2>/dev/null | cut -d/ -f3 | sort -u | xargs -r ps -o pid,etime,args -p',
        'Who holds the lock, and since when:',
      ),
    ],
    mend: [
      say('It moves: let it finish. It stands still for an hour: see what it waits for, and end it.'),
      instance(
        'find /proc/[0-9]*/fd -lname "*/lifeboat/plans/$PLAN/lock" 2>/dev/null | cut -d/ -f3 | sort -u | xargs -r kill',
      ),
    ],
    prove: [...again],
  },
  'tool-missing': {
    bad: `Nothing was done. ${safe} Every instance of the same image will fail so.`,
    see: [instance('command -v tar gzip flock findmnt sed || true', 'The message names the program.')],
    mend: [
      instance(
        'apt-get install -y tar gzip sed coreutils findutils util-linux || dnf install -y tar gzip sed coreutils findutils util-linux',
        'On the instance, and in its image or user data; all that the document needs:',
      ),
    ],
    prove: [instance('tar --version | head -n 1'), ...again],
  },
  'bad-parameter': {
    bad: `Nothing was done. ${safe} As a rule all instances of the plan fail so.`,
    see: [
      say(
        'The message names the parameter. Functions and documents of two versions do not fit each other; nor does a value that somebody typed into Run Command.',
      ),
    ],
    mend: [
      desk(
        'npx sls deploy --region "$AWS_REGION"',
        'Correct the plan where it is wrong, and deploy both together:',
      ),
    ],
    prove: [...again],
  },
  'copy-failed': {
    bad: `Copying ended in a way that is no fault of a single file. ${safe}`,
    see: [
      ...theLog,
      instance('df -h /var/lib/lifeboat /tmp; free -m', 'Is the instance out of memory or room?'),
    ],
    mend: [say('What the log names. It is tried twice by itself.')],
    prove: [...again],
  },
  'state-unwritable': {
    bad: `The root volume is full or read-only; the application on it is in trouble, too. ${safe}`,
    see: [
      instance('df -h /var/lib/lifeboat'),
      instance('du -xsh /var/log /var/cache /var/tmp /tmp | sort -h', 'What fills it:'),
    ],
    mend: [
      instance(
        'find /var/log -xdev -type f -size +50M -exec truncate -s 0 {} +',
        'Room at once, from logs (**keep a copy of what you still need**):',
      ),
      say('A volume that is mounted read-only had errors: `dmesg`, then replace the instance.'),
    ],
    prove: [instance('touch /var/lib/lifeboat/can-write && rm /var/lib/lifeboat/can-write'), ...again],
  },
  interrupted: {
    bad: `Somebody or something ended the operation: a reboot, a deployment, a person. ${safe}`,
    see: [
      instance('last -x reboot shutdown | head -n 5'),
      instance('journalctl -u amazon-ssm-agent --no-pager | tail -n 20'),
    ],
    mend: [say('Nothing, as a rule. If it happens every night, move the reboot or the schedule.')],
    prove: [...again, say('It goes on where it stopped.')],
  },
  'document-failed': {
    bad: `Lifeboat met something that it does not know. ${safe}`,
    see: [...theLog],
    mend: [
      say(
        'The last lines name the line and the command. Report them as a bug of Lifeboat. If the document was edited by hand, deploy it again:',
      ),
      desk('npx sls deploy --region "$AWS_REGION"'),
    ],
    prove: [...again],
  },
  'file-damaged': {
    bad: 'The recovery point exists, and **the named files in it are not what they were**: the share has changed them, and the instance cannot give them again. All other files are well.',
    see: [
      instance(
        'ls -l "/mnt/lifeboat/$PLAN/$INSTANCE/current" | head',
        'Who else writes there? Nobody but Lifeboat should.',
      ),
      instance('dmesg -T | tail -n 20', 'I/O errors of the server or the network:'),
      ...theLog,
    ],
    mend: [
      instance(
        'find /var/www/upload ! -type l ! -perm -u+r -exec chmod u+r {} +',
        'The instance still has the file and only cannot read it: let it be read, and the next run heals the share by itself.',
      ),
      say(
        'Otherwise an older recovery point may have it whole: `history/` below the folder of the instance, see [share-format.md](share-format.md).',
      ),
    ],
    prove: [...again, say('What was healed is told once, as a warning.')],
  },
  'run-superseded': {
    bad: 'Not at all, where the later run protected the instance: this one came too late and did nothing.',
    see: [desk(`npx sls invoke -f check --data '{"plan":"'$PLAN'"}'`, 'How did the newest run end?')],
    mend: [
      say(
        'Nothing. Agents that were offline hear of old commands when they are back; a shorter `delivery` in the plan gives those up earlier.',
      ),
    ],
    prove: [...again],
  },
} as const satisfies Partial<Record<CauseId, RunbookSection>>;

/** Warnings: the instance is protected. */
export const warningSections = {
  'owners-not-kept': {
    bad: 'Not bad: the files are saved, and their owners are in the manifest and come back on restore.',
    see: [
      instance(
        'ls -ln "/mnt/lifeboat/$PLAN/$INSTANCE/current" | head',
        'On the share they belong to somebody else:',
      ),
    ],
    mend: [
      say('Nothing has to be done. To see the owners on the share itself, export it with no_root_squash.'),
    ],
    prove: [
      ...again,
      say('The warning comes again with new files, as long as the share squashes; they count as protected.'),
    ],
  },
  'instance-drained': {
    bad: 'Not bad: the group terminated the instance while the night was at work, and its final backup has its files.',
    see: [desk('aws s3 cp "s3://$BUCKET/drains/$INSTANCE.json" -', 'The run that saved it:')],
    mend: [say('Nothing has to be done.')],
    prove: [
      say('The instance is gone; its recovery points stay as long as the retention of the plan keeps them.'),
    ],
  },
  'damage-healed': {
    bad: 'Not any more: the files are whole again. But something damages the share, and the next time it may be files that no instance has.',
    see: [instance('dmesg -T | tail -n 20', 'I/O errors of the server or the network:'), ...theLog],
    mend: [
      say(
        'Find out what it is: the storage behind the share, or somebody else who writes there. Every file is read back within `verify` nights; lower it while you look.',
      ),
    ],
    prove: [...again],
  },
  'out-of-time': {
    bad: 'The instance had to go before everything was copied. **The files that the recovery point calls missing are saved nowhere else**, unless a snapshot of the volume has them.',
    see: [...theLog],
    mend: [
      instance(
        `find "/mnt/lifeboat/$PLAN/$INSTANCE/manifests" -type f | sort | tail -n 1 | xargs -r zcat -f | grep -E ' (missing|kept)$' || echo "nothing is missing in the newest"`,
        'Which files (on any instance that mounts the share):',
      ),
      say(
        'Give final backups more time: a longer heartbeat of the life-cycle hook, fewer files between two nights (run more often).',
      ),
    ],
    prove: [
      ...again,
      say('That is for an instance that is still there. For one that is gone nothing is left to be done.'),
    ],
  },
  'hook-failed': {
    bad: 'The final backup was made, with the application perhaps still writing: the newest files may be half old, half new.',
    see: [...theLog],
    mend: [
      instance(
        'ls -l /etc/lifeboat/before-final-backup',
        'Try it by hand where the application can be stopped:',
      ),
      instance('timeout 30 /etc/lifeboat/before-final-backup'),
    ],
    prove: [...again],
  },
  'file-unreadable': {
    bad: 'The named files, and only they, are not saved as they are now. What an earlier run copied of them stays.',
    see: [
      instance(
        'find /var/www/upload ! -type l ! -perm -u+r -ls | head',
        'The message names one; these are all of them:',
      ),
    ],
    mend: [
      instance('find /var/www/upload ! -type l ! -perm -u+r -exec chmod u+r {} +'),
      say('Still unreadable: a disk error (`dmesg`); make a snapshot of the volume.'),
    ],
    prove: [...again],
  },
  'file-vanished': {
    bad: 'Not bad, where the application deletes files at night: they were deleted while the backup looked at them.',
    see: [...theLog],
    mend: [say('Nothing. If nobody should delete files at this hour, find out who does.')],
    prove: [...again],
  },
  'file-changed': {
    bad: 'The named files may be half old, half new in this recovery point. The next one has them whole if nobody writes then.',
    see: [
      ...theLog,
      instance('find /var/www/upload -type f -mmin -5 | head', 'Who is being written right now:'),
    ],
    mend: [
      say('Let the application write to another name and rename, or move the schedule to a quieter hour.'),
    ],
    prove: [...again],
  },
  'file-refused': {
    bad: 'The named files are **not saved**; everything else is.',
    see: [...theLog],
    mend: [
      say(
        'The log has the file and the error: a name that the share does not take, or a file larger than it allows. Rename or split it.',
      ),
    ],
    prove: [...again],
  },
  'special-file': {
    bad: 'Not bad: sockets, pipes and devices have no content that could be saved.',
    see: [instance(`find /var/www/upload ! -type f ! -type d ! -type l -ls | head`)],
    mend: [
      instance(
        `find /var/www/upload -type p -delete`,
        'Pipes that nobody uses any more; sockets and devices belong elsewhere.',
      ),
    ],
    prove: [...again],
  },
} as const satisfies Partial<Record<CauseId, RunbookSection>>;
