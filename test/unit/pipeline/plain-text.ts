import { type Message, plain } from '../../../functions/escalation/message.ts';

/** A message's words and addresses, without what a channel makes of them. */
export const plainTextOf = ({ title, parts }: Message): string =>
  [title, ...parts.flatMap((part) => (part.kind === 'list' ? part.items : [part.line])).map(plain)].join(
    '\n',
  );
