#!/usr/bin/env bash
# parallel-rsync.sh SOURCE TARGET RSYNC_OPTION...: what an operator writes when one rsync is too slow: the names of all files,
# split over 16 processes. Needs TMPDIR. Answers 1 when one of them failed.
set -Eeuo pipefail
source=$1 target=$2
shift 2
lists=$(mktemp -d)
trap 'rm -rf "$lists"' EXIT
(cd "$source" && find . -type f) >"$lists/all"
split -e -n l/16 "$lists/all" "$lists/part."
jobs=()
for list in "$lists"/part.*; do
  rsync "$@" --files-from="$list" "$source/" "$target/" &
  jobs+=("$!")
done
code=0
for job in "${jobs[@]}"; do wait "$job" || code=1; done
exit "$code"
