import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startClock } from '../../../local/clock.ts';
import type { LocalClock } from '../../../local/contract.ts';

let clock: LocalClock;
beforeEach(() => {
  clock = startClock();
});
afterEach(() => clock.stop());

const later = (milliseconds: number): Date => new Date(clock.now().getTime() + milliseconds);
const hour = 3_600_000;

describe('the local clock', () => {
  it('shows real time until somebody skips', () => {
    expect(Math.abs(clock.now().getTime() - Date.now())).toBeLessThan(50);
    expect(clock.offsetMilliseconds()).toBe(0);
  });

  it('does by itself what comes due', async () => {
    const done = new Promise<Date>((resolve) => clock.at(later(30), 'soon', () => resolve(clock.now())));
    const due = clock.next()?.time;
    expect((await done).getTime()).toBeGreaterThanOrEqual(due?.getTime() ?? Number.NaN);
  });

  it('does at once what was due in the past', async () => {
    await new Promise<void>((resolve) => clock.at(later(-hour), 'late', resolve));
  });

  it('skips to the next thing, waits for it, and stands at its time', async () => {
    const seen: string[] = [];
    clock.at(later(2 * hour), 'second', () => void seen.push('second'));
    clock.at(later(hour), 'first', async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      seen.push('first');
    });
    const skipped = await clock.skipToNext();
    expect(skipped?.what).toBe('first');
    expect(seen).toEqual(['first']);
    expect(clock.now().getTime()).toBeGreaterThanOrEqual(skipped?.time.getTime() ?? Number.NaN);
    expect(clock.offsetMilliseconds()).toBeGreaterThan(hour - 1000);
    expect(clock.next()?.what).toBe('second');
  });

  it('keeps the order in which things of one time were armed', async () => {
    const time = later(hour);
    clock.at(time, 'one', () => undefined);
    clock.at(time, 'two', () => undefined);
    expect((await clock.skipToNext())?.what).toBe('one');
  });

  it('never goes back, also when it skips to something that is overdue', async () => {
    clock.at(later(hour), 'far', () => undefined);
    await clock.skipToNext();
    const offset = clock.offsetMilliseconds();
    clock.at(later(-5 * hour), 'overdue', () => undefined);
    await clock.skipToNext();
    expect(clock.offsetMilliseconds()).toBe(offset);
  });

  it('waits longer than a timer can', () => {
    clock.at(later(60 * 24 * hour), 'in two months', () => {
      throw new Error('came at once');
    });
    return new Promise((resolve) => setTimeout(resolve, 30));
  });

  it('does nothing that was cancelled or is asked for after the end', async () => {
    clock.at(later(hour), 'cancelled', () => undefined).cancel();
    expect(clock.next()).toBeUndefined();
    expect(await clock.skipToNext()).toBeUndefined();
    clock.stop();
    clock.at(later(0), 'after the end', () => undefined);
    expect(clock.next()).toBeUndefined();
  });

  it('hands the failure of what was skipped to to whoever skipped', async () => {
    clock.at(later(hour), 'broken', () => {
      throw new Error('it broke');
    });
    await expect(clock.skipToNext()).rejects.toThrow('it broke');
  });

  it('refuses a time that is none', () => {
    expect(() => clock.at(new Date(Number.NaN), 'never', () => undefined)).toThrow(/"never".*no valid time/);
  });
});
