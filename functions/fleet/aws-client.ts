/**
 * How every AWS client here is set up. Adaptive retries slow down by themselves when AWS throttles; the attempts are
 * many because the budget is a time: each call carries the signal of {@link budgetOf}, which ends it before the
 * function's own time-out does.
 */
export const clientConfig = (region: string) => ({
  region,
  retryMode: 'adaptive' as const,
  maxAttempts: 12,
  // Without the last one the handler only warns of a server that does not answer, and waits for the whole budget.
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
});

/** Time that is left to write down what happened, after the calls have been given up. */
const lastWordsMilliseconds = 5_000;

/** Ends calls a little before the function is ended. */
export const budgetOf = (remainingMilliseconds: number): AbortSignal =>
  AbortSignal.timeout(Math.max(1_000, remainingMilliseconds - lastWordsMilliseconds));

/** `items` in slices of at most `size`, in order. */
export const slices = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
