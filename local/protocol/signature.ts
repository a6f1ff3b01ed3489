import type { IncomingRequest } from './exchange.ts';

/** Who signed and for which service. Local AWS does not verify signatures; it only wants to see one. */
export type Signature = {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
};

const functionPrefix = 'LOCAL';

/** The access key id that a function's process is given: `LOCAL` and its name, so that the record of calls can name it. */
export const accessKeyIdOfFunction = (functionName: string): string => `${functionPrefix}${functionName}`;

/** The function that an access key id belongs to; `cli` for everybody else. */
export const callerOf = (accessKeyId: string): string =>
  accessKeyId.startsWith(functionPrefix) && accessKeyId.length > functionPrefix.length
    ? accessKeyId.slice(functionPrefix.length)
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
