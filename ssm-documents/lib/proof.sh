#!/usr/bin/env bash
# Reads a whole recovery point back and compares it with its manifest; heals what the instance still has; then the restore drill:
# a sample of it is restored into a scratch folder. Reads RUN, AT, SOURCE, SHARE, SHARE_ID, DRILL_FILES, BANDWIDTH, NICE (the
# document's parameters) and the environment that backup.sh reads. Writes below the state folder and, to heal, over a damaged
# copy on the share. Promises: a copy that is replaced has the manifest's SHA-256 afterwards, and nothing else is changed.

# shellcheck source=ssm-documents/lib/causes.sh
source "${LIB:-.}/causes.sh"
# shellcheck source=ssm-documents/lib/answer.sh
source "${LIB:-.}/answer.sh"
# shellcheck source=ssm-documents/lib/parameters.sh
source "${LIB:-.}/parameters.sh"
# shellcheck source=ssm-documents/lib/state.sh
source "${LIB:-.}/state.sh"
# shellcheck source=ssm-documents/lib/share.sh
source "${LIB:-.}/share.sh"
# shellcheck source=ssm-documents/lib/folders.sh
source "${LIB:-.}/folders.sh"
# shellcheck source=ssm-documents/lib/names.sh
source "${LIB:-.}/names.sh"
# shellcheck source=ssm-documents/lib/points.sh
source "${LIB:-.}/points.sh"
# shellcheck source=ssm-documents/lib/streams.sh
source "${LIB:-.}/streams.sh"
# shellcheck source=ssm-documents/lib/hashes.sh
source "${LIB:-.}/hashes.sh"
# shellcheck source=ssm-documents/lib/transfer.sh
source "${LIB:-.}/transfer.sh"
# shellcheck source=ssm-documents/lib/locate.sh
source "${LIB:-.}/locate.sh"
# shellcheck source=ssm-documents/lib/target.sh
source "${LIB:-.}/target.sh"
# shellcheck source=ssm-documents/lib/attributes.sh
source "${LIB:-.}/attributes.sh"

readonly PROOF_TOOLS='bash cat chmod chown comm cp cut find flock gzip head ionice join ln mkdir mkfifo mv
  renice rm sed sha256sum shuf sleep sort split stat sync tail tar timeout touch tr wc xargs'
OPERATION=verify BUDGET_SECONDS=0 OVERWRITE=never DRY_RUN=no PATHS=''

verify() {
  keep_stdout_for_the_answer
  check_tools "$PROOF_TOOLS"
  check_parameters
  find_instance
  ORIGIN=$INSTANCE
  ease_load
  open_state
  find_share
  count_streams
  open_origin -x
  choose_point
  choose_entries
  locate_files
  read_everything
  heal
  drill
  finish
}

check_parameters() {
  [[ $RUN =~ ^([a-z][a-z0-9-]{0,38}[a-z0-9])/([0-9]{8}T[0-9]{6}Z-verify)$ ]] ||
    fail bad-parameter "run: $RUN is not the id of a verify"
  PLAN=${BASH_REMATCH[1]}
  [[ $AT =~ ^(newest|[0-9]{8}T[0-9]{6}Z(-backup|-final-backup)?)$ ]] || fail bad-parameter "at: $AT is neither newest, nor a recovery point, nor a time"
  [[ $SOURCE =~ $PATH_PATTERN ]] || fail bad-parameter "source: $SOURCE is no absolute path that is accepted"
  [[ $SHARE =~ $PATH_PATTERN ]] || fail bad-parameter "share: $SHARE is no absolute path that is accepted"
  [[ $SHARE_ID =~ ^[A-Za-z0-9-]{0,64}$ ]] || fail bad-parameter "shareId: $SHARE_ID is no id of a share"
  [[ $DRILL_FILES =~ ^[0-9]{1,5}$ ]] || fail bad-parameter "drillFiles: $DRILL_FILES is no number of files"
  [[ $BANDWIDTH =~ ^[0-9]{1,12}$ ]] || fail bad-parameter "bandwidth: $BANDWIDTH is no number of bytes a second"
  [[ $NICE =~ ^(1?[0-9])$ ]] || fail bad-parameter "nice: $NICE is not between 0 and 19"
  say "verify of $AT, plan $PLAN"
}

# rotten: name, SHA-256 and place of the files whose content on the share is not the manifest's.
read_everything() {
  local place
  tally wanted
  FILES=$COUNT BYTES=$SUM
  : >rotten
  for ((place = 0; place < ${#PLACES[@]}; place++)); do
    printf -v PLACE %04d "$place"
    sed -n "s/ $PLACE\$//p" located >placed.names
    if [[ ! -s placed.names ]]; then continue; fi
    progress verify 0 "$FILES" 0 "$BYTES"
    hash_in_streams "${PLACES[place]}" placed.names placed.hashes wanted
    join -o 1.1,1.9 wanted placed.names | comm -23 - placed.hashes | sed "s/\$/ $PLACE/" >>rotten
  done
  sort -o rotten rotten
  progress verify "$FILES" "$FILES" "$BYTES" "$BYTES"
}

# Where the source still has the content, the copy gets it again, by rename. healed, left: names.
heal() {
  local name sum place path new=$BASE/state/healed
  : >healed
  : >left
  while read -r name sum place; do
    printf -v path './%b' "${name//%/\\x}"
    if [[ -f $SOURCE/$path && ! -L $SOURCE/$path ]] && cp --sparse=auto --preserve=mode,timestamps -T -- "$SOURCE/$path" "$new" &&
      [[ $(sha256sum <"$new") == "$sum "* ]] && sync "$new" && mv -fT -- "$new" "${PLACES[10#$place]}/$path"; then
      printf '%s\n' "$name" >>healed
    else
      printf '%s\n' "$name" >>left
    fi
  done <rotten
  if [[ -s rotten ]]; then rm -f "$new" || say "$new could not be removed"; fi
  cp healed findings
  warn_of damage-healed
}

# A sample comes back into a scratch folder, as a restore would bring it, and is compared with the source where that has not
# changed since. DRILLED: how many files.
drill() {
  DRILLED=0
  if ((DRILL_FILES == 0)); then return 0; fi
  INTO=$WORK/drill
  join -v1 wanted left | shuf -n "$DRILL_FILES" | sort >sample
  if [[ ! -s sample ]]; then return 0; fi
  sed -nE ':up;s,/[^/ ]*( .*)?$,,;T;p;bup' sample | sort -u | join - chosen >above.sample
  sort -m sample above.sample >chosen
  cp sample wanted
  look_at_target
  choose_files
  bring_files_back
  DRILLED=$RESTORED
  if [[ -s damaged ]]; then fail drill-failed "$(wc -l <damaged) of $(wc -l <sample) files did not come back, for instance $(head -n 1 damaged)"; fi
  compare_with_source
}

# What has the same size and time on the instance must have the same content.
compare_with_source() {
  local name path
  first_fields <sample | raw_names | list_names "$SOURCE" | entries | cut -d' ' -f1,6,7 >unchanged.now
  cut -d' ' -f1,6,7 sample | comm -12 - unchanged.now | first_fields >unchanged
  while read -r name; do
    printf -v path '%b' "${name//%/\\x}"
    if ! cmp -s -- "$SOURCE/$path" "$INTO/$path"; then fail drill-failed "$name came back, and is not what the source has"; fi
  done <unchanged
}

finish() {
  local figures
  if [[ -s left ]]; then
    head -n 20 left | sed 's/^/damaged: /' >&2
    fail file-damaged "$(wc -l <left) of $FILES files of $POINT, for instance $(head -n 1 left)"
  fi
  answer_head "protected$( ((${#WARNED[@]} > 0)) && echo -with-warnings)"
  seconds
  warnings_json 110
  printf -v figures ',"files":%d,"bytes":%d,"changed":%d,"copiedBytes":0,"seconds":%s,"recoveryPoint":"%s","warnings":%s}' \
    "$FILES" "$BYTES" "$(wc -l <healed)" "$PASSED" "$PLAN/$ORIGIN/$POINT" "$WARNINGS"
  say "$FILES files of $PLAN/$ORIGIN/$POINT are whole, $(wc -l <healed) of them healed; the drill brought back $DRILLED"
  answer "$ANSWER_HEAD$figures"
}

set -Eeuo pipefail
export LC_ALL=C TZ=UTC
export PATH="${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
umask 077
verify
