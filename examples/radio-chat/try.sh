#!/bin/bash
# try.sh [FOLDER] - two stations that chat, on radios that are not there, until
# their logs are the same.  FOLDER is new or empty.  Needs the tools on the PATH.
# For real radios leave ml-air out and run station.sh on each machine, with its
# own port.
set -euo pipefail
unset ML_AUTHOR ML_KEY ML_CLOCK_MS
if [ $# -gt 1 ] || { [ $# -eq 1 ] && [ -n "$(ls -A "$1" 2>/dev/null)" ]; }; then
	echo 'usage: try.sh [FOLDER], which is new or empty' >&2
	exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$(mktemp -d "${TMPDIR:-/tmp}/meshlog-chat.XXXXXX")}
mkdir -p "$folder"
cd "$folder"

export ML_RADIO="-f 867.2M -s 7 --duty none --ledger airtime" EVERY=${EVERY:-4}
ml-air -n 2 -d air </dev/null >trace.jsonl &
air=$!
stations=()
trap 'kill "$air" "${stations[@]}" 2>/dev/null || true' EXIT
until [ "$(grep -c '"event":"boot"' trace.jsonl)" -eq 2 ]; do sleep 0.1; done

# What each of them types; standard input stays open until we close it.
mkfifo team_a.in base.in
"$here/station.sh" team_a.jsonl team_a air/rnode0 <team_a.in 2>team_a.said &
stations+=($!)
exec 5>team_a.in
"$here/station.sh" base.jsonl base air/rnode1 <base.in 2>base.said 5>&- &
stations+=($!)
exec 6>base.in
echo 'Pump handle of WP-7 is broken.' >&5
echo 'Spares come tomorrow, with the truck.' >&6
echo 'Thanks. We wait at the school.' >&5

are_same() {
	[ -s team_a.jsonl ] && [ -s base.jsonl ] &&
		[ "$(sort team_a.jsonl)" = "$(sort base.jsonl)" ] && [ "$(wc -l <base.jsonl)" -eq 5 ]
}
patience=${PATIENCE:-300}
until are_same; do
	if ! kill -0 "${stations[@]}" || ((SECONDS > patience)); then
		echo "try.sh: no contact; see $PWD" >&2
		exit 111
	fi
	sleep 0.5
done
exec 5>&- 6>&-
wait "${stations[0]}"
wait "${stations[1]}"
stations=()
ml-view base.jsonl chat
