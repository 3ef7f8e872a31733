load helper

key() { (umask 077; head -c 64 /dev/zero | tr '\0' "\\$2" >"$1"); }
id_of() { ml-key show -j "$1" | jq -r .id; }
hash=00112233445566778899aabbccddeeff

# people: key a, key b, base, team and one without key shaped like a hash
people() {
	key a 001
	key b 002
	A=$(id_of a) B=$(id_of b)
	{
		sealer -k a -n anna 1 3
		sealer -k b -n bert 1 3
		events base 1 3
		events team 1 3
		chain $hash 1 3
	} >in
}

# allows RULES WANTED-AUTHOR ...: sorted
allows() {
	rm -f log log.*
	[ "$1" = none ] || printf '%b' "$1" >log.trust
	run --separate-stderr ml-ingest log in
	shift
	same <(printf '%s\n' "$@" | LC_ALL=C sort | grep . || true) <(ml-frontier log | jq -r 'keys[]')
	[ $# = 5 ] || [ "$status" = 1 ]
	[ $# != 5 ] || [ "$status" = 0 ]
	run -0 ml-check log
	! grep -q '^untrusted' <<<"$output" || false
}

@test "trust: each rule lets in whom it names" {
	people
	allows none "$A" "$B" base team
	allows '' ''
	allows '# nobody\n' ''
	allows '*\n' "$A" "$B"
	allows "$A\n" "$A"
	allows "$A anna\n$B" "$A" "$B"
	allows 'plain base\n' base
	allows 'plain "b\\u0061se"\nplain team' base team
	allows 'plain *\n' base team $hash
	allows '*\nplain *\n' "$A" "$B" base team $hash
	allows "plain $hash\n*\n" "$A" "$B" $hash
	allows "$A\nplain *\n" "$A" base team $hash
	allows 'plain "*"\n' ''
	# a keyed author is no plain one
	allows "plain $A\n" ''
	allows "plain *\n$B" "$B" base team $hash
	# who has an ID line needs seals
	allows "$hash\nplain *\n" base team
}

@test "trust: my own author is always allowed" {
	people
	ML_KEY=a allows 'plain team\n' "$A" team
	ML_AUTHOR=base allows '*\n' "$A" "$B" base
	ML_KEY=a ML_AUTHOR=base allows '' "$A"
	ML_AUTHOR=nobody allows 'plain team\n' team
	# but an id shaped like a hash is nobody's without its key
	ML_AUTHOR=$hash allows '*\n' "$A" "$B"
	ML_AUTHOR=$B allows "$A" "$A" "$B"
}

@test "trust: who is refused is named once an author, in the evidence" {
	people
	sealer -k b -n bert 4 60 >>in
	chain stranger 1 300 >>in
	printf '%s\n' "$A" 'plain base' >log.trust
	run -1 --separate-stderr ml-ingest log in
	same <(printf '%s\n' "$A" base | LC_ALL=C sort) <(ml-frontier log | jq -r 'keys[]')
	same <(echo 'author: not trusted') <(jq -r .why log.refused | sort -u)
	same <(printf '%s\n' "$B" team $hash stranger | LC_ALL=C sort) <(jq -r '.text | fromjson.a' log.refused | LC_ALL=C sort)
	cp log.refused before
	run -1 ml-ingest log in
	same before log.refused
	[ ! -e log.held ]
}

@test "trust: a flood by those who are refused costs bounded memory and disk" {
	printf 'plain base\n' >log.trust
	{ chain stranger 1 100000; events base 1 3; } >in
	run -1 --separate-stderr timeout 120 peak kib ml-ingest log in
	same <(echo '{"base":3}') <(ml-frontier log)
	[ "$(<kib)" -lt $((96 * 1024)) ]
	[ ! -e log.held ]
	same <(echo 1) <(wc -l <log.refused)
	# as many authors as events
	rm -f log log.refused
	{
		events base 1 2
		for ((n = 0; n < 300; n++)); do chain "x$n" 1 1; done
		events base 3 3
	} >in
	run -1 timeout 120 ml-ingest log in
	same <(echo '{"base":3}') <(ml-frontier log)
	[ "$(wc -c <log.refused)" -lt 16777216 ]
}

@test "trust: over 4096 authors without a trust file" {
	# one event each, made without the tools for speed
	seq 4100 | while read -r n; do
		printf '{"author":"a%d","hlc":[1,0],"kind":"k","payload":{},"prev":"","seq":1}\n' "$n"
	done >bodies
	while IFS= read -r body; do printf '%s' "$body" | sha256sum; done <bodies | cut -c1-32 >ids
	paste -d' ' <(seq 4100) ids | awk '{ printf "{\"a\":\"a%d\",\"s\":1,\"h\":[1,0],\"k\":\"k\",\"p\":{},\"v\":\"\",\"i\":\"%s\"}\n", $1, $2 }' >in
	run -1 --separate-stderr ml-ingest log in
	same <(head -4096 in) log
	same - <(printf '%s\n' "$stderr") <<-'END'
	ml-ingest: in:4097: author: more than 4096 of them need a trust file
	ml-ingest: in:4098: author: more than 4096 of them need a trust file
	ml-ingest: in:4099: author: more than 4096 of them need a trust file
	ml-ingest: in:4100: author: more than 4096 of them need a trust file
	ml-ingest: 4096 new, 0 had, 0 held, 4 refused
	END
	# those who are there go on
	chain a7 1 3 | ml-ingest log2 2>/dev/null
	run -1 --separate-stderr ml-ingest log in
	same <(echo "ml-ingest: 0 new, 4096 had, 0 held, 4 refused") <(sed '$!d' <<<"$stderr")
	key k 001
	run -1 ml-ingest log <(sealer -k k 1 3)
	printf '*\nplain *\n' >log.trust
	run -0 ml-ingest log in
	run -0 ml-ingest log <(sealer -k k 1 3)
	same <(echo 4101) <(ml-frontier log | jq length)
}

@test "trust: changing the file never removes events" {
	people
	printf '*\nplain *\n' >log.trust
	run -0 ml-ingest log in
	cp log before
	ml-frontier log >frontier
	ml-view log >view
	printf '%s\nplain base\n' "$A" >log.trust
	same frontier <(ml-frontier log)
	same view <(ml-view log)
	same <(wc -l <before) <(ml-delta log | wc -l)
	run -0 ml-ingest log /dev/null
	same before log
	# nothing new of them comes in
	{ sealer -k b -n bert 4 5; events team 4 5; events base 4 4; sealer -k a -n anna 4 4; } >more
	run -1 --separate-stderr ml-ingest log more
	same before <(head -n 15 log)
	same <(echo "4 3 4 3") <(ml-frontier log | jq -r --arg a "$A" --arg b "$B" '"\(.[$a]) \(.[$b]) \(.base) \(.team)"')
	run -0 --separate-stderr ml-check log
	same <(for who in "bert <$B>" "$hash (plain)" "team (plain)"; do echo "untrusted: $who is not trusted: what it wrote stays, nothing new comes in, and ml-view --trusted leaves it out"; done | LC_ALL=C sort) \
	    <(grep ^untrusted <<<"$output" | LC_ALL=C sort)
	same <(echo "all is well") <(tail -1 <<<"$output")
	run -0 ml-check -j log
	same <(printf '%s\n' "$B" $hash team | LC_ALL=C sort) <(jq -r 'select(.note == "untrusted").author' <<<"$output" | LC_ALL=C sort)
	# and with the old rules again, what was kept out comes
	printf '*\nplain *\n' >log.trust
	run -0 ml-ingest log more
	same <(echo "4 5 4 5") <(ml-frontier log | jq -r --arg a "$A" --arg b "$B" '"\(.[$a]) \(.[$b]) \(.base) \(.team)"')
}

@test "trust: events of who is no longer trusted are still copies, not refusals" {
	people
	printf '*\nplain *\n' >log.trust
	run -0 ml-ingest log in
	printf 'plain base\n' >log.trust
	run -0 --separate-stderr ml-ingest log in
	same <(echo "ml-ingest: 0 new, 15 had, 0 held, 0 refused") <(echo "$stderr")
}

@test "trust: ml-view --trusted leaves out what others wrote" {
	key a 001
	key b 002
	A=$(id_of a) B=$(id_of b)
	ml-emit -k a log create R form >/dev/null
	ml-emit -k a log set R f good >/dev/null
	ML_CLOCK_MS=1800000001000 ml-emit -k b log set R f bad >/dev/null
	ML_CLOCK_MS=1800000002000 ml-emit -a team log note R worse >/dev/null
	ml-view -j log >all
	same <(echo '"bad" ["worse"]') <(jq -r '"\(.fields.f|tojson) \(.notes|tojson)"' all)
	same all <(ml-view -j --trusted log)
	echo "$A" >log.trust
	same all <(ml-view -j log)
	same <(echo '"good" []') <(ml-view -j --trusted log | jq -r '"\(.fields.f|tojson) \(.notes|tojson)"')
	same <(echo '"bad" []') <(ML_KEY=b ml-view -j --trusted log | jq -r '"\(.fields.f|tojson) \(.notes|tojson)"')
	same <(echo '"good" ["worse"]') <(ML_AUTHOR=team ml-view -j --trusted log | jq -r '"\(.fields.f|tojson) \(.notes|tojson)"')
	same <(echo "$A") <(ml-view -w --trusted log | cut -f4)
}

@test "names: the trust file's wins over author.key's; the id is always there" {
	people
	printf '*\nplain *\n' >log.trust
	run -0 ml-ingest log in
	same <(printf '%s\n' "anna <$A>" "bert <$B>" "$hash (plain)" "base (plain)" "team (plain)" | LC_ALL=C sort) \
	    <(ml-frontier -l log | cut -f5 | LC_ALL=C sort)
	ml-key trust log "$A" "the hills"
	same <(echo "the hills <$A>") <(ml-frontier -l log | grep "^$A" | cut -f5)
	same <(ml-frontier -l log | cut -f5) <(ml-check log | sed -n 's/: [0-9]* events, .*//p')
	same <(printf '%s\n' "$A anna the hills true" "$B bert null true" "base null null false" | LC_ALL=C sort) \
	    <(ml-check -j log | jq -r --arg h $hash 'select(.feed and .feed != $h and .feed != "team") | "\(.feed) \(.name) \(.local_name) \(.keyed)"' | LC_ALL=C sort)
	# the first column stays the id, as scripts want it
	same <(ml-frontier log | jq -r 'keys[]') <(ml-frontier -l log | cut -f1)
}

@test "names: ml-view --names shows them, without it all stays" {
	ml-key new -n anna a >/dev/null
	A=$(id_of a)
	ml-emit -k a log create R form >/dev/null
	ml-emit -k a log set R f 1 >/dev/null
	ml-emit -a base log set R g 2 >/dev/null
	ml-emit -a base log create R2 form >/dev/null
	same <(echo "$A") <(ml-view -j log R | jq -r .created_by)
	same <(echo "anna <$A>") <(ml-view -j --names log R | jq -r .created_by)
	same <(echo "anna <$A>") <(ml-view --names log R | jq -r .R.created_by)
	same <(echo "base (plain)") <(ml-view -j --names log R2 | jq -r .created_by)
	same <(printf '%s\n' "anna <$A>" "base (plain)") <(ml-view -w --names log R | cut -f4)
	same <(printf '%s\n' "$A" base) <(ml-view -w log R | cut -f4)
	ml-key trust log "$A" $'"a" \\ b'
	same <(printf '%s\n' "\"a\" \\\\ b <$A>") <(ml-view -j --names log R | jq -r .created_by)
}

@test "names: two authors of one name are told apart" {
	key a 001
	key b 002
	A=$(id_of a) B=$(id_of b)
	{ sealer -k a -n anna 1 2; sealer -k b -n anna 1 2; events anna 1 1; } >in
	run -0 ml-ingest log in
	same <(printf '%s\n' "anna <$A>" "anna <$B>" "anna (plain)" | LC_ALL=C sort) <(ml-frontier -l log | cut -f5 | LC_ALL=C sort)
	ml-key trust log "$A" anna
	ml-key trust log "$B" anna
	same <(printf '%s\n' "anna <$A>" "anna <$B>" "anna (plain)" | LC_ALL=C sort) <(ml-frontier -l log | cut -f5 | LC_ALL=C sort)
}

@test "names: a plain look-alike gets neither name nor trust" {
	key a 001
	A=$(id_of a)
	{
		sealer -k a -n anna 1 2
		forge "\"anna <$A>\"" 1 '[1,0]' '"k"' '{}' '""'
		forge '"anna"' 1 '[1,0]' '"author.key"' "{\"key\":\"$(ml-key show -j a | jq -r .key)\",\"name\":\"boss\"}" '""'
		forge "\"${A^^}\"" 1 '[1,0]' '"author.key"' "{\"key\":\"$(ml-key show -j a | jq -r .key)\",\"name\":\"boss\"}" '""'
		forge '"x (plain)"' 1 '[1,0]' '"k"' '{}' '""'
	} >in
	printf '%s boss\nplain *\n' "$A" >log.trust
	run -0 ml-ingest log in
	same <(printf '%s\n' "boss <$A>" "anna <$A> (plain)" "anna (plain)" "${A^^} (plain)" "x (plain) (plain)" | LC_ALL=C sort) \
	    <(ml-frontier -l log | cut -f5 | LC_ALL=C sort)
	printf '%s boss\n' "$A" >log.trust
	rm log
	run -1 ml-ingest log in
	same <(echo "$A") <(ml-frontier log | jq -r 'keys[]')
}

@test "names: hostile names do no harm" {
	key a 001
	A=$(id_of a)
	sealer -k a -n '\u001b[2J\n\t\u202ex' 1 2 >in
	run -0 ml-ingest log in
	same <(printf '%s\n' "\\u001b[2J\\u000a\\u0009\\u202ex <$A>") <(ml-frontier -l log | cut -f5)
	for call in "ml-check log" "ml-check -j log" "ml-frontier -l log" "ml-view --names log" "ml-view -w --names log"; do
		run $call
		same /dev/null <(LC_ALL=C grep -P '\x1b|\xe2\x80\xae' <<<"$output" || true)
	done
	# a name of every length is one
	sealer -k a -n "$(printf '%0100000d' 0)" 1 2 >in
	rm log
	run -0 ml-ingest log in
	run -0 ml-frontier -l log
	# one that is no string is none
	rm log
	forge "\"$A\"" 1 '[1,0]' '"author.key"' "{\"key\":\"$(ml-key show -j a | jq -r .key)\",\"name\":5}" '""' >in
	cp in log
	run -0 ml-check log
}
