#!/usr/bin/env bash
# Moving bytes in streams: batches of files through tar | tar, large files by cp. Whoever uses it says in prepare_batch where a
# batch is read and written (READ_FROM, WRITE_TO), and in judge_messages what the writing end's messages mean.

# Files up to these sizes (in digits of their bytes) go through tar, many or few at a time; larger ones are copied by cp, and
# hashed one by one.
readonly SMALL_DIGITS=6 MEDIUM_DIGITS=7

# sized.small, sized.medium, sized.large: the names of entries, in their order.
by_size() { # ENTRIES
  local size="( [^ ]*){4} [0-9]"
  : >sized.medium
  sed -nE -e "s/^([^ ]*)$size{1,$SMALL_DIGITS} .*/\\1/w sized.small" -e t \
    -e "s/^([^ ]*)$size{1,$MEDIUM_DIGITS} .*/\\1/w sized.medium" -e t -e 's/ .*//w sized.large' "$1"
}

# COPYING: streams that copy all batches; each says on FIFO how many files it has done, and "end".
start_copying() { # FIFO
  local stream
  COPYING=()
  enough_streams "$((BANDWIDTH > 0 && STREAMS > 4 ? 4 : STREAMS))"
  STREAM_BANDWIDTH=$((BANDWIDTH / ENOUGH))
  for ((stream = 0; stream < ENOUGH; stream++)); do
    { take_batches taken copy_batch && echo end >&7; } 7>"$1" 3>&- &
    COPYING+=("$!")
  done
  CHILDREN+=("${COPYING[@]}")
}

copy_batch() { # BATCH
  local codes result=results/${1##*/} names
  mapfile -d '' names <"$1"
  prepare_batch "$1"
  if [[ $1 == *.large.* && $STREAM_BANDWIDTH == 0 ]]; then
    codes=(0 0)
    copy_large "${names[0]}" "$result.messages" || codes=(0 $?)
  else
    copy_small "$1" "$result"
  fi
  if [[ ${codes[*]} != '0 0' ]]; then
    printf '%s %s\n' "${codes[@]}" >"$result.codes"
    judge_messages "$result.messages"
  fi
  printf '%d\n' "${#names[@]}" >&7
}

# READ and WRITE: the two ends. --hard-dereference: each of several names of one file is a copy of its own, for EFS takes 177
# links a file at most.
find_ends() { # OPTIONS_OF_WRITING...
  READ=(tar --create --file=- --null --no-recursion --hard-dereference --sparse --format=posix --numeric-owner
    '--pax-option=delete=atime,delete=ctime' --mode=u+r --blocking-factor=256)
  WRITE=(tar --extract --file=- "$@" --numeric-owner --preserve-permissions --absolute-names --warning=no-timestamp
    --blocking-factor=256)
}

# Sets codes: of the reading and of the writing end.
copy_small() { # BATCH RESULT
  local reading=("${READ[@]}" "--directory=$READ_FROM" "--files-from=$WORK/$1") writing=("${WRITE[@]}" "--directory=$WRITE_TO")
  if ((STREAM_BANDWIDTH > 0)); then
    if "${reading[@]}" 2>"$2.reading" | slow_down | "${writing[@]}" 2>"$2.messages"; then codes=(0 0); else codes=(1 1); fi
  elif "${reading[@]}" 2>"$2.reading" | "${writing[@]}" 2>"$2.messages"; then
    codes=(0 0)
  else
    codes=("${PIPESTATUS[@]}")
  fi
}

# The plan's bandwidth, shared by the streams: a pause after each quarter of a second's worth.
slow_down() {
  local chunk=$((STREAM_BANDWIDTH / 4))
  split --bytes=$((chunk < 4096 ? 4096 : chunk)) --filter='cat; sleep 0.25' -
}

# A copy stays readable for its owner; the mode it really has is in the manifest.
copy_large() { # NAME ERRORS
  cp --sparse=auto --no-dereference --remove-destination --preserve="$KEPT_ATTRIBUTES" -T -- "$READ_FROM/$1" "$WRITE_TO/$1" 2>"$2" &&
    { [[ -r $WRITE_TO/$1 ]] || chmod u+r -- "$WRITE_TO/$1"; }
}

# Reads what streams have done, and tells, until all have ended.
follow_copying() { # FIFO
  local copied count done=0 ended=0 quiet=0
  progress copy 0 "$COPY_FILES" 0 "$COPY_BYTES"
  # For reading and writing, so that nobody waits for the other end.
  exec {copied}<>"$1"
  while ((ended < ${#COPYING[@]})); do
    if ! read -r -t 1 -u "$copied" count; then
      if ! any_alive "${COPYING[@]}"; then break; fi
      quiet=$((quiet + 1))
      if ((quiet % 60 == 0)); then look_at_share "$SHARE" share_answers "$SHARE"; fi
      continue
    fi
    quiet=0
    if [[ $count == end ]]; then ended=$((ended + 1)); else done=$((done + count)); fi
    if ((SECONDS != ${COPY_TOLD:--1})); then
      COPY_TOLD=$SECONDS
      progress copy "$done" "$COPY_FILES" "$((COPY_FILES > 0 ? COPY_BYTES * done / COPY_FILES : 0))" "$COPY_BYTES"
    fi
  done
  exec {copied}<&-
}

any_alive() { # PID...
  local pid
  for pid in "$@"; do
    if kill -0 "$pid" 2>/dev/null; then return 0; fi
  done
  return 1
}

# Opening a file asks the server, whatever is in the cache.
share_answers() { # SHARE
  local first
  read -r -n 1 first <"$1/lifeboat.json" || [[ -n $first ]]
}

# The names of batches that had trouble; what it means for the share ends the operation.
gather_refused() { # OUT
  local result codes name
  for result in results/*.messages; do
    if [[ -s $result ]]; then
      head -n 20 "$result" >&2
      judge_messages "$result"
    fi
  done
  for result in results/*.codes; do
    if [[ ! -e $result ]]; then continue; fi
    read -ra codes <"$result"
    # 141: the reading end was cut off because the writing end had failed.
    if ((codes[1] > 128 || (codes[0] > 128 && codes[0] != 141))); then fail interrupted "tar was ended by a signal (${codes[*]})"; fi
    name=${result##*/}
    cat "batches/${name%.codes}"
  done >refused.raw
  if [[ -s refused.raw ]]; then escaped_names <refused.raw >"$1"; fi
}
