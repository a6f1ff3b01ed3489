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

# The SHA-256 of many files of a folder, read in parallel.
hash_in_streams() { # FOLDER NAMES OUT
  local stream
  if (($(wc -l <"$2") < 32)); then
    hash_files "$1" "$2" "$3"
    return
  fi
  clear_batches
  make_batches "$2" x 200
  HASH_FOLDER=$1
  start_hashing "$STREAMS"
  wait_for "${HASHING[@]}"
  gather_hashes "$3"
}

# HASHING: processes that hash files of a folder beside something else, one for each core: parts of the ./names ended by NUL in FILE.
hash_beside() { # FOLDER FILE
  local part
  HASHING=()
  rm -f hash-part.*
  split -t '\0' -n "r/$((CORES < 4 ? CORES : 4))" "$2" hash-part.
  for part in hash-part.??; do
    (cd "$1" && hash_names) <"$part" >"$part.hashes" 2>"$part.errors" 3>&- &
    HASHING+=("$!")
  done
  CHILDREN+=("${HASHING[@]}")
}

# HASHING: processes that hash all batches of files below HASH_FOLDER.
start_hashing() { # HOW_MANY
  local stream
  HASHING=()
  for ((stream = 0; stream < $1; stream++)); do
    take_batches hashed hash_batch 3>&- &
    HASHING+=("$!")
  done
  CHILDREN+=("${HASHING[@]}")
}

hash_batch() { # BATCH
  local result=results/${1##*/}
  (cd "$HASH_FOLDER" && hash_names) <"$1" >"$result.hashes" 2>"$result.hash-errors"
}

gather_hashes() { # OUT
  cat results/*.hashes | hash_lines >"$1"
  cat results/*.hash-errors >"$1.errors"
}
