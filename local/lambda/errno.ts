/** The code of a system error, for instance `ENOENT`; undefined for anything else that was thrown. */
export const errnoOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
