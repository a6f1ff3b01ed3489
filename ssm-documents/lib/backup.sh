#!/usr/bin/env bash
# Saves a folder of this instance to the share: docs/share-format.md says what lies there, docs/decisions/engine.md why.
# Reads RUN, SOURCE, SHARE, SHARE_ID, MAX_SHRINK_PERCENT, ALLOW_SHRINK, MAY_BE_EMPTY, BANDWIDTH, NICE, VERIFY_NIGHTS,
# SPREAD_SECONDS, BUDGET_SECONDS (the document's parameters) and, of the environment, AWS_SSM_INSTANCE_ID, LIFEBOAT_STATE_DIR,
# LIFEBOAT_SHARE_SECONDS, LIFEBOAT_STREAMS. Writes below <share>/<plan>/<instance> and below the state folder, nowhere else.
# Promises: the exit code and the one line on stdout tell the same; whatever happens, every recovery point that was there
# stays restorable, and the next run needs no hand. Starting a program costs milliseconds, on a small machine tens of them:
# a night in which nothing changed starts as few as can be.

# shellcheck source=ssm-documents/lib/causes.sh
source "${LIB:-.}/causes.sh"
# shellcheck source=ssm-documents/lib/answer.sh
source "${LIB:-.}/answer.sh"
# shellcheck source=ssm-documents/lib/parameters.sh
source "${LIB:-.}/parameters.sh"
# shellcheck source=ssm-documents/lib/settings.sh
source "${LIB:-.}/settings.sh"
# shellcheck source=ssm-documents/lib/state.sh
source "${LIB:-.}/state.sh"
# shellcheck source=ssm-documents/lib/share.sh
source "${LIB:-.}/share.sh"
# shellcheck source=ssm-documents/lib/folders.sh
source "${LIB:-.}/folders.sh"
# shellcheck source=ssm-documents/lib/owners.sh
source "${LIB:-.}/owners.sh"
# shellcheck source=ssm-documents/lib/names.sh
source "${LIB:-.}/names.sh"
# shellcheck source=ssm-documents/lib/points.sh
source "${LIB:-.}/points.sh"
# shellcheck source=ssm-documents/lib/known.sh
source "${LIB:-.}/known.sh"
# shellcheck source=ssm-documents/lib/scan.sh
source "${LIB:-.}/scan.sh"
# shellcheck source=ssm-documents/lib/compare.sh
source "${LIB:-.}/compare.sh"
# shellcheck source=ssm-documents/lib/streams.sh
source "${LIB:-.}/streams.sh"
# shellcheck source=ssm-documents/lib/hashes.sh
source "${LIB:-.}/hashes.sh"
# shellcheck source=ssm-documents/lib/transfer.sh
source "${LIB:-.}/transfer.sh"
# shellcheck source=ssm-documents/lib/copy.sh
source "${LIB:-.}/copy.sh"
# shellcheck source=ssm-documents/lib/settle.sh
source "${LIB:-.}/settle.sh"
# shellcheck source=ssm-documents/lib/manifest.sh
source "${LIB:-.}/manifest.sh"
# shellcheck source=ssm-documents/lib/verify.sh
source "${LIB:-.}/verify.sh"

readonly BACKUP_TOOLS='bash cat chmod chown comm cp cut df find flock grep gzip head id
  ionice join ln mkdir mkfifo mv renice rm sed sha256sum sleep sort split stat sync tail tar timeout tr wc xargs'

backup() {
  keep_stdout_for_the_answer
  printf -v STARTED '%(%Y-%m-%dT%H:%M:%SZ)T' -1
  readonly STARTED
  check_tools "$BACKUP_TOOLS"
  check_parameters
  find_instance
  ease_load
  wait_for_turn
  open_state
  find_share
  count_streams
  open_folders
  find_points
  find_source
  run_hook
  scan_source
  check_not_empty
  recall_known
  compare
  check_shrink
  bring_current_up_to_date
  warn_of_findings
  write_manifest
  remember_known
  clear_mark
  verify_slice
  finish
}

# Between the mark and the manifest, current/ is neither what the newest recovery point says nor what the next will say.
bring_current_up_to_date() {
  local list
  take_attempt
  for list in hashes kept torn torn.hashes missing not-good still-changing touched.done pass1.late pass1.changed none vanished; do
    : >"$list"
  done
  if [[ ! -s gone && ! -s copy && ! -s others && ! -s touched ]]; then return 0; fi
  probe_owners
  mark_in_progress
  retire_gone
  renew_attributes
  copy_and_settle
}

set -Eeuo pipefail
export LC_ALL=C TZ=UTC
export PATH="${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
umask 077
backup
