/**
 * Systems Manager hands a command to as many instances at once as its concurrency allows, and all of them would come to the
 * share in the same second. So each waits for a turn of its own (wait_for_turn in ssm-documents/lib/settings.sh).
 */
const beginningsASecond = 10;
/** The deadline counts more than an even load: waiting takes this part of a run's time at most. */
const mostOfTheTime = 0.05;

/** Seconds over which the instances that begin at once are spread; 0 where they are few. */
export const spreadSeconds = (concurrency: string, instances: number, secondsLeft: number): number => {
  const atOnce = Math.min(instances, limitOf(concurrency, instances));
  if (atOnce <= beginningsASecond) return 0;
  // Those that come after the first waits for a place and then for its turn, too.
  const rounds = Math.ceil(instances / atOnce);
  const most = Math.floor((Math.max(0, secondsLeft) * mostOfTheTime) / rounds);
  return Math.min(Math.ceil(atOnce / beginningsASecond), most);
};

const limitOf = (concurrency: string, instances: number): number =>
  concurrency.endsWith('%')
    ? Math.max(1, Math.floor((instances * Number.parseInt(concurrency, 10)) / 100))
    : Number(concurrency);
