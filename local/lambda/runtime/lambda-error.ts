/** An error of the runtime itself. Its name is what `errorType` shows, for instance `Runtime.HandlerNotFound`. */
export class RuntimeError extends Error {
  override readonly name: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** The error as Lambda's runtime for Node.js answers it: type, message and trace; whatever was thrown. */
export const errorPayload = (thrown: unknown): string =>
  JSON.stringify(
    thrown instanceof Error
      ? {
          errorType: thrown.name,
          errorMessage: thrown.message,
          trace: thrown.stack?.split('\n') ?? [],
        }
      : { errorType: typeof thrown, errorMessage: String(thrown), trace: [] },
  );

/** The error as it stands in the log. */
export const errorForLog = (thrown: unknown): string =>
  JSON.stringify(
    thrown instanceof Error
      ? {
          errorType: thrown.name,
          errorMessage: thrown.message,
          ...thrown,
          ...(thrown.cause instanceof Error ? { cause: String(thrown.cause) } : {}),
          stack: thrown.stack?.split('\n') ?? [],
        }
      : { errorType: typeof thrown, errorMessage: String(thrown), stack: [] },
  );

/** Nobody waited for the promise. */
export const unhandledRejection = (reason: unknown): RuntimeError => {
  const error = new RuntimeError('Runtime.UnhandledPromiseRejection', String(reason));
  if (reason instanceof Error && reason.stack !== undefined) error.stack = `${error.name}: ${reason.stack}`;
  return error;
};
