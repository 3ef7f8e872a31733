load helper

# Preloaded in front of a sanitizer's library, which then wants no more to come
# first.  It hands on what is asked for, memory too, so that all of this holds
# of that build as well.  Only leaks are not looked for: a tool that gives up
# leaves what it has to the system.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0:detect_leaks=0
SHIM=$BUILD/help/faults.so

# fault CALLS:N:HOW COMMAND ...: see tests/preload/faults.c
fault() { FAULT=$1 LD_PRELOAD=$SHIM "${@:2}"; }

# large FROM TO: {"kind":..,"payload":..} lines of 60 KB
large() {
	local text
	text=$(printf '%60000s' '' | tr ' ' x)
	for ((n = $1; n <= $2; n++)); do
		printf '{"kind":"note.add","payload":{"record_id":"R","text":"%s%d"}}\n' "$text" "$n"
	done
}

# doubt: what is in doubt by the first line of $stderr
doubt() { sed -n '1s/.*; the last \([0-9]*\) are in doubt$/\1/p' <<<"$stderr"; }

@test "faults: each call that can fail, fails: a sample" {
	count=40
	! grep -q __asan_init "$BUILD/ml-emit" || count=4	# it is slow to start
	run --separate-stderr "$ROOT/tests/torture/faults" -n $count -s 1
	echo "$stderr"
	[ "$status" = 0 ]
	[[ ${lines[-1]} =~ ^"faults: seed 1: "([0-9]+)" scenarios, "([0-9]+)" runs with a fault, 0 failed"$ ]]
	[ "${BASH_REMATCH[1]}" -ge 48 ]
	[ "${BASH_REMATCH[2]}" -ge $((count * 48)) ]
}

@test "faults: one failure is shown again, and no such scenario is an error" {
	run -0 "$ROOT/tests/torture/faults" -o emit:9:EIO
	[ "$output" = "faults: seed 1: 1 scenarios, 1 runs with a fault, 0 failed" ]
	run -2 "$ROOT/tests/torture/faults" -o nothing
}

@test "faults: a tool that says 0 whatever fails, or nothing, is caught" {
	mkdir base here
	events me 1 3 >base/log
	cat >liar <<-'END'
	#!/bin/sh
	ml-emit -a me log note R x
	exit 0
	END
	cat >mute <<-'END'
	#!/bin/sh
	exec ml-emit -a me log note R x 2>/dev/null
	END
	chmod +x liar mute
	cd here
	run -1 faults -a -c fsync -n 10 liar ../../base ../../liar
	[[ $output = *"(fsync): status 0, but it said: ml-emit: 0 events were stored"* ]]
	[[ $output = *"repeat: tests/torture/faults -o liar:"* ]]
	run -1 faults -a -c fsync -n 10 mute ../../base ../../mute
	[[ $output = *"(fsync): status 111 without a word"* ]]
	run -0 faults -a -c fsync -n 10 good ../../base ml-emit -a me log note R x
}

@test "fsync: one that fails is final for ml-emit, and the next run goes on" {
	large 1 40 >in
	for ((k = 1;; k++)); do
		rm -f log*
		run --separate-stderr fault "fsync:$k:EIO" ml-emit -a me log - <in
		[ "$status" != 0 ] || break
		[ "$status" = 111 ]
		printf '%s' "${output:+$output$'\n'}" >told
		n=$(wc -l <told)
		same - <(echo "$stderr") <<-END
		ml-emit: $n events were stored before this; the last $(doubt) are in doubt
		ml-emit: log: Input/output error
		END
		# no later group was begun
		[ "$(wc -l <log)" -le $((n + $(doubt))) ]
		same told <(head -n "$n" log)
		run -0 --separate-stderr ml-emit -a me log note R next
		[ -z "$stderr" ]
		run -0 ml-check log
	done
	[ "$k" -gt 4 ]			# three groups, and the folder
}

@test "fsync: one that fails is final for ml-ingest, and the next run goes on" {
	large 1 100 >batch
	ml-emit -a a made - <batch >in
	for ((k = 1;; k++)); do
		rm -f log*
		run --separate-stderr fault "fsync:$k:EIO" ml-ingest -v log in
		[ "$status" != 0 ] || break
		[ "$status" = 111 ]
		n=$(grep -c ^stored <<<"$output" || :)
		same - <(echo "$stderr") <<-END
		ml-ingest: $n new events were stored before this; the last $(doubt) are in doubt
		ml-ingest: log: Input/output error
		END
		[ "$(wc -l <log)" -le $((n + $(doubt))) ]
		same <(head -n "$n" in) <(head -n "$n" log)
		run -0 ml-ingest log in
		same in log
	done
	[ "$k" -gt 4 ]
}

# Each tool that answers from the log syncs first what a run has left in doubt:
# if that fails it does not answer.
@test "fsync: what is in doubt is synced before anybody is told" {
	for n in 3 900; do		# without an index, and with one
		rm -f log*
		events a 1 $n >in
		for tool in delta "ingest -v" emit; do
			rm -f log*
			head -n $((n - 1)) in >log
			ml-frontier log >/dev/null
			run -111 fault fsync:1:EIO ml-ingest log in
			case $tool in
			emit) set -- -a b log note R x ;;
			delta) set -- log ;;
			*) set -- log in ;;
			esac
			# shellcheck disable=SC2086
			run -111 --separate-stderr fault fsync:1:EIO ml-$tool "$@"
			[ -z "$output" ]
			[[ $stderr = *"log: Input/output error" ]]
			# shellcheck disable=SC2086
			run -0 ml-$tool "$@"
		done
	done
}

@test "fsync: a key's memory, a trust file, evidence and what is held" {
	ml-key new key >/dev/null
	# KEY.feed: the event is stored but not told, and the key goes on behind it
	ml-emit -k key log note R one >all
	for k in 1 2 3; do
		run -111 --separate-stderr fault "fsync:$k:EIO" ml-emit -k key log note R x
		[ -z "$output" ]
		[ "$(doubt)" = 1 ]
		run -0 ml-emit -k key log note R y
	done
	run -0 ml-check log
	[ ! -e key.feed.new ]
	ml-key trust log --plain a
	cp log.trust before
	run -111 --separate-stderr fault fsync:1:EIO ml-key trust log --plain b
	same <(echo "ml-key: $PWD/log.trust: Input/output error") <(echo "$stderr")
	same before log.trust
	[ ! -e log.trust.new ]
	# .held, then .refused: what came before is stored, and both are named
	events a 1 9 >a
	sed 's/"a 2"/"a x"/' a | sed -n 2p >bad
	{ sed -n 1p a; sed -n 5p a; } >held
	{ sed -n 2p a; cat bad; } >both
	run -111 --separate-stderr fault fsync:3:EIO ml-ingest log held
	same - <(echo "$stderr") <<-END
	ml-ingest: 1 new events were stored before this
	ml-ingest: $PWD/log.held: Input/output error
	END
	run -0 ml-ingest log held
	run -111 --separate-stderr fault fsync:5:EIO ml-ingest log both
	[[ $stderr = *"1 new events were stored before this"*"$PWD/log.refused: Input/output error" ]]
	run -1 ml-ingest log both
	run -0 ml-ingest log a
	run -0 ml-check log
}

@test "fsync: what could not be synced is written anew, as a later sync would lie" {
	ml-emit -a me log note R one >/dev/null
	cp log before
	run -111 --separate-stderr env FAULT=fsync:1:EIO DISK_TRACE="$PWD/trace" DISK_ROOT="$PWD" \
	    LD_PRELOAD="$BUILD/help/disk.so $SHIM" ml-emit -a me log note R two
	[ -z "$output" ]
	[ "$(grep -ao '"text":"two"' trace | wc -l)" = 2 ]
	run -0 ml-emit -a me log note R three
	same <(echo '{"me":3}') <(ml-frontier log)
	# where nothing can be synced it goes
	cp before log
	run -111 fault fsync:1+:EIO ml-emit -a me log note R two
	same before log
	large 1 40 >batch
	run -111 --separate-stderr fault fsync:3+:EIO ml-emit -a me log - <batch
	[ "${#lines[@]}" -gt 1 ]
	same <(printf '%s\n' "${lines[@]}") <(tail -n +2 log)
	run -0 ml-emit -a me log note R three
	# a tail that is whole and was mended is another's: it stays
	printf %s "$(ml-emit -a you other note R one)" >>log
	cp log whole && echo >>whole
	run -111 fault fsync:1+:EIO ml-emit -a me log note R four
	same whole log
	# beside it
	chain a 5 5 >early
	sed 's/"R-/"Q-/' early >bad
	ml-ingest log early 2>/dev/null
	cp log.held held
	run -111 fault fsync:1+:EIO ml-ingest log <(chain a 7 7)
	same held log.held
	run -1 ml-ingest log bad
	cp log.refused refused
	sed 's/"R-/"S-/' early >worse
	run -111 fault fsync:1+:EIO ml-ingest log worse
	same refused log.refused
}

@test "fsync: what another wrote and did not sync is synced before it is told as had" {
	events a 1 1 >mine
	events b 1 1 >other
	mkfifo in pause
	FAULT=fsync:3+:EIO LD_PRELOAD=$SHIM ml-ingest -v log in >told 2>said 3>&- &
	pid=$!
	exec 8>in
	cat mine >&8
	until [ -s told ]; do read -rt 0.01 _ <>pause || :; done
	run -137 env DISK_STOP=1 DISK_TRACE="$PWD/trace" DISK_ROOT="$PWD" \
	    LD_PRELOAD="$BUILD/help/disk.so" ml-ingest log other
	[ "$(wc -l <log)" = 2 ]
	cat other >&8
	exec 8>&-
	# not by run, whose shell is another and may come too early
	status=0
	wait $pid || status=$?
	[ $status -eq 111 ]
	[ "$(wc -l <told)" = 1 ]
}
