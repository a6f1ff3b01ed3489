import { expect, test } from '@jest/globals';
import { readIncidentEvent } from '../../../functions/config/incident-event.ts';

const now = new Date('2026-11-24T09:00:00Z');
const read = (event: unknown) => readIncidentEvent(event, now);

test('a mute has an end: a day in UTC, or a time', () => {
  const mute = { plan: 'acme-web', incident: 'mute' };
  expect(read({ ...mute, until: '2026-12-01' })).toEqual({
    plan: 'acme-web',
    action: 'mute',
    until: new Date('2026-12-01T00:00:00Z'),
  });
  expect(read({ ...mute, until: '2026-11-24T18:00:00.000Z', widgetContext: {} })).toMatchObject({
    until: new Date('2026-11-24T18:00:00Z'),
  });
});

test.each(['acknowledge', 'unmute'])('%s needs nothing but the plan', (incident) => {
  expect(read({ plan: 'acme-web', incident })).toEqual({ plan: 'acme-web', action: incident });
});

test.each([{ plan: 'acme-web' }, { plan: 'acme-web', operation: 'restore' }, 'text', null, undefined])(
  '%j is an event of another kind',
  (event) => {
    expect(read(event)).toBeUndefined();
  },
);

test.each([
  [
    { incident: 'mute', until: '2026-12-01' },
    /plan: is missing: name a plan of lifeboat\.yml.*Send \{"plan"/,
  ],
  [{ plan: 'a', incident: 'silence' }, /incident: is none of mute, unmute, acknowledge/],
  [{ plan: 'a', incident: 'mute' }, /A mute needs its end.*"until":"2026-12-01"/],
  [{ plan: 'a', incident: 'mute', until: 'soon' }, /until: is neither a day such as 2026-12-01 nor a time/],
  [{ plan: 'a', incident: 'mute', until: '2026-02-30T25:00Z' }, /until: is neither a day/],
  [{ plan: 'a', incident: 'mute', until: 7 }, /until: is no day such as 2026-12-01/],
  [{ plan: 'a', incident: 'mute', until: '2026-11-24' }, /"until":"2026-11-24" is over already/],
  [{ plan: 'a', incident: 'mute', until: '2027-11-24' }, /is more than 90 days away/],
  [{ plan: 'a', incident: 'acknowledge', until: '2026-12-01' }, /"until" belongs to "incident":"mute"/],
  [{ plan: 'a', incident: 'acknowledge', by: 'amy' }, /knows no by/],
])('%j is answered with what is allowed', (event, words) => {
  expect(() => read(event)).toThrow(words);
});
