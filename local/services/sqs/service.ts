import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { LocalClock } from '../../contract.ts';
import type { DeadLetter, DeadLetters } from '../../events/dead-letters.ts';
import { awsJsonEndpoint } from '../../protocol/aws-json.ts';
import type { Endpoint } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { validate } from '../../protocol/validation.ts';

export type QueueOptions = {
  readonly deadLetters: DeadLetters;
  readonly clock: Pick<LocalClock, 'now'>;
};

const receiveSchema = z.object({
  QueueUrl: z.string(),
  MaxNumberOfMessages: z.number().int().min(1).max(10).default(1),
  VisibilityTimeout: z.number().int().min(0).max(43_200).default(30),
});
const queueSchema = z.object({ QueueUrl: z.string() });

/** SQS as far as a person needs it who looks at dead letters: ReceiveMessage, DeleteMessage, PurgeQueue. */
export const sqsEndpoint = ({ deadLetters, clock }: QueueOptions): Endpoint => {
  const hiddenUntil = new Map<DeadLetter, number>();
  return awsJsonEndpoint({
    name: 'sqs',
    targetPrefix: 'AmazonSQS',
    hidden: [],
    operations: {
      ReceiveMessage: (raw) => {
        const { QueueUrl, MaxNumberOfMessages, VisibilityTimeout } = validate(receiveSchema, raw);
        const now = clock.now().getTime();
        const visible = lettersIn(deadLetters, QueueUrl)
          .filter((letter) => (hiddenUntil.get(letter) ?? 0) <= now)
          .slice(0, MaxNumberOfMessages);
        for (const letter of visible) hiddenUntil.set(letter, now + VisibilityTimeout * 1000);
        return visible.length === 0 ? {} : { Messages: visible.map(messageOf) };
      },
      DeleteMessage: (raw) => {
        const { QueueUrl, ReceiptHandle } = validate(queueSchema.extend({ ReceiptHandle: z.string() }), raw);
        const letter = lettersIn(deadLetters, QueueUrl).find((each) => handleOf(each) === ReceiptHandle);
        if (letter !== undefined) deadLetters.remove([letter]);
        return {};
      },
      PurgeQueue: (raw) => {
        deadLetters.remove(lettersIn(deadLetters, validate(queueSchema, raw).QueueUrl));
        return {};
      },
    },
  });
};

/** The queue's URL ends with its name, as its ARN does. */
const lettersIn = ({ all }: DeadLetters, url: string): readonly DeadLetter[] => {
  const name = url.split('/').at(-1) ?? '';
  if (!/^[\w-]{1,80}$/.test(name))
    throw new AwsFailure('AWS.SimpleQueueService.NonExistentQueue', 'The specified queue does not exist.');
  return all().filter(({ queueArn }) => queueArn?.split(':').at(-1) === name);
};

const messageOf = (letter: DeadLetter) => ({
  MessageId: handleOf(letter).slice(0, 32),
  ReceiptHandle: handleOf(letter),
  MD5OfBody: createHash('md5').update(letter.body).digest('hex'),
  Body: letter.body,
});

const handleOf = ({ at, source, body }: DeadLetter): string =>
  createHash('sha256').update(`${at.toISOString()} ${source} ${body}`).digest('hex');
