# What the tests of radios share: ml-radio on virtual RNodes.
load virtual

# what is freed is not kept, so that memory can be measured
export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0:quarantine_size_mb=0:thread_local_quarantine_size_kb=0

# air SPEED ARG ...: virtual RNodes that are so fast.  RADIO is what ml-radio is
# called by: with its usual settings, and as fast, or HURRY times as fast.
air() {
	RADIO=(env "LD_PRELOAD=$BUILD/help/hurry.so" "HURRY=${HURRY-$1}"
	    "ML_RADIO=-f 867.2M --duty none --ledger ledger" ml-radio)
	rnodes --speed "$@"
}

radio() { "${RADIO[@]}" "$@"; }

# listen NODE ARG ...: one that receives into heardNODE, in the background until
# it is told to end; it is up when this returns
listen() {
	"${RADIO[@]}" -p "air/rnode$1" -r -v "${@:2}" >"heard$1" 2>"events$1" 3>&- 6>&- 7>&- &
	LISTENERS+=" $!"
	patiently has "events$1" '"event":"up"'
}

# carry NODE ARG ...: one that carries what is written to descriptor 6 for as
# long as it is open, in the background as CARRIER
carry() {
	rm -f given
	mkfifo given
	"${RADIO[@]}" -p "air/rnode$1" -v "${@:2}" <given >"heard$1" 2>"events$1" 3>&- 6>&- 7>&- &
	CARRIER=$!
	exec 6>given
}
# carried STATUS: it ends, and so
carried() {
	local status=0
	wait "$CARRIER" || status=$?
	CARRIER=
	[ "$status" -eq "$1" ]
}
# delivered: all is given to it, and it ends with that, content
delivered() {
	exec 6>&-
	carried 0
}

# plain NODE: what it said for people
plain() { grep -v '^{' "events$1"; }

# is_gone PROCESS
is_gone() { ! kill -0 "$1" 2>/dev/null; }

# hush: end those that listen, which must be content
hush() {
	local p
	for p in $LISTENERS; do
		kill "$p"
		wait "$p"
	done
	LISTENERS=
}

# frames N BYTES [FROM]: N different frames of so many bytes, as lines
frames() {
	awk -v n="$1" -v len="$2" -v from="${3-0}" 'BEGIN {
		digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		chars = int((len * 4 + 2) / 3)
		for (i = from; i < from + n; i++) {
			line = ""
			for (k = i; length(line) < chars - 1 && k > 0; k = int(k / 64))
				line = line substr(digits, k % 64 + 1, 1)
			while (length(line) < chars)
				line = line "A"
			print line
		}
	}'
}

# heard FILE: the frames alone
heard() { cut -f 1 "$1"; }

# sound: ml-air ends as told, no host has done what it should not, and
# no radio is left on
sound() {
	local status=0 refused=0
	[ ! -s air.said ] || refused=1
	echo quit >&7
	wait "$AIR" || status=$?
	AIR=
	[ "$status" -eq "$refused" ]
	same /dev/null <(grep '"event":"violation"' trace)
	jq -es 'last | .event == "end" and .violations == 0' trace >/dev/null
	all_off
}
all_off() {
	jq -es 'reduce .[] as $e ({}; if $e.event == "on" then .["\($e.node)"] = 1
		elif $e.event | IN("off", "boot", "reboot", "unplug", "hangup") then
			.["\($e.node)"] = 0
		else . end) | [.[]] | add // 0 | . == 0' trace >/dev/null
}

teardown() {
	# shellcheck disable=SC2086 # one, several or none
	end ${LISTENERS-} ${CARRIER-} ${AIR-}
}
