import type { CauseId } from '../../functions/pipeline/causes.ts';
import { again, desk, instance, type RunbookSection, say, theLog } from './section.ts';

const safe =
  'Older recovery points stay as they are. What the instance got since the newest of them exists once, until a run protects it again.';

const ping = desk(
  `aws ssm describe-instance-information --filters "Key=InstanceIds,Values=$INSTANCE" --query 'InstanceInformationList[].[PingStatus,LastPingDateTime,AgentVersion]' --output text`,
);
const invocations = desk(
  `aws ssm list-command-invocations --instance-id "$INSTANCE" --query 'CommandInvocations[:3].[Comment,Status,StatusDetails]' --output text`,
  'What Systems Manager says of the last commands:',
);

/** Causes that only the control plane sees. */
export const controlPlaneSections = {
  'agent-offline': {
    bad: `The instance did not hear the command; its files are probably well. ${safe}`,
    see: [
      ping,
      desk(
        `aws ec2 describe-instances --instance-ids "$INSTANCE" --query 'Reservations[].Instances[].State.Name' --output text`,
        'Does the instance run at all?',
      ),
    ],
    mend: [
      instance(
        'systemctl restart amazon-ssm-agent',
        'By the console of EC2 or SSH, as the agent is not there:',
      ),
      say(
        'It does not stay: out of memory or disk, no way to the endpoints `ssm` and `ssmmessages` (security group, route, proxy), or an instance profile that was taken away.',
      ),
    ],
    prove: [ping, ...again],
  },
  'instance-stopped': {
    bad: `Its disks are kept while it is stopped, so nothing is lost, and nothing is copied. ${safe}`,
    see: [
      desk(
        `aws ec2 describe-instances --instance-ids "$INSTANCE" --query 'Reservations[].Instances[].[State.Name,StateTransitionReason]' --output text`,
        'Since when, and by whom:',
      ),
    ],
    mend: [
      desk('aws ec2 start-instances --instance-ids "$INSTANCE"'),
      say('If it is stopped on purpose, take it out of the group or the tags until it runs again.'),
    ],
    prove: [ping, ...again],
  },
  'agent-absent': {
    bad: `The instance has never been reachable, so it has **no recovery point at all**.`,
    see: [
      ping,
      desk(
        `aws autoscaling describe-auto-scaling-instances --instance-ids "$INSTANCE" --query 'AutoScalingInstances[].[AutoScalingGroupName,LifecycleState]' --output text`,
      ),
    ],
    mend: [
      say(
        'No agent in the image, no instance profile with `AmazonSSMManagedInstanceCore`, or no way to Systems Manager. Mend the launch template ([ec2-userdata](../ec2-userdata/README.md)); then, on this instance:',
      ),
      instance('systemctl enable --now amazon-ssm-agent'),
    ],
    prove: [ping, ...again],
  },
  'not-reached': {
    bad: `The agent is online and never got the command: as a rule the instance lacks the tag by which the plan selects. ${safe}`,
    see: [
      desk(
        `aws ec2 describe-tags --filters "Name=resource-id,Values=$INSTANCE" --query 'Tags[].[Key,Value]' --output text`,
      ),
      invocations,
    ],
    mend: [
      say(
        'Put the tag on the instance, or attach it to its group again: `aws:autoscaling:groupName` comes from the group and cannot be set by hand.',
      ),
    ],
    prove: [...again],
  },
  'command-throttled': {
    bad: `Systems Manager took the command and then refused some of it. It was tried again once. ${safe}`,
    see: [invocations],
    mend: [
      say(
        'Somebody else sends many commands at this hour, or `concurrency` is too high: lower it, move the schedule, or ask AWS for a higher quota.',
      ),
    ],
    prove: [...again],
  },
  'command-refused': {
    bad: `Systems Manager will not run the document there. ${safe}`,
    see: [invocations],
    mend: [
      say(
        'AccessDenied: the role of dispatch was changed; deploy again. InvalidPlatform: no Linux; take it out of the group or the tags.',
      ),
    ],
    prove: [...again],
  },
  'command-cancelled': {
    bad: `A person or a program cancelled it. ${safe}`,
    see: [
      desk(
        `aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=CancelCommand --query 'Events[:5].[EventTime,Username]' --output text`,
        'Who:',
      ),
    ],
    mend: [say('Ask; there may have been a reason.')],
    prove: [...again],
  },
  cancelled: {
    bad: `Somebody invoked dispatch with \`{"cancel":"<run>"}\`. What had ended before that stays as it ended; the message and the report say when and, where it was given, why. ${safe}`,
    see: [
      desk(
        `aws s3 cp "s3://$BUCKET/runs/$RUN/record.json" - | grep -A4 '"cancelled":'`,
        'When, and why, where the person said so:',
      ),
      say(
        'Who it was, Lambda does not tell its functions: a CloudTrail trail that records data events of Lambda has it, by the `requestId` beside the time.',
      ),
    ],
    mend: [say('Nothing is broken. Ask whether the reason has passed, then run it again.')],
    prove: [...again],
  },
  'command-not-sent': {
    bad: `The command was never sent, so no instance of the run was saved. ${safe}`,
    see: [
      desk(
        `aws logs filter-log-events --log-group-name "/aws/lambda/$STACK-dispatch" --start-time $((($(date +%s) - 86400) * 1000)) --query 'events[].message' --output text | tail -n 20`,
        'The message has the error; the log of dispatch has all of it:',
      ),
    ],
    mend: [
      say(
        'InvalidDocument: the document is gone. AccessDenied: the role or a policy was changed. Both are put right by a deployment:',
      ),
      desk('npx sls deploy --region "$AWS_REGION"'),
    ],
    prove: [...again],
  },
  'execution-timed-out': {
    bad: `The operation took longer than the run had left and was killed. What it had copied stays and is not copied again. ${safe}`,
    see: [instance('cat /var/lib/lifeboat/progress', 'How far it was:'), ...theLog],
    mend: [
      say(
        'A first copy of many files may take longer than a night: run it again until it is through. Every night: raise `deadline`, or see why the share is slow.',
      ),
    ],
    prove: [...again],
  },
  'deadline-passed': {
    bad: `The run was closed while the instance still worked, or had not begun. It may finish by itself. ${safe}`,
    see: [instance('cat /var/lib/lifeboat/progress', 'Is it still at it?'), invocations],
    mend: [
      say(
        'It works: let it finish, the next run finds little to do. It waits for its turn every night: raise `concurrency` or `deadline`.',
      ),
    ],
    prove: [...again],
  },
  'instance-terminated': {
    bad: `The instance is gone. **What it got since its newest recovery point is lost**, unless a final backup or a snapshot says otherwise.`,
    see: [
      desk(
        `aws autoscaling describe-scaling-activities --auto-scaling-group-name "$GROUP" --max-items 5 --query 'Activities[].[StartTime,Cause]' --output text`,
        'Why it went (`GROUP` is its Auto Scaling group):',
      ),
    ],
    mend: [
      say(
        'Its recovery points stay on the share below `<share>/<plan>/<instance>`; [share-format.md](share-format.md) says how to get files back. On any instance that mounts the share:',
      ),
      instance('ls "/mnt/lifeboat/$PLAN/$INSTANCE/current" | head'),
    ],
    prove: [
      desk(
        `npx sls invoke -f dispatch --data '{"plan":"'$PLAN'"}'`,
        'The next run of the fleet does not expect it any more:',
      ),
    ],
  },
  'agent-too-old': {
    bad: `Its agent does not understand the document, so nothing ran. ${safe}`,
    see: [ping, ...theLog],
    mend: [
      desk(
        `aws ssm send-command --document-name AWS-UpdateSSMAgent --targets "Key=InstanceIds,Values=$INSTANCE" --query Command.CommandId --output text`,
      ),
      say('Then the image that the group launches: the next instance brings the old agent again.'),
    ],
    prove: [ping, ...again],
  },
  'no-report': {
    bad: `Something ran and did not say what it did, so it counts as nothing. ${safe}`,
    see: [
      ...theLog,
      desk(
        `aws ssm describe-document --name "$STACK-backup" --query 'Document.[DocumentVersion,DefaultVersion,CreatedDate]' --output text`,
        'Did somebody change the document?',
      ),
    ],
    mend: [desk('npx sls deploy --region "$AWS_REGION"', 'Put the right document in its place:')],
    prove: [...again],
  },
} as const satisfies Partial<Record<CauseId, RunbookSection>>;
