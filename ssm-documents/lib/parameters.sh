#!/usr/bin/env bash
# The parameters, looked at once more: allowedPattern is checked by the service, but the script may be started by others.

readonly PATH_PATTERN='^(/\.?[A-Za-z0-9_@%+=,~-][A-Za-z0-9._@%+=:,~ -]*)+/?$'
# INSTANCE: as the SSM agent says, else as cloud-init wrote it down. It names a folder, so it is held to a pattern.
find_instance() {
  local file=/var/lib/cloud/data/instance-id
  INSTANCE=${AWS_SSM_INSTANCE_ID:-}
  if [[ -z $INSTANCE && -r $file ]]; then read -r INSTANCE <"$file" || true; fi
  if [[ ! $INSTANCE =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$ ]]; then
    fail bad-parameter "the id of the instance is unknown: neither AWS_SSM_INSTANCE_ID nor $file has it"
  fi
}

check_tools() { # NAMES
  local tool
  for tool in $1; do
    hash "$tool" 2>/dev/null || fail tool-missing "$tool"
  done
}
