#!/usr/bin/env bash
# Work in parallel. On a network share every file operation is a round trip, so what counts is how many are on their way at
# once; the processor hardly matters. Each stream is a process that takes batches of names until none is left.

readonly FEWEST_IN_BATCH=16

# MOST_STREAMS: as many as the machine carries. LOCAL_STREAMS: as many as its disk has any use for. As nice as the plan wants us to be.
ease_load() {
  local word memory=0
  CORES=0
  while read -r word _; do
    if [[ $word == cpu[0-9]* ]]; then CORES=$((CORES + 1)); fi
  done </proc/stat
  if ((CORES == 0)); then CORES=1; fi
  while read -r word memory _; do
    if [[ $word == MemAvailable: ]]; then break; fi
  done </proc/meminfo
  LOCAL_STREAMS=$((CORES < 4 ? 2 * CORES : 8))
  # Two processes of 3 MB a stream.
  MOST_STREAMS=$((memory > 0 && memory < 262144 ? 6 : 16))
  # Six tenths of the time for copying; the rest is for proving and for the manifest.
  COPY_UNTIL=$((BUDGET_SECONDS * 6 / 10))
  if ((NICE > 0)) && ! { renice -n "$NICE" -p $$ >/dev/null && ionice -c 3 -p $$; }; then say 'cannot be nicer'; fi
}

# Once the share is known: a local disk gains nothing from many streams.
count_streams() {
  case $MOUNT_TYPE in
    nfs | nfs4 | cifs | smb3 | fuse | fuse.* | 9p | efs | ceph | glusterfs | lustre) STREAMS=$MOST_STREAMS ;;
    *) STREAMS=$LOCAL_STREAMS ;;
  esac
  STREAMS=${LIFEBOAT_STREAMS:-$STREAMS}
  if ((STREAMS > MOST_STREAMS)); then STREAMS=$MOST_STREAMS; fi
}

# Batches are files below batches/; what came of each lies below results/, and below taken/ who has which.
clear_batches() {
  rm -rf batches results taken hashed
  mkdir batches results taken hashed
}

# Puts the names into batches, KIND.aaaa, …; ./name ended by NUL: so many that every stream gets some, none of more than MOST. Small
# files (MOST of 100 or more) are not handed out singly: what a batch starts costs as much time as some files of it.
make_batches() { # NAMES KIND MOST
  local names size
  if [[ ! -s $1 ]]; then return 0; fi
  names=$(wc -l <"$1")
  size=$(((names + STREAMS - 1) / STREAMS))
  if ((size < FEWEST_IN_BATCH && $3 >= 100)); then size=$FEWEST_IN_BATCH; fi
  raw_names <"$1" | split -t '\0' -l "$((size > $3 ? $3 : size))" -a 4 - "batches/$2."
}

# ENOUGH: as many streams as there are batches, and no more than MOST.
enough_streams() { # MOST
  local batches=(batches/*)
  ENOUGH=$((${#batches[@]} < $1 ? ${#batches[@]} : $1))
}

# Takes batches in the order of their names until none is left, and does FUNCTION with each. What TAKEN has is somebody's.
take_batches() { # TAKEN FUNCTION
  local batch
  for batch in batches/*; do
    if [[ -e failure ]]; then exit 99; fi
    if [[ $1 == taken ]] && ((COPY_UNTIL > 0 && SECONDS >= COPY_UNTIL)); then return 0; fi
    if take "$1/${batch##*/}"; then "$2" "$batch"; fi
  done
}

take() { # FILE
  local taken=0
  set -C
  { : >"$1"; } 2>/dev/null || taken=1
  set +C
  return "$taken"
}

# Waits for streams. One that failed has left word (fail).
wait_for() { # PID...
  local pid code
  for pid in "$@"; do
    code=0
    wait "$pid" || code=$?
    if ((code != 0)); then end_of_stream "$code"; fi
  done
}

end_of_stream() { # CODE
  local cause detail
  if [[ -s failure ]]; then
    { read -r cause && read -r detail; } <failure || true
    fail "$cause" "$detail"
  fi
  if (($1 > 128)); then fail interrupted "a stream was ended by signal $(($1 - 128))"; fi
  fail document-failed "a stream ended with $1"
}
