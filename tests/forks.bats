load helper

key() { (umask 077; head -c 64 /dev/zero | tr '\0' "\\$2" >"$1"); }
id_of() { ml-key show -j "$1" | jq -r .id; }
seq_of() { ml-frontier "$2" 2>/dev/null | jq --arg a "$(id_of "$1")" '.[$a] // 0'; }
says() { same <(printf '%s\n' "$@") <(printf '%s\n' "$stderr"); }
BEHIND="this log is behind what the key has written: get the rest from a peer first"
OTHER="this log has another event than the key has written: the feed is forked"
GAP="events of this key lie behind a gap: get the missing one from a peer first"
ELSEWHERE="the key has sealed events that this log's feed does not have: it was used elsewhere"
COST="what is written now forks the feed, and whoever sees both says so"

# emit LOG TEXT: one note by key k
emit() { ml-emit -k k "$1" note R "$2"; }

# refuses LOG WHY: ml-emit does, and changes nothing
refuses() {
	[ ! -e "$1" ] || cp "$1" before
	cp k.feed feed-before
	run -2 --separate-stderr emit "$1" x
	says "ml-emit: $1: $2"
	[ -z "$output" ]
	if [ -e before ]; then same before "$1"; else [ ! -s "$1" ]; fi
	same feed-before k.feed
	rm -f before
}

# forced LOG WHY: --force goes on, and says what it costs
forced() {
	run -0 --separate-stderr ml-emit --force -k k "$1" note R forced
	says "ml-emit: $1: $2: $COST"
	same <(tail -1 "$1") <(tail -1 <<<"$output")
	same <(tail -1 "$1" | jq -c '[.i, .s]') <(jq -c '[.id, .seq]' k.feed)
	# and then it is settled for this key
	run -0 --separate-stderr emit "$1" again
	says ''
}

@test "fork: both wire lines in .refused once, status 1, and check explains" {
	key k 001
	id=$(id_of k)
	sealer -k k 1 5 >one
	sealer -k k -s other -f 4 1 5 >two
	run -0 ml-ingest log one
	run -1 --separate-stderr ml-ingest log two
	ids() { sed -n "$2p" "$1" | jq -r .i; }
	why4="fork: two events of author \"$id\" have seq 4: this log holds $(ids one 4), refused $(ids two 4)"
	why5="fork: two events of author \"$id\" have seq 5: this log holds $(ids one 5), refused $(ids two 5)"
	says "ml-ingest: two:4: $why4" "ml-ingest: two:5: $why5" \
	    "ml-ingest: 0 new, 3 had, 0 held, 2 refused; forked: $id (see ml-check)"
	same <(sed -n '4,5p' two) <(jq -r .text log.refused)
	same <(sed -n '4,5p' one | jq .i) <(jq -r .held log.refused | jq .i)
	same <(echo "$id") <(jq -r .fork log.refused | sort -u)
	cp log.refused before
	run -1 ml-ingest log two
	same before log.refused
	same <(jq .i one) <(jq .i log)
	run -1 --separate-stderr ml-check log
	why="$why4 of 2023-11-14T22:13:20.004Z, the log's of 2023-11-14T22:13:20.004Z, seen 2027-01-15T08:00:00.000Z"
	same <(echo "line 1 of .refused: evidence: $why: this log follows its own; a key used twice is done with, go on under a new one; both lines stand in .refused, which you may delete when that is settled") \
	    <(grep '^line 1 of .refused' <<<"$output")
	same <(echo "2 findings") <(tail -1 <<<"$output")
	# every later summary says so
	run -0 --separate-stderr ml-ingest log one
	says "ml-ingest: 0 new, 5 had, 0 held, 0 refused; forked: $id (see ml-check)"
}

@test "fork: the two times in check are each its own" {
	key k 001
	ML_CLOCK_MS=1700000000000 ml-emit -k k left note R 1 >/dev/null
	cp left right
	cp k.feed feed
	ML_CLOCK_MS=1700000001000 ml-emit -k k left note R left >/dev/null
	cp feed k.feed
	ML_CLOCK_MS=1700000002000 ml-emit -k k right note R right >/dev/null
	run -1 ml-ingest left right
	run -1 ml-check left
	grep -q 'refused [0-9a-f]* of 2023-11-14T22:13:22.000Z, the log.s of 2023-11-14T22:13:21.000Z, seen 2027' <<<"$output"
}

@test "fork: a branch longer than what the log has, in every order" {
	key k 001
	sealer -k k 1 5 >one
	sealer -k k -s other -f 5 1 60 >two
	for order in "one two" "two one"; do
		rm -f log log.*
		run -0 ml-ingest log ${order% *}
		run -1 --separate-stderr ml-ingest log ${order#* }
		same <(jq .i ${order% *}) <(jq .i log)
		grep -q '; forked: ' <<<"$stderr"
		run -1 ml-check log
		grep -q 'evidence: fork: ' <<<"$output"
	done
	# of a sparse branch the sealed event shows it, when it has come whole
	sealer -k k -e 32 -s other -f 5 1 40 >two
	rm -f log log.*
	run -0 ml-ingest log one
	run -1 --separate-stderr ml-ingest log two
	same <(jq .i one) <(jq .i log)
}

@test "fork: what is not sealed, or badly, is no evidence" {
	key k 001
	key mallory 002
	sealer -k k 1 40 >one
	run -0 ml-ingest log one
	run -0 ml-check log
	for how in "-e 0" "-G -w 3" "-S mallory" "-m"; do
		sealer -k k $how -s other 1 40 | sed 1d >two
		run -1 --separate-stderr ml-ingest log two
		same /dev/null <(grep forked <<<"$stderr" || true)
		same <(jq .i one) <(jq .i log)
		same /dev/null <(jq -r 'select(.fork).why' log.refused 2>/dev/null)
		run -0 ml-check log
	done
	[ ! -s log.refused ] || [ "$(wc -l <log.refused)" -lt 40 ]
}

@test "emit: a fresh log with a used key" {
	key k 001
	emit log 1 >/dev/null
	refuses fresh "$BEHIND"
	forced fresh "$BEHIND"
	run -1 ml-ingest log fresh
}

@test "emit: an older copy of the log" {
	key k 001
	emit log 1 >/dev/null
	cp log older
	emit log 2 >/dev/null
	refuses older "$BEHIND"
	# the rest from a peer, and all is well
	ml-frontier older | ml-delta log - | ml-ingest older 2>/dev/null
	run -0 --separate-stderr emit older 3
	says ''
	same <(echo 4) <(jq .s <<<"$output")
	refuses log "$BEHIND"
	forced log "$BEHIND"
	refuses older "$BEHIND"
	# and with as many events, it has others
	run -1 ml-ingest older log
	head -n 4 older >as-many
	rm -f older.*
	cp as-many older
	sed -n 4p log | jq -c '{id: .i, name: "", seq: .s}' >k.feed
	refuses older "$OTHER"
}

@test "emit: a damaged line in the middle" {
	key k 001
	for n in 1 2 3; do emit log $n; done >/dev/null
	cp log whole
	for line in 1 2 3; do
		rm -f log.*
		sed "${line}s/\"h\":\\[1/\"h\":[2/" whole >log
		refuses log "$GAP"
	done
	# the last one leaves no gap, but the key knows it
	sed '4s/"h":\[1/"h":[2/' whole >log
	refuses log "$BEHIND"
	ml-frontier log 2>/dev/null | ml-delta whole - | ml-ingest log 2>/dev/null
	run -0 emit log x
	sed "2s/\"h\":\\[1/\"h\":[2/" whole >log
	run -0 --separate-stderr ml-emit --force -k k log note R forced
	says "ml-emit: log: $GAP: $COST"
}

@test "emit: sealed events of mine with a higher seq in .held" {
	key k 001
	emit log 1 >/dev/null
	sealer -k k 1 9 >elsewhere
	head -2 elsewhere >log
	rm -f k.feed
	run -0 emit log x
	run -0 ml-ingest log <(sed -n 8p elsewhere)
	same <(jq -c '{id: .i, name: "", seq: .s}' log | tail -1) k.feed
	refuses log "$ELSEWHERE"
	# a log that has nothing of mine yet, and a key without its KEY.feed
	rm -f new
	run -0 ml-ingest new <(sed -n 8p elsewhere)
	printf '{"id":"","name":"","seq":0}\n' >k.feed
	refuses new "$ELSEWHERE"
	run -0 --separate-stderr ml-emit --force -k k new note R forced
	says "ml-emit: new: $ELSEWHERE: $COST"
}

@test "emit: sealed events of mine in .refused" {
	key k 001
	emit log 1 >/dev/null
	cp log other
	cp k.feed feed
	emit log left >/dev/null
	cp k.feed feed-left
	cp feed k.feed
	emit other right >/dev/null
	cp feed-left k.feed
	run -1 ml-ingest log other
	refuses log "$ELSEWHERE"
	rm log.refused			# it is settled
	run -0 emit log x
}

@test "emit: forged ones in .held and .refused change nothing" {
	key k 001
	key mallory 002
	emit log 1 >/dev/null
	for how in "-e 0" "-S mallory" "-G -w 2" "-m"; do
		sealer -k k $how -s other 2 20 >forged
		run ml-ingest log forged
		run -0 --separate-stderr emit log x
		says ''
	done
	# written into the evidence by hand
	sealer -k k -S mallory -s other 9 9 | jq -c '{at: "2027-01-15T08:00:00.000Z", why: "fork", text: tojson, fork: .a, held: tojson}' >>log.refused
	run -0 --separate-stderr emit log x
	says ''
	# another author's true fork is not mine
	run ml-ingest log <(sealer -k mallory 1 3; sealer -k mallory -s other 1 3)
	run -0 --separate-stderr emit log x
}

@test "emit: KEY.feed behind the log is repaired by the next run" {
	key k 001
	emit log 1 >/dev/null
	cp k.feed feed
	emit log 2 >/dev/null
	for was in feed ''; do
		rm -f k.feed
		[ -z "$was" ] || cp $was k.feed
		run -0 --separate-stderr emit log 3
		says ''
		same <(jq -c '{id: .i, name: "", seq: .s}' log | tail -1) k.feed
	done
	run -0 ml-check log
	# not by what is not provably mine: an unsealed event at the end
	cp log whole
	jq -c 'del(.g)' <(tail -1 log) >bare
	{ head -n -1 whole; cat bare; } >log
	cp feed k.feed
	run -2 emit log 4
}

@test "emit: KEY.feed ahead of the log refuses" {
	key k 001
	emit log 1 >/dev/null
	cp log before
	emit log 2 >/dev/null
	cp before log
	refuses log "$BEHIND"
	# of another branch
	cp log other
	printf '{"id":"00112233445566778899aabbccddeeff","name":"","seq":2}\n' >k.feed
	refuses log "$OTHER"
	printf '{"id":"00112233445566778899aabbccddeeff","name":"","seq":9007199254740992}\n' >k.feed
	refuses log "$BEHIND"
}

@test "emit: the name in KEY.feed outlives every run" {
	ml-key new -n 'anna ☂' k >/dev/null
	for n in 1 2 3; do emit log $n >/dev/null; done
	same <(echo 'anna ☂') <(ml-key show -j k | jq -r .name)
	same <(echo 'anna ☂') <(head -1 log | jq -r .p.name)
}

@test "emit: two with one key on two logs at once: one feed" {
	key k 001
	for n in 1 2 3 4 5 6 7 8; do
		ml-emit -w 30 -k k log$((n % 2)) note R $n >out$n 2>err$n 3>&- &
	done
	wait
	# one log has it all, the other nothing
	same <(echo 1) <(for log in log0 log1; do [ ! -s $log ] || echo $log; done | wc -l)
	cat out? | jq -r '"\(.s) \(.i)"' | sort -n >printed
	same <(cat log0 log1 2>/dev/null | jq -r '"\(.s) \(.i)"' | sort -n) printed
	same <(seq "$(wc -l <printed)") <(cut -d' ' -f1 printed)
	same <(tail -1 printed) <(jq -r '"\(.seq) \(.id)"' k.feed)
	same <(echo "$BEHIND") <(cat err? | sed 's/.*log[01]: //' | sort -u)
}

@test "emit: many with one key on one log" {
	key k 001
	for n in 1 2 3 4 5 6; do
		yes '{"kind":"k","payload":{}}' | head -n 20 | ml-emit -w 60 -k k log - >out$n 3>&- &
	done
	wait
	same <(seq 121) <(jq .s log)
	same <(jq -r .i log | sort) <(cat out? | jq -r .i | sort)
	run -0 ml-check log
}

@test "emit: killed at any moment, the next run goes on" {
	key k 001
	for n in 1 2 3 4 5 6 7 8 9 10; do
		yes '{"kind":"k","payload":{}}' | head -n 3000 | ml-emit -k k log - >out 2>/dev/null 3>&- &
		pid=$!
		for ((i = 0; i < n * 200; i++)); do :; done
		kill -9 $pid 2>/dev/null || true
		wait $pid 2>/dev/null || true
		run -0 --separate-stderr emit log "after $n"
		same /dev/null <(grep -v 'cut a torn tail' <<<"$stderr" | grep . || true)
	done
	run -0 ml-check log
	same <(seq "$(wc -l <log)") <(jq .s log)
}

@test "fork: an event 1 that waits for a seal, and one that needs none" {
	key k 001
	printf '*\nplain *\n' >log.trust
	{ sealer -k k -e 0 1 1; chain "$(id_of k)" 1 1; } >in
	run -1 --separate-stderr ml-ingest log in
	same <(sed -n 2p in) log
	says "ml-ingest: in:1: fork: two events of author \"$(id_of k)\" have seq 1: this log holds $(sed -n 2p in | jq -r .i), refused $(sed -n 1p in | jq -r .i)" \
	    "ml-ingest: 1 new, 0 had, 0 held, 1 refused; forked: $(id_of k) (see ml-check)"
}
