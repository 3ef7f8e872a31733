#!/bin/bash
# station.sh LOG AUTHOR PORT - chat over a radio.  Each line of standard input
# becomes a note of the record "chat" in LOG, and is sent at once.  Now and then
# it says which events it has; who hears that sends what is missing there.  So
# the logs of all in range become the same, whatever gets lost on the way.
# It ends with standard input, or by Ctrl-D.
#
# The settings are those of $ML_RADIO (see ml-radio), the same on both sides:
#     export ML_RADIO='-f 867.2M -s 8'
#     station.sh field.jsonl team_a /dev/serial/by-id/usb-...
set -euo pipefail
if [ $# -ne 3 ]; then
	echo 'usage: station.sh LOG AUTHOR PORT' >&2
	exit 2
fi
log=$1 author=$2 port=$3
every=${EVERY:-120}		# seconds between two times of saying what it has
at_once=20			# events sent for one question, about

dir=$(mktemp -d)
sky=$dir/sky			# frames for the radio, of all who write them
mkfifo "$sky" "$dir/never"
ears='' clock=''
# shellcheck disable=SC2317,SC2329 # called by the trap
clean_up() {
	if [ -n "$clock" ]; then kill "$clock" 2>/dev/null || true; fi
	rm -rf "$dir"
}
trap clean_up EXIT

say_what_is_here() {
	printf '{"t":"frontier","f":%s}\n' "$(ml-frontier "$log")" | ml-frames 1<>"$sky"
}

# A question is answered; all else is events, which are judged one by one.
listen() {
	local line
	while IFS= read -r line; do
		case $line in
		'{"t":"frontier",'*)
			ml-delta -n "$at_once" "$log" - <<<"$line" | ml-frames 1<>"$sky" || true ;;
		*)
			ml-ingest "$log" <<<"$line" || true ;;
		esac
	done
}

# Who has no log yet begins the record.
[ -e "$log" ] || ml-emit -a "$author" "$log" create chat chat >/dev/null
ml-radio -p "$port" <"$sky" | ml-frames -d | listen &
ears=$!
exec 7>"$sky"			# it stays open while we are here
while :; do
	say_what_is_here
	# by chance, as two that speak at once hear nothing
	read -r -t $((every / 2 + RANDOM % every)) <>"$dir/never" || true
done 7>&- &
clock=$!

while IFS= read -r text; do
	ml-emit -a "$author" "$log" note chat "$text" | ml-frames >&7
done

# The radio sends what it was given, and is switched off.
kill "$clock"
wait "$clock" || true
clock=
exec 7>&-
wait "$ears"
