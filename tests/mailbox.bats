load helper

# What is run under a tracer cannot look for leaks.
untraced=$ASAN_OPTIONS:detect_leaks=0

# Message files as a synchronised folder or a stick makes of them, with ml-merge.

# me [OPTION ...]: a step of A, whose inbox is in, with data of its own
me() { ml-merge -w A -i in -o to_B -O out -s A.state "$@" data; }

# other [OPTION ...]: a step of B, which reads and writes elsewhere
other() { ml-merge -w B -i to_B -o "${from-from_B}" -O out -s B.state "$@" more; }

# The whole of what B will say to A: in whole; what A has then: in out.whole
both() {
	awk 'BEGIN { srand(1); for (; n < 300; n++) print int(rand() * 1e9) }' >data
	awk 'BEGIN { srand(2); for (; n < 100; n++) print int(rand() * 1e9) }' >more
	from=whole
	for ((i = 0; i < 300; i++)); do
		cp whole in 2>/dev/null || true
		me && break
		other || true
	done
	mv out out.whole
	same <(sort -n data more) out.whole
	rm -f A.state B.state to_B in
	[ "$(wc -l <whole)" -gt 3 ]
}

# The inbox as it is now: steps of A, until one does nothing new
look() {
	local before=none status=1
	while [ $status = 1 ] && [ "$before" != "$(cat A.state)" ]; do
		before=$(cat A.state)
		status=0
		me "$@" || status=$?
	done
	return $status
}
begin() { run -1 me; }
part() { head -c "$1" whole; }
received() { me -S - | jq .messages_received; }

@test "mailbox: a file that comes in pieces" {
	both
	begin
	local first
	first=$(head -1 whole | wc -c)
	for n in 1 $((first - 1)) "$first" $((first + 1)) 150 151 300 500; do
		part "$n" >in
		run -1 look
		[ "$(received)" = "$(wc -l <in)" ]
	done
	cp whole in
	run -0 look
	same out.whole out
}

@test "mailbox: a file that is not there, is there, is gone, is an older one again" {
	both
	begin
	run -1 look
	head -2 whole >in
	run -1 look
	[ "$(received)" = 2 ]
	rm in
	run -1 look
	head -1 whole >new
	mv new in			# renamed into place, as syncing does
	run -1 look
	: >in
	run -1 look
	[ "$(received)" = 2 ]
	cp whole new
	mv new in
	run -0 look
	same out.whole out
	# done is done, whatever becomes of it
	rm in
	run -0 me
}

@test "mailbox: a hole, where a part has not come yet" {
	both
	begin
	local size
	size=$(stat -c %s whole)
	for at in 10 100 $((size / 2)); do
		cp whole in
		dd if=/dev/zero of=in bs=1 seek="$at" count=40 conv=notrunc 2>/dev/null
		run -1 look
	done
	# it comes once more, its whole length first: what was read is a hole too
	truncate -s 0 in
	truncate -s "$size" in
	run -1 look
	cp whole in
	run -0 look
	same out.whole out
	# one that is longer than any line
	rm -f A.state to_B out
	{ head -c 17000000 /dev/zero; echo; } >in
	run -1 look
	cp whole in
	run -0 look
	same out.whole out
}

@test "mailbox: what was read has changed: told, and nothing is written" {
	both
	begin
	head -2 whole >in
	run -1 look
	sed '2s/DATA/DATE/; 2s/[0-9]/7/' whole >in
	run -2 --separate-stderr me
	same <(echo 'ml-merge: in:2: what was read of it has changed: not the file that it was') <(echo "$stderr")
	sed 's/^/ /' whole >in
	run -2 me
	cp whole in
	run -0 look
	same out.whole out
}

@test "mailbox: lines that are no messages, by their number" {
	both
	while IFS='|' read -r line why; do
		rm -f A.state to_B out
		begin
		{ head -1 whole; printf '%b\n' "$line"; } >in
		run -2 --separate-stderr look
		same <(echo "ml-merge: in:2: $why") <(echo "$stderr")
	done <<-'END'
	x|not JSON: no value where one is due
	[]|not a message: no JSON object alone on its line
	{} {}|not a message: no JSON object alone on its line
	{}|not a message: no msg_type
	{"msg_type":"DATA"}|not a message: no values
	{"msg_type":"","values":[]}|msg_type: not a text of 1 to 5 characters
	{"msg_type":"RANGES","values":[]}|msg_type: not a text of 1 to 5 characters
	{"msg_type":"data","values":[]}|msg_type: not of capital letters
	{"msg_type":"DATA","values":{}}|values: not a list
	{"msg_type":"DATA","values":[1,2,3,4,5,6,7,8,9,10,11]}|values: more than 10
	{"msg_type":"DATA","values":[2147483648]}|values: not an integer from 0 to 2^31 - 1
	{"msg_type":"DATA","values":[-1]}|values: not an integer from 0 to 2^31 - 1
	{"msg_type":"DATA","values":[]}|values: not as many as such a message has
	{"msg_type":"DATA","values":[2147483647,2147483647,2147483647,2147483647]}|values: a code that is none
	{"msg_type":"RANGE","values":[0,0]}|not a message that is due here
	END
	rm -f A.state to_B out
	begin
	{ head -1 whole; printf '%17000000s\n' ''; } >in
	run -2 --separate-stderr look
	same <(echo 'ml-merge: in:2: a line over 16 MiB') <(echo "$stderr")
}

@test "mailbox: a range that is none" {
	seq 9 >data
	while IFS='|' read -r line why; do
		rm -f A.state to_B
		begin
		echo "{\"msg_type\":\"RANGE\",\"values\":[$line]}" >in
		run -2 --separate-stderr look
		same <(echo "ml-merge: in:1: $why") <(echo "$stderr")
	done <<-'END'
	0|values: not as many as such a message has
	0,5|values: not a number of values
	0,0,0,1,0,2|values: not a number of values
	512,1,0,1,0,2|values: not a number of values
	0,2,0,7,0,2|values: not a range
	0,2,0,1,2,1|values: not a range
	END
}

@test "mailbox: a torn line of our own is made whole, a whole one is found" {
	both
	# killed when it has a state, and has said nothing
	local size calls=0
	until [ -e A.state ]; do
		ASAN_OPTIONS=$untraced run -137 killat $((calls += 1)) ml-merge -w A -i in -o to_B -O out -s A.state data
	done
	[ ! -s to_B ]
	cp A.state nothing.said
	run -1 me
	size=$(stat -c %s to_B)
	cp to_B said
	for ((n = 0; n <= size; n++)); do
		cp nothing.said A.state
		head -c $n said >to_B
		run -1 me
		same said to_B
	done
	# what a power cut may leave: junk, with or without lines; a hole; less and more
	for junk in '\0\0\0junk, longer than any message would be:%0200d' '\0\0\0\0\n{"msg_type":"DATA"}\n{' \
	    'what was\nthere before\n' '{"msg_type":"RANGE","values":[0,\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0]}\n'; do
		cp nothing.said A.state
		# shellcheck disable=SC2059 # what it is
		printf "$junk" >to_B
		run -1 me
		same said to_B
	done
}

@test "mailbox: an outbox of another run, cut, or in use" {
	both
	echo '{"msg_type":"RANGE","values":[0,0]}' >to_B
	cp to_B was
	run -2 --separate-stderr me
	same <(echo 'ml-merge: to_B: not empty: it is to be a new file') <(echo "$stderr")
	same was to_B
	[ ! -e A.state ]
	# nor is a file of ours without any line
	printf '[3,1,2]' >to_B
	run -2 me
	same <(printf '[3,1,2]') to_B
	rm to_B
	begin
	: >to_B
	run -2 --separate-stderr me
	same <(echo 'ml-merge: to_B: shorter than what was written to it: not the file that it was') <(echo "$stderr")
	rm to_B A.state
	mkfifo fifo
	run -2 --separate-stderr ml-merge -w A -i in -o fifo -O out -s A.state data
	same <(echo 'ml-merge: fifo: not a regular file') <(echo "$stderr")
}

@test "mailbox: an output that is another's" {
	seq 9 >data
	begin
	printf '%s\n' '{"msg_type":"RANGE","values":[0,0]}' '{"msg_type":"DONE","values":[0,18]}' >in
	echo mine >out
	run -2 --separate-stderr look
	[[ $stderr == *'ml-merge: out: not empty: it is to be a new file' ]]
	same <(echo mine) out
	rm out
	run -0 look
	same data out
	# it comes with a turn, and is to be as long as that says
	rm -f A.state to_B in
	begin
	printf '%s\n' '{"msg_type":"RANGE","values":[0,2,0,5,0,6]}' \
	    '{"msg_type":"TURN","values":[0,30]}' >in
	seq 99 >long
	head -c 29 long >out
	run -1 look
	[ "$(stat -c %s out)" = 29 ]
	head -c 32 long >out
	run -2 --separate-stderr look
	same <(echo 'ml-merge: out: longer than the other worker has written it') <(echo "$stderr")
	# its length came first: the end is a hole
	{ head -c 20 long; head -c 10 /dev/zero; } >out
	run -1 look
	[ "$(stat -c %s out)" = 30 ]
	head -c 30 long >out
	run -0 look
	same data <(tail -c +31 out)
}

@test "mailbox: states that are none, or the other's" {
	both
	cp in in.was 2>/dev/null || true
	begin
	cp A.state state
	for change in 's/"phase":[0-9]*/"phase":2/' 's/"version":1/"version":2/' 's/}$//' 's/^/x/' 's/"sum":[0-9]*/"sum":5/'; do
		sed "$change" state >A.state
		run -2 --separate-stderr me
		case $change in
		*version*) same <(echo 'ml-merge: A.state: a state of another version of ml-merge') <(echo "$stderr") ;;
		*) same <(echo 'ml-merge: A.state: not a state, or damaged') <(echo "$stderr") ;;
		esac
	done
	cp state B.state
	run -2 --separate-stderr other
	same <(echo 'ml-merge: B.state: the state of the other worker') <(echo "$stderr")
	cp state A.state
	echo >>A.state.sorted
	printf 1234567 >>A.state.sorted
	run -2 --separate-stderr me
	same <(echo 'ml-merge: A.state.sorted: not what the state speaks of') <(echo "$stderr")
}

# Events through message files, with ml-gossip

# by_box A B: a contact of A's, whose peer is B
by_box() { ml-gossip --mailbox "box/$2_to_$1" "box/$1_to_$2" -v "$1.jsonl"; }
said_by() { sed 's/^ml-gossip: //' <<<"$stderr"; }

two_logs() {
	mkdir box
	events a 1 70 >a.jsonl
	events b 1 5 >b.jsonl
}

@test "mailbox: ml-gossip: both come to hold the same, nothing is said twice" {
	two_logs
	run -0 --separate-stderr by_box a b
	same <(echo '0 sent, 0 new, 0 had, 0 held, 0 refused') <(said_by)
	run -0 --separate-stderr by_box b a
	same <(echo '5 sent, 0 new, 0 had, 0 held, 0 refused') <(said_by)
	run -0 --separate-stderr by_box a b
	same <(echo '70 sent, 5 new, 0 had, 0 held, 0 refused') <(said_by)
	# before it is read there is more
	ml-emit -a a a.jsonl note R-1 more >/dev/null
	run -0 --separate-stderr by_box a b
	same <(echo '1 sent, 0 new, 0 had, 0 held, 0 refused') <(said_by)
	run -0 --separate-stderr by_box b a
	same <(echo '0 sent, 71 new, 0 had, 0 held, 0 refused') <(said_by)
	same <(ml-view a.jsonl) <(ml-view b.jsonl)
	same <(ml-frontier a.jsonl) <(ml-frontier b.jsonl)
	by_box a b
	local size
	size=$(cat box/?_to_? | wc -c)
	for who in 'a b' 'b a' 'a b'; do
		# shellcheck disable=SC2086 # two
		by_box $who
	done
	[ "$(cat box/?_to_? | wc -c)" = "$size" ]
}

@test "mailbox: ml-gossip: a lost stick, a lost state, a lost log" {
	two_logs
	agree() { by_box a b; by_box b a; by_box a b; by_box b a; }
	agree
	same <(ml-frontier a.jsonl) <(ml-frontier b.jsonl)
	rm box/*
	ml-emit -a a a.jsonl note R-1 more >/dev/null
	agree
	same <(ml-frontier a.jsonl) <(ml-frontier b.jsonl)
	rm box/*.state
	ml-emit -a b b.jsonl note R-1 more >/dev/null
	agree
	same <(ml-frontier a.jsonl) <(ml-frontier b.jsonl)
	echo '{"in":1' >box/a_to_b.state
	rm b.jsonl*
	events b 1 2 >b.jsonl
	agree
	agree
	same <(ml-frontier a.jsonl) <(ml-frontier b.jsonl)
}

@test "mailbox: ml-gossip: a new stick with less on it than the lost one had" {
	two_logs
	both() { by_box a b; by_box b a; by_box a b; by_box b a; }
	both
	rm box/?_to_?
	ml-emit -a b b.jsonl note R-1 more >/dev/null
	both
	same <(ml-frontier a.jsonl) <(ml-frontier b.jsonl)
	# an older one again has nothing new
	cp box/a_to_b older
	ml-emit -a a a.jsonl note R-1 again >/dev/null
	both
	cp older box/a_to_b
	run -0 --separate-stderr by_box b a
	same <(echo '0 sent, 0 new, 0 had, 0 held, 0 refused') <(said_by)
}

@test "mailbox: ml-gossip: what a peer refuses is not offered again; bad lines" {
	two_logs
	echo 'plain b' >b.jsonl.trust
	by_box b a
	by_box a b
	run -1 --separate-stderr by_box b a
	[[ $stderr == *'70 refused'* ]]
	run -0 --separate-stderr by_box a b
	[[ $stderr == *'0 sent, 5 new'* ]]
	run -0 --separate-stderr by_box b a
	echo 'x' >>box/a_to_b
	run -1 --separate-stderr by_box b a
	[[ $stderr == *"peer:$(wc -l <box/a_to_b): not "*'1 refused'* ]]
	run -0 by_box b a
	# a line that is too long costs no more than itself
	printf '%17000000s\nx\n' '' >>box/a_to_b
	run -1 --separate-stderr by_box b a
	[[ $stderr == *': a line over 16 MiB'*'not JSON'*'2 refused'* ]]
	run -0 by_box b a
}

@test "mailbox: ml-gossip: killed before any system call, then called again" {
	two_logs
	local status n at=60
	by_box a b
	by_box b a
	cp -r box box.was
	cp a.jsonl a.was
	for ((n = at; ; n += 9)); do
		rm -rf box a.jsonl*
		cp -r box.was box
		cp a.was a.jsonl
		status=0
		ASAN_OPTIONS=$untraced killat $n "$(command -v ml-gossip)" --mailbox box/b_to_a box/a_to_b a.jsonl || status=$?
		by_box a b
		[ "$(grep -c '"t":"frontier"' box/a_to_b)" -ge 2 ]
		same <(printf '{"a":70,"b":5}\n') <(ml-frontier a.jsonl)
		# all that b lacks is there, in whole lines
		same <(seq 70) <(jq -r 'select(.t == "events").e[] | select(.a == "a").s' box/a_to_b | sort -nu)
		[ $status = 137 ] || break
	done
	[ $status = 0 ]
	[ $n -gt $((at + 50)) ]
}

@test "mailbox: ml-gossip: a fork is proved to both, once, and all else goes on" {
	two_logs
	events f 1 5 | tee -a a.jsonl >>b.jsonl
	ml-emit -a f a.jsonl note R-1 one >/dev/null
	ml-emit -a f b.jsonl note R-1 other >/dev/null
	ml-emit -a f b.jsonl note R-1 more >/dev/null
	for who in 'a b' 'b a' 'a b' 'b a' 'a b' 'b a'; do
		# shellcheck disable=SC2086 # two
		by_box $who 2>>said || [ $? = 1 ]
	done
	grep -q 'fork: two events of author "f" have seq 6: this log holds' said
	for who in a b; do
		[ "$(jq -c 'select(.fork == "f") | .text | fromjson.s' <$who.jsonl.refused)" = 6 ]
		same <(ml-frontier a.jsonl | jq '.a, .b') <(ml-frontier $who.jsonl | jq '.a, .b')
	done
	[ "$(jq -c 'select(.e).e[] | select(.a == "f")' box/?_to_? | wc -l)" = 2 ]
	# more of either branch is nothing for the other
	ml-emit -a f a.jsonl note R-1 again >/dev/null
	ml-emit -a f b.jsonl note R-1 again >/dev/null
	for who in 'a b' 'b a' 'a b' 'b a'; do
		# shellcheck disable=SC2086 # two
		by_box $who || [ $? = 1 ]
	done
	[ "$(jq -c 'select(.e).e[] | select(.a == "f")' box/?_to_? | wc -l)" = 2 ]
	# a stick that was lost may have taken the proof with it
	rm box/?_to_?
	for who in 'a b' 'b a' 'a b' 'b a'; do
		# shellcheck disable=SC2086 # two
		by_box $who || [ $? = 1 ]
	done
	[ "$(jq -c 'select(.e).e[] | select(.a == "f")' box/?_to_? | wc -l)" = 2 ]
}

@test "mailbox: ml-gossip: of a keyed feed each message ends with a seal" {
	two_logs
	ml-key new key >/dev/null
	for n in {1..100}; do echo '{"kind":"k","payload":'$n'}'; done | ml-emit -k key all - >/dev/null
	jq -c 'if .s % 20 == 0 or .s == 101 then . else del(.g) end' all | ml-ingest a.jsonl
	by_box b a
	by_box a b
	same <(jq -c 'select(.e[0].a? | length == 32) | [.e[-1].s, (.e[-1] | has("g"))]' box/a_to_b) \
	    <(printf '[%s,true]\n' 20 40 60 80 101)
	by_box b a
	by_box a b
	same <(ml-frontier a.jsonl) <(ml-frontier b.jsonl)
}

@test "mailbox: ml-gossip: what a lost power has left of our lines is written anew" {
	two_logs
	by_box b a
	by_box a b
	by_box b a
	for junk in '{"t":"ev\0\0\0\0\0\n{"t":"events","e":[]}\n' '\0\0\0\n\0' '{"t":"fron'; do
		# shellcheck disable=SC2059 # what it is
		printf "$junk" >>box/a_to_b
		by_box b a
		ml-emit -a a a.jsonl note R-1 more >/dev/null
		by_box a b
		by_box b a
		same <(ml-frontier a.jsonl) <(ml-frontier b.jsonl)
	done
	[ "$(tr -d '\0' <box/a_to_b | wc -c)" = "$(wc -c <box/a_to_b)" ]
}

@test "mailbox: ml-gossip: a line that is too long costs itself, a hole of its size waits" {
	two_logs
	by_box b a
	cp box/b_to_a was
	by_box a b
	{ cat was; head -c 17000000 /dev/zero; echo; } >box/b_to_a
	run -0 by_box a b
	events c 1 3 >in_it
	{ cat was in_it; head -c $((17000000 - $(wc -c <in_it))) /dev/zero | tr '\0' x; echo; } >box/b_to_a
	run -1 --separate-stderr by_box a b
	grep -qx 'peer:5: a line over 16 MiB' <(said_by)
	same <(echo '{"a":70,"c":3}') <(ml-frontier a.jsonl)
	events d 1 3 >>box/b_to_a
	run -0 by_box a b
	same <(echo '{"a":70,"c":3,"d":3}') <(ml-frontier a.jsonl)
}

@test "mailbox: ml-gossip: a signal ends it" {
	mkfifo wait
	flock out sh -c 'echo >wait; read -r _ <wait' 3>&- &
	read -r _ <wait
	ml-gossip --mailbox in out log 3>&- &
	local pid=$! status=0
	patiently test -e log
	kill $pid
	wait $pid || status=$?
	echo >wait
	[ $status = 143 ]
	wait
	ml-gossip --mailbox in out log
}

@test "mailbox: ml-gossip: files in each other's place" {
	two_logs
	cp a.jsonl was
	for file in a.jsonl b.jsonl long; do
		[ $file != long ] || head -c 5000 /dev/zero | tr '\0' x >long
		cp $file was
		run -2 --separate-stderr ml-gossip --mailbox in $file a.jsonl
		same <(echo "ml-gossip: $file: not a file of messages") <(echo "$stderr")
		same was $file
	done
	run -2 --separate-stderr ml-gossip --mailbox box/x box/../box/x a.jsonl
	same <(echo "ml-gossip: box/../box/x: the file that is read is to be another one") <(echo "$stderr")
	mkfifo fifo
	run -2 --separate-stderr ml-gossip --mailbox fifo out a.jsonl
	same <(echo "ml-gossip: fifo: not a regular file") <(echo "$stderr")
}

@test "mailbox: ml-gossip: bad usage" {
	for operands in '--mailbox' '--mailbox in out' '--mailbox in out -1 log' '--mailbox in out -g 1 log' \
	    '--mailbox in out -t 1 log' '--mailbox in out log -- cat'; do
		# shellcheck disable=SC2086 # several
		run -2 ml-gossip $operands
	done
}

@test "mailbox: the example: three machines and one folder" {
	local me n=0
	mkdir stick
	for me in base team_a team_b; do
		events $me 1 $((n += 3)) >$me.jsonl
	done
	for n in 1 2 3; do
		"$ROOT/examples/mailbox/contact.sh" base.jsonl stick base team_a team_b
		for me in team_a team_b; do
			"$ROOT/examples/mailbox/contact.sh" $me.jsonl stick $me base
		done
	done
	for me in base team_a team_b; do
		same <(echo '{"base":3,"team_a":6,"team_b":9}') <(ml-frontier $me.jsonl)
	done
	run -111 "$ROOT/examples/mailbox/contact.sh" base.jsonl none base team_a
	run -2 "$ROOT/examples/mailbox/contact.sh" base.jsonl
	run -0 shellcheck "$ROOT/examples/mailbox/contact.sh"
}
