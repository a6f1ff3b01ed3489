import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BadEvent, readControlEvent, readDispatchEvent } from '../../../functions/config/events.ts';

const run = 'acme-web/20261123T180000Z-backup';

describe('an event that asks for no run', () => {
  test('cancels a run, with a reason or without', () => {
    expect(readControlEvent({ cancel: run })).toEqual({ kind: 'cancel', run });
    expect(readControlEvent({ cancel: run, why: ' the share moves ' })).toEqual({
      ...{ kind: 'cancel', run },
      why: 'the share moves',
    });
  });

  test('pauses a plan until a time, in whatever zone, and lets it go on', () => {
    const pause = { until: '2026-12-01T08:00:00+08:00', why: 'the share moves' };
    expect(readControlEvent({ plan: 'acme-web', pause })).toEqual({
      ...{ kind: 'pause', plan: 'acme-web', why: 'the share moves' },
      until: new Date('2026-12-01T00:00:00Z'),
    });
    expect(readControlEvent({ plan: 'acme-web', resume: true })).toEqual({
      kind: 'resume',
      plan: 'acme-web',
    });
  });

  test('may come from a button of the dashboard', () => {
    expect(readControlEvent({ cancel: run, widgetContext: { theme: 'dark' } })).toEqual({
      kind: 'cancel',
      run,
    });
  });

  test.each([
    [{ cancel: 'acme-web' }, /cancel: is no run such as acme-web\/2026.*Send \{"cancel":/],
    [{ cancel: true }, /cancel: is no run/],
    [{ cancel: run, why: ' ' }, /why: is empty/],
    [{ cancel: run, why: 'x'.repeat(201) }, /why: has more than 200/],
    [{ cancel: run, plan: 'acme-web' }, /knows no plan/],
    [{ plan: 'acme-web', pause: true }, /pause: is no object/],
    [{ plan: 'acme-web', pause: {} }, /pause\.until: is missing.*Send \{"plan":"acme-web","pause":/],
    [{ plan: 'acme-web', pause: { until: 'Monday' } }, /pause\.until: is no time/],
    [{ plan: 'acme-web', pause: { until: '2026-12-01T00:00:00' } }, /pause\.until: is no time with its zone/],
    [{ plan: 'acme-web', pause: { until: '2026-13-01T00:00:00Z' } }, /pause\.until: is no time/],
    [{ plan: 'acme-web', pause: { until: '2026-12-01T00:00:00Z', till: 1 } }, /knows no till/],
    [{ pause: { until: '2026-12-01T00:00:00Z' } }, /plan: is missing/],
    [{ plan: 'acme-web', resume: false }, /resume: is not true/],
    [{ plan: 'acme-web', resume: true, pause: { until: '2026-12-01T00:00:00Z' } }, /knows no resume/],
  ])('%j is refused with what is wrong', (event, message) => {
    expect(() => readControlEvent(event)).toThrow(message);
    expect(() => readControlEvent(event)).toThrow(BadEvent);
  });

  test('property: any event is one of these, or none, or refused', () => {
    const event = fc.record(
      { cancel: fc.jsonValue(), pause: fc.jsonValue(), resume: fc.jsonValue(), plan: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(event, fc.jsonValue()), (each) => {
        try {
          readControlEvent(each);
        } catch (error) {
          expect(error).toBeInstanceOf(BadEvent);
        }
      }),
    );
  });
});

describe('an event that asks for a run', () => {
  test.each([
    ['5', '5'],
    [5, '5'],
    ['10%', '10%'],
    ['100%', '100%'],
    ['9999999', '9999999'],
  ])('takes the concurrency %j', (concurrency, taken) => {
    expect(readControlEvent({ plan: 'acme-web', concurrency })).toBeUndefined();
    expect(readDispatchEvent({ plan: 'acme-web', concurrency })).toMatchObject({ concurrency: taken });
  });

  test.each([[0], ['0'], [-1], [1.5], ['101%'], ['0%'], ['many'], ['10000000'], [''], [true]])(
    'refuses the concurrency %j, and says what is allowed',
    (concurrency) => {
      expect(() => readDispatchEvent({ plan: 'acme-web', concurrency })).toThrow(
        /concurrency: is neither a number of instances from 1, such as "5", nor a percentage/,
      );
    },
  );

  test('retries what failed, by itself alone', () => {
    expect(readDispatchEvent({ plan: 'acme-web', retryFailed: true })).toMatchObject({ retryFailed: true });
    expect(readDispatchEvent({ plan: 'acme-web', retryFailed: false })).not.toHaveProperty('retryFailed');
    const instances = ['i-0123456789abcdef0'];
    expect(() => readDispatchEvent({ plan: 'acme-web', retryFailed: true, instances })).toThrow(
      /leave out either retryFailed or instances/,
    );
    expect(() => readDispatchEvent({ plan: 'acme-web', retryFailed: true, operation: 'verify' })).toThrow(
      /goes with no verify/,
    );
  });
});
