#!/usr/bin/env bash
# What the newest recovery point holds, remembered on the instance so that a night needs no look at what the share has, below
# plans/<plan>/known/:
#   head       one line: "#known 1 <point> <share id> <list> <SHA-256 of the list> <entries> <files> <bytes> whole"
#   entries    its entries, as in a manifest
#   changes    those of its manifest: how the entries differ from the list
#   index      lines of now.all, of everything whose content is certain: what is still the same then has not changed
#   unsettled  names of entries that are not in the index
#   list       a copy of the list, as it lies on the share
# A head that is missing, of another point or cut off: everything is read again from the share, one manifest and one list.

is_known() { # POINT
  local line='' tag version point share
  KNOWN=$PLAN_STATE/known
  if [[ -r $KNOWN/head ]]; then read -r line <"$KNOWN/head" || true; fi
  if [[ $line != *' whole' || ! -e $KNOWN/entries || ! -e $KNOWN/index || ! -e $KNOWN/unsettled ]]; then return 1; fi
  read -r tag version point share LIST LIST_SHA256 ENTRIES FILES BYTES _ <<<"$line"
  [[ "$tag $version $point $share" == "#known 1 $1 $MARKER_ID" ]] && has_list "$LIST"
}

# From the share. It knows no inodes and change times: size, times, mode and owner decide (match_index).
rebuild_known() { # POINT
  read_manifest "$1" && has_list "$HEAD_LIST" || return 1
  KNOWN=known
  rm -rf "$KNOWN"
  mkdir "$KNOWN"
  read_entries "$KNOWN/entries" || return 1
  say "what $1 holds is read from the share"
  cp changes "$KNOWN/changes"
  cp "$BASE/lists/$HEAD_LIST" "$KNOWN/list" || return 1
  LIST=$HEAD_LIST LIST_SHA256=$HEAD_SHA256
  count_known
}

count_known() {
  ENTRIES=$(wc -l <"$KNOWN/entries")
  tally "$KNOWN/entries"
  FILES=$COUNT BYTES=$SUM
}

# KNOWN is complete after this: what current/ holds, with an index. FILES_BEFORE: files of the newest recovery point.
recall_known() {
  if [[ -z $NEWEST ]]; then
    KNOWN=known
    mkdir -p "$KNOWN"
    : >"$KNOWN/entries"
    : >"$KNOWN/changes"
    HEAD='' LIST='' LIST_SHA256='' ENTRIES=0 FILES=0 BYTES=0
  fi
  FILES_BEFORE=$FILES
  if [[ $HEAL == yes ]]; then
    look_at_current
  elif [[ ! -e $KNOWN/index ]]; then
    match_index
  fi
}

# The lines of now.all that say in eight fields what the entries say; but of files that changed since the newest run began: whoever
# writes other content may leave size and time as they were. Those are read.
match_index() {
  if [[ ! -s $KNOWN/entries ]]; then
    : >"$KNOWN/index"
    : >"$KNOWN/unsettled"
    return 0
  fi
  sed '/ ? -$/d;/ -$/!d' "$KNOWN/entries" | cut -d' ' -f1-8 >entries.keys
  HEAD=${HEAD#*started\":\"}
  {
    cd "$FROM"
    find . -type f -newerct "${HEAD%%\"*}" -print0 || true
  } | escaped_names >renewed
  nine_digits <now.all | cut -d' ' -f1-8 | comm -12 - entries.keys | first_fields | join -v1 - renewed >matching
  join matching now.all >"$KNOWN/index"
  join -v1 "$KNOWN/entries" "$KNOWN/index" | first_fields >"$KNOWN/unsettled"
}

# An earlier run did not finish, so the entries are made from what really lies in current/; SHA-256 "?" where nobody knows it.
look_at_current() {
  local known=$KNOWN
  say 'an earlier run did not finish: comparing with what really lies in current/'
  { { cd "$BASE/current" && find . -mindepth 1 -printf "$ENTRY"; } | entries >present; } 2>"$ERRORS" ||
    fail_for_share "$ERRORS" share-error "$BASE/current cannot be listed"
  names_moved_since >moved 2>"$ERRORS" ||
    fail_for_share "$ERRORS" share-error "$BASE/history cannot be listed"
  # What no run has moved away since NEWEST is still what NEWEST says, if it is there at all.
  join -v1 "$KNOWN/entries" moved >unmoved
  {
    join -o 1.1,1.2,1.3,1.4,1.5,1.6,1.7,1.8,1.9,1.10,2.2,2.6,2.8 unmoved present | sed -nE \
      -e 's/^(([^ ]*) f( [^ ]*){3} ([^ ]*)( [^ ]*){4}) f \4 [^ ]*$/\1/p' \
      -e 's/^([^ ]* l( [^ ]*){5} ([^ ]*)( [^ ]*){2}) l [^ ]* \3$/\1/p' \
      -e 's/^([^ ]* d( [^ ]*){8}) d [^ ]* [^ ]*$/\1/p'
    grep -E -e '^[^ ]* [psbc] ' -e ' missing$' unmoved || true
  } | sort -u >certain
  mkdir -p looked
  KNOWN=looked
  {
    cat certain
    join -v1 present certain | sed -E -e 's/ [^ ]* [^ ]*$/ - -/' -e 's/^([^ ]* f .*) [^ ]* - -$/\1 - ? -/'
  } | sort >"$KNOWN/entries"
  : >"$KNOWN/changes"
  LIST=''
  if [[ -e $known/index ]]; then
    first_fields <certain | join - "$known/index" >"$KNOWN/index"
    join -v1 "$KNOWN/entries" "$KNOWN/index" | first_fields >"$KNOWN/unsettled"
  else
    match_index
  fi
  count_known
}

names_moved_since() {
  local name
  for name in "${NEWER[@]}"; do
    { cd "$BASE/history/$name" && find . -mindepth 1 ! -type d -print0; } | escaped_names || return
  done | sort -u
}

# The new recovery point, for the next night; written only after the manifest is in place. What cannot be written is read
# from the share then.
remember_known() {
  local head="#known 1 $POINT $MARKER_ID $LIST $LIST_SHA256 $ENTRIES $FILES $BYTES whole"
  if [[ $KNOWN == "$PLAN_STATE/known" && ! -e next ]]; then
    printf '%s\n' "$head" >"$KNOWN/head" || say "$KNOWN could not be written"
    return 0
  fi
  next_index
  KNOWN=next
  if printf '%s\n' "$head" >next/head && rm -rf "$PLAN_STATE/known" && mv next "$PLAN_STATE/known"; then
    KNOWN=$PLAN_STATE/known
  else
    say "$PLAN_STATE/known could not be written; the next run reads it from the share"
  fi
}

# Lines of now.all, but of what is unsettled; of what was copied twice, as it was the second time.
next_index() {
  sed -nE -e '/ -$/d' -e 's/^([^ ]*) .*/\1/p' lines >next/unsettled
  if [[ -s next/unsettled || -s pass1.changed || -s too-deep ]]; then
    join -v1 pass1.changed next/unsettled | join - now >index.again
    sort -u next/unsettled pass1.changed too-deep | join -v1 now.all - |
      sort -m - index.again >next/index
  else
    mv now.all next/index
  fi
}
