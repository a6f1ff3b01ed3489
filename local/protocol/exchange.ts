import type { Signature } from './signature.ts';

/** A request, read to its end. `path` is as it came: percent-encoded, without the query. */
export type IncomingRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

/** One signed request on its way through a service. */
export type Call = {
  readonly request: IncomingRequest;
  readonly requestId: string;
  readonly signature: Signature;
  /** A function's name, an instance's id, or `cli`. */
  readonly caller: string;
  /** Rejects with AWS's answer where the caller may not do this. Asked before the operation begins. */
  readonly authorize: (asking: {
    readonly service: string;
    readonly operation: string;
    readonly input: unknown;
  }) => Promise<void>;
};

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
};

/** What the record of calls keeps of a request, beside the answer that it got. */
export type Exchange = {
  readonly service: string;
  readonly operation: string;
  /** Parameters as understood, without bodies and secrets. */
  readonly logged: unknown;
  readonly answer: Answer;
  readonly errorCode?: string;
};

/** One service at the HTTP server. The first endpoint that takes a request gets it. */
export type Endpoint = {
  readonly service: string;
  /** `scope`: the service in the request's signature; undefined where it carries none. */
  readonly takes: (request: IncomingRequest, scope: string | undefined) => boolean;
  readonly handle: (call: Call) => Promise<Exchange>;
  /** AWS's answer to a request without a signature. */
  readonly refuse: (request: IncomingRequest, requestId: string) => Exchange;
};

/** What an operation does: parameters in, members of the answer out. Throws `AwsFailure`. */
export type Operation = (input: unknown, call: Call) => unknown;

/** An answer that an operation writes itself, where the body is not a structure (Lambda's payloads). */
export class RawAnswer {
  readonly answer: Answer;

  constructor(answer: Answer) {
    this.answer = answer;
  }
}
