#!/usr/bin/env bash
# One of several newborns that claim the files of an instance that is gone, at the same moment. birth.sh lies beside it.
#   claim.sh NEWBORN GONE       writes NEWBORN to stdout if the claim is its own
set -u
export LIFEBOAT_ROOT=/tmp/newborn-$1
mkdir -p "$LIFEBOAT_ROOT"/{run,var/log,var/lib/lifeboat/work}
# shellcheck source=ec2-userdata/birth.sh
source ./birth.sh
SETTINGS[group]=acme-web
INSTANCE=$1 ACCOUNT=123456789012 REGION=ap-southeast-1 PLAN_FOLDER=/mnt/share/acme-web WORK=$STATE/work
BASE=$PLAN_FOLDER/$INSTANCE
STATE_OF[$2]=terminated ASKED[$2]=yes
if claim "$2"; then printf '%s\n' "$INSTANCE"; fi
