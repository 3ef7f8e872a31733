# What the tests of the base camp and of ml-sync-http share: camps, and contacts
# with them.
CAMP=$ROOT/examples/base-camp
TAB=$'\t'
member=(--cacert camp/teams/ca.pem -H @camp/teams/token)	# of the camp

# The keys are made once; each test has a camp of its own, on a port of its own.
setup_file() {
	"$CAMP/new.sh" "$BATS_FILE_TMPDIR/camp" 127.0.0.1 team_a
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	unset ML_CLOCK_MS ML_AUTHOR ML_KEY
	mkdir bin
	ln -s "$ROOT"/scripts/ml-* bin/
	export PATH=$PWD/bin:$PATH
	cp -r "$BATS_FILE_TMPDIR/camp" .
	log=camp/log/camp.jsonl
}

teardown() {
	cd "$BATS_TEST_TMPDIR"
	[ ! -e pids ] || kill $(tac pids) 2>/dev/null || true
	wait
}

# begin COMMAND ...: in the background, for teardown to end: its pid is $last
begin() {
	"$@" 3>&- 7>&- &
	last=$!
	echo $last >>pids
}

# start [listening's options]: the server, on $port; its pid is $server
start() {
	: >port
	begin listening "$@" "$CAMP/start.sh" camp >port 2>>camp.said </dev/null
	server=$last
	patiently [ -s port ]
	port=$(cat port)
	url=https://127.0.0.1:$port/camp
}

is_gone() { ! kill -0 "$1" 2>/dev/null; }

stop() {
	kill "${1--TERM}" "$server"
	wait "$server" || true
}

# raw PATH [curl options]: the status, the headers, the body, as they come
raw() {
	curl -sS --http1.1 -D head -o body -w '%{http_code}\n' --path-as-is \
	    "${member[@]}" "${@:2}" "$url$1" >status
	tr -d '\r' <head >head.lines
}
status() { cat status; }
header() { sed -n "s/^$1: //Ip" head.lines; }

# contact LOG [options]
contact() { ml-sync-http "$1" "$url" "${member[@]}" -w 50 "${@:2}"; }
spool_is_empty() { [ -z "$(ls -A camp/spool)" ]; }

# ends STATUS: the contact that was begun
ends() {
	local got=0
	wait "$client" || got=$?
	[ "$got" = "$1" ]
}
begin_contact() {
	begin ml-sync-http "$1" "$url" "${member[@]}" -w 50 "${@:2}"
	client=$last
}

same_set() { same <(ml-frontier -m "$1") <(ml-frontier -m "$2"); }

# hold_lock FILE: until let_go; its descriptor is 7
hold_lock() {
	mkfifo held.in held.out
	hold "$1" <held.in >held.out 3>&- &
	echo $! >>pids
	exec 7>held.in
	read -r _ <held.out
}
let_go() {
	exec 7>&-
	rm held.in held.out
}

# descend PID: it and all below it
descend() {
	local pid
	echo "$1"
	for pid in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do descend "$pid"; done
}

# named NAME: what the server runs under this name
named() {
	local pid
	for pid in $(descend "$server"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$1" ] || echo "$pid"
	done
}
runs() { [ -n "$(named "$1")" ]; }

# passes_on BYTES: the contact's ml-fetch has written so many
passes_on() {
	local pid
	for pid in $(descend "$client"); do
		if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = ml-fetch ]; then
			awk -v n="$1" '/^wchar/ { exit $2 < n }' "/proc/$pid/io"
			return
		fi
	done
	return 1
}
