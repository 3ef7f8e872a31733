load helper

# What a sanitizer keeps of freed memory is no measure of ours.
export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1:thread_local_quarantine_size_kb=64

# under MIB STATUS COMMAND ...: run it, and see that its memory stays bounded
under() {
	local most=$(($1 * 1024)) want=$2
	shift 2
	run -"$want" --separate-stderr peak kib "$@"
	[ "$(<kib)" -le "$most" ] || {
		echo "$*: $(<kib) KiB, more than $most"
		return 1
	}
}

zeros() { head -c "$1" /dev/zero; }

@test "memory: a line of 1 GiB on a pipe" {
	events a 1 2 >a
	mkfifo in
	{ sed -n 1p a; zeros 1G | tr '\0' x; echo; sed -n 2p a; } >in 3>&- &
	under 64 1 ml-ingest log in
	same - <(echo "$stderr") <<-END
	ml-ingest: in:2: a line over 16 MiB
	ml-ingest: 2 new, 0 had, 0 held, 1 refused
	END
	same a log
	wait
}

@test "memory: a line of 1 GiB that never ends, in two steps" {
	mkfifo in
	{ zeros 500M; zeros 524M; } >in 3>&- &
	under 64 1 ml-emit -a me log - <in
	same <(echo "ml-emit: -:1: a line over 16 MiB") <(echo "$stderr")
	wait
	[ ! -s log ]
}

@test "memory: a log with a long line, and a tail of 1 GiB" {
	events a 1 2 >a
	{ sed -n 1p a; zeros 20M | tr '\0' x; echo; sed -n 2p a; } >log
	truncate -s 1G log
	for tool in frontier delta view; do
		under 64 0 ml-$tool log
		same <(echo "ml-$tool: $PWD/log: 1 damaged line, 1 torn tail: see ml-check") <(echo "$stderr")
	done
	under 64 1 ml-check log
	under 64 0 ml-ingest log <(sed -n 1p a)
	[ "$(wc -c <log)" -lt 21000000 ]
	[ "$(wc -c <log.refused)" -lt 16777216 ]
}

@test "memory: a frontier of a million authors, and one without end" {
	events a 1 2 >log
	seq 1000000 | awk 'BEGIN { printf "{\"a\":1" } { printf ",\"%x\":%d", $1 + 16777216, $1 } END { print "}" }' |
		shuf --random-source=<(yes 1) >one
	[ "$(wc -c <one)" -gt 16777216 ]
	under 64 2 ml-delta log one
	same <(echo "ml-delta: one: not a frontier: over 16 MiB") <(echo "$stderr")
	under 64 2 ml-delta log /dev/zero
	same <(echo "ml-delta: /dev/zero: not a frontier: over 16 MiB") <(echo "$stderr")
	# as many as fit: in no order
	seq 1000000 | shuf --random-source=<(yes 1) |
		awk 'BEGIN { printf "{\"a\":1" } { printf ",\"%06x\":1", $1 } END { print "}" }' >many
	[ "$(wc -c <many)" -lt 16777216 ]
	under 256 0 ml-delta log many
	same <(sed -n 2p log) <(echo "$output")
	under 256 0 ml-delta log - <many
	same <(sed -n 2p log) <(echo "$output")
}

@test "memory: a hundred thousand bad lines" {
	events a 1 2 >a
	{ sed -n 1p a; yes '{"a":"x"}' | head -n 100000; sed -n 2p a; } >in
	under 32 1 ml-ingest log in
	same <(echo "ml-ingest: 2 new, 0 had, 0 held, 100000 refused") <(tail -n 1 <<<"$stderr")
	same <(echo 100001) <(wc -l <<<"$stderr")
	same <(echo 'ml-ingest: in:100001: s: missing, an event has a seq') <(sed -n 100000p <<<"$stderr")
	same a log
}

@test "memory: a hundred thousand tampered events; their evidence is bounded" {
	events good 1 2 >a
	{ sed -n 1p a; chain -b 150 x 1 100000 | sed 's/"i":".../"i":"zzz/'; sed -n 2p a; } >in
	under 96 1 ml-ingest log in
	same <(echo "ml-ingest: 2 new, 0 had, 0 held, 100000 refused") <(tail -n 1 <<<"$stderr")
	[ "$(wc -c <log.refused)" -le $((16 * 1024 * 1024)) ]
	same <(tail -n 2 in | sed 1q) <(tail -n 1 log.refused | jq -r .text)
	same a log
}

@test "memory: deep and wide JSON" {
	deep() { zeros "$1" | tr '\0' "$2"; }
	{
		deep 15M '['; echo
		deep 15M '{'; echo
		deep 3M 'x' | sed 's/x/{"a":/g'; echo
		printf '{"a":"'; deep 15M '"'; echo
		deep 7M x | sed 's/x/1,/g; s/^/[/; s/,$/]/'; echo
		deep 15M '\'; echo
	} >in
	under 128 1 ml-ingest log in
	same <(echo 7) <(wc -l <<<"$stderr")
	same <(echo "ml-ingest: 0 new, 0 had, 0 held, 6 refused") <(tail -n 1 <<<"$stderr")
}

@test "memory: lines with nothing on them, and with next to nothing" {
	events a 1 2 >a
	{ sed -n 1p a; zeros 20M | tr '\0' '\n'; yes 1 | head -n 300000; sed -n 2p a; } >in
	for tool in frontier delta view; do
		under 64 0 ml-$tool in
	done
	under 64 1 ml-ingest log in
	same <(echo "ml-ingest: 2 new, 0 had, 0 held, 300000 refused") <(tail -n 1 <<<"$stderr")
	same a log
}

# message: the lines of stdin as one
message() { printf '{"t":"events","e":['; paste -sd , | sed 's/$/]}/'; }

@test "memory: a message of a great many things" {
	events a 1 2 >a
	{ sed -n 1p a; yes '{}' | head -n 5000000; sed -n 2p a; } | message >in
	[ "$(wc -c <in)" -lt 16777216 ]
	under 128 1 ml-ingest log in
	same <(echo "ml-ingest: 2 new, 0 had, 0 held, 5000000 refused") <(tail -n 1 <<<"$stderr")
	same <(echo 33) <(wc -l <<<"$stderr")
	same a log
	under 128 0 ml-delta in
	same a <(echo "$output")
}

@test "a message of a great many events: as if they were on lines of their own" {
	(umask 077; head -c 64 /dev/zero | tr '\0' '\001' >k)
	chain x 1 9000 >plain
	sealer -k k -e 8 1 9000 >keyed
	for what in plain keyed; do
		{ events a 1 1; message <$what; events a 2 2; } >in
		rm -f log log.*
		run -0 ml-ingest log $what <(events a 1 2)
		mv log wanted
		run -0 --separate-stderr ml-ingest log in
		same <(echo "ml-ingest: 9002 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
		same <(sort wanted) <(sort log)
	done
}

@test "memory: a great many members in one line" {
	seq 900000 | shuf --random-source=<(yes 1) |
		awk 'BEGIN { printf "{\"a\":\"x\"" } { printf ",\"%d\":0", $1 } END { print "}" }' >in
	[ "$(wc -c <in)" -lt 16777216 ]
	under 128 1 ml-ingest log in
	same <(echo "ml-ingest: in:1: s: missing, an event has a seq") <(sed 1q <<<"$stderr")
	# as a payload it is over the limit of an event
	sed 's/^/{"a":"x","s":1,"h":[1,1],"k":"k","v":"","i":"","p":/; s/$/}/' in >in2
	under 192 1 ml-ingest log in2
	same <(echo "ml-ingest: in2:1: an event over 256 KiB") <(sed 1q <<<"$stderr")
}

@test "a pipe that ends late: what came is stored and told at once" {
	mkfifo in pause
	events a 1 3 >a
	ml-ingest -v log in >out 2>said 3>&- &
	pid=$!
	exec 7>in
	for n in 1 2 3; do
		# each comes in two halves
		line=$(sed -n ${n}p a)
		printf '%s' "${line:0:50}" >&7
		printf '%s\n' "${line:50}" >&7
		for ((i = 0; i < 3000; i++)); do
			! grep -q "stored.a.$n" out || break
			read -rt 0.01 _ <>pause || :
		done
		same <(sed ${n}q a) log
		same <(echo "{\"a\":$n}") <(ml-frontier log)
	done
	[ ! -s said ]
	exec 7>&-
	wait $pid
	same <(echo "ml-ingest: 3 new, 0 had, 0 held, 0 refused") said
}

# endless FILE COMMAND ...: its input is FILE, and then a line without end,
# until it has said something and printed something
endless() {
	local first=$1
	shift
	rm -f in out said
	mkfifo in
	{ cat "$first" && exec cat /dev/zero; } >in 3>&- &
	writer=$!
	peak kib "$@" <in >out 2>said 3>&- &
	pid=$!
	patiently [ -s said ]
	patiently [ -s out ]
	kill $writer
	wait $pid || status=$?
	[ "$status" = 1 ]
	[ "$(<kib)" -le 65536 ] || { echo "$*: $(<kib) KiB"; return 1; }
}

@test "memory: a FIFO that never ends, of one line: told at once, and what came is stored" {
	events a 1 1 >a
	endless a ml-ingest -v log
	same - said <<-END
	ml-ingest: -:2: a line over 16 MiB
	ml-ingest: 1 new, 0 had, 0 held, 1 refused
	END
	same a log
	echo '{"kind":"k","payload":1}' >notes
	endless notes ml-emit -a me log -
	same <(echo "ml-emit: -:2: a line over 16 MiB") said
	same <(cat a out) log
}

@test "memory: a FIFO that never ends, of many lines: each is told, until it is stopped" {
	events a 1 1 >a
	mkfifo in
	yes "$(<a)" >in 3>&- &
	writer=$!
	peak kib ml-ingest -v log in >out 2>said 3>&- &
	pid=$!
	told() { [ "$(wc -l <out)" -gt 100000 ]; }
	patiently told
	kill $writer
	wait $pid
	same a log
	same <(printf '%s\n' had stored) <(cut -f 1 out | sort -u)
	[ "$(<kib)" -le 65536 ]
	# a frontier has an end
	for operand in in -; do
		yes '"x":1,' >in 2>/dev/null 3>&- &
		under 64 2 ml-delta log $operand <in
		same <(echo "ml-delta: $operand: not a frontier: over 16 MiB") <(echo "$stderr")
	done
}

@test "memory: a number of a billion digits, and of fifteen million" {
	events a 1 2 >a
	digits() { zeros "$1" | tr '\0' 7; }
	event() {
		printf '{"a":"x","s":1,"h":[1,1],"k":"k","v":"","i":"","p":'
		digits "$1"
		echo '}'
	}
	mkfifo in
	{ sed -n 1p a; event 1000000000; event 15000000; sed -n 2p a; } >in 3>&- &
	under 96 1 ml-ingest log in
	same - <(echo "$stderr") <<-END
	ml-ingest: in:2: a line over 16 MiB
	ml-ingest: in:3: an integer of more than 4300 digits
	ml-ingest: 2 new, 0 had, 0 held, 2 refused
	END
	same a log
	{ printf '{"kind":"k","payload":'; digits 15000000; echo '}'; } >in 3>&- &
	under 96 1 ml-emit -a me log - <in
	same <(echo "ml-emit: -:1: an integer of more than 4300 digits") <(echo "$stderr")
	{ printf '{"a":'; digits 1000000000; echo '}'; } >in 2>/dev/null 3>&- &
	under 64 2 ml-delta log in
	same <(echo "ml-delta: in: not a frontier: over 16 MiB") <(echo "$stderr")
	{ printf '{"a":'; digits 15000000; echo '}'; } >in 3>&- &
	under 96 2 ml-delta log in
	same <(echo "ml-delta: in: an integer of more than 4300 digits") <(echo "$stderr")
	same a log
}

@test "memory: a million events that are held, then let in" {
	for n in 1 2 3 4 5 6 7 8; do chain -b 1 h$n 1 125000; done >all
	mkfifo in
	grep -v '"s":1,' all >in 3>&- &
	under 256 0 ml-ingest log in
	same <(echo "ml-ingest: 0 new, 0 had, 999992 held, 0 refused") <(echo "$stderr")
	[ ! -s log ]
	grep '"s":1,' all >in 3>&- &
	under 320 0 ml-ingest log in
	same <(echo "ml-ingest: 1000000 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
	[ ! -e log.held ]
	same <(seq -s , -f '"h%g":125000' 8) <(ml-frontier log | tr -d '{}')
}

@test "memory: more events to be held than one author may have" {
	mkfifo in
	chain -b 1 h 2 500001 >in 3>&- &
	under 256 1 ml-ingest log in
	[[ $stderr =~ ^'ml-ingest: 0 new, 0 had, '([0-9]+)' held, 0 refused, '([0-9]+)' dropped (.held is full)'$ ]]
	held=${BASH_REMATCH[1]}
	[ $((held + BASH_REMATCH[2])) = 500000 ]
	[ "$(wc -c <log.held)" -le $((64 * 1024 * 1024)) ]
	# those next to what the log has were kept, and the last that came
	chain -b 1 h 1 1 >one
	under 256 0 ml-ingest log one
	[ "$(ml-frontier log | jq .h)" -gt $((held / 2)) ]
}
