#!/usr/bin/env bash
# The instance's own memory: LIFEBOAT_STATE_DIR (default /var/lib/lifeboat).
#   progress             what is being done, one JSON line, written anew about once a second
#   plans/<plan>/lock    held while an operation of the plan runs; released by death
#   plans/<plan>/share   id of the share that this plan's recovery points lie on
#   plans/<plan>/known/  what the newest recovery point holds: known.sh
#   plans/<plan>/work/   what the operation that runs has in hand; emptied by the next

open_state() {
  STATE=${LIFEBOAT_STATE_DIR:-/var/lib/lifeboat}
  PLAN_STATE=$STATE/plans/$PLAN
  if ! { { [[ -d $PLAN_STATE ]] || mkdir -p "$PLAN_STATE"; } && exec 9>>"$PLAN_STATE/lock"; } 2>/dev/null; then
    fail state-unwritable "$PLAN_STATE cannot be made or written"
  fi
  flock -n 9 || fail already-running "plan $PLAN on $INSTANCE, by $PLAN_STATE/lock"
  { if [[ -e $PLAN_STATE/work ]]; then rm -rf "$PLAN_STATE/work"; fi && mkdir "$PLAN_STATE/work" &&
    printf '%065536d' 0 >"$PLAN_STATE/work/room"; } 2>/dev/null ||
    fail state-unwritable "$PLAN_STATE/work cannot be written"
  WORK=$PLAN_STATE/work ERRORS=$PLAN_STATE/work/errors
  export WORK TMPDIR=$WORK
  LOOKS=0
  # From here on a file without a folder in its name is one of the work folder.
  cd "$WORK"
}

# Runs a function or program that may hang on the share, in a process of its own. Its output is in $OUT, its errors in
# $ERRORS; answers its exit code, 124 when it did not answer in SECONDS. It gets none of our descriptors, so that a process
# that not even SIGKILL ends holds neither the lock nor the agent's pipe. No /dev/fd: not every system has it.
within() { # SECONDS COMMAND...
  local limit=$1 code='' answer
  shift
  LOOKS=$((LOOKS + 1))
  OUT=$WORK/look.$LOOKS.out ERRORS=$WORK/look.$LOOKS.errors
  coproc ASIDE {
    trap - ERR EXIT
    exec 3>&- 8>&- 9>&- 2>"$ERRORS"
    read -r _
    code=0
    "$@" >"$OUT" || code=$?
    echo "$code"
  }
  # Bash forgets the pipe when the process has ended: it waits until we hold the pipe ourselves.
  exec {answer}<&"${ASIDE[0]}"
  echo go >&"${ASIDE[1]}"
  ASIDE_CHILD=$ASIDE_PID
  if ! read -r -t "$limit" -u "$answer" code; then
    code=124
    kill -KILL "$ASIDE_CHILD" 2>/dev/null || true
  else
    wait "$ASIDE_CHILD" || true
  fi
  exec {answer}<&-
  return "$code"
}

# Tells how far it is, for the console (progress) and, at most every ten seconds, for people.
progress() { # PHASE FILES TOTAL_FILES BYTES TOTAL_BYTES
  printf '{"run":"%s","phase":"%s","files":%d,"totalFiles":%d,"bytes":%d,"totalBytes":%d}\n' \
    "$RUN" "$1" "$2" "$3" "$4" "$5" >"$STATE/progress"
  if [[ ${TOLD_PHASE:-} != "$1" ]] || ((SECONDS - ${TOLD_AT:-0} >= 10)); then
    say "$1: $2 of $3 files, $4 of $5 bytes"
    TOLD_PHASE=$1 TOLD_AT=$SECONDS
  fi
}
