#!/bin/sh
# camp.cgi - the log of a base camp, for who comes by HTTP.  camp.conf runs it.
#
#	GET  /frontier	what the log has: a frontier message
#	POST /frontier	of who sends a frontier: the events that he lacks
#	POST /events	take these in: a verdict for each
#
# Nothing of a request is a file's name or a word of the shell: method, path,
# query and validators are compared with constants, lengths are digits, and the
# body goes from standard input into a tool.  One writer at a time: the log's own
# lock sees to that; who had to wait for too long is told to come again.
set -u
umask 077
export LC_ALL=C
log=$CAMP/log/camp.jsonl
body_max=16777216		# as server.max-request-size in camp.conf
patience=3			# seconds for the lock
nl='
'

# answer STATUS TYPE [HEADER ...]: the body follows
answer() {
	printf 'Status: %s\r\nContent-Type: %s\r\n' "$1" "$2"
	shift 2
	[ $# -eq 0 ] || printf '%s\r\n' "$@"
	printf '\r\n'
}

# refuse STATUS REASON [HEADER ...]
refuse() {
	reason=$2
	status=$1
	shift 2
	answer "$status" text/plain "$@"
	printf '%s\n' "$reason"
	exit 0
}

full() { refuse '507 Insufficient Storage' 'the disk is full' 'Retry-After: 60'; }

# failed STATUS: of a tool, which has said why in the server's log
failed() {
	[ "$1" -ne 111 ] ||
		refuse '503 Service Unavailable' 'busy, or a disk fails' 'Retry-After: 5'
	refuse '500 Internal Server Error' "see the server's log"
}

# A folder for one request; what a killed one leaves goes when the server starts.
# The server ends who has said all, so a signal comes just when the shell leaves:
# it breaks the trap on EXIT off, and must do the same.
sweep() { [ -z "$dir" ] || rm -rf "$dir"; }
make_scratch() {
	dir=
	trap sweep EXIT
	trap 'trap "" HUP INT PIPE TERM; sweep; exit 1' HUP INT PIPE TERM
	dir=$(mktemp -d "$CAMP/spool/XXXXXXXX") || full
}

# tag TEXT ...: their etag
tag() {
	sum=$(printf '%s\n' "$@" | sha256sum)
	[ "${#sum}" -gt 64 ] || failed 111
	etag="\"${sum%% *}\""
}

# know ETAG: 304 if the client has it
know() {
	case ${HTTP_IF_NONE_MATCH-} in
	'*' | *"$1"*)
		answer '304 Not Modified' text/plain "ETag: $1" 'Cache-Control: no-cache'
		exit 0
		;;
	esac
}

get_frontier() {
	base=$(ml-frontier -m "$log") || failed $?
	tag "$base"
	know "$etag"
	answer '200 OK' application/json "ETag: $etag" 'Cache-Control: no-cache'
	printf '%s\n' "$base"
}

# What lies beyond the frontier in "own" into "delta", and its etag: made of
# both frontiers, so it is that of these very bytes if the log has not grown
# while they were written.  Of one that grows all the time there is none.
make_delta() {
	own=$(sha256sum <"$dir/own") || failed 111
	tries=0
	until [ $((tries += 1)) -gt 3 ]; do
		base=$(ml-frontier -m "$log") || failed $?
		tag "$own" "$base"
		know "$etag"
		status=0
		said=$(ml-delta "$log" - 2>&1 <"$dir/own" >"$dir/delta") || status=$?
		[ "$status" -eq 0 ] || no_delta
		[ "$base" != "$(ml-frontier -m "$log")" ] || return 0
	done
	etag=
}

no_delta() {
	case $said in
	*"$nl"*) ;;
	'ml-delta: -: '*) refuse '400 Bad Request' "${said#ml-delta: -: }" ;;
	*': No space left on device' | *': File too large') full ;;
	esac
	printf '%s\n' "$said" >&2
	failed "$status"
}

# Byte N, if it is asked for "bytes=N-" of what has this etag; else 0.
first_byte() {
	from=${HTTP_RANGE-}
	from=${from#bytes=}
	case ${HTTP_RANGE-} in bytes=*-) from=${from%-} ;; *) from=0 ;; esac
	case $from in '' | 0?* | *[!0-9]* | ????????????????*) from=0 ;; esac
	[ -n "$etag" ] && [ "${HTTP_IF_RANGE-$etag}" = "$etag" ] || from=0
}

post_frontier() {
	make_scratch
	cat >"$dir/own" || full
	make_delta
	first_byte
	size=$(wc -c <"$dir/delta") || failed 111
	set -- application/x-ndjson 'Cache-Control: no-cache'
	[ -z "$etag" ] || set -- "$@" "ETag: $etag" 'Accept-Ranges: bytes'
	if [ "$from" -eq 0 ]; then
		answer '200 OK' "$@" "Content-Length: $size"
	elif [ "$from" -lt "$size" ]; then
		answer '206 Partial Content' "$@" "Content-Length: $((size - from))" \
		    "Content-Range: bytes $from-$((size - 1))/$size"
	else
		refuse '416 Range Not Satisfiable' 'no such byte' "Content-Range: bytes */$size"
	fi
	tail -c "+$((from + 1))" "$dir/delta"
}

post_events() {
	make_scratch
	# the first that it says of the input, its last line, its status
	said=$({
		ml-ingest -v -w "$patience" "$log" 2>&1 >"$dir/verdicts"
		echo $?
	} | awk '
		sub(/^ml-ingest: -:/, "line ") && NR <= 20 { print }
		{ before = last; last = $0 }
		END { print before; print last }')
	status=${said##*"$nl"}
	said=${said%"$nl"*}
	summary=${said##*"$nl"}
	case $summary in
	*': No space left on device'* | *': File too large'*) full ;;
	esac
	case $status in
	0 | 1) ;;
	*) printf '%s\n' "$summary" >&2
		failed "$status" ;;
	esac
	# what has no verdict was no event
	refused=$(printf '%s\n' "$summary" |
		sed -n 's/^ml-ingest: [0-9]* new, [0-9]* had, [0-9]* held, \([0-9]*\) refused.*/\1/p')
	if [ "${refused:-0}" -gt "$(grep -c '^refused	' "$dir/verdicts")" ]; then
		answer '400 Bad Request' 'text/plain; charset=utf-8'
		printf '%s\n' "$said"
	else
		size=$(wc -c <"$dir/verdicts") || failed 111
		answer '200 OK' 'text/plain; charset=utf-8' "Content-Length: $size"
		cat "$dir/verdicts"
	fi
}

case "${REQUEST_METHOD-} ${PATH_INFO-}" in
'GET /frontier' | 'HEAD /frontier') run=get_frontier ;;
'POST /frontier') run=post_frontier ;;
'POST /events') run=post_events ;;
*' /frontier') refuse '405 Method Not Allowed' 'GET or POST' 'Allow: GET, HEAD, POST' ;;
*' /events') refuse '405 Method Not Allowed' 'POST' 'Allow: POST' ;;
*) refuse '404 Not Found' '/frontier or /events' ;;
esac
[ -z "${QUERY_STRING-}" ] || refuse '400 Bad Request' 'no query is known here'
case ${CONTENT_LENGTH:-0} in
*[!0-9]*) refuse '400 Bad Request' 'Content-Length: no number' ;;
?????????*) refuse '413 Content Too Large' 'over 16 MiB' ;;
esac
[ "${CONTENT_LENGTH:-0}" -le "$body_max" ] || refuse '413 Content Too Large' 'over 16 MiB'

[ -e "$log" ] || touch "$log" || full
"$run"
