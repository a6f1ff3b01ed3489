import { format } from 'node:util';

const levels = {
  trace: 'TRACE',
  debug: 'DEBUG',
  log: 'INFO',
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
} as const;

/**
 * Makes the console write as Lambda's does: time, request id and level before the text, everything to stdout, line
 * breaks within a message as carriage returns, so that a message is one event of the log.
 */
export const installLambdaConsole = (requestId: () => string | undefined): void => {
  for (const [method, level] of Object.entries(levels)) {
    const write = (...parts: readonly unknown[]): void => {
      const message = format(...parts).replaceAll('\n', '\r');
      process.stdout.write(
        `${new Date().toISOString()}\t${requestId() ?? 'undefined'}\t${level}\t${message}\n`,
      );
    };
    Reflect.set(console, method, write);
  }
};
