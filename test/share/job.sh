#!/usr/bin/env bash
# What happens inside the lab (test/share/nfs-share.test.ts reads what it leaves). $1.sh is the document's script with its
# parameters in; out/NAME.line, .log and .rc are what a run said.
set -u
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
source=/tmp/source
mkdir -p out "$source"

run() { # NAME SCRIPT INSTANCE
  local code=0
  AWS_SSM_INSTANCE_ID=$3 LIFEBOAT_STATE_DIR=/tmp/state-$3 bash "$2.sh" >"out/$1.line" 2>"out/$1.log" || code=$?
  echo "$code" >"out/$1.rc"
}

# The source as it is now. hostfs keeps no nanoseconds; tar does.
keep() { # NAME
  tar --format=posix -C "$source" -cf "$1.tar" .
}

# Calls that the client made on a share since it was mounted.
calls() { # MOUNT
  local line inside=no total=0
  while read -r line; do
    case $line in
      "device "*" mounted on $1 "*) inside=yes ;;
      "device "*) inside=no ;;
      [A-Z]*': '[0-9]*) if [[ $inside == yes && $line =~ ^[A-Z_]+:\ ([0-9]+)\  ]]; then total=$((total + BASH_REMATCH[1])); fi ;;
    esac
  done </proc/self/mountstats
  echo "$total"
}

# Starting a program costs tens of milliseconds here, so that as few as possible are started.
mkdir "$source"/student-{0..29}
for i in {1..60}; do printf '%0999d' "$i" "$RANDOM" "$RANDOM" >"$source/student-$((i % 30))/${i}_1_2026.pdf"; done
chown 33:33 "$source"/student-1/*
chmod 4711 "$source/student-2/2_1_2026.pdf"
ln -s /etc/passwd "$source/link"
mkdir "$source/empty"
echo hostile >"$source/"$'new\nline $(id) "quoted" -rf \xff'
touch -d '2001-02-03T04:05:06.123456789Z' "$source/student-3/3_1_2026.pdf"
keep day1

# Two instances find an empty share at the same moment.
mkdir /tmp/small
echo small >/tmp/small/file
run race-1 share-1 i-1 &
run race-2 small-1 i-2 &
wait %1 %2
run squashed-1 squashed-1 i-9

before=$(calls /mnt/share)
run unchanged share-2 i-1
after=$(calls /mnt/share)
echo $((after - before)) >out/unchanged.calls

echo more >>"$source/student-4/4_1_2026.pdf"
rm -r "$source/student-5"
mv "$source/student-6" "$source/renamed"
rm "$source/link"
mkdir "$source/link"
echo inner >"$source/link/inner"
keep day3
run changed share-3 i-1

# Killed while it copies, then the same run once more.
head -c 30000000 /dev/urandom >"$source/large"
AWS_SSM_INSTANCE_ID=i-1 LIFEBOAT_STATE_DIR=/tmp/state-i-1 setsid bash share-4.sh >out/killed.line 2>out/killed.log &
victim=$!
for _ in {1..200}; do
  if grep -q 'copy: 0 of 1 files' out/killed.log; then break; fi
  sleep 0.05
done
kill -KILL -- "-$victim"
wait "$victim"
run healed share-4 i-1
keep day4

# Six newborns claim the files of one that is gone.
mkdir -p /mnt/share/acme-web/i-0000000000000000a/state
echo '{"account":"123456789012","region":"ap-southeast-1","group":"acme-web","at":"2026-11-01T00:00:00Z"}' >/mnt/share/acme-web/i-0000000000000000a/state/born
claiming=()
for i in {1..6}; do
  bash claim.sh "i-1111111111111111$i" i-0000000000000000a >"out/claim-$i.won" 2>"out/claim-$i.log" &
  claiming+=("$!")
done
wait "${claiming[@]}"

# The way to the server breaks.
ip link set vec0 down
LIFEBOAT_SHARE_SECONDS=3 run unresponsive share-5 i-1
ip link set vec0 up
timeout 30 ls /mnt/share >/dev/null
run back share-5 i-1
exit 0
