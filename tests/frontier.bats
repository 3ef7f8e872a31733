load helper

NOW=1800000000000

# wire AUTHOR SEQ WALL COUNTER KIND PAYLOAD PREV: an event made by hand.
# AUTHOR, KIND, PREV as inside of JSON strings.
wire() {
	local id
	id=$(printf '{"author":"%s","hlc":[%s,%s],"kind":"%s","payload":%s,"prev":"%s","seq":%s}' \
		"$1" "$3" "$4" "$5" "$6" "$7" "$2" | sha256sum | head -c 32)
	printf '{"a":"%s","s":%s,"h":[%s,%s],"k":"%s","p":%s,"v":"%s","i":"%s"}\n' \
		"$1" "$2" "$3" "$4" "$5" "$6" "$7" "$id"
}

# unable CMD ...: what is not allowed to a user is not allowed to root either
unable() {
	local no=-dac_override,-dac_read_search
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --bounding-set=$no --inh-caps=$no "$@"
	else
		"$@"
	fi
}

says() {
	same <(printf '%s\n' "$@") <(printf '%s\n' "$stderr")
	same /dev/null <(printf %s "$output")
}

@test "frontier: the golden logs" {
	for s in "$VECTORS"/scenario-*; do
		for log in "$s"/log*.jsonl; do
			case $log in
			*/log.jsonl) want=$s/frontier.json ;;
			*/log-late.jsonl) want=$s/late-frontier.json ;;
			*) want=${log%.jsonl}-frontier.json ;;
			esac
			run -0 --separate-stderr ml-frontier "$log"
			same <(json "$want") <(json - <<<"$output")
		done
	done
}

@test "frontier: what comes later fills the gaps of the golden logs" {
	s=$VECTORS/scenario-6-gaps
	cat "$s/log.jsonl" "$s/missing.jsonl" >log
	same <(json "$s/filled-frontier.json") <(ml-frontier log | json -)
	{ cat "$s/log.jsonl"; head -1 "$s/missing.jsonl"; } >log
	same <(json "$s/one-frontier.json") <(ml-frontier log 2>/dev/null | json -)
	s=$VECTORS/scenario-5-tampered
	cat "$s/log.jsonl" "$s/repair.jsonl" >log
	same <(json "$s/repaired-frontier.json") <(ml-frontier log 2>/dev/null | json -)
}

@test "frontier: one line, no blanks, sorted by code point, no author at 0" {
	wire '\ud83d\ude00' 1 1 0 k 1 '' >>log
	wire '\uff5e' 1 1 0 k 1 '' >>log
	wire 'b \"q\"' 1 1 0 k 1 '' >>log
	wire '' 1 1 0 k 1 '' >>log
	wire '\u00e9' 1 1 0 k 1 '' >>log
	wire B 1 1 0 k 1 '' >>log
	wire gap 2 1 0 k 1 "$(printf '%032d' 0)" >>log
	ml-frontier log >got 2>err
	same - got <<<'{"":1,"B":1,"b \"q\"":1,"\u00e9":1,"\uff5e":1,"\ud83d\ude00":1}'
	same <(echo "ml-frontier: $PWD/log: 1 behind a gap: see ml-check") <(sed "s, [^ ]*/log:, $PWD/log:," err)
}

@test "frontier: a damaged log is one line on stderr and 0" {
	s=$VECTORS
	while IFS='|' read -r log why; do
		run -0 --separate-stderr ml-frontier "$s/$log"
		same <([ -z "$why" ] || echo "ml-frontier: $log: $why: see ml-check") \
			<(printf %s "$stderr" | sed "s,: .*/\(scenario[^/]*/\),: \1,;\$a\\")
	done <<-'EOT'
	scenario-1-scrambled/log.jsonl|
	scenario-2-torn/log.jsonl|1 torn tail
	scenario-2-torn/log-nonewline.jsonl|
	scenario-2-torn/log-glued.jsonl|
	scenario-2-torn/log-middle.jsonl|1 damaged line
	scenario-2-torn/log-nul.jsonl|1 torn tail
	scenario-2-torn/log-badutf8.jsonl|1 damaged line
	scenario-3-duplicates/log.jsonl|
	scenario-8-lww/log.jsonl|
	EOT
}

@test "frontier: -m is a message with the head ids" {
	for log in "$VECTORS"/scenario-*/log.jsonl; do
		ml-frontier -m "$log" 2>/dev/null >got
		same <(echo 1) <(wc -l <got)
		same <(printf '["t","f","h"]\n') <(jq -c keys_unsorted got)
		same <(echo '"frontier"') <(jq .t got)
		same <(json "${log%/*}/frontier.json") <(jq -cS .f got)
		# not by jq alone: it cannot read every payload
		ml-delta "$log" 2>/dev/null | sed -E 's/^\{"a":("([^"\\]|\\.)*"),.*"i":("[0-9a-f]*")\}$/{\1:\3}/' >heads
		same <(jq -csS add heads) <(jq -cS .h got)
	done
	events me 1 2 >log
	same <(printf '{"t":"frontier","f":{"me":2},"h":{"me":"%s"}}\n' "$(tail -1 log | jq -r .i)") <(ml-frontier -m log)
}

@test "frontier: -l is a line an author: seq, newest time, head" {
	{
		wire one 1 0 0 k 1 ''
		wire 'two b' 1 1800000000123 5 k 1 ''
	} >log
	prev=$(jq -r 'select(.a == "two b").i' log)
	wire 'two b' 2 1700000000000 0 k 1 "$prev" >>log
	same <(
		printf 'one\t1\t1970-01-01T00:00:00.000Z\t%s\tone (plain)\n' "$(sed -n 1p log | jq -r .i)"
		printf 'two b\t2\t2027-01-15T08:00:00.123Z\t%s\ttwo b (plain)\n' "$(sed -n 3p log | jq -r .i)"
	) <(ml-frontier -l log)
	wire early 1 -1 0 k 1 '' >log
	same <(printf 'early\t1\t1969-12-31T23:59:59.999Z\t%s\tearly (plain)\n' "$(jq -r .i log)") <(ml-frontier -l log)
}

@test "frontier: a hostile name is shown safely by -l" {
	while read -r name shown; do
		wire "$name" 1 0 0 k 1 '' >log
		printf '%s\t1\t1970-01-01T00:00:00.000Z\t%s\t%s (plain)\n' "$shown" "$(tail -c 35 log | head -c 32)" "$shown" >wanted
		run -0 --separate-stderr ml-frontier -l log
		same wanted <(printf '%s\n' "$output")
		# the bare form is a JSON string, all in ASCII
		printf '{"%s":1}\n' "$name" >wanted
		same wanted <(ml-frontier log)
	done <<-'EOT'
	\u001b[31mred \u001b[31mred
	\u001b]0;title\u0007 \u001b]0;title\u0007
	a\rb a\u000db
	a\nb a\u000ab
	a\tb a\u0009b
	\bx\f \u0008x\u000c
	\u0000nul \u0000nul
	\u007f \u007f
	\u009b31m \u009b31m
	\u202egnp.exe \u202egnp.exe
	\u2066iso\u2069 \u2066iso\u2069
	\u200fx \u200fx
	\u061c \u061c
	\u200bx \u200bx
	\ufeffx \ufeffx
	\u2028 \u2028
	\ud800 \ud800
	\udbff\udfff \u{10ffff}
	\udb40\udc41 \u{e0041}
	back\\slash back\\slash
	\u00e9\u4e2d\ud83d\ude00 é中😀
	EOT
}

@test "frontier: an empty log is {}" {
	: >log
	run -0 --separate-stderr ml-frontier log
	same <(echo '{}') <(printf '%s\n' "$output$stderr")
	printf '\n \r\n' >log
	run -0 --separate-stderr ml-frontier log
	same <(echo '{}') <(printf '%s\n' "$output$stderr")
	same <(echo '{"t":"frontier","f":{},"h":{}}') <(ml-frontier -m log)
	same /dev/null <(ml-frontier -l log)
}

@test "frontier: no log is 2, and none is made" {
	mkdir folder
	printf x >file
	printf 'some text\n' >text
	mkfifo fifo
	while IFS='|' read -r log why; do
		for form in '' -l -m; do
			run -2 --separate-stderr ml-frontier $form "$log"
			says "ml-frontier: $log: $why"
		done
	done <<-'EOT'
	gone|No such file or directory
	gone/log|No such file or directory
	file/log|Not a directory
	folder|Is a directory
	fifo|not a regular file
	/dev/null|not a regular file
	text|not a log: it has no event in it
	EOT
	same <(printf '%s\n' fifo file folder text) <(ls | grep -v '^separate-stderr-')
}

@test "frontier: a wrong call is 2" {
	events me 1 1 >log
	for args in "" "-x log" "log log" "-l" "--help"; do
		run -2 --separate-stderr ml-frontier $args
		same <(echo "usage: ml-frontier [-l | -m] LOG") <(grep -v '^ml-frontier: ' <<<"$stderr")
		same /dev/null <(printf %s "$output")
	done
}

@test "frontier: a full disk is not a success" {
	events me 1 1 >log
	for form in '' -l -m; do
		run -111 --separate-stderr sh -c "ml-frontier $form log >/dev/full"
		same <(echo "ml-frontier: standard output: No space left on device") <(printf '%s\n' "$stderr")
	done
}

@test "frontier: a log that cannot be written to is read, nothing is left beside it" {
	mkdir shelf
	events me 1 3 >shelf/log
	printf torn >>shelf/log
	chmod 400 shelf/log
	chmod 500 shelf
	run -0 --separate-stderr unable ml-frontier shelf/log
	same <(echo '{"me":3}') <(printf '%s\n' "$output")
	same <(echo log) <(ls shelf)
	chmod 000 shelf/log
	run -2 --separate-stderr unable ml-frontier shelf/log
	says "ml-frontier: shelf/log: Permission denied"
	chmod 000 shelf
	run -2 --separate-stderr unable ml-frontier shelf/log
	says "ml-frontier: shelf/log: Permission denied"
	chmod 700 shelf
}

@test "frontier: while somebody writes, half a line is no damage" {
	events me 1 3 >log
	exec 5>>log
	flock 5
	printf '{"a":"me","s":4' >&5
	run -0 --separate-stderr ml-frontier log
	same <(echo '{"me":3}') <(printf '%s\n' "$output$stderr")
	exec 5>&-
	run -0 --separate-stderr ml-frontier log
	same <(echo '{"me":3}') <(printf '%s\n' "$output")
	same <(echo "1 torn tail: see ml-check") <(sed 's/^.*log: //' <<<"$stderr")
}
