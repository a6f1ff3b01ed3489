#!/usr/bin/env bash
# Runs one step of a document inside an instance's sandbox, as amazon-ssm-agent starts it: `sh -c SCRIPT`, a process group
# of its own, stdin empty, stdout and stderr real pipes (a script may open /dev/stderr; it could not open a socket).
#
# Arguments: SCRIPT; for the fault share-full also INSTANCE, SHARE and what cp preserves.
# Reads:     stdin: a line `kill` sends SIGKILL to the step's process group; its end ends the sandbox.
#            fd 6, share-full only: the folder of the real share. fd 8: this script.
# Writes:    fd 3, fd 4: the step's stdout and stderr; closed when nobody holds the pipes any more.
#            fd 7: one line, the step's exit status. stderr: what bash says about it (`Killed`), and trouble here.
# Promises:  what the step left in the background lives on until it ends by itself or the instance ends.
set -u

script=$1

# What the caller's own caller left open is not the instance's. This script stays open, wherever bash has put it.
for entry in /proc/self/fd/*; do
  fd=${entry##*/}
  if ((fd > 8)) && [[ -e $entry && ! $entry -ef /proc/self/fd/8 ]]; then
    exec {fd}>&-
  fi
done

fill_share() {
  local instance=$1 share=$2 preserved=$3 folder plan
  if [[ -e /proc/self/fd/6/lifeboat.json ]]; then
    cp -R --preserve="$preserved" -- /proc/self/fd/6/lifeboat.json "$share/" || return
  fi
  for folder in /proc/self/fd/6/*/"$instance"; do
    [[ -d $folder ]] || continue
    plan=${folder%/*}
    plan=${plan##*/}
    mkdir -p -- "$share/$plan" || return
    cp -R --preserve="$preserved" -- "$folder" "$share/$plan/" || return
  done
}

if (($# == 4)); then
  fill_share "$2" "$3" "$4" || {
    printf 'The fault share-full could not be arranged: copying to %s failed.\n' "$3" >&2
    exit 70
  }
  exec 6<&-
fi

exec 8> >(exec cat >&3 3>&- 4>&- 7>&-) 9> >(exec cat >&4 3>&- 4>&- 7>&- 8>&-)
exec 3>&- 4>&-

setsid sh -c "$script" </dev/null >&8 2>&9 7>&- 8>&- 9>&- &
step=$!
exec 8>&- 9>&-

exec 5<&0
listen() {
  local order
  while read -r order; do
    [[ $order == kill ]] && kill -KILL -- "-$step"
  done
  kill -TERM "$$"
}
listen <&5 7>&- &
listener=$!

wait "$step"
printf '%d\n' "$?" >&7
exec 7>&-

# Process 1 is the sandbox's reaper; this shell and its listener are no reason to stay.
others() {
  local entry
  for entry in /proc/[0-9]*; do
    case ${entry##*/} in
      1 | "$$" | "$listener") ;;
      *) return 0 ;;
    esac
  done
  return 1
}
while others; do
  sleep 0.2
done
