#!/usr/bin/env bash
# The instance's folders on the share (BASE), the lock on them, and what is in them.

# Makes what is missing and takes the lock. Folders that are symbolic links lead somewhere else: refused.
open_folders() {
  local code=0
  BASE=$SHARE/$PLAN/$INSTANCE
  if [[ ! -e $BASE/state/lock ]]; then look_at_share "$BASE" make_folders "$SHARE" "$SHARE/$PLAN" "$BASE"; fi
  { exec 8>>"$BASE/state/lock"; } 2>"$ERRORS" || fail_for_share "$ERRORS" share-error "$BASE/state/lock cannot be opened"
  flock -n 8 || code=$?
  # 1: held. Anything else: the share knows no locks, and the local lock has to do.
  if ((code == 1)); then fail already-running "$BASE/state/lock is held by somebody else"; fi
  look_at_share "$BASE" see_folders "$SHARE/$PLAN" "$BASE"
}

make_folders() { # SHARE PLAN BASE
  local folder
  for folder in "$2" "$3" "$3"/{current,history,lists,manifests,state}; do
    no_link "$folder" || return
  done
  mkdir -p "$3"/{current,history,lists,manifests,state}
}

# What is there: "mark <who>" where an operation has not finished, then a line "<folder> <name>" for each recovery point,
# list and history folder.
see_folders() { # PLAN BASE
  local folder mark=''
  for folder in "$1" "$2" "$2"/{current,history,lists,manifests,state}; do
    no_link "$folder" || return
  done
  if [[ -e $2/state/in-progress ]]; then
    read -r mark <"$2/state/in-progress" || true
    if [[ $mark =~ \"run\":\"([a-z0-9/TZ-]*)\" ]]; then mark=${BASH_REMATCH[1]}; fi
    printf 'mark %s\n' "${mark:-unknown}"
  fi
  find "$2/manifests" "$2/lists" "$2/history" -mindepth 1 -maxdepth 1 -printf '%H %f\n'
}

no_link() { # PATH
  if [[ ! -L $1 ]]; then return 0; fi
  echo "$1 is a symbolic link" >&2
  return 1
}

# Says on the share that current/ is being changed; a mark that is found later means that nobody finished.
mark_in_progress() {
  {
    printf '{"run":"%s","instance":"%s","history":"%s","started":"%(%Y-%m-%dT%H:%M:%SZ)T"}\n' \
      "$RUN" "$INSTANCE" "$ATTEMPT" -1 >"$BASE/state/in-progress" && sync "$BASE/state/in-progress"
  } 2>"$ERRORS" || fail_for_share "$ERRORS" share-error "$BASE/state cannot be written"
  MARK=$RUN
}

# What says that something is unfinished goes, once it is finished. The next run would do it as well.
clear_mark() {
  if [[ -z $MARK ]]; then return 0; fi
  rm -f -- "$BASE/state/probe" "$BASE/state/in-progress" ||
    say "$BASE/state/in-progress could not be removed; the next run will do it"
}
