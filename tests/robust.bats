load helper

# What a sanitizer keeps of freed memory is no measure of ours.
export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1:thread_local_quarantine_size_kb=64

# at_most KIB COMMAND ...: no file can be larger, and who tries gets a signal
at_most() { (trap - XFSZ; ulimit -f "$1"; shift; exec "$@"); }

# batch N: notes to be, each longer than 200 bytes
batch() {
	seq "$1" | awk '{ printf "{\"kind\":\"note.add\",\"payload\":{\"record_id\":\"R\",\"text\":\"%200d\"}}\n", $1 }'
}

# once FILE: each seq of each author stands there once
once() { same /dev/null <(jq -r '"\(.a) \(.s)"' "$1" | sort | uniq -d); }

# author [FILE]: the options of an author, of a key if there is one
author() { if [ -n "$1" ]; then echo "-k $1"; else echo "-a me"; fi; }

@test "write fails part way: whole lines stay, and ml-emit goes on behind them" {
	ml-key new key >/dev/null
	for key in "" key; do
		# in the first piece, in the second one, in that of a later group
		for most in 700 1500 3500; do
			rm -f log log.* key.feed
			# shellcheck disable=SC2046
			run -111 --separate-stderr at_most $most \
			    ml-emit $(author $key) log - < <(batch 12000)
			grep -qx 'ml-emit: log: File too large' <<<"$stderr"
			size=$(wc -c <log)
			echo "$most KiB: $size bytes"
			[ "$size" -gt $((most * 1024 - 1024)) ]
			[ "$size" -le $((most * 1024)) ]
			same <(tail -c 1 log | od -c) <(echo | od -c)
			cp log before
			# what was printed is there, in this order, and more may be
			printf '%s' "${output:+$output$'\n'}" >out
			same <(cksum <out) <(head -n "$(wc -l <out)" log | cksum)
			# a reader has it all, and whoever takes it over too
			who=$(jq -r .a log | sed 1q)
			count=$(wc -l <log)
			run -0 --separate-stderr ml-frontier log
			same <(echo "{\"$who\":$count}") <(echo "$output$stderr")
			run -0 --separate-stderr ml-ingest -v peer log
			same <(echo "$count") <(grep -c ^stored <<<"$output")
			# shellcheck disable=SC2046
			run -0 --separate-stderr ml-emit $(author $key) log note R on
			[ -z "$stderr" ]
			same <(cat before; echo "$output") log
			same <(echo $((count + 1))) <(jq .s <<<"$output")
			once log
			run -0 ml-ingest peer log
			# a peer keeps fewer seals
			cmp <(grep -o '"i":"[0-9a-f]*"' log) <(grep -o '"i":"[0-9a-f]*"' peer)
			run -0 ml-check log
			rm peer
		done
	done
}

@test "write fails part way: what a reader saw meanwhile is still there" {
	mkfifo in
	run_emit() { at_most 5000 ml-emit -a me log -; }
	run_emit <in >out 2>said 3>&- &
	pid=$!
	exec 7>in
	batch 4000 >&7
	# the first group is told, so it must be there
	patiently [ -s out ]
	ml-delta log >seen
	[ -s seen ]
	batch 40000 >&7 2>/dev/null || :
	exec 7>&-
	status=0
	wait $pid || status=$?
	[ "$status" = 111 ]
	cmp seen <(head -n "$(wc -l <seen)" log)
	cmp out <(head -n "$(wc -l <out)" log)
	ml-emit -a me log note R on >>out
	once log
	run -0 ml-check log
}

@test "write fails part way in ml-ingest: whole lines stay, nothing comes twice" {
	chain -b 2000 a 1 2000 >in
	for most in 500 1100 1500 2500; do
		rm -f log log.*
		run -111 --separate-stderr at_most $most ml-ingest log in
		grep -qx 'ml-ingest: log: File too large' <<<"$stderr"
		cmp log <(head -n "$(wc -l <log)" in)
		[ "$(wc -c <log)" -gt $((most * 1024 - 4096)) ]
		run -0 --separate-stderr ml-frontier log
		same <(echo "{\"a\":$(wc -l <log)}") <(echo "$output$stderr")
		run -0 ml-ingest log in
		cmp log in
		[ ! -e log.refused ]
	done
}

# closed: the same log as with all of them open, however they are closed
closings=("<&-" ">&-" "2>&-" "<&- >&-" ">&- 2>&-" "<&- 2>&-" "<&- >&- 2>&-")

@test "closed descriptors: ml-emit stores once and writes nothing else into a log" {
	ml-emit -a me want note R x >line
	for how in "${closings[@]}"; do
		echo "ml-emit $how"
		rm -f log log.*
		want=0
		case $how in *">&-"*) [[ $how = "2>&-" || $how = "<&- 2>&-" ]] || want=1 ;; esac
		run -$want sh -c "ml-emit -a me log note R x $how"
		same want log
		# into one that is there, too
		run -$want sh -c "ml-emit -a me log note R y $how"
		same <(echo '{"me":2}') <(ml-frontier log)
		same <(echo 2) <(wc -l <log)
		run -0 ml-check log
	done
	ml-key new key >/dev/null
	for how in "${closings[@]}"; do
		rm -f log log.* key.feed
		run sh -c "ml-emit -k key log note R x $how"
		same <(echo 2) <(wc -l <log)
		run -0 ml-check log
		run -0 ml-key show key
	done
	# a batch that was stored, and none at all
	rm -f log
	run -1 --separate-stderr sh -c 'ml-emit -a me log - >&-' < <(batch 3)
	same <(echo 3) <(wc -l <log)
	same <(echo "ml-emit: standard output: Bad file descriptor: what was stored is stored") \
	    <(echo "$stderr")
	cp log before
	run -111 --separate-stderr sh -c 'ml-emit -a me log - <&-'
	same <(echo "ml-emit: -: Bad file descriptor") <(echo "$stderr")
	same before log
}

@test "closed descriptors: ml-ingest writes nothing else into a log, and does not read it" {
	{ events a 1 5; events b 1 2; } >in
	for how in "${closings[@]}"; do
		echo "ml-ingest $how"
		rm -f log log.*
		want=0
		case $how in ">&-"*|"<&- >&-"*) want=1 ;; esac
		run -$want sh -c "ml-ingest -v log in $how"
		same in log
		run -0 sh -c "ml-ingest log in $how"
		same in log
		run -0 ml-check log
		for from in "" " -"; do
			case $how in "<&-"*)
				run -111 sh -c "ml-ingest -v log$from $how"
				run -1 grep -E 'had|stored' <<<"$output"
				rm -f new new.*
				run -111 sh -c "ml-ingest new$from $how"
				[ ! -s new ]
			esac
		done
		same in log
	done
	rm -f log
	run -1 --separate-stderr sh -c 'ml-ingest -v log in >&-'
	same <(echo "ml-ingest: standard output: Bad file descriptor: what was stored is stored") \
	    <(echo "$stderr")
	run -111 --separate-stderr sh -c 'ml-ingest log <&-'
	same <(echo "ml-ingest: -: Bad file descriptor") <(echo "$stderr")
	same in log
	# what it complains of does not land there either
	run -1 sh -c 'ml-ingest log in bad 2>&-' < <(echo no)
	run sh -c 'echo nonsense | ml-ingest log 2>&-'
	[ "$status" = 1 ]
	same in log
}

@test "closed descriptors: the readers say so with 111, and touch nothing" {
	events a 1 5 >log
	printf '{"a":"torn' >>log
	cp log before
	for tool in frontier "frontier -l" delta view check; do
		run -111 --separate-stderr sh -c "ml-$tool log >&-"
		same <(echo "ml-${tool%% *}: standard output: Bad file descriptor") \
		    <(grep -v 'torn tail' <<<"$stderr")
		for how in "${closings[@]}"; do
			run sh -c "ml-$tool log $how"
			echo "ml-$tool log $how: $status"
			case $how in
			*" 2>&-"|*"<&-"|"2>&-") [ "$status" -le 1 ] || [ "$status" = 111 ] ;;
			*) [ "$status" = 111 ] ;;
			esac
			same before log
		done
	done
	run -111 --separate-stderr sh -c 'ml-delta log - <&-'
	same <(echo "ml-delta: -: Bad file descriptor") <(echo "$stderr")
	# a repair cuts, and says so nowhere
	for how in "${closings[@]}"; do
		cp before log
		run sh -c "ml-check -r log $how"
		same <(events a 1 5) log
	done
}

@test "closed descriptors: ml-key makes whole files" {
	events a 1 1 >log
	cp log before
	for how in "${closings[@]}"; do
		echo "ml-key $how"
		rm -f key key.*
		run sh -c "ml-key new -n me key $how"
		run -0 ml-key show -j key
		same <(echo '"me"') <(jq .name <<<"$output")
		id=$(jq -r .id <<<"$output")
		rm -f log.trust
		run -0 sh -c "ml-key trust log $id $how"
		run -0 ml-key list log
		grep -q "$id" <<<"$output"
		run sh -c "ml-key list log $how"
		run sh -c "ml-key show key $how"
		run -0 ml-key show -j key
		run -0 sh -c "ml-key untrust log $id $how"
		same before log
	done
	ml-key trust log --plain me
	for verb in "show key" "list log"; do
		run -111 --separate-stderr sh -c "ml-key $verb >&-"
		same <(echo "ml-key: standard output: Bad file descriptor") <(echo "$stderr")
	done
}

# moved HOW FIRST: a log that goes while ml-ingest holds an event of B
moved() {
	rm -rf work && mkdir work && cd work || return 1
	mkfifo f
	ml-ingest -v M <f >out 2>said 3>&- &
	pid=$!
	exec 7>f
	events A 1 1 >&7
	patiently grep -q 'stored.A.1' out
	events B 2 2 >&7
	patiently grep -q 'held.B.2' out
	mv M M.old
	if [ "$1" = replaced ]; then
		events D 1 1 >new
		mv new M
	fi
	for who in $2; do
		events "$who" 1 1 >&7
		patiently grep -q "stored.$who.1" out
	done
	exec 7>&-
	wait $pid || { cat said; return 1; }
	cd ..
}

@test "moved log: what is held stays with its author" {
	for how in moved replaced; do
		for order in "B C" "C B"; do
			echo "$how, $order"
			moved $how "$order"
			d=; [ $how = moved ] || d=',"D":1'
			same <(echo "{\"B\":2,\"C\":1$d}") <(ml-frontier work/M)
			same <(events A 1 1) work/M.old
			grep -q '^ml-ingest: 4 new, 0 had, 0 held, 0 refused' work/said
			run -1 grep ^refused work/out
			[ ! -e work/M.held ]
			[ ! -e work/M.refused ]
			run -0 ml-check work/M
		done
	done
}

@test "held: over 512 MiB of many authors: the greedy give, the small keep theirs" {
	smalls() { for ((n = $1; n <= $2; n++)); do chain "small-$n" 2 2; done; }
	{
		smalls 1 20
		for ((n = 1; n <= 560; n++)); do chain -b 250000 "greedy-$n" 2 5; done
		smalls 21 40
	} >in
	[ "$(wc -c <in)" -gt $((520 * 1024 * 1024)) ]
	run -1 --separate-stderr timeout 120 peak kib ml-ingest log in
	rm in
	grep -qE '^ml-ingest: 0 new, 0 had, [0-9]+ held, 0 refused, [0-9]+ dropped \(.held is full\)$' <<<"$stderr"
	size=$(wc -c <log.held)
	echo "$size bytes held, $(<kib) KiB of memory"
	[ "$size" -le $((514 * 1024 * 1024)) ]
	[ "$size" -ge $((400 * 1024 * 1024)) ]
	[ "$(<kib)" -le $((96 * 1024)) ]
	grep -o '^{"a":"small-[0-9]*"' log.held | sort >got
	same <(smalls 1 40 | grep -o '^{"a":"small-[0-9]*"' | sort) got
	run -0 timeout 120 ml-ingest log <(chain small-7 1 1)
	same <(echo '{"small-7":2}') <(ml-frontier log)
	rm log.held
}

# flood STATUS REFUSED: what ml-ingest says of in, and what it takes and leaves
flood() {
	local status=0
	rm -f log log.*
	peak kib timeout 120 ml-ingest log in 2>said || status=$?
	echo "status $status, $(<kib) KiB, $(tail -n 1 said)"
	[ $status = 1 ]
	same <(echo "ml-ingest: 2 new, 0 had, 0 held, $1 refused") <(tail -n 1 said)
	[ "$(<kib)" -le $((96 * 1024)) ]
	[ "$(wc -c <log.refused)" -le $((16 * 1024 * 1024)) ]
	same <(events good 1 2) log
	rm said in
}

@test "memory: 300000 refused events of as many authors" {
	{ events good 1 1; strays 300000; events good 2 2; } >in
	flood 300000
	run -0 ml-frontier log
	same <(echo '{"good":2}') <(echo "$output")
}

@test "memory: 300000 tampered events" {
	{ events good 1 1; strays 300000 | sed 's/astray/changed/'; events good 2 2; } >in
	flood 300000
	run -1 grep -c '"fork"' log.refused
}

@test "torn: duplicates are told in the run that cut the tail" {
	events me 1 1 >e1
	events me 2 2 >e2
	events other 1 1 >o1
	for tail in 100 1000 70000 3000000; do
		for copies in "e1" "e1 e1"; do
			echo "a tail of $tail behind $copies"
			rm -f W W.*
			# shellcheck disable=SC2086
			cat $copies >W
			head -c $tail /dev/zero | tr '\0' x >>W
			run -0 --separate-stderr ml-ingest W e2 e2 o1 o1 e1
			same - <(echo "$stderr") <<-END
			ml-ingest: W: cut a torn tail of $tail bytes, kept in .refused
			ml-ingest: 2 new, 3 had, 0 held, 0 refused
			END
			# shellcheck disable=SC2086
			same <(cat $copies e2 o1) W
			run -0 ml-check W
		done
	done
	# cut by another while this one has the log open
	mkfifo f
	rm -f W W.*
	cat e1 e1 >W
	head -c 1000 /dev/zero | tr '\0' x >>W
	ml-ingest -v W <f >out 2>said 3>&- &
	pid=$!
	exec 7>f
	cat e1 >&7
	patiently grep -q had out
	head -c 1000 /dev/zero | tr '\0' x >>W
	ml-ingest W e2 7>&-
	cat e2 e2 o1 >&7
	exec 7>&-
	wait $pid
	same <(printf '%s\n' had had had stored) <(cut -f 1 out)
}

@test "a stdin that does not block: nobody spins on it" {
	events a 1 2 >a
	run -0 --separate-stderr idle ms ml-ingest log <a
	echo "ml-ingest: $(<ms) ms"
	same <(echo "ml-ingest: 2 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
	same a log
	[ "$(<ms)" -lt 200 ]
	batch 2 >notes
	run -0 idle ms ml-emit -a me log - <notes
	echo "ml-emit: $(<ms) ms"
	same <(echo '{"a":2,"me":2}') <(ml-frontier log)
	[ "$(<ms)" -lt 200 ]
	# in the middle of a line
	head -c 50 a >half
	run -1 idle ms ml-ingest log <half
	[ "$(<ms)" -lt 200 ]
	head -c 30 notes >half
	run -1 idle ms ml-emit -a me log - <half
	[ "$(<ms)" -lt 200 ]
}

@test "a stdin that does not block: ml-delta waits for its frontier" {
	events a 1 2 >log
	echo '{"a":1}' >frontier
	run -0 idle ms ml-delta log - <frontier
	same <(sed -n 2p log) <(echo "$output")
	[ "$(<ms)" -lt 200 ]
}

@test "an event with a t: told what it lacks, never dropped in silence" {
	events a 1 1 >e
	for t in '"x"' '"events"' '"frontier"' 7 null; do
		for lacks in a s h k p v i; do
			# of a known kind of message what lacks something is one
			jq -c --argjson t "$t" "del(.$lacks) + {t: \$t}" e >in
			echo "t $t, no $lacks"
			case $t in '"frontier"') continue ;; esac
			run -1 --separate-stderr ml-ingest log in
			same <(echo "ml-ingest: 0 new, 0 had, 0 held, 1 refused") <(tail -n 1 <<<"$stderr")
			grep -q '^ml-ingest: in:1: ' <<<"$stderr"
			case $t in '"x"')
				grep -q "^ml-ingest: in:1: $lacks: missing" <<<"$stderr"
			esac
		done
		# whole, it is an event
		rm -f log
		jq -c --argjson t "$t" '. + {t: $t}' e >in
		run -0 ml-ingest log in
		same e log
		rm log
	done
}

@test "messages: of an unknown kind ignored, with an a or an i they count" {
	events a 1 3 >e
	{
		echo '{"t":"hello"}'
		echo '{"t":"hello","a":"x","i":1,"n":[1,2]}'
		echo '{"t":"frontier","f":{"a":1},"h":{},"a":"x","i":0}'
		jq -c '{t: "want", a: .a, s: .s}' e
		sed -n 1p e | jq -c '{a: "x", t: "events", i: 7, e: [.]}'
		sed -n 2p e | jq -c '{i: "x", e: [.], t: "events"}'
		sed -n 3p e | jq -c '{t: "events", e: [.], a: null, s: 3, h: 0, i: ""}'
	} >in
	run -0 --separate-stderr ml-ingest log in
	same <(echo "ml-ingest: 3 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
	same e log
	[ ! -e log.refused ]
}

@test "held: what has entered is not told as waiting" {
	for who in A B; do events $who 1 2 >$who; done
	cat <(sed -n 2p A) <(sed -n 2p B) | ml-ingest H
	run -0 ml-check H
	same <(printf '%s\n' A B) <(grep -o '^held: [AB] ' <<<"$output" | cut -d ' ' -f 2)
	run -0 --separate-stderr ml-ingest H <(sed -n 1p A)
	same <(echo "ml-ingest: 2 new, 0 had, 1 held, 0 refused") <(echo "$stderr")
	run -0 ml-check H
	same <(echo "held: B lacks seq 1, 1 event waits: what waits enters with the ml-ingest that brings it") \
	    <(grep ^held <<<"$output")
	run -0 ml-check -j H
	same <(echo '"B"') <(jq 'select(.note == "held").author' <<<"$output")
	run -0 ml-ingest H <(sed -n 1p B)
	run -0 ml-check H
	run -1 grep ^held <<<"$output"
}

@test "held: a torn last line goes without a word, and does not come back" {
	chain a 1 5 >all
	for last in '{"a":"a","s":6,"h":[17' x "$(printf '{"a":"\377')"; do
		rm -f log log.*
		ml-ingest log <(sed -n '3,4p' all)
		cp log.held whole
		printf '%s' "$last" >>log.held
		run -0 ml-check log
		run -0 --separate-stderr ml-ingest log <(sed -n 1p all)
		same <(echo "ml-ingest: 1 new, 0 had, 2 held, 0 refused") <(echo "$stderr")
		same whole log.held
		[ ! -e log.refused ]
		run -0 --separate-stderr ml-ingest log <(sed -n 5p all)
		same <(echo "ml-ingest: 0 new, 0 had, 3 held, 0 refused") <(echo "$stderr")
		same <(cat whole; sed -n 5p all) log.held
		# torn again by who appends
		printf '%s' "$last" >>log.held
		run -0 --separate-stderr ml-ingest log <(sed -n 2p all)
		same <(echo "ml-ingest: 4 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
		run -0 --separate-stderr ml-ingest log
		same <(echo "ml-ingest: 0 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
		same all log
		[ ! -e log.held ]
		[ ! -e log.refused ]
		run -0 ml-check log
	done
}

@test "held: a line that is torn behind a brace goes without a word too" {
	chain a 1 6 >all
	ml-ingest log <(sed -n '3,4p' all)
	cp log.held whole
	# at the end of the payload
	sed -n 6p all | grep -o '^.*},' | tr -d '\n' | head -c -1 >>log.held
	run -0 ml-check log
	run -0 --separate-stderr ml-ingest log <(sed -n 1p all)
	same <(echo "ml-ingest: 1 new, 0 had, 2 held, 0 refused") <(echo "$stderr")
	same whole log.held
	[ ! -e log.refused ]
}

@test "a folder that may not be read: a log in it is written, or left alone" {
	ml-key new key >/dev/null
	mkdir d
	ml-emit -a me d/log note R first
	chmod 311 d
	for who in "-a me" "-a you" "-k key" "-k key"; do
		cp d/log before
		# shellcheck disable=SC2086
		run --separate-stderr plainly ml-emit $who d/log note R x
		echo "$who: status $status, $stderr"
		if [ "$status" = 0 ]; then
			[ -n "$output" ]
			same <(cat before; echo "$output") d/log
		else
			[ "$status" = 2 ]
			same before d/log
		fi
		run -1 grep 'in doubt' <<<"$stderr"
	done
	# one that is not there yet
	for who in "-a me" "-k key"; do
		# shellcheck disable=SC2086
		run --separate-stderr plainly ml-emit $who d/new note R x
		run -1 grep 'in doubt' <<<"$stderr"
		[ ! -s d/new ] || same <(echo "$output") d/new
	done
	chmod 700 d
	once d/log
	run -0 ml-check d/log
}

@test "a folder that may not be read, with the key in it: what is stored is told" {
	mkdir d
	ml-key new d/key >/dev/null
	chmod 311 d
	status=0
	plainly ml-emit -k d/key log note R x >out 2>said || status=$?
	chmod 700 d
	cat said
	touch log
	same <(echo "told: $(cat out)") <(echo "told: $(cat log)")
	[ "$status" = 0 ] || [ "$status" = 2 ]
	run -1 grep 'in doubt' said
}

@test "a folder that may not be written, with the key in it: nothing is stored" {
	mkdir keys
	ml-key new keys/key >/dev/null
	ml-emit -k keys/key log note R one >/dev/null
	cp log before
	chmod 500 keys
	run -2 --separate-stderr plainly ml-emit -k keys/key log note R two
	same <(echo "ml-emit: keys/key: a key in a folder that may not be written: what it has written could not be remembered") <(echo "$stderr")
	same before log
	chmod 700 keys
	run -0 ml-emit -k keys/key log note R two
}

@test "ml-check needs no place for a file" {
	events a 1 3 >log
	echo nonsense >>log
	run ml-check log
	want=$output
	run -1 --separate-stderr unwritable ml-check log
	same <(echo "$want") <(echo "$output")
	[ -z "$stderr" ]
	run -1 env TMPDIR="$PWD/nowhere" unwritable ml-check -j log
	same <(ml-check -j log) <(echo "$output")
	# a report that is long
	{ events a 1 3; yes nonsense | head -n 100000; } >log
	run unwritable sh -c 'ml-check log | cksum'
	same <(ml-check log | cksum) <(echo "$output")
	events a 1 3 >log
	run -0 unwritable ml-check log
	same <(echo "all is well") <(tail -n 1 <<<"$output")
	# that it is so is not taken for granted
	run -2 unwritable ml-emit -a me log note R x
}

@test "ml-emit: options where they make no sense are wrong usage" {
	hash=$(printf %064d 0)
	for args in "-t log note R x" "-j log note R x" "log note -t R x" "log note -j R x" \
	    "-t log create R F" "log create -j R F" "-t log event k {}" "-t log -" \
	    "-H $hash log set R f v" "log set -H $hash R f v" "log set -s 3 R f v" \
	    "log set -m text/plain R f v" "-s 1 log note R x" "-m a/b log -" \
	    "log attach -t R f g"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr ml-emit -a me $args </dev/null
		echo "$args: $stderr"
		grep -q '^usage: ml-emit ' <<<"$stderr"
		[ ! -e log ]
	done
	# where they do, they go on to
	run -0 ml-emit -a me log set -t R f 1
	run -0 ml-emit -a me -j log set R f 1
	same <(printf '%s\n' '"1"' 1) <(jq -c .p.value log)
	run -0 ml-emit -a me -H "$hash" -s 1 -m a/b log attach R f
}

@test "unknown options: the tool's own name stands before it" {
	for args in "-Z log note R x" "--bogus log note R x" "log note -Z R x" \
	    "log set -Z R f v" "log attach R f g -Z" "log note -a" "-w"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr ml-emit -a me $args
		echo "$args: $stderr"
		grep -q '^ml-emit: ' <<<"$(sed 1q <<<"$stderr")"
		[ ! -e log ]
	done
	events a 1 1 >log
	for tool in ingest frontier delta view check; do
		run -2 --separate-stderr ml-$tool -Z log
		grep -q "^ml-$tool: .*option" <<<"$stderr"
	done
}

@test "ML_CLOCK_MS at its ends: no warning about an empty log" {
	for ms in -9007199254740991 9007199254740991 0 -1 -86400001 86400001; do
		export ML_CLOCK_MS=$ms
		for make in "rm -f log" ": >log" "echo >log"; do
			rm -f log log.*
			eval "$make"
			run -0 --separate-stderr ml-emit -a me log note R x
			echo "$ms, $make: $stderr"
			[ -z "$stderr" ]
			run -0 ml-frontier log
			same <(echo '{"me":1}') <(echo "$output")
			rm log
		done
	done
	# nor, by one that is later, of one that is not ahead
	ML_CLOCK_MS=0 ml-emit -a me log note R x
	ML_CLOCK_MS=9007199254740991 run -0 --separate-stderr ml-emit -a me log note R y
	[ -z "$stderr" ]
	run -0 --separate-stderr ml-emit -a me log note R z
}
