let offsetMilliseconds = 0;

/** Moves what `Date` says is now, in milliseconds. Timers and `performance` stay real. */
export const shiftDate = (milliseconds: number): void => {
  offsetMilliseconds = milliseconds;
};

/** Puts a Date into this process that follows the local clock. Every other use of Date is as before. */
export const installShiftedDate = (): void => {
  const RealDate = globalThis.Date;
  const now = (): number => RealDate.now() + offsetMilliseconds;
  const ShiftedDate: DateConstructor = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(
        target,
        args.length === 0 ? [now()] : args,
        newTarget === ShiftedDate ? target : newTarget,
      ),
    apply: () => new RealDate(now()).toString(),
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  });
  RealDate.prototype.constructor = ShiftedDate;
  globalThis.Date = ShiftedDate;
};
