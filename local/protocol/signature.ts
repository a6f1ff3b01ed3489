import type { IncomingRequest } from './exchange.ts';

/** Who signed and for which service. Local AWS does not verify signatures; it only wants to see one. */
export type Signature = {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
};

const prefix = 'LOCAL';

/**
 * The access key id that a function's process is given: `LOCAL` and its name, so that the record of calls can name it and
 * its role decides what it may do. An instance's has its id: nothing on an instance calls AWS but the agent, which is
 * played; tests do as somebody would who took an instance over.
 */
export const accessKeyIdOf = (functionOrInstance: string): string => `${prefix}${functionOrInstance}`;

/** The function or instance that an access key id belongs to; `cli` for everybody else. */
export const callerOf = (accessKeyId: string): string =>
  accessKeyId.startsWith(prefix) && accessKeyId.length > prefix.length
    ? accessKeyId.slice(prefix.length)
    : 'cli';

/** Reads Signature Version 4 from the Authorization header, or from the query of a presigned address. */
export const readSignature = (request: IncomingRequest): Signature | undefined => {
  const header = request.headers.authorization ?? '';
  const credential = header.startsWith('AWS4-HMAC-SHA256')
    ? /\bCredential=([^,\s]+)/.exec(header)?.[1]
    : (request.query.get('X-Amz-Credential') ?? undefined);
  // <access key id>/<date>/<region>/<service>/aws4_request
  const parts =
    credential === undefined ? null : /^(.+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request$/.exec(credential);
  const [, accessKeyId, region, service] = parts ?? [];
  if (accessKeyId === undefined || region === undefined || service === undefined) return undefined;
  return { accessKeyId, region, service };
};
