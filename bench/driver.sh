#!/usr/bin/env bash
# What happens in a place, one measurement after the other; the job that bench/session.ts writes sources this.

declare -A CALLS BEFORE STORED

# INTERVAL: ms between two looks at the memory. LIMIT: seconds that a measurement may take. SHARE: where it is mounted, SERVER: the
# same as its server sees it. SCRATCH: a folder on the local disk. RESULTS gets one line of JSON a measurement, LOGS what programs say.
set_up() { # PLACE TREE INTERVAL LIMIT RESULTS LOGS SHARE SERVER SCRATCH SOURCE CHANGES
  PLACE=$1 TREE=$2 INTERVAL=$3 LIMIT=$4 RESULTS=$5 LOGS=$6 SHARE=$7 SERVER=$8 SCRATCH=$9 source=${10} changes=${11}
  out=$SCRATCH/out generation=1 night=1 caches=cold
  export TMPDIR=$SCRATCH HOME=$SCRATCH
  mkdir -p "$LOGS" "$SCRATCH"
  count_source
}

# Whose turn it is. $generation: each first copy goes to folders of its own.
as() { # PEER FOLDER_ON_THE_SHARE PROGRAM...
  peer=$1 folder=$2
  shift 2
  programs=("$@")
  share=$SHARE/$folder server=$SERVER/$folder state=$SCRATCH/$peer-$generation
  mkdir -p "$share" "$state"
}

# Empties the caches of files and of what is known about them, the share's too, or fills them where $caches says warm. The
# programs are started once, so that what it costs to load them from the disk is not measured.
set_the_stage() {
  local program
  empty_out
  sync
  echo 3 >/proc/sys/vm/drop_caches
  if [[ $caches == warm ]]; then find "$source" -printf '%s' >/dev/null; fi
  for program in "$TREE" "${programs[@]}"; do "$program" --version || "$program" version || true; done </dev/null &>/dev/null
}

# CALLS: calls that the client has made on the share, by kind, and under BYTES_READ and BYTES_WRITTEN what went over the wire.
read_calls() {
  local line inside=no
  CALLS=()
  while read -r line; do
    case $line in
      "device "*" mounted on $SHARE with "*) inside=yes ;;
      "device "*) inside=no ;;
    esac
    if [[ $inside == no ]]; then continue; fi
    if [[ $line =~ ^([A-Z_]+):\ ([0-9]+)\  ]]; then CALLS[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}; fi
    if [[ $line =~ ^bytes:[[:space:]]([0-9]+\ ){4}([0-9]+)\ ([0-9]+)\  ]]; then
      CALLS[BYTES_READ]=${BASH_REMATCH[2]} CALLS[BYTES_WRITTEN]=${BASH_REMATCH[3]}
    fi
  done </proc/self/mountstats
}

# Runs a program and writes down what it cost. CHECK: a function below that says whether the work was really done.
measure() { # WORK ROUND CHECK COMMAND...
  local work=$1 round=$2 check=$3 name kind calls='' separator='' good=no stored code seconds cpu busy peak
  shift 3
  name=$LOGS/$PLACE-$work-$peer-$round
  set_the_stage
  read_calls
  BEFORE=()
  for kind in "${!CALLS[@]}"; do BEFORE[$kind]=${CALLS[$kind]}; done
  "$TREE" "$name.figures" "$LIMIT" "$INTERVAL" "$@" >"$name.out" 2>"$name.err" </dev/null
  read_calls
  read -r code seconds cpu busy peak <"$name.figures"
  if [[ $code == 0 ]] && "$check" "$name.out"; then good=yes; fi
  for kind in "${!CALLS[@]}"; do
    if ((CALLS[$kind] == ${BEFORE[$kind]:-0})) || [[ $kind == BYTES_* ]]; then continue; fi
    calls+="$separator\"$kind\":$((CALLS[$kind] - ${BEFORE[$kind]:-0}))"
    separator=,
  done
  stored=$(stored_bytes)
  printf '{"place":"%s","work":"%s","peer":"%s","round":%d,"exit":%d,"good":"%s","seconds":%s,"cpuSeconds":%s,"busySeconds":%s,"peakBytes":%d,"calls":{%s},"readBytes":%d,"writtenBytes":%d,"storedBytes":%d}\n' \
    "$PLACE" "$work" "$peer" "$round" "$code" "$good" "$seconds" "$cpu" "$busy" "$peak" "$calls" \
    "$((${CALLS[BYTES_READ]:-0} - ${BEFORE[BYTES_READ]:-0}))" "$((${CALLS[BYTES_WRITTEN]:-0} - ${BEFORE[BYTES_WRITTEN]:-0}))" \
    "$((stored - ${STORED[$folder]:-0}))" >>"$RESULTS"
  STORED[$folder]=$stored
}

# The same without measuring, for what has to be there before a measurement. Ends everything when it fails.
prepare() { # CHECK COMMAND...
  local check=$1 name=$LOGS/$PLACE-prepare-$peer-$night
  shift
  if ! "$@" >"$name.out" 2>"$name.err" </dev/null || ! "$check" "$name.out"; then
    echo "preparing failed: $*" && tail -n 20 "$name.out" "$name.err"
    exit 1
  fi
  STORED[$folder]=$(stored_bytes)
}

# What the peer occupies on the share, on the server's disk.
stored_bytes() {
  local bytes
  bytes=$(du -s --block-size=1 "$server")
  printf %s "${bytes%%[[:space:]]*}"
}

# The source as it is on the ROUNDth day of changes.
change_source() { # ROUND
  tar -C "$changes/$1" -cf - . | tar -C "$source" -xmf -
  count_source
}

count_source() {
  totals "$source"
  files=$TOTAL_FILES bytes=$TOTAL_BYTES
}

# TOTAL_FILES and TOTAL_BYTES of the files below a folder.
totals() { # FOLDER
  # No process substitution: the lab has no /dev/fd.
  find "$1" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%d %.0f\n", NR, sum }' >"$SCRATCH/totals"
  read -r TOTAL_FILES TOTAL_BYTES <"$SCRATCH/totals"
}

# The checks. $1: what the program wrote to stdout.
is_done() { :; }

is_copied() { # the server has as many files and bytes as the source
  totals "$server${night_folder:+/$night_folder}"
  [[ $TOTAL_FILES == "$files" && $TOTAL_BYTES == "$bytes" ]]
}

is_copied_by_night() {
  night_folder=$night is_copied
}

is_protected() { # Lifeboat's answer says so, of all files
  [[ $(<"$1") == *'"outcome":"protected"'*"\"files\":$files,"* ]]
}

is_pruned() { # Lifeboat's answer says that one recovery point has gone
  [[ $(<"$1") == *'"outcome":"protected"'*'"removed":1,'* ]]
}

is_restored() { # byte for byte; some put the source's whole path below the folder
  local restored=$out
  if [[ -d $out$source ]]; then restored=$out$source; fi
  diff -r "$source" "$restored" >/dev/null
}

empty_out() {
  rm -rf "$out"
  mkdir -p "$out"
}
