#!/usr/bin/env bash
# Makes an instance ready for Lifeboat: programs, SSM agent, data volume, share. Safe to run again, at any time. What is left
# to do before it goes into service does birth.sh.
#
#   mount-share.sh all       every step below, in this order; a step that fails does not keep the next from its work
#   mount-share.sh packages  installs tar and what the share's type needs, where they are missing
#   mount-share.sh agent     has the SSM agent installed and running
#   mount-share.sh data      formats the data volume if it is blank, and mounts it
#   mount-share.sh share     mounts the share, if it is not (lifeboat-share.timer asks for this every minute)
#   mount-share.sh check     says what is not ready; changes nothing
#
# Reads     /etc/lifeboat/instance.conf (README.md lists the settings), /etc/fstab, the first bytes of the data volume
# Writes    /etc/fstab, /etc/systemd, /var/log/lifeboat-userdata.log, a file system on a blank data volume
# Promises  A volume with anything on it is never formatted. Nothing can be written below the mount points while nothing
#           is mounted there. A share that is away neither stops the boot nor is given up.
# Ends with 0 ready, 1 not ready (the log says why), 64 bad usage, 78 bad settings
set -Eeuo pipefail
export LC_ALL=C TZ=UTC

# Another root folder than /: for tests.
readonly ROOT=${LIFEBOAT_ROOT:-}
readonly LOG=$ROOT/var/log/lifeboat-userdata.log
readonly FSTAB=$ROOT/etc/fstab
readonly AWAY=$ROOT/run/lifeboat-share-away
declare -A SETTINGS=([share_type]=efs [share_path]=/mnt/lifeboat [access_point]='' [data_device]=/dev/sdf
  [data_path]=/var/www/upload [data_owner]='' [plan]='' [group]='' [hydrate]=none [hydrate_from]='' [share_id]=''
  [restore_document]=lifeboat-prod-restore [launch_hook]='')

main() { # STEP
  trap 'log "stopped at line $LINENO: $BASH_COMMAND (exit $?)"' ERR
  case ${1-} in
    packages | agent | data | share | check) ;;
    all)
      all_steps
      return
      ;;
    *) usage ;;
  esac
  read_settings "$ROOT/etc/lifeboat/instance.conf"
  exec 9>"$ROOT/run/lifeboat-userdata.lock"
  flock 9
  "${1}_step"
}

usage() {
  printf 'usage: %s all|packages|agent|data|share|check\n' "${0##*/}" >&2
  exit 64
}

# Each step is a process of its own: it stops at its first error, the others do not.
all_steps() {
  local step failed=()
  for step in packages agent data share; do
    "$BASH" "${BASH_SOURCE[0]}" "$step" || failed+=("$step")
  done
  systemctl daemon-reload
  systemctl enable --now lifeboat-share.timer
  if ((${#failed[@]} > 0)); then fail "not ready: ${failed[*]}. When it is mended: ${BASH_SOURCE[0]} all"; fi
  log 'ready for Lifeboat'
}

# --- settings: KEY=VALUE lines, data and never code. Values cannot hold blanks, so they cannot break fstab either.

read_settings() { # FILE
  local line number=0 key value
  if [[ ! -r $1 ]]; then refuse "$1 cannot be read"; fi
  while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1))
    if [[ -z $line || $line == '#'* ]]; then continue; fi
    key=${line%%=*}
    value=${line#*=}
    if [[ $line != *=* || -z $(pattern_of "$key") ]]; then refuse "$1:$number: there is no setting ${line@Q}"; fi
    if [[ ! $value =~ ^($(pattern_of "$key"))$ || $value == *..* ]]; then
      refuse "$1:$number: $key cannot be ${value@Q}"
    fi
    SETTINGS[$key]=$value
  done <"$1"
  if [[ ! ${SETTINGS[share_source]-} =~ ^$(source_pattern)$ ]]; then
    refuse "$1: share_source is ${SETTINGS[share_source]-missing}; for share_type=${SETTINGS[share_type]} it looks like $(source_example)"
  fi
  case ${SETTINGS[hydrate]} in
    same) need "$1" hydrate=same plan hydrate_from ;;
    adopt) need "$1" hydrate=adopt plan group ;;
  esac
  if [[ -n ${SETTINGS[plan]} ]]; then need "$1" plan group; fi
  if [[ -n ${SETTINGS[launch_hook]} ]]; then need "$1" launch_hook group; fi
}

need() { # FILE SETTING NEEDED...
  local key
  for key in "${@:3}"; do
    if [[ -z ${SETTINGS[$key]} ]]; then refuse "$1: $2 needs $key as well"; fi
  done
}

pattern_of() { # KEY
  case $1 in
    share_type) printf 'efs|nfs4' ;;
    share_source) printf '[]A-Za-z0-9.:/_[-]+' ;;
    share_path | data_path) printf '/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*' ;;
    access_point) printf '|fsap-[0-9a-f]{8,40}' ;;
    data_device) printf 'none|/dev/[a-z0-9]+' ;;
    data_owner) printf '|[0-9]+:[0-9]+' ;;
    plan) printf '|[a-z][a-z0-9-]{0,38}[a-z0-9]' ;;
    group) printf '|[A-Za-z0-9._:/@+=-]{1,255}' ;;
    hydrate) printf 'none|same|adopt' ;;
    hydrate_from) printf '|i-[0-9a-f]{8,17}' ;;
    share_id) printf '|[A-Za-z0-9-]{1,64}' ;;
    restore_document) printf '[A-Za-z0-9_.-]{3,128}' ;;
    launch_hook) printf '|[A-Za-z0-9_/-]{1,255}' ;;
  esac
}

source_pattern() {
  case ${SETTINGS[share_type]} in
    efs) printf 'fs-[0-9a-f]{8,40}:/[A-Za-z0-9._/-]*' ;;
    nfs4) printf '([A-Za-z0-9.-]+|\\[[0-9a-fA-F:]+\\]):/[A-Za-z0-9._/-]*' ;;
  esac
}

source_example() {
  case ${SETTINGS[share_type]} in
    efs) printf 'fs-0123456789abcdef0:/' ;;
    nfs4) printf 'nas.example.org:/export/lifeboat' ;;
  esac
}

# --- packages

packages_step() {
  local missing
  missing=$(missing_programs)
  if [[ -z $missing ]]; then return; fi
  log "installing, for:$missing"
  if command -v dnf >/dev/null; then
    logged dnf install -y tar e2fsprogs nfs-utils amazon-efs-utils awscli-2
  elif command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    logged apt-get update
    logged apt-get install -y tar e2fsprogs nfs-common amazon-ec2-utils curl ca-certificates awscli
  else
    fail "neither dnf nor apt-get is here; install by hand:$missing"
  fi
  missing=$(missing_programs)
  if [[ -n $missing ]]; then fail "still missing:$missing (Debian has no package of mount.efs: README.md, Debian)"; fi
}

missing_programs() {
  local program programs=(tar mkfs.ext4 "mount.${SETTINGS[share_type]}")
  if [[ ${SETTINGS[hydrate]} != none || -n ${SETTINGS[launch_hook]} ]]; then programs+=(aws); fi
  for program in "${programs[@]}"; do
    command -v "$program" >/dev/null || printf ' %s' "$program"
  done
}

# --- agent

agent_step() {
  if ! systemctl cat amazon-ssm-agent >/dev/null 2>&1; then install_agent; fi
  logged systemctl enable --now amazon-ssm-agent
}

# Amazon Linux has it. For Debian AWS publishes a package in a bucket of its own in every region.
install_agent() {
  local region domain package
  if command -v dnf >/dev/null; then
    logged dnf install -y amazon-ssm-agent
    return
  fi
  region=$(instance_data meta-data/placement/region)
  domain=$(instance_data meta-data/services/domain)
  if [[ ! $region =~ ^[a-z0-9-]+$ || ! $domain =~ ^[a-z0-9.]+$ ]]; then fail "strange instance metadata: ${region@Q} ${domain@Q}"; fi
  package=$(mktemp --suffix=.deb)
  logged curl -fsS --retry 5 -o "$package" \
    "https://s3.$region.$domain/amazon-ssm-$region/latest/debian_$(dpkg --print-architecture)/amazon-ssm-agent.deb"
  logged dpkg -i "$package"
  rm -f "$package"
}

instance_data() { # PATH
  local token
  token=$(curl -fsS --retry 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
  curl -fsS --retry 5 -H "X-aws-ec2-metadata-token: $token" "http://169.254.169.254/latest/$1"
}

# --- data volume

data_step() {
  local point=${SETTINGS[data_path]} device uuid type fresh=no
  if [[ ${SETTINGS[data_device]} == none ]] || is_mounted "$point"; then return; fi
  if holds_files "$ROOT$point"; then fail "$point holds files of the root volume, which mounting would hide. Move them away."; fi
  device=$(wait_for_device "${SETTINGS[data_device]}")
  if is_blank "$device"; then
    log "$device is blank: formatting it"
    logged mkfs.ext4 -q -L lifeboat-data "$device"
    fresh=yes
  fi
  type=$(blkid --probe --output value --match-tag TYPE "$device") || type=''
  uuid=$(blkid --probe --output value --match-tag UUID "$device") || uuid=''
  if [[ -z $type || -z $uuid ]]; then fail "$device is neither blank nor a file system that can be mounted. It is left alone."; fi
  make_mount_point "$point"
  put_fstab_line "$point" "UUID=$uuid $point $type defaults,nosuid,nodev,nofail,x-systemd.device-timeout=30 0 2"
  logged mount "$point"
  if [[ $fresh == yes ]]; then furnish "$ROOT$point"; fi
  log "$device is mounted at $point"
}

furnish() { # FOLDER
  if [[ -d $1/lost+found ]]; then rmdir "$1/lost+found"; fi
  if [[ -n ${SETTINGS[data_owner]} ]]; then chown "${SETTINGS[data_owner]}" "$1"; fi
}

wait_for_device() { # DEVICE
  local tries device
  for ((tries = 1; tries <= 30; tries++)); do
    device=$(find_device "$1")
    if [[ -n $device ]]; then
      printf '%s' "$device"
      return
    fi
    sleep 2
  done
  fail "there is no $1. Is the volume in the launch template? There are: $(lsblk --noheadings --nodeps --output PATH | tr '\n' ' ')"
}

# EBS volumes appear as NVMe disks on today's instances; links with the name asked for exist where amazon-ec2-utils is.
find_device() { # DEVICE
  local disk
  for disk in "$ROOT$1" "$ROOT${1/#\/dev\/sd//dev/xvd}"; do
    if is_block_device "$disk"; then
      printf '%s' "$disk"
      return
    fi
  done
  if ! command -v ebsnvme-id >/dev/null; then return; fi
  for disk in "$ROOT"/dev/nvme*n1; do
    if is_block_device "$disk" && [[ /dev/$(basename "$(ebsnvme-id --block-dev "$disk")") == "$1" ]]; then printf '%s' "$disk"; fi
  done
}

is_block_device() { [[ -b $1 ]]; }

# Blank is a device on which blkid finds nothing (exit 2: no file system, partition table, RAID, LVM, encryption) and
# whose first 16 MiB are zeros, as those of a new EBS volume are. Whatever cannot be read is not blank.
is_blank() { # DEVICE
  local code=0 others
  blkid --probe "$1" >/dev/null 2>&1 || code=$?
  if ((code != 2)); then return 1; fi
  others=$(head -c $((16 * 1024 * 1024)) -- "$1" | tr -d '\0' | wc -c) || return 1
  ((others == 0))
}

# --- share

share_step() {
  local point=${SETTINGS[share_path]}
  if is_mounted "$point"; then return; fi
  if holds_files "$ROOT$point"; then log "warning: $point holds files of the root volume; mounting hides them"; fi
  make_mount_point "$point"
  put_fstab_line "$point" "$(share_fstab_line)"
  # Not `mount`: the TLS tunnel of EFS would be a child of this service, and end with it.
  if logged systemctl start "$(systemd-escape --path --suffix=mount "$point")"; then
    log "the share ${SETTINGS[share_source]} is mounted at $point"
    rm -f "$AWAY"
    return
  fi
  if [[ ! -e $AWAY ]]; then
    log "the share ${SETTINGS[share_source]} cannot be mounted now; lifeboat-share.timer tries again every minute"
    : >"$AWAY"
  fi
  exit 1
}

# No automount: see docs/decisions/share-mount.md. `hard`, because a soft mount answers a slow server with data loss.
share_fstab_line() {
  local options=_netdev,nofail,nosuid,nodev,noexec,x-systemd.mount-timeout=90
  case ${SETTINGS[share_type]} in
    efs) options=tls,iam${SETTINGS[access_point]:+,accesspoint=${SETTINGS[access_point]}},$options ;;
    nfs4) options=nfsvers=4.1,hard,timeo=600,retrans=2,rsize=1048576,wsize=1048576,$options ;;
  esac
  printf '%s %s %s %s 0 0' "${SETTINGS[share_source]}" "${SETTINGS[share_path]}" "${SETTINGS[share_type]}" "$options"
}

# --- check

check_step() {
  local problems=() missing
  missing=$(missing_programs)
  if [[ -n $missing ]]; then problems+=("not installed:$missing"); fi
  systemctl is-active --quiet amazon-ssm-agent || problems+=('the SSM agent does not run')
  if [[ ${SETTINGS[data_device]} != none ]]; then
    is_mounted "${SETTINGS[data_path]}" || problems+=("no data volume at ${SETTINGS[data_path]}")
  fi
  is_mounted "${SETTINGS[share_path]}" || problems+=("no share at ${SETTINGS[share_path]}")
  if ((${#problems[@]} == 0)); then return; fi
  printf '%s\n' "${problems[@]}"
  exit 1
}

# --- mount points

# Asks the kernel's list, never the file system, which may hang. An automount point alone is nothing mounted.
is_mounted() { # MOUNT_POINT
  local types
  types=$(findmnt --noheadings --output FSTYPE --mountpoint "$1") || return 1
  [[ -n $types && ${types##*$'\n'} != autofs ]]
}

holds_files() { # FOLDER
  [[ -d $1 && -n $(find "$1" -mindepth 1 -maxdepth 1 -print -quit) ]]
}

# Immutable, so that what believes the volume to be mounted fails instead of filling the root volume.
make_mount_point() { # MOUNT_POINT
  mkdir -p "$ROOT$1"
  chattr +i "$ROOT$1" 2>/dev/null || log "warning: $1 cannot be made immutable; writes are not caught while nothing is mounted"
}

# One line for a mount point, whole or not at all. A line of somebody else stays to be read.
put_fstab_line() { # MOUNT_POINT LINE
  local line point new found=no
  new=$(mktemp "$FSTAB.XXXXXX")
  while IFS= read -r line || [[ -n $line ]]; do
    read -r _ point _ <<<"$line" || true
    if [[ $line == "$2" ]]; then
      found=yes
    elif [[ $line != '#'* && ${point-} == "$1" ]]; then
      line="# replaced by Lifeboat: $line"
    fi
    printf '%s\n' "$line"
  done <"$FSTAB" >"$new"
  if [[ $found == no ]]; then printf '%s\n' "$2" >>"$new"; fi
  chmod 0644 "$new"
  mv -f "$new" "$FSTAB"
  systemctl daemon-reload
}

# --- telling

# Into the log of its own; through stderr into /var/log/cloud-init-output.log, or the journal as the output of a unit; else the journal
# is told apart. Telling stops nothing.
log() { # TEXT
  printf '%(%Y-%m-%dT%H:%M:%SZ)T %s\n' -1 "$1" | tee -a "$LOG" >&2 || true
  if [[ ${JOURNAL_STREAM-} != "$(stat -L -c %d:%i /proc/self/fd/2)" ]]; then logger --tag lifeboat -- "$1" 2>/dev/null || true; fi
}

logged() { # COMMAND...
  "$@" >>"$LOG" 2>&1
}

fail() { # TEXT
  trap - ERR
  log "failed: $1"
  exit 1
}

refuse() { # TEXT
  log "bad settings: $1"
  exit 78
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then main "$@"; fi
