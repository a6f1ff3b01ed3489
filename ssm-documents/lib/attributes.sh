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
  if ((EUID == 0)); then give_each '4,5' '[fdl]' chown -h; fi
  give_each 3 '[fd]' chmod
  give_each 7 '[fl]' touch -h -d
  give_each 7 d touch -h -d
  head -n 20 attribute.errors >&2
  cut -d' ' -f1-5,7 back >back.attributes
  sed -n '/^[^ ]* [fdl] /p' attributes | cut -d' ' -f1-5,7 | comm -23 - back.attributes | first_fields >findings
  warn_of attributes-not-set
}

# Gives what differs in FIELDS its value with COMMAND, those with the same value together; back is up to date before and after.
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
