import { desk, type RunbookSection, say } from './section.ts';

/** What each alarm of deploy/alarms.ts means, by the end of its anchor. */
export const alarmSections: Readonly<
  Record<string, { readonly happened: string; readonly section: RunbookSection }>
> = {
  'not-protected': {
    happened:
      'At least one instance of the plan is not protected, since the last run or an earlier one. The alarm ends with the first run after which everybody is.',
    section: {
      bad: 'What the named instances got since their newest recovery point exists once. Everything older is safe, and so is everybody else. It can wait until the objective is near, which the message says.',
      see: [
        desk(
          `npx sls invoke -f check --data '{"plan":"'$PLAN'"}'`,
          'Slack and JIRA have the names, the causes and a link for each. So has the dashboard, and the newest run:',
        ),
      ],
      mend: [say('Follow the section of the [cause](#causes) that the message names.')],
      prove: [
        desk(
          `npx sls invoke -f dispatch --data '{"plan":"'$PLAN'","instances":["'$INSTANCE'"]}'`,
          'Run it again for what failed; the recovery is told, and the alarm is over.',
        ),
      ],
    },
  },
  'no-good-run': {
    happened:
      'The plan has had no good run of the whole fleet for as long as its recovery point objective allows: runs failed, none began, or the plan is paused. It is on, too, from a deployment to the first good run.',
    section: {
      bad: 'Data that was written since the newest recovery points is at risk. Do not wait.',
      see: [
        desk(
          `npx sls invoke -f check --data '{"plan":"'$PLAN'"}'`,
          'When was the last run, and how did it end? The run id holds the time that it was scheduled for.',
        ),
        desk(
          `aws scheduler get-schedule --group-name "$STACK" --name "$STACK-$PLAN" --query '[State,ScheduleExpression]'`,
          'If there was none: is the schedule there and switched on?',
        ),
        desk(
          `aws logs filter-log-events --log-group-name "/aws/lambda/$STACK-dispatch" --start-time $((($(date +%s) - 86400) * 1000)) --query 'events[].message' --output text | tail -n 20`,
          'Did dispatch fail? Its log says; the [alarm of the functions](#alarm-function-errors) is on then, too.',
        ),
      ],
      mend: [
        say(
          'Runs failed: follow the section of the [cause](#causes). The newest run is `paused`: somebody wanted it so ([until when and why](by-hand.md#pause-a-plan)); ask whether that still holds.',
        ),
        desk(
          'npx sls deploy --region "$AWS_REGION"',
          'The schedule is gone or somebody changed it: deploy again. A plan that is switched off (`schedule.enabled: false`) has no such alarm.',
        ),
        desk(`npx sls invoke -f dispatch --data '{"plan":"'$PLAN'"}'`, 'Then do not wait for the night:'),
      ],
      prove: [
        desk(
          `aws cloudwatch describe-alarms --alarm-names "$STACK/$PLAN/no-good-run" --query 'MetricAlarms[].StateValue' --output text`,
          'A minute or two after the good run this says OK:',
        ),
      ],
    },
  },
  'share-nearly-full': {
    happened:
      'Less of the share is free than `alarms.shareFree` of the plan, or at the pace of the last nights it is full within `alarms.shareDays`.',
    section: {
      bad: 'Nothing is lost yet. A full share fails every backup of every plan on it; recovery points that are there stay whole.',
      see: [
        desk(
          `aws ssm send-command --document-name AWS-RunShellScript --instance-ids "$INSTANCE" --parameters commands='df -h /mnt/lifeboat' --query Command.CommandId --output text`,
          'The dashboard has the graph. From an instance:',
        ),
      ],
      mend: [
        say(
          'Enlarge the file system, or keep less: lower `retention` in `lifeboat.yml` and deploy. Data of instances that are gone for good lies below `<share>/<plan>/<instance>`; whoever is sure may delete such a folder as a whole.',
        ),
      ],
      prove: [
        desk(
          `npx sls invoke -f dispatch --data '{"plan":"'$PLAN'"}'`,
          'The next run measures again, and ends the alarm where there is room.',
        ),
      ],
    },
  },
  'nobody-told': {
    happened:
      'Three attempts to tell Slack or JIRA of something failed within an hour. Nothing is lost: what is owed stays owed and is tried again.',
    section: {
      bad: 'Backups run all the same. Failures are not heard of on that road: look at the dashboard until it is mended.',
      see: [
        desk(
          `npx sls invoke -f check --data '{"plan":"'$PLAN'"}'`,
          "The run's report lists what was told and, word for word, why not:",
        ),
        desk(`aws s3 cp "s3://$BUCKET/runs/$RUN/report.json" - | grep -A12 '"notices"'`),
      ],
      mend: [
        desk(
          'aws ssm put-parameter --overwrite --type SecureString --name /lifeboat/slack-token --value "$NEW_TOKEN"',
          'A token that was revoked, a channel that is gone, an archived project: the error says what to do. A secret is put in its place so:',
        ),
      ],
      prove: [
        desk(
          `npx sls invoke -f check --data '{"plan":"'$PLAN'"}'`,
          'Check tells at once what is still owed; then it is in the channel:',
        ),
      ],
    },
  },
  'function-errors': {
    happened: 'dispatch or check failed three times within an hour. One failure is tried again by Lambda.',
    section: {
      bad: 'A run may not have begun, or may be closed late. Instances that already work on a command go on and finish.',
      see: [
        desk(
          `aws logs filter-log-events --log-group-name "/aws/lambda/$STACK-dispatch" --start-time $((($(date +%s) - 86400) * 1000)) --query 'events[].message' --output text | tail -n 20`,
        ),
        desk(
          `aws logs filter-log-events --log-group-name "/aws/lambda/$STACK-check" --start-time $((($(date +%s) - 86400) * 1000)) --query 'events[].message' --output text | tail -n 20`,
        ),
      ],
      mend: [
        say(
          'The last line with `"level":"ERROR"` names the call and the error. AccessDenied: somebody changed a role or the bucket; deploy again. Throttling: lower `concurrency`, ask AWS for a higher quota. Everything else is a bug of Lifeboat: report it with that line.',
        ),
      ],
      prove: [
        desk(`npx sls invoke -f check --data '{"plan":"'$PLAN'"}'`, 'It answers how the newest run stands:'),
      ],
    },
  },
  'dead-letters': {
    happened:
      'Lambda, EventBridge or the Scheduler gave up an event after all its attempts, and put it into the queue.',
    section: {
      bad: 'Depends on the event: a schedule means that a run did not begin, a status change only that check looks at the deadline instead.',
      see: [
        desk(
          'aws sqs receive-message --queue-url "$QUEUE" --max-number-of-messages 10 --visibility-timeout 30',
          'The output `DeadLetters` of the stack is the queue.',
        ),
      ],
      mend: [
        desk(
          `npx sls invoke -f dispatch --data '{"plan":"'$PLAN'"}'`,
          'Mend what the letter names ([function-errors](#alarm-function-errors)). Where a run did not begin, begin it:',
        ),
        desk(
          'aws sqs purge-queue --queue-url "$QUEUE"',
          'Then empty the queue; the alarm is on until it is.',
        ),
      ],
      prove: [
        desk(
          `aws cloudwatch describe-alarms --alarm-names "$STACK-dead-letters" --query 'MetricAlarms[].StateValue' --output text`,
          'Within five minutes:',
        ),
      ],
    },
  },
};
