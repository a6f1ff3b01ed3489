#!/usr/bin/env bash
# Made from functions/pipeline/causes.ts by `npm run generate`; changes belong there.

# The exit code that carries a cause.
cause_exit_code() { # CAUSE
  case $1 in
    share-not-mounted) echo 10 ;;
    share-unknown) echo 11 ;;
    share-wrong) echo 12 ;;
    share-format) echo 13 ;;
    share-read-only) echo 14 ;;
    share-full) echo 15 ;;
    share-unresponsive) echo 16 ;;
    share-error) echo 17 ;;
    source-missing) echo 20 ;;
    source-empty) echo 21 ;;
    source-shrunk) echo 22 ;;
    source-unreadable) echo 23 ;;
    already-running) echo 30 ;;
    tool-missing) echo 31 ;;
    bad-parameter) echo 32 ;;
    copy-failed) echo 33 ;;
    state-unwritable) echo 34 ;;
    interrupted) echo 35 ;;
    document-failed) echo 36 ;;
    run-superseded) echo 37 ;;
    file-damaged) echo 38 ;;
    prune-refused) echo 39 ;;
    point-missing) echo 40 ;;
    paths-unmatched) echo 43 ;;
    target-full) echo 41 ;;
    target-unwritable) echo 42 ;;
    drill-failed) echo 44 ;;
    *) echo 1 ;;
  esac
}
