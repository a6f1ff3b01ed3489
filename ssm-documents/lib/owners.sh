#!/usr/bin/env bash
# What the share does with owners.

# OWNERS: the options that make tar keep owners; none where the share refuses one of those that the source has.
probe_owners() {
  local verdict own lost='^$'
  OWNERS=(--same-owner) KEPT_ATTRIBUTES=mode,timestamps,ownership
  cut -d' ' -f4,5 now | sort -u >owners
  look_at_share "$BASE/state" try_owners "$BASE/state/probe" owners
  read -r verdict own <"$OUT"
  if [[ $verdict == kept ]]; then return 0; fi
  OWNERS=(--no-same-owner) KEPT_ATTRIBUTES=mode,timestamps
  # What belongs to whom the share makes the owner anyway has lost nothing; but one that refuses even that is not asked.
  if [[ $verdict == refused ]]; then lost="^[^ ]* [^ ]* [^ ]* $own "; fi
  grep -vE "$lost" now | first_fields >findings || true
  warn_of owners-not-kept
}

# Whether a file on the share can be given to each of the owners ("<uid> <gid>" a line), and whose it was: "kept", "refused", or
# "squashed" where it cannot even be given to its own.
try_owners() { # PROBE OWNERS
  local uid gid own verdict=kept
  : >"$1" && own=$(stat -c '%u %g' "$1") || return
  if ! chown "$EUID:$(id -g)" "$1" 2>/dev/null; then verdict=squashed; fi
  while [[ $verdict == kept ]] && read -r uid gid; do
    if [[ "$uid $gid" != "$own" ]] && ! chown "$uid:$gid" "$1" 2>/dev/null; then verdict=refused; fi
  done <"$2"
  printf '%s %s\n' "$verdict" "$own"
}
