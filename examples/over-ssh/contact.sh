#!/bin/sh
# contact.sh LOG CARRIER [ARG ...] - one contact with the base, for cron:
#
#     */10 * * * *  /usr/local/share/meshlog/contact.sh ~/field.jsonl ssh -o BatchMode=yes base
#
# CARRIER is the way to a serving ml-gossip; over there a line in authorized_keys
# starts it, and nothing else:
#
#     command="ml-gossip camp.jsonl",restrict ssh-ed25519 AAAA... team_a
#
# One at a time: a run that finds another one ends at once (0).  No way to the
# base is the rule in the field, so it is told of (111) only if there was no
# contact for a day.  Killed: the next run goes on from there.
set -u

if [ $# -lt 2 ]; then
	echo 'usage: contact.sh LOG CARRIER [ARG ...]' >&2
	exit 2
fi
log=$1
shift
exec 9>>"$log.contact" || exit 111	# its time is that of the last contact
flock -n 9 || exit 0

status=0
said=$(ml-gossip -1 "$log" -- "$@" 2>&1 >/dev/null 9>&-) || status=$?
case $status in
0 | 1) date >"$log.contact" ;;
111) [ ! -s "$log.contact" ] || [ -z "$(find "$log.contact" -mtime -1)" ] || exit 0 ;;
esac
[ -z "$said" ] || echo "$said" >&2
exit $status
