#!/usr/bin/env bash
# Proof that what is mounted is the share, before anything is written. Sets MARKER_ID, the share's id.

readonly SHARE_FORMAT=1
SHARE_SECONDS=${LIFEBOAT_SHARE_SECONDS:-30}

find_share() {
  # Going there makes an automounter mount it.
  look_at_share "$SHARE" see_share "$SHARE"
  {
    IFS= read -r SHARE
    IFS= read -r -d '' MARKER || true
  } <"$OUT"
  mounted_type "$SHARE"
  if [[ -z $MOUNT_TYPE || $MOUNT_TYPE == autofs ]]; then
    fail share-not-mounted "nothing is mounted at $SHARE"
  fi
  read_marker || claim_share
  check_share_id
  say "share $MARKER_ID ($MOUNT_TYPE) at $SHARE"
}

# The real path, and what lifeboat.json says; nothing where there is none.
see_share() { # SHARE
  local text=''
  cd -P -- "$1" || return
  printf '%s\n' "$PWD"
  if [[ ! -e lifeboat.json ]]; then return 0; fi
  { IFS= read -r -d '' -n 4096 text || [[ -n $text ]]; } <lifeboat.json || return 0
  printf '%s' "$text"
}

# Runs a function or program on the share; ends the operation when it does not answer or fails. Its output is in $OUT.
look_at_share() { # WHAT COMMAND...
  local what=$1 code=0
  shift
  within "$SHARE_SECONDS" "$@" || code=$?
  if ((code == 0)); then return 0; fi
  if ((code == 124)); then fail share-unresponsive "$what did not answer in $SHARE_SECONDS s ($1)"; fi
  fail_for_share "$ERRORS" share-error "$1 ended with $code at $what"
}

# Ends the operation with what error messages (strerror texts at the ends of lines) say about the share.
fail_for_share() { # FILE DEFAULT_CAUSE DEFAULT_DETAIL
  local line last=''
  while IFS= read -r line; do
    share_trouble "$line"
    if [[ -n $TROUBLE ]]; then fail "$TROUBLE" "$line"; fi
    last=$line
  done <"$1"
  fail "$2" "$3${last:+: $last}"
}

# TROUBLE: the cause that the last part of a message names, empty if none. File names in it stand before the last colon.
share_trouble() { # MESSAGE
  local reason=${1##*: }
  case ${reason% (*)} in
    # tar says the last one where a write was cut short.
    'No space left on device' | 'Disk quota exceeded' | 'File too large' | 'Wrote only '*' bytes') TROUBLE='share-full' ;;
    'Read-only file system' | 'Permission denied' | 'Operation not permitted') TROUBLE='share-read-only' ;;
    'Input/output error' | 'Remote I/O error' | 'Stale file handle' | 'Transport endpoint is not connected') TROUBLE='share-error' ;;
    'Connection timed out' | 'Host is down' | 'No route to host' | 'Connection refused') TROUBLE='share-unresponsive' ;;
    'No such file or directory' | 'Not a directory') TROUBLE='share-not-mounted' ;;
    *) TROUBLE='' ;;
  esac
}

# MOUNT_TYPE: the type of the file system that is mounted at a path, the topmost; nothing where none is. Asks the kernel's
# list and never the file system, which may hang.
mounted_type() { # PATH
  local line point
  MOUNT_TYPE=''
  while IFS= read -r line; do
    point=${line#* * * * }
    point=${point%% *}
    if [[ $point == "${1// /\\040}" ]]; then
      MOUNT_TYPE=${line##* - }
      MOUNT_TYPE=${MOUNT_TYPE%% *}
    fi
  done </proc/self/mountinfo
}

# MARKER_ID from lifeboat.json; answers no when there is none. What another instance is just writing is read again.
read_marker() {
  local tries
  for tries in 1 2 3; do
    if [[ -n $MARKER ]] && parse_marker; then return 0; fi
    see_marker || return 1
    if parse_marker; then return 0; fi
    if ((tries < 3)); then sleep 1; fi
  done
  fail share-format "$SHARE/lifeboat.json is damaged: $MARKER"
}

# Once more, and thoroughly: why it could not be read decides what is done.
see_marker() {
  local code=0
  within "$SHARE_SECONDS" head -c 4096 -- "$SHARE/lifeboat.json" || code=$?
  if ((code == 124)); then fail share-unresponsive "$SHARE/lifeboat.json did not answer in $SHARE_SECONDS s"; fi
  MARKER=$(tr -d '\0' <"$OUT")
  if ((code == 0)); then return 0; fi
  if [[ $(<"$ERRORS") == *': No such file or directory' ]]; then return 1; fi
  fail_for_share "$ERRORS" share-format "$SHARE/lifeboat.json cannot be read"
}

parse_marker() {
  local format
  [[ $MARKER =~ ^[[:space:]]*\{.*\}[[:space:]]*$ && $MARKER =~ \"format\"[[:space:]]*:[[:space:]]*([0-9]{1,9})[[:space:],}] ]] || return 1
  format=${BASH_REMATCH[1]}
  if [[ $format != "$SHARE_FORMAT" ]]; then
    fail share-format "$SHARE/lifeboat.json says format $format, this document knows $SHARE_FORMAT"
  fi
  [[ $MARKER =~ \"id\"[[:space:]]*:[[:space:]]*\"([A-Za-z0-9-]{1,64})\" ]] || return 1
  MARKER_ID=${BASH_REMATCH[1]}
}

# Makes an empty, mounted network file system the share. Never where anything speaks against it.
claim_share() {
  local known='' marker
  if [[ -r $PLAN_STATE/share ]]; then read -r known <"$PLAN_STATE/share" || true; fi
  if [[ $OPERATION != *backup ]]; then fail share-unknown "$SHARE has no lifeboat.json"; fi
  if [[ -n $SHARE_ID$known ]]; then
    fail share-unknown "$SHARE has no lifeboat.json; expected is share ${SHARE_ID:-$known}"
  fi
  case $MOUNT_TYPE in
    nfs | nfs4 | cifs | smb3 | fuse | fuse.* | 9p | efs | ceph | glusterfs | lustre) ;;
    *) fail share-unknown "$SHARE has no lifeboat.json, and $MOUNT_TYPE is no network file system" ;;
  esac
  look_at_share "$SHARE" find "$SHARE" -mindepth 1 -maxdepth 1 ! -name lost+found ! -name .snapshot \
    ! -name '.lifeboat.json.*' ! -name '.nfs*' -print -quit
  if [[ -s $OUT ]]; then
    # Another instance may have been faster, and have begun its work.
    MARKER=''
    if read_marker; then return 0; fi
    fail share-unknown "$SHARE has no lifeboat.json and is not empty"
  fi
  printf -v marker '{"format":%d,"id":"%s","created":"%(%Y-%m-%dT%H:%M:%SZ)T"}' "$SHARE_FORMAT" \
    "$(</proc/sys/kernel/random/uuid)" -1
  look_at_share "$SHARE" write_marker "$SHARE" "$marker" "$$.$RANDOM"
  say "$SHARE was empty and is a share now"
  MARKER=''
  read_marker || fail share-error "$SHARE/lifeboat.json was written and is gone"
}

# Whole or not at all, and never over one that is there: by a hard link, or where there are none by exclusive creation.
write_marker() { # SHARE JSON SUFFIX
  local new=$1/.lifeboat.json.$3
  umask 022
  printf '%s\n' "$2" >"$new" && sync "$new" || return
  if ! ln -T "$new" "$1/lifeboat.json" 2>/dev/null && [[ ! -e $1/lifeboat.json ]]; then
    (set -C && printf '%s\n' "$2" >"$1/lifeboat.json") || [[ -e $1/lifeboat.json ]] || return
  fi
  rm -f "$new"
}

# An id in the plan is a person's word and wins over what the instance remembers.
check_share_id() {
  local known=''
  if [[ -r $PLAN_STATE/share ]]; then read -r known <"$PLAN_STATE/share" || true; fi
  if [[ -n $SHARE_ID && $SHARE_ID != "$MARKER_ID" ]]; then
    fail share-wrong "$SHARE is share $MARKER_ID, the plan names $SHARE_ID"
  fi
  if [[ -z $SHARE_ID && -n $known && $known != "$MARKER_ID" ]]; then
    fail share-wrong "$SHARE is share $MARKER_ID, plan $PLAN of this instance belongs to $known"
  fi
  if [[ $known != "$MARKER_ID" ]]; then
    printf '%s\n' "$MARKER_ID" >"$PLAN_STATE/share.new"
    mv -f "$PLAN_STATE/share.new" "$PLAN_STATE/share"
  fi
}
