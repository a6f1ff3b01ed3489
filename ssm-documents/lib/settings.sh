#!/usr/bin/env bash
# What a backup was asked for, and what the instance has to say to it.

# Takes the run id apart into PLAN, POINT (the name of the recovery point) and OPERATION.
check_parameters() {
  [[ $RUN =~ ^([a-z][a-z0-9-]{0,38}[a-z0-9])/([0-9]{8}T[0-9]{6}Z-(backup|final-backup))$ ]] ||
    fail bad-parameter "run: $RUN is not the id of a backup"
  PLAN=${BASH_REMATCH[1]} POINT=${BASH_REMATCH[2]} OPERATION=${BASH_REMATCH[3]}
  [[ $SOURCE =~ $PATH_PATTERN ]] || fail bad-parameter "source: $SOURCE is no absolute path that is accepted"
  [[ $SHARE =~ $PATH_PATTERN ]] || fail bad-parameter "share: $SHARE is no absolute path that is accepted"
  [[ $SHARE_ID =~ ^[A-Za-z0-9-]{0,64}$ ]] || fail bad-parameter "shareId: $SHARE_ID is no id of a share"
  [[ $MAX_SHRINK_PERCENT =~ ^([0-9]|[1-9][0-9]|100)$ ]] ||
    fail bad-parameter "maxShrinkPercent: $MAX_SHRINK_PERCENT is not between 0 and 100"
  [[ $ALLOW_SHRINK =~ ^(no|yes)$ ]] || fail bad-parameter "allowShrink: $ALLOW_SHRINK is neither yes nor no"
  [[ $BANDWIDTH =~ ^[0-9]{1,12}$ ]] || fail bad-parameter "bandwidth: $BANDWIDTH is no number of bytes a second"
  [[ $NICE =~ ^(1?[0-9])$ ]] || fail bad-parameter "nice: $NICE is not between 0 and 19"
  [[ $VERIFY_NIGHTS =~ ^[0-9]{1,3}$ ]] || fail bad-parameter "verifyNights: $VERIFY_NIGHTS is no number of nights"
  [[ $SPREAD_SECONDS,$BUDGET_SECONDS =~ ^(0|[1-9][0-9]{0,3}),[0-9]{1,6}$ ]] ||
    fail bad-parameter "spreadSeconds, budgetSeconds: $SPREAD_SECONDS, $BUDGET_SECONDS are no seconds"
  [[ $MAY_BE_EMPTY =~ ^(no|yes)$ ]] || fail bad-parameter "mayBeEmpty: $MAY_BE_EMPTY is neither yes nor no"
  say "$OPERATION of $SOURCE to $SHARE, plan $PLAN, recovery point $POINT"
}

# The instances that are sent the command in the same second do not come to the share in the same second: each waits for its
# turn, 0 to SPREAD_SECONDS - 1, by the end of its id, which is random.
wait_for_turn() {
  if ((SPREAD_SECONDS > 1)) && [[ $INSTANCE =~ [0-9a-f]{6}$ ]]; then
    sleep $((16#${BASH_REMATCH[0]} % SPREAD_SECONDS)) 3>&-
  fi
}

# Before a final backup: the instance's own script that tells the application to stop writing, if there is one. It has 30 s,
# and a failure of it keeps nothing from being saved.
run_hook() {
  local hook=${LIFEBOAT_HOOK:-/etc/lifeboat/before-final-backup} code=0
  if [[ $OPERATION != final-backup || ! -x $hook ]]; then return 0; fi
  say "running $hook"
  timeout -k 5 30 "$hook" 3>&- 8>&- 9>&- || code=$?
  if ((code != 0)); then warn hook-failed 1 "$hook ended with $code"; fi
}
