#!/usr/bin/env bash
# What an instance does when it has booted and before it goes into service: looks whether everything is ready, takes over files
# (hydrate.sh), completes the launch hook of its group, and leaves word on the share who it is. Safe to run again, at any time;
# lifeboat-birth.timer does so every minute until all of it is done.
#
#   birth.sh
#
# Reads     /etc/lifeboat/instance.conf (README.md lists the settings), the instance's metadata, <share>/lifeboat.json
# Writes    <share>/<plan>/<instance>/state/born, /var/log/lifeboat-userdata.log, and what hydrate.sh writes
# Promises  The launch hook is completed only when agent, volume, share and files are there.
# Ends with 0 done, or somebody else is at it; 1 not ready (the log says why); 78 bad settings
set -Eeuo pipefail

HERE=$(dirname -- "${BASH_SOURCE[0]}")
# shellcheck source=ec2-userdata/mount-share.sh
source "$HERE/mount-share.sh"
umask 077

readonly STATE=$ROOT/var/lib/lifeboat
# Gone after a boot: an instance that comes out of a warm pool has a hook to complete again.
readonly IN_SERVICE=$ROOT/run/lifeboat-in-service
readonly SAID=$ROOT/run/lifeboat-birth-said
readonly INSTANCE_PATTERN='i-[0-9a-f]{8,17}'
readonly TIME_PATTERN='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z'

# shellcheck source=ec2-userdata/hydrate.sh
source "$HERE/hydrate.sh"

birth() {
  trap 'log "stopped at line $LINENO: $BASH_COMMAND (exit $?)"' ERR
  read_settings "$ROOT/etc/lifeboat/instance.conf"
  mkdir -p "$STATE"
  exec 8>"$ROOT/run/lifeboat-birth.lock"
  flock -n 8 || return 0
  # Whatever ends this start, there is another one in a minute.
  systemctl start lifeboat-birth.timer
  if [[ ! -e $IN_SERVICE ]]; then
    look_whether_ready
    learn_who_this_is
    hydrate
    complete_launch
    : >"$IN_SERVICE"
    log 'ready for service'
  fi
  leave_word
  systemctl stop lifeboat-birth.timer
}

look_whether_ready() {
  local problems
  problems=$("$BASH" "$HERE/mount-share.sh" check) || not_ready "${problems//$'\n'/; }"
  look_at_marker
  if [[ $MARKER == none && ${SETTINGS[hydrate]} == same ]]; then not_ready "${SETTINGS[share_path]} has no lifeboat.json: nothing was ever saved there"; fi
}

# MARKER: the id of the share; none where it is new and empty, and the first backup will make it one.
look_at_marker() {
  local file=$ROOT${SETTINGS[share_path]}/lifeboat.json text
  MARKER=none
  if [[ ! -e $file ]]; then
    if [[ -z $(find "$ROOT${SETTINGS[share_path]}" -mindepth 1 -maxdepth 1 ! -name lost+found ! -name '.*' -print -quit) ]]; then return 0; fi
    not_ready "${SETTINGS[share_path]} has files and no lifeboat.json: it is not Lifeboat's share"
  fi
  text=$(head -c 4096 -- "$file" | tr -d '\0')
  if [[ ! $text =~ \"format\"[[:space:]]*:[[:space:]]*1[[:space:],}] || ! $text =~ \"id\"[[:space:]]*:[[:space:]]*\"([A-Za-z0-9-]{1,64})\" ]]; then
    not_ready "$file is damaged, or of a newer Lifeboat: ${text@Q}"
  fi
  MARKER=${BASH_REMATCH[1]}
  if [[ -n ${SETTINGS[share_id]} && $MARKER != "${SETTINGS[share_id]}" ]]; then
    not_ready "${SETTINGS[share_path]} is share $MARKER, the settings name ${SETTINGS[share_id]}"
  fi
}

# INSTANCE, ACCOUNT, REGION, where anything of what is asked for needs them.
learn_who_this_is() {
  local document
  if [[ -n ${INSTANCE-} || -z ${SETTINGS[plan]}${SETTINGS[launch_hook]} ]]; then return 0; fi
  document=$(instance_data dynamic/instance-identity/document) || not_ready 'the instance metadata do not answer'
  [[ $document =~ \"instanceId\"[[:space:]]*:[[:space:]]*\"($INSTANCE_PATTERN)\" ]] && INSTANCE=${BASH_REMATCH[1]}
  [[ $document =~ \"accountId\"[[:space:]]*:[[:space:]]*\"([0-9]{12})\" ]] && ACCOUNT=${BASH_REMATCH[1]}
  [[ $document =~ \"region\"[[:space:]]*:[[:space:]]*\"([a-z0-9-]+)\" ]] && REGION=${BASH_REMATCH[1]}
  if [[ -z ${INSTANCE-} || -z ${ACCOUNT-} || -z ${REGION-} ]]; then not_ready "strange instance metadata: ${document@Q}"; fi
  PLAN_FOLDER=$ROOT${SETTINGS[share_path]}/${SETTINGS[plan]}
  BASE=$PLAN_FOLDER/$INSTANCE
}

# An action that nobody waits for any more is complete.
complete_launch() {
  local answer
  if [[ -z ${SETTINGS[launch_hook]} ]]; then return 0; fi
  if answer=$(hook_call complete-lifecycle-action --lifecycle-action-result CONTINUE 2>&1); then return 0; fi
  if [[ $answer != *'No active Lifecycle Action'* ]]; then not_ready "the hook ${SETTINGS[launch_hook]} cannot be completed: $answer"; fi
  log "nobody waits for the hook ${SETTINGS[launch_hook]}: it was completed before, or its time is over"
}

# While files come back: the hook's time begins anew every five minutes.
keep_waiting() {
  exec 8>&-
  trap - ERR EXIT
  if [[ -z ${SETTINGS[launch_hook]} ]]; then return 0; fi
  while sleep 300; do hook_call record-lifecycle-action-heartbeat >>"$LOG" 2>&1 || log 'the launch hook does not take a heartbeat'; done
}

hook_call() { # OPERATION OPTIONS...
  aws_call autoscaling "$1" --lifecycle-hook-name "${SETTINGS[launch_hook]}" --auto-scaling-group-name "${SETTINGS[group]}" \
    --instance-id "$INSTANCE" "${@:2}"
}

# Who was here, for newborns that ask EC2 whether it is gone. Not before there is a lifeboat.json: the first backup makes only an
# empty file system the share.
leave_word() {
  local word
  if [[ -z ${SETTINGS[plan]} ]]; then return 0; fi
  learn_who_this_is
  look_at_marker
  if [[ $MARKER == none ]]; then not_ready 'in service; the share is new, and word is left there after the first backup'; fi
  if [[ -f $BASE/state/born ]]; then return 0; fi
  make_own_folder
  printf -v word '{"account":"%s","region":"%s","group":"%s","at":"%(%Y-%m-%dT%H:%M:%SZ)T"}' "$ACCOUNT" "$REGION" "${SETTINGS[group]}" -1
  write_anew "$BASE/state/born.new" "$word"
  mv -fT -- "$BASE/state/born.new" "$BASE/state/born" || not_ready "$BASE/state cannot be written"
}

# A file of its own: one of this name that a killed start has left may be a claim's by another name.
write_anew() { # FILE LINE
  { rm -f -- "$1" && printf '%s\n' "$2" >"$1" && sync "$1"; } 2>>"$LOG" || not_ready "$1 cannot be written"
}

make_own_folder() {
  local folder
  for folder in "$PLAN_FOLDER" "$BASE" "$BASE/state"; do
    if [[ -L $folder ]]; then not_ready "$folder is a symbolic link"; fi
  done
  mkdir -p "$BASE/state" || not_ready "$BASE/state cannot be made"
}

aws_call() {
  AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=5 aws --region "$REGION" --cli-connect-timeout 10 --cli-read-timeout 60 "$@" 8>&- </dev/null
}

# Its errors are in the log.
aws_says() {
  aws_call "$@" 2>>"$LOG"
}

# The same reason is said once, however often it is met.
not_ready() { # TEXT
  trap - ERR
  if [[ ! -r $SAID || $(<"$SAID") != "$1" ]]; then
    printf '%s\n' "$1" >"$SAID"
    log "not ready: $1. It is tried again every minute"
  fi
  exit 1
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then birth; fi
