#!/usr/bin/env bash
# The source (FROM), listed once.

find_source() {
  local error='' mount
  if ! FROM=$({ cd -P -- "$SOURCE" && [[ -r . && -x . ]] && pwd -P; } 2>"$ERRORS"); then
    read -r error <"$ERRORS" || true
    case $error in
      *': No such file or directory') fail source-missing "$SOURCE does not exist" ;;
      *': Not a directory') fail source-missing "$SOURCE is not a folder" ;;
      *) fail source-unreadable "${error##*: cd: }" ;;
    esac
  fi
  mount=$SHARE/
  if [[ $mount == "$FROM"/* || $FROM/ == "$mount"* ]]; then
    fail bad-parameter "source $SOURCE and share $SHARE lie in one another"
  fi
}

# now.all: a line for everything in the source, sorted, as find prints it: that of entries, but times may have a tenth
# digit. Nearly all lines are find's own; names, links and times that it cannot print safely go the long way.
# root: the folder itself. unreadable: folders that cannot be read. find.trouble: what find could not see
# without our knowing where; then nothing that is missing counts as deleted.
scan_source() {
  local root='{"mode":"%m","uid":%U,"gid":%G,"mtime":"%.20T@"}\n' odd
  progress scan 0 0 0 0
  # Twenty characters of a time are nine digits behind the seconds, from 2001 to 2286, and enough from 1938.
  odd=(\( -path '*[!]!$&-[^-~]*' -o -newermt @9999999999 -o ! -newermt @-999999999 \) -fprintf "$WORK/odd" "$ENTRY")
  {
    cd "$FROM"
    find . -path . -fprintf "$WORK/root" "$root" -o \
    \( -type d ! \( -readable -executable \) -fprintf "$WORK/unreadable.raw" '%p\0' -o -true \) \
    \( "${odd[@]}" -o \
    -type f -links 1 -printf '%P f %m %U %G %s %.20T@ - %i %.20C@\n' -o \
    -type d -printf '%P d %m %U %G 0 %.20T@ - - -\n' -o \
    -fprintf "$WORK/odd" "$ENTRY" \) || true
  } 2>find.errors | sort -S 64M >now.all
  if [[ -s odd ]]; then
    entries <odd | sort -m - now.all >now.merged
    mv now.merged now.all
  fi
  read_root
  : >unreadable
  : >find.trouble
  if [[ -s unreadable.raw ]]; then escaped_names <unreadable.raw >unreadable; fi
  if [[ -s find.errors ]]; then look_for_trouble; fi
}

read_root() {
  IFS= read -r ROOT <root || true
  if [[ $ROOT =~ ^(.*\.[0-9]{9})[0-9]*(\"\})$ ]]; then ROOT=${BASH_REMATCH[1]}${BASH_REMATCH[2]}; fi
}

# Messages about folders that we know of, and about names that vanished, are no trouble.
look_for_trouble() {
  head -n 20 find.errors >&2
  grep -v ': No such file or directory$' find.errors >find.trouble || true
  if (($(wc -l <find.trouble) <= $(wc -l <unreadable))); then : >find.trouble; fi
}

check_not_empty() {
  local name=''
  while read -r name _ && [[ $name == lost+found || $name == lost+found/* ]]; do name=''; done <now.all || true
  if [[ -n $name || $MAY_BE_EMPTY == yes ]]; then return 0; fi
  if [[ -s find.errors ]]; then fail source-unreadable "$(head -n 1 find.errors)"; fi
  fail source-empty "$SOURCE"
}

# Lines of now.all, times with nine digits: entries.
nine_digits() {
  sed -E 's/^([^ ]*( [^ ]*){5} [^ ]*\.[0-9]{9})[0-9]*( [^ ]* [^ ]* [^ ]*)$/\1\3/;s/^([^ ]* f .*\.[0-9]{9})[0-9]*$/\1/'
}
