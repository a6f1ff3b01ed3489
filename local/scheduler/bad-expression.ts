/** An expression that EventBridge Scheduler refuses, in its words, and then why. */
export class BadExpression extends Error {
  override readonly name = 'BadExpression';

  constructor(expression: string, why: string) {
    super(`Invalid Schedule Expression ${expression}. ${why}`);
  }
}
