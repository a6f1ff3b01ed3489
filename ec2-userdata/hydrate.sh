#!/usr/bin/env bash
# Takes over the files of another instance, before this one goes into service: docs/decisions/birth.md says whose, and why so.
# birth.sh sources it. The restore document does the work: every byte is compared with the manifest.
#
# Reads     the settings hydrate, hydrate_from, plan, group, restore_document; <share>/<plan>/*/state; EC2's word on who lives
# Writes    <share>/<plan>/<gone>/state/adoption.* (docs/share-format.md), the data folder, /var/lib/lifeboat/hydrated
# Promises  A file that is in the data folder already stays as it is. A file appears there whole. Two newborns never hold one claim,
#           and nobody takes what a living instance has. Killed anywhere, the next start goes on.

readonly HYDRATED=$STATE/hydrated
# EC2 may know an instance only some time after its launch: who is unknown is gone if it is known to us for longer.
readonly UNKNOWN_SECONDS=900
declare -A STATE_OF=() ASKED=()

hydrate() {
  local whose=''
  if [[ -r $HYDRATED ]]; then read -r whose _ <"$HYDRATED" || true; fi
  if [[ ${SETTINGS[hydrate]} == none || $whose == "$INSTANCE" ]]; then return 0; fi
  if [[ $MARKER == none && ${SETTINGS[hydrate]} == adopt ]]; then
    log 'the share is new: there is nobody to take over from'
    return 0
  fi
  WORK=$STATE/birth
  rm -rf -- "$WORK"
  mkdir "$WORK"
  trap 'rm -rf -- "$WORK"' EXIT
  case ${SETTINGS[hydrate]} in
    same)
      bring_back "${SETTINGS[hydrate_from]}" || not_ready "${SETTINGS[hydrate_from]} has no recovery point that can be restored"
      note_hydrated "${SETTINGS[hydrate_from]}"
      ;;
    adopt) adopt ;;
  esac
}

note_hydrated() { # ORIGIN
  printf '%s %s\n' "$INSTANCE" "$1" >"$HYDRATED" || not_ready "$HYDRATED cannot be written"
}

# --- whose files

# An own claim first, of a start that was interrupted. Then the newest recovery points of those that are gone.
adopt() {
  local sisters sister point id holder ids=()
  list_sisters | sort -r >"$WORK/sisters" || not_ready "$PLAN_FOLDER cannot be listed"
  mapfile -t sisters <"$WORK/sisters"
  for sister in "${sisters[@]}"; do
    read -r point id holder <<<"$sister"
    if [[ $holder == "$INSTANCE" ]] && settle_claim "$id"; then return 0; fi
    ids+=("$id" ${holder:+"$holder"})
  done
  if ((${#ids[@]} > 0)); then ask_ec2 "${ids[@]}"; fi
  for sister in "${sisters[@]}"; do
    read -r point id holder <<<"$sister"
    if claim "$id"; then
      log "$id is gone; its files as of $point or newer are taken over"
      if settle_claim "$id"; then return 0; fi
    fi
  done
  log 'nobody is gone whose files nobody has taken over: it starts without'
  note_hydrated -
}

# "<newest point> <instance> <holder of its claim>" of each other instance of this group, account and region that has points.
list_sisters() {
  local folder id
  for folder in "$PLAN_FOLDER"/i-*; do
    id=${folder##*/}
    if [[ $id =~ ^$INSTANCE_PATTERN$ && $id != "$INSTANCE" ]] && read_born "$folder" && newest_point "$folder"; then
      read_claim "$folder"
      printf '%s %s %s\n' "$NEWEST" "$id" "$HOLDER"
    fi
  done
}

# BORN_AT. Fails where the instance is of another group, account or region, or has left no word: EC2 cannot say that it is gone.
read_born() { # FOLDER
  local text
  read_mark "$1/state/born" || return 1
  text=$MARK
  [[ $text == *"\"account\":\"$ACCOUNT\",\"region\":\"$REGION\",\"group\":\"${SETTINGS[group]}\""* ]] || return 1
  [[ $text =~ \"at\":\"($TIME_PATTERN)\" ]] || return 1
  BORN_AT=${BASH_REMATCH[1]}
}

newest_point() { # FOLDER
  local file
  NEWEST=''
  for file in "$1"/manifests/*; do
    file=${file##*/}
    if [[ $file =~ ^[0-9]{8}T[0-9]{6}Z-(backup|final-backup)$ && $file > $NEWEST ]]; then NEWEST=$file; fi
  done
  [[ -n $NEWEST ]]
}

# CLAIM: the number of the newest claim, 0 where there is none; HOLDER, CLAIMED_AT: who made it, when; DONE_AT: when it had
# the files. HOLDER stays empty where the claim cannot be read: then it is somebody's.
read_claim() { # FOLDER
  local file
  CLAIM=0 HOLDER='' CLAIMED_AT='' DONE_AT=''
  for file in "$1"/state/adoption.*; do
    if [[ $file =~ /adoption\.([1-9][0-9]{0,3})$ ]] && ((BASH_REMATCH[1] > CLAIM)); then CLAIM=${BASH_REMATCH[1]}; fi
  done
  if ((CLAIM == 0)) || ! read_mark "$1/state/adoption.$CLAIM"; then return 0; fi
  if [[ $MARK =~ \"by\":\"($INSTANCE_PATTERN)\",\"account\":\"$ACCOUNT\",\"region\":\"$REGION\",\"at\":\"($TIME_PATTERN)\" ]]; then
    HOLDER=${BASH_REMATCH[1]} CLAIMED_AT=${BASH_REMATCH[2]}
  fi
  if read_mark "$1/state/adoption.$CLAIM.done" && [[ $MARK =~ \"at\":\"($TIME_PATTERN)\" ]]; then DONE_AT=${BASH_REMATCH[1]}; fi
}

# MARK: the one line of a small file. Only a plain file: what lies on the share may be anything.
read_mark() { # FILE
  MARK=''
  [[ -f $1 && ! -L $1 ]] || return 1
  { IFS= read -r -n 1000 MARK || [[ -n $MARK ]]; } <"$1" 2>/dev/null
}

# STATE_OF: what EC2 says of instances. That it names this one is the proof that it was asked in the right account and region.
ask_ec2() { # ID...
  local ids=("$@") slice id word
  STATE_OF=() ASKED=()
  while ((${#ids[@]} > 0)); do
    slice=("$INSTANCE" "${ids[@]:0:150}")
    ids=("${ids[@]:150}")
    unset 'STATE_OF[$INSTANCE]'
    aws_says ec2 describe-instances --filters "Name=instance-id,Values=$(IFS=, && printf %s "${slice[*]}")" \
      --query 'Reservations[].Instances[].[InstanceId,State.Name]' --output text >"$WORK/instances" ||
      not_ready 'EC2 does not say who is gone. Has the role ec2:DescribeInstances? The log has its answer'
    while read -r id word; do STATE_OF[$id]=$word; done <"$WORK/instances"
    if [[ ! -v STATE_OF[$INSTANCE] ]]; then not_ready 'EC2 does not know this instance yet, so its word on others does not count'; fi
    for id in "${slice[@]}"; do ASKED[$id]=yes; done
  done
}

# Terminated, or forgotten by EC2, which keeps terminated instances for an hour. Stopped and stopping ones come back.
is_gone() { # ID KNOWN_SINCE
  local age
  if [[ ! -v ASKED[$1] ]]; then return 1; fi
  case ${STATE_OF[$1]-unknown} in
    terminated) return 0 ;;
    unknown)
      age=$(($(date +%s) - $(date -d "$2" +%s)))
      ((age > UNKNOWN_SECONDS))
      ;;
    *) return 1 ;;
  esac
}

# --- the claim: state/adoption.<n> in the folder of the one that is gone

# The next number is made by a hard link of a finished file: of any number of newborns one makes it. A claim is never
# changed or removed, so that nobody can act on one that is not the newest any more.
claim() { # ID
  local folder=$PLAN_FOLDER/$1 new=$BASE/state/claim.new number text
  read_born "$folder" && is_gone "$1" "$BORN_AT" || return 1
  read_claim "$folder"
  if ((CLAIM > 0)) && ! is_void; then return 1; fi
  number=$((CLAIM + 1))
  make_own_folder
  printf -v text '{"by":"%s","account":"%s","region":"%s","at":"%(%Y-%m-%dT%H:%M:%SZ)T"}' "$INSTANCE" "$ACCOUNT" "$REGION" -1
  write_anew "$new" "$text"
  # An answer that got lost on its way is no failure: what lies there says who was first.
  ln -T -- "$new" "$folder/state/adoption.$number" 2>"$WORK/ln" || true
  rm -f -- "$new"
  read_claim "$folder"
  if ((CLAIM < number)) && [[ -d $folder/state ]]; then not_ready "no claim can be made: $(<"$WORK/ln")"; fi
  [[ $CLAIM == "$number" && $HOLDER == "$INSTANCE" ]]
}

# The holder is gone, and no recovery point of its own has what it took over.
is_void() {
  if [[ -z $HOLDER ]] || ! is_gone "$HOLDER" "$CLAIMED_AT"; then return 1; fi
  if [[ -z $DONE_AT ]] || ! newest_point "$PLAN_FOLDER/$HOLDER"; then return 0; fi
  [[ ! ${NEWEST%%-*} > ${DONE_AT//[-:]/} ]]
}

# Brings the files of an own claim back, unless that was done before. Fails where there is nothing to bring back.
settle_claim() { # ID
  local new=$BASE/state/claim.new text
  read_claim "$PLAN_FOLDER/$1"
  if [[ -n $DONE_AT ]]; then
    note_hydrated "$1"
    return 0
  fi
  if ! bring_back "$1"; then return 1; fi
  printf -v text '{"at":"%(%Y-%m-%dT%H:%M:%SZ)T"}' -1
  write_anew "$new" "$text"
  mv -fT -- "$new" "$PLAN_FOLDER/$1/state/adoption.$CLAIM.done" 2>>"$LOG" || not_ready "$PLAN_FOLDER/$1/state cannot be written"
  note_hydrated "$1"
}

# --- the files

# Restored beside their place first: whatever is killed, no file is there in part, and none that is there is overwritten.
# Fails where the share has nothing to restore; stops where it could not be done.
bring_back() { # ORIGIN
  local stage=${SETTINGS[data_path]}/.lifeboat-hydrate-$1 other code
  for other in "$ROOT${SETTINGS[data_path]}"/.lifeboat-hydrate-*; do
    if [[ $other != "$ROOT$stage" && -e $other ]]; then rm -rf -- "$other"; fi
  done
  restore_script "$1" "$ROOT$stage"
  keep_waiting >/dev/null 2>&1 &
  code=0
  AWS_SSM_INSTANCE_ID=$INSTANCE LIFEBOAT_STATE_DIR=$STATE "$BASH" "$WORK/restore.sh" >"$WORK/answer" 2>"$WORK/told" 8>&- || code=$?
  kill "$!" 2>/dev/null || true
  tee -a "$LOG" <"$WORK/told" >&2
  case $code in
    0) ;;
    38) log "warning: damaged files of $1 did not come back, everything else did: $(<"$WORK/answer")" ;;
    40)
      log "$1 has no recovery point that can be restored"
      rm -rf -- "$ROOT$stage"
      return 1
      ;;
    *) not_ready "the files of $1 did not come back: $(<"$WORK/answer")" ;;
  esac
  put_in_place "$ROOT$stage" "$ROOT${SETTINGS[data_path]}"
  log "the files of $1 are in ${SETTINGS[data_path]}"
}

# By hard links, which never replace anything. Not by the exit code: cp has changed its mind about what skipping means.
put_in_place() { # STAGE FOLDER
  local name
  # What the other one had in hand itself when it was saved.
  rm -rf -- "$1"/.lifeboat-hydrate-* "$1/.lifeboat-restore"
  find "$1" -mindepth 1 -maxdepth 1 -print0 | xargs -0 -r cp --archive --link --no-clobber -t "$2" -- 2>>"$LOG" || true
  find "$1" -mindepth 1 -printf '%P\0' >"$WORK/names" || not_ready "$1 cannot be listed"
  while IFS= read -r -d '' name; do
    if [[ ! -e $2/$name && ! -L $2/$name ]]; then not_ready "$2/$name could not be put in its place"; fi
  done <"$WORK/names"
  sync -f "$2" || not_ready "$2 could not be made durable"
  rm -rf -- "$1"
}

# The document's script with its parameters put in as text, as the SSM agent does it. Whatever is put in was held to a pattern.
restore_script() { # ORIGIN INTO
  local line name
  local -A value=([run]="${SETTINGS[plan]}/$(date +%Y%m%dT%H%M%SZ)-restore" [from]=$1 [at]=newest [share]="$ROOT${SETTINGS[share_path]}"
    [shareId]=${SETTINGS[share_id]} [into]=$2 [paths]='' [overwrite]=always [dryRun]=no [bandwidth]=0 [nice]=0)
  aws_says ssm get-document --name "${SETTINGS[restore_document]}" --document-format JSON --query Content --output text \
    >"$WORK/document" || not_ready "the document ${SETTINGS[restore_document]} cannot be read; the log has the answer"
  command_lines <"$WORK/document" >"$WORK/lines"
  while IFS= read -r line; do
    printf -v line %b "$line"
    if [[ $line =~ \{\{\ ([A-Za-z]+)\ \}\} ]]; then
      name=${BASH_REMATCH[1]}
      if [[ ! -v value[$name] ]]; then not_ready "the document ${SETTINGS[restore_document]} wants $name: bring the user data up to date"; fi
      line=${line/"{{ $name }}"/"${value[$name]}"}
    fi
    printf '%s\n' "$line"
  done <"$WORK/lines" >"$WORK/restore.sh"
  if [[ ! -s $WORK/restore.sh ]]; then not_ready "${SETTINGS[restore_document]} is no document of Lifeboat's"; fi
}

# Of a document in JSON the strings of runCommand, a line each, escaped as printf %b understands it.
command_lines() {
  grep -oE '"([^"\\]|\\.)*"|[][{},:]' | sed -nE '/^"runCommand"$/,/^]$/s/^"(.*)"$/\1/p' |
    sed -e 1d -e 's/\\\\/\\x5c/g' -e 's/\\"/\\x22/g' -e 's,\\/,/,g'
}
