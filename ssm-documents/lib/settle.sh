#!/usr/bin/env bash
# What really came of the copying. The source is looked at again after it was copied and hashed: what has not changed in
# between is what its SHA-256 says, and so is its copy. All others are settled by reading the copy itself.
# Writes hashes (name and SHA-256 of every copy that is as the source was) and the entries of the rest: kept (the
# earlier copy), torn (half old, half new) and missing (the recovery point has none).

copy_and_settle() {
  : >doubtful.all
  : >pass1.changed
  : >pass2.hashes
  : >pass2.sure
  find_ends "${OWNERS[@]}"
  make_others
  copy_pass copy pass1 now
  if [[ -s pass1.changed ]]; then
    say "$(wc -l <pass1.changed) files changed while they were copied; copying them again"
    copy_pass pass1.changed pass2 pass1.after
    cp pass2.changed still-changing
    join -v1 now pass1.changed >now.new
    join pass1.changed pass1.after | sort - now.new >now
  fi
  settle_doubtful
}

# PASS.sure: name and SHA-256; PASS.changed: names to be copied again; the rest goes to doubtful.all with the reason.
copy_pass() { # NAMES PASS BEFORE
  local list=$1 pass=$2 each
  copy_files "$list" "$2"
  for each in after changed sure; do : >"$pass.$each"; done
  if [[ ! -s $list ]]; then return 0; fi
  list_names "$FROM" <"$pass.raw" | entries >"$pass.after"
  if [[ ! -s $pass.refused && ! -s $pass.late ]] && nothing_moved "$list" "$pass" "$3"; then
    mv "$pass.hashes" "$pass.sure"
    : >"$pass.hashes"
    return 0
  fi
  join -v1 "$list" "$pass.late" >"$pass.names"
  join "$pass.names" "$3" | comm -12 - "$pass.after" | first_fields >"$pass.stable"
  sed -nE 's/^([^ ]*) f .*/\1/p' "$pass.after" | join -v1 "$pass.names" - | sed 's/$/ vanished/' >>doubtful.all
  join "$pass.names" "$pass.after" | join -v1 - "$pass.stable" | sed -nE 's/^([^ ]*) f .*/\1/p' |
    join - "$pass.hashes" | first_fields >"$pass.changed"
  join "$pass.names" "$pass.after" | sed -nE 's/^([^ ]*) f .*/\1/p' | join -v1 - "$pass.hashes" |
    sed 's/$/ unreadable/' >>doubtful.all
  join "$pass.stable" "$pass.hashes" >"$pass.hashed"
  join -v1 "$pass.hashed" "$pass.refused" >"$pass.sure"
  join "$pass.hashed" "$pass.refused" | sed 's/ .*/ refused/' >>doubtful.all
}

# As a rule all is as it was, and every file has its SHA-256.
nothing_moved() { # NAMES PASS BEFORE
  join "$1" "$3" | cmp -s - "$2.after" && (($(wc -l <"$2.hashes") == COPY_FILES))
}

# Reads the copies of what is in doubt: as the source was (good), as the base was (kept), or something else. That may stay only
# where the source is still changing (torn); else the earlier copy comes back, if there was one.
settle_doubtful() {
  if [[ ! -s doubtful.all && ! -s pass1.late && ! -s still-changing ]]; then
    sort -m pass1.sure pass2.sure >hashes
    return 0
  fi
  join pass1.late base | sed -nE 's/^([^ ]* f .*) [^ ]*$/\1 kept/p' >kept
  join -v1 pass1.late kept >none
  sed 's/$/ changed/' still-changing >>doubtful.all
  sort -u -k1,1 doubtful.all >doubtful
  sed -nE 's/^([^ ]*) vanished$/\1/p' doubtful >vanished
  if [[ ! -s doubtful ]]; then
    sort pass1.sure pass2.sure >hashes
    describe_missing
    return 0
  fi
  first_fields <doubtful >doubtful.names
  hash_copies doubtful.names doubtful.copied now
  join -v1 pass1.hashes pass1.changed | sort - pass2.hashes >all.hashes
  # name reason copied source base
  join -a1 -e- -o 1.1,1.2,2.2 doubtful doubtful.copied |
    join -a1 -e- -o 1.1,1.2,1.3,2.2 - all.hashes |
    join -a1 -e- -o 1.1,1.2,1.3,1.4,2.9 - base >verdicts
  sed -nE 's/^([^ ]*) [^c][^ ]* ([0-9a-f]{64}) \2 .*$/\1 \2/p' verdicts >doubtful.good
  join -v1 verdicts doubtful.good >not-good
  sort pass1.sure doubtful.good pass2.sure >hashes
  sed -nE 's/^([^ ]*) (changed|vanished) ([0-9a-f]{64}) .*$/\1 \3/p' not-good |
    sed -nE '/./p' >torn.hashes
  sed -nE -e '/^[^ ]* (changed|vanished) [0-9a-f]{64} /d' -e 's/^([^ ]*) [^ ]* ([^ ]*) [^ ]* ([^ ]*)$/\1 \2 \3/p' \
    not-good >bad
  bring_back
  describe_missing
  describe_torn
}

# Of what must not stay as it is (bad: name, copied, base): the copy goes, the earlier one comes back from history.
bring_back() {
  local name copied base path
  : >back
  while read -r name copied base; do
    printf -v path './%b' "${name//%/\\x}"
    if [[ $copied != - && $copied == "$base" ]]; then
      printf '%s\n' "$name" >>back
    elif [[ -f $BASE/history/$ATTEMPT/$path && ! -L $BASE/history/$ATTEMPT/$path && $base != - ]]; then
      mv -fT -- "$BASE/history/$ATTEMPT/$path" "$BASE/current/$path" 2>"$ERRORS" ||
        fail_for_share "$ERRORS" share-error "$path could not be brought back from history"
      printf '%s\n' "$name" >>back
    else
      if [[ $copied != - ]]; then rm -f -- "$BASE/current/$path" || say "the copy of $name could not be removed"; fi
      printf '%s\n' "$name" >>none
    fi
  done <bad
  join back base | sed -E 's/ [^ ]*$/ kept/' >>kept
}

# Files that the source has and the recovery point does not. What has vanished from the source is not missed.
describe_missing() {
  sed 's/$/ late/' pass1.late | sort - not-good >not-good.all
  mv not-good.all not-good
  sort none | join - now | sed -nE 's/^([^ ]* f( [^ ]*){5}) [^ ]* [^ ]* [^ ]*$/\1 - - missing/p' |
    join -v1 - vanished >missing
}

# Size and time of torn files are those of the copy, so that the manifest is true of what lies there.
describe_torn() {
  if [[ ! -s torn.hashes ]]; then return 0; fi
  first_fields <torn.hashes | raw_names | list_names "$BASE/current" | entries >torn.copies
  join -o 1.1,1.2,1.3,1.4,1.5,1.6,1.7,2.2 torn.copies torn.hashes | sed -E 's/ ([^ ]*)$/ - \1 changed/' >torn
}

# One warning a cause, with the number and the first name; all names go to the log, at most 20 a cause.
warn_of_findings() {
  if [[ -s not-good || -s find.errors || -s too-deep ]]; then
    {
      sed -nE 's/^([^ ]*) vanished .*/\1/p' not-good
      sed -nE 's/^find: .(.*).: No such file or directory$/\1/p' find.errors
    } >findings
    warn_of file-vanished
    {
      sed -nE 's/^([^ ]*) unreadable .*/\1/p' not-good
      cat unreadable find.trouble
    } >findings
    warn_of file-unreadable
    { cat too-deep && sed -nE 's/^([^ ]*) refused .*/\1/p' not-good; } >findings
    warn_of file-refused
    sed -nE 's/^([^ ]*) late .*/\1/p' not-good >findings
    warn_of out-of-time
    { cat still-changing && first_fields <torn; } >findings
    warn_of file-changed
  fi
  # They are among what find could not print by itself.
  if [[ -s odd ]]; then
    sed -nE 's/^([^ ]*) [psbc] .*/\1/p' now.all >findings
    warn_of special-file
  fi
}
