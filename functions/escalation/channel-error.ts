/**
 * A message that could not be placed: the service, what was asked of it, what it answered, and what to do now. Built
 * from our own words and from error codes alone, never from an address or a header, so that no secret gets into a log.
 */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  /** `no`: the service surely did not act. `unknown`: it may have, so look before asking again. */
  readonly arrival: 'no' | 'unknown';
  /** HTTP status, where the service answered. */
  readonly status: number | undefined;
  /** The service's own code, for instance Slack's `channel_not_found`. */
  readonly code: string | undefined;
  /** Fields that the service would not take, each with its reason. */
  readonly fields: Readonly<Record<string, string>> | undefined;

  constructor(message: string, facts: ChannelErrorFacts) {
    super(message);
    this.arrival = facts.arrival;
    this.status = facts.status;
    this.code = facts.code;
    this.fields = facts.fields;
  }
}

type ChannelErrorFacts = {
  readonly arrival: 'no' | 'unknown';
  readonly status?: number;
  readonly code?: string;
  readonly fields?: Readonly<Record<string, string>>;
};

/** Whether a call ended without our knowing if it was done. */
export const mayHaveArrived = (error: unknown): boolean =>
  error instanceof ChannelError && error.arrival === 'unknown';

/** The message without these secrets, should a service have sent one back to us. */
export const withoutSecrets = (error: unknown, secrets: readonly string[]): unknown => {
  if (!(error instanceof ChannelError)) return error;
  const clean = redacted(error.message, secrets);
  if (clean === error.message) return error;
  const { arrival, status, code } = error;
  return new ChannelError(clean, {
    arrival,
    ...(status === undefined ? {} : { status }),
    ...(code === undefined ? {} : { code }),
  });
};

/** Text from a service with our secrets, plain or encoded, taken out; to be done before it is cut. */
export const redacted = (text: string, secrets: readonly string[]): string =>
  secrets
    .flatMap((secret) => [secret, encodeURIComponent(secret), Buffer.from(secret, 'utf8').toString('base64')])
    .filter(({ length }) => length >= 6)
    .reduce((rest, form) => rest.replaceAll(form, '(secret)'), text);
