load helper

# key FILE BYTE: an identity file of 64 times that byte (in octal)
key() { (umask 077; head -c 64 /dev/zero | tr '\0' "\\$2" >"$1"); }
id_of() { ml-key show -j "$1" | jq -r .id; }
seq_of() { ml-frontier "$2" 2>/dev/null | jq --arg a "$(id_of "$1")" '.[$a] // 0'; }
last() { sed '$!d' <<<"$stderr"; }
says() { same <(printf '%s\n' "$@") <(printf '%s\n' "$stderr"); }
BEHIND="this log is behind what the key has written: get the rest from a peer first"
ELSEWHERE="the key has sealed events that this log's feed does not have: it was used elsewhere"

# tampered: wire lines with another id
tampered() { sed 's/"i":"[0-9a-f]*"/"i":"00000000000000000000000000000000"/'; }

@test "proof: my own event with another id, in .refused, does not stop me" {
	ml-key new k >/dev/null
	ml-emit -k k l note R a >/dev/null
	run -1 ml-ingest l <(tail -1 l | tampered)
	same <(tail -1 l | tampered) <(jq -r .text l.refused)
	run -0 --separate-stderr ml-emit -k k l note R b
	says ''
	# one that lies ahead, and one in .held
	sealer -k k 9 9 | tampered >ahead
	run -1 ml-ingest l ahead
	same <(echo 2) <(wc -l <l.refused)
	cp ahead l.held
	run -0 --separate-stderr ml-emit -k k l note R c
	says ''
	cp l alone
	run -0 ml-check alone
}

@test "proof: 20,000 dangling events of two authors, by turns, in .held" {
	chain 00112233445566778899aabbccddeeff 2 10001 >one
	chain ffeeddccbbaa99887766554433221100 2 10001 >two
	paste -d'\n' one two >in
	run -0 timeout 60 ml-ingest log in
	same in log.held
	cp log.held before
	for n in 1 2 3; do
		run -0 --separate-stderr timeout 20 ml-ingest log </dev/null
		says "ml-ingest: 0 new, 0 had, 20000 held, 0 refused"
	done
	same before log.held
	[ ! -s log ]
}

@test "proof: a sealed fork stays on record, whatever else is refused" {
	key k 001
	id=$(id_of k)
	sealer -k k 1 3 >log
	run -1 ml-ingest log <(sealer -k k -s other 1 3)
	run -2 --separate-stderr ml-emit -k k log note R x
	says "ml-emit: log: $ELSEWHERE"
	jq -c 'select(.fork)' log.refused >forks
	same <(echo 2) <(wc -l <forks)
	for ((n = 1; n <= 90; n++)); do chain -b 250000 "x$n" 1 1; done | tampered >junk
	[ "$(wc -c <junk)" -gt $((90 * 250000)) ]
	run -1 --separate-stderr ml-ingest log junk
	same <(echo "ml-ingest: 0 new, 0 had, 0 held, 90 refused; forked: $id (see ml-check)") <(last)
	[ "$(wc -c <log.refused)" -le $((16 * 1024 * 1024)) ]
	[ "$(wc -c <log.refused)" -gt 250000 ]
	same forks <(jq -c 'select(.fork)' log.refused)
	run -2 --separate-stderr ml-emit -k k log note R x
	says "ml-emit: log: $ELSEWHERE"
	run -1 ml-check log
	grep -q "evidence: fork: two events of author \"$id\" have seq 2: " <<<"$output"
}

@test "proof: a link to a key has its KEY.feed, a second name is refused" {
	key k 001
	ln -s k ks
	ml-emit -k k log note R 1 >/dev/null
	run -2 --separate-stderr ml-emit -k ks other note R 1
	says "ml-emit: other: $BEHIND"
	[ ! -s other ]
	[ ! -e ks.feed ]
	run -0 --separate-stderr ml-emit -k ks log note R 2
	says ''
	[ ! -e ks.feed ]
	[ -L ks ]
	same <(tail -1 log | jq -c '{id: .i, name: "", seq: .s}') k.feed
	# from another folder too
	mkdir folder
	ln -s ../k folder/k
	run -2 ml-emit -k folder/k other note R 1
	run -0 ml-emit -k folder/k log note R 3
	same <(echo k) <(ls folder)
	# a hard link
	rm other
	cp log before
	ln k kh
	for name in kh k; do
		for log in other log; do
			run -2 --separate-stderr ml-emit -k $name $log note R 4
			says "ml-emit: $name: a key file with two names: what it has written would be remembered under one of them"
		done
	done
	[ ! -e other ]
	[ ! -e kh.feed ]
	same before log
	rm kh
	run -0 ml-emit -k k log note R 4
}

@test "proof: -n 10 brings a keyed feed to its end beside a busy plain author" {
	key k 001
	{ sealer -k k -e 32 1 64; chain '!busy' 1 1; } >in
	run -0 ml-ingest relay in
	same <(printf '%s\n' 32 64) <(jq 'select(.g).s' relay)
	: >new
	for n in 2 3 4 5; do
		ml-frontier new | ml-delta -n 10 relay - >got
		run -0 ml-ingest new got
		run -0 ml-ingest relay <(chain '!busy' "$n" "$n")
	done
	same <(echo 64) <(seq_of k new)
	same <(echo 4) <(ml-frontier new | jq '."!busy"')
}

@test "proof: over 4096 keyed authors in one file without a trust file" {
	key k 001
	sealer -k k -N 4200 1 1 >in
	same <(echo 4200) <(jq -r .a in | sort -u | wc -l)
	run -1 --separate-stderr ml-ingest log in
	same <(echo "ml-ingest: 4096 new, 0 had, 0 held, 104 refused") <(last)
	same <(echo 4096) <(ml-frontier log | jq length)
	same <(echo 4096) <(wc -l <log)
	grep -q ': author: more than 4096 of them need a trust file$' <<<"$stderr"
	[ ! -e log.held ]
	run -0 ml-check log
	# nor one more later, but those who are there are
	run -1 --separate-stderr ml-ingest log <(sealer -k k 1 3)
	same <(echo 4096) <(ml-frontier log | jq length)
	echo '*' >log.trust
	run -0 --separate-stderr ml-ingest log in <(sealer -k k 1 3)
	same <(echo 4201) <(ml-frontier log | jq length)
}

@test "proof: who brings the true run is not told off for what was forged" {
	key k 001
	sealer -k k -w 33 2 32 | head -n 1000 >forged
	sealer -k k -e 32 1 32 >true
	run -0 --separate-stderr ml-ingest log forged
	same <(echo "ml-ingest: 0 new, 0 had, 1000 held, 0 refused") <(last)
	run -0 --separate-stderr ml-ingest log true
	says "ml-ingest: 32 new, 0 had, 0 held, 0 refused, 1000 that were held dropped (no seal covers them)"
	same true log
	[ ! -e log.held ]
	run -0 --separate-stderr ml-ingest log true
	says "ml-ingest: 0 new, 32 had, 0 held, 0 refused"
}

@test "proof: 30 changes of a trust file at once" {
	for n in {10..39}; do
		ml-key trust log "00112233445566778899aabbccddee$n" "name $n" >out$n 2>&1 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || { cat out*; false; }; done
	cat out* | same /dev/null -
	same <(for n in {10..39}; do echo "00112233445566778899aabbccddee$n \"name $n\""; done) <(sort log.trust)
	same <(echo 30) <(ml-key list -j log | wc -l)
	# and away with them
	pids=()
	for n in {10..38}; do
		ml-key untrust log "00112233445566778899aabbccddee$n" >out$n 2>&1 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || { cat out*; false; }; done
	same <(echo 00112233445566778899aabbccddee39) <(cut -d' ' -f1 log.trust)
}

@test "proof: a trust file that is a link stays one, its mode stays" {
	id=00112233445566778899aabbccddeeff
	mkdir etc
	echo 'plain base' >etc/rules
	chmod 664 etc/rules
	ln -s etc/rules log.trust
	run -0 ml-key trust log $id
	[ -L log.trust ]
	same <(echo etc/rules) <(readlink log.trust)
	same <(printf '%s\n' 'plain base' $id) etc/rules
	same <(echo 664) <(stat -c %a etc/rules)
	same <(echo rules) <(ls -A etc)
	run -0 ml-key untrust log $id
	[ -L log.trust ]
	same <(echo 'plain base') etc/rules
	same <(echo 664) <(stat -c %a etc/rules)
	rm log.trust
	cp etc/rules log.trust
	chmod 664 log.trust
	run -0 ml-key trust log $id
	same <(echo 664) <(stat -c %a log.trust)
}

@test "proof: a trust link that leads nowhere is an error, not no rules" {
	id=00112233445566778899aabbccddeeff
	events base 1 3 >in
	for call in "ml-key list log" "ml-key trust log $id" "ml-key untrust log $id" \
	    "ml-ingest log in" "ml-view --trusted log" "ml-check log"; do
		rm -f log* gone
		[ "${call%% *}" = ml-ingest ] || cp in log
		ln -s gone log.trust
		run --separate-stderr $call
		if [ "$status" != 2 ] || [ -z "$stderr" ] || [ -e gone ] || [ ! -L log.trust ]; then
			echo "$call: status $status: $stderr"
			bad=1
		fi
		[ "${call%% *}" != ml-ingest ] || [ ! -s log ] || { echo "$call: stored"; bad=1; }
	done
	[ -z "${bad-}" ]
}

@test "proof: a rule that brings a trust file over 1 MiB is refused" {
	id=00112233445566778899aabbccddeeff
	{ echo 'plain base'; yes '# so that it is long' | head -c $((1048576 - 11 - 20)); echo; } | head -c 1048560 >log.trust
	cp log.trust before
	run -2 --separate-stderr ml-key trust log $id
	same <(echo "over 1 MiB") <(sed 's/.*: //' <<<"$stderr")
	same before log.trust
	same <(printf '%s\n' before log.trust) <(ls | grep -v '^separate-stderr-')
	run -0 ml-key list log
	same <(echo 'plain base') <(printf '%s\n' "$output")
	# one that just has room
	head -c $((1048576 - 33)) before | sed '$s/.*/#/' >log.trust
	run -0 ml-key trust log $id
	run -0 ml-key list log
	same <(printf '%s\n' 'plain base' $id) <(printf '%s\n' "$output")
}

@test "proof: no new key beside the .feed of one that is gone" {
	ml-key new -n anna k >/dev/null
	ml-emit -k k log note R x >/dev/null
	cp k.feed before
	mv k gone
	run -2 --separate-stderr ml-key new k
	says "ml-key: k: there is a .feed of that name: what another key has written"
	[ ! -e k ]
	same before k.feed
	mv gone k
	run -0 ml-emit -k k log note R y
}

# comes_back FILE LINE AUTHOR: his 100 events, when that line is damaged in the
# log, he is trusted no more, and a peer sends what the frontier lacks
comes_back() {
	local got
	rm -f log log.*
	if [ "$1" = written ]; then cp written log; else run -0 ml-ingest log "$1"; fi
	cp log whole
	echo 'plain base' >log.trust
	sed -i "$2s/\"h\":\\[1/\"h\":[2/" log
	run -1 ml-check log
	ml-frontier log 2>/dev/null | ml-delta whole - >delta
	run ml-ingest log delta
	got=$(ml-frontier log 2>/dev/null | jq --arg a "$3" '.[$a] // 0')
	[ "$got" = 100 ] || { echo "$1, line $2: $got of 100"; bad=1; }
}

@test "proof: a damaged line of who is no longer trusted comes back" {
	key k 001
	id=$(id_of k)
	sealer -k k 1 100 >written
	sealer -k k -e 32 1 100 >sparse
	chain plain 1 100 >plain
	for line in 1 2 16 32 33 50 64 95 96; do
		comes_back sparse $line "$id"
	done
	for line in 1 2 16 32 33 50 64 95 98 99; do
		comes_back written $line "$id"
		comes_back plain $line plain
	done
	[ -z "${bad-}" ]
	# but nothing new of his
	run -1 ml-ingest log <(chain plain 101 101; sealer -k k 1 1)
	same <(echo '{"plain":100}') <(ml-frontier log 2>/dev/null)
}

@test "proof: a damaged line of his comes back in the last run under one seal too" {
	key k 001
	id=$(id_of k)
	sealer -k k -e 32 1 100 >sparse
	for line in 97 98 99; do
		comes_back sparse $line "$id"
	done
	[ -z "${bad-}" ]
}

# batch_stopped FILE: ingested between two groups, the next group is refused
batch_stopped() {
	mkfifo in out
	ml-emit -k k log - <in >out 2>err 3>&- &
	pid=$!
	exec 7>in 8<out
	echo '{"kind":"k","payload":1}' >&7
	read -r -t 20 line <&8
	same <(tail -1 log) <(printf '%s\n' "$line")
	echo '{"kind":"k","payload":2}' >&7
	read -r -t 20 line <&8
	same <(tail -1 log) <(printf '%s\n' "$line")
	run ml-ingest log "$1"
	cp log before
	cp k.feed feed-before
	echo '{"kind":"k","payload":3}' >&7
	exec 7>&-
	status=0
	wait $pid || status=$?
	same /dev/null <(cat <&8)
	exec 8<&-
	[ "$status" = 2 ]
	same <(echo "ml-emit: log: $ELSEWHERE") err
	same before log
	same feed-before k.feed
	rm in out
}

@test "proof: evidence that comes during a batch stops it" {
	key k 001
	sealer -k k 1 2 >log
	# a fork, and what lies ahead and is held
	batch_stopped <(sealer -k k -s other 1 4)
	jq -e 'select(.fork)' log.refused >/dev/null
	rm -f log* k.feed
	sealer -k k 1 2 >log
	batch_stopped <(sealer -k k 9 9)
	[ -s log.held ]
}

@test "proof: ml-key list shows what turns text around as an escape" {
	id=00112233445566778899aabbccddeeff
	printf '%s "%s"\n' $id $'a\u202eb\u2066c' >log.trust
	run -0 ml-key list log
	same <(printf '%s\n' "$id \"a\\u202eb\\u2066c\"") <(printf '%s\n' "$output")
	rm log.trust
	run -0 ml-key trust log $id $'a\u202eb'
	run -0 ml-key list log
	same <(printf '%s\n' "$id \"a\\u202eb\"") <(printf '%s\n' "$output")
	same /dev/null <(LC_ALL=C grep -P '\xe2\x80\xae' log.trust || true)
	ml-key untrust log $id
	run -0 ml-key trust log --plain $'x\u202e'
	run -0 ml-key list log
	same <(printf '%s\n' 'plain "x\u202e"') <(printf '%s\n' "$output")
}

@test "proof: evidence behind 5000 forged seals stops it" {
	key k 001
	sealer -k k 1 2 >log
	echo '{"id":"'"$(sed -n '2s/.*"i":"\([0-9a-f]*\)".*/\1/p' log)"'","name":"","seq":2}' >k.feed
	sealer -k k 10 5009 | sed -e 's/"g":"[^_]/"g":"_/; t' -e 's/"g":"_/"g":"A/' |
		ml-ingest log 2>said
	same <(echo "ml-ingest: 0 new, 0 had, 5000 held, 0 refused") said
	cp log before
	run -0 ml-emit -k k log note R x
	mv before log
	rm -f k.feed
	echo '{"id":"'"$(sed -n '2s/.*"i":"\([0-9a-f]*\)".*/\1/p' log)"'","name":"","seq":2}' >k.feed
	sealer -k k 9 9 | ml-ingest log 2>said
	run -2 --separate-stderr ml-emit -k k log note R x
	[ -z "$output" ]
}
