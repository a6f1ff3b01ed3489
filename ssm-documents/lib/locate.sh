#!/usr/bin/env bash
# Which recovery point, which of its entries, and where their content lies.

# The folder of the instance whose files come back. LOCK: -s, nobody changes it meanwhile; -x, nobody else is there at all.
open_origin() { # LOCK
  local code=0
  BASE=$SHARE/$PLAN/$ORIGIN
  look_at_share "$BASE" see_origin "$SHARE/$PLAN" "$BASE"
  if [[ ! -s $OUT ]]; then fail point-missing "$BASE: there are no recovery points of $ORIGIN"; fi
  list_points
  if [[ $1 == -s ]]; then { exec 8<"$BASE/state/lock"; } 2>"$ERRORS"; else { exec 8>>"$BASE/state/lock"; } 2>"$ERRORS"; fi || fail_for_share "$ERRORS" share-error "$BASE/state/lock cannot be opened"
  flock "$1" -n 8 || code=$?
  if ((code == 1)); then fail already-running "$BASE/state/lock is held by somebody else"; fi
}

see_origin() { # PLAN BASE
  if [[ -d $2/manifests ]]; then see_folders "$1" "$2"; fi
}

# POINT: the newest one that AT allows and that is whole; where AT names one, that one or none.
choose_point() {
  local name latest
  for ((;;)); do
    latest=''
    for name in "${POINTS[@]}"; do
      if [[ $name > $latest ]] && at_allows "$name"; then latest=$name; fi
    done
    if [[ -z $latest ]]; then fail point-missing "$PLAN/$ORIGIN has no recovery point for $AT; there are ${POINTS[*]:-none}"; fi
    if read_manifest "$latest" && read_entries entries; then break; fi
    if [[ $AT == "$latest" ]]; then fail file-damaged "$BASE/manifests/$latest, or the list that it names, is damaged"; fi
    warn older-point 1 "$latest"
    for name in "${!POINTS[@]}"; do
      if [[ ${POINTS[name]} == "$latest" ]]; then unset "POINTS[name]"; fi
    done
  done
  POINT=$latest
  say "recovery point $PLAN/$ORIGIN/$POINT: $(wc -l <entries) entries"
}

at_allows() { # POINT
  case $AT in
    newest) return 0 ;;
    *Z) [[ ${1%%-*} == "$AT" || ${1%%-*} < $AT ]] ;;
    *) [[ $1 == "$AT" ]] ;;
  esac
}

# chosen: the entries that PATHS ask for, with the folders above them. wanted: the files among them that have content.
choose_entries() {
  if [[ -z $PATHS ]]; then
    mv entries chosen
  else
    matching_names | sort >matching
    if [[ ! -s matching ]]; then fail paths-unmatched "$PLAN/$ORIGIN/$POINT has $(wc -l <entries) names"; fi
    sed -nE ':up;s,/[^/]*$,,;T;p;bup' matching | sort -u - matching | join - entries >chosen
  fi
  sed -n -e '/ missing$/d' -e '/^[^ ]* f /p' chosen >wanted
}

# Names that one of the patterns matches as a whole, and all that lies below them. The patterns are extended regular expressions
# for names as they are escaped (functions/pipeline/path-globs.ts makes them of globs).
matching_names() {
  local patterns pattern
  read -ra patterns <<<"$PATHS"
  for pattern in "${patterns[@]}"; do
    printf -v pattern %b "${pattern//%/\\x}"
    printf '^(%s)(/|$)\n' "$pattern"
  done >patterns
  first_fields <entries | grep -E -f patterns || true
}

# PLACES: folders of the share, the oldest history folder first, current/ last. located: name and place (four digits) of each
# wanted file: the earliest history folder newer than the recovery point that has it as a file, else current/.
locate_files() {
  local folder place
  PLACES=()
  : >moved
  newer_history >newer
  while IFS= read -r folder; do
    printf -v place %04d "${#PLACES[@]}"
    PLACES+=("$BASE/history/$folder")
    look_at_share "$BASE/history" find "$BASE/history/$folder" -type f -printf '%P\0'
    sed -z 's,^,./,' <"$OUT" | escaped_names | sed "s/\$/ $place/" >>moved
  done <newer
  PLACES+=("$BASE/current")
  printf -v place %04d $((${#PLACES[@]} - 1))
  sort -s -u -k1,1 moved >moved.first
  first_fields <wanted | join -a1 -e "$place" -o 1.1,2.2 - moved.first >located
}

# History folders that were begun after the recovery point, oldest first: by run, then by the number behind "~".
newer_history() {
  local name
  for name in "${HISTORY[@]}"; do
    if [[ ${name%%~*} > $POINT ]]; then printf '%s\n' "$name"; fi
  done | sort -t'~' -k1,1 -k2,2n
}
