load helper

# frontier WANTED-FILE LOG
frontier() { same <(json "$1") <(ml-frontier "$2" | json -); }

# heads LOG: its frontier, nothing said
heads() { ml-frontier "$1" 2>&1; }

# followed LOG WHAT: wait until WHAT stands in a file that somebody writes
followed() {
	for ((i = 0; i < 3000; i++)); do
		! grep -q "$2" "$1" || return 0
		read -rt 0.01 _ <>pause || :
	done
	return 1
}

@test "held: gaps filled one event a run: the golden frontiers and view" {
	s=$VECTORS/scenario-6-gaps
	run -0 --separate-stderr ml-ingest log "$s/log.jsonl"
	frontier "$s/frontier.json" log
	same "$s/view.json" <(ml-view log)
	[ -s log.held ]
	sed -n 1p "$s/missing.jsonl" | ml-ingest log
	frontier "$s/one-frontier.json" log
	for n in 2 3 4; do
		sed -n ${n}p "$s/missing.jsonl" | ml-ingest log
	done
	frontier "$s/filled-frontier.json" log
	same "$s/filled-view.json" <(ml-view log)
	[ ! -e log.held ]
	run -0 ml-check log
}

@test "held: gaps of events that lie in the log itself fill as well" {
	s=$VECTORS/scenario-6-gaps
	cp "$s/log.jsonl" log
	sed -n 1p "$s/missing.jsonl" | ml-ingest log
	frontier "$s/one-frontier.json" log
	for n in 4 2 3; do
		sed -n ${n}p "$s/missing.jsonl" | ml-ingest log
	done
	frontier "$s/filled-frontier.json" log
	same "$s/filled-view.json" <(ml-view log)
	[ ! -e log.held ]
}

@test "held: a tampered event replaced, in a new log and in the damaged one" {
	s=$VECTORS/scenario-5-tampered
	run -1 ml-ingest log "$s/log.jsonl"
	frontier "$s/frontier.json" log
	run -0 --separate-stderr ml-ingest log "$s/repair.jsonl"
	frontier "$s/repaired-frontier.json" log
	[ ! -e log.held ]

	cp "$s/log.jsonl" damaged
	run -0 --separate-stderr ml-ingest damaged "$s/repair.jsonl"
	frontier "$s/repaired-frontier.json" damaged
	[ ! -e damaged.held ]
	same <(ml-delta log 2>&1) <(ml-delta damaged 2>/dev/null)
	same <(ml-view log) <(ml-view damaged 2>/dev/null)
}

@test "held: what lies in the log behind a gap is not held a second time" {
	chain a 1 9 >all
	sed 4d all >log
	sed -n '5,9p' all >again
	run -0 --separate-stderr ml-ingest -v log again
	same <(for seq in 5 6 7 8 9; do printf 'held\ta\t%s\n' $seq; done) \
	    <(cut -f 1-3 <<<"$output")
	[ ! -e log.held ]
	run -0 ml-ingest log <(sed -n 4p all)
	same <(echo '{"a":9}') <(heads log)
}

@test "held: events ahead of a gap wait across runs, and enter when it fills" {
	chain a 1 9 >a
	for n in 9 5 3 7 4 8 2; do
		sed -n ${n}p a >in
		run -0 --separate-stderr ml-ingest -v log in
		same <(printf 'held\ta\t%s\t%s\n' $n "$(jq -r .i in)") <(echo "$output")
		same <(echo '{}') <(heads log)
	done
	same <(echo "ml-ingest: 0 new, 0 had, 7 held, 0 refused") <(echo "$stderr")
	same <(LC_ALL=C sort <(sed '1d;6d' a)) <(LC_ALL=C sort log.held)
	run -0 --separate-stderr ml-ingest log <(sed -n 1p a)
	same <(echo "ml-ingest: 5 new, 0 had, 3 held, 0 refused") <(echo "$stderr")
	same <(echo '{"a":5}') <(heads log)
	run -0 --separate-stderr ml-ingest log <(sed -n 6p a)
	same <(echo "ml-ingest: 4 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
	same a log
	[ ! -e log.held ]
}

@test "held: what was told held outlives kill -9" {
	chain a 1 50 >a
	mkfifo in pause
	ml-ingest -v log <in >out 3>&- &
	pid=$!
	exec 7>in
	sed -n '2,50p' a >&7
	followed out 'held.*a.50.'
	kill -9 $pid
	wait $pid || :
	exec 7>&-
	same <(echo '{}') <(heads log)
	run -0 --separate-stderr ml-ingest log <(sed -n 1p a)
	same <(echo "ml-ingest: 50 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
	same a log
	[ ! -e log.held ]
}

@test "held: a line of .held that a crash has cut costs that line" {
	chain a 1 9 >a
	ml-ingest log <(sed -n '3,6p' a)
	head -c -40 log.held >cut		# in the middle of event 6
	cp cut log.held
	# whether it is told is not for this test
	run ml-ingest log <(sed -n '8,9p' a)
	run ml-ingest log <(sed -n '1,2p' a)
	same <(echo '{"a":5}') <(heads log)
	run ml-ingest log <(sed -n '6,7p' a)
	same <(echo '{"a":9}') <(heads log)
	[ ! -e log.held ]
}

@test "held: a last line of .held that only lacks its newline counts" {
	chain a 1 9 >a
	ml-ingest log <(sed -n '3,6p' a)
	head -c -1 log.held >cut
	cp cut log.held
	run -0 ml-ingest log <(sed -n '7,9p' a)
	run -0 --separate-stderr ml-ingest log <(sed -n '1,2p' a)
	same <(echo "ml-ingest: 9 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
}

@test "held: what another program put into the log meanwhile is let go" {
	chain a 1 9 >a
	ml-ingest log <(sed -n '3,6p' a)
	sed -n '1,4p' a >>log
	run -0 --separate-stderr ml-ingest log <(sed -n 9p a)
	same <(echo '{"a":6}') <(heads log)
	run -0 ml-ingest log <(sed -n '7,8p' a)
	same a log
	[ ! -e log.held ]
}

@test "held: a second copy does not make the file grow" {
	chain a 3 40 >in
	ml-ingest log in
	cp log.held before
	run -0 --separate-stderr ml-ingest -v log in in
	same <(echo "ml-ingest: 0 new, 0 had, 38 held, 0 refused") <(echo "$stderr")
	same before log.held
}

@test "held: deleting .held costs a retransmission, nothing else" {
	chain a 1 9 >a
	ml-ingest log <(sed -n '3,9p' a)
	rm log.held
	run -0 ml-ingest log <(sed -n '1,2p' a)
	same <(echo '{"a":2}') <(heads log)
	run -0 ml-ingest log a
	same a log
}

@test "held: forks among held events: one branch enters, the other is evidence" {
	chain -f 3 team 1 6 >a
	chain -f 3 -s other team 3 6 >b
	ml-ingest log <(sed -n '3,6p' a) b
	same <(LC_ALL=C sort <(sed '1,2d' a) b) <(LC_ALL=C sort log.held)
	run -1 --separate-stderr ml-ingest log <(sed -n '1,2p' a)
	same <(echo '{"team":6}') <(heads log)
	same a log
	grep -qF '6 new, 0 had, 0 held, 4 refused; forked: team (see ml-check)' <<<"$stderr"
	same <(echo 4) <(grep -c ': an event that was held: ' <<<"$stderr")
	same <(LC_ALL=C sort b) <(jq -r .text log.refused | LC_ALL=C sort)
	grep -q "fork: .*seq 3: .*$(jq -r .i a | sed -n 3p).*$(jq -r .i b | sed -n 1p)" log.refused
	[ ! -e log.held ]
}

@test "held: 4000 events of a fork at held-back seqs" {
	chain -f 2 team 1 2001 >a
	chain -f 2 -s other team 2 2001 >b
	sed 1d a | cat - b | shuf --random-source=<(yes 4) >in
	run -0 --separate-stderr ml-ingest log in
	same <(echo "ml-ingest: 0 new, 0 had, 4000 held, 0 refused") <(echo "$stderr")
	run -1 --separate-stderr ml-ingest log <(sed -n 1p a)
	tail -n 1 <<<"$stderr" | grep -q ' 0 held, .*; forked: team '
	[ ! -e log.held ]
	# the branch that came first is whole
	same <(echo '{"team":2001}') <(heads log)
	cmp -s a log || same b <(sed 1d log)
	same <(echo 2000) <(wc -l <log.refused)
}

@test "held: 20000 events in scrambled order" {
	{ chain a 1 10000; chain b 1 10000; } >all
	shuf --random-source=<(yes 20) all >in
	run -0 --separate-stderr ml-ingest log in
	same <(echo "ml-ingest: 20000 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
	same <(echo '{"a":10000,"b":10000}') <(heads log)
	[ ! -e log.held ]
	[ ! -e log.refused ]
	tac all >in
	run -0 ml-ingest log2 in
	same <(ml-delta log) <(ml-delta log2)
}

@test "held: a line of nonsense in .held: said with its number, the rest is used" {
	chain a 1 6 >a
	ml-ingest log <(sed -n '3,6p' a)
	{ sed -n '1,2p' log.held; echo 'what is this'; sed -n '3,4p' log.held; } >held
	sed -n 6p a | sed 's/"s":6/"s":7/' >>held
	cp held log.held
	run -1 --separate-stderr ml-ingest log <(sed -n '1,2p' a)
	log=$(realpath log)
	same - <(echo "$stderr") <<-END
	ml-ingest: $log.held:3: not JSON: no value where one is due
	ml-ingest: $log.held:6: id: does not match the content
	ml-ingest: 6 new, 0 had, 0 held, 2 refused
	END
	same a log
	same <(sed -n '3p;6p' held) <(jq -r .text log.refused)
	[ ! -e log.held ]
}

@test "held: nonsense in .held leaves it with the first run that sees it" {
	chain a 1 6 >a
	ml-ingest log <(sed -n '3,6p' a)
	echo 'what is this' >>log.held
	run -1 --separate-stderr ml-ingest log <(sed -n 1p a)
	run -0 --separate-stderr ml-ingest log <(sed -n 1p a)
	same <(echo "ml-ingest: 0 new, 1 had, 4 held, 0 refused") <(echo "$stderr")
	run -1 grep what log.held
	run -0 ml-ingest log <(sed -n 2p a)
	same a log
}

@test "held: a flood over 64 MiB of one author does not keep its true events out" {
	chain -b 250000 -s flood a 2 290 >flood
	run -1 --separate-stderr ml-ingest log flood
	grep -qE '^ml-ingest: 0 new, 0 had, [0-9]+ held, 0 refused, [0-9]+ dropped \(.held is full\)$' <<<"$stderr"
	held=$(sed 's/.* \([0-9]*\) held.*/\1/' <<<"$stderr")
	[ $((held * 250000)) -le $((64 * 1024 * 1024)) ]
	# what stands next to the head stays
	same <(head -n 200 flood | cksum) <(head -n 200 log.held | cksum)
	rm flood
	chain -b 250000 a 1 30 >true
	run --separate-stderr ml-ingest log true
	same <(echo '{"a":30}') <(heads log)
	same <(cksum <true) <(cksum <log)
}

@test "held: the file of one greedy author stays near 64 MiB" {
	chain -b 250000 a 2 290 | run -1 ml-ingest log
	size=$(wc -c <log.held)
	same <(echo "at most 65 MiB") \
	    <([ "$size" -le $((65 * 1024 * 1024)) ] && echo "at most 65 MiB" || echo "$size bytes")
}

@test "held: a full .held of one author does not keep another's events out" {
	chain -b 250000 a 2 270 >flood
	run -1 ml-ingest log flood
	chain b 1 20 >b
	run -0 ml-ingest log <(tac b)
	same <(echo '{"b":20}') <(heads log)
	run -0 --separate-stderr ml-ingest log <(chain -b 250000 a 1 1)
	[ "$(ml-frontier log | jq .a)" -gt 200 ]
	run -0 ml-ingest log flood
	same <(echo '{"a":270,"b":20}') <(heads log)
	[ ! -e log.held ]
}

@test "refused: 16 MiB of evidence, then the oldest goes" {
	for n in $(seq 1 75); do
		chain -b 250000 -s "$n" a 1 1
	done >in
	run -1 --separate-stderr ml-ingest log in
	grep -q '^ml-ingest: 1 new, 0 had, 0 held, 74 refused; forked: a ' <<<"$stderr"
	size=$(wc -c <log.refused)
	[ "$size" -le $((16 * 1024 * 1024)) ]
	[ "$size" -gt $((7 * 1024 * 1024)) ]
	# whole lines, the newest last
	jq -r .text log.refused >kept
	same <(tail -n "$(wc -l <kept)" in | cksum) <(cksum <kept)
	[ ! -e log.refused.new ]
	run -1 ml-check log
	grep -q ' fork' <<<"$output"
}

@test "refused: the same fork is kept once, in one run and in two" {
	chain a 1 1 >a
	chain -s other a 1 1 >b
	run -1 ml-ingest log a b b a b
	same <(echo 1) <(wc -l <log.refused)
	run -1 ml-ingest log b
	run -1 env ML_CLOCK_MS=1800000005000 ml-ingest log b
	same <(echo 1) <(wc -l <log.refused)
	same b <(jq -r .text log.refused)
}

@test "a tail of .held that a crash has cut is no damage once more is held" {
	events a 1 5 >all
	run -0 ml-ingest log <(sed -n 3p all)
	head -c 90 <(sed -n 4p all) >>log.held
	# it dies before .held is written anew
	run -0 norename ml-ingest log <(sed -n 5p all)
	same <(sed -n '3p;5p' all) log.held
	run -0 ml-check log
	run -0 --separate-stderr ml-ingest log all
	same <(echo "ml-ingest: 5 new, 2 had, 0 held, 0 refused") <(echo "$stderr")
}
