load helper

NOW=1800000000000
AGAIN='get it again from a peer: ml-frontier LOG | ssh PEER ml-delta THEIR-LOG - | ml-ingest LOG'
ASTRAY='prev: does not match the event before it: it stands on another branch of a fork, or on nothing'

# wire AUTHOR SEQ WALL COUNTER KIND PAYLOAD PREV: an event made by hand.
# AUTHOR, KIND, PREV as inside of JSON strings.
wire() {
	local id
	id=$(printf '{"author":"%s","hlc":[%s,%s],"kind":"%s","payload":%s,"prev":"%s","seq":%s}' \
		"$1" "$3" "$4" "$5" "$6" "$7" "$2" | sha256sum | head -c 32)
	printf '{"a":"%s","s":%s,"h":[%s,%s],"k":"%s","p":%s,"v":"%s","i":"%s"}\n' \
		"$1" "$2" "$3" "$4" "$5" "$6" "$7" "$id"
}

# id LINE FILE, offset LINE FILE
id() { sed -n "$1p" "$2" | sed -E 's/^.*"i":"([0-9a-f]*)"}$/\1/'; }
offset() { head -n $(($1 - 1)) "$2" | wc -c; }
length() { echo $(($(sed -n "$1p" "$2" | wc -c) - 1)); }

says() {
	same <(printf '%s\n' "$@") <(printf '%s\n' "$stderr")
	same /dev/null <(printf %s "$output")
}

# What was found: all but the feeds and the last line
findings() { grep -v ', head [0-9a-f]*$' <<<"$output" | sed '$d'; }
verdict() { tail -1 <<<"$output"; }

# finds N WANTED-LINE ...: these findings and notes, N of them findings
finds() {
	local n=$1
	shift
	same <(printf '%s\n' "$@") <(findings)
	case $n in
	0) n='all is well' ;;
	1) n='1 finding' ;;
	*) n="$n findings" ;;
	esac
	same <(echo "$n") <(verdict)
	same /dev/null <(printf %s "$stderr")
}

@test "check: a clean log: a line a feed, and all is well" {
	wire two 1 1700000000000 0 k 1 '' >log
	wire two 2 1600000000000 0 k 1 "$(id 1 log)" >>log
	wire one 1 -1 0 k 1 '' >>log
	wire '\u001b[2J \ud83d\ude00' 1 0 0 k 1 '' >>log
	run -0 --separate-stderr ml-check log
	same <(
		printf '%s (plain): 1 event, 1970-01-01T00:00:00.000Z to 1970-01-01T00:00:00.000Z, head %s\n' '\u001b[2J 😀' "$(id 4 log)"
		echo "one (plain): 1 event, 1969-12-31T23:59:59.999Z to 1969-12-31T23:59:59.999Z, head $(id 3 log)"
		echo "two (plain): 2 events, 2020-09-13T12:26:40.000Z to 2023-11-14T22:13:20.000Z, head $(id 2 log)"
		echo "all is well"
	) <(printf '%s\n' "$output")
	same /dev/null <(printf %s "$stderr")
	run -0 --separate-stderr ml-check -j log
	same <(
		printf '{"feed":"%s","keyed":false,"events":1,"first":"1970-01-01T00:00:00.000Z","newest":"1970-01-01T00:00:00.000Z","head":"%s"}\n' '\u001b[2J \ud83d\ude00' "$(id 4 log)"
		echo "{\"feed\":\"one\",\"keyed\":false,\"events\":1,\"first\":\"1969-12-31T23:59:59.999Z\",\"newest\":\"1969-12-31T23:59:59.999Z\",\"head\":\"$(id 3 log)\"}"
		echo "{\"feed\":\"two\",\"keyed\":false,\"events\":2,\"first\":\"2020-09-13T12:26:40.000Z\",\"newest\":\"2023-11-14T22:13:20.000Z\",\"head\":\"$(id 2 log)\"}"
	) <(printf '%s\n' "$output")
}

@test "check: an empty log is well" {
	: >log
	run -0 --separate-stderr ml-check log
	same <(echo "all is well") <(printf '%s\n' "$output$stderr")
	run -0 --separate-stderr ml-check -j log
	same /dev/null <(printf %s "$output$stderr")
}

@test "check: the golden logs" {
	for s in "$VECTORS"/scenario-[13]*; do
		run -0 ml-check "$s/log.jsonl"
		same <(echo "all is well") <(verdict)
	done
	while IFS='|' read -r log n; do
		run -$((n > 0)) ml-check "$VECTORS/$log"
		same <(case $n in 0) echo "all is well" ;; 1) echo "1 finding" ;; *) echo "$n findings" ;; esac) <(verdict)
	done < <(sed 's/^/scenario-/' <<-'EOT'
	2-torn/log.jsonl|1
	2-torn/log-nonewline.jsonl|0
	2-torn/log-glued.jsonl|0
	2-torn/log-middle.jsonl|1
	2-torn/log-nul.jsonl|1
	2-torn/log-badutf8.jsonl|1
	4-fork/log.jsonl|3
	4-fork/log-late.jsonl|3
	5-tampered/log.jsonl|7
	6-gaps/log.jsonl|3
	7-poison/log.jsonl|1
	8-lww/log.jsonl|1
	EOT
	)
}

@test "check: a torn tail" {
	events me 1 2 >log
	at=$(wc -c <log)
	printf '{"a":"me","s":3' >>log
	cp log before
	run -1 --separate-stderr ml-check log
	finds 1 "line 3, offset $at: torn: a torn tail, 15 bytes: ml-check -r LOG puts it into .refused and cuts it off"
	same before log
	[ ! -e log.refused ]
}

@test "check: a damaged line, where it stands and what waits behind it" {
	events me 1 4 >log
	at=$(offset 2 log)
	len=$(length 2 log)
	printf '~' | dd of=log bs=1 seek=$((at + len / 2)) conv=notrunc status=none
	run -1 --separate-stderr ml-check log
	finds 2 "line 2, offset $at: damaged: id: does not match the content, $len bytes: $AGAIN" \
		"line 3, offset $(offset 3 log): gap: me lacks seq 2, 2 events wait: $AGAIN"
}

@test "check: lines that are no event, each with its reason" {
	events me 1 1 >log
	cat >>log <<-'EOT'
	nonsense

	[1,2]
	{"a":"x","s":1}
	EOT
	printf '"\xff"\n' >>log
	sed -E 's/"s":1/"s":1.0/' <(head -1 log) >>log
	sed -E 's/"i":"([0-9a-f]*)"/"i":"\U\1"/' <(head -1 log) >>log
	events you 1 1 >>log
	run -1 --separate-stderr ml-check log
	sed -E 's/(not JSON): [^:,]*/\1/; s/: get it again.*$//; s/^(line .*): damaged: /\1 /' <(findings) >got
	same - got <<-EOT
	line 2, offset $(offset 2 log) not JSON, 8 bytes
	line 4, offset $(offset 4 log) not an event: no JSON object, 5 bytes
	line 5, offset $(offset 5 log) h: missing, an event has a clock, 15 bytes
	line 6, offset $(offset 6 log) not UTF-8, 3 bytes
	line 7, offset $(offset 7 log) s: not an integer from 1 to 2^53, $(length 7 log) bytes
	line 8, offset $(offset 8 log) id: does not match the content, $(length 8 log) bytes
	EOT
	same <(echo "6 findings") <(verdict)
}

@test "check: a fork names both ids" {
	wire me 1 1 0 k 1 '' >log
	wire me 2 2 0 k '"left"' "$(id 1 log)" >>log
	wire me 2 2 0 k '"right"' "$(id 1 log)" >>log
	wire me 3 2 0 k '"right"' "$(id 3 log)" >>log
	run -1 --separate-stderr ml-check log
	finds 2 "line 3, offset $(offset 3 log): fork: me seq 2 $(id 3 log): a fork: another event has this seq, this log follows $(id 2 log): one author wrote on two machines or from a restored copy: go on under a new author" \
		"line 4, offset $(offset 4 log): astray: me seq 3 $(id 4 log): $ASTRAY"
}

@test "check: an event whose prev is not the one before it" {
	wire me 1 1 0 k 1 '' >log
	wire me 2 2 0 k 1 "$(printf '%032d' 0)" >>log
	wire you 1 2 0 k 1 "$(id 1 log)" >>log
	run -1 --separate-stderr ml-check log
	finds 2 "line 2, offset $(offset 2 log): astray: me seq 2 $(id 2 log): $ASTRAY" \
		"line 3, offset $(offset 3 log): astray: you seq 1 $(id 3 log): $ASTRAY"
}

@test "check: a gap" {
	events me 1 6 | sed 3,4d >log
	events you 2 2 >>log
	run -1 --separate-stderr ml-check log
	finds 2 "line 3, offset $(offset 3 log): gap: me lacks seq 3 to 4, 2 events wait: $AGAIN" \
		"line 5, offset $(offset 5 log): gap: you lacks seq 1, 1 event waits: $AGAIN"
	same <(echo 1) <(grep -c ', head ' <<<"$output")
	run -1 --separate-stderr ml-check -j log
	same <(
		echo "gap me 3 $(offset 3 log) $(length 3 log) me lacks seq 3 to 4, 2 events wait"
		echo "gap you 5 $(offset 5 log) $(length 5 log) you lacks seq 1, 1 event waits"
	) <(jq -r 'select(.finding) | "\(.finding) \(.author) \(.line) \(.offset) \(.bytes) \(.why)"' <<<"$output")
}

@test "check: a gap of many holes: four are named, where the first event waits" {
	events me 1 12 | sed '1d;3,4d;6d;8d' >log
	run -1 --separate-stderr ml-check log
	finds 1 "line 1, offset 0: gap: me lacks seq 1, 3 to 4, 6, 8, 7 events wait: $AGAIN"
	events me 1 12 | sed '1d;3,4d;6d;8d;10,11d' | tac >log
	run -1 --separate-stderr ml-check log
	finds 1 "line 5, offset $(offset 5 log): gap: me lacks seq 1, 3 to 4, 6, 8 and more, 5 events wait: $AGAIN"
	# what is held is told likewise, and is no finding
	ml-ingest new log 2>/dev/null
	run -0 --separate-stderr ml-check new
	finds 0 "held: me lacks seq 1, 3 to 4, 6, 8 and more, 5 events wait: what waits enters with the ml-ingest that brings it"
}

@test "check: a clock over a day ahead" {
	wire me 1 $((NOW + 86400000)) 0 k 1 '' >log
	run -0 --separate-stderr ml-check log
	wire you 1 $((NOW + 86400001)) 0 k 1 '' >>log
	wire you 2 5 0 k 1 "$(id 2 log)" >>log
	run -1 --separate-stderr ml-check log
	finds 1 "line 2, offset $(offset 2 log): clock: you seq 1 is stamped 2027-01-16T08:00:00.001Z, over a day ahead of this clock: set the clock that is wrong"
	# the first of each author
	wire you 3 $((NOW * 2)) 0 k 1 "$(id 3 log)" >>log
	run -1 --separate-stderr ml-check -j log
	same <(echo "you 2 $(offset 2 log) $(length 2 log)") \
		<(jq -r 'select(.finding == "clock") | "\(.author) \(.line) \(.offset) \(.bytes)"' <<<"$output")
	sed -i 3q log
	# later it is no trouble any more
	ML_CLOCK_MS=$((NOW + 1)) run -0 ml-check log
}

@test "check: a by that is not the author" {
	wire me 1 1 0 record.create '{"by":"me","form":"f","record_id":"R"}' '' >log
	wire m2 1 1 0 record.create '{"by":"boss \u001b[1m","form":"f","record_id":"R"}' '' >>log
	wire m3 1 1 0 record.create '{"by":null,"form":"f","record_id":"R"}' '' >>log
	wire m4 1 1 0 record.create '{"form":"f","record_id":"R"}' '' >>log
	wire m5 1 1 0 other.kind '{"by":"me","form":"f","record_id":"R"}' '' >>log
	run -1 --separate-stderr ml-check log
	finds 2 "line 2, offset $(offset 2 log): by: m2 seq 1 says that it is by \"boss \\u001b[1m\": the record shows a creator who did not write it" \
		"line 3, offset $(offset 3 log): by: m3 seq 1 says that it is by null: the record shows a creator who did not write it"
}

@test "check: evidence of a fork that ingest kept out" {
	wire me 1 1 0 k '"left"' '' >log
	wire me 1 1 0 k '"right"' '' >other
	run -1 ml-ingest log other
	run -1 --separate-stderr ml-check log
	why="fork: two events of author \"me\" have seq 1: this log holds $(id 1 log), refused $(id 1 other) of 1970-01-01T00:00:00.001Z, the log's of 1970-01-01T00:00:00.001Z, seen 2027-01-15T08:00:00.000Z"
	settled='this log follows its own; two have written under one plain name, or one from a backup, go on under a new one; both lines stand in .refused, which you may delete when that is settled'
	finds 1 "line 1 of .refused: evidence: $why: $settled"
	same <(cat other log) <(jq -r '.text, .held' log.refused)
	run -1 --separate-stderr ml-check -j log
	same <(printf '%s\n' me .refused 1 null null "$why" "$settled") \
		<(jq -r 'select(.finding == "evidence") | .author, .file, .line, .offset, .bytes, .why, .do' <<<"$output")
	# behind other evidence it has its own line
	echo '{"at":"2027-01-15T08:00:00.000Z","why":"a torn tail","text":"x"}' | cat - log.refused >both
	mv both log.refused
	run -1 --separate-stderr ml-check log
	finds 1 "line 2 of .refused: evidence: $why: $settled" \
		"refused: 1 in .refused, of what was kept out or cut off"
	rm log.refused
	run -0 ml-check log
}

@test "check: a line in .held that is no event" {
	events me 3 4 >later
	: >log
	ml-ingest log later 2>/dev/null
	echo nonsense >>log.held
	cp log.held before
	run -1 --separate-stderr ml-check log
	same - <(findings | sed -E 's/(not JSON): [^:]*/\1/') <<-'EOT'
	line 3 of .held: held-damaged: not JSON: the next ml-ingest puts it into .refused
	held: me lacks seq 1 to 2, 2 events wait: what waits enters with the ml-ingest that brings it
	EOT
	same <(echo "1 finding") <(verdict)
	run -1 --separate-stderr ml-check -j log
	same <(echo '.held 3 false') \
		<(jq -r 'select(.finding == "held-damaged") | "\(.file) \(.line) \(has("offset"))"' <<<"$output")
	same before log.held
}

@test "check: what is no trouble is noted, and 0" {
	events me 1 2 >log
	events me 1 1 >>log
	events me 1 1 >>log
	wire odd 1 1 0 field.set '{"record_id":"R-1"}' '' >>log
	wire odd2 1 1 0 note.add '[]' '' >>log
	wire odd3 1 1 0 unknown.kind '[]' '' >>log
	events you 2 3 | ml-ingest log 2>/dev/null
	run -0 --separate-stderr ml-check log
	finds 0 "held: you lacks seq 1, 2 events wait: what waits enters with the ml-ingest that brings it" \
		"copies: 2 second copies of events, harmless" \
		"unusable: 2 payloads lack what their kind needs and change nothing, the first in line 5"
	# a tampered event is evidence, no trouble of this log
	events me 1 1 | sed 's/"s":1/"s":9/' >bad
	run -1 ml-ingest log bad
	run -0 --separate-stderr ml-check log
	finds 0 "held: you lacks seq 1, 2 events wait: what waits enters with the ml-ingest that brings it" \
		"copies: 2 second copies of events, harmless" \
		"unusable: 2 payloads lack what their kind needs and change nothing, the first in line 5" \
		"refused: 1 in .refused, of what was kept out or cut off"
}

# A log with one of each, but for a torn tail, which is no line
mess() {
	wire me 1 1 0 record.create '{"by":"x","record_id":"R"}' ''
	wire me 1 2 0 k '"fork"' ''
	echo nonsense
	wire me 2 2 0 k '"astray"' "$(printf '%032d' 0)"
	events gap 2 3
	wire far 1 $((NOW * 2)) 0 k 1 ''
}

@test "check: -j is the same as JSON lines" {
	mess >log
	wire far 1 1 0 k 1 '' >other
	run -1 ml-ingest log other
	printf '{"a"' >>log
	run -1 --separate-stderr ml-check log
	findings | sed -E 's/^line [0-9]+(, offset [0-9]+| of .refused): //; s/: .*//' >text
	run -1 --separate-stderr ml-check -j log
	same text <(jq -r 'select(.feed | not) | .finding // .note' <<<"$output")
	same <(printf '%s\n' astray by clock damaged evidence fork gap torn) <(jq -r '.finding // empty' <<<"$output" | sort)
	same <(printf '%s\n' far me) <(jq -r '.feed // empty' <<<"$output")
	same <(printf '%s\n' "damaged 3 $(offset 3 log) 8" "torn 8 $(offset 8 log) 4") \
		<(jq -r 'select(.finding == "damaged" or .finding == "torn") | "\(.finding) \(.line) \(.offset) \(.bytes)"' <<<"$output")
	same <(echo true) <(jq -s '[.[] | select(.finding) | (.why | type == "string") and (.do | length > 0)] | all' <<<"$output")
	same /dev/null <(printf %s "$stderr")
}

@test "check: each finding has a line number" {
	mess >log
	wire far 1 1 0 k 1 '' >other
	run -1 ml-ingest log other
	run -1 ml-check log
	same /dev/null <(findings | grep -vE '^line [0-9]+(, offset [0-9]+| of \.refused): [a-z]+: ')
	run -1 ml-check -j log
	same /dev/null <(jq -r 'select(.finding and (.line | not)).finding' <<<"$output")
}

@test "check: what ml-ingest tells of is what is found" {
	# altered: a verdict under -v, and evidence that is no finding
	events me 1 2 >whole
	sed '2s/me 2/me 3/' whole >bad
	run -1 --separate-stderr ml-ingest -v log bad
	same <(printf 'refused\tme\t2\t%s\tid: does not match the content\n' "$(id 2 whole)") \
		<(grep refused <<<"$output")
	same <(sed -n 2p bad) <(jq -r .text log.refused)
	run -0 --separate-stderr ml-check log
	finds 0 "refused: 1 in .refused, of what was kept out or cut off"
	# held: what waits in .held, and in the log behind a gap
	events gap 1 6 | sed 3d >log
	events later 4 5 >in
	run -0 --separate-stderr ml-ingest log in
	same <(echo "ml-ingest: 0 new, 0 had, 5 held, 0 refused") <(printf '%s\n' "$stderr")
	run -1 --separate-stderr ml-check log
	same <(printf '%s\n' "gap lacks seq 3, 3 events wait" "later lacks seq 1 to 3, 2 events wait") \
		<(grep -oE '[a-z]+ lacks [^:]*' <<<"$output")
	# forks: three are named, all are found, and so in a run that meets none
	for who in a b c d; do
		wire $who 1 1 0 k '"left"' ''
		wire $who 1 1 0 k '"right"' ''
	done >in
	run -1 --separate-stderr ml-ingest new in
	same <(echo "ml-ingest: 4 new, 0 had, 0 held, 4 refused; forked: a, b, c and more (see ml-check)") \
		<(tail -1 <<<"$stderr")
	run -0 --separate-stderr ml-ingest new </dev/null
	same <(echo "ml-ingest: 0 new, 0 had, 0 held, 0 refused; forked: a, b, c and more (see ml-check)") \
		<(printf '%s\n' "$stderr")
	run -1 --separate-stderr ml-check new
	same <(seq 4) <(findings | sed -nE 's/^line ([0-9]+) of \.refused: evidence: .*/\1/p')
	# and what was refused once is kept once
	cp new.refused before
	run -1 ml-ingest new in
	same before new.refused
}

@test "check: names from a peer are shown safely" {
	wire '\u001b[31m\u202e\n' 2 1 0 k 1 "$(printf '%032d' 0)" >log
	wire 'a\tb' 1 1 0 record.create '{"by":"\u202e\u001b","record_id":"R"}' '' >>log
	wire 'a\tb' 1 2 0 k 1 '' >>log
	run -1 --separate-stderr ml-check log
	same /dev/null <(tr -d ' -~\n' <<<"$output")
	same <(echo 3) <(findings | wc -l)
	run -1 --separate-stderr ml-check -j log
	same /dev/null <(tr -d ' -~\n' <<<"$output")
	same <(echo '4') <(jq -c . <<<"$output" | wc -l)
}

@test "check: -r puts a torn tail into .refused and cuts it" {
	events me 1 2 >log
	cp log whole
	printf '{"a":"me","s":3' >>log
	run -0 --separate-stderr ml-check -r log
	same <(echo "ml-check: log: cut a torn tail of 15 bytes, kept in .refused") <(printf '%s\n' "$stderr")
	same <(echo "refused: 1 in .refused, of what was kept out or cut off") <(findings)
	same <(echo "all is well") <(verdict)
	same whole log
	same <(echo '{"at":"2027-01-15T08:00:00.000Z","why":"a torn tail","text":"{\"a\":\"me\",\"s\":3"}') log.refused
	# twice is the same as once
	run -0 --separate-stderr ml-check -r log
	same /dev/null <(printf %s "$stderr")
	same whole log
	same <(echo 1) <(wc -l <log.refused)
}

@test "check: -r keeps a tail of other bytes, all of it" {
	events me 1 2 >log
	cp log whole
	printf '\0\377\0' >>log
	run -0 --separate-stderr ml-check -r log
	same <(echo "ml-check: log: cut a torn tail of 3 bytes, kept in .refused") <(printf '%s\n' "$stderr")
	same whole log
	same <(printf '\0\377\0' | base64) <(jq -r .base64 log.refused)
}

@test "check: -r gives a whole event without newline its newline" {
	events me 1 2 >whole
	head -c -1 whole >log
	run -0 --separate-stderr ml-check log
	run -0 --separate-stderr ml-check -r log
	same <(echo "all is well") <(verdict)
	same /dev/null <(printf %s "$stderr")
	same whole log
	# two glued ones and a torn one behind them
	{ tr -d '\n' <whole; printf '{"a'; } >log
	run -0 --separate-stderr ml-check -r log
	same <(echo "ml-check: log: cut a torn tail of 3 bytes, kept in .refused") <(printf '%s\n' "$stderr")
	same <(tr -d '\n' <whole; echo) log
	same <(echo '{"me":2}') <(ml-frontier log)
}

@test "check: -r mends nothing else" {
	mess >log
	cp log before
	run -1 --separate-stderr ml-check log
	wanted=$output
	run -1 --separate-stderr ml-check -r log
	same <(printf '%s\n' "$wanted") <(printf '%s\n' "$output")
	same before log
	[ ! -e log.refused ]
}

@test "check: -r waits for the lock as long as -w says" {
	events me 1 1 >log
	printf torn >>log
	cp log before
	exec 5>>log
	flock 5
	run -111 --separate-stderr ml-check -r -w 0 log
	says "ml-check: log: another writer has the lock: gave up waiting"
	same before log
	# a reader needs none, and half a line is nothing to it
	run -0 --separate-stderr ml-check log
	same <(echo "all is well") <(verdict)
	exec 5>&-
	run -0 ml-check -r -w 0 log
	run -2 --separate-stderr ml-check -r -w x log
	says "ml-check: -w: not a number of seconds"
}

@test "check: no log is 2, with -r too, and none is made" {
	mkdir folder
	printf 'some text' >text
	cp text before
	for opt in '' -j -r; do
		run -2 --separate-stderr ml-check $opt gone
		says "ml-check: gone: No such file or directory"
		run -2 --separate-stderr ml-check $opt folder
		says "ml-check: folder: Is a directory"
		run -2 --separate-stderr ml-check $opt text
		says "ml-check: text: not a log: it has no event in it"
		run -2 --separate-stderr ml-check $opt /dev/null
		says "ml-check: /dev/null: not a regular file"
	done
	same before text
	same <(printf '%s\n' before folder text) <(ls | grep -v '^separate-stderr-')
}

@test "check: a wrong call is 2" {
	events me 1 1 >log
	for args in "" "-x log" "log log" "-r" "-w"; do
		run -2 --separate-stderr ml-check $args
		same <(echo "usage: ml-check [-j] [-r [-w SECONDS]] [--sandbox] LOG") <(grep -v '^ml-check: ' <<<"$stderr")
		same /dev/null <(printf %s "$output")
	done
}

@test "check: a full disk is not a success" {
	mess >log
	for args in "log" "-j log"; do
		run -111 --separate-stderr sh -c "ml-check $args >/dev/full"
		same <(echo "ml-check: standard output: No space left on device") <(printf '%s\n' "$stderr")
	done
}
