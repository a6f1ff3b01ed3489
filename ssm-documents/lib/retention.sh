#!/usr/bin/env bash
# Which recovery points stay: a decision on names alone. Reads POINTS (oldest first), PINS, ZONE and the numbers of the plan (LAST,
# DAILY, WEEKLY, MONTHLY, YEARLY, MINIMUM). A rule keeps the newest point of each of its newest periods that have points, so that
# nothing goes merely because time passes. Days, weeks (from Monday), months and years are those of the plan's time zone.

readonly RULES=(last daily weekly monthly yearly)

# KEPT: of each point that stays, why. GOING: the others, oldest first; WHY_GOING: of each of them, what stays instead.
decide_points() {
  local index point rule
  declare -gA WANTED=([last]=$LAST [daily]=$DAILY [weekly]=$WEEKLY [monthly]=$MONTHLY [yearly]=$YEARLY)
  declare -gA KEPT=() WHY_GOING=() LEFT=() KEEPER=() PERIOD_OF_KEEPER=()
  for rule in "${RULES[@]}"; do LEFT[$rule]=${WANTED[$rule]}; done
  GOING=()
  for ((index = ${#POINTS[@]} - 1; index >= 0; index--)); do
    point=${POINTS[index]}
    find_periods "$point"
    if ((index == ${#POINTS[@]} - 1)); then KEPT[$point]=newest; fi
    apply_rules "$point"
  done
  for point in "${PINS[@]}"; do
    if [[ -v WHY_GOING[$point] ]]; then keep "$point" pinned; fi
  done
  keep_minimum
  for point in "${POINTS[@]}"; do
    if [[ ! -v KEPT[$point] ]]; then GOING+=("$point"); fi
  done
}

keep() { # POINT WHY
  KEPT[$1]=${KEPT[$1]:+${KEPT[$1]}, }$2
}

apply_rules() { # POINT
  local rule why=''
  for rule in "${RULES[@]}"; do
    if [[ ${WANTED[$rule]} == 0 ]]; then continue; fi
    if [[ ${PERIOD_OF_KEEPER[$rule]:-} == "${PERIOD[$rule]}" ]]; then
      why+=", $rule: ${KEEPER[$rule]}"
    elif ((LEFT[$rule] > 0)); then
      LEFT[$rule]=$((LEFT[$rule] - 1)) PERIOD_OF_KEEPER[$rule]=${PERIOD[$rule]} KEEPER[$rule]=$1
      keep "$1" "$rule"
    else
      why+=", $rule: too old"
    fi
  done
  WHY_GOING[$1]=${why#, }
}

# Whatever the rules say, the newest ones up to this number stay.
keep_minimum() {
  local index point
  for ((index = ${#POINTS[@]} - 1; index >= 0 && ${#KEPT[@]} < MINIMUM; index--)); do
    point=${POINTS[index]}
    if [[ ! -v KEPT[$point] ]]; then keep "$point" minimum; fi
  done
}

# PERIOD: of each rule, the period that a point belongs to, in local time.
find_periods() { # POINT
  local seconds day text
  seconds_of "${1%%Z-*}"
  offset_at "${1%%-*}"
  seconds=$((SECONDS_OF + OFFSET))
  day=$((seconds / 86400))
  printf -v text '%(%Y%m%d)T' "$seconds"
  # The first of January 1970 was a Thursday.
  declare -gA PERIOD=([last]=$1 [daily]=$text [weekly]=$(((day + 3) / 7)) [monthly]=${text:0:6} [yearly]=${text:0:4})
}

# SECONDS_OF: seconds since 1970 of 20261123T180000, in UTC. Years begin in March here, so that the leap day is their last.
seconds_of() { # TIME
  local year=$((10#${1:0:4})) month=$((10#${1:4:2})) day=$((10#${1:6:2}))
  if ((month < 3)); then year=$((year - 1)) month=$((month + 12)); fi
  day=$((365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 719469))
  SECONDS_OF=$((day * 86400 + 10#${1:9:2} * 3600 + 10#${1:11:2} * 60 + 10#${1:13:2}))
}

# OFFSET: seconds that local time is ahead of UTC at a time. ZONE is an offset, then <time>=<offset> for each change, in order.
offset_at() { # TIME
  local change changes
  IFS=, read -ra changes <<<"$ZONE"
  OFFSET=${changes[0]}
  for change in "${changes[@]:1}"; do
    if [[ ${change%=*} > $1 ]]; then break; fi
    OFFSET=${change#*=}
  done
}
