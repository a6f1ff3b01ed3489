import type { LocalFunction, LocalStack } from '../contract.ts';
import type { DeadLetter, DeadLetters } from '../events/dead-letters.ts';
import { DeliveryFailed, type DeliveryTools } from '../events/deliver.ts';
import type { Guard } from './guard.ts';

/** What AWS's services do in somebody else's role, or by the leave of what they act on: as the template allows it. */

type Delivery = Pick<DeliveryTools, 'deliver' | 'deadLetters'>;

/** Lambda leaves a function's failed events at the queue in the function's role. */
export const ofFunctions = (deadLetters: DeadLetters, guard: Pick<Guard, 'may'>): DeadLetters =>
  leavingBy(deadLetters, ({ targetArn }, queueArn) =>
    guard.may(targetArn.split(':').at(-1) ?? '', sending(queueArn)),
  );

/** Lambda writes a function's log in the function's role. */
export const mayLog = (
  { name }: LocalFunction,
  guard: Pick<Guard, 'may'>,
  { account, region }: Pick<LocalStack, 'account' | 'region'>,
): boolean => {
  const resource = `arn:aws:logs:${region}:${account}:log-group:/aws/lambda/${name}:log-stream:[$LATEST]`;
  return ['logs:CreateLogStream', 'logs:PutLogEvents'].every((action) =>
    guard.may(name, { action, resource }),
  );
};

/** EventBridge Scheduler takes the role that came with the schedule. */
export const inRole = (
  { deliver, deadLetters }: Delivery,
  guard: Pick<Guard, 'mayInRole'>,
  roleArn: string,
): Delivery => ({
  deliver: (targetArn, payload, source) => {
    if (!guard.mayInRole(roleArn, scheduler, invoking(targetArn)))
      throw notAllowed(`The role ${roleArn} does not let the schedule invoke ${targetArn}.`);
    deliver(targetArn, payload, source);
  },
  deadLetters: leavingBy(deadLetters, (_letter, queueArn) =>
    guard.mayInRole(roleArn, scheduler, sending(queueArn)),
  ),
});

/** A rule has no role: functions and queues say themselves which rules may come. */
export const ofRules = ({ deliver, deadLetters }: Delivery, guard: Pick<Guard, 'mayService'>): Delivery => ({
  deliver: (targetArn, payload, source) => {
    if (!guard.mayService(events, { ...invoking(targetArn), context: { 'aws:SourceArn': source } }))
      throw notAllowed(`${targetArn} has no permission that lets ${source} invoke it.`);
    deliver(targetArn, payload, source);
  },
  deadLetters: leavingBy(deadLetters, ({ source }, queueArn) =>
    guard.mayService(events, { ...sending(queueArn), context: { 'aws:SourceArn': source } }),
  ),
});

const scheduler = 'scheduler.amazonaws.com';
const events = 'events.amazonaws.com';

const invoking = (functionArn: string) => ({ action: 'lambda:InvokeFunction', resource: functionArn });
const sending = (queueArn: string) => ({ action: 'sqs:SendMessage', resource: queueArn });

/** The code that EventBridge gives as `ERROR_CODE` of such a dead letter. */
const notAllowed = (why: string) => new DeliveryFailed('NO_PERMISSIONS', why, false);

/** Whoever may not send to the queue loses the event, as on AWS. */
const leavingBy = (
  deadLetters: DeadLetters,
  may: (letter: DeadLetter, queueArn: string) => boolean,
): DeadLetters => ({
  ...deadLetters,
  put: (letter) => {
    const { queueArn, ...lost } = letter;
    deadLetters.put(queueArn === undefined || may(letter, queueArn) ? letter : lost);
  },
});
