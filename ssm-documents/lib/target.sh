#!/usr/bin/env bash
# The folder that files come back into (INTO): what is there, what may be replaced, and the writing.

look_at_target() {
  if [[ ! -e $INTO && $DRY_RUN == no ]]; then
    mkdir -p -- "$INTO" 2>"$ERRORS" || fail_for_target "$ERRORS" "$INTO cannot be made"
  fi
  : >target
  if [[ ! -e $INTO ]]; then return 0; fi
  if ! INTO=$(cd -P -- "$INTO" 2>/dev/null && pwd -P); then fail target-unwritable "$INTO is no folder that can be entered"; fi
  if [[ $INTO/ == "$SHARE"/* || $SHARE/ == "$INTO"/* ]]; then fail bad-parameter "into: $INTO and the share $SHARE lie in one another"; fi
  { (cd "$INTO" && find . -mindepth 1 -printf "$ENTRY") | entries >target; } 2>"$ERRORS" ||
    fail_for_target "$ERRORS" "$INTO cannot be listed"
}

# copy: files that come back. skipped: files that stay as they are because OVERWRITE says so. same: files that are there and have
# the content already. blocked: names where something of another kind is, or that lie below a symbolic link.
choose_files() {
  find_blocked
  join -o 1.1,1.6,1.7,1.9,2.6,2.7 wanted target | join -v1 - blocked >there
  : >same
  case $OVERWRITE in
    never) first_fields <there >skipped ;;
    older) newer_than_saved <there >skipped ;;
    always) : >skipped ;;
  esac
  if [[ $OVERWRITE != never ]]; then find_same; fi
  sort -u blocked skipped same | join -v1 wanted - >copy.all
  # Of several names of one file the first is copied; the others are links to it.
  sed -nE 's/^([^ ]*)( [^ ]*){6} ([0-9]+\.[0-9]+) .*$/\3 \1/p' copy.all | sort >linked
  sort -s -u -k1,1 linked | cut -d' ' -f2 | sort >linked.first
  cut -d' ' -f2 linked | sort | join -v1 - linked.first >linked.others
  join -v1 copy.all linked.others >copy
  : >damaged
  tally copy
  RESTORED=$(wc -l <copy.all) RESTORED_BYTES=$SUM
}

# A link in the place of a folder would let whoever owns the folder have us write elsewhere.
find_blocked() {
  join -o 1.1,1.2,2.2 chosen target | sed -nE -e '/ (.) \1$/d' -e 's/ .*//p' >mismatched
  {
    cat mismatched
    if [[ -s mismatched ]]; then
      sed -E -e 's/[].*^$[]/\\&/g' -e 's,.*,^&/,' mismatched >mismatched.patterns
      first_fields <chosen | grep -f mismatched.patterns || true
    fi
  } | sort -u >blocked
  cp blocked findings
  warn_of in-the-way
}

# Of "name size mtime sha256 size mtime" the names whose file here is not older than what was saved.
newer_than_saved() {
  local name saved here
  while read -r name _ saved _ _ here; do
    if ((${here/./} >= ${saved/./})); then printf '%s\n' "$name"; fi
  done
}

# What has the size already may have the content: then it is not copied once more.
find_same() {
  join -v1 there skipped | sed -nE 's/^([^ ]*) ([0-9]+) [^ ]* ([0-9a-f]{64}) \2 .*$/\1 \3/p' >alike
  if [[ ! -s alike ]]; then return 0; fi
  first_fields <alike >alike.names
  hash_in_streams "$INTO" alike.names alike.now wanted
  comm -12 alike alike.now | first_fields >same
}

# Folders first, then files, links, attributes: each of them may be what the next one needs.
bring_files_back() {
  make_target_folders
  copy_files_back
  keep_what_is_whole
  link_names
  give_attributes
  sync -f "$INTO" 2>"$ERRORS" || fail_for_target "$ERRORS" "$INTO could not be made durable"
}

make_target_folders() {
  sed -nE 's/^([^ ]*) d .*/\1/p' chosen | join -v1 - blocked | raw_names |
    { cd "$INTO" && xargs -0 -r mkdir -p --; } 2>"$ERRORS" || fail_for_target "$ERRORS" "folders below $INTO cannot be made"
  STAGE=$INTO/.lifeboat-restore
  { rm -rf -- "$STAGE" && mkdir -- "$STAGE"; } 2>"$ERRORS" || fail_for_target "$ERRORS" "$STAGE cannot be made"
}

# New files are written in their place, those that replace one beside them (STAGE) until it is known that they are whole.
copy_files_back() {
  local list
  first_fields <copy >copy.names
  for list in new.names over.names new.damaged over.damaged; do : >"$list"; done
  if [[ ! -s copy ]]; then return 0; fi
  join copy.names target | first_fields >over.names
  join -v1 copy.names over.names >new.names
  batch_files_back
  KEPT_ATTRIBUTES=mode,timestamps
  if ((EUID == 0)); then KEPT_ATTRIBUTES+=,ownership; fi
  find_ends "$( ((EUID == 0)) && echo --same-owner || echo --no-same-owner)"
  COPY_FILES=$(wc -l <copy) COPY_BYTES=$RESTORED_BYTES
  mkfifo copied
  start_copying copied
  follow_copying copied
  wait_for "${COPYING[@]}"
  gather_refused refused
  judge_reading
}

# Batches by place: READ_FROM is in their names.
batch_files_back() {
  local kind place
  clear_batches
  for kind in new over; do
    join "$kind.names" located >"$kind.located"
    for ((place = 0; place < ${#PLACES[@]}; place++)); do
      printf -v PLACE %04d "$place"
      sed -n "s/ $PLACE\$//p" "$kind.located" | join - copy >placed
      if [[ ! -s placed ]]; then continue; fi
      by_size placed
      if [[ -s sized.large && $kind == over ]]; then make_stage_folders; fi
      make_batches sized.large "1.large.$kind.$PLACE" 1
      make_batches sized.medium "2.medium.$kind.$PLACE" 16
      make_batches sized.small "3.small.$kind.$PLACE" 500
    done
  done
}

# tar makes the folders that it needs, cp does not.
make_stage_folders() {
  sed -nE 's,/[^/]*$,,p' sized.large | sort -u | raw_names | { cd "$STAGE" && xargs -0 -r mkdir -p --; }
}

prepare_batch() { # BATCH
  local place=${1%.*}
  place=${place##*.}
  READ_FROM=${PLACES[10#$place]} WRITE_TO=$INTO
  if [[ $1 == *.over.* ]]; then WRITE_TO=$STAGE; fi
}

# What is wrong with single files shows when they are read back; these end the operation.
judge_messages() { # FILE
  local line
  while IFS= read -r line; do
    case ${line##*: } in
      'No space left on device' | 'Disk quota exceeded' | 'Wrote only '*' bytes') fail target-full "$line" ;;
      'Read-only file system') fail target-unwritable "$line" ;;
    esac
  done <"$1"
}

# The other end reads from the share: one file that cannot be read is damaged, a share that is gone is something else.
judge_reading() {
  local line
  cat results/*.reading >reading 2>/dev/null || true
  while IFS= read -r line; do
    case ${line##*: } in
      'Stale file handle' | 'Transport endpoint is not connected') fail share-error "$line" ;;
      'Connection timed out' | 'Host is down' | 'No route to host') fail share-unresponsive "$line" ;;
    esac
  done <reading
}

# Reads back everything that was written. damaged: names whose content is not the manifest's; they do not stay.
keep_what_is_whole() {
  local kind folder
  for kind in new over; do
    if [[ ! -s $kind.names ]]; then continue; fi
    folder=$INTO
    if [[ $kind == over ]]; then folder=$STAGE; fi
    hash_in_streams "$folder" "$kind.names" "$kind.hashes" copy
    join -o 1.1,1.9 copy "$kind.names" | comm -23 - "$kind.hashes" | first_fields >"$kind.damaged"
    join -v1 "$kind.names" "$kind.damaged" >"$kind.whole"
  done
  if [[ -s new.damaged ]]; then raw_names <new.damaged | { cd "$INTO" && xargs -0 -r rm -f --; }; fi
  if [[ -s over.whole ]]; then raw_names <over.whole | by_folder replace; fi
  rm -rf -- "$STAGE" || say "$STAGE could not be removed"
  sort -m new.damaged over.damaged >damaged
  RESTORED=$((RESTORED - $(wc -l <damaged)))
  join damaged copy >damaged.entries
  tally damaged.entries
  RESTORED_BYTES=$((RESTORED_BYTES - SUM))
}

replace() { # FOLDER NAME...
  local folder=$1
  shift
  mv -f -t "$INTO/$folder" -- "${@/#/$STAGE/}" 2>"$ERRORS" || fail_for_target "$ERRORS" "files below $INTO cannot be replaced"
}

# Symbolic links, and the further names of files.
link_names() {
  local name target first other
  sed -nE 's/^([^ ]*) l( [^ ]*){5} ([^ ]*) .*$/\1 \3/p' chosen | join -v1 - blocked >symlinks
  if [[ $OVERWRITE == never ]]; then
    join -v1 symlinks target >symlinks.new
    mv symlinks.new symlinks
  fi
  while read -r name target; do
    printf -v name %b "${name//%/\\x}"
    printf -v target %b "${target//%/\\x}"
    ln -sfT -- "$target" "$INTO/$name" 2>"$ERRORS" || fail_for_target "$ERRORS" "the link $name cannot be made"
  done <symlinks
  # "<device>.<inode> first other"
  sort -s -u -k1,1 linked | join - linked | sed '/^[^ ]* \([^ ]*\) \1$/d' | while read -r _ first other; do
    if grep -qxF -- "$first" damaged; then
      printf '%s\n' "$other" >>damaged.others
      continue
    fi
    printf -v first %b "${first//%/\\x}"
    printf -v other %b "${other//%/\\x}"
    ln -fT -- "$INTO/$first" "$INTO/$other" 2>"$ERRORS" || fail_for_target "$ERRORS" "the link $other cannot be made"
  done
  if [[ -s damaged.others ]]; then
    RESTORED=$((RESTORED - $(wc -l <damaged.others)))
    sort damaged damaged.others >damaged.all
    mv damaged.all damaged
  fi
}

# Ends the operation with what error messages say about the folder that files come back into.
fail_for_target() { # FILE DETAIL
  local line
  while IFS= read -r line; do
    case ${line##*: } in
      'No space left on device' | 'Disk quota exceeded') fail target-full "$line" ;;
    esac
  done <"$1"
  fail target-unwritable "$2${line:+: $line}"
}
