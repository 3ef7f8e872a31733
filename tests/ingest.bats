load helper

hex='[0-9a-f]{32}'

# bad REASON <LINE: between two good lines it costs itself, and says so in one
# line; REASON is an extended regular expression.
bad() {
	[ -e good ] || events good 1 2 >good
	cat >line
	{ sed -n 1p good; cat line; sed -n 2p good; } >in
	rm -f log log.*
	run -1 --separate-stderr ml-ingest log in
	if ! grep -qxE "ml-ingest: in:2: $1" <<<"${stderr%%$'\n'*}"; then
		diff -u --label wanted --label got - <<<"$stderr" \
		    <(echo "ml-ingest: in:2: $1"; head -c 300 line)
	fi
	same <(echo "ml-ingest: 2 new, 0 had, 0 held, 1 refused") \
	    <(sed 1d <<<"$stderr" | sed 's/; forked: .*//')
	same good log
	[ -z "$output" ]
}

# fine <LINES: all is taken, without a word but the summary
fine() {
	cat >in
	rm -f log log.*
	run -0 --separate-stderr ml-ingest log in
	same <(echo "ml-ingest: $1 new, 0 had, ${2-0} held, 0 refused") <(echo "$stderr")
}

# nested N: that many lists in each other
nested() { head -c "$1" /dev/zero | tr '\0' '['; head -c "$1" /dev/zero | tr '\0' ']'; }

# repeat N TEXT
repeat() { yes "$2" | head -n "$1" | tr -d '\n'; }

@test "ingest: nothing at all is fine" {
	fine 0 </dev/null
	[ ! -s log ]
	[ "$(stat -c %a log)" = 600 ]
	run -0 --separate-stderr ml-ingest log </dev/null
	same <(echo "ml-ingest: 0 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
	same <(echo log) <(ls log*)
}

@test "ingest: no LOG, or an unknown option, is a wrong call" {
	run -2 --separate-stderr ml-ingest
	grep -q '^usage: ml-ingest' <<<"$stderr"
	run -2 ml-ingest -Z log
	run -2 --separate-stderr ml-ingest -w soon log
	same <(echo "ml-ingest: -w: not a number of seconds") <(echo "$stderr")
	[ ! -e log ]
}

@test "ingest: a summary on stderr, nothing on stdout" {
	events a 1 3 >in
	run -0 --separate-stderr ml-ingest log in
	same <(echo "ml-ingest: 3 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
	[ -z "$output" ]
	events a 2 6 | sed 2d >in		# 2, 4, 5, 6: a copy, and three stored
	events a 8 8 >>in
	run -0 --separate-stderr ml-ingest log in
	same <(echo "ml-ingest: 3 new, 1 had, 1 held, 0 refused") <(echo "$stderr")
}

@test "ingest -v: a verdict for each event, in order" {
	events a 1 4 >a
	forge '"b"' 1 '[5,0]' '"k"' '{}' '""' >b
	forge '"b"' 1 '[6,0]' '"k"' '{}' '""' >b2
	sed -n '1p;1p;3p' a >in
	cat b b2 >>in
	sed -n '2p;4p' a >>in
	id() { jq -r .i "$1" | sed -n "${2}p"; }
	run -1 --separate-stderr ml-ingest -v log in
	same - <(echo "$output") <<-END
	stored	a	1	$(id a 1)
	had	a	1	$(id a 1)
	held	a	3	$(id a 3)
	stored	b	1	$(id b 1)
	refused	b	1	$(id b2 1)	fork: two events of author "b" have seq 1: this log holds $(id b 1), refused $(id b2 1)
	stored	a	2	$(id a 2)
	stored	a	3	$(id a 3)
	stored	a	4	$(id a 4)
	END
}

@test "ingest: not JSON" {
	bad "not JSON: .*" <<<'hello'
	bad "not JSON: .*" <<<'{"a":"x"'
	bad "not JSON: .*" <<<'{"a":"x",}'
	bad "not JSON: .*" <<<'{"a" "x"}'
	bad "not JSON: .*" <<<"{'a':'x'}"
	bad "not JSON: .*" <<<'}'
	bad "not JSON: .*" <<<'{"a":NaN}'
	bad "not JSON: .*" <<<'{"a":-Infinity}'
	bad "not JSON: .*" <<<'{"a":01}'
	bad "not JSON: .*" <<<'{"a":"\x"}'
	bad "not JSON: .*" <<<$'{"a":"\t"}'
}

@test "ingest: JSON, but no object" {
	for text in 5 '"text"' null true '[]' '[{"a":1}]' 1e3; do
		bad "not an event: no JSON object" <<<"$text"
	done
}

@test "ingest: a member is missing" {
	forge '"x"' 1 '[1,2]' '"k"' '{}' '""' >event
	for member in a s h k p v i; do
		bad "$member: missing, .*" < <(jq -c "del(.$member)" event)
	done
	bad "a: missing, .*" <<<'{}'
}

@test "ingest: a member is of the wrong type" {
	forge '"x"' 1 '[1,2]' '"k"' '{}' '""' >event
	for member in a k v i; do
		for wrong in null 5 true '["x"]' '{}'; do
			bad "$member: not a string" < <(jq -c ".$member = $wrong" event)
		done
	done
	for wrong in null '"1"' true '[1]' '{}'; do
		bad "s: not an integer from 1 to 2\\^53" \
		    < <(jq -c ".s = $wrong" event)
	done
}

@test "ingest: an author or a kind over 256 bytes" {
	long=$(repeat 257 x)
	bad "author: over 256 bytes" < <(forge "\"$long\"" 1 '[1,2]' '"k"' '{}' '""')
	bad "kind: over 256 bytes" < <(forge '"x"' 1 '[1,2]' "\"$long\"" '{}' '""')
	# they are bytes of UTF-8, however it was spelled: 85 * 3 + 2
	long=$(repeat 85 '\u20ac')
	bad "author: over 256 bytes" < <(forge "\"${long}xy\"" 1 '[1,2]' '"k"' '{}' '""')
	{
		forge "\"${long}x\"" 1 '[1,2]' '"k"' '{}' '""'
		forge "\"$(repeat 64 '\ud83d\ude00')\"" 1 '[1,2]' '"k"' '{}' '""'
		forge '"x"' 1 '[1,2]' "\"$(repeat 256 k)\"" '{}' '""'
		forge '""' 1 '[1,2]' '""' '{}' '""'
	} >names
	fine 4 <names
	same <(LC_ALL=C sort names) <(LC_ALL=C sort log)
}

@test "ingest: seq 0, negative, broken, true, over 2^53" {
	bad "seq: below 1" < <(forge '"x"' 0 '[1,2]' '"k"' '{}' '""')
	bad "seq: below 1" < <(forge '"x"' -1 '[1,2]' '"k"' '{}' '""')
	for seq in 1.5 1.0 1e0 true 9007199254740993 99999999999999999999999; do
		bad "s: not an integer from 1 to 2\\^53" \
		    < <(forge '"x"' "$seq" '[1,2]' '"k"' '{}' '""')
	done
	forge '"x"' 9007199254740992 '[1,2]' '"k"' '{}' '"00"' | fine 0 1
}

@test "ingest: a clock that is not two integers within 2^53" {
	for clock in '[]' '[1]' '[1,2,3]' '[1.0,2]' '[1,2.5]' '[true,0]' 5 null \
	    '"1"' '["1",2]' '{"0":1,"1":2}' '[[1,2]]' '[9007199254740993,0]' \
	    '[0,9007199254740993]' '[-9007199254740993,0]' '[0,-9007199254740993]'; do
		bad "h: not two integers within 2\\^53" \
		    < <(forge '"x"' 1 "$clock" '"k"' '{}' '""')
	done
	{
		forge '"a"' 1 '[-5,-7]' '"k"' '{}' '""'
		forge '"b"' 1 '[-9007199254740992,-9007199254740992]' '"k"' '{}' '""'
		forge '"c"' 1 '[0,9007199254740992]' '"k"' '{}' '""'
	} | fine 3
}

@test "ingest: stamps over a day ahead are taken in, and reported" {
	forge '"x"' 1 '[1800086400000,5]' '"k"' '{}' '""' | fine 1	# one day
	forge '"x"' 1 '[1800086400001,5]' '"k"' '{}' '""' >in
	rm -f log
	run -0 --separate-stderr ml-ingest log in
	same - <(echo "$stderr") <<-END
	ml-ingest: 1 new, 0 had, 0 held, 0 refused; 1 stamped over a day ahead of this clock, up to 2027-01-16T08:00:00.001Z
	END
	forge '"y"' 1 '[9007199254740992,0]' '"k"' '{}' '""' >in
	run -0 --separate-stderr ml-ingest log in
	grep -q '1 stamped over a day ahead' <<<"$stderr"
}

@test "ingest: an id that does not match is refused, and kept as evidence" {
	forge -i 00112233445566778899aabbccddeeff '"x"' 1 '[1,2]' '"k"' '{"n":1}' '""' >event
	bad "id: does not match the content" <event
	same - <(jq -cS 'del(.text)' log.refused) <<-END
	{"at":"2027-01-15T08:00:00.000Z","why":"id: does not match the content"}
	END
	same event <(jq -r .text log.refused)
	forge '"x"' 1 '[1,2]' '"k"' '{}' '""' >event
	for id in '' x 0 "$(jq -r .i event)0" "$(jq -r '.i[1:]' event)" \
	    "$(jq -r '.i | ascii_upcase' event)"; do
		bad "id: does not match the content" \
		    < <(jq -c --arg id "$id" '.i = $id' event)
	done
	jq -c '.p = {"n":2}' event | bad "id: does not match the content"
}

@test "ingest: a prev that does not match" {
	events good 1 2 >good
	prev=00112233445566778899aabbccddeeff
	bad "prev: does not match, event 1 of author \"good\" is $(jq -r .i good | head -n 1)" \
	    < <(forge '"good"' 2 '[1,2]' '"k"' '{}' "\"$prev\"")
	same - <(jq -r .why log.refused) <<-END
	prev: does not match, event 1 of author "good" is $(jq -r .i good | head -n 1)
	END
	bad 'prev: does not match, .*' < <(forge '"good"' 2 '[1,2]' '"k"' '{}' '""')
	bad 'prev: does not match, .*' < <(forge '"good"' 2 '[1,2]' '"k"' '{}' '"x"')
	bad 'prev: does not match, .*' < <(forge '"new"' 1 '[1,2]' '"k"' '{}' "\"$prev\"")
	id=$(jq -r .i good | head -n 1)
	bad 'prev: does not match, .*' < <(forge '"good"' 2 '[1,2]' '"k"' '{}' "\"${id^^}\"")
}

@test "ingest: a fork: first come holds, the evidence names both" {
	events good 1 2 >good
	forge '"good"' 1 '[1,2]' '"k"' '{}' '""' >other
	here=$(jq -r .i good | head -n 1) there=$(jq -r .i other)
	why="fork: two events of author \"good\" have seq 1: this log holds $here, refused $there"
	bad "$why" <other
	grep -qxF 'ml-ingest: 2 new, 0 had, 0 held, 1 refused; forked: good (see ml-check)' <<<"$stderr"
	same <(printf '%s\n' 2027-01-15T08:00:00.000Z "$why" good "$(<other)" "$(sed -n 1p good)") \
	    <(jq -r '.at, .why, .fork, .text, .held' log.refused)
	# the same fork again is said again, and kept once
	cp log.refused before
	run -1 --separate-stderr ml-ingest log other
	same - <(echo "$stderr") <<-END
	ml-ingest: other:1: $why
	ml-ingest: 0 new, 0 had, 0 held, 1 refused; forked: good (see ml-check)
	END
	same before log.refused
}

@test "ingest: the summary names each forked author once" {
	for author in team-b team team-b; do
		for clock in 1 2 3; do forge "\"$author\"" 1 "[$clock,0]" '"k"' '{}' '""'; done
	done >in
	run -1 --separate-stderr ml-ingest log in
	same - <(tail -n 1 <<<"$stderr") <<-END
	ml-ingest: 2 new, 1 had, 0 held, 6 refused; forked: team-b, team (see ml-check)
	END
}

@test "ingest: a fork that was seen once is named in every summary" {
	for clock in 1 2; do forge '"x"' 1 "[$clock,0]" '"k"' '{}' '""'; done >in
	run -1 ml-ingest log in
	events a 1 1 >in
	run -0 --separate-stderr ml-ingest log in
	same <(echo "ml-ingest: 1 new, 0 had, 0 held, 0 refused; forked: x (see ml-check)") <(echo "$stderr")
}

@test "ingest: a fork that lies in the log itself is named in the summary" {
	cp "$VECTORS/scenario-4-fork/log.jsonl" log
	events a 1 1 >in
	run -0 --separate-stderr ml-ingest log in
	grep -q '; forked: .*base.* (see ml-check)$' <<<"$stderr"
}

@test "ingest: a fork of an author with a long, strange name is told whole" {
	name=$(repeat 256 '\u0001')
	for clock in 1 2; do forge "\"$name\"" 1 "[$clock,0]" '"k"' '{}' '""'; done >in
	run -1 --separate-stderr ml-ingest log in
	grep -qE "^ml-ingest: in:2: fork: .* holds $hex, refused $hex\$" <<<"$stderr"
	grep -qE '^ml-ingest: 1 new, 0 had, 0 held, 1 refused; forked: .* \(see ml-check\)$' <<<"$stderr"
}

@test "ingest: invalid UTF-8, a NUL, a byte order mark" {
	forge '"x"' 1 '[1,2]' '"k"' '{"t":"Q"}' '""' >event
	bad "not UTF-8" < <(sed 's/Q/\xff\xfe/' event)
	bad "not UTF-8" < <(sed 's/Q/\xc0\xaf/' event)		# overlong
	bad "not UTF-8" < <(sed 's/Q/\xed\xa0\x80/' event)	# a surrogate
	bad "not UTF-8" < <(sed 's/Q/\xf4\x90\x80\x80/' event)	# too high
	bad "not UTF-8" < <(sed 's/Q/\xe2\x82/' event)		# cut
	bad "not JSON: .*" < <(sed 's/Q/\x00/' event)
	bad "not JSON: .*" < <(sed 's/,"s"/\x00,"s"/' event)
	bad "not JSON: .*" < <(printf '\0\0\0\n')
	bad "not JSON: .*" < <(printf '\xef\xbb\xbf{}\n')
	# what follows a mark is whole: it counts, and the mark is still told
	{ printf '\xef\xbb\xbf'; cat event; } >in
	rm -f log log.*
	run -1 --separate-stderr ml-ingest log in
	grep -q '^ml-ingest: in:1: not JSON: ' <<<"$stderr"
	[ "$(wc -l <<<"$stderr")" = 2 ]
	same event log
}

@test "ingest: a line over 16 MiB, and one that is not" {
	forge '"x"' 1 '[1,2]' '"k"' '{}' '""' >event
	blanks=$((16 * 1024 * 1024 - $(wc -c <event) + 1))
	bad "a line over 16 MiB" < <(printf "%$((blanks + 1))s" ''; cat event)
	printf "%${blanks}s" '' | cat - event | fine 1
	same event log
}

@test "ingest: an event over 256 KiB, and one that is not" {
	# too long for an argument of forge: the id is made by hand
	by_hand() {
		printf '{"author":"x","hlc":[1,2],"kind":"k","payload":"%s","prev":"","seq":1}' "$1" >body
		printf '{"a":"x","s":1,"h":[1,2],"k":"k","p":"%s","v":"","i":"%.32s"}\n' "$1" \
		    "$(sha256sum <body)"
	}
	text=$(repeat $((256 * 1024 - $(by_hand '' | wc -c) + 1)) x)
	by_hand "$text" | fine 1
	[ "$(wc -c <log)" = $((256 * 1024 + 1)) ]
	bad "an event over 256 KiB" < <(by_hand "${text}x")
	# it is the form we write that counts: there each of these takes six bytes
	wide() {
		printf '{"a":"x","s":1,"h":[1,2],"k":"k","p":"'
		repeat "$1" $'\x7f'
		printf '","v":"","i":"x"}\n'
	}
	bad "id: does not match the content" < <(wide 43600)
	bad "an event over 256 KiB" < <(wide 43700)
}

@test "ingest: nesting over the limits, at any depth" {
	forge '"x"' 1 '[1,2]' '"k"' "$(nested 500)" '""' >event
	fine 1 <event
	# limits hold per event, never per carrier
	{ printf '{"t":"events","e":['; tr -d '\n' <event; echo ']}'; } | fine 1
	bad "nested too deeply" < <(forge '"x"' 1 '[1,2]' '"k"' "$(nested 501)" '""')
	bad "nested too deeply" < <(nested 521; echo)
	bad "nested too deeply" < <(nested 100000; echo)
	bad "nested too deeply" < <(nested 100000 | tr -d ']'; echo)
	bad "nested too deeply" < <(repeat 100000 '{"a":'; echo)
	bad "nested too deeply" < <(printf '{"a":"x","s":1,"p":'; nested 100000; echo '}')
	bad "not an event: no JSON object" < <(nested 520; echo)
}

@test "ingest: messages whose t is no string, or whose e is no list" {
	event=$(forge '"x"' 1 '[1,2]' '"k"' '{}' '""')
	for t in 5 null true '["events"]' '{}'; do
		bad "not a message: t is no string" <<<"{\"t\":$t,\"e\":[$event]}"
	done
	for e in 5 null '"x"' "$event" '{}'; do
		bad "not a message: e is no list" <<<"{\"t\":\"events\",\"e\":$e}"
	done
	bad "not a message: e is no list" <<<'{"t":"events"}'
}

@test "ingest: a bad event in a message costs one event, and is named" {
	events a 1 4 >a
	jq -sc '{t: "events", e: [.[0], 5, .[1], (.[2] | .p = {}), {}, .[2], .[3]]}' a >in
	run -1 --separate-stderr ml-ingest log in
	same - <(echo "$stderr") <<-END
	ml-ingest: in:1: event 2: not an event: no JSON object
	ml-ingest: in:1: event 4: id: does not match the content
	ml-ingest: in:1: event 5: a: missing, an event has an author
	ml-ingest: 4 new, 0 had, 0 held, 3 refused
	END
	same a log
}

@test "ingest: messages, bare events, frontiers and unknown kinds, mixed" {
	events a 1 70 >a
	{
		echo '{"t":"frontier","f":{"a":5},"h":{"a":"00"}}'
		jq -sc '{t: "events", e: .[0:40]}' a		# more than we write
		echo '{"t":"frontier","f":{}}'
		sed -n '41,50p' a
		echo '{"t":"tea","e":5,"with":["milk"]}'
		echo '{"t":"","e":5}'
		echo '{"t":"events","e":[]}'
		jq -sc '{x: 1, e: .[50:70], t: "\u0065vents"}' a
	} | fine 70
	same a log
}

@test "ingest: the golden messages" {
	echo 'plain *' >log.trust
	run -0 --separate-stderr ml-ingest log "$VECTORS/messages.jsonl"
	# not by jq: it cannot read lone surrogates
	ids() { grep -oE '"i": ?"[0-9a-f]{32}"' "$1" | tr -d ' ' | sort -u; }
	same <(ids "$VECTORS/messages.jsonl") <(ids log)
	same /dev/null <(LC_ALL=C sort log | uniq -d)
}

@test "ingest: a message of any number of events; a thousand in one" {
	events a 1 1000 >a
	jq -sc '{t: "events", e: .}' a | fine 1000
	same a log
}

@test "ingest: any key order, blanks, escapes, CRLF, blank lines" {
	forge '"x"' 1 '[1,2]' '"k"' '{"a":1,"t":"\u00e9/\u007f"}' '""' >event
	{
		printf '\n \t\r\n\r\n'
		sed 's/$/\r/' event
	} | fine 1
	same event log
	jq -S . event | tr '\n' ' ' | sed 's/$/ \t\r\n/' | fine 1
	same event log
	jq -c '{i, v, p, k, h, s, a}' event | sed 's/,/ , /g; s/:/ : /g; s/^/\t/' | fine 1
	same event log
	sed 's,"a","\\u0061",; s,/,\\/,; s,\\u00e9,\xc3\xa9,; s,"k":"k","k":"\\u006B",' event | fine 1
	same event log
	sed 's/{"a":1/{"a":2,"a":1/' event | fine 1
	same event log
}

@test "ingest: of equal keys the last counts" {
	forge '"x"' 1 '[1,2]' '"k"' '{}' '""' >event
	sed 's/^{/{"a":5,"s":"x","h":0,"k":[],"p":"no","v":null,"i":1,/' event | fine 1
	same event log
	bad "a: not a string" < <(sed 's/}$/,"a":5}/' event)
}

@test "ingest: members that we do not know are not passed on" {
	forge '"x"' 1 '[1,2]' '"k"' '{}' '""' >event
	sed 's/}$/,"z":[1,{"a":2}],"":null}/; s/^{/{"t":5,/' event | fine 1
	same event log
}

@test "ingest: any payload, and kinds nobody knows, are stored" {
	for p in null true 0 -1.5e-07 '"text"' '[]' '{}' '[{"a":[null]}]' \
	    123456789012345678901234567890 '"\ud800"'; do
		forge "\"x $((++n))\"" 1 '[1,2]' '"never.heard"' "$p" '""'
	done >events
	fine 10 <events
	same events log
}

@test "ingest: glued events count" {
	events a 1 4 >a
	{ sed -n '1,2p' a | tr -d '\n'; echo; sed -n '3,4p' a | tr '\n' ' '; } | fine 4
	same a log
}

@test "ingest: a torn event, and whole ones behind it on its line" {
	events a 1 3 >a
	forge '"torn"' 1 '[1,2]' '"k"' '{"text":"so it goes"}' '""' >torn
	for cut in 1 4 5 8 20 40 60 -2; do
		{ sed -n 1p a; head -c "$cut" torn | tr -d '\n'; sed -n '2,3p' a | tr -d '\n'; echo; } >in
		rm -f log log.*
		run -1 --separate-stderr ml-ingest log in
		same <(echo "ml-ingest: 3 new, 0 had, 0 held, 1 refused") <(sed 1d <<<"$stderr")
		same <(echo 'ml-ingest: in:2: not JSON') <(sed '1s/: not JSON: .*/: not JSON/; 2,$d' <<<"$stderr")
		same a log
	done
}

@test "ingest: a message cut in its middle: each whole event of it counts" {
	events a 1 5 >a
	jq -sc '{t: "events", e: .}' a >message
	# in the middle of the fifth
	head -c -80 message >in
	run -1 --separate-stderr ml-ingest log in
	same <(sed 5d a) log
	same <(echo "ml-ingest: 4 new, 0 had, 0 held, 1 refused") <(sed 1d <<<"$stderr")
	grep -q '^ml-ingest: in:1: not JSON: ' <<<"$stderr"
}

@test "ingest: a long message cut in its middle: each whole event of it counts" {
	events a 1 300 >a
	jq -sc '{t: "events", e: .}' a | head -c -80 >in
	run -1 ml-ingest log in
	same <(echo '{"a":299}') <(ml-frontier log)
}

@test "ingest: several files, - among them, and lines counted in each" {
	events a 1 2 >one
	events b 1 2 >two
	events c 1 2 >three
	echo oops >>one
	sed -i 1s/^/oops/ three
	run -1 --separate-stderr ml-ingest log one - three <two
	same - <(sed 's/: not JSON.*/: not JSON/' <<<"$stderr") <<-END
	ml-ingest: one:3: not JSON
	ml-ingest: three:1: not JSON
	ml-ingest: 6 new, 0 had, 0 held, 2 refused
	END
	same <(sed '/oops$/d; s/^oops//' one two three) log
	events d 1 1 >four
	run -0 ml-ingest log <four
	echo oops >five
	run -1 --separate-stderr ml-ingest log - <five
	grep -q '^ml-ingest: -:1: not JSON' <<<"$stderr"
}

@test "ingest: a missing file is said, and the rest is done: status 1" {
	events a 1 2 >one
	events b 1 2 >two
	run -1 --separate-stderr ml-ingest log one nowhere two
	same - <(echo "$stderr") <<-END
	ml-ingest: nowhere: No such file or directory
	ml-ingest: 4 new, 0 had, 0 held, 0 refused
	END
	same <(cat one two) log
}

@test "ingest: a folder given as FILE is said, and the rest is done: status 1" {
	events a 1 2 >one
	events b 1 2 >two
	mkdir folder
	run -1 --separate-stderr ml-ingest log one folder two
	same - <(echo "$stderr") <<-END
	ml-ingest: folder: Is a directory
	ml-ingest: 4 new, 0 had, 0 held, 0 refused
	END
	same <(cat one two) log
}

@test "ingest: no name from a peer, and no file name, reaches a terminal raw" {
	# ESC, newline, tab, bidi override, C1, zero width, a tag, a lone surrogate
	for name in '\u001b[31mred' 'new\nline' 't\tab' '\u202eback' '\u009b1m' \
	    'x\u200by' '\udb40\udc41' '\ud800' 'back\\slash'; do
		forge "\"$name\"" 1 '[1,2]' '"k"' '{}' '""'
		forge "\"$name\"" 1 '[2,2]' '"k"' '{}' '""'	# a fork
		forge "\"$name\"" 3 '[3,2]' '"k"' '{}' '""'	# held
		forge "\"$name\"" 2 '[4,2]' '"k"' '{}' '""'	# astray
	done >$'in\e[2J'
	run -1 --separate-stderr ml-ingest -v $'lo\e[2Jg' $'in\e[2J' $'nowhere\n\u202e'
	printf '%s\n%s\n' "$output" "$stderr" >all
	run -1 grep -nP '[\x00-\x08\x0b-\x1f\x7f]' all
	run -1 grep -nP '\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xed[\xa0-\xbf]|\xf3\xa0' <(LC_ALL=C cat all)
	# four columns, five for a refusal; one line a verdict
	same <(for _ in 1 2 3 4 5 6 7 8 9; do printf '%s\n' stored:4 refused:5 held:4 refused:5; done) \
	    <(grep -v '^ml-ingest' all | awk -F '\t' '{ print $1 ":" NF }')
	same - <(grep -v '^ml-ingest' all | awk -F '\t' '$1 == "stored" { print $2 }') <<-'END'
	\u001b[31mred
	new\u000aline
	t\u0009ab
	\u202eback
	\u009b1m
	x\u200by
	\u{e0041}
	\ud800
	back\\slash
	END
	grep -qF 'ml-ingest: in\u001b[2J:2: fork: ' all
	grep -qF 'ml-ingest: nowhere\u000a\u202e: No such file' all
}

@test "ingest: a log whose name has an escape in it is named safely" {
	mkdir $'lo\e[2Jg'
	run -2 --separate-stderr ml-ingest $'lo\e[2Jg' </dev/null
	same <(echo 'ml-ingest: lo\u001b[2Jg: Is a directory') <(echo "$stderr")
}

@test "ingest: every golden log into a new one" {
	for s in "$VECTORS"/scenario-*; do
		for in in "$s"/log*.jsonl; do
			want=${in%.jsonl}-frontier.json view=/dev/null
			case $in in
			*/log.jsonl) want=$s/frontier.json view=$s/view.json ;;
			*/log-late.jsonl) want=$s/late-frontier.json ;;
			esac
			case $in in
			*-2-torn/log.jsonl | */log-middle* | */log-nul* | */log-badutf8* | *-4-fork/* | *-5-*)
				status=1 ;;
			*) status=0 ;;
			esac
			rm -f log log.*
			echo 'plain *' >log.trust
			run -$status --separate-stderr ml-ingest log "$in"
			same <(json "$want") <(ml-frontier log | json -)
			[ ! -s "$view" ] || same "$view" <(ml-view log)
			same /dev/null <(ml-view log 2>&1 >view)	# whole in itself
		done
	done
}

@test "ingest: a second time changes no byte of what is stored or held" {
	for s in "$VECTORS"/scenario-*; do
		rm -f log log.*
		echo 'plain *' >log.trust
		run ml-ingest log "$s/log.jsonl"
		touch log.held
		cat log log.held >before
		run --separate-stderr ml-ingest log "$s/log.jsonl"
		grep -q 'ml-ingest: 0 new' <<<"$stderr"
		same before <(cat log log.held)
	done
}

@test "ingest: a second time brings no new evidence" {
	for s in "$VECTORS"/scenario-*; do
		rm -f log log.*
		echo 'plain *' >log.trust
		run ml-ingest log "$s/log.jsonl"
		touch log.refused
		cp log.refused before
		run ml-ingest log "$s/log.jsonl"
		same before log.refused
	done
}

@test "ingest: shuffled streams give the same set, and the same bytes" {
	{ cat "$VECTORS/events.jsonl"; events a 1 200; events b 1 200; } >all
	echo 'plain *' >one.trust
	ml-ingest one all
	for seed in 1 2 3 4 5; do
		shuf --random-source=<(yes $seed) all >in
		rm -f log log.*
		echo 'plain *' >log.trust
		run -0 --separate-stderr ml-ingest log in
		same <(echo "ml-ingest: 604 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
		same <(ml-delta one) <(ml-delta log)
		same <(ml-frontier one) <(ml-frontier log)
		same <(ml-view one) <(ml-view log)
		[ ! -e log.held ]
		[ ! -e log.refused ]
	done
}

@test "ingest: streams cut, repeated and joined give the same set" {
	{ events a 1 60; events b 1 60; } >all
	for cut in 1000 3333 7777; do
		head -c "$cut" all >head
		shuf --random-source=<(yes "$cut") all >in
		rm -f log log.*
		# cut in the middle of a line, then all again behind it
		cat head in all in >joined
		run --separate-stderr ml-ingest log joined
		same <(LC_ALL=C sort all) <(LC_ALL=C sort log)
	done
}

# bare FILE ...: the events, sorted, without their seals
bare() { sed 's/,"g":"[^"]*"}$/}/' "$@" | LC_ALL=C sort; }

@test "ingest: several groups, each line in its turn" {
	generate 25000 5 2500 3 >good		# 6 MiB
	run -0 --separate-stderr ml-ingest log good
	same <(echo "ml-ingest: 25000 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
	cmp good log
	# each 1000th is damaged, and what follows it waits
	awk 'NR % 1000 == 0 { $0 = "no event" } { print }' good >in
	rm log
	run -1 --separate-stderr ml-ingest log in
	same <(for ((n = 1000; n <= 25000; n += 1000)); do
		echo "ml-ingest: in:$n: not JSON: no value where one is due"
	done) <(sed '$d' <<<"$stderr")
	run -0 --separate-stderr ml-ingest log good
	cmp <(LC_ALL=C sort good) <(LC_ALL=C sort log)
	[ ! -e log.held ]
}

@test "ingest -v: several groups, verdicts in the order of the input" {
	generate 25000 5 2500 3 >good
	head -n 10000 good >log
	run -0 --separate-stderr ml-ingest -v log good
	same <(jq -r '[if input_line_number <= 10000 then "had" else "stored" end,
	    .a, .s, .i] | @tsv' good) <(echo "$output")
}

@test "ingest: one core does the same as two" {
	generate -s 8 12000 3 1200 4 >in
	one=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)
	run -0 --separate-stderr taskset -c "$one" ml-ingest one in
	same <(echo "ml-ingest: 12000 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
	run -0 --separate-stderr ml-ingest two in
	same <(echo "ml-ingest: 12000 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
	cmp one two
}

@test "ingest: sealed events in order, told one by one or not" {
	for every in 1 7 32; do
		generate -s "$every" 12000 10 1200 5 >in	# 3 MiB and more
		rm -f log* told*
		run -0 --separate-stderr ml-ingest log in
		same <(echo "ml-ingest: 12000 new, 0 had, 0 held, 0 refused") <(echo "$stderr")
		cmp <(bare in) <(bare log)
		[ ! -e log.held ]
		ml-check log
		run -0 ml-ingest -v told in
		same <(jq -r '"stored\t\(.a)\t\(.s)"' in | LC_ALL=C sort) \
		    <(grep ^stored <<<"$output" | cut -f 1-3 | LC_ALL=C sort)
		same <(jq -r '"held\t\(.a)\t\(.s)"' in) \
		    <(grep ^held <<<"$output" | cut -f 1-3)
		cmp <(bare log) <(bare told)
	done
}

@test "ingest: a line that is there in other words is there" {
	generate -s 4 300 2 30 6 >in
	ml-ingest log in
	cp log before
	# as it is stored; with seals that were left out; in another spelling
	spaced() { sed 's/^{"a":/{ "a" : /' "$1"; }
	for again in "cat log" "cat in" "spaced in" "spaced log"; do
		$again >again
		run -0 --separate-stderr ml-ingest log again
		same <(echo "ml-ingest: 0 new, 300 had, 0 held, 0 refused") <(echo "$stderr")
	done
	cmp before log
	# one that differs in a byte is not
	sed 's/"p":{/"p":{"x":1,/' log | sed -n 50p >again
	run -1 --separate-stderr ml-ingest log again
	same <(echo "ml-ingest: again:1: id: does not match the content") \
	    <(sed 1q <<<"$stderr")
}
