import { types } from 'node:util';

/**
 * What a caller did wrong (or what local AWS was told to do wrong), in AWS's words. Services throw it; the protocol of
 * the call decides how it looks on the wire. Any other error is a bug of local AWS and answers as an internal error.
 */
export class AwsFailure extends Error {
  override readonly name = 'AwsFailure';
  /** The error's code as SDKs see it in `error.name`, for instance `InvalidInstanceId`. */
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  /** Further members of the error, for instance `Key` of S3's NoSuchKey. */
  readonly fields: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    status = 400,
    fields: Readonly<Record<string, string>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.fields = fields;
    this.headers = headers;
  }
}

/** The failure as which any thrown thing answers: itself, or an internal error that names what broke. */
export const asFailure = (error: unknown): AwsFailure => {
  if (error instanceof AwsFailure) return error;
  const cause = types.isNativeError(error) ? (error.stack ?? error.message) : String(error);
  return new AwsFailure('InternalFailure', `Local AWS failed, which is a bug of its own: ${cause}`, 500);
};
