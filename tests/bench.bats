load helper

export BENCH_EVENTS=2000 BENCH_LARGE=5000 BENCH_RUNS=1 BENCH_SECONDS=0.1
# A sanitizer's library wants to come before one that is preloaded.
export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0

# Nothing here judges what is measured.

# What each row says, what its figure is of, and its target.
rows() {
	cat <<-'END'
	SHA-256 of the bodies, one core | events/s | -
	SHA-256 of the bodies, all cores at once | times one core | -
	Ed25519, seals of the bodies, one core | seals/s | -
	start: a program that does nothing | ms | -
	start: ml-frontier empty.jsonl | ms over doing nothing | <= 0.3
	start: ml-delta empty.jsonl | ms over doing nothing | <= 0.3
	start: ml-delta empty.jsonl frontier | ms over doing nothing | <= 0.3
	start: ml-view empty.jsonl | ms over doing nothing | <= 0.3
	start: ml-check empty.jsonl | ms over doing nothing | <= 0.3
	start: ml-ingest empty.jsonl | ms over doing nothing | <= 0.3
	start: ml-emit empty.jsonl - | ms over doing nothing | <= 0.3
	start: ml-key list empty.jsonl | ms over doing nothing | <= 0.3
	start: ml-key show key | ms over doing nothing | <= 0.3
	index made of 5000 | of SHA-256 on all cores | >= 0.7
	index of 5000 | % of the log | <= 10
	ml-frontier of 1000 | ms | <= 5
	ml-frontier of 5000 | ms | <= 5
	ml-frontier of 5000 | times that of N | <= 1.5
	ml-frontier of 5000 | MB read or mapped | <= 1
	ml-frontier of 5000 | MiB at its peak | <= 8
	ml-delta, 10 events of 1000 | ms | <= 5
	ml-delta, 10 events of 5000 | ms | <= 5
	ml-delta, 10 events of 5000 | times that of N | <= 1.5
	ml-delta, 10 events of 5000 | MB read or mapped | <= 1
	ml-delta, 10 events of 5000 | MiB at its peak | <= 8
	ml-delta, all of 5000 | million events/s | -
	ml-delta, 1000 of 5000 | per event, times that of all | <= 1.5
	ml-delta, 200 of 5000 | per event, times that of all | <= 1.5
	ml-delta, 2000 of 5000 | per event, times that of all | <= 1.5
	cat of that into a pipe | MB/s | -
	ml-delta, 2000 of 5000 into a pipe | of cat's rate | >= 0.5
	cat of that into a file | MB/s | -
	ml-delta, 2000 of 5000 into a file | of cat's rate | >= 0.5
	cat of that into /dev/null | MB/s | -
	ml-delta, 2000 of 5000 into /dev/null | of cat's rate | >= 0.5
	ml-view, 200 records, 200 events | bytes at its peak a byte shown | -
	ml-view, 200 records, 2000 events | s | <= 2
	ml-view, 200 records, 2000 events | peak a byte shown, to the above | <= 1
	ml-view, one record of 5000 events | ms | <= 10
	ml-emit less syncs of 1000 | ms | <= 5
	ml-emit less syncs of 5000 | ms | <= 5
	ml-emit less syncs of 5000 | times that of N | <= 1.5
	ml-emit less syncs of 5000 | MB read or mapped | <= 1
	ml-emit less syncs of 5000 | MiB at its peak | <= 8
	ml-ingest, 2000, no seals | of SHA-256 on one core | >= 0.5
	ml-ingest, 2000, no seals | MiB at its peak | <= 32
	ml-ingest, 2000, no seals | syncs a group, of N | <= 1.1
	ml-check, 2000, no seals | of hashes, seals on all cores | >= 0.8
	ml-ingest, 2000, every 32nd sealed | of SHA-256 on one core | >= 0.3
	ml-ingest, 2000, every 32nd sealed | MiB at its peak | <= 32
	ml-ingest, 2000, every 32nd sealed | syncs a group, of N | <= 1.1
	ml-check, 2000, every 32nd sealed | of hashes, seals on all cores | >= 0.8
	ml-ingest, 2000, every event sealed | of SHA-256 on one core | >= 0.3
	ml-ingest, 2000, every event sealed | MiB at its peak | <= 32
	ml-ingest, 2000, every event sealed | syncs a group, of N | <= 1.1
	ml-check, 2000, every event sealed | of hashes, seals on all cores | >= 0.8
	ml-ingest, 2000 that are there | of the rate in order | >= 2
	ml-gossip, 2000 to a new peer | of ml-ingest's rate | >= 0.5
	ml-gossip, two that hold the same 2000 | ms | <= 20
	ml-ingest, 2000 in random order | of the rate in order | >= 0.25
	cat | times ml-delta | -
	cp, not synced | times ml-ingest | -
	sort, not synced | times ml-ingest, random order | -
	sha256sum | times ml-check | -
	wc -l | times ml-frontier | -
	jq: count the events | times ml-frontier | -
	grep: events of a record | times ml-view of a record | -
	jq: events of a record | times ml-view of a record | -
	sqlite3: import, two indexes, synced | times ml-ingest | -
	sqlite3: events of a record | times ml-view of a record | -
	sqlite3: last seq of each author | times ml-frontier | -
	sqlite3: insert an event, synced | times ml-emit | -
	END
}

@test "bench -j: each row, as a JSON line" {
	run -0 --separate-stderr "$ROOT/scripts/bench" -j "$BUILD"
	[ -z "$stderr" ]
	jq -r 'select(.figure | type == "number") |
	    "\(.what) | \(.unit | sub("of [0-9]+$"; "of N")) | " +
	    if .at_most then "<= \(.at_most)"
	    elif .at_least then ">= \(.at_least)" else "-" end' <<<"$output" >got
	same <(rows) got
	run -0 jq -r 'select(.cores).large' <<<"$output"
	[ "$output" = 5000 ]
}

@test "bench: each row, as text; nothing stays behind" {
	mkdir tmp
	TMPDIR=$PWD/tmp run -0 --separate-stderr "$ROOT/scripts/bench" "$BUILD"
	[ -z "$stderr" ]
	same <(rows | sed 's/ | .*//') <(sed -n '5,$s/   *[-0-9].*//p' <<<"$output")
	[ -z "$(ls tmp)" ]
}

@test "bench: ended early, nothing stays behind" {
	mkdir tmp
	mkfifo rows
	TMPDIR=$PWD/tmp "$ROOT/scripts/bench" "$BUILD" >rows 3>&- &
	exec 7<rows
	read -r _ <&7		# the logs are there
	[ -n "$(ls tmp)" ]
	kill $!
	status=0
	wait $! || status=$?
	[ "$status" = 1 ]
	[ -z "$(ls tmp)" ]
}

@test "bench: no place for the logs: how much there would have to be" {
	BENCH_LARGE=1000000000000 run -111 "$ROOT/scripts/bench" "$BUILD"
	[[ $output == 'bench: 267028'*' MiB are needed in '*' are free' ]]
}

@test "bench: one build; a large log that is larger" {
	run -2 "$ROOT/scripts/bench"
	[[ $output == usage:* ]]
	run -2 "$ROOT/scripts/bench" "$PWD"
	[[ $output == usage:* ]]
	BENCH_LARGE=1999 run -2 "$ROOT/scripts/bench" "$BUILD"
	same <(echo 'bench: BENCH_EVENTS is 1000 or more, and BENCH_LARGE no less') <(echo "$output")
}
