#!/usr/bin/env bash
# Folders of instances that are gone: one living instance a night, the caretaker, looks after them. Who is gone is AWS's word and comes as
# GONE; of whom nobody has heard since GONE_BEFORE is only named here (SILENT), to be asked for. A folder goes in one step: it gets the
# name .gone.<instance>, and holds no recovery point from then on; what is in it goes as there is time, by the hand of whoever comes next.

readonly INSTANCE_NAME='[A-Za-z0-9][A-Za-z0-9._-]{0,62}'

# GONE_NAMES: whose recovery points went; GONE_POINTS, GONE_FILES, GONE_BYTES: how much. GONE_LEFT: how many folders could not be
# done; LEFT_WHY: of the last of them, what kept it.
care_for_gone() {
  local name
  GONE_NAMES=() SILENT=() GONE_POINTS=0 GONE_FILES=0 GONE_BYTES=0 GONE_LEFT=0 LEFT_WHY='folders of instances that are gone'
  if [[ $CARETAKER != "$INSTANCE" ]]; then return 0; fi
  look_around
  for name in "${HALF_GONE[@]}"; do with_folder finish_folder ".gone.$name"; done
  for name in "${ENDED[@]}"; do with_folder end_folder "$name"; done
}

# HALF_GONE: folders that another prune has begun to remove; ENDED: those whose time is over; SILENT: those to be asked for.
look_around() {
  local name newest told
  local -A is_gone=()
  IFS=, read -ra told <<<"$GONE"
  for name in "${told[@]}"; do is_gone[$name]=yes; done
  HALF_GONE=() ENDED=()
  list_folders_of_plan
  while read -r name newest; do
    if [[ $name == .gone.* ]]; then
      HALF_GONE+=("${name#.gone.}")
      continue
    fi
    if [[ $name == "$INSTANCE" ]]; then continue; fi
    if [[ $newest == - ]]; then begun_by "$name"; fi
    if [[ $newest == - || ! $newest < $GONE_BEFORE ]]; then
      if [[ -v is_gone[$name] ]]; then say "stays: $name (gone, but its time is not over: $newest)"; fi
    elif [[ -v is_gone[$name] ]]; then
      ENDED+=("$name")
    elif [[ $name =~ ^i-[0-9a-f]{8,17}$ ]]; then
      say "stays: $name (nothing newer than $newest; the next prune is told whether it is gone)"
      SILENT+=("$name")
    fi
  done <others
  choose_silent
}

# others: each folder of the plan and its newest recovery point, or "-". Folders come and go meanwhile: that is no trouble.
list_folders_of_plan() {
  (cd -P "$SHARE/$PLAN" && find . -mindepth 1 -maxdepth 3 \( -path './*/*' ! -path './*/*/*' ! -name manifests -prune \) -o \
    \( ! -path './*/*' -type d -printf '%P/-\0' -o -path './*/*/*' -printf '%P\0' \)) >others.raw 2>others.errors || true
  sed '/: No such file or directory$/d' others.errors >others.trouble
  if [[ -s others.trouble ]]; then fail_for_share others.trouble share-error "$SHARE/$PLAN cannot be listed"; fi
  sed -z -nE -e "s#^($INSTANCE_NAME|\.gone\.$INSTANCE_NAME)/(manifests/)?(-|$POINT_NAME)\$#\1 \3#p" others.raw |
    tr '\0' '\n' | sort -k1,1 -k2,2r | sort -s -u -k1,1 >others
}

# newest: where there is no recovery point, the run that began and did not end.
begun_by() { # INSTANCE
  local mark=''
  { read -r mark <"$SHARE/$PLAN/$1/state/in-progress"; } 2>/dev/null || true
  if [[ $mark =~ \"run\":\"$PLAN/($POINT_NAME)\" ]]; then newest=${BASH_REMATCH[1]}; fi
}

# As many as the line has room for, others each night.
choose_silent() {
  local most=12 day first
  if ((${#SILENT[@]} <= most)); then return 0; fi
  seconds_of "${POINT%%Z-*}"
  day=$((SECONDS_OF / 86400))
  first=$((day * most % ${#SILENT[@]}))
  SILENT=("${SILENT[@]:first}" "${SILENT[@]:0:first}")
  SILENT=("${SILENT[@]:0:most}")
}

# Does FUNCTION with a folder of the plan, in a process of its own: what is wrong with one folder keeps no other from its turn.
with_folder() { # FUNCTION FOLDER
  local code=0 went points files bytes late cause='' detail='' pid
  if out_of_time; then
    GONE_LEFT=$((GONE_LEFT + 1))
    return 0
  fi
  rm -f folder.done
  folder_aside "$1" "$2" &
  pid=$!
  CHILDREN+=("$pid")
  wait "$pid" || code=$?
  if ((code != 0)) && [[ -s failure ]]; then
    { read -r cause && read -r detail; } <failure || true
    rm -f failure
    case $cause in
      already-running) say "stays tonight: $2 ($detail)" ;;
      prune-refused) GONE_LEFT=$((GONE_LEFT + 1)) LEFT_WHY="$2: $detail" ;;
      *) fail "$cause" "$detail" ;;
    esac
    return 0
  fi
  if ((code != 0)); then end_of_stream "$code"; fi
  read -r went points files bytes late <folder.done
  GONE_POINTS=$((GONE_POINTS + points)) GONE_FILES=$((GONE_FILES + files)) GONE_BYTES=$((GONE_BYTES + bytes))
  GONE_LEFT=$((GONE_LEFT + late))
  if [[ $went == yes ]]; then GONE_NAMES+=("$2"); fi
}

folder_aside() { # FUNCTION FOLDER
  exec 3>&-
  BASE=$SHARE/$PLAN/$2
  WENT=no REMOVED=0 REMOVED_FILES=0 REMOVED_BYTES=0 LATE=0 OLDER_KNOWN=''
  lock_folder
  if [[ $LOCKED == yes ]]; then "$1" "$2"; fi
  echo "$WENT $REMOVED $REMOVED_FILES $REMOVED_BYTES $LATE" >folder.done
}

# Nobody restores from it, and no other caretaker is at it. LOCKED: no where it has gone meanwhile.
lock_folder() {
  local code=0
  LOCKED=no
  { no_link "$BASE" && no_link "$BASE/state"; } 2>"$ERRORS" || fail_for_share "$ERRORS" share-error "$BASE is not looked into"
  if [[ ! -d $BASE ]]; then return 0; fi
  if [[ -e $BASE/state/lock || ($DRY_RUN == no && -d $BASE/state) ]]; then
    if ! { exec 7>>"$BASE/state/lock"; } 2>"$ERRORS"; then
      if [[ ! -d $BASE/state ]]; then return 0; fi
      fail_for_share "$ERRORS" share-error "$BASE/state/lock cannot be opened"
    fi
    flock -n 7 || code=$?
    if ((code == 1)); then fail already-running "$BASE/state/lock is held by somebody else"; fi
  fi
  LOCKED=yes
}

# Its time is over: all of it goes, but what a person has pinned.
end_folder() { # INSTANCE
  local newest=''
  look_at_share "$BASE" see_gone "$BASE"
  PINS=() UNFINISHED=()
  list_points
  list_marks
  sort_names
  if ((${#POINTS[@]} > 0)); then newest=${POINTS[-1]}; fi
  # Looked at again, under the lock.
  if [[ -n $newest && ! $newest < $GONE_BEFORE ]]; then return 0; fi
  if keep_pinned "$1"; then
    thin_gone
    return 0
  fi
  say "goes: $1 with ${#POINTS[@]} recovery points (gone, and the newest is ${newest:-not there})"
  WENT=yes REMOVED=${#POINTS[@]}
  if [[ $DRY_RUN == no ]]; then
    { mv -T -- "$BASE" "$SHARE/$PLAN/.gone.$1" && sync "$SHARE/$PLAN"; } 2>"$ERRORS" ||
      fail_for_share "$ERRORS" share-error "$BASE could not be renamed"
    BASE=$SHARE/$PLAN/.gone.$1
  fi
  finish_folder
}

# As see_what_may_go, of a folder in which some may be missing.
see_gone() { # BASE
  local folder
  for folder in manifests lists history pins; do
    no_link "$1/$folder" || return
    if [[ -d $1/$folder ]]; then find "$1/$folder" -mindepth 1 -maxdepth 1 -printf '%H %f\n' || return; fi
  done
  if [[ -e $1/state/in-progress ]]; then echo 'mark somebody'; fi
  if [[ -d $1/state ]]; then find "$1/state" -mindepth 1 -maxdepth 1 -name 'pruning.*' -printf '%H %f\n'; fi
}

# KEPT and GOING where a point is pinned: what it needs may lie in current/, which is the newest point's, so that this one stays, too.
keep_pinned() { # INSTANCE
  local point
  declare -gA KEPT=() WHY_GOING=()
  GOING=()
  for point in "${POINTS[@]}"; do
    if [[ " ${PINS[*]} " == *" $point "* ]]; then KEPT[$point]=pinned; fi
  done
  if ((${#KEPT[@]} == 0)); then return 1; fi
  keep "${POINTS[-1]}" newest
  for point in "${POINTS[@]}"; do
    if [[ -v KEPT[$point] ]]; then
      say "stays: $1/$point (gone, ${KEPT[$point]})"
    else
      say "goes: $1/$point (gone, not pinned)"
      GOING+=("$point") WHY_GOING[$point]=gone
    fi
  done
}

thin_gone() {
  local rest
  NEWEST=${POINTS[-1]}
  if ((${#GOING[@]} + ${#UNFINISHED[@]} == 0)); then return 0; fi
  rest=$(unfinished_work)
  if [[ -n $rest ]]; then
    say "stays: the rest of $BASE ($rest)"
    return 0
  fi
  remove_points
  if ((REMOVED > 0)); then WENT=yes; fi
}

# Removes a folder that holds no recovery point any more.
finish_folder() {
  REMOVE_FROM=$BASE
  find "$BASE" -mindepth 1 ! -path "$BASE/state" ! -path "$BASE/state/lock" -printf '%y/%s/%P\0' >found.raw 2>"$ERRORS" ||
    fail_for_share "$ERRORS" share-error "$BASE cannot be listed"
  write_sed_programs
  sed -z -E -f escape.sed -e 's,^([^/]*)/([^/]*)/(.*)$,\3 \1 \2,' found.raw | tr '\0' '\n' | sort >found
  sed '/^[^ ]* d /d' found >leaving
  if [[ $DRY_RUN == yes ]]; then
    count_removed leaving
    return 0
  fi
  remove_leaving
  if ((LATE > 0)); then return 0; fi
  sed -nE 's,^([^ ]*) d .*,\1,p' found >empty
  remove_empty
  if ((LATE > 0)); then return 0; fi
  # On NFS a file that is open cannot go for good.
  exec 7>&-
  rm -f -- "$BASE/state/lock" 2>"$ERRORS" || fail_for_share "$ERRORS" share-error "$BASE/state/lock could not be removed"
  rmdir -- "$BASE/state" "$BASE" 2>"$ERRORS" || say "$BASE could not be removed; the next prune will do it"
}
