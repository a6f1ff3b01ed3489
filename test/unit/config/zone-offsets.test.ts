import { expect, test } from '@jest/globals';
import { zoneOffsets } from '../../../functions/config/zone-offsets.ts';

const until = new Date('2028-01-01T00:00:00Z');

test('a zone without summer time is one number', () => {
  expect(zoneOffsets('UTC', until)).toBe('0');
  expect(zoneOffsets('Asia/Singapore', until)).toBe('28800');
  expect(zoneOffsets('Asia/Kolkata', until)).toBe('19800');
});

test('a time within a second is as good as any: prunes begin at all of them', () => {
  for (const milliseconds of [1, 499, 500, 999]) {
    expect(zoneOffsets('Asia/Singapore', new Date(until.getTime() + milliseconds))).toBe('28800');
    const after = new Date(Date.UTC(2026, 2, 29, 1) + milliseconds);
    expect(zoneOffsets('Europe/Berlin', after)).toBe('3600,20260329T010000Z=7200');
    expect(zoneOffsets('Europe/Berlin', new Date(after.getTime() - 1_000))).toBe('3600');
  }
});

test('each change stands with the second of its beginning, north and south', () => {
  expect(zoneOffsets('Europe/Berlin', until)).toBe(
    '3600,20260329T010000Z=7200,20261025T010000Z=3600,20270328T010000Z=7200,20271031T010000Z=3600',
  );
  expect(zoneOffsets('America/New_York', until)).toBe(
    '-18000,20260308T070000Z=-14400,20261101T060000Z=-18000,20270314T070000Z=-14400,20271107T060000Z=-18000',
  );
  expect(zoneOffsets('Australia/Lord_Howe', new Date('2026-12-01T00:00:00Z'))).toBe(
    '39600,20260404T150000Z=37800,20261003T153000Z=39600',
  );
});

test('twenty years of changes fits into a parameter, and is what the document takes', () => {
  for (const zone of ['Africa/Casablanca', 'Europe/Dublin', 'America/St_Johns', 'Pacific/Chatham']) {
    const text = zoneOffsets(zone, new Date('2046-01-01T00:00:00Z'));
    expect(text).toMatch(/^-?\d{1,5}(,\d{8}T\d{6}Z=-?\d{1,5})*$/);
    expect(text.length).toBeLessThan(4_096);
  }
});
