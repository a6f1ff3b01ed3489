#!/usr/bin/env bash
# Nothing may go unless what stays is good: proof of that, before anything is removed.

# The newest point is that of the run that led here, or a later one, and nothing was begun since that did not end.
check_newest() {
  local rest
  NEWEST=''
  if ((${#POINTS[@]} > 0)); then NEWEST=${POINTS[-1]}; fi
  if [[ -z $NEWEST && -z $AFTER ]]; then return 0; fi
  if [[ -z $NEWEST ]] && ((${#HISTORY[@]} == 0)); then return 0; fi
  if [[ $NEWEST < $AFTER ]]; then fail prune-refused "the newest recovery point is ${NEWEST:-none}, not $AFTER"; fi
  rest=$(unfinished_work)
  if [[ -n $rest ]]; then fail prune-refused "$rest"; fi
}

# What a run has left that began after the newest point and did not end; nothing where there is none.
unfinished_work() {
  local name
  if [[ -n $MARK ]]; then echo "$MARK has begun to change current/ and has not ended"; fi
  for name in "${HISTORY[@]}"; do
    if [[ -z $MARK && ${name%%~*} > $NEWEST ]]; then echo "history/$name is newer than the newest recovery point"; break; fi
  done
}

# Whole are: the newest point, as many as the plan wants at least, and those on both sides of every point that goes, for they
# are what stays in its place, and say what is still needed.
prove_kept_points() {
  local index point last='' has_gone='' proven=0
  declare -gA WHOLE_LISTS=() PROVEN=()
  prove "$NEWEST"
  for ((index = ${#POINTS[@]} - 1; index >= 0 && proven < MINIMUM; index--)); do
    if [[ -v KEPT[${POINTS[index]}] ]]; then
      prove "${POINTS[index]}"
      proven=$((proven + 1))
    fi
  done
  for point in "${POINTS[@]}" "${UNFINISHED[@]}"; do
    if [[ ! -v KEPT[$point] ]]; then printf '%s gone\n' "$point"; else printf '%s\n' "$point"; fi
  done | sort >sides
  while read -r point has_gone; do
    if [[ -n $has_gone ]]; then
      if [[ -n $last ]]; then prove "$last"; fi
      last=gone
    else
      if [[ $last == gone ]]; then prove "$point"; fi
      last=$point
    fi
  done <sides
}

# A kept point that is damaged is for people to look at: as long as it is there, it may be what somebody counts on.
prove() { # POINT
  local sum
  if [[ $1 == gone || -v PROVEN[$1] ]]; then return 0; fi
  if ! read_manifest "$1"; then fail prune-refused "manifests/$1 is damaged, and it is one of those that stay"; fi
  if [[ ! -v WHOLE_LISTS[$HEAD_LIST] ]]; then
    sum=$({ sha256sum <"$BASE/lists/$HEAD_LIST"; } 2>"$ERRORS") || sum=''
    WHOLE_LISTS[$HEAD_LIST]=${sum%% *}
  fi
  if [[ ${WHOLE_LISTS[$HEAD_LIST]} != "$HEAD_SHA256" ]]; then
    fail prune-refused "lists/$HEAD_LIST is damaged, and $1, which stays, needs it"
  fi
  PROVEN[$1]=$HEAD_LIST
}
