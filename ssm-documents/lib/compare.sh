#!/usr/bin/env bash
# What has to be done: the source (now.all) against what current/ holds ($KNOWN), as sorted streams. Everything behind the first
# comm is about differences alone. Writes lists of escaped names: copy (files to be copied), others (folders and links to
# be made), touched (name and SHA-256: only attributes differ), gone (to be moved to history); held: entries that stay
# although the source does not show them; and entries of what differs: now (of the source), base (of current/).

compare() {
  local list
  for list in now base copy others touched gone held too-deep; do : >"$list"; done
  if [[ -s $KNOWN/entries ]]; then comm -3 now.all "$KNOWN/index" >differences; else cp now.all differences; fi
  if [[ ! -s differences && ! -s $KNOWN/unsettled ]]; then return 0; fi
  sed '/^\t/d' differences | nine_digits >now
  leave_out_deep
  find_wanted
  # On a first night there is nothing to compare with.
  if [[ ! -s $KNOWN/entries ]]; then return 0; fi
  sed -nE 's/^\t([^ ]*) .*/\1/p' differences | sort -u - "$KNOWN/unsettled" | join - "$KNOWN/entries" >base
  find_others
  find_touched
  find_gone
}

# No program opens a name of 4,096 bytes (PATH_MAX, linux/limits.h) or more: such files are told every night, and left out.
leave_out_deep() {
  local escaped name
  : >too-deep
  if ! grep -qE '^[^ ]{4093,} ' now; then return 0; fi
  first_fields <now | grep -E '^.{4093,}' | while IFS= read -r escaped; do
    printf -v name './%b' "${escaped//%/\\x}"
    if ((${#name} > 4095)); then printf '%s\n' "$escaped"; fi
  done >too-deep
  join -v1 now too-deep >now.openable
  mv now.openable now
}

# Whatever is readable and is not there as it is now.
find_wanted() {
  join -v1 now unreadable >readable
  sed -nE -e '/ f /s/^([^ ]*) f .*/\1/w copy' -e 's/^([^ ]*) [dl] .*/\1/w others' readable
}

# Of a folder only owner and mode are, of a link all is.
find_others() {
  join -a1 -e- -o 1.1,1.2,1.3,1.4,1.5,2.2,2.3,2.4,2.5 readable base |
    sed -nE -e '/^[^ ]* d ([^ ]* [^ ]* [^ ]*) d \1$/d' -e 's/^([^ ]*) [dl] .*/\1/p' >others
}

# Files of the same size may differ in their attributes alone: their content is compared by SHA-256 before it is copied.
find_touched() {
  join -o 1.1,1.2,1.6,2.2,2.6,2.9 readable base |
    sed -nE 's/^([^ ]*) f ([0-9]+) f \2 (\?|[0-9a-f]{64})$/\1 \3/p' >candidates
  if [[ ! -s candidates ]]; then return 0; fi
  first_fields <candidates >candidates.names
  hash_files "$FROM" candidates.names candidates.now
  sed -n 's/ ?$//p' candidates >candidates.unknown
  hash_copies candidates.unknown candidates.copied base
  { sed '/ ?$/d' candidates && cat candidates.copied; } | sort >candidates.base
  join candidates.now candidates.base | sed -nE 's/^([^ ]* ([0-9a-f]{64})) \2$/\1/p' >touched
  join -v1 copy touched >copy.left
  mv copy.left copy
}

# gone: what current/ has and the source has no more, or has as another kind. Below a folder that cannot be read nothing
# is gone, only hidden; it is held.
find_gone() {
  join -a1 -e- -o 1.1,1.2,2.2 base now >kinds
  sed -nE 's/^([^ ]*) [fdl] -$/\1/p' kinds >absent
  if [[ -s find.trouble ]]; then
    cp absent hidden
  elif [[ ! -s unreadable ]]; then
    : >hidden
  else
    sed -E -e 's/[].*^$[]/\\&/g' -e 's,.*,^&/,' unreadable >hidden.patterns
    grep -f hidden.patterns absent >hidden || true
  fi
  join hidden base | sed -E '/ missing$/!s/ [^ ]*$/ kept/' >held
  sed -nE -e '/ ([fdl]) \1$/d' -e 's/^([^ ]*) [fdl] .*/\1/p' kinds | join -v1 - hidden >gone
}

# More than the allowed part of the files is gone since the newest recovery point: a person has to say that it is meant.
check_shrink() {
  local left=$FILES_BEFORE
  if [[ -s base || -s now ]]; then
    left=$FILES
    tally base && left=$((left - COUNT))
    tally now && left=$((left + COUNT))
    tally held && left=$((left + COUNT))
  fi
  if [[ $ALLOW_SHRINK == no ]] && (((FILES_BEFORE - left) * 100 > FILES_BEFORE * MAX_SHRINK_PERCENT)); then
    fail source-shrunk "$left files, $FILES_BEFORE at $NEWEST; allowed is to lose $MAX_SHRINK_PERCENT %"
  fi
}

# The same of what lies in current/. A copy that is missing is left out; a share that fails ends the operation.
hash_copies() { # NAMES OUT ENTRIES
  if [[ ! -s $1 ]]; then
    : >"$2"
    return 0
  fi
  hash_in_streams "$BASE/current" "$1" "$2" "$3"
  if grep -vE ': (No such file or directory|Not a directory|Is a directory)$' "$2.errors" >"$2.trouble"; then
    fail_for_share "$2.trouble" share-error "copies in $BASE/current cannot be read"
  fi
}
