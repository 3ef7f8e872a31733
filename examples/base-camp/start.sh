#!/bin/sh
# start.sh FOLDER - run the server of a base camp that new.sh has made, until it
# is ended by SIGTERM or, when all who are being served have been, by SIGINT.
set -eu
if [ $# -ne 1 ] || [ ! -r "$1/camp.env" ]; then
	echo 'usage: start.sh FOLDER, which new.sh has made' >&2
	exit 2
fi
set -a
umask 077
CAMP=$(cd "$1" && pwd)
CAMP_PROGRAMS=$(dirname "$(readlink -f "$0")")
# shellcheck disable=SC1091 # it is made by new.sh
. "$CAMP/camp.env"
rm -rf "$CAMP/spool"		# what was under way when the last one died
mkdir "$CAMP/spool"
exec lighttpd -D -f "$CAMP_PROGRAMS/camp.conf"
