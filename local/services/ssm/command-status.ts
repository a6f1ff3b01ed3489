import {
  type Command,
  type CommandState,
  hasEnded,
  type Invocation,
  type InvocationState,
  isError,
} from './command.ts';

/** `MaxConcurrency` or `MaxErrors` as a number: itself, or a percentage of the targets, rounded down. */
export const limitOf = (text: string, targets: number): number =>
  text.endsWith('%') ? Math.floor((targets * Number(text.slice(0, -1))) / 100) : Number(text);

/** What a command is, seen over its invocations. `over`: none of them is open any more, so it is terminal. */
export const commandStateOf = (command: Command, cancelled: boolean, over: boolean): CommandState => {
  const { invocations } = command;
  if (invocations.length === 0) return { status: 'Success', statusDetails: 'NoInstancesInTag' };
  if (over)
    return endOf(
      command,
      invocations.map(({ state }) => state.now()),
      cancelled,
    );
  if (cancelled) return same('Cancelling');
  const began = command.state.now().status !== 'Pending' || invocations.some(hasBegun);
  return same(began ? 'InProgress' : 'Pending');
};

const hasBegun = ({ state }: Invocation): boolean => state.now().status !== 'Pending';

/** From "Understanding command statuses" in the Systems Manager User Guide, which MaxErrors takes part in. */
const endOf = (command: Command, states: readonly InvocationState[], cancelled: boolean): CommandState => {
  if (cancelled && states.some(({ status }) => status === 'Cancelled')) return same('Cancelled');
  const errors = states.filter(isError);
  if (errors.length > limitOf(command.request.maxErrors, states.length)) {
    const timedOut = errors.every(({ status }) => status === 'TimedOut');
    return timedOut ? { status: 'TimedOut', statusDetails: 'ExecutionTimedOut' } : same('Failed');
  }
  if (states.every(({ status }) => status === 'Success')) return same('Success');
  if (states.every(({ statusDetails }) => statusDetails === 'DeliveryTimedOut')) {
    return { status: 'TimedOut', statusDetails: 'DeliveryTimedOut' };
  }
  return { status: 'Failed', statusDetails: 'Incomplete' };
};

const same = (status: CommandState['status']): CommandState => ({ status, statusDetails: status });

/** TargetCount, CompletedCount, ErrorCount and DeliveryTimedOutCount, as a reader sees them who is behind. */
export const countsOf = (invocations: readonly Invocation[], lagMilliseconds: number) => {
  const states = invocations.flatMap((invocation) => invocation.state.seen(lagMilliseconds) ?? []);
  const count = (test: (state: InvocationState) => boolean): number => states.filter(test).length;
  return {
    TargetCount: states.length,
    CompletedCount: count(hasEnded),
    ErrorCount: count(isError),
    DeliveryTimedOutCount: count(({ statusDetails }) => statusDetails === 'DeliveryTimedOut'),
  };
};
