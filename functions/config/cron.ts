import { BadCron } from './cron-field.ts';
import { crontabToEventBridge, nicknames } from './crontab.ts';
import { checkedEventBridgeCron } from './eventbridge-cron.ts';
import { nearestWord } from './nearest-word.ts';

export { BadCron } from './cron-field.ts';

/**
 * A plan's `schedule.cron` in EventBridge Scheduler's form: six fields, without `cron()`. Takes crontab's five fields,
 * its nicknames (`@daily`), and EventBridge's six. Throws {@link BadCron}.
 */
export const toEventBridgeCron = (text: string): string => {
  const expression = unwrapped(text.trim());
  const fields = expression.split(/\s+/);
  const cron = isFive(fields)
    ? crontabToEventBridge(fields)
    : isSix(fields)
      ? checkedEventBridgeCron(fields)
      : notCron(expression, fields.length);
  // ScheduleExpression takes 256 characters, `cron()` included.
  if (cron.length > 250) throw new BadCron('It is too long for EventBridge.', 'fewer values, or two plans');
  return cron;
};

const unwrapped = (text: string): string => {
  const inner = /^cron\((.*)\)$/i.exec(text)?.[1]?.trim() ?? text;
  return inner.startsWith('@') ? (nicknames[inner.toLowerCase()] ?? inner) : inner;
};

type Five = [string, string, string, string, string];
type Six = [string, string, string, string, string, string];
const isFive = (fields: readonly string[]): fields is Five => fields.length === 5;
const isSix = (fields: readonly string[]): fields is Six => fields.length === 6;

const forms = 'five fields as in crontab (`0 2 * * *`) or the six of EventBridge (`0 2 * * ? *`)';

const notCron = (expression: string, count: number): never => {
  if (expression.toLowerCase() === '@reboot')
    throw new BadCron('`@reboot` names no time, and a fleet has no boot.', forms);
  if (expression.startsWith('@')) {
    const words = Object.keys(nicknames);
    throw new BadCron(
      `\`${expression}\` is no nickname of cron.`,
      words.join(', '),
      nearestWord(expression, words),
    );
  }
  if (/^rate\(|^at\(/i.test(expression))
    throw new BadCron(`\`${expression}\` is not a cron expression.`, forms);
  if (expression === '') throw new BadCron('It is empty.', forms);
  throw new BadCron(`It has ${count} field${count === 1 ? '' : 's'}.`, forms);
};
