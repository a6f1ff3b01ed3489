import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readEnvironment } from '../../../functions/config/environment.ts';
import { BadEvent, readCheckEvent, readDispatchEvent } from '../../../functions/config/events.ts';

describe('the event of dispatch', () => {
  test('a plan is enough: a backup of the whole fleet', () => {
    expect(readDispatchEvent({ plan: 'acme-web' })).toEqual({
      plan: 'acme-web',
      operation: 'backup',
      allowShrink: false,
      dryRun: false,
    });
  });

  test('a schedule brings the time that names the run', () => {
    const event = readDispatchEvent({ plan: 'acme-web', scheduledTime: '2026-11-23T18:00:00Z' });
    expect(event.scheduledTime).toEqual(new Date('2026-11-23T18:00:00Z'));
  });

  test.each([
    [{}, /plan: is missing/],
    ['acme-web', /the event/],
    [{ plan: 'acme-web', operation: 'bakcup' }, /operation: is none of backup, final-backup/],
    [{ plan: 'acme-web', instances: [] }, /instances: is empty/],
    [{ plan: 'acme-web', instances: ['web-1'] }, /instances\.0: is not an instance id/],
    [{ plan: 'acme-web', dryrun: true }, /dryrun/],
    [{ plan: 'acme-web', scheduledTime: 'tonight' }, /scheduledTime: is not a time/],
  ])('%j is refused with what is wrong and what to send', (event, message) => {
    expect(() => readDispatchEvent(event)).toThrow(message);
    expect(() => readDispatchEvent(event)).toThrow(/Send \{"plan":"acme-web"\}/);
  });

  test('property: any event is read or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (event) => {
        try {
          readDispatchEvent(event);
        } catch (error) {
          expect(error).toBeInstanceOf(BadEvent);
        }
      }),
    );
  });
});

describe('the event of check', () => {
  test('a status change names its command, a wake-up its run, a person the plan', () => {
    const change = { source: 'aws.ssm', detail: { 'command-id': 'c1', status: 'Success' } };
    expect(readCheckEvent(change)).toEqual({ kind: 'command', commandId: 'c1' });
    const run = 'acme-web/20261123T180000Z-backup';
    expect(readCheckEvent({ run, why: 'deadline' })).toEqual({ kind: 'run', run });
    expect(readCheckEvent({ plan: 'acme-web' })).toEqual({ kind: 'newest', plan: 'acme-web' });
  });

  test('a run that is none is refused', () => {
    expect(() => readCheckEvent({ run: '../../etc' })).toThrow(BadEvent);
  });
});

test('an environment that lacks something names it', () => {
  expect(() => readEnvironment({ AWS_REGION: 'ap-southeast-1', LIFEBOAT_BUCKET: 'b' })).toThrow(
    /LIFEBOAT_BACKUP_DOCUMENT, LIFEBOAT_FINAL_BACKUP_DOCUMENT, LIFEBOAT_RESTORE_DOCUMENT, LIFEBOAT_VERIFY_DOCUMENT, LIFEBOAT_PRUNE_DOCUMENT, LIFEBOAT_SCHEDULE_GROUP.*npx sls deploy/,
  );
});
