load helper

# lock FILE [TEXT]: another writer takes the lock, writes, and stays; unlock
lock() {
	rm -f gate ready
	mkfifo gate ready
	hold "$@" <gate >ready 3>&- &
	holder=$!
	exec 8>gate
	read -r _ <ready
}
unlock() {
	exec 8>&-
	wait "$holder"
}

# small KIB COMMAND ...: on a disk where no file can be larger than this
small() { (trap '' XFSZ; ulimit -f "$1"; shift; exec "$@"); }

note() { ml-emit -a "$1" log note R "$2"; }

@test "torn: the next ml-emit cuts a torn tail and keeps it in .refused" {
	note me one >all
	printf '{"a":"me","s":2,"h":[18000' >torn
	cat torn >>log
	run -0 --separate-stderr note me two
	same <(echo "ml-emit: log: cut a torn tail of 26 bytes, kept in .refused") <(echo "$stderr")
	echo "$output" >>all
	same all log
	same <(printf '%s' "$(<torn)" | jq -Rc '{at: "2027-01-15T08:00:00.000Z", why: "a torn tail", text: .}') log.refused
	run -0 --separate-stderr note me three
	[ -z "$stderr" ]
}

@test "torn: the next ml-ingest cuts a torn tail and keeps it in .refused" {
	note me one >all
	printf '{"a":"me","s":2,"h":[18000' >torn
	cat torn >>log
	events a 1 2 >in
	run --separate-stderr ml-ingest log in
	cat in >>all
	same all log
	same <(printf '%s' "$(<torn)" | jq -Rc '{at: "2027-01-15T08:00:00.000Z", why: "a torn tail", text: .}') log.refused
	[ "$status" = 0 ]
	same - <(echo "$stderr") <<-END
	ml-ingest: log: cut a torn tail of 26 bytes, kept in .refused
	ml-ingest: 2 new, 0 had, 0 held, 0 refused
	END
}

@test "torn: every cut of the last line reads as the lines before it" {
	events a 1 3 >all
	last=$(sed -n 3p all)
	for ((cut = 1; cut < ${#last}; cut += 13)); do
		{ sed -n '1,2p' all; printf '%s' "${last:0:cut}"; } >log
		run -0 --separate-stderr ml-frontier log
		same <(echo '{"a":2}') <(echo "$output")
		same <(echo "ml-frontier: $PWD/log: 1 torn tail: see ml-check") <(echo "$stderr")
		run -0 ml-ingest log all
		same all log
	done
}

@test "torn: a tail that is whole counts, and gets its newline" {
	s=$VECTORS/scenario-2-torn
	cp "$s/log-nonewline.jsonl" log
	run -0 --separate-stderr ml-frontier log
	same <(json "$s/log-nonewline-frontier.json") <(json - <<<"$output")
	[ -z "$stderr" ]
	note me one >line
	same <(cat "$s/log-nonewline.jsonl"; echo; cat line) log
	[ ! -e log.refused ]
	# by ingest too; and a whole event before a torn one
	cp "$s/log-nonewline.jsonl" log
	printf '{"a":"x"' >>log
	run -0 ml-ingest log line
	same <(cat "$s/log-nonewline.jsonl"; echo; cat line) log
	same <(echo '{"a":"x"') <(jq -r .text log.refused)
	# and where there is nothing else, in whatever spelling
	events a 1 1 | sed 's/":/" :/g' | tr -d '\n' >tail
	cp tail log
	same <(echo '{"a":1}') <(ml-frontier log)
	run -0 ml-ingest log /dev/null
	same <(cat tail; echo) log
}

@test "torn: a tail of NULs is cut" {
	s=$VECTORS/scenario-2-torn
	cp "$s/log-nul.jsonl" log
	run -0 --separate-stderr note me one
	same <(echo "ml-emit: log: cut a torn tail of 64 bytes, kept in .refused") <(echo "$stderr")
	same <(head -n 39 "$s/log-nul.jsonl"; echo "$output") log
	same <(echo 64) <(jq '.text | length' log.refused)
	run -0 ml-check log
}

@test "torn: a tail that is no UTF-8 is kept as base64" {
	events a 1 2 >log
	printf '{"a":"\xff\xfe' >>log
	run -0 note me one
	same <(printf '{"a":"\xff\xfe' | base64) <(jq -r .base64 log.refused)
}

@test "torn: two events glued on a line both count" {
	s=$VECTORS/scenario-2-torn
	cp "$s/log-glued.jsonl" log
	run -0 --separate-stderr note me one
	same <(cat "$s/log-glued.jsonl"; echo "$output") log
	same <(jq -cS '.me = 1' "$s/log-glued-frontier.json") <(ml-frontier log | json -)
	[ ! -e log.refused ]
	run -0 ml-check log
}

@test "torn: only .refused that can be written lets a tail be cut" {
	events a 1 2 >log
	printf '{"a":"me","s":2' >>log
	cp log before
	mkdir log.refused
	run -2 --separate-stderr note me one
	same before log
	rmdir log.refused
	run -0 note me one
}

@test "stdout on a full disk: status 1, and what was stored is stored" {
	events a 1 3 >in
	run -1 --separate-stderr sh -c 'ml-ingest -v log in >/dev/full'
	same <(echo "ml-ingest: standard output: No space left on device: what was stored is stored") \
	    <(echo "$stderr")
	same in log
	run -1 --separate-stderr sh -c 'ml-emit -a me log note R two >/dev/full'
	same <(echo "ml-emit: standard output: No space left on device: what was stored is stored") \
	    <(echo "$stderr")
	same <(echo '{"a":3,"me":1}') <(ml-frontier log)
	for tool in frontier delta view check; do
		run -111 --separate-stderr sh -c "ml-$tool log >/dev/full"
		same <(echo "ml-$tool: standard output: No space left on device") <(echo "$stderr")
	done
}

@test "a closed pipe on stdout: status 1, and what was stored is stored" {
	events a 1 3 >in
	mkfifo out
	: <out &
	exec 7>out
	wait $!
	run -1 --separate-stderr sh -c 'ml-ingest -v log in >&7'
	exec 7>&-
	same <(echo "ml-ingest: standard output: Broken pipe: what was stored is stored") <(echo "$stderr")
	same in log
}

@test "full disk: ml-emit says so with 111, and goes on when there is room" {
	chain a 1 40 >log
	size=$(($(wc -c <log) / 1024 + 1))
	text=$(yes x | head -n 2000 | tr -d '\n')
	cp log before
	run -111 --separate-stderr small $size ml-emit -a me log note R "$text"
	same - <(echo "$stderr") <<-END
	ml-emit: 0 events were stored before this; the last 1 are in doubt
	ml-emit: log: File too large
	END
	[ -z "$output" ]
	same before log
	run -0 --separate-stderr ml-frontier log
	same <(echo '{"a":40}') <(echo "$output$stderr")
	run -0 --separate-stderr note me "$text"
	[ -z "$stderr" ]
	same <(cat before; echo "$output") log
}

@test "full disk: what ml-ingest printed is there, and it goes on when there is room" {
	chain -b 2000 a 1 1500 >in		# three groups
	run -111 --separate-stderr small 2500 ml-ingest -v log in
	stored=$(grep -c ^stored <<<"$output")
	[ "$stored" -gt 0 ]
	same - <(sed "s,$PWD/,,; s/last [0-9]*/last N/" <<<"$stderr") <<-END
	ml-ingest: $stored new events were stored before this; the last N are in doubt
	ml-ingest: log: File too large
	END
	run -0 --separate-stderr ml-frontier log
	[ "$(jq .a <<<"$output")" -ge "$stored" ]
	[ -z "$stderr" ]
	run -0 --separate-stderr ml-ingest log in
	same <(cksum <in) <(cksum <log)
	[ ! -e log.refused ]
}

@test "full disk: .held and .refused that cannot grow" {
	chain -b 2000 a 1 1500 >in
	run -111 --separate-stderr small 500 ml-ingest log <(sed 1d in)
	grep -q 'File too large$' <<<"$stderr"
	run -0 ml-ingest log in
	same <(cksum <in) <(cksum <log)
	[ ! -e log.held ]
	chain -b 2000 -s other a 1 500 >forks
	cp log before
	run -111 --separate-stderr small 500 ml-ingest log forks
	grep -q 'File too large$' <<<"$stderr"
	same <(cksum <before) <(cksum <log)
	run -1 ml-ingest log forks
	same <(cut -c 1-200 forks | sort) <(jq -Rr 'fromjson? | .text' log.refused | cut -c 1-200 | sort -u)
}

@test "a log that is a folder, a device, a pipe: status 2" {
	mkdir folder
	mkfifo pipe
	events a 1 1 >in
	for tool in "ingest folder in" "emit -a me folder note R x" "frontier folder" \
	    "delta folder" "view folder" "check folder" "check -r folder"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr ml-$tool
		same <(echo "ml-${tool%% *}: folder: Is a directory") <(echo "$stderr")
	done
	for log in /dev/full pipe; do
		run -2 --separate-stderr ml-ingest $log in
		same <(echo "ml-ingest: $log: not a regular file") <(echo "$stderr")
		run -2 --separate-stderr ml-frontier $log
		same <(echo "ml-frontier: $log: not a regular file") <(echo "$stderr")
	done
}

@test "a log that cannot be read, or written: status 2" {
	events a 1 1 >in
	note me one
	chmod 0 log
	for tool in "ingest log in" "emit -a me log note R x" "frontier log" \
	    "delta log" "view log" "check log" "check -r log"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr plainly ml-$tool
		same <(echo "ml-${tool%% *}: log: Permission denied") <(echo "$stderr")
	done
	chmod 400 log
	for tool in "ingest log in" "emit -a me log note R x" "check -r log"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr plainly ml-$tool
		same <(echo "ml-${tool%% *}: log: Permission denied") <(echo "$stderr")
	done
	for tool in frontier delta view check; do
		run -0 plainly ml-$tool log
	done
	mkdir closed
	chmod 500 closed
	run -2 --separate-stderr plainly ml-ingest closed/log in
	same <(echo "ml-ingest: closed/log: Permission denied") <(echo "$stderr")
	run -2 --separate-stderr ml-ingest nowhere/log in
	same <(echo "ml-ingest: nowhere/log: No such file or directory") <(echo "$stderr")
}

@test "a log on a read-only file system: writers say 2, readers read" {
	mkdir disk
	note me one
	mv log disk/log
	printf '{"a":"torn' >>disk/log
	ro() {
		unshare -rm sh -c 'mount --bind disk disk &&
		    mount -o remount,bind,ro disk && exec "$@"' sh "$@"
	}
	why="Read-only file system"
	if ! ro true; then
		# no right to mount anything here: then its folder is closed
		chmod 400 disk/log; chmod 500 disk
		ro() { plainly "$@"; }
		why="Permission denied"
	fi
	events a 1 1 >in
	for tool in "ingest disk/log in" "emit -a me disk/log note R x" "check -r disk/log"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr ro ml-$tool
		same <(echo "ml-${tool%% *}: disk/log: $why") <(echo "$stderr")
	done
	for tool in frontier delta view; do
		run -0 --separate-stderr ro ml-$tool disk/log
		[ -n "$output" ]
		same <(echo "ml-$tool: $PWD/disk/log: 1 torn tail: see ml-check") <(echo "$stderr")
	done
	run -1 ro ml-check disk/log
	chmod 700 disk
}

@test "lock: who waits too long gives up with 111; readers do not wait" {
	note me one
	cp log before
	events a 1 1 >in
	lock log
	for tool in "ingest -w 0.1 log in" "emit -a me -w 0.1 log note R x" "check -r -w 0 log"; do
		# shellcheck disable=SC2086
		run -111 --separate-stderr ml-$tool
		same <(echo "ml-${tool%% *}: log: another writer has the lock: gave up waiting") \
		    <(sed "/were stored before this/d; s,$PWD/,," <<<"$stderr")
	done
	for tool in frontier delta view check; do
		run -0 --separate-stderr timeout 20 ml-$tool log
		[ -n "$output" ]
		[ -z "$stderr" ]
	done
	unlock
	same before log
	run -0 ml-ingest -w 0 log in
}

@test "lock: no reader sees half a line that is being written" {
	note me one
	note me two >two
	sed -i 2d log
	half=$(head -c 60 two)
	lock log "$half"
	for tool in frontier delta view check; do
		run -0 --separate-stderr timeout 20 ml-$tool log
		run -1 grep two <<<"$output"
		[ -z "$stderr" ]
	done
	run -0 ml-check log
	same <(echo "all is well") <(tail -n 1 <<<"$output")
	# it dies there: now it is a tail that a crash has left
	unlock
	run -0 --separate-stderr ml-frontier log
	same <(echo "ml-frontier: $PWD/log: 1 torn tail: see ml-check") <(echo "$stderr")
	same <(echo '{"me":1}') <(echo "$output")
	run -0 ml-ingest log two
	same <(echo '{"me":2}') <(ml-frontier log)
}

@test "lock: no tool holds it while it waits for input" {
	mkfifo in
	events a 1 2 >two
	ml-ingest -v log <in >out 3>&- &
	pid=$!
	exec 7>in
	sed -n 1p two >&7
	patiently grep -q stored out
	run -0 ml-emit -a me -w 0 log note R x 7>&-
	sed -n 2p two >&7
	patiently grep -q "stored.a.2" out
	exec 7>&-
	wait $pid
	same <(echo '{"a":2,"me":1}') <(ml-frontier log)
}

@test "lock: a log that was moved away while a writer waited for it" {
	note me one
	cp log before
	events a 1 3 >in
	lock log
	ml-ingest -w 60 log in 2>said 3>&- 8>&- &
	pid=$!
	opened() { readlink "/proc/$pid/fd/"* 2>/dev/null | grep -qxF "$PWD/log"; }
	patiently opened
	mv log old
	unlock
	wait $pid
	same before old
	same in log
	same <(echo "ml-ingest: 3 new, 0 had, 0 held, 0 refused") said
}

@test "lock: a log that was replaced while a writer waited for it" {
	note me one
	events a 1 3 >in
	sed -n '1,2p' in >new
	lock log
	ml-ingest -v -w 60 log in >out 2>said 3>&- 8>&- &
	pid=$!
	opened() { readlink "/proc/$pid/fd/"* 2>/dev/null | grep -qxF "$PWD/log"; }
	patiently opened
	mv new log
	unlock
	wait $pid
	same in log
	same <(printf '%s\n' had had stored) <(cut -f 1 out)
}

@test "lock: what a log has, and its successor has not, is stored there" {
	(umask 077; head -c 64 /dev/zero | tr '\0' '\001' >k)
	{ sealer -k k 1 20; sealer -k k -e 8 21 40; events a 1 3; } >in
	run -0 ml-ingest log in
	for mode in '' -v; do
		cp log before
		lock log
		ml-ingest $mode -w 60 log in >out 2>said 3>&- 8>&- &
		pid=$!
		opened() { readlink "/proc/$pid/fd/"* 2>/dev/null | grep -qxF "$PWD/log"; }
		patiently opened
		mv log old
		unlock
		wait $pid
		same before old
		same <(echo "ml-ingest: 43 new, 0 had, 0 held, 0 refused") said
		same <(sort before) <(sort log)
	done
}

@test "two writers take turns" {
	for who in a b c; do
		for ((n = 1; n <= 40; n++)); do
			ml-emit -a $who -w 60 log note R $n >>out.$who
		done 3>&- &
		pids+=" $!"
	done
	events d 1 300 | while IFS= read -r line; do echo "$line"; done |
		ml-ingest -w 60 log 2>/dev/null
	for pid in $pids; do wait "$pid"; done
	same <(echo '{"a":40,"b":40,"c":40,"d":300}') <(ml-frontier log)
	same <(cat out.*) <(grep -v '"a":"d"' log | LC_ALL=C sort -s -t '"' -k 4,4)
	run -0 ml-check log
}

@test "no reader dies when a torn tail is cut under it" {
	chain a 1 300 >log
	chain -b 200000 a 301 301 | head -c 150000 >torn
	# one who tears and one who cuts, while others read
	for ((round = 0; round < 150; round++)); do
		cat torn >>log
		ml-check -r log >/dev/null
	done 2>cut 3>&- &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		for tool in frontier delta view; do
			ml-$tool log >out.$tool 2>said || { echo "ml-$tool: status $?"; cat said; return 1; }
		done
	done
	wait $pid
	same <(echo 150) <(grep -c 'ml-check: log: cut a torn tail of 150000 bytes, kept in .refused' cut)
	for tool in frontier delta view; do
		same <(ml-$tool log | cksum) <(cksum <out.$tool)
	done
	same <(echo 1) <(wc -l <log.refused)
}

@test "kill -9 while .held is written anew leaves nothing that hurts" {
	RANDOM=10
	chain -b 20000 a 1 400 >all
	mkfifo pause
	ml-ingest log <(sed 1d all)
	for ((n = 1; n <= 20; n++)); do
		# each brings a few, so that .held shrinks and is written anew
		sed -i '/"s":'$((n * 19))',/d' log.held
		ml-ingest -v log all >out 2>/dev/null 3>&- &
		pid=$!
		read -rt "0.0$((RANDOM % 5))$((RANDOM % 10))" _ <>pause || :
		kill -9 $pid || :
		wait $pid || :
		same /dev/null <(comm -23 <(grep -aE $'^stored\ta\t[0-9]+\t[0-9a-f]{32}$' out | cut -f 4 | sort) \
		    <(cat log log.held | grep -aoE '"i":"[0-9a-f]{32}"' | cut -d '"' -f 4 | sort))
		[ -e log.held ] || break
	done 2>/dev/null
	run ml-ingest log all
	same <(echo '{"a":400}') <(ml-frontier log)
	same /dev/null <(LC_ALL=C sort log | uniq -d)
	[ ! -e log.held ]
}
