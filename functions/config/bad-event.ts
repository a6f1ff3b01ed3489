/** An event that a person or a schedule got wrong. Its message says what is allowed. */
export class BadEvent extends Error {
  override readonly name = 'BadEvent';
}
