#!/bin/sh
# log.sh [FOLDER] - readings of a gauge as packets, over a bad link, into a log
# in which each stands once and in order.  FOLDER, which is new or empty, keeps
# all of it.
set -eu
folder=${1:-$(mktemp -d)}
if [ -e "$folder" ] && [ -n "$(ls -A "$folder")" ]; then
	echo "usage: log.sh [FOLDER], which is new or empty" >&2
	exit 2
fi
mkdir -p "$folder"
cd "$folder"

# The gauge: a packet is a number, a time, the reading's bytes in hex, and their
# CRC-32, which gzip writes behind what it packs.
sum() {
	printf %s "$1" | gzip -c | tail -c 8 | od -A n -t u4 -N 4 --endian=little |
		tr -d ' '
}
n=0
while [ "$n" -lt "${READINGS:-100}" ]; do
	reading="level $((200 + n * 7 % 30)) cm"
	printf '{"sequence":%d,"timestamp":%d.0,"payload":"%s","checksum":%s}\n' \
		"$n" $((1700000000 + 60 * n)) \
		"$(printf %s "$reading" | od -A n -t x1 -v | tr -d ' \n')" \
		"$(sum "$reading")"
	n=$((n + 1))
done >sent

# The link: it loses, repeats, delays and damages, and breaks down now and then.
# In the field this is a radio; whatever it is, -a tells it what is safe, and it
# hears what is to be sent again.
mkfifo requests
# shellcheck disable=SC2094 # a FIFO
until ml-noise -a -p state --termination 0.02 sent <requests |
	ml-journal -a -f 0 -S stats log >requests
do
	echo 'the link broke down'
done 2>said
echo "$(wc -l <log) of $n readings are logged"
