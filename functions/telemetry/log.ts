import { Logger } from '@aws-lambda-powertools/logger';
import type { Log } from '../pipeline/doors.ts';

/** One JSON line an entry, with the request id of the invocation (added by middy, see the handlers). */
export const logger = new Logger({ serviceName: 'lifeboat' });

export const log: Log = {
  info: (message, facts) => logger.info(message, facts),
  error: (message, facts) => logger.error(message, facts),
};
