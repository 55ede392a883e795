#!/bin/sh
# keep.sh DIR COMMAND...: runs COMMAND until standard input ends, which is also when whoever started this
# died; then stops it with all that it started, and removes DIR unless that is "-".
dir=$1
shift
"$@" &
cat >/dev/null
trap '' TERM
kill -TERM 0
wait
[ "$dir" = - ] || rm -rf "$dir"
