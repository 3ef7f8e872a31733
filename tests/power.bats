load helper

# What is preloaded comes before ASan's own library: it is told not to mind.
# What a checker has read and not given back when it is done, is no leak.
export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0:detect_leaks=0

@test "power: what was told is on the disk, however the power is lost" {
	n=400
	[[ $BUILD != */san ]] || n=100	# what is sanitized takes six times as long
	run --separate-stderr "$ROOT/tests/torture/power" -n $n -s 1
	echo "$stderr"
	[ "$status" = 0 ]
	[[ $output =~ ^power:\ seed\ 1:\ 20\ scenarios,\ $n\ states\ of\ [0-9]{5},\ 0\ failed$ ]]
}

@test "power: a disk that lies is found out, and again when that is repeated" {
	export DISK_LIES=1
	run -1 --separate-stderr "$ROOT/tests/torture/power" -n 20 new
	grep -q '^power: new: powercheck: told, and ' <<<"$stderr"
	repeat=$(grep -m 1 '^repeat: ' <<<"$stderr")
	cd "$ROOT"
	# shellcheck disable=SC2086
	run -1 --separate-stderr ${repeat#repeat: }
	grep -q '^power: new: powercheck: told, and ' <<<"$stderr"
	grep -q '1 scenarios, 1 states of' <<<"$output"
}

@test "power: an ml-emit that is killed before a sync has told of nothing" {
	mkdir disk
	for n in 1 2; do
		run -137 --separate-stderr env DISK_STOP=$n DISK_TRACE="$PWD/trace" \
		    DISK_ROOT="$PWD/disk" LD_PRELOAD="$BUILD/help/disk.so" \
		    ml-emit -a me disk/log note R one
		[ -z "$output" ]
	done
	same <(echo '{"me":2}') <(ml-frontier disk/log)
}

@test "power: a new log of which some bytes are there, and the length" {
	for begun in '' '{' '{"a' '{"a":"m'; do
		{ printf '%s' "$begun"; head -c 100 /dev/zero; } >log
		run -0 --separate-stderr ml-emit -a me log note R one
		same <(echo "ml-emit: log: cut a torn tail of $((100 + ${#begun})) bytes, kept in .refused") \
		    <(echo "$stderr")
		same log <(echo "$output")
	done
	{ printf '{"b'; head -c 100 /dev/zero; } >log
	run -2 ml-emit -a me log note R one
}
