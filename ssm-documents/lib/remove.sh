#!/usr/bin/env bash
# Removing much at once. Every removal is a round trip on a network share, so streams share the work. Names are removed from
# within their folder, once it is proven to be the one that was listed: a link in its place leads nowhere.

out_of_time() {
  if ((COPY_UNTIL == 0 || SECONDS < COPY_UNTIL)); then return 1; fi
  LATE=1
}

# Removes the lines of found that are not in needed, then the folders that nothing needed is left in.
remove_found() { # HISTORY_FOLDER...
  comm -23 found needed | sed -nE 's,^([^ ]*) [^ ]* ([^d]) ([0-9]*) ([^ ]*)$,\4/\1 \2 \3,p' >leaving
  if [[ $DRY_RUN == yes ]]; then
    count_removed leaving
    return 0
  fi
  remove_leaving
  if ((LATE > 0)); then return 0; fi
  empty_folders "$@"
  remove_empty
}

# Removes the names of leaving, a field of its lines, and counts them.
remove_leaving() {
  first_fields <leaving | folder_by_folder >names
  remove_names names rm -f
  count_leaving
}

# Removes the folders of empty, the deepest first.
remove_empty() {
  local depth deepest
  deepest=$(sed 's,[^/],,g' empty | sort | tail -n 1)
  for ((depth = ${#deepest}; depth >= 0; depth--)); do
    sed -nE "/^([^\/]*\/){$depth}[^\/]*\$/p" empty | folder_by_folder >names
    remove_names names rmdir --ignore-fail-on-non-empty
  done
}

# empty: the folders, of those found and the history folders themselves, that nothing needed lies in.
empty_folders() { # HISTORY_FOLDER...
  sed -nE 's,^([^ ]*) [^ ]* [^ ]* [^ ]* ([^ ]*)$,\2/\1,p' needed | sed -nE ':up;s,/[^/]*$,,;T;p;bup' | sort -u >full
  {
    sed -nE 's,^([^ ]*) [^ ]* d [^ ]* ([^ ]*)$,\2/\1,p' found
    if (($# > 0)); then printf '%s\n' "$@"; fi
  } | sort | comm -23 - full >empty
}

# Paths on stdin, those of one folder together.
folder_by_folder() {
  sed -E 's,(^|/)([^/]*)$,\1 \2,' | sort | sed 's, ,,'
}

# Lines of leaving whose names were removed: all, unless time was over.
count_leaving() {
  local batch
  if ((LATE == 0)); then
    count_removed leaving
    return 0
  fi
  for batch in batches/*; do
    if [[ -e taken/${batch##*/} ]]; then cat "$batch"; fi
  done | escaped_names >taken.names
  sort leaving | join taken.names - >taken.leaving
  count_removed taken.leaving
}

# Only files count.
count_removed() { # LINES
  sed -n 's/^[^ ]* f //p' "$1" >sizes
  add_sizes
  REMOVED_FILES=$((REMOVED_FILES + COUNT)) REMOVED_BYTES=$((REMOVED_BYTES + SUM))
}

# Removes names below REMOVE_FROM with COMMAND. LATE: time was over before all were.
remove_names() { # NAMES COMMAND...
  local stream batch removing=()
  if [[ ! -s $1 ]]; then return 0; fi
  clear_batches
  make_batches "$1" r 200
  enough_streams "$STREAMS"
  for ((stream = 0; stream < ENOUGH; stream++)); do
    REMOVER=("${@:2}")
    take_batches taken remove_batch 3>&- &
    removing+=("$!")
  done
  CHILDREN+=("${removing[@]}")
  wait_for "${removing[@]}"
  for batch in batches/*; do
    if [[ ! -e taken/${batch##*/} ]]; then LATE=1; fi
  done
}

remove_batch() { # BATCH
  ERRORS=$WORK/remove.$BASHPID
  by_folder remove_in_folder <"$1"
}

remove_in_folder() { # FOLDER NAME...
  local folder=$REMOVE_FROM${1#.}
  shift
  cd -P -- "$folder" 2>"$ERRORS" || fail_for_share "$ERRORS" share-error "$folder cannot be entered"
  if [[ $PWD != "$folder" ]]; then fail share-error "$folder leads to $PWD"; fi
  "${REMOVER[@]}" -- "${@##*/}" 2>"$ERRORS" || fail_for_share "$ERRORS" share-error "names in $folder could not be removed"
  cd "$WORK"
}
