# What the tests share.  Each runs in a folder of its own, which bats removes.
bats_require_minimum_version 1.5.0
VECTORS=$ROOT/tests/vectors

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	export ML_CLOCK_MS=1800000000000
}

# same WANTED-FILE GOT-FILE
same() { diff -u --label wanted --label got "$1" "$2"; }

# json FILE: in one spelling, to compare by meaning
json() { jq -cS . "$1"; }

# events AUTHOR FROM TO: as many notes of one author, as wire lines on stdout
events() {
	local log=$BATS_TEST_TMPDIR/events-$1.jsonl have=0
	[ ! -e "$log" ] || have=$(wc -l <"$log")
	if [ "$have" -lt "$3" ]; then
		for ((n = have + 1; n <= $3; n++)); do
			printf '{"kind":"note.add","payload":{"record_id":"R-%s","text":"%s %s"}}\n' $((n % 5)) "$1" "$n"
		done | ml-emit -a "$1" "$log" - >/dev/null
	fi
	sed -n "$2,$3p" "$log"
}

# patiently COMMAND ...: until it succeeds, two minutes at the most
patiently() {
	local tries=0
	until "$@"; do
		[ $((tries += 1)) -lt 12000 ] || return 1
		sleep 0.01
	done
}

# plainly COMMAND ...: also as root, file modes count
plainly() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --bounding-set=-dac_override,-dac_read_search \
		    --inh-caps=-dac_override,-dac_read_search "$@"
	else
		"$@"
	fi
}
