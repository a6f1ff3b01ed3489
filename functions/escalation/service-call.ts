import { setTimeout as sleep } from 'node:timers/promises';
import { ChannelError } from './channel-error.ts';
import { durationOf } from './figures.ts';

export type ServiceCall = {
  readonly service: 'Slack' | 'JIRA';
  /** What is asked, as errors name it: `chat.postMessage`, `POST /rest/api/3/issue`. Never an address. */
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** `once`: asked again only where the first surely was not carried out, because twice would be told twice. */
  readonly repeat: 'always' | 'once';
};

export type ServiceAnswer = { readonly status: number; readonly body: string };

/** How long one notice may take with all its calls, and each call of it. */
export type Patience = {
  readonly budget: Budget;
  readonly requestMilliseconds: number;
  /** Before the second attempt; it doubles with each. */
  readonly pauseMilliseconds: number;
};

export type Budget = { readonly left: () => number };

/** Counted with the monotonic clock: local AWS moves the other one. */
export const startBudget = (milliseconds: number): Budget => {
  const end = performance.now() + milliseconds;
  return { left: () => end - performance.now() };
};

const mostFailures = 3;
const mostRateLimits = 10;

/**
 * One call over HTTP: each attempt with its time-out, attempts again after failures that may pass (no answer, 5xx, 429
 * after the `Retry-After` that it names), all within the budget. Answers 2xx and 4xx; everything else is thrown as
 * {@link ChannelError}. Redirects are not followed: they would carry the credentials elsewhere.
 */
export const callService = async (call: ServiceCall, patience: Patience): Promise<ServiceAnswer> => {
  const begin = performance.now();
  for (let failures = 0, limits = 0; ; ) {
    const end = await attempt(call, patience);
    if (end.kind === 'answer') return end.answer;
    if (end.status === 429) limits += 1;
    else failures += 1;
    const why = whyGiveUp(call, end, { failures, limits }, patience);
    if (why !== undefined) throw giveUp(call, end, `${why} after ${durationOf(performance.now() - begin)}`);
    await sleep(pauseOf(end, failures, patience));
  }
};

type Trouble = {
  readonly kind: 'trouble';
  /** What happened, to be read after "Slack chat.postMessage: ". */
  readonly happened: string;
  readonly arrival: 'no' | 'unknown';
  readonly status?: number;
  readonly retryAfterMilliseconds?: number;
};
type End = { readonly kind: 'answer'; readonly answer: ServiceAnswer } | Trouble;

const attempt = async (call: ServiceCall, patience: Patience): Promise<End> => {
  const milliseconds = Math.floor(Math.min(patience.requestMilliseconds, patience.budget.left()));
  if (milliseconds <= 0) return { kind: 'trouble', happened: 'there was no time left to ask', arrival: 'no' };
  const signal = AbortSignal.timeout(milliseconds);
  try {
    const response = await fetch(call.url, {
      method: call.method,
      headers: call.headers,
      redirect: 'manual',
      signal,
      ...(call.body === undefined ? {} : { body: call.body }),
    });
    const body = await response.text();
    return endOf(response, body);
  } catch (error) {
    return signal.aborted
      ? { kind: 'trouble', happened: `no answer within ${durationOf(milliseconds)}`, arrival: 'unknown' }
      : brokenConnection(error);
  }
};

const endOf = (response: Response, body: string): End => {
  const { status } = response;
  const retryAfterMilliseconds = retryAfterOf(response.headers.get('retry-after'));
  const wait = retryAfterMilliseconds === undefined ? {} : { retryAfterMilliseconds };
  if (status === 429)
    return { kind: 'trouble', happened: 'HTTP 429, too many requests', arrival: 'no', status, ...wait };
  // 503 with Retry-After is a refusal at the door; any other 5xx may come from behind it.
  if (status >= 500) {
    const arrival = status === 503 && retryAfterMilliseconds !== undefined ? 'no' : 'unknown';
    return { kind: 'trouble', happened: `HTTP ${status}`, arrival, status, ...wait };
  }
  return { kind: 'answer', answer: { status, body } };
};

/** Seconds or a date (RFC 9110, 10.2.3). */
const retryAfterOf = (header: string | null): number | undefined => {
  if (header === null) return undefined;
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
};

/** Only the code of the error is told: its message may hold the address or a header. */
const brokenConnection = (error: unknown): Trouble => {
  const code = codeOf(error) ?? codeOf(propertyOf(error, 'cause'));
  const happened = code === undefined ? 'the connection failed' : `the connection failed (${code})`;
  const arrival = code !== undefined && neverSent.test(code) ? 'no' : 'unknown';
  return { kind: 'trouble', happened, arrival };
};

const neverSent =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_INVALID_URL|CERT_.*|.*_CERT.*|ERR_TLS_.*)$/;

const codeOf = (error: unknown): string | undefined => {
  const code = propertyOf(error, 'code');
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : undefined;
};

const propertyOf = (value: unknown, name: 'cause' | 'code'): unknown =>
  typeof value === 'object' && value !== null && name in value ? Object(value)[name] : undefined;

type Attempts = { readonly failures: number; readonly limits: number };

const whyGiveUp = (
  call: ServiceCall,
  end: Trouble,
  { failures, limits }: Attempts,
  patience: Patience,
): string | undefined => {
  const left = patience.budget.left();
  if (call.repeat === 'once' && end.arrival === 'unknown')
    return 'it may have been done, so it was not asked again';
  if (failures >= mostFailures) return `${failures} attempts`;
  if (limits >= mostRateLimits) return `${limits} rate limits`;
  if ((end.retryAfterMilliseconds ?? 0) >= left)
    return `it asks to wait ${durationOf(end.retryAfterMilliseconds ?? 0)}, longer than there is time`;
  return pauseOf(end, failures, patience) >= left ? 'the time for telling was over' : undefined;
};

const pauseOf = (end: Trouble, failures: number, { pauseMilliseconds }: Patience): number =>
  end.retryAfterMilliseconds ?? pauseMilliseconds * 2 ** Math.max(0, failures - 1);

const giveUp = (call: ServiceCall, end: Trouble, why: string): ChannelError =>
  new ChannelError(`${call.service} ${call.what}: ${end.happened}; ${why}. ${remedyOf(call, end)}`, {
    arrival: end.arrival,
    ...(end.status === undefined ? {} : { status: end.status }),
  });

const remedyOf = ({ service }: ServiceCall, { status }: Trouble): string => {
  if (status === 429) return 'It is tried again later; if it stays so, see what else uses the same token.';
  const page =
    service === 'Slack' ? 'https://slack-status.com' : 'https://jira-software.status.atlassian.com';
  return `It is tried again later; see ${page} and the function's way to the internet.`;
};
