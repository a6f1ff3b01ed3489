/**
 * Why an instance did not end `protected`: the closed list. Shell constants, the documents' exit codes, messages,
 * reference pages and the runbook's anchors come from here (`npm run generate`), so that no place knows a cause alone.
 *
 * Exit codes lie between 10 and 99: below are bash's and tar's own, 126 and above are the shell's, and 194 means
 * "reboot me" to the SSM agent.
 */
export type Outcome =
  | 'protected'
  | 'protected-with-warnings'
  | 'failed'
  | 'unreachable'
  | 'timed-out'
  | 'gone';

/** What a cause says about its instance when nothing else is known. A warning leaves the instance protected. */
type CauseOutcome = Exclude<Outcome, 'protected'>;

export type Cause = {
  readonly outcome: CauseOutcome;
  /** The document's exit code; absent where only the control plane can see the cause. */
  readonly exitCode?: number;
  /** Whether check sends the command once more within the same run. */
  readonly retry: boolean;
  /** What happened, to be read after "i-0abc: ". */
  readonly sentence: string;
  /** What to do now. */
  readonly remedy: string;
};

const cause = <const T extends Cause>(value: T): Cause => value;

export const causes = {
  // The share
  'share-not-mounted': cause({
    outcome: 'failed',
    exitCode: 10,
    retry: true,
    sentence: 'The share is not mounted; nothing was written.',
    remedy:
      'Mount it on the instance (`sudo mount /mnt/lifeboat`), see why it was not (`journalctl -b -u mnt-lifeboat.mount`), then run the plan again.',
  }),
  'share-unknown': cause({
    outcome: 'failed',
    exitCode: 11,
    retry: false,
    sentence: 'What is mounted has no lifeboat.json, so nothing proves that it is the share.',
    remedy:
      'Check what is mounted (`findmnt /mnt/lifeboat`). If it is the right share, initialise it as docs/share-format.md shows.',
  }),
  'share-wrong': cause({
    outcome: 'failed',
    exitCode: 12,
    retry: false,
    sentence: 'What is mounted is another share than the one this instance or plan belongs to.',
    remedy:
      'Mount the right share, or, if the share was replaced on purpose, let the instance forget the old one: `rm /var/lib/lifeboat/plans/<plan>/share`.',
  }),
  'share-format': cause({
    outcome: 'failed',
    exitCode: 13,
    retry: false,
    sentence: 'The share was written by a newer Lifeboat, or its lifeboat.json is damaged.',
    remedy: 'Deploy the Lifeboat version that wrote it, or restore lifeboat.json from docs/share-format.md.',
  }),
  'share-read-only': cause({
    outcome: 'failed',
    exitCode: 14,
    retry: false,
    sentence: 'The share does not let this instance write.',
    remedy:
      'Look at the export or the EFS access policy, and at the mount options (`findmnt /mnt/lifeboat`).',
  }),
  'share-full': cause({
    outcome: 'failed',
    exitCode: 15,
    retry: false,
    sentence: 'The share is full, or its quota is reached; older recovery points are untouched.',
    remedy: 'Make room or enlarge the share, then run the plan again: it goes on where it stopped.',
  }),
  'share-unresponsive': cause({
    outcome: 'failed',
    exitCode: 16,
    retry: true,
    sentence: 'The share did not answer in time.',
    remedy: 'Check the NFS server or the EFS mount target, and the security group for port 2049.',
  }),
  'share-error': cause({
    outcome: 'failed',
    exitCode: 17,
    retry: true,
    sentence: 'The share failed while it was used (I/O error or stale handle).',
    remedy: 'Look at `dmesg` and the NFS server; mount the share again, then run the plan again.',
  }),
  // The source
  'source-missing': cause({
    outcome: 'failed',
    exitCode: 20,
    retry: false,
    sentence: 'The source folder does not exist.',
    remedy: 'Check that the data volume is attached and mounted, and that the plan names the right folder.',
  }),
  'source-empty': cause({
    outcome: 'failed',
    exitCode: 21,
    retry: false,
    sentence:
      'The source folder is empty, as it is when its volume is not mounted; the last recovery point stays as it was.',
    remedy:
      'Mount the data volume. If the folder may be empty, say so in the plan: `source.mayBeEmpty: true`.',
  }),
  'source-shrunk': cause({
    outcome: 'failed',
    exitCode: 22,
    retry: false,
    sentence: 'Far fewer files are there than at the last recovery point; it stays as it was.',
    remedy:
      'Find out where they went. If it was meant, allow it once: `sls invoke -f dispatch --data \'{"plan":"…","instances":["i-…"],"allowShrink":true}\'`.',
  }),
  'source-unreadable': cause({
    outcome: 'failed',
    exitCode: 23,
    retry: false,
    sentence: 'The source folder cannot be read.',
    remedy: 'Check the volume (`dmesg`, `ls -la`) and the permissions of the folder.',
  }),
  // The instance
  'already-running': cause({
    outcome: 'failed',
    exitCode: 30,
    retry: true,
    sentence: 'Another operation of Lifeboat was still running on the instance.',
    remedy:
      'Wait until it ends; `cat /var/lib/lifeboat/progress` on the instance shows how far it is, `ps -ef` what it waits for.',
  }),
  'tool-missing': cause({
    outcome: 'failed',
    exitCode: 31,
    retry: false,
    sentence: 'A program that the document needs is not installed.',
    remedy:
      'Install it on the instance and in its image; ec2-userdata/ shows how: `sudo dnf install -y tar gzip` or `sudo apt-get install -y tar gzip`.',
  }),
  'bad-parameter': cause({
    outcome: 'failed',
    exitCode: 32,
    retry: false,
    sentence: 'The document was sent a parameter that it does not accept.',
    remedy: 'Correct the plan, and deploy functions and documents together (`npx sls deploy`).',
  }),
  'copy-failed': cause({
    outcome: 'failed',
    exitCode: 33,
    retry: true,
    sentence: 'Copying failed; older recovery points are untouched.',
    remedy: 'Read the log of the instance; it names the file and the error.',
  }),
  'state-unwritable': cause({
    outcome: 'failed',
    exitCode: 34,
    retry: false,
    sentence: 'The instance could not write its own state folder.',
    remedy: 'Make room on the root volume, check that /var/lib/lifeboat is writable.',
  }),
  interrupted: cause({
    outcome: 'failed',
    exitCode: 35,
    retry: true,
    sentence: 'The operation was interrupted by a signal; older recovery points are untouched.',
    remedy:
      'Nothing if the instance was rebooting; else see who stopped it (`journalctl -u amazon-ssm-agent`).',
  }),
  'document-failed': cause({
    outcome: 'failed',
    exitCode: 36,
    retry: false,
    sentence: 'The document stopped at an error that it does not know.',
    remedy: 'Read the log of the instance, and report it as a bug of Lifeboat with the last lines.',
  }),
  'run-superseded': cause({
    outcome: 'failed',
    exitCode: 37,
    retry: false,
    sentence: 'A later run has already begun on the instance, so this one came too late; nothing was copied.',
    remedy: 'Nothing if the later run protected the instance; else start a new run of the plan.',
  }),
  'file-damaged': cause({
    outcome: 'failed',
    exitCode: 38,
    retry: false,
    sentence:
      'Files on the share are not what the manifest says, and the instance does not have their content any more.',
    remedy:
      'Find out what damages the share (`dmesg`, the NFS server, whoever else writes there). The named files come back from an older recovery point, if it has them whole.',
  }),
  'prune-refused': cause({
    outcome: 'failed',
    exitCode: 39,
    retry: false,
    sentence:
      'Nothing was removed from the share, because what would stay is not proven good: the newest recovery point is not that of the last good run, or one that stays is damaged.',
    remedy:
      'Run the plan until its newest run is good. If the message names a damaged manifest or list of an older point, look at it, and remove the manifest if it cannot be mended; pruning goes on by itself then.',
  }),
  // Restoring
  'point-missing': cause({
    outcome: 'failed',
    exitCode: 40,
    retry: false,
    sentence: 'There is no such recovery point on the share; nothing was written.',
    remedy:
      'See what there is (`ls /mnt/lifeboat/<plan>`, `ls /mnt/lifeboat/<plan>/<instance>/manifests`), and name an instance and a time that are.',
  }),
  'paths-unmatched': cause({
    outcome: 'failed',
    exitCode: 43,
    retry: false,
    sentence: 'Nothing in the recovery point has a name that the paths match; nothing was written.',
    remedy:
      'Look at the names (`ls /mnt/lifeboat/<plan>/<instance>/current`). `*` ends at a slash and `**` does not; a folder stands for all that is in it.',
  }),
  'target-full': cause({
    outcome: 'failed',
    exitCode: 41,
    retry: false,
    sentence: 'The folder that files were restored into is full; what had come back whole stays.',
    remedy: 'Make room on its volume, then restore again: what is there already is not copied once more.',
  }),
  'target-unwritable': cause({
    outcome: 'failed',
    exitCode: 42,
    retry: false,
    sentence: 'The folder to restore into cannot be written.',
    remedy: 'Check that it is a folder, that its volume is mounted and writable, then restore again.',
  }),
  'drill-failed': cause({
    outcome: 'failed',
    exitCode: 44,
    retry: false,
    sentence:
      'The restore drill did not bring back what the source has: a restore today would fail likewise.',
    remedy:
      'Read the log of the instance; it names the file. Verify again, and restore that file into a scratch folder by hand.',
  }),
  // Warnings: the instance is protected, something about it is worth knowing
  'owners-not-kept': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence:
      'The share refuses to change owners (root squash); they are kept in the manifest and come back on restore.',
    remedy: 'Nothing has to be done. To see owners on the share itself, export it with no_root_squash.',
  }),
  'file-unreadable': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence:
      'Files could not be read; the recovery point has the copy that an earlier run made of them, or none.',
    remedy: 'Look at the named file on the instance (permissions, disk errors).',
  }),
  'file-vanished': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence: 'Files vanished while the backup ran.',
    remedy: 'Nothing if the application deletes files at night; else find out who does.',
  }),
  'file-changed': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence:
      'Files were being written while they were copied; what was copied of them may be half old, half new.',
    remedy: 'Nothing if the next run has them; else let the application write to another name and rename.',
  }),
  'file-refused': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence: 'The share did not take some files; they are not in the recovery point.',
    remedy:
      'Read the log of the instance: it names the file and the error (a name that is too long for the share, for instance).',
  }),
  'out-of-time': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence:
      'There was no time to copy everything before the instance ended; the recovery point names what is missing.',
    remedy:
      'Look at the manifest for lines that end with `missing` or `kept`; a snapshot of the volume has them, if one was made.',
  }),
  'hook-failed': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence:
      'The script on the instance that stops the application before a final backup failed; files may have been written meanwhile.',
    remedy:
      'Read the log of the instance, and run `/etc/lifeboat/before-final-backup` on another one by hand.',
  }),
  'damage-healed': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence:
      'Files on the share were not what the manifest says; they have been copied again from the instance and are whole.',
    remedy:
      'Find out what damages the share (`dmesg`, the NFS server, whoever else writes there) before it happens to files that no instance has any more.',
  }),
  'older-point': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence: 'The newest recovery point, or the list that it names, is damaged; an older one was restored.',
    remedy:
      'Run the plan again where the instance still lives, and find out what damages the share (`dmesg`, the NFS server).',
  }),
  'in-the-way': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence:
      'Something of another kind was where files were to be restored (a link or a file in the place of a folder); it was left alone, and so was everything below it.',
    remedy: 'Move it away and restore again, or restore into an empty folder.',
  }),
  'attributes-not-set': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence: 'Content came back, but owner, mode or times could not be set as they were.',
    remedy: 'Restore as root, and onto a file system that keeps owners and times.',
  }),
  'not-restored': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence: 'Sockets, pipes and devices are listed in the recovery point, but not restored.',
    remedy: 'The application makes them anew when it starts.',
  }),
  'file-not-saved': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence:
      'The recovery point names files that could not be saved at the time; they cannot be restored from it.',
    remedy: 'Look for them in an older recovery point.',
  }),
  'prune-unfinished': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence:
      'There was no time to remove everything that no rule keeps any more; the next prune goes on from there.',
    remedy:
      'Nothing after a change of `retention`, or of much data at once. If it comes every night, give pruning more time: `retention.budget`.',
  }),
  'special-file': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence: 'Sockets, pipes or devices were listed, not copied.',
    remedy: 'Keep them out of the upload folder.',
  }),
  'instance-drained': cause({
    outcome: 'protected-with-warnings',
    retry: false,
    sentence: 'The instance was terminated while the run was under way; its final backup has its files.',
    remedy: 'Nothing has to be done.',
  }),
  // What only the control plane sees
  'agent-offline': cause({
    outcome: 'unreachable',
    retry: true,
    sentence: 'The SSM agent of the instance does not answer, so the command was not delivered.',
    remedy:
      'See whether the instance runs; then its agent (`systemctl status amazon-ssm-agent`), its network way to SSM and its instance profile.',
  }),
  'instance-stopped': cause({
    outcome: 'unreachable',
    retry: false,
    sentence: 'The instance is stopped, so nothing on it could be saved.',
    remedy: 'Start it, and run the plan for it; if it stays stopped on purpose, take it out of the fleet.',
  }),
  'agent-absent': cause({
    outcome: 'unreachable',
    retry: false,
    sentence: 'The instance has never registered with Systems Manager.',
    remedy:
      'Check the agent, the instance profile (AmazonSSMManagedInstanceCore) and the way to the SSM endpoints.',
  }),
  'not-reached': cause({
    outcome: 'unreachable',
    retry: true,
    sentence: 'The command never reached the instance although its agent is online.',
    remedy: 'Check that the instance carries the tag the plan selects by, then run the plan again.',
  }),
  'command-throttled': cause({
    outcome: 'failed',
    retry: true,
    sentence: 'Systems Manager throttled the command.',
    remedy: 'Lower the concurrency of the plan, or ask AWS for a higher quota.',
  }),
  'command-refused': cause({
    outcome: 'failed',
    retry: false,
    sentence: 'Systems Manager refused to run the command on the instance.',
    remedy: 'Look at the status details in the Run Command console: platform, permissions, agent version.',
  }),
  'command-cancelled': cause({
    outcome: 'failed',
    retry: false,
    sentence: 'Somebody cancelled the command.',
    remedy: 'Ask who did (CloudTrail: CancelCommand), then run the plan again.',
  }),
  cancelled: cause({
    outcome: 'failed',
    retry: false,
    sentence: 'A person cancelled the run before the instance was done; older recovery points are untouched.',
    remedy:
      'Nothing is broken. When the reason has passed, run the plan again; what was copied is not copied twice.',
  }),
  'command-not-sent': cause({
    outcome: 'failed',
    retry: false,
    sentence: 'The command could not be sent.',
    remedy: "Read dispatch's log: it names the call and the error; then run the plan again.",
  }),
  'execution-timed-out': cause({
    outcome: 'timed-out',
    retry: false,
    sentence: 'The operation took longer than it may and was killed; older recovery points are untouched.',
    remedy:
      'Run it again: it goes on where it stopped. If it happens every night, raise the deadline of the plan.',
  }),
  'deadline-passed': cause({
    outcome: 'timed-out',
    retry: false,
    sentence: 'The operation had not ended when the deadline of the run passed.',
    remedy:
      'See in the Run Command console what it is doing; if it works slowly, raise the deadline of the plan.',
  }),
  'instance-terminated': cause({
    outcome: 'gone',
    retry: false,
    sentence: 'The instance was terminated before it had reported.',
    remedy:
      'What it had since its last recovery point is lost, unless a final backup or a snapshot says otherwise.',
  }),
  'agent-too-old': cause({
    outcome: 'failed',
    retry: false,
    sentence: 'The SSM agent of the instance is too old for the document.',
    remedy:
      'Update it (`aws ssm send-command --document-name AWS-UpdateSSMAgent`) and the image that instances start from.',
  }),
  'no-report': cause({
    outcome: 'failed',
    retry: false,
    sentence: 'The document ended without the report that it owes.',
    remedy: 'Deploy the documents again (`npx sls deploy`); the log of the instance shows what ran instead.',
  }),
} as const satisfies Record<string, Cause>;

export type CauseId = keyof typeof causes;

export const causeIds = Object.keys(causes) as readonly CauseId[];

export const isCauseId = (text: string): text is CauseId => Object.hasOwn(causes, text);

/** The cause that a document's exit code carries, if it is one of ours. */
export const causeOfExitCode = (exitCode: number): CauseId | undefined =>
  causeIds.find((id) => causes[id].exitCode === exitCode);
