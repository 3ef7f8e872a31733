# What the tests of virtual RNodes share: ml-air behind their back.

# rnodes ARG ...: it runs, its trace in trace and its messages in air.said; it is
# told what is written to descriptor 7, and ends with the test
rnodes() {
	rm -f told
	mkfifo told
	ml-air -d air "$@" <told >trace 2>air.said 3>&- &
	# shellcheck disable=SC2034 # for who loads this
	AIR=$!
	exec 7>told
	until_said '"event":"ready"'
}

# has FILE TEXT [N]: it stands there in N lines; lines FILE N: it has as many
has() { [ -e "$1" ] && [ "$(grep -c -- "$2" "$1")" -ge "${3-1}" ]; }
lines() { [ -e "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ]; }
until_said() { patiently has trace "$@"; }

# told COMMAND ...: each is done when this returns
told() {
	local n
	n=$(grep -cs 'no such command' air.said || true)
	printf '%s\n' "$@" none >&7
	patiently has air.said 'no such command' $((n + 1))
}

# end PROCESS ...: those that still run
end() {
	local p
	for p in "$@"; do
		kill "$p" 2>/dev/null || true
	done
	for p in "$@"; do
		wait "$p" || true
	done
}
