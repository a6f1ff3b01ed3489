import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decide, isProtected } from '../../../functions/pipeline/decide.ts';
import type { CommandTruth } from '../../../functions/pipeline/reconcile.ts';
import { reconcile, type Truth } from '../../../functions/pipeline/reconcile.ts';
import type { ExpectedInstance, RunRecord } from '../../../functions/pipeline/run-record.ts';
import { lineOf, theRun } from './memory-world.ts';

const ids = ['i-00000001', 'i-00000002', 'i-00000003', 'i-00000004'];
const statuses = [
  ['Success', 'Success'],
  ['Failed', 'Failed'],
  ['Failed', 'RateExceeded'],
  ['TimedOut', 'DeliveryTimedOut'],
  ['TimedOut', 'Execution Timed Out'],
  ['Cancelled', 'Cancelled'],
  ['InProgress', 'InProgress'],
  ['Pending', 'Pending'],
  ['Delayed', 'Delayed'],
  ['SomethingNew', ''],
] as const;

const member = fc.record({
  instance: fc.constantFrom(...ids),
  ping: fc.constantFrom('Online', 'ConnectionLost', 'Inactive', 'absent'),
}) satisfies fc.Arbitrary<ExpectedInstance>;
const members = fc.uniqueArray(member, { selector: ({ instance }) => instance });

const invocations = fc.uniqueArray(
  fc.record({
    instance: fc.constantFrom(...ids),
    state: fc.constantFrom(...statuses),
    responseCode: fc.constantFrom(0, 10, 21, 36, 1, 139),
    honest: fc.boolean(),
  }),
  { selector: ({ instance }) => instance },
);

const commandTruth = (attempt: 1 | 2): fc.Arbitrary<CommandTruth> =>
  fc.record({ told: invocations, ended: fc.boolean(), sent: fc.boolean() }).map(({ told, ended, sent }) => ({
    ended,
    command: {
      attempt,
      comment: `${theRun}#${attempt}.1`,
      intendedAt: '2026-11-23T18:00:01.000Z',
      targets:
        attempt === 1
          ? { kind: 'groups' as const, groups: ['acme-web'] }
          : { kind: 'instances' as const, instances: told.map(({ instance }) => instance) },
      ...(sent ? { commandId: `command-${attempt}` } : {}),
    },
    invocations: told.map(({ instance, state: [status, statusDetails], responseCode, honest }) => ({
      instance,
      status,
      statusDetails,
      responseCode,
      output: honest ? lineOf(instance) : 'oops',
    })),
  }));

const scene = fc.record({
  expected: members,
  there: members,
  commands: fc.oneof(fc.tuple(commandTruth(1)), fc.tuple(commandTruth(1), commandTruth(2))),
  problems: fc.constantFrom([], ['The Auto Scaling group acme-web does not exist.']),
  late: fc.boolean(),
  mayLag: fc.boolean(),
});

const of = ({
  expected,
  there,
  commands,
  problems,
  late,
  mayLag,
}: typeof scene extends fc.Arbitrary<infer T> ? T : never) => {
  const record: RunRecord = {
    lifeboat: 1,
    run: theRun,
    plan: 'acme-web',
    operation: 'backup',
    trigger: { kind: 'schedule', requestId: 'r1' },
    state: 'running',
    scope: 'fleet',
    scheduledTime: '2026-11-23T18:00:00.000Z',
    startedAt: '2026-11-23T18:00:01.000Z',
    deadline: '2026-11-23T21:00:01.000Z',
    expected,
    skipped: [],
    problems,
    commands: commands.map(({ command }) => command),
    parameters: { allowShrink: false },
    notices: [],
  };
  const truth: Truth = { commands, now: new Map(there.map((each) => [each.instance, each])), mayLag };
  const now = new Date(late ? '2026-11-23T21:00:01.000Z' : '2026-11-23T18:10:00.000Z');
  return { record, truth, now };
};

describe('reconciliation, for any truth that AWS may tell', () => {
  test('property: every expected and every invoked instance comes out exactly once', () => {
    fc.assert(
      fc.property(scene, (given) => {
        const { record, truth } = of(given);
        const out = reconcile(record, truth).map((each) =>
          each.kind === 'settled' ? each.result.instance : each.soFar.instance,
        );
        const wanted = new Set([
          ...(record.expected ?? []).map(({ instance }) => instance),
          ...truth.commands.flatMap(({ invocations: told }) => told.map(({ instance }) => instance)),
        ]);
        expect(out).toEqual([...wanted].sort());
      }),
    );
  });

  test('property: past the deadline a run is closed; a closed run names everybody; good means everybody is protected', () => {
    fc.assert(
      fc.property(scene, (given) => {
        const { record, truth, now } = of(given);
        const decision = decide(record, truth, now);
        if (given.late) expect(decision.kind).toBe('close');
        if (decision.kind !== 'close') return;
        const missing = (record.expected ?? []).filter(
          ({ instance }) => !decision.results.some((result) => result.instance === instance),
        );
        expect(missing).toEqual([]);
        if (decision.result === 'protected' || decision.result === 'protected-with-warnings') {
          expect(decision.results.filter(({ expected }) => expected).every(isProtected)).toBe(true);
          expect(record.problems).toEqual([]);
        }
        if (decision.result === 'failed') expect(decision.results.some(isProtected)).toBe(false);
        for (const result of decision.results) if (!isProtected(result)) expect(result.cause).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });

  test('property: only a true line of the newest attempt protects', () => {
    fc.assert(
      fc.property(scene, (given) => {
        const { record, truth } = of(given);
        for (const standing of reconcile(record, truth)) {
          if (standing.kind !== 'settled' || !isProtected(standing.result)) continue;
          const { instance } = standing.result;
          const told = truth.commands.flatMap(({ invocations: all }) =>
            all.filter((each) => each.instance === instance),
          );
          expect(told.at(-1)).toMatchObject({ status: 'Success', responseCode: 0, output: lineOf(instance) });
        }
      }),
      { numRuns: 500 },
    );
  });

  test('property: a retry names only instances that can hear it, and never a third attempt', () => {
    fc.assert(
      fc.property(scene, (given) => {
        const { record, truth, now } = of(given);
        const decision = decide(record, truth, now);
        if (decision.kind !== 'retry') return;
        for (const instance of decision.instances) {
          expect(truth.now.get(instance)?.ping).toBe('Online');
          const named = truth.commands.filter(
            ({ command, invocations: told }) =>
              command.attempt === 2 && told.some((each) => each.instance === instance),
          );
          expect(named).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });
});
