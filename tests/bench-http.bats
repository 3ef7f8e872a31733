load helper

# Nothing here judges what is measured; a fifth of a second is too short for most.
export BENCH_SIZE=100000 BENCH_REQUESTS=200 BENCH_RUNS=1 BENCH_SECONDS=0.2
# who gets a signal while he looks for leaks may do so for ever
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0

# What each row says, of whom, what its figure is of, and its target.
rows() {
	local what client target
	while read -r what; do
		for client in ml-fetch curl wget aria2c; do
			case $client,$what in
			*short* | [!m]*) target=- ;;
			*) target='<= 1.05' ;;
			esac
			echo "$what | $client | bytes over size | $target"
		done
	done <<-'END'
	unbroken
	503 three times
	429, Retry-After: 1
	cut after every 65536
	stalls once
	length too long once
	length too short once
	END
	echo '200 small files, 16 at once | curl | requests/s | -'
	echo "200 small files, 16 at once | ml-fetch | of curl's rate | >= 1"
}

@test "bench-http -j: each row, as a JSON line; nothing stays behind" {
	mkdir tmp
	TMPDIR=$PWD/tmp run -0 --separate-stderr "$ROOT/scripts/bench-http" -j "$BUILD"
	[ -z "$stderr" ]
	jq -r 'select(.figure | type == "number") |
	    "\(.what) | \(.client) | \(.unit) | " +
	    if .at_most then "<= \(.at_most)"
	    elif .at_least then ">= \(.at_least)" else "-" end' <<<"$output" >got
	same <(rows) got
	# what is not broken, everybody gets, no byte of it twice
	run -0 jq -c 'select(.what == "unbroken") | [.whole, .figure, .times_ideal]' <<<"$output"
	same <(printf '["yes",1,1]\n%.0s' 1 2 3 4) <(echo "$output")
	[ -z "$(ls tmp)" ]
}

@test "bench-http: each row, as text" {
	run -0 --separate-stderr "$ROOT/scripts/bench-http" "$BUILD"
	[ -z "$stderr" ]
	same <(rows | sed 's/ | .*//') <(sed -n '5,$s/  *\(ml-fetch\|curl\|wget\|aria2c\) .*//p' <<<"$output")
}

@test "bench-http: ended early, nothing stays behind" {
	mkdir tmp
	mkfifo rows
	TMPDIR=$PWD/tmp "$ROOT/scripts/bench-http" "$BUILD" >rows 3>&- &
	exec 7<rows
	read -r _ <&7
	[ -n "$(ls tmp)" ]
	kill $!
	status=0
	wait $! || status=$?
	[ "$status" = 1 ]
	[ -z "$(ls tmp)" ]
}

@test "bench-http: one build, with ml-fetch in it" {
	run -2 "$ROOT/scripts/bench-http"
	[[ $output == usage:* ]]
	run -2 "$ROOT/scripts/bench-http" "$PWD"
	[[ $output == usage:* ]]
}
