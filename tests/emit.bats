load helper

NOW=1800000000000

# wire AUTHOR SEQ WALL COUNTER KIND PAYLOAD PREV: the line that must come out,
# its id found by sha256sum.  AUTHOR, KIND, PREV as inside of JSON strings.
wire() {
	local id
	id=$(printf '{"author":"%s","hlc":[%s,%s],"kind":"%s","payload":%s,"prev":"%s","seq":%s}' \
		"$1" "$3" "$4" "$5" "$6" "$7" "$2" | sha256sum | head -c 32)
	printf '{"a":"%s","s":%s,"h":[%s,%s],"k":"%s","p":%s,"v":"%s","i":"%s"}\n' \
		"$1" "$2" "$3" "$4" "$5" "$6" "$7" "$id"
}

# wires: "KIND PAYLOAD" lines on stdin -> the feed of author me, counting up
wires() {
	local kind payload prev='' n=0 line
	while read -r kind payload; do
		line=$(wire me $((n + 1)) $NOW "$n" "$kind" "$payload" "$prev")
		printf '%s\n' "$line"
		prev=${line: -34:32} n=$((n + 1))
	done
}

payloads() { sed -E 's/^.*,"p":(.*),"v":"[0-9a-f]*","i":"[0-9a-f]*"}$/\1/' "$@"; }
stamps() { sed -E 's/^.*,"h":(\[[^]]*\]),"k".*$/\1/' "$@"; }

# Exactly these lines on stderr, none on stdout
says() {
	same <(printf '%s\n' "$@") <(printf '%s\n' "$stderr")
	same /dev/null <(printf %s "$output")
}

# What lies here, but for what bats leaves
names() { ls "$@" | grep -v '^separate-stderr-'; }
nothing_made() { same /dev/null <(names); }

# unable CMD ...: what is not allowed to a user is not allowed to root either
unable() {
	local no=-dac_override,-dac_read_search
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --bounding-set=$no --inh-caps=$no "$@"
	else
		"$@"
	fi
}

# damage FILE LINE: one byte inside that line's payload
damage() {
	local at
	at=$(awk -v n="$2" 'NR < n { o += length + 1 } NR == n { print o + index($0, "\"p\":") + 12; exit }' "$1")
	printf '~' | dd of="$1" bs=1 seek="$at" conv=notrunc status=none
}

@test "emit: each verb prints the wire line that it stored" {
	h=$(printf %s "hello" | sha256sum | head -c 64)
	printf hello >photo.txt
	{
		ml-emit -a me log create R-1 household
		ml-emit -a me log set R-1 name 'Wanjikũ "W" \ ☃ 😀'
		ml-emit -a me log note R-1 $'zwei\tZeilen\nund \x7f/'
		ml-emit -a me log attach R-1 scan photo.txt
		ml-emit -a me log event my.kind ' { "b" : [ 1.0 , 2e3, -0 ], "a":{"d":null,"c":"\u00E9\/"} , "a" : {"z":1,"y":true}} '
		echo '{"payload":{"text":"t","record_id":"R-1"},"kind":"note.add"}' | ml-emit -a me log -
	} >got
	wires >wanted <<-EOT
	record.create {"by":"me","form":"household","record_id":"R-1"}
	field.set {"field":"name","record_id":"R-1","value":"Wanjik\u0169 \"W\" \\\\ \u2603 \ud83d\ude00"}
	note.add {"record_id":"R-1","text":"zwei\tZeilen\nund \u007f/"}
	attachment.add {"blob_hash":"$h","field":"scan","mime":"text/plain","record_id":"R-1","size":5}
	my.kind {"a":{"y":true,"z":1},"b":[1.0,2000.0,0]}
	note.add {"record_id":"R-1","text":"t"}
	EOT
	same wanted got
	same wanted log
	run -0 ml-check log
}

@test "emit: author and kind are canonical too" {
	ml-emit -a 'Ünal "X"' log event 'kïnd' null >got
	same <(wire '\u00dcnal \"X\"' 1 $NOW 0 'k\u00efnd' null '') got
}

@test "emit: a value is a number, true, false, or text" {
	while IFS='|' read -r value wanted; do
		ml-emit -a me log set R f "$value" >out
		printf '%s|%s\n' "$value" "$(payloads out)"
		printf '%s|{"field":"f","record_id":"R","value":%s}\n' "$value" "$wanted" >>wanted
	done >got <<'EOT'
-5|-5
0|0
-0|0
-0.0|-0.0
1.50|1.5
1e3|1000.0
1E-5|1e-05
1e16|1e+16
12345678901234567890123|12345678901234567890123
true|true
TRUE|true
tRuE|true
False|false
007|"007"
-007|"-007"
+2547012345678|"+2547012345678"
+5|"+5"
.5|".5"
5.|"5."
1e|"1e"
0x10|"0x10"
1,5|"1,5"
1e999|"1e999"
NaN|"NaN"
Infinity|"Infinity"
null|"null"
truex|"truex"
[1]|"[1]"
5 |"5 "
|""
-|"-"
--|"--"
-t|"-t"
--force|"--force"
EOT
	same wanted got
}

@test "emit: set -t is always text, set -j is JSON" {
	for value in 5 true -5 '{"a":1}' ''; do ml-emit -a me log set -t R f "$value"; done >out
	for value in 5.0 '"007"' null '{"b":1, "a":[ ]}' '[true,"x"]'; do ml-emit -a me log set -j R f "$value"; done >>out
	payloads out | sed 's/^.*"value"://; s/}$//' >got
	same - got <<-'EOT'
	"5"
	"true"
	"-5"
	"{\"a\":1}"
	""
	5.0
	"007"
	null
	{"a":[],"b":1}
	[true,"x"]
	EOT
}

@test "emit: what is not JSON is refused with 2, and the log is as it was" {
	ml-emit -a me log note R x >/dev/null
	cp log before
	while IFS='|' read -r value why; do
		run -2 --separate-stderr ml-emit -a me log set -j R f "$value"
		says "ml-emit: $value: $why"
		run -2 --separate-stderr ml-emit -a me log event k "$value"
		says "ml-emit: $value: $why"
	done <<-'EOT'
	1 2|not JSON: something follows the value
	{}x|not JSON: something follows the value
	EOT
	for value in '{' 'x' '' NaN 1e999 '007' '"a' "{'a':1}" $'"\x01"' '[1,]' $'"\xff"'; do
		run -2 --separate-stderr ml-emit -a me log set -j R f "$value"
		same <(echo 1) <(wc -l <<<"$stderr")
		run -2 --separate-stderr ml-emit -a me log event k "$value"
		same <(echo 1) <(wc -l <<<"$stderr")
	done
	same before log
}

@test "emit: what is not UTF-8 is refused with 2" {
	for args in "create x y" "create R x" "set R x v" "set R f x" "note R x" "note x t" "event x 1"; do
		run -2 --separate-stderr ml-emit -a me log ${args//x/$'\xff\xfe'}
		says 'ml-emit: \xff\xfe: not UTF-8'
	done
	run -2 --separate-stderr ml-emit -a $'\xff' log note R x
	says "ml-emit: author: an author that is not UTF-8"
	nothing_made
}

@test "emit: options stand before LOG or behind the verb" {
	ml-emit -t -w 5 -a me log set R f 5 >>out
	ml-emit log set -a me -t R f 5 >>out
	ml-emit -w 5 log set -w3 -t -ame R f 5 >>out
	ml-emit -a other log set -a me -t -- R f 5 >>out
	ml-emit --force log set --force -t -a me R f 5 >>out
	ml-emit -a me log set -t R f -j >>out
	ml-emit -a me log note -- -R -t >>out
	ml-emit -a me log note R -w >>out
	payloads out >got
	same - got <<-'EOT'
	{"field":"f","record_id":"R","value":"5"}
	{"field":"f","record_id":"R","value":"5"}
	{"field":"f","record_id":"R","value":"5"}
	{"field":"f","record_id":"R","value":"5"}
	{"field":"f","record_id":"R","value":"5"}
	{"field":"f","record_id":"R","value":"-j"}
	{"record_id":"-R","text":"-t"}
	{"record_id":"R","text":"-w"}
	EOT
	same <(echo '{"me":8}') <(ml-frontier log)
}

@test "emit: behind -- nothing is an option, before LOG and behind the verb" {
	ml-emit -a me -- log note R one >/dev/null
	ml-emit -a me -- log note -- -R two >/dev/null
	printf x >-m
	ml-emit -a me log attach -m a/b -- R f -m >/dev/null
	same <(echo '{"me":3}') <(ml-frontier log)
}

@test "emit: attach takes its options before, between and behind the operands" {
	h=$(printf '%064d' 7)
	printf x >f
	ml-emit -a me -H "$h" -s 12 -m image/png log attach R p >>out
	ml-emit -a me log attach -H "$h" -s 12 -m image/png R p >>out
	ml-emit -a me log attach R p -H "$h" -s 12 -m image/png >>out
	ml-emit -a me -s 12 log attach -m image/png R p -H "$h" >>out
	payloads out >got
	same <(for i in 1 2 3 4; do
		printf '{"blob_hash":"%s","field":"p","mime":"image/png","record_id":"R","size":12}\n' "$h"
	done) got
	for args in "-m a/b R p f" "R p -m a/b f" "R p f -m a/b"; do ml-emit -a me log attach $args; done >out
	payloads out >got
	same <(for i in 1 2 3; do
		printf '{"blob_hash":"%s","field":"p","mime":"a/b","record_id":"R","size":1}\n' "$(sha256sum <f | head -c 64)"
	done) got
	ml-emit -a me log attach -H "$h" -s 0 -m a/b R p | payloads >got
	same <(printf '{"blob_hash":"%s","field":"p","mime":"a/b","record_id":"R","size":0}\n' "$h") got
	ml-emit -a me log attach -H "$h" -s 9007199254740992 -m a/b R p | payloads >got
	same <(printf '{"blob_hash":"%s","field":"p","mime":"a/b","record_id":"R","size":9007199254740992}\n' "$h") got
}

@test "emit: an attachment by hash needs all three, and good ones" {
	h=$(printf '%064d' 7)
	mkdir empty
	cd empty
	for args in "-H $h R p" "-H $h -s 1 R p" "-H $h -m a/b R p" "-s 1 -m a/b R p" "R p" \
	    "-H $h -s 1 -m a/b R p ../f" "-s 1 R p ../f"; do
		printf x >../f
		run -2 --separate-stderr ml-emit -a me log attach $args
		same <(echo "usage: ml-emit [-a AUTHOR | -k KEY] [-w SECONDS] [--force] LOG create RID FORM") <(head -1 <<<"$stderr")
		nothing_made
	done
	for hash in 00 "${h}0" "${h%7}g" "${h%7}A" ''; do
		run -2 --separate-stderr ml-emit -a me log attach -H "$hash" -s 1 -m a/b R p
		says "ml-emit: -H: not 64 lower-case hex digits of SHA-256"
	done
	for size in -1 1.5 x '' 9007199254740993 1e3; do
		run -2 --separate-stderr ml-emit -a me log attach -H "$h" -s "$size" -m a/b R p
		says "ml-emit: -s: not a size in bytes"
	done
	nothing_made
}

@test "emit: attach says of a file what sha256sum and file say" {
	base64 -d >dot.png <<<iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
	printf 'plain text, nothing else\n' >text
	printf '%%PDF-1.4\n%%\342\343\317\323\n1 0 obj\n<<>>\nendobj\n' >a.pdf
	: >empty
	head -c 300000 /dev/zero >zeros
	printf 'Häuser\n' >'ein Wort.txt'
	ln -s dot.png link
	for f in dot.png text a.pdf empty zeros 'ein Wort.txt' link; do
		ml-emit -a me log attach R-1 f "$f" | payloads >>got
		printf '{"blob_hash":"%s","field":"f","mime":"%s","record_id":"R-1","size":%s}\n' \
			"$(sha256sum <"$f" | head -c 64)" "$(file -L --mime-type -b "$f")" "$(stat -L -c %s "$f")" >>wanted
	done
	same wanted got
	grep -q '"mime":"image/png"' got
	grep -q '"mime":"application/pdf"' got
}

@test "emit: attach refuses what is no file with 2" {
	mkdir folder
	mkfifo fifo
	run -2 --separate-stderr ml-emit -a me log attach R f folder
	says "ml-emit: folder: not a regular file"
	run -2 --separate-stderr ml-emit -a me log attach R f fifo
	says "ml-emit: fifo: not a regular file"
	run -2 --separate-stderr ml-emit -a me log attach R f gone
	says "ml-emit: gone: No such file or directory"
	run -2 --separate-stderr ml-emit -a me log attach R f /dev/null
	says "ml-emit: /dev/null: not a regular file"
	printf x >secret
	chmod 000 secret
	run -2 --separate-stderr unable ml-emit -a me log attach R f secret
	says "ml-emit: secret: Permission denied"
	[ ! -e log ]
}

@test "emit: a wrong call makes nothing" {
	for args in "" "log" "log nosuch R" "log create R" "log create R F x" "log set R f" "log set R f v x" \
	    "log set R f v -t" "log note R" "log note R a b" "log attach R" "log attach R f a b" "log event k" \
	    "log event k 1 2" "log - x" "-x log note R t" "log note -x R t" "--nosuch log note R t" "log -a me note R t"; do
		run -2 --separate-stderr ml-emit -a me $args
		same <(echo 7) <(grep -c 'ml-emit' <<<"$(grep -v '^ml-emit:' <<<"$stderr")")
		same /dev/null <(printf %s "$output")
	done
	run -2 --separate-stderr ml-emit -a me -w x log note R t
	says "ml-emit: -w: not a number of seconds"
	run -2 --separate-stderr ml-emit -a me -w -1 log note R t
	says "ml-emit: -w: not a number of seconds"
	nothing_made
}

@test "emit: operands that cannot be used make nothing" {
	run -2 ml-emit -a me log attach R f gone
	nothing_made
	run -2 ml-emit -a me log set -j R f '{'
	nothing_made
	run -2 ml-emit -a me log event k '{'
	nothing_made
	run -2 ml-emit -a me log event "$(printf '%0257d' 1)" 1
	nothing_made
	run -2 ml-emit -a me log note R $'\xff'
	nothing_made
	ML_CLOCK_MS=x run -2 ml-emit -a me log note R t
	nothing_made
	# nor does a batch without one good line
	run -1 ml-emit -a me log - <<<'{"kind":"k"}'
	nothing_made
	run -0 ml-emit -a me log - </dev/null
	nothing_made
}

@test "emit: a batch is stored in order, in one go" {
	ml-emit -a me log - >got <<-'EOT'
	{"kind":"record.create","payload":{"by":"me","form":"well","record_id":"W-1"}}
	{"kind":"record.create","payload":{"record_id":"W-2","form":"well","by":"me"}}
	{ "payload" : {"value":12.50,"field":"depth","record_id":"W-1"}, "kind" : "field.set", "more" : 1 }
	{"kind":"field.set","payload":{"field":"depth","record_id":"W-2","value":"d\u00e9ep"}}
	{"kind":"note.add","payload":{"record_id":"W-1","text":"dry"}}
	{"kind":"x","kind":"any.kind","payload":1,"payload":[1,null]}
	{"\u006bind":"k\u0065y","payload":"é"}
	EOT
	wires >wanted <<-'EOT'
	record.create {"by":"me","form":"well","record_id":"W-1"}
	record.create {"by":"me","form":"well","record_id":"W-2"}
	field.set {"field":"depth","record_id":"W-1","value":12.5}
	field.set {"field":"depth","record_id":"W-2","value":"d\u00e9ep"}
	note.add {"record_id":"W-1","text":"dry"}
	any.kind [1,null]
	key "\u00e9"
	EOT
	same wanted got
	same wanted log
}

@test "emit: bad lines of a batch are refused by number, the rest is stored" {
	cat >in <<-'EOT'
	{"kind":"a","payload":1}
	nonsense
	[]
	{"kind":"b"}
	{"payload":1}
	{"kind":5,"payload":1}
	{"kind":"b","payload":1} x
	{"kind":"b","payload":

	{"kind":"c","payload":3}
	"text"
	{"kind":"d","payload":NaN}
	EOT
	printf '{"kind":"%0257d","payload":1}\n' 1 >>in
	printf '{"kind":"%0256d","payload":1}\n' 1 >>in
	printf '{"kind":"f\xff","payload":1}\n{"kind":"e","payload":5}\n' >>in
	run -1 --separate-stderr ml-emit -a me log - <in
	same <(printf '1\n3\n1\n5\n') <(payloads <<<"$output")
	same log <(printf '%s\n' "$output")
	sed -E 's/^(ml-emit: -:(2|8|12): not JSON: ).+$/\1.../' <<<"$stderr" >got
	same - got <<-'EOT'
	ml-emit: -:2: not JSON: ...
	ml-emit: -:3: not an event to be: no JSON object
	ml-emit: -:4: payload: missing
	ml-emit: -:5: kind: missing or not a string
	ml-emit: -:6: kind: missing or not a string
	ml-emit: -:7: not JSON: something follows the value
	ml-emit: -:8: not JSON: ...
	ml-emit: -:11: not an event to be: no JSON object
	ml-emit: -:12: not JSON: ...
	ml-emit: -:13: kind: over 256 bytes
	ml-emit: -:15: not UTF-8
	EOT
	run -0 ml-check log
}

@test "emit: blank lines, CRLF and a last line without newline are fine" {
	printf '\n  \t\r\n{"kind":"a","payload":1}\r\n\r\n\n{"kind":"b","payload":2}' >in
	run -0 --separate-stderr ml-emit -a me log - <in
	same <(printf 'a 1\nb 2\n' | wires) <(printf '%s\n' "$output")
	same /dev/null <(printf %s "$stderr")
	for empty in '' '\n' ' \n\r\n'; do
		run -0 --separate-stderr ml-emit -a me log - < <(printf "$empty")
		same /dev/null <(printf %s "$output$stderr")
	done
	same <(echo 2) <(wc -l <log)
}

@test "emit: a line of a slow pipe is stored and printed at once, nothing is locked" {
	mkfifo in out
	ml-emit -a me log - <in >out 2>err 3>&- &
	pid=$!
	exec 5>in 6<out
	for n in 1 2 3; do
		echo "{\"kind\":\"k\",\"payload\":$n}" >&5
		read -r -t 20 line <&6
		printf '%s\n' "$line" >>got
		same <(tail -1 log) <(printf '%s\n' "$line")
		# somebody else's turn meanwhile
		ml-emit -a other -w 0 log note R "$n" >/dev/null 5>&- 6<&-
	done
	exec 5>&-
	wait $pid
	exec 6<&-
	same <(printf '1\n2\n3\n') <(payloads got)
	same <(echo '{"me":3,"other":3}') <(ml-frontier log)
	same /dev/null err
	run -0 ml-check log
}

@test "emit: what came before half a line is printed while the rest is awaited" {
	mkfifo in out
	ml-emit -a me log - <in >out 3>&- &
	pid=$!
	exec 5>in 6<out
	printf '{"kind":"k","payload":1}\n{"kind":"k","pay' >&5
	read -r -t 20 line <&6
	same <(echo 1) <(payloads <<<"$line")
	printf 'load":2}\n' >&5
	read -r -t 20 line <&6
	same <(echo 2) <(payloads <<<"$line")
	exec 5>&- 6<&-
	wait $pid
}

@test "emit: a clock that is set back does not take the stamps back" {
	for ms in 2000 1000 -5 2000 3000 3000 2999 0; do
		ML_CLOCK_MS=$ms ml-emit -a me log note R x
	done | stamps >got
	same - got <<-'EOT'
	[2000,0]
	[2000,1]
	[2000,2]
	[2000,3]
	[3000,0]
	[3000,1]
	[3000,2]
	[3000,3]
	EOT
	# nor is another author's stamp on the same machine
	same <(echo '[3000,4]') <(ML_CLOCK_MS=7 ml-emit -a you log note R x | stamps)
}

@test "emit: the stamps of a batch count up" {
	printf '{"kind":"k","payload":%s}\n' 1 2 3 | ML_CLOCK_MS=5000 ml-emit -a me log - | stamps >got
	printf '{"kind":"k","payload":%s}\n' 4 5 | ML_CLOCK_MS=5001 ml-emit -a me log - | stamps >>got
	same <(printf '[%s]\n' 5000,0 5000,1 5000,2 5001,0 5001,1) got
}

@test "emit: an event comes after all that was ingested" {
	ML_CLOCK_MS=100 ml-emit -a me log note R x >/dev/null
	wire you 1 5000 7 k 1 '' | ml-ingest log
	ML_CLOCK_MS=4000 ml-emit -a me log note R x | stamps >got
	wire they 1 4500 9 k 1 '' | ml-ingest log
	ML_CLOCK_MS=4600 ml-emit -a me log note R x | stamps >>got
	ML_CLOCK_MS=5001 ml-emit -a me log note R x | stamps >>got
	same <(printf '[%s]\n' 5000,8 5000,9 5001,0) got
}

@test "emit: what waits in .held does not drive the clock, negative stamps are fine" {
	wire you 2 9000 0 k 1 "$(printf '%032d' 0)" | ml-ingest log
	wire old 1 -9007199254740992 -5 k 1 '' | ml-ingest log
	same <(echo '[100,0]') <(ML_CLOCK_MS=100 ml-emit -a me log note R x | stamps)
}

@test "emit: a stamp over a day ahead is warned of, once" {
	wire you 1 $((NOW + 86400000)) 3 k 1 '' | ml-ingest log
	run -0 --separate-stderr ml-emit -a me log note R x
	same /dev/null <(printf %s "$stderr")
	same <(echo "[$((NOW + 86400000)),4]") <(stamps <<<"$output")
	wire them 1 $((NOW + 86400001)) 0 k 1 '' | ml-ingest log
	printf '{"kind":"k","payload":%s}\n' 1 2 3 >in
	run -0 --separate-stderr ml-emit -a me log - <in
	same <(echo "ml-emit: log: warning: it has a stamp of 2027-01-16T08:00:00.001Z, over a day ahead of this clock") <(printf '%s\n' "$stderr")
	same <(printf "[$((NOW + 86400001)),%s]\n" 1 2 3) <(stamps <<<"$output")
}

@test "emit: a stamp from 2100 on does not drag the clock" {
	wire far 1 4102444800000 5 k 1 '' | ml-ingest log
	wire farther 1 9007199254740992 9007199254740992 k 1 '' | ml-ingest log
	run -0 --separate-stderr ml-emit -a me log note R x
	same <(echo "[$NOW,0]") <(stamps <<<"$output")
	same <(echo "ml-emit: log: warning: it has a stamp of 287396-10-12T08:59:00.992Z, over a day ahead of this clock") <(printf '%s\n' "$stderr")
	wire late 1 4102444799999 5 k 1 '' | ml-ingest log
	run -0 --separate-stderr ml-emit -a me log note R x
	same <(echo "[4102444799999,6]") <(stamps <<<"$output")
}

@test "emit: a counter at 2^31 moves the wall" {
	wire you 1 5000 2147483647 k 1 '' | ml-ingest log
	for n in 1 2 3; do ML_CLOCK_MS=10 ml-emit -a me log note R x; done | stamps >got
	same <(printf '[%s]\n' 5000,2147483648 5001,0 5001,1) got
	wire max 1 6000 9007199254740992 k 1 '' | ml-ingest log
	same <(echo '[6001,0]') <(ML_CLOCK_MS=10 ml-emit -a me log note R x | stamps)
}

@test "emit: a clock that is no integer is refused with 2" {
	for ms in x '' 1.5 1e3 ' 5' 9007199254740993 -9007199254740993 99999999999999999999; do
		ML_CLOCK_MS=$ms run -2 --separate-stderr ml-emit -a me log note R x
		says 'ml-emit: $ML_CLOCK_MS: not an integer within 2^53'
	done
	nothing_made
}

@test "emit: without ML_CLOCK_MS the clock is the system's" {
	unset ML_CLOCK_MS
	before=$(date +%s%3N)
	ml-emit -a me log note R x >out
	after=$(date +%s%3N)
	wall=$(jq '.h[0]' out)
	[ "$before" -le "$wall" ]
	[ "$wall" -le "$after" ]
}

@test "emit: an author that nobody should have is refused with 2" {
	unset ML_AUTHOR
	run -2 --separate-stderr ml-emit log note R x
	says 'ml-emit: author: say who writes, with -k, -a, $ML_KEY or $ML_AUTHOR'
	run -2 --separate-stderr ml-emit -a '' log note R x
	says "ml-emit: author: an empty author"
	ML_AUTHOR='' run -2 --separate-stderr ml-emit log note R x
	says "ml-emit: author: an empty author"
	for name in $'a\tb' $'a\nb' $'\x1b[31mred' $'del\x7f' $'c1\u0085' $'\r'; do
		run -2 --separate-stderr ml-emit -a "$name" log note R x
		says "ml-emit: author: an author with control characters"
	done
	run -2 --separate-stderr ml-emit -a "$(printf '%0129d' 0)" log note R x
	says "ml-emit: author: an author over 128 bytes"
	run -2 --separate-stderr ml-emit -a "$(printf 'é%.0s' {1..65})" log note R x
	says "ml-emit: author: an author over 128 bytes"
	nothing_made
	ml-emit -a "$(printf '%0128d' 0)" log note R x >/dev/null
	ml-emit -a 'Zoë Ngũgĩ (team 2)' log note R x >/dev/null
	run -0 ml-check log
}

@test 'emit: $ML_AUTHOR is who writes, -a wins' {
	ML_AUTHOR=env ml-emit log create R F >out
	ML_AUTHOR=env ml-emit -a opt log create R F >>out
	ML_AUTHOR=env ml-emit log create -a late R F >>out
	ML_AUTHOR=$'bad\x1b' ml-emit -a good log create R F >>out
	same - <(jq -r '.a + " " + .p.by' out) <<-'EOT'
	env env
	opt opt
	late late
	good good
	EOT
}

@test "emit: a new log is for its owner only" {
	for mask in 000 022 077; do
		(umask $mask && ml-emit -a me log$mask note R x >/dev/null)
		same <(echo 600) <(stat -c %a log$mask)
	done
	chmod 644 log022
	ml-emit -a me log022 note R x >/dev/null
	same <(echo 644) <(stat -c %a log022)
}

@test "emit: events of mine behind a gap: refused with 2, --force goes on" {
	for n in 1 2 3 4; do ml-emit -a me log note R "number $n"; done >all
	ml-emit -a you log note R x >/dev/null
	damage log 2
	cp log before
	run -2 --separate-stderr ml-emit -a me log note R y
	says "ml-emit: log: 2 of this author's events lie behind a gap: get what is missing back from a peer first"
	run -2 --separate-stderr ml-emit -a me log - <<<'{"kind":"k","payload":1}'
	says "ml-emit: log: 2 of this author's events lie behind a gap: get what is missing back from a peer first"
	same before log
	# who has no gap goes on
	ml-emit -a you log note R y >/dev/null
	same <(echo '{"me":1,"you":2}') <(ml-frontier log 2>/dev/null)
	# and when the event is back, so do I
	cp log healed
	ml-ingest healed <all
	run -0 --separate-stderr ml-emit -a me healed note R y
	same <(echo '{"me":5,"you":2}') <(ml-frontier healed 2>/dev/null)
	printf '{"kind":"k","payload":%s}\n' 1 2 >in
	run -0 --separate-stderr ml-emit -a me --force log - <in
	same <(printf '2\n3\n') <(jq .s <<<"$output")
	same <(echo "ml-emit: log: 2 of this author's events lie behind a gap: they are given up, and whoever has them sees a fork") \
		<(printf '%s\n' "$stderr")
	# with no gap it costs nothing, and says nothing
	run -0 --separate-stderr ml-emit -a you --force log note R z
	same /dev/null <(printf %s "$stderr")
}

@test "emit: what it costs to go on is told once, not for each group" {
	for n in 1 2 3; do ml-emit -a me log note R "$n"; done >/dev/null
	damage log 2
	mkfifo in out
	ml-emit -a me --force log - <in >out 2>err 3>&- &
	pid=$!
	exec 5>in 6<out
	for n in 1 2 3; do
		echo "{\"kind\":\"k\",\"payload\":$n}" >&5
		read -r -t 20 line <&6
	done
	exec 5>&- 6<&-
	wait $pid
	same <(echo "ml-emit: log: 1 of this author's events lie behind a gap: they are given up, and whoever has them sees a fork") err
}

@test "emit: later events of mine in .held are warned of, once, and do not stop me" {
	for n in 1 2 3 4; do ml-emit -a me all note R "$n"; done >/dev/null
	for first in 0 1; do
		# a backup that lacks the newest, or that has none of mine
		rm -f log log.held
		head -n $first all >log
		sed -n '3,4p' all | ml-ingest log
		run -0 --separate-stderr ml-emit -a you log note R x
		same /dev/null <(printf %s "$stderr")
		printf '{"kind":"k","payload":%s}\n' 1 2 >in
		run -0 --separate-stderr ml-emit -a me log - <in
		same <(echo "ml-emit: log: warning: later events of this author wait in .held: if they are yours, this log is not whole") \
			<(printf '%s\n' "$stderr")
		same <(seq $((first + 1)) $((first + 2))) <(jq .s <<<"$output")
	done
}

@test "emit: a torn tail is put aside and cut, a whole one gets its newline" {
	ml-emit -a me log note R one >/dev/null
	printf '{"a":"me","s":2,"h":[1' >>log
	run -0 --separate-stderr ml-emit -a me log note R two
	same <(echo "ml-emit: log: cut a torn tail of 22 bytes, kept in .refused") <(printf '%s\n' "$stderr")
	same <(echo '{"at":"2027-01-15T08:00:00.000Z","why":"a torn tail","text":"{\"a\":\"me\",\"s\":2,\"h\":[1"}') log.refused
	truncate -s -1 log
	run -0 --separate-stderr ml-emit -a me log note R three
	same /dev/null <(printf %s "$stderr")
	same <(echo 3) <(wc -l <log)
	same <(echo '{"me":3}') <(ml-frontier log)
	run -0 ml-check log
}

@test "emit: a full stdout is 1, and the event is stored once" {
	run -1 --separate-stderr sh -c 'ml-emit -a me log note R x >/dev/full'
	same <(echo "ml-emit: standard output: No space left on device: what was stored is stored") <(printf '%s\n' "$stderr")
	same <(echo 1) <(wc -l <log)
	printf '{"kind":"k","payload":%s}\n' 1 2 3 >in
	run -1 --separate-stderr sh -c 'ml-emit -a me log - <in >/dev/full'
	same <(printf '{"record_id":"R","text":"x"}\n1\n2\n3\n') <(payloads log)
	run -0 ml-check log
}

@test "emit: a closed pipe loses nothing that was stored" {
	mkfifo pipe
	exec 5<>pipe 6>pipe 5>&-
	run -1 --separate-stderr sh -c 'ml-emit -a me log note R x >&6'
	same <(echo "ml-emit: standard output: Broken pipe: what was stored is stored") <(printf '%s\n' "$stderr")
	exec 6>&-
	seq 2000 | sed 's/.*/{"kind":"k","payload":&}/' >in
	bash -c 'ml-emit -a me log - <in 2>/dev/null | true'
	same <(echo '{"me":2001}') <(ml-frontier log)
	same <(seq 2000) <(tail -n +2 log | payloads)
	bash -c 'ml-emit -a me log note R last 2>/dev/null | true'
	same <(echo '{"me":2002}') <(ml-frontier log)
	run -0 ml-check log
}

@test "emit: an event over 64 KiB is refused, one of 64 KiB is stored" {
	n=$((65536 + 1 - $(ml-emit -a me one note R '' | wc -c)))
	text=$(head -c "$n" /dev/zero | tr '\0' a)
	ml-emit -a me log note R "$text" >out
	same <(echo 65537) <(wc -c <out)
	run -2 --separate-stderr ml-emit -a you log note R "$text"x
	same <(echo "ml-emit: note.add: an event over 64 KiB") <(printf '%s\n' "$stderr")
	same out log
	ml-emit -a me log note R small >/dev/null
	{
		echo '{"kind":"a","payload":1}'
		echo "{\"kind\":\"note.add\",\"payload\":{\"record_id\":\"R\",\"text\":\"$text\"}}"
		echo "{\"kind\":\"note.add\",\"payload\":{\"record_id\":\"R\",\"text\":\"$text$text\"}}"
		head -c 17000000 /dev/zero | tr '\0' b
		echo
		echo '{"kind":"b","payload":2}'
	} >in
	run -1 --separate-stderr ml-emit -a me log - <in
	same - <(sort <<<"$stderr") <<-'EOT'
	ml-emit: -:2: an event over 64 KiB
	ml-emit: -:3: an event over 64 KiB
	ml-emit: -:4: a line over 16 MiB
	EOT
	same <(printf '1\n2\n') <(payloads <<<"$output")
	run -0 ml-check log
}

@test "emit: nesting over the limit is refused" {
	deep() { printf '%*s' "$1" '' | tr ' ' '['; printf '%*s' "$1" '' | tr ' ' ']'; }
	ml-emit -a me log event k "$(deep 100)" | payloads >got
	same <(deep 100; echo) got
	run -2 --separate-stderr ml-emit -a me log event k "$(deep 101)"
	same <(echo 1) <(wc -l <<<"$stderr")
	run -2 --separate-stderr ml-emit -a me log event k "$(deep 60000)"
	same <(echo 1) <(wc -l <<<"$stderr")
	{ printf '{"kind":"k","payload":'; deep 101; echo '}'; deep 1000000; echo; echo '{"kind":"k","payload":1}'; } >in
	run -1 --separate-stderr ml-emit -a me log - <in
	same <(echo 2) <(wc -l <<<"$stderr")
	same <(echo 1) <(payloads <<<"$output")
}

@test "emit: a kind has at most 256 bytes" {
	ml-emit -a me log event "$(printf '%0256d' 1)" 1 >/dev/null
	run -2 --separate-stderr ml-emit -a me log event "$(printf '%0257d' 1)" 1
	same <(echo "ml-emit: $(printf '%0257d' 1): kind: over 256 bytes") <(printf '%s\n' "$stderr")
	# bytes of the text, not of its escapes
	ml-emit -a me log event "$(printf 'é%.0s' {1..128})" 1 >/dev/null
	same <(echo '{"me":2}') <(ml-frontier log)
	run -0 ml-check log
}

@test "emit: a log that cannot be one is 2" {
	mkdir folder
	printf x >file
	mkfifo fifo
	while IFS='|' read -r log why; do
		run -2 --separate-stderr ml-emit -a me "$log" note R x
		says "ml-emit: $log: $why"
	done <<-'EOT'
	folder|Is a directory
	folder/|Is a directory
	file/log|Not a directory
	gone/log|No such file or directory
	fifo|not a regular file
	/dev/null|not a regular file
	EOT
	run -2 --separate-stderr ml-emit -a me '' note R x
	mkdir shut
	ml-emit -a me shut/log note R x >/dev/null
	chmod 000 shut
	run -2 --separate-stderr unable ml-emit -a me shut/log note R x
	says "ml-emit: shut/log: Permission denied"
	chmod 700 shut
	chmod 400 shut/log
	run -2 --separate-stderr unable ml-emit -a me shut/log note R x
	says "ml-emit: shut/log: Permission denied"
	same <(printf '%s\n' fifo file folder shut) <(names)
}

@test "emit: a file that is no log is not touched" {
	printf 'Dear diary,\nnothing happened.' >diary
	base64 -d >dot.png <<<iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
	echo '{"name":"x","version":1}' >package.json
	mkdir keep
	cp diary dot.png package.json keep
	for f in diary dot.png package.json; do
		run -2 --separate-stderr ml-emit -a me $f note R x
		says "ml-emit: $f: not a log: it has no event in it"
		run -2 --separate-stderr ml-emit -a me --force $f - <<<'{"kind":"k","payload":1}'
		cmp keep/$f $f
	done
	same <(printf '%s\n' diary dot.png keep package.json) <(names)
}

@test "emit: a log that was damaged to its only line is still a log" {
	ml-emit -a me log note R 'some text' >/dev/null
	head -c 2 log >log2
	run -0 --separate-stderr ml-emit -a you log2 note R x
	same <(echo '{"you":1}') <(ml-frontier log2)
	damage log 1
	run -0 --separate-stderr ml-emit -a you log note R x
	same <(echo '{"you":1}') <(ml-frontier log 2>/dev/null)
	head -c 64 /dev/zero >zeros
	run -0 --separate-stderr ml-emit -a you zeros note R x
	same <(echo '{"you":1}') <(ml-frontier zeros)
}

@test "emit: through a symbolic link the sidecars lie beside the target" {
	mkdir real
	ln -s real/data.jsonl link
	ml-emit -a me link note R x >/dev/null
	printf torn >>real/data.jsonl
	run -0 --separate-stderr ml-emit -a me link note R y
	same <(printf '%s\n' link real) <(names)
	same <(printf '%s\n' data.jsonl data.jsonl.refused) <(names real | grep -v index)
	ln -s loop loop
	run -2 --separate-stderr ml-emit -a me loop note R x
	says "ml-emit: loop: Too many levels of symbolic links"
}

@test "emit: a lock that somebody keeps is 111 after -w" {
	ml-emit -a me log note R x >/dev/null
	exec 5>>log
	flock 5
	cp log before
	run -111 --separate-stderr ml-emit -a me -w 0 log note R y
	says "ml-emit: log: another writer has the lock: gave up waiting"
	run -111 --separate-stderr ml-emit -a me -w 0.01 log - <<<'{"kind":"k","payload":1}'
	same before log
	exec 5>&-
	ml-emit -a me -w 0 log note R y >/dev/null
}

@test "emit: a hundred events of four writers at once are all there" {
	for who in a b same same; do
		(for n in {1..25}; do ml-emit -a $who log note R "$BASHPID $n"; done >out.$BASHPID 2>err.$BASHPID 3>&-) &
	done
	wait
	same /dev/null <(cat err.*)
	same <(echo 100) <(wc -l <log)
	same <(sort log) <(sort out.*)
	same <(echo '{"a":25,"b":25,"same":50}') <(ml-frontier log)
	run -0 --separate-stderr ml-check log
	same <(echo "all is well") <(tail -1 <<<"$output")
}
