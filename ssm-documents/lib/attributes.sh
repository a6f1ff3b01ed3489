#!/usr/bin/env bash
# Mode, owner and times of what has come back, as the manifest has them, whatever the share has kept of them.

# In the order in which one would undo the other: owners, modes, times of files and links, times of folders from the inside out.
give_attributes() {
  sort -u skipped blocked damaged | join -v1 chosen - >attributes
  if [[ $OVERWRITE == never ]]; then
    # What was there before stays as it is.
    join -v1 attributes target >attributes.new
    mv attributes.new attributes
  fi
  : >attribute.errors
  list_back >back
  if ((EUID == 0)); then give_each '4,5' '[fl]' chown -h; fi
  give_each 3 f chmod
  give_each 7 '[fl]' touch -h -d
  give_folders
  list_back >back
  head -n 20 attribute.errors >&2
  cut -d' ' -f1-5,7 back >back.attributes
  sed -n '/^[^ ]* [fdl] /p' attributes | cut -d' ' -f1-5,7 | comm -23 - back.attributes | first_fields >findings
  warn_of attributes-not-set
}

# Gives files that differ in FIELDS their value with COMMAND, those with the same value together; back is up to date before and after.
give_each() { # FIELDS KINDS COMMAND...
  local value fields=$1 kinds=$2
  shift 2
  sed -n "/^[^ ]* $kinds /p" attributes | cut -d' ' -f1,"$fields" >should
  sed -n "/^[^ ]* $kinds /p" back | cut -d' ' -f1,"$fields" >have
  # Value first, sorted, the innermost folders first.
  comm -23 should have | sed -E 's/^([^ ]*) (.*)$/\2\t\1/' | sort -t$'\t' -k1,1 -k2,2r >different
  cut -f1 different | sort -u >values
  while IFS= read -r value; do
    sed -n "s/^${value//./\\.}\t//p" different | raw_names >different.names
    argument_of "$value"
    (cd "$INTO" && xargs -0 -r "$@" "$ARGUMENT" --) <different.names 2>>attribute.errors || true
  done <values
  if [[ -s values ]]; then list_back >back; fi
}

# Nearly every folder has a time of its own, and touch sets one time: so tar unpacks an archive of nothing but folders.
give_folders() {
  sed -n '/^[^ ]* d /p' attributes | cut -d' ' -f1,3-5,7 >should
  cut -d' ' -f1,3-5,7 back | comm -23 should - >different
  if [[ ! -s different ]]; then return 0; fi
  archive_of_folders <different | tar --extract --file=- "--directory=$INTO" --delay-directory-restore --numeric-owner \
    "--$( ((EUID == 0)) || echo no-)same-owner" --preserve-permissions --warning=no-timestamp 2>>attribute.errors || true
}

# For lines "name mode uid gid mtime" on stdin an archive on stdout, of folders alone, as POSIX.1-2001 has it (pax, Interchange
# Format): each has a block that announces its values, the values, and a block that says that it is a folder.
archive_of_folders() {
  local name mode uid gid mtime values padding nothing
  printf -v nothing '%0512d' 0
  nothing=${nothing//0/'\x00'}
  while read -r name mode uid gid mtime; do
    printf -v name './%b' "${name//%/\\x}"
    argument_of "$mtime"
    values=''
    add_value path "$name"
    add_value uid "$uid"
    add_value gid "$gid"
    add_value mtime "${ARGUMENT#@}"
    archive_block x 0 "${#values}"
    padding=$(((512 - ${#values} % 512) % 512))
    printf '%s%b' "$values" "${nothing:0:4*padding}"
    archive_block 5 "$mode" 0
  done
  printf '%b' "$nothing$nothing"
}

# "<length of all this> <key>=<value>" and the end of a line.
add_value() { # KEY VALUE
  local size=$((${#1} + ${#2} + 3)) length
  for ((length = size + 1; length != size + ${#length}; length++)); do :; done
  values+="$length $1=$2"$'\n'
}

# The header of TYPE. Its checksum is the sum of its bytes; only some digits differ from one to the other.
archive_block() { # TYPE OCTAL_MODE SIZE
  local mode size type sum digits digit
  printf -v mode %07d "$2"
  printf -v size %011o "$3"
  printf -v type %d "'$1"
  sum=$((3095 + type)) digits=$mode$size
  while [[ -n $digits ]]; do
    digit=${digits:0:1} digits=${digits:1}
    sum=$((sum + digit))
  done
  printf -v sum %06o "$sum"
  # name, mode, uid, gid, size, mtime, checksum, type, linkname, magic, and nothing in the rest.
  printf '%b' "x${nothing:0:396}$mode\\x000000000\\x000000000\\x00$size\\x0000000000000\\x00$sum\\x00 $1${nothing:0:400}ustar\\x0000${nothing:0:988}"
}

# ARGUMENT: a value as chown, chmod or touch want it. Before 1970 the manifest's nanoseconds count forward, those of touch backward.
argument_of() { # VALUE
  local seconds nanoseconds
  ARGUMENT=${1/ /:}
  if [[ $1 != *.* ]]; then return 0; fi
  seconds=${1%.*} nanoseconds=$((10#${1#*.}))
  if ((seconds < 0 && nanoseconds > 0)); then
    printf -v ARGUMENT '@-%d.%09d' $((-seconds - 1)) $((1000000000 - nanoseconds))
  else
    ARGUMENT=@$1
  fi
}

# What is there now of everything that should have attributes.
list_back() {
  first_fields <attributes | raw_names | list_names "$INTO" | entries
}
