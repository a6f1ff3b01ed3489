#!/usr/bin/env bash
# History between two points, thinned out when a point between them has gone. A copy in a history folder is what the points before it
# find there; only the newest of them that stays has to be asked, for a file that it does not have, or has with another content,
# had left current/ before: its copy for the older ones lies further back.

# Points that nothing older needs: their manifests go, and sweep_history does the rest.
remove_oldest_points() {
  local point oldest=()
  for point in "${POINTS[@]}"; do
    if [[ -v KEPT[$point] ]]; then break; fi
    oldest+=("$point")
  done
  if ((${#oldest[@]} == 0)) || out_of_time; then return 0; fi
  if [[ $DRY_RUN == no ]]; then
    { rm -f -- "${oldest[@]/#/$BASE/manifests/}" && sync "$BASE/manifests"; } 2>"$ERRORS" ||
      fail_for_share "$ERRORS" share-error "manifests could not be removed"
  fi
  POINTS=("${POINTS[@]:${#oldest[@]}}")
  REMOVED=$((REMOVED + ${#oldest[@]}))
}

# Oldest first, so that each history folder is listed once. A point is no more from the moment that its manifest is moved to state/,
# which needs no room on a full share; there it says what is left to do.
remove_points_between() {
  local point index manifest
  for point in "${GOING[@]:REMOVED}"; do
    if out_of_time; then return 0; fi
    manifest=$point
    if [[ $DRY_RUN == no ]]; then
      manifest=../state/pruning.$point
      { mv -fT -- "$BASE/manifests/$point" "$BASE/state/pruning.$point" && sync "$BASE/manifests" "$BASE/state"; } 2>"$ERRORS" ||
        fail_for_share "$ERRORS" share-error "manifests/$point could not be moved"
    fi
    for index in "${!POINTS[@]}"; do
      if [[ ${POINTS[index]} == "$point" ]]; then unset "POINTS[index]"; fi
    done
    REMOVED=$((REMOVED + 1))
    thin "$point" "$manifest"
  done
}

finish_earlier_prune() {
  local point
  for point in "${UNFINISHED[@]}"; do
    if out_of_time; then return 0; fi
    say "finishing what an earlier prune has left of $point"
    thin "$point" "../state/pruning.$point"
  done
}

# What only POINT needed goes: in the history folders between it and the next newer point.
thin() { # POINT MANIFEST
  local point=$1 older='' newer='' name folders=()
  for name in "${POINTS[@]}"; do
    if [[ $name < $point ]]; then older=$name; fi
    if [[ $name > $point && -z $newer ]]; then newer=$name; fi
  done
  for name in "${HISTORY[@]}"; do
    if [[ ${name%%~*} > $point && ! ${name%%~*} > $newer ]]; then folders+=("$name"); fi
  done
  # Without an older point nobody looks into them any more: sweep_history.
  if [[ -n $older ]] && ((${#folders[@]} > 0)); then
    list_history "${folders[@]}"
    choose_needed "$2" "$older"
    remove_found "${folders[@]}"
  fi
  if ((LATE > 0)) || [[ $DRY_RUN == yes ]]; then return 0; fi
  rm -f -- "$BASE/state/pruning.$point" 2>"$ERRORS" || fail_for_share "$ERRORS" share-error "state/pruning.$point could not be removed"
}

# History folders that no point is older than: nobody looks into them.
sweep_history() {
  local name folders=()
  if ((${#POINTS[@]} == 0)) || out_of_time; then return 0; fi
  for name in "${HISTORY[@]}"; do
    if [[ ! ${name%%~*} > ${POINTS[0]} ]]; then folders+=("$name"); fi
  done
  if ((${#folders[@]} == 0)); then return 0; fi
  list_history "${folders[@]}"
  : >needed
  remove_found "${folders[@]}"
}

# found: "name order type size folder" of everything in history folders, sorted: of one name, what readers find first is first.
list_history() { # FOLDER...
  list_folders "$@" >found.raw 2>"$ERRORS" || fail_for_share "$ERRORS" share-error "$BASE/history cannot be listed"
  write_sed_programs
  sed -z -E -f escape.sed -e 's,^([^/]*)/([^/]*)/([^/]*)/([^/]*)/(.*)$,\5 \3 \1 \2 \4,' found.raw | tr '\0' '\n' | sort >found
}

list_folders() { # FOLDER...
  local folder order attempt
  for folder in "$@"; do
    attempt=0
    if [[ $folder == *'~'* ]]; then attempt=$((10#${folder#*~})); fi
    printf -v order '%s~%06d' "${folder%%~*}" "$attempt"
    no_link "$BASE/history/$folder" || return
    find "$BASE/history/$folder" -mindepth 1 -printf "%y/%s/$order/$folder/%P\0" || return
  done
}

# needed: lines of found that OLDER needs: the first copy of a file that OLDER has, unless the point that goes had another content:
# then the one of OLDER lies further back. Where nobody can tell what it had, or it missed the file, the copy stays.
choose_needed() { # MANIFEST OLDER
  if [[ ${OLDER_KNOWN:-} != "$2" ]]; then
    read_point "$2" older.files || fail prune-refused "$2 is damaged, and it is one of those that stay"
    OLDER_KNOWN=$2
  fi
  sed -n '/^[^ ]* [^ ]* f /p' found | sort -s -u -k1,1 | join - older.files >first
  if read_point "$1" point.files; then
    join -a1 -e- -o 1.1,1.2,1.3,1.4,1.5,1.6,2.2 first point.files | sed -nE 's/^(([^ ]* ){4}[^ ]*) ([^ ]*) (\3|missing)$/\1/p' >needed
  else
    say "${1##*/} is damaged: of what only it needed, something may stay until older points go"
    cut -d' ' -f1-5 first >needed
  fi
}

# The files of a recovery point: name and SHA-256, or "missing". MANIFEST: below manifests/.
read_point() { # MANIFEST OUT
  read_manifest "$1" && read_entries entries || return 1
  sed -nE -e 's/^([^ ]*) f .* missing$/\1 missing/p;t' -e 's/^([^ ]*) f .* ([0-9a-f]{64}) [^ ]*$/\1 \2/p' entries >"$2"
}

# Lists that no manifest names. A list is as old as the run that wrote it: points before it do not name it.
sweep_lists() {
  local list point
  if [[ $DRY_RUN == yes ]] || ((LATE > 0)); then return 0; fi
  for list in "${LISTS[@]}"; do
    for point in "${POINTS[@]}"; do
      if [[ $point == "$list" ]] || { [[ $point > $list ]] && names_list "$point" "$list"; }; then continue 2; fi
    done
    say "no manifest names lists/$list any more"
    rm -f -- "$BASE/lists/$list" 2>"$ERRORS" || fail_for_share "$ERRORS" share-error "lists/$list could not be removed"
  done
}

# A manifest that does not say which list it changes may need any.
names_list() { # POINT LIST
  local head
  if [[ ! -v PROVEN[$1] ]]; then
    head=$({ gzip -dcf <"$BASE/manifests/$1" | head -n 1 | tr -d '\0'; } 2>/dev/null) || true
    PROVEN[$1]=unknown
    if [[ $head =~ \"list\":\"($POINT_NAME)\" ]]; then PROVEN[$1]=${BASH_REMATCH[1]}; fi
  fi
  [[ ${PROVEN[$1]} == "$2" || ${PROVEN[$1]} == unknown ]]
}
