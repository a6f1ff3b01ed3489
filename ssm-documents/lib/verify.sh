#!/usr/bin/env bash
# Reading back what lies on the share. Every night a slice of current/ is compared with what the manifest says of it, so that
# all of it is proven within VERIFY_NIGHTS nights; 0: never. state/verified on the share names the last file that was read.

# Damage is healed where the source still has the same content; else the operation fails, although the recovery point is there.
verify_slice() {
  local slice damaged
  if ((VERIFY_NIGHTS == 0 || BUDGET_SECONDS > 0 || FILES == 0)); then return 0; fi
  # A first night has only what it has just written.
  if [[ -z $NEWEST ]]; then return 0; fi
  slice=$(((FILES + VERIFY_NIGHTS - 1) / VERIFY_NIGHTS))
  choose_slice "$slice"
  slice=$(wc -l <slice)
  progress verify 0 "$slice" 0 0
  hash_copies slice.names slice.copied "$KNOWN/entries"
  progress verify "$slice" "$slice" 0 0
  comm -23 slice slice.copied | first_fields >damaged
  note_verified
  if [[ $SLICE_ENDS == yes ]]; then verify_list; fi
  if [[ -s damaged ]]; then
    heal_damaged
    damaged=$(wc -l <damaged)
    if ((damaged > 0)); then fail file-damaged "$damaged of $FILES files, for instance $(head -n 1 damaged)"; fi
  fi
}

# slice: name and SHA-256 of the files whose turn it is, behind the one that was read last; SLICE_ENDS: it is the last slice.
choose_slice() { # HOW_MANY
  local last=''
  if [[ -r $BASE/state/verified ]]; then read -r last <"$BASE/state/verified" || true; fi
  if [[ ! $last =~ ^[!-~]+$ ]]; then last='!'; fi
  # The name of the last one is the only line without a space.
  { printf '%s\n' "$last" | sort -m - "$KNOWN/entries" | sed -nE '/^[^ ]*$/,$s/^([^ ]*) f .* ([0-9a-f]{64}) [^ ]*$/\1 \2/p' |
    head -n "$1" || true; } >slice
  first_fields <slice >slice.names
  SLICE_ENDS=no
  if (($(wc -l <slice) < $1)); then SLICE_ENDS=yes; fi
}

# Content comes back from the source where it is still the same as at the last look and has the SHA-256 of the manifest. Not by
# way of history: older recovery points need the whole content there, too.
heal_damaged() {
  local name sum path new=$BASE/state/healed healed=() left=()
  join damaged slice >damaged.sums
  while read -r name sum; do
    printf -v path './%b' "${name//%/\\x}"
    if [[ -f $FROM/$path && ! -L $FROM/$path ]] && cp --sparse=auto --preserve="${KEPT_ATTRIBUTES:-mode,timestamps}" -T -- "$FROM/$path" "$new" &&
      [[ $(sha256sum <"$new") == "$sum "* ]] && sync "$new" && mv -fT -- "$new" "$BASE/current/$path"; then
      healed+=("$name")
    else
      left+=("$name")
    fi
  done <damaged.sums
  rm -f "$new" || say "$new could not be removed"
  if ((${#healed[@]} > 0)); then warn damage-healed "${#healed[@]}" "${healed[0]}"; fi
  if ((${#left[@]} > 0)); then printf '%s\n' "${left[@]}" >damaged; else : >damaged; fi
  compose_answer
}

# The list that this and earlier manifests change. The instance has a copy.
verify_list() {
  local sum new=$BASE/lists/.new
  sum=$(sha256sum <"$BASE/lists/$LIST") || sum=''
  if [[ ${sum%% *} == "$LIST_SHA256" ]]; then return 0; fi
  sum=$(sha256sum <"$KNOWN/list") || sum=''
  if [[ ${sum%% *} != "$LIST_SHA256" ]]; then fail file-damaged "lists/$LIST is damaged"; fi
  { cp "$KNOWN/list" "$new" && sync "$new" && mv -fT "$new" "$BASE/lists/$LIST"; } 2>"$ERRORS" ||
    fail_for_share "$ERRORS" share-error "$BASE/lists/$LIST could not be healed"
  warn damage-healed 1 "lists/$LIST"
  compose_answer
}

note_verified() {
  local last='!'
  if [[ $SLICE_ENDS == no ]]; then last=$(tail -n 1 slice.names); fi
  printf '%s\n' "$last" >"$BASE/state/verified" || say "$BASE/state/verified could not be written; this slice is read again"
}
