load helper
load journal

END='{"end": true}'
says() { same <(printf '%s\n' "$@") <(printf '%s\n' "$stderr"); }
numbers() { cut -d , -f 1 "$@"; }
statuses() { cut -d , -f 1,4 "$@" | paste -sd ' '; }
# pick NUMBER ...: those packets of "all"
pick() { local n; for n; do sed -n "$((n + 1))p" all; done; }
# damage: every packet with a wrong checksum
damage() { sed 's/"checksum": [0-9]*/"checksum": 1/'; }
# beside COMMAND ...: it runs as $pid, told by descriptor 5 and heard by 6, until
# they have parted; then what it ended with
beside() {
	coproc "$@"
	pid=$COPROC_PID
	exec 5>&"${COPROC[1]}" 6<&"${COPROC[0]}"
	eval "exec ${COPROC[1]}>&-"
}
parted() {
	local status=0
	wait "$pid" || status=$?
	exec 5>&- 6<&-
	return $status
}
stat_of() { jq ".$1" stats; }

@test "journal: the log has the document's form, whatever the spelling" {
	printf '%s\n' '{"sequence": 42, "timestamp": 1705123456.789, "payload": "48656c6c6f", "checksum": 4157704578}' \
	    ' { "checksum":4223024711 , "payload":"576F726C\u00364", "x":[{"sequence":7}],"timestamp":1705123456.8120,"\u0073equence":43}' '' "$END" >in
	run -0 --separate-stderr ml-journal log <in
	[ -z "$output$stderr" ]
	same - log <<-'WANTED'
		42,1705123456.789,48656c6c6f,OK
		43,1705123456.8120,576f726c64,OK
	WANTED
	[ "$(stat -c %a log log.pending | sort -u)" = 600 ]
}

@test "journal: OK, LATE and RETRANSMIT, and what is requested" {
	packets 60 >all
	# 1 comes before it is missed, 4 is corrupt, 7 is lost, 12 comes when all
	# has given it up, 15 likewise, but requested
	{
		pick 0 2 1 3
		pick 4 | damage
		pick 5 4 6 8 9 10 11 13 14 16
		pick $(seq 17 52) 12 15
		echo "$END"
	} >in
	run -0 --separate-stderr ml-journal -f 0 -w 3 -S stats log <in
	same <(printf '%s\n' 4 7 12 15) <(echo "$output")
	same - <(statuses log) <<-'WANTED'
		0,OK 1,OK 2,OK 3,OK 4,RETRANSMIT 5,OK 6,OK 8,OK 9,OK 10,OK 11,OK 13,OK 14,OK 16,OK 17,OK 18,OK 19,OK 20,OK 21,OK 22,OK 23,OK 24,OK 25,OK 26,OK 27,OK 28,OK 29,OK 30,OK 31,OK 32,OK 33,OK 34,OK 35,OK 36,OK 37,OK 38,OK 39,OK 40,OK 41,OK 42,OK 43,OK 44,OK 45,OK 46,OK 47,OK 48,OK 49,OK 50,OK 51,OK 52,OK 12,RETRANSMIT 15,RETRANSMIT
	WANTED
	same - <(json stats) <<-'WANTED'
		{"buffer_flushes":5,"corrupted_packets":1,"duplicates_discarded":0,"final_buffer_size":0,"gaps":1,"inversions":2,"late":0,"packets_received":53,"packets_written":52,"retransmit_requests":4,"retransmits_received":3,"window":3}
	WANTED
	pick 53 5 | ml-journal --final log
	rm log.pending
	pick 54 7 | ml-journal --final log
	same <(echo '12,RETRANSMIT 15,RETRANSMIT 53,OK 54,OK 7,LATE') <(tail -5 log | statuses)
}

@test "journal: a line that is no packet: told, the rest taken, status 1" {
	packets 3 >all
	{ pick 0; echo '{"sequence": 1}'; pick 1; echo noise; printf '\e[2J\n'; pick 2; echo "$END"; } >in
	run -1 --separate-stderr ml-journal log <in
	says "ml-journal: -:2: timestamp: not a number" "ml-journal: -:4: packet: no JSON object" \
	    "ml-journal: -:5: packet: no JSON object"
	same <(seq 0 2) <(numbers log)
}

@test "journal: the source died: what waits is kept, 111, and the next run goes on" {
	packets 9 >all
	run -111 --separate-stderr ml-journal -f 0 log < <(pick 0 1 3 4)
	says 'ml-journal: log: the input ended without {"end":true}: packets that wait for the next run: 2'
	same <(seq 0 1) <(numbers log)
	run -111 ml-journal -f 0 -S stats log < <(pick 6 5)
	[ "$(stat_of final_buffer_size)" = 4 ]
	run -0 --separate-stderr ml-journal -f 0 -S stats log < <(pick 2 3 1 6; echo "$END")
	[ -z "$output$stderr" ]
	same <(seq 0 6) <(numbers log)
	[ "$(stat_of packets_received) $(stat_of duplicates_discarded)" = '10 3' ]
	# without the line, --final is the end; what is there already stays once
	run -0 --separate-stderr ml-journal --final log < <(pick 8 7 0)
	same <(seq 0 8) <(numbers log)
}

@test "journal: what was damaged is requested again by the next run, given up or not" {
	packets 60 >all
	run -111 --separate-stderr ml-journal -f 0 log < <(pick 0; pick 1 | damage)
	[ "$output" = 1 ]
	run -111 --separate-stderr ml-journal -f 0 log </dev/null
	[ "$output" = 1 ]
	run -111 --separate-stderr ml-journal -f 0 log < <(pick $(seq 2 59))
	[ "$output" = 1 ]
	same <(seq 2 59) <(numbers log | sed 1d)
	run -0 --separate-stderr ml-journal -f 0 log < <(pick 1; echo "$END")
	[ "$output" = 1 ]
	same <(echo '1,RETRANSMIT') <(tail -1 log | statuses)
	run -0 --separate-stderr ml-journal --final log </dev/null
	[ -z "$output" ]
}

@test "journal: all was sent, and gaps are left: requested, answered, or given up" {
	packets 6 >all
	beside timeout 60 ml-journal -f 0 log
	{ pick 0 2 4; echo "$END"; } >&5
	read -r -u 6 one
	read -r -u 6 two
	[ "$one $two" = '1 3' ]
	pick 3 >&5
	echo "$END" >&5
	parted
	same <(echo '0,OK 2,OK 3,RETRANSMIT 4,OK') <(statuses log)
}

@test "journal: all was sent: what was damaged is waited for, given up or not, however often that is said" {
	packets 50 >all
	{ pick 0; pick 1 | damage; pick $(seq 2 49); echo "$END"; echo "$END"; pick 1; echo "$END"; echo behind; } >in
	run -0 ml-journal -f 0 log <in
	[ "$output" = 1 ]
	same <(seq 2 49; echo 1) <(numbers log | sed 1d)
}

@test "journal: all was sent, and nobody answers, nor ends: the gaps are accepted" {
	packets 6 >all
	mkfifo pipe
	exec 5<>pipe
	{ pick 0; pick 2 | damage; pick 3; echo "$END"; } >&5
	run -0 --separate-stderr timeout 60 ml-journal -f 0 log <&5 5<&-
	exec 5>&-
	[ -z "$stderr" ]
	same <(printf '%s\n' 2 1) <(echo "$output")
	same <(echo '0,OK 3,OK') <(statuses log)
}

@test "journal: all was sent, and the answers are corrupt: again, until they are not" {
	packets 4 >all
	beside timeout 60 ml-journal -f 0 log
	pick 0 3 >&5
	for n in 1 2 3; do
		{ pick 1 | damage; echo "$END"; } >&5
		until read -r -u 6 asked && [ "$asked" = 1 ]; do :; done
	done
	{ pick 1; echo "$END"; } >&5
	parted
	same <(echo '0,OK 1,RETRANSMIT 3,OK') <(statuses log)
}

@test "journal: a request is told at once, again if the answer is corrupt, and not for ever" {
	packets 40 >all
	beside timeout 60 ml-journal -f 0 log
	pick 0 >&5
	pick 1 | damage >&5
	read -r -u 6 asked
	[ "$asked" = 1 ]
	{ pick 1 | damage; pick 2 3 4 5; } >&5
	read -r -u 6 asked
	[ "$asked" = 1 ]
	pick 1 >&5
	echo "$END" >&5
	parted
	same <(echo '0,OK 1,RETRANSMIT 2,OK 3,OK 4,OK 5,OK') <(statuses log)
	for n in $(seq 600); do pick 7 | damage; done | ml-journal --final log >asked
	[ "$(sort asked | uniq -c | tr -s ' ')" = ' 1 6
 8 7' ] || [ "$(grep -cx 7 asked)" = 8 ]
}

@test "journal: -a: what was acknowledged is there, however it is killed" {
	packets 50 >all
	# backwards, so that all of it waits for the first
	for n in $(seq 49 -2 1); do
		beside ml-journal -a --sync none -f 0 -b 100 -w 100 log
		pick "$n" $((n - 1)) >&5
		until read -r -u 6 said && [ "$said" = 'ok 2' ]; do :; done
		kill -9 "$pid"
		parted || true
		[ "$n" = 1 ] || [ ! -s log ]
	done
	ml-journal --final log </dev/null
	same <(seq 0 49 | sed 's/$/,OK/' | paste -sd ' ') <(statuses log)
}

@test "journal: killed at any call: what is not in the files is still in the pipe, or the file" {
	packets 700 >all
	{ cat all; echo "$END"; } >in
	mkfifo pipe
	step=1
	[[ $BUILD != */san ]] || step=7		# what is sanitized calls more
	for from in in all file; do
		status=137
		# a pipe holds less than that: the first to be read ends within a line
		for ((n = 60; status == 137; n += step)); do
			rm -f log log.pending
			if [ $from = file ]; then
				exec 5<in
			else
				cat $from >pipe &
				exec 5<pipe
			fi
			status=0
			killat $n ml-journal -f 0 --sync none log <&5 >asked 2>killed || status=$?
			[ $status = 0 ] || timeout 60 ml-journal --final -f 0 log <&5 >asked
			exec 5>&-
			cut -d , -f 1,4 log | same <(seq 0 699 | sed 's/$/,OK/') -
		done
		[ "$n" -gt 100 ]
	done
}

@test "journal: killed within a line: the next run goes on within it, or begins another" {
	packets 5 >all
	mkfifo pipe
	for rest in rest new; do
		rm -f log log.pending
		exec 5<>pipe
		{ pick 0; pick 1 | head -c 20; } >&5
		ml-journal -f 0 log <&5 5<&- &
		until grep -q ' part 0 .*|$' log.pending; do kill -0 $!; done
		pick 1 | head -c 50 | tail -c 30 >&5
		until grep -q ' part 20 .*|$' log.pending; do kill -0 $!; done
		kill -9 $!
		wait $! || true
		[ $rest = new ] || pick 1 | tail -c +51 >&5
		{ pick $(seq $([ $rest = rest ] && echo 2 || echo 1) 4); echo "$END"; echo behind; } >&5
		run -0 --separate-stderr ml-journal log <&5
		[ -z "$stderr" ]
		same <(seq 0 4) <(numbers log)
		# what stands behind the end is left to who reads on
		read -r -u 5 line
		[ "$line" = behind ]
		exec 5>&-
	done
	# of what is no packet any more, nothing is kept
	head -c 300000 /dev/zero | tr '\0' x >long
	exec 5<>pipe
	timeout 60 ml-journal log <&5 5<&- &
	pick 4 | head -c 20 >&5
	until grep -q ' part 0 .*|$' log.pending; do kill -0 $!; done
	cat long >&5
	until [ "$(grep ' part ' log.pending | tail -1 | cut -d ' ' -f 2-)" = 'part 0 |' ]; do kill -0 $!; done
	kill $!
	wait $! || [ $? = 111 ]
	exec 5>&-
}

@test "journal: killed at any moment, with a source that waits: nothing lost, in order" {
	packets 400 7 >stream
	could 7 <stream >can
	mkfifo requests
	runs=0
	while :; do
		ml-noise -a -p state --seed 7 --termination 0 stream <requests 2>>said |
		    { ml-journal -a --sync none -f 0 log >requests 2>>said & echo $! >pid; wait $!; } &
		one=$!
		runs=$((runs + 1))
		# whenever so much more was acknowledged
		if [ $runs -lt 12 ]; then
			until [ "$(cut -d ' ' -f 3 state 2>/dev/null || echo 0)" -ge $((runs * 30)) ]; do
				kill -0 $one 2>/dev/null || break
			done
			kill -9 "$(cat pid)" 2>/dev/null || true
		fi
		wait $one && break
	done
	same can <(numbers log)
}

@test "journal: 20 bad links: all that could be had, in order, few requests" {
	for seed in $(seq 20); do
		rm -f log log.pending state
		packets 500 "$seed" >stream
		could "$seed" <stream >can
		link "$seed" '' ml-journal -a --sync none -f 0 -S stats log
		same can <(numbers log)
		[ "$(stat_of inversions)" = 0 ]
		jq -e '.retransmit_requests <= 1.1 * .corrupted_packets + .gaps' stats
		[ "$(stat_of final_buffer_size)" = 0 ]
	done
}

@test "journal: what adapts, and what -w and -b fix" {
	packets 3000 >all
	# far out of order: the window learns it
	ml-noise --loss 0 --corruption 0 --duplicate 0 --termination 0 --reorder 100 --seed 3 <all >in
	ml-journal --final -f 0 -b 1000 -S stats log <in >asked
	same <(seq 0 2999) <(numbers log)
	[ "$(stat_of window)" -gt 60 ]
	[ "$(wc -l <asked)" -lt 300 ]
	# as much as waits by default is too little for that, but all is written
	rm log log.pending
	ml-journal --final -f 0 -S stats log <in >asked
	same <(seq 0 2999) <(numbers log | sort -n)
	[ "$(stat_of inversions)" -gt 0 ]
	rm log log.pending
	ml-journal --final -f 0 -b 1000 -w 200 log <in >asked
	same <(seq 0 2999) <(numbers log)
	[ ! -s asked ]
}

@test "journal: one wrong number moves nothing; where a stream begins" {
	packets 30 >all
	packets 1 1 9007199254740991 >far
	{ pick $(seq 5 10); cat far; pick $(seq 11 29); } | ml-journal --final log >asked
	[ ! -s asked ]
	same <(seq 5 29; echo 9007199254740991) <(numbers log)
	{ pick $(seq 5 20); echo "$END"; } | ml-journal -f 3 log2 >asked
	same <(seq 3 4) asked
}

@test "journal: a torn tail is cut, kept in .refused, and a whole one stays" {
	packets 5 >all
	pick 0 1 | ml-journal --final log
	cp log whole
	for torn in '2,0.00' '2,0.002,7061' "$(tail -1 log | tr 1 2 | head -c 30)"; do
		cp whole log
		printf %s "$torn" >>log
		run -0 --separate-stderr ml-journal --final log </dev/null
		says "ml-journal: log: cut a torn tail of ${#torn} bytes, kept in .refused"
		same whole log
		jq -e --arg torn "$torn" 'select(.text == $torn)' log.refused
	done
	printf '2,0.002,7061,OK' >>log
	run -0 --separate-stderr ml-journal --final log < <(pick 2 3)
	[ -z "$stderr" ]
	same <(echo '0,OK 1,OK 2,OK 3,OK') <(statuses log)
}

@test "journal: LOG.pending lost, torn or damaged: the log is read again" {
	packets 9 >all
	ml-journal -f 0 log < <(pick 0 1 3 4) || [ $? = 111 ]
	cp log one
	cp log.pending two
	rm log.pending
	run -0 --separate-stderr ml-journal --final log < <(pick 1 5)
	[ -z "$stderr" ]
	same <(echo '0,OK 1,OK 5,OK') <(statuses log)
	# a line that is torn, or spoilt, costs itself
	cp one log
	{ sed '$s/0\.00/0.01/' two; printf 'deadbeef wait 9'; } >log.pending
	run -0 --separate-stderr ml-journal --final log < <(pick 5)
	[ -z "$stderr" ]
	same <(echo '0,OK 1,OK 3,OK 5,OK') <(statuses log)
	# without its end it is believed of nothing but what waits
	cp one log
	sed '/ end$/d' two >log.pending
	run -0 --separate-stderr ml-journal --final log < <(pick 1 5)
	says "ml-journal: $PWD/log.pending: damaged: the log was read again"
	same <(echo '0,OK 1,OK 3,OK 4,OK 5,OK') <(statuses log)
	# that of another log is not made use of
	cp two log.pending
	echo '0,1,00,OK' >log
	run -2 --separate-stderr ml-journal --final log < <(pick 5)
	says "ml-journal: log: its .pending belongs to another log: remove it, or bring the log back"
	same <(echo '0,1,00,OK') log
}

@test "journal: what is no log of packets is left alone; damaged lines stay" {
	echo 'Dear diary' >log
	run -2 --separate-stderr ml-journal log </dev/null
	says "ml-journal: log: not a log of packets: none is in it"
	same <(echo 'Dear diary') log
	mkfifo pipe
	run -2 --separate-stderr ml-journal pipe </dev/null
	says "ml-journal: pipe: not a regular file"
	printf '0,1,00,OK\nrubbish\n2,1,00,OK\n' >log
	cp log before
	packets 4 >all
	run -0 --separate-stderr ml-journal --final log < <(pick 2 3)
	says "ml-journal: log: 1 damaged lines stay in it"
	same before <(head -3 log)
	[ "$(wc -l <log)" = 4 ]
}

@test "journal: one at a time" {
	packets 2 >all
	mkfifo in
	ml-journal -a --final log <in >said &
	exec 5>in
	pick 0 >&5
	until grep -q ok said; do :; done
	run -124 timeout 1 ml-journal --final log </dev/null
	exec 5>&-
	wait $!
	run -0 ml-journal --final log </dev/null
}

@test "journal: SIGTERM: what was read is there, 111" {
	packets 9 >all
	for signal in TERM INT HUP; do
		rm -f log log.pending in
		mkfifo in
		env --default-signal=HUP ml-journal -a -f 0 log <in >said 2>err &
		exec 5>in
		pick 0 2 3 >&5
		until grep -q 'ok 3' said; do :; done
		kill -$signal $!
		wait $! && return 1
		[ $? = 111 ]
		exec 5>&-
		same <(echo "ml-journal: log: stopped: packets that wait for the next run: 2") err
		pick 1 | ml-journal --final log
		same <(seq 0 3) <(numbers log)
	done
}

@test "journal: nobody reads the requests: told once, all is logged, 111" {
	packets 9 >all
	run -111 --separate-stderr sh -c 'ml-journal --final -f 0 log >/dev/full' < <(pick 0 1; pick 2 | damage; pick 3; pick 4 | damage; pick 5)
	says 'ml-journal: standard output: No space left on device'
	same <(printf '%s\n' 0 1 3 5) <(numbers log)
}

@test "journal: a source that does not listen is not waited for" {
	packets 1 1 60000 >far
	mkfifo requests
	exec 5<>requests
	{ for i in $(seq 0 5000 55000); do packets 1 1 "$i"; packets 1 1 $((i + 4000)); packets 1 1 $((i + 4001)); done; cat far; packets 1 1 60001; echo "$END"; } >in
	timeout 300 ml-journal -f 0 -b 4 log <in >&5 &
	until [ "$(wc -l <log 2>/dev/null || echo 0)" -ge 30 ]; do kill -0 $!; done
	while read -r -t 1 -u 5 _; do :; done
	wait $! || [ $? = 111 ]
	[ "$(numbers log | sort -u | wc -l)" = 38 ]
}

@test "journal: a full disk: 111, and nothing that was acknowledged is lost" {
	packets 3000 >all
	(trap '' XFSZ; ulimit -f 50; exec ml-journal --final -f 0 log) <all 2>err || status=$?
	[ "$status" = 111 ]
	same <(echo "ml-journal: log: File too large") err
	run -0 ml-journal --final -f 0 log <all
	same <(seq 0 2999) <(numbers log)
	[ "$(cut -d , -f 4 log | sort -u)" = OK ]
	# what was not written is still in the pipe
	rm log log.pending
	cat all | {
		status=0
		(trap '' XFSZ; ulimit -f 100; exec ml-journal --final -f 0 log) 2>err || status=$?
		[ "$status" = 111 ]
		ml-journal --final -f 0 log
	}
	same <(seq 0 2999) <(numbers log)
}

@test "journal: syncs: each packet, in groups, or none" {
	export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0:detect_leaks=0
	packets 200 >all
	for sync in each group none; do
		rm -f log log.pending
		spent -c "$BUILD/help/counts.so" -n 1 -i all ml-journal --sync $sync --final -f 0 log >spent.$sync
		same <(seq 0 199) <(numbers log)
	done
	syncs() { cut -d ' ' -f 8 "spent.$1"; }
	# each of two files made anew, and their folder, and the log: at both ends
	[ "$(syncs each)" -ge 200 ]
	[ "$(syncs each)" -le 420 ]
	[ "$(syncs group)" -le 12 ]
	[ "$(syncs group)" -ge "$(syncs none)" ]
	run -2 --separate-stderr ml-journal --sync often log
	says "ml-journal: --sync: not each, group or none"
}

@test "journal: --frames: what a radio hears, as it comes" {
	export ML_CLOCK_MS=1800000000123
	printf 'QUJD\trssi=-97\tsnr=6.5\nQQ\r\n!!\n-_-_\tt=\e[2J,x\n' >in
	run -1 --separate-stderr ml-journal --frames log <in
	says "ml-journal: -:3: frame: not base64url without padding"
	run -0 --separate-stderr ml-journal --frames log <<<QQ
	same - log <<-'WANTED'
		0,1800000000.123,414243,OK,rssi=-97 snr=6.5
		1,1800000000.123,41,OK
		2,1800000000.123,fbffbf,OK,t=\u001b[2J,x
		3,1800000000.123,41,OK
	WANTED
}

@test "journal: memory stays small, however long the stream and wild its numbers" {
	packets 100000 | ml-noise --termination 0 --seed 1 | peak kib ml-journal --sync none --final -f 0 log >asked
	[[ $BUILD == */san ]] || [ "$(cat kib)" -le 16384 ]
	# every tenth, backwards and forwards
	packets 100000 2 | awk 'NR % 10 == 1' | sort -R --random-source=<(yes) |
	    peak kib ml-journal --sync none --final log2 >asked
	[[ $BUILD == */san ]] || [ "$(cat kib)" -le 16384 ]
	same <(seq 0 10 99999) <(numbers log2 | sort -n)
}

@test "journal: after a power cut all that was acknowledged is there, once" {
	export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0:detect_leaks=0
	packets 40 5 >stream
	mkdir disk states states/disk
	mkfifo requests
	ml-noise -a -p state --seed 5 --termination 0 stream <requests | tee sent |
	    (cd disk && DISK_TRACE=$PWD/../trace DISK_ROOT=$PWD LD_PRELOAD=$BUILD/help/disk.so \
	    exec ml-journal -a -f 0 log) >requests
	cut -d , -f 1-3 disk/log | sort >sent.logged
	cat >go-on <<-'GO'
		ml-journal --final -f 0 log </dev/null >/dev/null 2>&1 || exit 1
		# what garbage a disk has left is no packet
		grep -aE '^[0-9]+,[0-9.]+,[0-9a-f]+,(OK|LATE|RETRANSMIT)$' log >../good
		! cut -d , -f 1-3 ../good | sort | comm -23 - "$SENT.logged" | grep . || exit 2
		cut -d , -f 1 ../good | sort >../have
		[ -z "$(uniq -d ../have)" ] || exit 3
		# what that makes of the lines that were acknowledged
		mkdir ../new
		told=$(sed -n 's/^.*ok \([0-9]*\)$/\1/p' ../told | tail -1)
		head -n "${told:-0}" "$SENT" | ml-journal --final -f 0 ../new/log >/dev/null
		cut -d , -f 1 ../new/log | sort | comm -23 - ../have >../lost
		rm -r ../new
		[ ! -s ../lost ]
	GO
	SENT=$PWD/sent run -0 powercut -n 150 trace states sh "$PWD/go-on"
	echo "$output"
	[[ $output =~ ^[0-9]+\ 150\ 0$ ]]
	# it is found out when syncs do not count
	rm -r state disk trace requests
	mkdir disk
	mkfifo requests
	ml-noise -a -p state --seed 5 --termination 0 stream <requests | tee sent |
	    (cd disk && DISK_TRACE=$PWD/../trace DISK_ROOT=$PWD LD_PRELOAD=$BUILD/help/disk.so DISK_LIES=1 \
	    exec ml-journal -a -f 0 log) >requests
	SENT=$PWD/sent run -1 powercut -n 30 trace states sh "$PWD/go-on"
}

# big NUMBER BYTES: a packet with so many zeros
big() {
	printf '{"sequence":%d,"timestamp":0,"payload":"%s","checksum":%s}\n' "$1" "$(head -c $(($2 * 2)) /dev/zero | tr '\0' 0)" \
	    "$(head -c "$2" /dev/zero | gzip -c | tail -c 8 | od -A n -t u4 -N 4 --endian=little | tr -d ' ')"
}

@test "journal: after a power cut without -a the files belong together, and what has ended is there" {
	export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0:detect_leaks=0
	packets 12 >all
	# what waits is so much that LOG.pending is written anew, in the midst of it
	{ pick 0 1 2; for n in 4 5 6 7; do big $n 60000; done; pick 3 8; echo; big 9 60000; big 10 60000; pick 11; } >in
	ml-journal --final -f 0 whole <in
	cat >go-on <<-'GO'
		ml-journal --final -f 0 log </dev/null >/dev/null 2>../said || exit 1
		grep -aE '^[0-9]+,[0-9.]+,[0-9a-f]+,(OK|LATE|RETRANSMIT)$' log | cut -d , -f 1-3 | sort >../good
		[ -z "$(uniq -d ../good)" ] || exit 2
		[ -z "$(comm -13 "$WHOLE" ../good)" ] || exit 3
		! grep -q ended ../told || cmp -s "$WHOLE" ../good || exit 4
	GO
	cut -d , -f 1-3 whole | sort >wanted
	for sync in group none; do
		rm -rf disk states trace
		mkdir -p disk states/disk
		(cd disk && DISK_TRACE=$PWD/../trace DISK_ROOT=$PWD LD_PRELOAD=$BUILD/help/disk.so \
		    ml-journal --sync $sync --final -f 0 log <../in)
		powercut -t trace "ended"
		same whole disk/log
		WHOLE=$PWD/wanted run -0 powercut -n 60 trace states sh "$PWD/go-on"
		echo "$output"
		[[ $output =~ ^[0-9]+\ 60\ 0$ ]]
	done
}

@test "journal: usage" {
	for operands in '' 'a b' '-x log' '-b 0 log' '-b 65537 log' '-w x log' '-f -1 log' '--sync'; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr ml-journal $operands </dev/null
		[ -n "$stderr" ]
		[ ! -e log ]
	done
	run -2 --separate-stderr ml-journal -b 0 log
	says "ml-journal: -b: not a number from 1 to 65536"
	run -2 --separate-stderr ml-journal -f -1 log
	says "ml-journal: -f: not a sequence number"
	run -2 --separate-stderr ml-journal nowhere/log </dev/null
	says "ml-journal: nowhere/log: No such file or directory"
}
