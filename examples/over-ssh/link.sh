#!/bin/sh
# link.sh LOG CARRIER [ARG ...] - a line to the base that stays up while there is
# one: what is added on either side is on the other at once.
#
#     @reboot  /usr/local/share/meshlog/link.sh ~/field.jsonl ssh -o BatchMode=yes -o ServerAliveInterval=15 base
#
# When the line breaks it is tried again, first after a second, then after twice
# as long each time, up to five minutes.  2: it would never work; SIGTERM ends it.
set -u

if [ $# -lt 2 ]; then
	echo 'usage: link.sh LOG CARRIER [ARG ...]' >&2
	exit 2
fi
log=$1 pid='' pause=1
shift
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; wait; exit 0' TERM INT HUP

while :; do
	began=$(date +%s)
	ml-gossip "$log" -- "$@" </dev/null >/dev/null &
	pid=$! status=0
	wait "$pid" || status=$?
	[ $status -ne 2 ] || exit 2
	[ $(($(date +%s) - began)) -lt 60 ] || pause=1	# it was up
	sleep $pause &
	pid=$!
	wait "$pid"
	pause=$((pause < 150 ? pause * 2 : 300))
done
