#!/usr/bin/env bash
# Brings files of a recovery point back: docs/share-format.md says where they lie. Reads RUN, ORIGIN, AT, SHARE, SHARE_ID, INTO,
# PATHS, OVERWRITE, DRY_RUN, BANDWIDTH, NICE (the document's parameters) and the environment that backup.sh reads. Writes below INTO
# and the state folder alone, never on the share. Promises: every byte that stays below INTO has the SHA-256 of the manifest; what
# is damaged is named, does not stay, and keeps nothing else from coming back; a file that was there before is only replaced by
# one that is whole.

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

readonly RESTORE_TOOLS='bash cat chmod chown comm cp cut find flock gzip head ionice join ln mkdir mkfifo mv
  renice rm sed sha256sum sleep sort split stat sync tail tar timeout touch tr wc xargs'
OPERATION=restore BUDGET_SECONDS=0

restore() {
  keep_stdout_for_the_answer
  check_tools "$RESTORE_TOOLS"
  check_parameters
  find_instance
  ORIGIN=${ORIGIN:-$INSTANCE}
  ease_load
  open_state
  find_share
  count_streams
  open_origin -s
  choose_point
  choose_entries
  look_at_target
  locate_files
  choose_files
  if [[ $DRY_RUN == no ]]; then bring_files_back; fi
  finish
}

check_parameters() {
  [[ $RUN =~ ^([a-z][a-z0-9-]{0,38}[a-z0-9])/([0-9]{8}T[0-9]{6}Z-restore)$ ]] ||
    fail bad-parameter "run: $RUN is not the id of a restore"
  PLAN=${BASH_REMATCH[1]}
  [[ $ORIGIN =~ ^([A-Za-z0-9][A-Za-z0-9._-]{0,62})?$ ]] || fail bad-parameter "from: $ORIGIN is no id of an instance"
  [[ $AT =~ ^(newest|[0-9]{8}T[0-9]{6}Z(-backup|-final-backup)?)$ ]] || fail bad-parameter "at: $AT is neither newest, nor a recovery point, nor a time"
  [[ $SHARE =~ $PATH_PATTERN ]] || fail bad-parameter "share: $SHARE is no absolute path that is accepted"
  [[ $SHARE_ID =~ ^[A-Za-z0-9-]{0,64}$ ]] || fail bad-parameter "shareId: $SHARE_ID is no id of a share"
  [[ $INTO =~ $PATH_PATTERN ]] || fail bad-parameter "into: $INTO is no absolute path that is accepted"
  # Not {0,3000}: bash takes 280 MB for that, and whatever it starts from then on is slow to begin.
  [[ ${#PATHS} -le 3000 && $PATHS =~ ^[A-Za-z0-9._/~%\ -]*$ ]] || fail bad-parameter "paths: $PATHS has a byte that is not escaped"
  [[ $OVERWRITE =~ ^(never|older|always)$ ]] || fail bad-parameter "overwrite: $OVERWRITE is neither never, older nor always"
  [[ $DRY_RUN =~ ^(no|yes)$ ]] || fail bad-parameter "dryRun: $DRY_RUN is neither yes nor no"
  [[ $BANDWIDTH =~ ^[0-9]{1,12}$ ]] || fail bad-parameter "bandwidth: $BANDWIDTH is no number of bytes a second"
  [[ $NICE =~ ^(1?[0-9])$ ]] || fail bad-parameter "nice: $NICE is not between 0 and 19"
  say "restore of $AT into $INTO, plan $PLAN"
}

# An instance restores what it has asked for or nothing: missing files are a failure, although the rest is there.
finish() {
  local figures damaged
  damaged=$(wc -l <damaged)
  sed -nE 's/^([^ ]*) [psbc] .*/\1/p' chosen >findings
  warn_of not-restored
  sed -nE 's/^([^ ]*) .* missing$/\1/p' chosen >findings
  warn_of file-not-saved
  sed -nE 's/^([^ ]*) .* changed$/\1/p' wanted >findings
  warn_of file-changed
  if ((damaged > 0)); then
    head -n 20 damaged | sed 's/^/damaged: /' >&2
    fail file-damaged "$damaged of $(wc -l <wanted) files of $POINT, for instance $(head -n 1 damaged); $RESTORED are back"
  fi
  answer_head "protected$( ((${#WARNED[@]} > 0)) && echo -with-warnings)"
  seconds
  warnings_json 110
  tally wanted
  printf -v figures ',"files":%d,"bytes":%d,"changed":%d,"skipped":%d,"copiedBytes":%d,"seconds":%s,"recoveryPoint":"%s","warnings":%s}' \
    "$COUNT" "$SUM" "$RESTORED" "$(wc -l <skipped)" "$RESTORED_BYTES" "$PASSED" "$PLAN/$ORIGIN/$POINT" "$WARNINGS"
  say "$RESTORED files of $PLAN/$ORIGIN/$POINT are back in $INTO; $(wc -l <skipped) were there already"
  answer "$ANSWER_HEAD$figures"
}

set -Eeuo pipefail
export LC_ALL=C TZ=UTC
export PATH="${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
umask 077
restore
