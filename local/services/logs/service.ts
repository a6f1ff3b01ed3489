import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { awsJsonEndpoint } from '../../protocol/aws-json.ts';
import type { Endpoint } from '../../protocol/exchange.ts';
import { AwsFailure } from '../../protocol/failure.ts';
import { page } from '../../protocol/pages.ts';
import { validate } from '../../protocol/validation.ts';

/** CloudWatch Logs: FilterLogEvents over the functions' logs, log group `/aws/lambda/<function>`. */
export const logsEndpoint = (options: { readonly logDirectory: string }): Endpoint =>
  awsJsonEndpoint({
    name: 'logs',
    targetPrefix: 'Logs_20140328',
    hidden: [],
    operations: { FilterLogEvents: (input) => filterLogEvents(options.logDirectory, input) },
  });

const schema = z.object({
  logGroupName: z.string(),
  startTime: z.number().default(0),
  endTime: z.number().default(Number.MAX_SAFE_INTEGER),
  /** A word that has to be in the message; the real one knows a language of patterns. */
  filterPattern: z.string().default(''),
  limit: z.number().int().min(1).max(10_000).default(10_000),
  nextToken: z.string().optional(),
});

const filterLogEvents = async (logDirectory: string, raw: unknown) => {
  const { nextToken, limit, ...input } = validate(schema, raw, 'InvalidParameterException');
  const name = /^\/aws\/lambda\/([\w-]+)$/.exec(input.logGroupName)?.[1];
  const file = join(logDirectory, `${name}.log`);
  if (name === undefined || !existsSync(file))
    throw new AwsFailure('ResourceNotFoundException', 'The specified log group does not exist.');
  const word = input.filterPattern.replaceAll('"', '');
  const found = eventsOf(await readFile(file, 'utf8')).filter(
    ({ timestamp, message }) =>
      timestamp >= input.startTime && timestamp < input.endTime && message.includes(word),
  );
  const { items, nextToken: next } = page(
    found,
    ({ eventId }) => eventId,
    { size: limit, token: nextToken, question: input },
    () => {
      throw new AwsFailure('InvalidParameterException', 'The specified nextToken is invalid.');
    },
  );
  return { events: items, searchedLogStreams: [], ...(next === undefined ? {} : { nextToken: next }) };
};

/** A line has the time that it names, or that of the line before it. */
const eventsOf = (log: string) => {
  let timestamp = 0;
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((message, index) => {
      const named = /"timestamp":"([^"]+)"|^(\d{4}-\d\d-\d\dT[\d:.]+Z)/.exec(message);
      const time = Date.parse(named?.[1] ?? named?.[2] ?? '');
      if (!Number.isNaN(time)) timestamp = time;
      return { logStreamName: 'local', timestamp, ingestionTime: timestamp, message, eventId: String(index) };
    });
};
