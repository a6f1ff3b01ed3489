#!/usr/bin/env bash
# The recovery points that the share has of this instance, and what unfinished runs left.

readonly POINT_NAME='[0-9]{8}T[0-9]{6}Z-(backup|final-backup)'

# Sets NEWEST (the newest recovery point, or nothing), and HEAL: whether current/ may have been changed since. A run that is
# complete already is answered as it was then.
find_points() {
  local name latest=''
  list_points
  for name in "${POINTS[@]}"; do
    if [[ $name == "$POINT" ]] && read_manifest "$POINT"; then answer_again; fi
  done
  for name in "${POINTS[@]}" "${HISTORY[@]}"; do
    if [[ ${name%%~*} > $latest ]]; then latest=${name%%~*}; fi
  done
  # History folders are looked through in the order of their names: a run may never begin after a later one.
  if [[ $latest > $POINT ]]; then fail run-superseded "$latest began before $POINT"; fi
  find_newest
  look_for_traces "$latest"
  say "newest recovery point: ${NEWEST:-none}; unfinished work since then: $HEAL"
}

# POINTS, LISTS and HISTORY, the names in manifests/, lists/ and history/ that are of recovery points; MARK: who did not finish.
list_points() {
  local line name
  POINTS=() HISTORY=() LISTS=() MARK=''
  while IFS= read -r line; do
    name=${line##* }
    case $line in
      "mark "*) MARK=$name ;;
      "$BASE/manifests "*) if [[ $name =~ ^${POINT_NAME}$ ]]; then POINTS+=("$name"); fi ;;
      "$BASE/lists "*) if [[ $name =~ ^${POINT_NAME}$ ]]; then LISTS+=("$name"); fi ;;
      "$BASE/history "*) if [[ $name =~ ^${POINT_NAME}(~[0-9]{1,6})?$ ]]; then HISTORY+=("$name"); fi ;;
    esac
  done <"$OUT"
}

# What the instance remembers of it is believed while the share still has its list; else its manifest is read, and an older
# one where it is damaged.
find_newest() {
  local name
  for ((;;)); do
    NEWEST=''
    for name in "${POINTS[@]}"; do
      if [[ $name > $NEWEST ]]; then NEWEST=$name; fi
    done
    if [[ -z $NEWEST ]] || is_known "$NEWEST" || rebuild_known "$NEWEST"; then return 0; fi
    say "$BASE/manifests/$NEWEST is damaged, or its list is; looking for an older one"
    for name in "${!POINTS[@]}"; do
      if [[ ${POINTS[name]} == "$NEWEST" ]]; then unset "POINTS[name]"; fi
    done
  done
}

has_list() { # LIST
  local name
  for name in "${LISTS[@]}"; do
    if [[ $name == "$1" ]]; then return 0; fi
  done
  return 1
}

# Opens a manifest: its changes in changes, its first line in HEAD, its last in TAIL, the list that they change in
# HEAD_LIST, the list's SHA-256 in HEAD_SHA256. Fails when it is not whole.
read_manifest() { # POINT
  local changes
  HEAD='' TAIL=''
  if ! { gzip -dcf <"$BASE/manifests/$1" >manifest; } 2>"$ERRORS"; then
    TAIL=$(tail -n 1 "$ERRORS")
    share_trouble "$TAIL"
    if [[ $TROUBLE == share-error ]]; then fail share-error "$TAIL"; fi
    return 1
  fi
  # Damaged bytes may hold NUL, which bash would complain of.
  HEAD=$(head -n 1 manifest | tr -d '\0') TAIL=$(tail -n 1 manifest | tr -d '\0')
  if [[ $HEAD =~ ^'#lifeboat {"format":'([2-9]|[1-9][0-9]+), ]]; then
    fail share-format "$BASE/manifests/$1 was written by a newer Lifeboat"
  fi
  sed '1d;$d' manifest >changes
  changes=$(wc -l <changes)
  [[ $HEAD == '#lifeboat {"format":1,'* && $HEAD =~ \"list\":\"($POINT_NAME)\",\"listSha256\":\"([0-9a-f]{64})\" ]] || return 1
  HEAD_LIST=${BASH_REMATCH[1]} HEAD_SHA256=${BASH_REMATCH[3]}
  [[ $TAIL == "#end {\"changes\":$changes,"* ]]
}

# The entries of a recovery point whose manifest was read: its list, changed. Fails when the list is damaged.
read_entries() { # OUT
  local sum
  { sum=$(sha256sum <"$BASE/lists/$HEAD_LIST") && [[ ${sum%% *} == "$HEAD_SHA256" ]] &&
    gzip -dc <"$BASE/lists/$HEAD_LIST" >list; } 2>"$ERRORS" || return 1
  first_fields <changes >changes.names
  sed '/^[^ ]* -$/d' changes >changes.new
  join -v1 list changes.names | sort -m - changes.new >"$1"
}

# HEAL, and NEWER: the history folders that were begun after NEWEST.
look_for_traces() { # LATEST
  local name
  HEAL=no
  NEWER=()
  for name in "${HISTORY[@]}"; do
    if [[ ${name%%~*} > $NEWEST ]]; then NEWER+=("$name"); fi
  done
  if [[ -n $MARK && $MARK != "$PLAN/$NEWEST" ]]; then HEAL=yes; fi
  if ((${#NEWER[@]} > 0)) || [[ $1 > $NEWEST ]]; then HEAL=yes; fi
  if [[ -z $NEWEST ]]; then
    look_at_share "$BASE/current" find "$BASE/current" -mindepth 1 -print -quit
    if [[ -s $OUT ]]; then HEAL=yes; fi
  fi
}

# ATTEMPT: a history folder that nobody has used, so that what an earlier attempt moved away is never overwritten.
take_attempt() {
  local name highest=0
  for name in "${HISTORY[@]}"; do
    case $name in
      "$POINT") if ((highest == 0)); then highest=1; fi ;;
      "$POINT~"*) if ((10#${name#*~} > highest)); then highest=$((10#${name#*~})); fi ;;
    esac
  done
  ATTEMPT=$POINT
  if ((highest > 0)); then ATTEMPT=$POINT~$((highest + 1)); fi
}

# A run that has its recovery point says again what it said then.
answer_again() {
  local line
  line=$(sed -nE '$s/^#end .*"answer":(\{.*\})\}$/\1/p' manifest)
  if [[ -z $line ]]; then fail share-format "$BASE/manifests/$POINT has no answer"; fi
  say "$POINT is complete already; nothing was copied"
  if [[ $MARK != "$RUN" ]]; then MARK=''; fi
  clear_mark
  answer "$line"
  exit 0
}
