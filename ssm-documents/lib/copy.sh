#!/usr/bin/env bash
# Moving bytes. Nothing that a recovery point has in current/ is overwritten or deleted: it is renamed to history/$ATTEMPT first.
# New content is written in place, for a rename would cost one more round trip a file: while state/in-progress is there,
# names that the newest recovery point does not have, or that have just moved to history, may be half written.

# Moves the names of gone to history. A folder that is gone moves whole, by one rename, whatever is in it.
retire_gone() {
  local name top=''
  if [[ ! -s gone ]]; then return 0; fi
  say "moving $(wc -l <gone) names to history/$ATTEMPT"
  # With "/" as the lowest byte, what is in a folder follows the folder at once.
  tr / '\001' <gone | sort >gone.by-folder
  while IFS= read -r name; do
    name=${name//$'\x01'//}
    if [[ -n $top && $name == "$top"/* ]]; then continue; fi
    top=$name
    printf './%b\0' "${name//%/\\x}"
  done <gone.by-folder >gone.tops
  retire_names gone.tops
}

# Moves names to history.
retire_names() { # FILE_OF_RAW_NAMES
  by_folder retire <"$1"
}

retire() { # FOLDER NAME...
  local to=$BASE/history/$ATTEMPT/$1 errors=retire.$BASHPID name paths=()
  shift
  for name in "$@"; do
    # mv would call a missing one an error: somebody took it from current/, and there is nothing left to keep.
    if [[ -e $BASE/current/$name || -L $BASE/current/$name ]]; then paths+=("$BASE/current/$name"); fi
  done
  if ((${#paths[@]} == 0)); then return 0; fi
  { { [[ -d $to ]] || mkdir -p -- "$to"; } && mv -f -t "$to" -- "${paths[@]}"; } 2>"$errors" ||
    fail_for_share "$errors" share-error "moving to $BASE/history/$ATTEMPT failed"
}

# Gives copies whose content is right the attributes of the source. A file that changes meanwhile is copied after all.
renew_attributes() {
  if [[ ! -s touched ]]; then return 0; fi
  first_fields <touched >touched.names
  raw_names <touched.names >touched.raw
  : >attribute.errors
  by_folder give_attributes <touched.raw
  join touched.names now | sed -nE 's/^([^ ]*) f [0-7]*[0-3][0-7]{2} .*/\1/p' | raw_names |
    { cd "$BASE/current" && xargs -0 -r chmod u+r --; } 2>>attribute.errors || true
  # What the share refuses is in the manifest all the same.
  head -n 20 attribute.errors >&2
  judge_messages attribute.errors
  list_names "$FROM" <touched.raw | entries >touched.after
  join touched.names now | comm -12 - touched.after | join -o 1.1,2.2 - touched >touched.done
  join -v1 touched.names touched.done | sort - copy >copy.more
  mv copy.more copy
}

give_attributes() { # FOLDER NAME...
  local folder=$1
  shift
  (cd "$FROM" && cp --attributes-only --no-dereference --preserve="$KEPT_ATTRIBUTES" -t "$BASE/current/$folder" -- "$@") \
    2>>attribute.errors || true
}

# One pass over NAMES of files: PASS.hashes of what the source has, PASS.refused of what did not arrive for sure,
# PASS.late of what there was no time for.
copy_files() { # NAMES PASS
  local list=$1 pass=$2
  : >"$pass.hashes"
  : >"$pass.refused"
  : >"$pass.late"
  if [[ ! -s $list ]]; then return 0; fi
  refuse_links "$list"
  batch_files "$list" "$pass"
  raw_names <"$list" >"$pass.raw"
  mkfifo "$pass.copied"
  start_copying "$pass.copied"
  # Beside the copying, so that each byte is read from the disk once; but when time is short, only what was copied.
  if ((BUDGET_SECONDS == 0)); then hash_beside "$FROM"; fi
  follow_copying "$pass.copied"
  wait_for "${COPYING[@]}"
  progress check "$COPY_FILES" "$COPY_FILES" "$COPY_BYTES" "$COPY_BYTES"
  if ((BUDGET_SECONDS > 0)); then
    find_late "$pass"
    hash_beside "$FROM"
  fi
  wait_for "${HASHING[@]}"
  cat hash-part.*.hashes | hash_lines >"$pass.hashes"
  gather_refused "$pass.refused"
}

# PASS.late: the names for which there was no time; PASS.raw: the others.
find_late() { # PASS
  local batch
  : >"$1.raw"
  for batch in batches/*; do
    if [[ -e taken/${batch##*/} ]]; then cat "$batch" >>"$1.raw"; else cat "$batch"; fi
  done | escaped_names >"$1.late"
}

# Whoever may write to the share could let us write elsewhere, by a link in the place of a folder.
refuse_links() { # NAMES
  sed -nE ':up;s,/[^/]*$,,;T;p;bup' "$1" | sort -u >above
  if [[ ! -s above ]]; then return 0; fi
  raw_names <above | { cd "$BASE/current" && xargs -0 -r sh -c 'exec find "$@" -maxdepth 0 -type l' sh; } \
    >links 2>links.errors || true
  if [[ -s links ]]; then fail share-error "$BASE/current/$(head -n 1 links) is a symbolic link, and was a folder"; fi
}

# Names by size, and apart those that replace a copy (only in the first pass: the second replaces what the first wrote).
# Large ones first, so that none is left over when all streams but one are done; but when time is short, many small ones
# first, and the newest of each size.
batch_files() { # NAMES PASS
  local kind
  clear_batches
  join "$1" now >copy.entries
  tally copy.entries
  COPY_FILES=$COUNT COPY_BYTES=$SUM
  cp copy.entries copy.new
  : >copy.replacing
  if [[ $2 == pass1 && -s base ]]; then
    sed -nE 's/^([^ ]*) f .*/\1/p' base >base.files
    join -v1 copy.entries base.files >copy.new
    join copy.entries base.files >copy.replacing
  fi
  for kind in new replacing; do
    if [[ ! -s copy.$kind ]]; then continue; fi
    if ((BUDGET_SECONDS > 0)); then sort -o "copy.$kind" -k7,7nr "copy.$kind"; fi
    by_size "copy.$kind"
    make_batches sized.small "$((BUDGET_SECONDS > 0 ? 1 : 3)).small.$kind" "$((BUDGET_SECONDS > 0 ? 20 : 500))"
    make_batches sized.medium "2.medium.$kind" 16
    make_batches sized.large "$((BUDGET_SECONDS > 0 ? 3 : 1)).large.$kind" 1
  done
}

prepare_batch() { # BATCH
  READ_FROM=$FROM WRITE_TO=$BASE/current
  if [[ $1 == *.replacing.* ]]; then retire_names "$1"; fi
}

# Which side failed is in the messages of the end that writes; file names in them cannot fake it, for the reason stands at
# the end.
judge_messages() { # FILE
  local line
  while IFS= read -r line; do
    share_trouble "$line"
    case $TROUBLE in
      share-full | share-error | share-unresponsive) fail "$TROUBLE" "$line" ;;
      share-read-only) if [[ $line == *': Read-only file system'* ]]; then fail share-read-only "$line"; fi ;;
    esac
  done <"$1"
}

# Folders and links, in the order of their names, so that a folder is made before what is in it. A folder stays writable.
make_others() {
  local codes
  if [[ ! -s others ]]; then return 0; fi
  raw_names <others >others.raw
  if "${READ[@]}" "--directory=$FROM" --mode=u+rwx "--files-from=$WORK/others.raw" 2>others.reading 3>&- |
    "${WRITE[@]}" "--directory=$BASE/current" 2>others.messages 3>&-; then
    return 0
  else
    codes=("${PIPESTATUS[@]}")
  fi
  head -n 20 others.reading others.messages >&2
  judge_messages others.messages
  say "folders and links: tar ended with ${codes[*]}"
}
