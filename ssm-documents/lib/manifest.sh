#!/usr/bin/env bash
# The recovery point: its manifest, and the answer that goes with it. docs/share-format.md describes both.

readonly LONGEST_ANSWER=1150
# A new list is worth writing when so many changes have come together, and they are a part of the entries: 1 in so many.
readonly MOST_CHANGES=500 CHANGED_PART=8

# SHARE_ROOM: free and whole bytes of the share, as the end of a line; empty where the share does not say.
find_share_room() {
  local free size
  SHARE_ROOM=''
  if within "$SHARE_SECONDS" df -B1 --output=avail,size -- "$SHARE" && { read -r _ && read -r free size; } <"$OUT" &&
    [[ $free =~ ^[0-9]{1,20}$ && $size =~ ^[0-9]{1,20}$ ]]; then
    SHARE_ROOM=",\"shareFreeBytes\":$free,\"shareBytes\":$size"
  fi
}

# Everything that the manifest speaks of is made durable before it appears, by one rename.
write_manifest() {
  local head new=$BASE/manifests/.new
  assemble_point
  progress manifest "$FILES" "$FILES" "$BYTES" "$BYTES"
  if [[ -z $LIST ]] || ((CHANGES > MOST_CHANGES && CHANGES * CHANGED_PART > ENTRIES)); then write_list; fi
  find_share_room
  compose_answer
  printf -v head '#lifeboat {"format":1,"run":"%s","plan":"%s","instance":"%s","source":"%s","root":%s,"started":"%s",%s}' \
    "$RUN" "$PLAN" "$INSTANCE" "$SOURCE" "$ROOT" "$STARTED" "\"list\":\"$LIST\",\"listSha256\":\"$LIST_SHA256\""
  {
    printf '%s\n' "$head"
    if ((CHANGES > 0)); then cat "$POINT_CHANGES"; fi
    printf '#end {"changes":%d,"entries":%d,"files":%d,"bytes":%d,"answer":%s}\n' "$CHANGES" "$ENTRIES" "$FILES" "$BYTES" "$ANSWER"
  } >point
  {
    if ((CHANGES > 20)); then gzip -c point >"$new"; else printf '%s\n' "$(<point)" >"$new"; fi &&
      sync -f "$new" && mv -fT "$new" "$BASE/manifests/$POINT" && sync "$BASE/manifests"
  } 2>"$ERRORS" || fail_for_share "$ERRORS" share-error "the manifest could not be written"
}

# FILES, BYTES, ENTRIES and CHANGES of the new recovery point; CHANGED, COPIED_BYTES, DELETED: what this run did. Where anything
# differs, next holds the new entries and the changes against the list.
assemble_point() {
  CHANGED=0 COPIED_BYTES=0 DELETED=0 POINT_CHANGES=$KNOWN/changes
  : >lines
  if [[ -s now || -s base || $KNOWN != "$PLAN_STATE/known" ]]; then
    mkdir next
    POINT_CHANGES=next/changes
    join_lines
    join_entries
    count_work
    if [[ -e $KNOWN/list ]]; then ln "$KNOWN/list" next/list; fi
  fi
  CHANGES=$(wc -l <"$POINT_CHANGES")
}

# lines: the entries of everything that differed; removed: names that are no more.
join_lines() {
  sort touched.done hashes >proven
  {
    sed -n '/^[^ ]* f /p' now | join -o 1.1,1.2,1.3,1.4,1.5,1.6,1.7,1.8,2.2 - proven | sed 's/$/ -/'
    sed -nE 's/^([^ ]* [dlpsbc]( [^ ]*){6}) [^ ]* [^ ]*$/\1 - -/p' now
    cat kept torn missing held
  } | sort -u -k1,1 >lines
  : >removed
  if [[ ! -s base ]]; then return 0; fi
  join -v1 base lines | first_fields >removed
}

join_entries() {
  if [[ ! -s $KNOWN/entries && ! -s $KNOWN/changes ]]; then
    ln lines next/entries
    # There will be a list of all of them.
    : >next/changes
    return 0
  fi
  first_fields <lines | sort - removed >renewed
  join -v1 "$KNOWN/entries" renewed | sort -m - lines >next/entries
  sed 's/$/ -/' removed | sort -m - lines >newest.changes
  join -v1 "$KNOWN/changes" renewed | sort -m - newest.changes >next/changes
}

count_work() {
  : >had
  if [[ -s base ]]; then sed '/ missing$/d' base >had; fi
  tally had
  FILES=$((FILES - COUNT)) BYTES=$((BYTES - SUM))
  tally lines
  FILES=$((FILES + COUNT)) BYTES=$((BYTES + SUM))
  ENTRIES=$(wc -l <next/entries)
  if [[ -s hashes || -s torn ]]; then
    { first_fields <torn && first_fields <hashes; } | sort | join - lines >copied
    tally copied
    CHANGED=$COUNT COPIED_BYTES=$SUM
  fi
  # What a run that died had left there is no loss.
  if [[ -s gone ]]; then
    join gone had | sed '/ ? -$/d' >deleted
    tally deleted
    DELETED=$COUNT
  fi
}

# All entries anew, in a list of this run's name.
write_list() {
  local new=$BASE/lists/.new sum entries=next/entries
  if [[ ! -e $entries ]]; then
    mkdir next
    cp "$KNOWN/entries" "$entries"
  fi
  rm -f next/list
  gzip -c "$entries" >next/list
  sum=$(sha256sum <next/list)
  { cp next/list "$new" && mv -fT "$new" "$BASE/lists/$POINT"; } 2>"$ERRORS" ||
    fail_for_share "$ERRORS" share-error "the list could not be written"
  LIST=$POINT LIST_SHA256=${sum%% *} CHANGES=0 POINT_CHANGES=next/changes
  : >"$POINT_CHANGES"
}

# ANSWER: the line, with as much of the warnings' examples as there is room for.
compose_answer() {
  local example outcome=protected figures
  if ((${#WARNED[@]} > 0)); then outcome=protected-with-warnings; fi
  answer_head "$outcome"
  seconds
  printf -v figures '%s,"files":%d,"bytes":%d,"changed":%d,"deleted":%d,"copiedBytes":%d,"seconds":%s,"recoveryPoint":"%s"' \
    "$ANSWER_HEAD" "$FILES" "$BYTES" "$CHANGED" "$DELETED" "$COPIED_BYTES" "$PASSED" "$PLAN/$INSTANCE/$POINT"
  figures+=$SHARE_ROOM
  for example in 110 60 30 12; do
    warnings_json "$example"
    ANSWER="$figures,\"warnings\":$WARNINGS}"
    if ((${#ANSWER} <= LONGEST_ANSWER)); then break; fi
  done
}

# The recovery point exists. What is left to do is tidying: the next run would do it as well.
finish() {
  say "recovery point $POINT: $FILES files, $BYTES bytes; copied $CHANGED files, $COPIED_BYTES bytes; $DELETED deleted"
  answer "$ANSWER"
}
