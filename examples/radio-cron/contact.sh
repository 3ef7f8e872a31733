#!/bin/bash
# contact.sh CONFIG - one contact over a real RNode, for cron: send the events
# that are new since the last time, listen for a while, take in what comes.
#
#     */20 * * * *  /usr/local/share/meshlog/contact.sh /etc/meshlog/contact.conf
#
# It may be killed at any moment and run again: what is not known to be sent is
# sent once more, and to have an event twice changes nothing.  Only one runs at a
# time; another one ends at once (0).  No radio: 111, and the next run tries it.
# Nobody says that an event was heard.  Remove $state/sent to send all again, say
# once a day, or as soon as somebody new is in range.
set -euo pipefail
fail() {
	echo "contact.sh: $1" >&2
	exit "$2"
}

[ $# -eq 1 ] || fail 'usage: contact.sh CONFIG' 2
[ -r "$1" ] || fail "$1: cannot be read" 2
log='' state='' port='' options='' events=50 listen=300
# shellcheck disable=SC1090 # it is shell: see contact.conf
. "$1" || fail "$1: is no configuration" 2
for name in log state port options; do
	[ -n "${!name}" ] || fail "$1: $name= is missing" 2
done
[ -s "$log" ] || fail "$log: no such log" 2
mkdir -p "$state"
exec 9>"$state/lock"
flock -n 9 || exit 0		# until the radio and all behind it have ended

# What is new beyond what was sent, and how far that goes.
sent=$state/sent
[ -s "$sent" ] || echo '{}' >"$sent"
ml-delta -n "$events" "$log" "$sent" >"$state/new"
jq -cs '.[0] as $sent | reduce .[1:][] as $e ($sent; .[$e.a] = ([.[$e.a] // 0, $e.s] | max))' \
    "$sent" "$state/new" >"$state/sent.next"

# The budget: ml-radio waits when the hour's airtime is used, and listens too.
# shellcheck disable=SC2086 # options are words
{
	ml-frames <"$state/new" |
		ml-radio -1 -p "$port" $options -w "$listen" |
		ml-frames -d | ml-ingest "$log"
	status=("${PIPESTATUS[@]}")
} || true
case ${status[0]},${status[1]} in
0,0) mv "$state/sent.next" "$sent" ;;
*,0) exit 111 ;;		# ml-frames died: the radio was not given all
*) exit "${status[1]}" ;;
esac
exit "${status[3]}"
