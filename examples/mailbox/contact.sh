#!/bin/sh
# contact.sh LOG FOLDER ME PEER ... - a contact with each PEER through message
# files in FOLDER, a stick or what a program keeps in step with other machines;
# for cron, or when a stick is put in.
#
#     */10 * * * *  /usr/local/share/meshlog/contact.sh ~/field.jsonl ~/Sync/field team_a base
#
# Each side names itself and the others; PEER writes FOLDER/PEER_to_ME.msgs, which
# is read, and reads FOLDER/ME_to_PEER.msgs.  It may be killed and run again.
# The worst of the statuses of ml-gossip; no folder, as without the stick: 111.
set -u

if [ $# -lt 4 ]; then
	echo 'usage: contact.sh LOG FOLDER ME PEER ...' >&2
	exit 2
fi
log=$1 folder=$2 me=$3
shift 3
if [ ! -d "$folder" ]; then
	echo "contact.sh: $folder: no such folder" >&2
	exit 111
fi

worst=0
for peer; do
	status=0
	ml-gossip --mailbox "$folder/${peer}_to_$me.msgs" \
	    "$folder/${me}_to_$peer.msgs" "$log" || status=$?
	[ $status -le $worst ] || worst=$status
done
exit $worst
