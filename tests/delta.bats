load helper

# Of wire lines as we write them: [author,seq,id] and the canonical body.  Not
# by jq: it cannot read every payload.
NAME='"([^"\\]|\\.)*"'
triples() { sed -E "s/^\\{\"a\":($NAME),\"s\":([0-9]+),.*,\"i\":(\"[0-9a-f]{32}\")\\}\$/[\\1,\\3,\\4]/" "$@"; }
bodies() {
	sed -E "s/^\\{\"a\":($NAME),\"s\":([0-9]+),\"h\":(\\[-?[0-9]+,-?[0-9]+\\]),\"k\":($NAME),\"p\":(.*),\"v\":($NAME),\"i\":\"[0-9a-f]{32}\"\\}\$/{\"author\":\\1,\"hlc\":\\4,\"kind\":\\5,\"payload\":\\7,\"prev\":\\8,\"seq\":\\3}/" "$@"
}

# What the vectors want of one remote frontier, in their own text
remote() { sed 's/^{"remote": //; s/, "delta": \[.*$//' <<<"$1"; }

says() {
	same <(printf '%s\n' "$@") <(printf '%s\n' "$stderr")
	same /dev/null <(printf %s "$output")
}

@test "delta: the golden deltas, of a file and of stdin" {
	for s in "$VECTORS"/scenario-*; do
		while IFS= read -r line; do
			remote "$line" >remote
			sed 's/^.*, "delta": //; s/}$//' <<<"$line" | jq -c '.[]' >wanted
			ml-delta "$s/log.jsonl" remote 2>err >got
			same wanted <(triples got | jq -c .)
			ml-delta "$s/log.jsonl" - <remote 2>err >again
			same got again
		done <"$s/deltas.jsonl"
		same got <(printf '{"t":"frontier","h":{},"f":%s}\n' "$(cat remote)" | ml-delta "$s/log.jsonl" - 2>/dev/null)
	done
}

@test "delta: without a frontier it is all that is held" {
	for s in "$VECTORS"/scenario-*; do
		ml-delta "$s/log.jsonl" >all 2>/dev/null
		same <(ml-delta "$s/log.jsonl" - 2>/dev/null <<<'{}') all
		ml-frontier "$s/log.jsonl" >frontier 2>/dev/null
		run -0 ml-delta "$s/log.jsonl" frontier
		same /dev/null <(ml-delta "$s/log.jsonl" frontier 2>/dev/null)
		echo 'plain *' >copy.trust
		ml-ingest copy <all 2>/dev/null
		same frontier <(ml-frontier copy)
		rm copy
	done
}

@test "delta: lines are compact and canonical, whatever the log's spelling" {
	grep -q '", "' "$VECTORS/scenario-8-lww/log.jsonl"
	for s in 1-scrambled 8-lww; do
		ml-delta "$VECTORS/scenario-$s/log.jsonl" >got
		# the id is over the canonical body: it fits only if all of it is
		while IFS= read -r body; do printf %s "$body" | sha256sum | head -c 32; echo; done < <(bodies got) >ids
		same <(sed -E 's/^.*"i":"([0-9a-f]*)"}$/\1/' got) ids
	done
	cat >log <<-'EOT'
	 { "i" : "69bc3db91b7bb5a8ad8f9a9d8b7d0b84" , "zz" : [ 1 ], "v":"" ,"p" : {"b":1.50,"a":"\u00C9"} , "k":"k", "h":[ 1 , 2 ], "s" : 1 , "a":"m\u0065"}
	EOT
	id=$(printf %s '{"author":"me","hlc":[1,2],"kind":"k","payload":{"a":"\u00c9","b":1.5},"prev":"","seq":1}' | sha256sum | head -c 32)
	sed -i "s/69bc3db91b7bb5a8ad8f9a9d8b7d0b84/$id/" log
	same <(printf '%s%s"}\n' '{"a":"me","s":1,"h":[1,2],"k":"k","p":{"a":"\u00c9","b":1.5},"v":"","i":"' "$id") <(ml-delta log)
}

@test "delta: unknown authors, authors at 0, a peer that is ahead" {
	{ events me 1 4; events you 1 2; } >log
	while IFS='|' read -r frontier wanted; do
		run -0 --separate-stderr ml-delta log - <<<"$frontier"
		same <(printf '%s\n' $wanted) <(jq -r '"\(.a)\(.s)"' <<<"$output")
		same /dev/null <(printf %s "$stderr")
	done <<-'EOT'
	{}|me1 me2 me3 me4 you1 you2
	{"nobody":7}|me1 me2 me3 me4 you1 you2
	{"me":0}|me1 me2 me3 me4 you1 you2
	{"me":-0}|me1 me2 me3 me4 you1 you2
	{"me":3}|me4 you1 you2
	{"m\u0065" : 3 }|me4 you1 you2
	{"me":1,"me":3}|me4 you1 you2
	{"me":4,"you":1}|you2
	{"me":5}|you1 you2
	{"me":9007199254740992}|you1 you2
	{"t":2}|me1 me2 me3 me4 you1 you2
	{"t":"frontier","f":{"me":3,"you":2}}|me4
	{"f":{"me":4,"you":1},"t":"frontier","h":{"me":"x"},"new":1}|you2
	EOT
	run -0 --separate-stderr ml-delta log - <<<'{"me":99,"you":99}'
	same /dev/null <(printf %s "$output$stderr")
	printf '\n {"me":4,\r\n\t"you":1}\r\n\n' >pretty
	same <(echo you2) <(ml-delta log pretty | jq -r '"\(.a)\(.s)"')
}

@test "delta: a frontier that is none is refused with 2 and the reason" {
	events me 1 2 >log
	while IFS='|' read -r frontier why; do
		printf '%s' "$frontier" >f
		run -2 --separate-stderr ml-delta log f
		says "ml-delta: f: not a frontier: $why"
		run -2 --separate-stderr ml-delta log - <f
		says "ml-delta: -: not a frontier: $why"
	done <<-'EOT'
	{"me":-1}|a seq that is no integer from 0 to 2^53
	{"me":1.5}|a seq that is no integer from 0 to 2^53
	{"me":1.0}|a seq that is no integer from 0 to 2^53
	{"me":1e1}|a seq that is no integer from 0 to 2^53
	{"me":9007199254740993}|a seq that is no integer from 0 to 2^53
	{"me":18446744073709551617}|a seq that is no integer from 0 to 2^53
	{"me":100000000000000000000000000000000000000000}|a seq that is no integer from 0 to 2^53
	{"me":"1"}|a seq that is no integer from 0 to 2^53
	{"me":true}|a seq that is no integer from 0 to 2^53
	{"me":null}|a seq that is no integer from 0 to 2^53
	{"me":[1]}|a seq that is no integer from 0 to 2^53
	{"a":1,"b":{"me":1}}|a seq that is no integer from 0 to 2^53
	{"me":1} {"me":2}|something follows it
	{"me":1}x|something follows it
	{"me":1},|something follows it
	[]|no JSON object
	[["me",1]]|no JSON object
	5|no JSON object
	"me"|no JSON object
	null|no JSON object
	{"t":"events","e":[]}|a message of another kind
	{"t":"frontier"}|a message without one
	{"t":"frontier","f":[]}|a message without one
	{"t":"frontier","f":{"me":-1}}|a seq that is no integer from 0 to 2^53
	EOT
	for frontier in '' ' ' '{' '{"me":1' '{"me":01}' '{"me":+1}' '{"me":1e999}' "{'me':1}" '{"me":1,}' $'{"\xff":1}' '{"me":NaN}'; do
		printf '%s' "$frontier" >f
		run -2 --separate-stderr ml-delta log f
		same <(echo "ml-delta: f: ") <(sed 's/: .*/: /; s/ml-delta: .*/ml-delta: f: /' <<<"$stderr")
		same /dev/null <(printf %s "$output")
	done
	printf '{"me":1}\0' >f
	run -2 --separate-stderr ml-delta log f
	says "ml-delta: f: not a frontier: something follows it"
	printf '%*s' 1000 '' | tr ' ' '[' >f
	run -2 --separate-stderr ml-delta log f
	head -c 17000000 /dev/zero | tr '\0' ' ' >f
	run -2 --separate-stderr ml-delta log f
	says "ml-delta: f: not a frontier: over 16 MiB"
	run -2 --separate-stderr ml-delta log gone
	says "ml-delta: gone: No such file or directory"
	run -2 --separate-stderr ml-delta log .
	says "ml-delta: .: Is a directory"
	# what has said nothing is not a peer that has nothing
	run -2 --separate-stderr bash -c 'ml-frontier gone 2>/dev/null | ml-delta log -'
	same <(echo 1) <(wc -l <<<"$stderr")
}

@test "delta: -n gives the first so many" {
	{ events me 1 4; events you 1 3; } >log
	for n in 0 1 3 4 6 7 8 9007199254740992; do
		same <(ml-delta log | head -n "$n") <(ml-delta -n "$n" log)
	done
	same <(echo "me4 you1") <(ml-delta -n2 log - <<<'{"me":3}' | jq -r '"\(.a)\(.s)"' | paste -sd ' ')
	for n in -1 1.5 x '' 9007199254740993 '1 '; do
		run -2 --separate-stderr ml-delta -n "$n" log
		says "ml-delta: -n: not a number of events"
	done
}

@test "delta: -m gives messages of at most 32 events" {
	{ events me 1 70; events you 1 3; } >log
	ml-delta log >bare
	ml-delta -m log >got
	same <(printf '%s\n' 32 32 9) <(jq '.e | length' got)
	same bare <(jq -c '.e[]' got)
	same <(paste -sd , <(head -32 bare) | sed 's/^/{"t":"events","e":[/; s/$/]}/') <(head -1 got)
	same <(printf '%s\n' 32 8) <(ml-delta -m -n 40 log | jq '.e | length')
	same <(printf '%s\n' 32) <(ml-delta -m -n 32 log | jq '.e | length')
	same /dev/null <(ml-delta -m -n 0 log)
	same /dev/null <(ml-delta -m log - <<<'{"me":70,"you":3}')
	ml-ingest copy <got 2>err
	same <(echo "ml-ingest: 73 new, 0 had, 0 held, 0 refused") err
	same <(ml-frontier log) <(ml-frontier copy)
	for s in "$VECTORS"/scenario-*; do
		echo 'plain *' >"${s##*/}.trust"
		ml-delta -m "$s/log.jsonl" 2>/dev/null | ml-ingest "${s##*/}" 2>/dev/null
		same <(ml-delta "$s/log.jsonl" 2>/dev/null) <(ml-delta "${s##*/}")
	done
}

@test "delta: a frontier goes from tool to tool, bare or as a message" {
	{ events me 1 4; events you 1 2; } >log
	{ events me 1 2; events they 1 1; } >peer
	for form in '' -m; do
		ml-frontier $form peer | ml-delta log - >got
		same <(printf '%s\n' me3 me4 you1 you2) <(jq -r '"\(.a)\(.s)"' got)
		ml-frontier $form peer >f
		same got <(ml-delta log f)
	done
	run -2 --separate-stderr bash -c 'ml-frontier -l peer | ml-delta log -'
	same /dev/null <(printf %s "$output")
}

@test "delta: any beginning of a delta is worth something" {
	{ events a 1 30; events b 1 20; events c 1 10; } >log
	ml-delta log >delta
	ml-frontier log >full
	size=$(wc -c <delta)
	line=$(head -1 delta | wc -c)
	for cut in 0 1 $((line - 1)) "$line" $((line + 1)) $((size / 3)) $((size / 2)) $((size - 2)) $((size - 1)) "$size"; do
		head -c "$cut" delta | ml-ingest part 2>err || true
		grep -q ' 0 held, ' err
		ml-frontier part >have
		# the whole lines before the cut are there, and what ended at it
		same <(jq -n --slurpfile have have --slurpfile full full '$have[0] | to_entries | all(.value <= $full[0][.key])') <(echo true)
		[ "$(jq '[.[]] | add // 0' have)" -ge "$(head -c "$cut" delta | wc -l)" ]
		# the rest comes when asked for
		ml-delta log have | ml-ingest part 2>/dev/null
		same full <(ml-frontier part)
		ml-ingest part <delta 2>err
		same <(echo "ml-ingest: 0 new, 60 had, 0 held, 0 refused") err
		cmp <(ml-view log) <(ml-view part)
		rm -f part part.*
	done
}

@test "delta: what is behind a gap is not handed out" {
	events me 1 4 >all
	sed 2d all >log
	run -0 --separate-stderr ml-delta log
	same <(head -1 all) <(printf '%s\n' "$output")
	same <(echo "2 behind a gap: see ml-check") <(sed 's/^.*log: //' <<<"$stderr")
	sed -n 2p all >>log
	same all <(ml-delta log)
}

@test "delta: no log is 2, and none is made" {
	mkdir folder
	printf 'some text\n' >text
	for args in "gone" "gone -" "-m gone"; do
		run -2 --separate-stderr ml-delta $args <<<'{}'
		says "ml-delta: gone: No such file or directory"
	done
	run -2 --separate-stderr ml-delta folder
	says "ml-delta: folder: Is a directory"
	run -2 --separate-stderr ml-delta text
	says "ml-delta: text: not a log: it has no event in it"
	same <(printf '%s\n' folder text) <(ls | grep -v '^separate-stderr-')
	: >empty
	run -0 --separate-stderr ml-delta empty
	same /dev/null <(printf %s "$output$stderr")
}

@test "delta: a wrong call is 2" {
	events me 1 1 >log
	for args in "" "-x log" "log - -" "-n"; do
		run -2 --separate-stderr ml-delta $args </dev/null
		same <(echo "usage: ml-delta [-m] [-n COUNT] LOG [FRONTIER]") <(grep -v '^ml-delta: ' <<<"$stderr")
		same /dev/null <(printf %s "$output")
	done
}

@test "delta: a full disk is not a success, a reader that leaves is no hang" {
	events me 1 300 >log
	for args in "log" "-m log" "-n 1 log"; do
		run -111 --separate-stderr sh -c "ml-delta $args >/dev/full"
		same <(echo "ml-delta: standard output: No space left on device") <(printf '%s\n' "$stderr")
	done
	same <(head -1 log) <(ml-delta log | head -1)
}
