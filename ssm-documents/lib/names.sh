#!/usr/bin/env bash
# Names in any bytes. Lists hold them escaped, one a line, sorted bytewise: each byte outside ! to ~, and each of " # % \, is
# % and two hexadecimal digits. Programs get them as "./name" ended by NUL.

# ./names ended by NUL on stdin, escaped and sorted on stdout.
escaped_names() {
  write_sed_programs
  sed -z -E -f escape.sed -e 's,^\./,,' | tr '\0' '\n' | sort
}

# Escaped names, one a line, on stdin; ./names ended by NUL on stdout. Escaped names hold no backslash.
raw_names() {
  local names
  while mapfile -t -n 2000 names && ((${#names[@]} > 0)); do
    printf './%b\0' "${names[@]//%/\\x}"
  done
}

# Calls FUNCTION FOLDER NAME... for the ./names ended by NUL on stdin, those that lie in one folder together.
by_folder() { # FUNCTION
  local name folder='' batch=()
  while IFS= read -r -d '' name; do
    if [[ ${name%/*} != "$folder" || ${#batch[@]} -ge 200 ]]; then
      if ((${#batch[@]} > 0)); then "$1" "$folder" "${batch[@]}"; fi
      batch=() folder=${name%/*}
    fi
    batch+=("$name")
  done
  if ((${#batch[@]} > 0)); then "$1" "$folder" "${batch[@]}"; fi
}

# The first fields of lines on stdin.
first_fields() {
  sed 's/ .*//'
}

# COUNT and SUM: how many files are among entries, and their bytes; those that are missing do not count.
tally() { # ENTRIES
  COUNT=0 SUM=0
  if [[ ! -s $1 ]]; then return 0; fi
  sed -nE -e '/ missing$/d' -e 's/^[^ ]* f( [^ ]*){3} ([0-9]+) .*/\2/p' "$1" >sizes
  add_sizes
}

# COUNT and SUM: how many numbers are in sizes, one a line, and what they make together.
add_sizes() {
  local sizes total IFS=+
  COUNT=0 SUM=0
  while mapfile -t -n 2000 sizes && ((${#sizes[@]} > 0)); do
    total=$((${sizes[*]}))
    COUNT=$((COUNT + ${#sizes[@]})) SUM=$((SUM + total))
  done <sizes
}

# What find prints of an entry whose name, link or time need more than find can do; entry.sed makes an entry of it.
export ENTRY='%y/%m/%U/%G/%s/%T@/%C@/%i/%D.%i/%n/%p//%l\0'

# Records of those of the ./names on stdin (ended by NUL) that are there, below FOLDER.
list_names() { # FOLDER
  cd "$1"
  xargs -0 -r sh -c "exec find \"\$@\" -maxdepth 0 -printf '$ENTRY' 2>/dev/null" sh || true
}

# Records of find's ENTRY on stdin; entries on stdout, sorted: name type mode uid gid size mtime link inode ctime. mtime and
# ctime: seconds.nanoseconds; link: the target of a symbolic link, <device>.<inode> of a file with several names, else "-".
# inode and ctime are those of files, "-" for everything else; a folder's size is 0.
entries() {
  write_sed_programs
  sed -z -E -f entry.sed | tr '\0' '\n' | sort
}

# escape.sed: each byte that is not printable ASCII, and space " # % \, as %XX. entry.sed: that, then find's record into
# an entry. "//" cannot stand in a name, and "/./" not before one, so both are found by their first occurrence.
write_sed_programs() {
  local code byte low='' high=''
  if [[ -e entry.sed ]]; then return 0; fi
  for code in {1..32} 34 35 {127..255}; do
    printf -v byte %02X "$code"
    if ((code < 128)); then low+="s/\\x$byte/%$byte/g"$'\n'; else high+="s/\\x$byte/%$byte/g"$'\n'; fi
  done
  printf '/[^]!$&-[^-~]/{\ns/%%/%%25/g\ns/\\\\/%%5C/g\n%s/[\\x80-\\xFF]/{\n%s}\n}\n' "$low" "$high" >escape.sed
  {
    cat escape.sed
    printf '%s\n' 's,//, ,' 's,/\./, ,' \
      's,^([^/]*)/([^/]*)/([^/]*)/([^/]*)/([^/]*)/([^/.]*\.[0-9]{9})[0-9]*/([^/.]*\.[0-9]{9})[0-9]*/,\1 \2 \3 \4 \5 \6 \7 ,' \
      's,^([^ ]*( [^ ]*){4}) ([^ ]*) ([^ ]*) ([^/]*)/([^/]*)/([^ ]*) ([^ ]*) (.*)$,\8 \1 \3 \9@\7@\6 \5 \4,' \
      '/^[^ ]* f /{' 's, @1@[0-9.]+ , - ,' 's, @[0-9]+@([0-9.]+) , \1 ,' b '}' 's, [^ ]* [^ ]*$, - -,' \
      '/^[^ ]* l /{' 's,@[0-9]+@[0-9.]+( - -)$,\1,' b '}' \
      's, @[0-9]+@[0-9.]+ , - ,' 's,^([^ ]* d [^ ]* [^ ]* [^ ]*) [^ ]*,\1 0,'
  } >entry.new
  mv entry.new entry.sed
}
