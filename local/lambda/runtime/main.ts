/**
 * What a function's process runs: it plays Lambda's runtime for Node.js 24 and imports the packaged bundle, nothing
 * else. One event at a time comes over the IPC channel; when the channel closes, whoever started the process is gone.
 * Its arguments: the offset of the local clock while the bundle is loaded, and a folder for compiled code, without which
 * a bundle with AWS SDKs takes 230 ms to load and not 140.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';
import { performance } from 'node:perf_hooks';
import { installLambdaConsole } from './lambda-console.ts';
import { errorForLog, errorPayload, RuntimeError, unhandledRejection } from './lambda-error.ts';
import { type Handler, loadHandler } from './load-handler.ts';
import { endMark, type FromFunction, type Invoke } from './messages.ts';
import { installShiftedDate, shiftDate } from './shifted-date.ts';

/** Lambda's limit for an answer, in bytes. */
const largestAnswer = 6_291_556;

/** The environment is set by the runner: what is missing there is a bug of the runner. */
const variable = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`The runner did not set ${name}.`);
  return value;
};

const { send: sendRaw } = process;
const send = (message: FromFunction, then: () => void = () => undefined): void => {
  sendRaw?.call(process, message, then);
};
// The bundle must not find what Lambda does not have.
Reflect.deleteProperty(process, 'send');

let current: Invoke | undefined;
const writeOut = process.stdout.write.bind(process.stdout);
const writeError = process.stderr.write.bind(process.stderr);

const contextOf = (order: Invoke) => {
  const deadline = performance.now() + order.timeoutMilliseconds;
  return {
    functionName: variable('AWS_LAMBDA_FUNCTION_NAME'),
    functionVersion: '$LATEST',
    invokedFunctionArn: order.functionArn,
    memoryLimitInMB: variable('AWS_LAMBDA_FUNCTION_MEMORY_SIZE'),
    awsRequestId: order.requestId,
    logGroupName: variable('AWS_LAMBDA_LOG_GROUP_NAME'),
    logStreamName: variable('AWS_LAMBDA_LOG_STREAM_NAME'),
    identity: undefined,
    clientContext: undefined,
    getRemainingTimeInMillis: () => Math.max(0, Math.floor(deadline - performance.now())),
  };
};

const answerText = (answer: unknown): string => {
  const text = JSON.stringify(answer === undefined ? null : answer);
  if (text === undefined) throw new Error('Unable to stringify response body');
  const size = Buffer.byteLength(text);
  if (size > largestAnswer)
    throw new RuntimeError(
      'Function.ResponseSizeTooLarge',
      `Response payload size (${size} bytes) exceeded maximum allowed payload size (${largestAnswer} bytes).`,
    );
  return text;
};

const handle = async (handler: Handler, order: Invoke): Promise<void> => {
  current = order;
  shiftDate(order.clockOffsetMilliseconds);
  process.env._X_AMZN_TRACE_ID = order.traceId;
  const { requestId } = order;
  try {
    const payload = answerText(await handler(JSON.parse(order.payload), contextOf(order)));
    finish({ kind: 'answer', requestId, payload });
  } catch (error) {
    console.error('Invoke Error', `\t${errorForLog(error)}`);
    finish({ kind: 'error', requestId, payload: errorPayload(error), fatal: false });
  }
};

/** The marks go first: when the answer arrives, the runner waits for all that was written before it. */
const finish = (message: FromFunction & { readonly requestId: string }): void => {
  const mark = `${endMark(message.requestId)}\n`;
  writeOut(mark);
  writeError(mark);
  current = undefined;
  send(message);
  setImmediate(flushCompileCache);
};

const die = (title: string, error: unknown, exitCode: number): void => {
  console.error(title, `\t${errorForLog(error)}`);
  const requestId = current?.requestId;
  send(
    {
      kind: 'error',
      ...(requestId === undefined ? {} : { requestId }),
      payload: errorPayload(error),
      fatal: true,
    },
    () => process.exit(exitCode),
  );
};

installShiftedDate();
const [, , clockOffset = '0', compileCache = ''] = process.argv;
shiftDate(Number(clockOffset));
enableCompileCache(compileCache);
installLambdaConsole(() => current?.requestId);
process.on('disconnect', () => process.exit(0));
process.on('uncaughtException', (error) => die('Uncaught Exception', error, 129));
process.on('unhandledRejection', (reason) =>
  die('Unhandled Promise Rejection', unhandledRejection(reason), 128),
);

try {
  const handler = await loadHandler(variable('LAMBDA_TASK_ROOT'), variable('_HANDLER'));
  process.on('message', (order: Invoke) => void handle(handler, order));
  send({ kind: 'ready' });
} catch (error) {
  die('Uncaught Exception', error, 1);
}
