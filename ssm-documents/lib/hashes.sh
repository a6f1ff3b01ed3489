#!/usr/bin/env bash
# SHA-256 of files, by sha256sum: one after the other, or in streams.

# SHA-256 of files below FOLDER: "name hash", sorted. A file that cannot be read is left out, the reason is in OUT.errors.
hash_files() { # FOLDER NAMES OUT
  raw_names <"$2" | { cd "$1" && hash_names; } 2>"$3.errors" | hash_lines >"$3"
}

# ./names ended by NUL on stdin. What cannot be read makes sha256sum fail; it has said so, and goes on with the others.
hash_names() {
  xargs -0 -r sha256sum -z -- || true
}

# What sha256sum -z says on stdin, as "name hash" on stdout, sorted.
hash_lines() {
  write_sed_programs
  sed -z -E -e 's,^(.{64})  \./,\1/,' -f escape.sed -e 's,^([^/]*)/(.*)$,\2 \1,' | tr '\0' '\n' | sort
}

# The same of one large file. Where openssl is at hand it has it several times as fast, for it knows the processor's own instructions.
hash_large() { # NAME
  local sum=''
  if { sum=$(openssl dgst -sha256 -r <"$1"); } 2>/dev/null && [[ $sum =~ ^[0-9a-f]{64}\  ]]; then
    printf '%s  %s\0' "${sum%% *}" "$1"
  else
    sha256sum -z -- "$1" || true
  fi
}

# The SHA-256 of many files of a folder, read in parallel. ENTRIES tell which of them are large.
hash_in_streams() { # FOLDER NAMES OUT ENTRIES
  local STREAMS=$STREAMS
  join "$2" "$4" >hash.entries
  by_size hash.entries
  if [[ ! -s sized.large ]] && (($(wc -l <"$2") < 2 * FEWEST_IN_BATCH)); then
    hash_files "$1" "$2" "$3"
    return
  fi
  if [[ $1 != "$SHARE"/* ]] && ((STREAMS > LOCAL_STREAMS)); then STREAMS=$LOCAL_STREAMS; fi
  clear_batches
  make_batches sized.large 1.large 1
  join -v1 "$2" sized.large >hash.names
  make_batches hash.names 2 1000
  HASH_FOLDER=$1
  start_hashing
  wait_for "${HASHING[@]}"
  gather_hashes "$3"
}

# HASHING: processes that hash what is in batches, below a folder, while it is copied; one for each core. The large files are first, as
# they are for whoever copies.
hash_beside() { # FOLDER
  local batch part batches=(/dev/null)
  HASHING=()
  for batch in batches/*; do
    if [[ $batch != *.large.* ]] && is_due "${batch##*/}"; then batches+=("$batch"); fi
  done
  rm -f hash-part.*
  cat "${batches[@]}" | split -t '\0' -n "r/$((CORES < 4 ? CORES : 4))" - hash-part.
  for part in hash-part.??; do
    (cd "$1" && hash_large_batches && hash_names) <"$part" >"$part.hashes" 2>"$part.errors" 3>&- &
    HASHING+=("$!")
  done
  CHILDREN+=("${HASHING[@]}")
}

hash_large_batches() {
  local batch name
  for batch in "$WORK"/batches/*.large.*; do
    if [[ -e $batch ]] && is_due "${batch##*/}" && take "$WORK/hashed/${batch##*/}"; then
      IFS= read -r -d '' name <"$batch"
      hash_large "$name"
    fi
  done
}

# When time is short, only what was copied is.
is_due() { # BATCH
  ((BUDGET_SECONDS == 0)) || [[ -e $WORK/taken/$1 ]]
}

# HASHING: processes that hash all batches of files below HASH_FOLDER.
start_hashing() {
  local stream
  HASHING=()
  enough_streams "$STREAMS"
  for ((stream = 0; stream < ENOUGH; stream++)); do
    take_batches hashed hash_batch 3>&- &
    HASHING+=("$!")
  done
  CHILDREN+=("${HASHING[@]}")
}

hash_batch() { # BATCH
  local result=results/${1##*/} name
  if [[ $1 == *.large.* ]]; then
    IFS= read -r -d '' name <"$1"
    (cd "$HASH_FOLDER" && hash_large "$name")
  else
    (cd "$HASH_FOLDER" && hash_names) <"$1"
  fi >"$result.hashes" 2>"$result.hash-errors"
}

gather_hashes() { # OUT
  cat results/*.hashes | hash_lines >"$1"
  cat results/*.hash-errors >"$1.errors"
}
