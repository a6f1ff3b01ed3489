/** A template that local AWS cannot play: where in it, and why. Paths are written as `Resources.Bucket.Properties.Name`. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';

  constructor(path: string, why: string) {
    super(`The packaged template cannot be played: ${path}: ${why}`);
  }
}
