#!/usr/bin/env bash
# Removes the recovery points of this instance that no rule of the plan keeps, and what they alone needed; then, on one instance of the
# fleet, those of instances that are gone: docs/share-format.md says how, docs/decisions/pruning.md why. Reads RUN, AFTER, SHARE,
# SHARE_ID, LAST, DAILY, WEEKLY, MONTHLY, YEARLY, MINIMUM, ZONE, CARETAKER, GONE, GONE_BEFORE, DRY_RUN, BUDGET_SECONDS, NICE (the
# document's parameters) and the environment that backup.sh reads. Promises: what a point that stays needs is never touched, whatever
# fails in between; nothing goes when the newest point is not good; what was left undone is done by the next prune.

# shellcheck source=ssm-documents/lib/causes.sh
source "${LIB:-.}/causes.sh"
# shellcheck source=ssm-documents/lib/answer.sh
source "${LIB:-.}/answer.sh"
# shellcheck source=ssm-documents/lib/parameters.sh
source "${LIB:-.}/parameters.sh"
# shellcheck source=ssm-documents/lib/state.sh
source "${LIB:-.}/state.sh"
# shellcheck source=ssm-documents/lib/share.sh
source "${LIB:-.}/share.sh"
# shellcheck source=ssm-documents/lib/folders.sh
source "${LIB:-.}/folders.sh"
# shellcheck source=ssm-documents/lib/names.sh
source "${LIB:-.}/names.sh"
# shellcheck source=ssm-documents/lib/points.sh
source "${LIB:-.}/points.sh"
# shellcheck source=ssm-documents/lib/streams.sh
source "${LIB:-.}/streams.sh"
# shellcheck source=ssm-documents/lib/retention.sh
source "${LIB:-.}/retention.sh"
# shellcheck source=ssm-documents/lib/good.sh
source "${LIB:-.}/good.sh"
# shellcheck source=ssm-documents/lib/thin.sh
source "${LIB:-.}/thin.sh"
# shellcheck source=ssm-documents/lib/remove.sh
source "${LIB:-.}/remove.sh"
# shellcheck source=ssm-documents/lib/gone.sh
source "${LIB:-.}/gone.sh"

readonly PRUNE_TOOLS='bash cat comm cut find flock grep gzip head ionice join mkdir mv renice rm rmdir sed
  sha256sum sort split sync tail tr wc xargs'
OPERATION=prune

prune() {
  keep_stdout_for_the_answer
  check_tools "$PRUNE_TOOLS"
  check_parameters
  find_instance
  ease_load
  COPY_UNTIL=$BUDGET_SECONDS
  open_state
  find_share
  count_streams
  open_points
  check_newest
  decide_points
  tell_decision
  remove_points
  care_for_gone
  finish
}

# What BASE has in GOING, and what earlier prunes have left.
remove_points() {
  REMOVE_FROM=$BASE/history
  if ((${#GOING[@]} > 0 || ${#UNFINISHED[@]} > 0)); then
    prove_kept_points
    finish_earlier_prune
    remove_oldest_points
    remove_points_between
  fi
  sweep_history
  if ((REMOVED + ${#UNFINISHED[@]} > 0)); then sweep_lists; fi
}

check_parameters() {
  local name
  [[ $RUN =~ ^([a-z][a-z0-9-]{0,38}[a-z0-9])/([0-9]{8}T[0-9]{6}Z-prune)$ ]] || fail bad-parameter "run: $RUN is not the id of a prune"
  PLAN=${BASH_REMATCH[1]} POINT=${BASH_REMATCH[2]}
  [[ $AFTER =~ ^([0-9]{8}T[0-9]{6}Z-(backup|final-backup))?$ ]] || fail bad-parameter "after: $AFTER is no recovery point"
  [[ $SHARE =~ $PATH_PATTERN ]] || fail bad-parameter "share: $SHARE is no absolute path that is accepted"
  [[ $SHARE_ID =~ ^[A-Za-z0-9-]{0,64}$ ]] || fail bad-parameter "shareId: $SHARE_ID is no id of a share"
  for name in LAST DAILY WEEKLY MONTHLY YEARLY; do
    [[ ${!name} =~ ^(0|[1-9][0-9]{0,4})$ ]] || fail bad-parameter "${name,,}: ${!name} is no number of recovery points"
  done
  [[ $MINIMUM =~ ^[1-9][0-9]{0,4}$ ]] || fail bad-parameter "minimum: $MINIMUM is no number of recovery points"
  [[ $ZONE =~ ^-?[0-9]{1,5}(,[0-9]{8}T[0-9]{6}Z=-?[0-9]{1,5})*$ ]] || fail bad-parameter "zone: $ZONE is no time zone's offsets"
  [[ $CARETAKER =~ ^(m?i-[0-9a-f]{8,17})?$ ]] || fail bad-parameter "caretaker: $CARETAKER is no instance"
  [[ $GONE =~ ^(i-[0-9a-f]{8,17}(,i-[0-9a-f]{8,17}){0,19})?$ ]] || fail bad-parameter "gone: $GONE is no list of instances"
  [[ $GONE_BEFORE =~ ^([0-9]{8}T[0-9]{6}Z)?$ ]] || fail bad-parameter "goneBefore: $GONE_BEFORE is no time"
  [[ $DRY_RUN =~ ^(no|yes)$ ]] || fail bad-parameter "dryRun: $DRY_RUN is neither yes nor no"
  [[ $BUDGET_SECONDS =~ ^[0-9]{1,6}$ ]] || fail bad-parameter "budgetSeconds: $BUDGET_SECONDS is no number of seconds"
  [[ $NICE =~ ^(1?[0-9])$ ]] || fail bad-parameter "nice: $NICE is not between 0 and 19"
  say "prune, plan $PLAN, after ${AFTER:-any recovery point}"
}

# The instance's folder, locked; what is in it, oldest first. PINS: points that a person keeps; UNFINISHED: points
# that an earlier prune removed while it was not done with what only they needed.
open_points() {
  local code=0
  BASE=$SHARE/$PLAN/$INSTANCE
  POINTS=() LISTS=() HISTORY=() PINS=() UNFINISHED=() MARK='' FOUND=0 REMOVED=0 REMOVED_FILES=0 REMOVED_BYTES=0 LATE=0
  look_at_share "$BASE" has_points "$BASE"
  if [[ ! -s $OUT ]]; then return 0; fi
  { exec 8>>"$BASE/state/lock"; } 2>"$ERRORS" || fail_for_share "$ERRORS" share-error "$BASE/state/lock cannot be opened"
  flock -n 8 || code=$?
  if ((code == 1)); then fail already-running "$BASE/state/lock is held by somebody else"; fi
  look_at_share "$BASE" see_what_may_go "$SHARE/$PLAN" "$BASE"
  list_points
  list_marks
  sort_names
  FOUND=${#POINTS[@]}
}

has_points() { # BASE
  if [[ -d $1/manifests && -e $1/state/lock ]]; then echo yes; fi
}

see_what_may_go() { # PLAN BASE
  no_link "$2/pins" && see_folders "$1" "$2" || return
  find "$2/state" -mindepth 1 -maxdepth 1 -name 'pruning.*' -printf '%H %f\n' || return
  if [[ -e $2/pins ]]; then find "$2/pins" -mindepth 1 -maxdepth 1 -printf '%H %f\n'; fi
}

list_marks() {
  local line name
  while IFS= read -r line; do
    name=${line##* }
    case $line in
      "$BASE/pins "*) if [[ $name =~ ^${POINT_NAME}$ ]]; then PINS+=("$name"); fi ;;
      "$BASE/state pruning."*) if [[ $name =~ ^pruning\.(${POINT_NAME})$ ]]; then UNFINISHED+=("${BASH_REMATCH[1]}"); fi ;;
    esac
  done <"$OUT"
}

# Oldest first; history folders in the order in which readers look through them.
sort_names() {
  if ((${#POINTS[@]} > 0)); then
    printf '%s\n' "${POINTS[@]}" | sort >points.sorted
    mapfile -t POINTS <points.sorted
  fi
  if ((${#HISTORY[@]} > 0)); then
    printf '%s\n' "${HISTORY[@]}" | sort -t'~' -k1,1 -k2,2n >history.sorted
    mapfile -t HISTORY <history.sorted
  fi
}

# For people: what stays and what goes, and why.
tell_decision() {
  local point
  for point in "${POINTS[@]}"; do
    if [[ -v KEPT[$point] ]]; then say "stays: $point (${KEPT[$point]})"; fi
  done
  for point in "${GOING[@]}"; do say "goes: $point (${WHY_GOING[$point]})"; done
  for point in "${PINS[@]}"; do
    if [[ ! -v KEPT[$point] ]]; then say "pinned, but there is no such point: $point"; fi
  done
}

finish() {
  local names='' verb=gone left=$((${#GOING[@]} - REMOVED))
  if ((LATE > 0)); then
    warn prune-unfinished "$(((left > 0 ? left : 1) + GONE_LEFT))" "${GOING[REMOVED]:-history of points that are gone}"
  elif ((GONE_LEFT > 0)); then
    warn prune-unfinished "$GONE_LEFT" "$LEFT_WHY"
  fi
  if [[ $DRY_RUN == yes ]]; then verb='would go'; fi
  say "$FOUND recovery points, ${#KEPT[@]} of them stay; $REMOVED $verb, with $REMOVED_FILES files of $REMOVED_BYTES bytes"
  if [[ $DRY_RUN == yes ]]; then
    names_json $((${#GONE_NAMES[@]} > 0 ? 12 : 20)) "${GOING[@]}"
    names=",\"dryRun\":true,\"going\":$NAMES"
  elif ((${#SILENT[@]} > 0)); then
    names_json 12 "${SILENT[@]}"
    names=",\"silent\":$NAMES"
  fi
  if ((${#GONE_NAMES[@]} + GONE_FILES > 0)); then
    say "of instances that are gone: $GONE_POINTS $verb, with $GONE_FILES files of $GONE_BYTES bytes"
    names_json 5 "${GONE_NAMES[@]}"
    printf -v NAMES ',"gone":{"instances":%s,"points":%d,"files":%d,"bytes":%d}' "$NAMES" "$GONE_POINTS" "$GONE_FILES" "$GONE_BYTES"
    names+=$NAMES
  fi
  answer_head "protected$( ((${#WARNED[@]} > 0)) && echo -with-warnings)"
  seconds
  warnings_json 110
  printf -v ANSWER '%s,"points":%d,"kept":%d,"removed":%d,"removedFiles":%d,"removedBytes":%d%s,"seconds":%s,"warnings":%s}' \
    "$ANSWER_HEAD" "$FOUND" "${#KEPT[@]}" "$REMOVED" "$REMOVED_FILES" "$REMOVED_BYTES" "$names" "$PASSED" "$WARNINGS"
  answer "$ANSWER"
}

# NAMES: a JSON list of the first of some names.
names_json() { # MOST NAME...
  local most=$1
  shift
  NAMES='[]'
  if (($# == 0)); then return 0; fi
  printf -v NAMES '"%s",' "${@:1:most}"
  NAMES="[${NAMES%,}]"
}

set -Eeuo pipefail
export LC_ALL=C TZ=UTC
export PATH="${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
umask 077
prune
