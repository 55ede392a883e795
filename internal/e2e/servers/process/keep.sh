#!/bin/sh
# keep.sh DIR SIGNAL COMMAND...: runs COMMAND until it ends, or until standard input does, which is also when
# whoever started this died; then sends SIGNAL to all that it started, waits for it, and removes DIR unless that
# is "-" or the command ended by itself.
dir=$1 signal=$2
shift 2
exec 3<&0
cat <&3 >/dev/null &
watch=$!
{
  trap : "$signal"
  "$@"
  kill "$watch"
} 3<&- &
wait "$watch" || dir=-
trap '' "$signal"
kill "-$signal" 0
wait
[ "$dir" = - ] || rm -rf "$dir"
