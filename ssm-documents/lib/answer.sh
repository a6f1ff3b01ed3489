#!/usr/bin/env bash
# What the document says: one JSON line on stdout (kept as descriptor 3), everything else on stderr. Reads the globals of
# backup.sh; promises that whatever ends the script, exactly one line of at most
# 1,150 bytes is written, by the first shell: the agent joins stdout and stderr for ListCommandInvocations, and where both are
# long it keeps 1,165 bytes of each.

ANSWERED=no
WARNED=() WARNED_COUNTS=() WARNED_EXAMPLES=()

# A line for people.
say() {
  printf '%(%H:%M:%S)T lifeboat: %s\n' -1 "$1" >&2
}

# Ends the operation with a cause of causes.sh. A subshell leaves word to the first shell, which answers.
fail() { # CAUSE DETAIL
  local cause=$1 detail code
  if ((BASHPID != $$)); then
    leave_word "$cause" "$2" || say "$cause: $2"
    exit 99
  fi
  trap '' ERR TERM INT HUP
  say "failed: $cause: $2"
  to_printable detail "$2" 300
  code=$(cause_exit_code "$cause")
  answer_failure "$cause" "$detail"
  exit "$code"
}

# The word appears whole: another stream that sees it may end, and be asked why, before this one has written.
leave_word() { # CAUSE DETAIL
  local word=${WORK:-/nowhere}/failure
  printf '%s\n%s\n' "$1" "$2" >"$word.$BASHPID" && mv -fT -- "$word.$BASHPID" "$word"
}

# Notes something that leaves the instance protected. EXAMPLE is a name as in the manifest, or a message.
warn() { # CAUSE COUNT EXAMPLE
  say "warning: $1: $2, for instance $3"
  WARNED+=("$1") WARNED_COUNTS+=("$2") WARNED_EXAMPLES+=("$3")
}

# WARNINGS: every warning with its count; the examples as long as the line has room for all of them.
warnings_json() { # BYTES_OF_AN_EXAMPLE
  local index example item separator=''
  WARNINGS='['
  for index in "${!WARNED[@]}"; do
    to_printable example "${WARNED_EXAMPLES[index]}" "$1"
    printf -v item '%s{"cause":"%s","count":%d,"example":"%s"}' "$separator" "${WARNED[index]}" "${WARNED_COUNTS[index]}" "$example"
    WARNINGS+=$item
    separator=,
  done
  WARNINGS+=']'
}

# PASSED: seconds since the beginning, with tenths.
seconds() {
  local tenths=$(((${EPOCHREALTIME/./} - ${BEGUN/./}) / 100000))
  if ((tenths < 0)); then tenths=0; fi
  printf -v PASSED '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# ANSWER_HEAD: the beginning of the line, without its closing brace.
answer_head() { # OUTCOME
  local run instance
  to_printable run "${RUN:-}" 90
  to_printable instance "${INSTANCE:-}" 64
  printf -v ANSWER_HEAD '{"lifeboat":1,"operation":"%s","run":"%s","instance":"%s","outcome":"%s"' \
    "${OPERATION:-backup}" "$run" "$instance" "$1"
}

# Ends the line of a failure.
answer_failure() { # CAUSE DETAIL
  answer_head failed
  seconds
  answer "$ANSWER_HEAD,\"cause\":\"$1\",\"detail\":\"$2\",\"seconds\":$PASSED}"
}

# Writes the line, once.
answer() { # JSON
  [[ $ANSWERED == no ]] || return 0
  ANSWERED=yes
  printf '%s\n' "$1" >&3
}

# Puts TEXT into VARIABLE, printable ASCII that may stand in a JSON string, percent-escaped where it is not, cut to BYTES.
to_printable() { # VARIABLE TEXT BYTES
  local text=$2 limit=$3 result='' piece position
  for ((position = 0; position < ${#text} && ${#result} <= limit; position++)); do
    piece=${text:position:1}
    case $piece in
      [[:alnum:]] | [' !#$%&()*+,./:;<=>?@[]^_`{|}~-'] | "'") ;;
      *) printf -v piece '%%%02X' "'$piece" ;;
    esac
    result+=$piece
  done
  if ((${#result} > limit)); then
    result=${result:0:limit-3}
    result=${result%\%?}
    result=${result%\%}...
  fi
  printf -v "$1" %s "$result"
}

# ERR: something that no other line foresaw.
on_error() { # STATUS LINE COMMAND
  local cause detail
  if ((BASHPID != $$)); then exit "$1"; fi
  trap '' ERR
  if [[ -n ${WORK:-} && -s $WORK/failure ]]; then
    { read -r cause && read -r detail; } <"$WORK/failure" || true
    fail "$cause" "$detail"
  fi
  if [[ -n ${WORK:-} ]] && ! head -c 65536 /dev/zero >"$WORK/more-room" 2>/dev/null; then
    fail state-unwritable "$WORK cannot be written (line $2: $3)"
  fi
  fail document-failed "line $2 ended with $1: $3"
}

on_signal() { # NAME
  if ((BASHPID != $$)); then exit 99; fi
  fail interrupted "signal $1"
}

# EXIT: ends what was started, clears the work folder, and answers where nobody did (an unset variable, for instance).
on_exit() { # STATUS
  local child status=$1
  if ((BASHPID != $$)); then return 0; fi
  trap '' ERR TERM INT HUP
  for child in "${CHILDREN[@]}"; do end_with_children "$child"; done
  if [[ $ANSWERED == no ]]; then
    answer_failure document-failed "the script ended by itself with $status"
    status=$(cause_exit_code document-failed)
  fi
  if [[ -n ${WORK:-} ]]; then rm -rf -- "$WORK"; fi
  exit "$status"
}

# A stream waits for the program that it has started: both are ended. Not the process group, which may be our caller's, too.
end_with_children() { # PID
  local child children=''
  { read -r children <"/proc/$1/task/$1/children"; } 2>/dev/null || true
  kill "$1" 2>/dev/null || true
  for child in $children; do end_with_children "$child"; done
}

# Descriptor 3 is the agent's stdout; from here on everything else goes to stderr.
keep_stdout_for_the_answer() {
  CHILDREN=()
  BEGUN=$EPOCHREALTIME
  exec 3>&1 1>&2 </dev/null
  trap 'on_error "$?" "$LINENO" "$BASH_COMMAND"' ERR
  trap 'on_exit "$?"' EXIT
  trap 'on_signal TERM' TERM
  trap 'on_signal INT' INT
  trap 'on_signal HUP' HUP
}

# The names in findings, one a line.
warn_of() { # CAUSE
  local count first=''
  if [[ ! -s findings ]]; then return 0; fi
  sort -u findings >findings.sorted
  count=$(wc -l <findings.sorted)
  head -n 20 findings.sorted | sed "s/^/$1: /" >&2
  read -r first <findings.sorted || true
  warn "$1" "$count" "$first"
}
