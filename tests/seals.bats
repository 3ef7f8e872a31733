load helper

# key FILE BYTE: an identity file of 64 times that byte (in octal)
key() { (umask 077; head -c 64 /dev/zero | tr '\0' "\\$2" >"$1"); }
id_of() { ml-key show -j "$1" | jq -r .id; }
seals() { grep -c '"g":"' "$1" || true; }
seq_of() { ml-frontier "$2" | jq --arg a "$(id_of "$1")" '.[$a] // 0'; }
last() { sed '$!d' <<<"$stderr"; }

# keeps_rule <WIRE LINES: of each keyed feed one of any 32 in a row is sealed,
# and the last; they go on from one another
keeps_rule() {
	jq -r '[.a, .s, (.g != null)] | @tsv' | awk -F'\t' '
	$1 !~ /^[0-9a-f]{32}$/ && !($1 ~ /^[0-9a-f]+$/ && length($1) == 32) { next }
	($1 in seq) && $2 != seq[$1] + 1 { print $1 " goes from " seq[$1] " to " $2; bad = 1 }
	{ seq[$1] = $2; bare[$1] = $3 == "true" ? 0 : bare[$1] + 1 }
	bare[$1] > 31 { print $1 " has 32 without a seal at " $2; bad = 1 }
	END { for (a in bare) if (bare[a]) { print a " ends without a seal"; bad = 1 }; exit bad }'
}

# kept_out REASON: of in, a true feed of key k but for one thing, nothing enters
kept_out() {
	rm -f log log.*
	run -1 --separate-stderr ml-ingest log in
	grep -qE -- ": $1\$" <<<"$stderr" || { echo "wanted: $1"; echo "$stderr"; false; }
	same <(echo "${2-{\}}") <(ml-frontier log)
	run -0 ml-check log
	# and the true one enters, in the same run and in a later one
	[ -n "${3-}" ] || {
		run ml-ingest log true
		same <(echo 40) <(seq_of k log)
		rm -f log log.*
		run ml-ingest log in true
		same <(echo 40) <(seq_of k log)
		rm -f log log.*
		run ml-ingest log true in
		same <(echo 40) <(seq_of k log)
		same <(sealer -k k 1 40 | jq .i) <(jq .i log)
	}
}

@test "seals: emit -k seals every event, the first is author.key" {
	ml-key new -n anna k >/dev/null
	ml-emit -k k log create R form >out
	printf '{"kind":"k","payload":%d}\n' {1..40} | ml-emit -k k log - >>out
	same out log
	same <(echo 42) <(seals log)
	same <(printf '[%s,"%s"]\n' 1 author.key 2 record.create) <(jq -c '[.s, .k]' log | head -2)
	same <(jq -r .a log | sort -u) <(id_of k)
	same <(ml-key show -j k | jq -c '{key, name}') <(head -1 log | jq -c .p)
	same <(id_of k) <(sed -n 2p log | jq -r .p.by)
	jq -r .g log | while read -r g; do [[ $g =~ ^[A-Za-z0-9_-]{86}$ ]]; done
	run -0 --separate-stderr ml-check log
	grep -qx 'seals: 42 seals verified' <<<"$output"
}

@test "seals: \$ML_KEY is the default, an option wins" {
	key k 001
	key other 002
	ML_KEY=k ml-emit log note R x >out
	ML_KEY=k ML_AUTHOR=plain ml-emit log note R x >>out
	same <(id_of k) <(jq -r .a out | sort -u)
	ML_KEY=k ml-emit -a me log note R x | jq -r .a >got
	ML_KEY=k ml-emit -k other log note R x | jq -r .a >>got
	ML_AUTHOR=me ml-emit -k other log note R x | jq -r .a >>got
	same <(echo me; for n in 1 2 3; do id_of other; done) got
	ML_KEY=gone run -2 --separate-stderr ml-emit log note R x
	same <(echo "ml-emit: gone: No such file or directory") <(echo "$stderr")
}

@test "seals: a plain author's id that looks like a key's needs the key" {
	key k 001
	ml-emit -k k log note R x >/dev/null
	cp log before
	run -2 --separate-stderr ml-emit -a "$(id_of k)" log note R x
	same <(echo "ml-emit: author: it has a key, and nobody takes what is not sealed: use -k") <(echo "$stderr")
	same before log
}

@test "seals: one seal is stored for a run of 32, however many come" {
	key k 001
	while read -r n want; do
		for every in 1 5 32; do
			rm -f log log.*
			sealer -k k -e $every 1 "$n" >in
			run -0 --separate-stderr ml-ingest log in
			same <(echo "ml-ingest: $n new, 0 had, 0 held, 0 refused") <(echo "$stderr")
			[ "$(seals log)" -le $((want + (every == 5 ? n / 32 : 0))) ]
			keeps_rule <log
			same <(jq .i in) <(jq .i log)
			[ ! -e log.held ]
			run -0 ml-check log
		done
		same <(echo "$want") <(seals log)
	done <<-'END'
	1 1
	31 1
	32 1
	33 2
	64 2
	65 3
	1000 32
	END
	# events that come singly each need their own
	sealer -k k 1 10 >in
	while IFS= read -r line; do ml-ingest single <<<"$line" 2>/dev/null; done <in
	same in single
}

@test "seals: an event may wait for a seal up to 31 events behind, not 32" {
	key k 001
	sealer -k k -e 33 1 66 >in
	run -1 --separate-stderr ml-ingest log in
	same <(echo 0) <(seq_of k log)
	rm -f log log.*
	sealer -k k -e 32 1 64 >in
	run -0 ml-ingest log in
	same <(echo 64) <(seq_of k log)
}

@test "seals: any order, any portions, the same set" {
	key a 001
	key b 002
	{ sealer -k a -e 7 1 200; sealer -k b 1 200; events plain 1 50; } >all
	ml-ingest one all 2>/dev/null
	same <(echo 3) <(ml-frontier one | jq length)
	for seed in 1 2 3 4; do
		shuf --random-source=<(yes $seed) all >in
		rm -f log log.* part.*
		split -l 37 in part.
		for p in part.*; do run -0 ml-ingest log "$p"; done
		same <(ml-frontier one) <(ml-frontier log)
		same <(ml-delta one | jq -c 'del(.g)') <(ml-delta log | jq -c 'del(.g)')
		cmp <(ml-view one) <(ml-view log)
		[ ! -e log.held ]
		ml-delta log | keeps_rule
	done
}

@test "seals: what waits for its seal is held, and enters in a later run" {
	key k 001
	sealer -k k -e 0 1 20 >bare
	sealer -k k -e 20 1 20 >sealed
	run -0 --separate-stderr ml-ingest log bare
	same <(echo "ml-ingest: 0 new, 0 had, 20 held, 0 refused") <(last)
	[ ! -s log ]
	same <(echo '{}') <(ml-frontier log)
	run -0 --separate-stderr ml-ingest log <(tail -1 sealed)
	# the copy that had waited is one that the log has now
	same <(echo "ml-ingest: 20 new, 0 had, 0 held, 0 refused") <(last)
	same sealed log
	[ ! -e log.held ]
	# a seal in the middle lets in what it covers
	sealer -k k -e 0 21 50 >bare
	run -0 --separate-stderr ml-ingest log bare
	same <(echo "ml-ingest: 0 new, 0 had, 30 held, 0 refused") <(last)
	run -0 --separate-stderr ml-ingest log <(sealer -k k 35 35)
	same <(echo "ml-ingest: 15 new, 0 had, 15 held, 0 refused") <(last)
	same <(echo 35) <(seq_of k log)
	run -0 ml-check log
	grep -q '^held: ' <<<"$output"
}

@test "seals: nothing is handed out that no seal covers" {
	key k 001
	sealer -k k -e 20 1 20 >log
	sealer -k k -e 0 21 25 >>log		# as an old copy of a log may end
	same <(echo 20) <(seq_of k log)
	same <(head -20 log) <(ml-delta log)
	run -0 ml-check log
	grep -q 'has 5 events behind its last seal' <<<"$output"
	run -0 --separate-stderr ml-ingest log <(sealer -k k 23 23)
	same <(echo 23) <(seq_of k log)
	ml-delta log | keeps_rule
	same <(echo 23) <(ml-delta log | wc -l)
	run -0 ml-check log
}

@test "seals: the rule on sending, for many -n and frontiers, bare and -m" {
	key a 001
	key b 002
	key c 003
	{ sealer -k a -e 32 1 150; sealer -k b 1 50; sealer -k c -e 7 1 75; events plain 1 20; } >in
	ml-ingest log in 2>/dev/null
	ml-delta log | keeps_rule
	for n in 0 1 10 32 33 100; do
		for have in 0 5 32 149; do
			jq -nc --arg a "$(id_of a)" --arg b "$(id_of b)" --arg c "$(id_of c)" \
			    --argjson n $have '{($a): $n, ($b): $n, ($c): $n}' >f
			ml-delta -n $n log f >got
			keeps_rule <got
			# -n counts; but the first run of a feed is whole
			[ "$(wc -l <got)" -le $((n > 0 ? n + 31 : 0)) ]
			[ $n = 0 ] || [ -s got ]
			ml-delta -m -n $n log f >messages
			same got <(jq -c '.e[]' messages)
			same /dev/null <(jq -c 'select(.e | length > 32)' messages)
		done
	done
}

@test "seals: -n ends at the last sealed event within N, else at the first after" {
	key k 001
	sealer -k k -e 10 1 35 >log
	while read -r n wanted; do
		same <(echo "$wanted") <(ml-delta -n "$n" log | wc -l)
	done <<-'END'
	0 0
	1 10
	9 10
	10 10
	11 10
	19 10
	20 20
	34 30
	35 35
	99 35
	END
	same <(seq 16 20) <(ml-delta -n 1 log - <<<"{\"$(id_of k)\":15}" | jq .s)
}

@test "seals: a relay with sparse seals serves a newcomer by -n 10 to the end" {
	key k 001
	sealer -k k 1 150 >in
	ml-ingest relay in 2>/dev/null
	[ "$(seals relay)" = 5 ]
	: >new
	for ((i = 0; i < 10; i++)); do
		before=$(seq_of k new)
		[ "$before" -lt 150 ] || break
		ml-frontier new | ml-delta -n 10 relay - | ml-ingest new 2>/dev/null
		[ "$(seq_of k new)" -gt "$before" ]
	done
	same <(echo 150) <(seq_of k new)
	same <(jq -c 'del(.g)' relay) <(jq -c 'del(.g)' new)
}

@test "seals: a link of 40 events a contact makes progress at each" {
	key k 001
	for every in 1 10 32; do
		rm -f log log.* new new.*
		sealer -k k -e $every 1 300 | ml-ingest log 2>/dev/null
		: >new
		for ((i = 0; i < 11; i++)); do
			before=$(seq_of k new)
			[ "$before" -lt 300 ] || break
			ml-frontier new | ml-delta log - | head -n 40 >link
			run -0 ml-ingest new link
			[ "$(seq_of k new)" -gt "$before" ]
		done
		same <(echo 300) <(seq_of k new)
	done
}

@test "seals: a peer that strips them all is named; disk is bounded; the true run enters" {
	key k 001
	sealer -k k -e 0 1 200 >bare
	sealer -k k -e 32 1 200 >true
	run -1 --separate-stderr ml-ingest log bare
	grep -qE ': seal: 32 events in a row without one, their sender breaks the rule$' <<<"$stderr"
	same <(echo 0) <(seq_of k log)
	size=$(wc -c <log.held)
	[ "$size" -le "$(wc -c <bare)" ]
	for n in 1 2 3; do run -1 ml-ingest log bare; done
	[ "$(wc -c <log.held)" -le $((2 * size)) ]
	run --separate-stderr ml-ingest log true
	same <(echo 200) <(seq_of k log)
	[ ! -e log.held ]
}

@test "seals: who keeps the rule is not told off for what somebody else sent" {
	key k 001
	run -1 ml-ingest log <(sealer -k k -e 0 1 200)
	sealer -k k -e 32 1 200 >true
	run -0 --separate-stderr ml-ingest log true
	same <(echo 200) <(seq_of k log)
	# nor again and again
	key k2 002
	run -1 ml-ingest log <(sealer -k k2 -e 0 1 40)
	run -0 --separate-stderr ml-ingest log /dev/null
	same <(echo "ml-ingest: 0 new, 0 had, 39 held, 0 refused") <(echo "$stderr")
}

@test "seals: 100,000 forged unsealed candidates, before and after the true run" {
	key k 001
	sealer -k k -w 3125 1 32 >forged
	sealer -k k -w 3125 33 64 >forged2
	sealer -k k -e 32 1 64 >true
	same <(echo 100000) <(wc -l <forged2)
	rm -f log log.*
	run timeout 120 ml-ingest log forged
	run timeout 120 ml-ingest log forged2
	run timeout 120 ml-ingest log true
	same <(echo 64) <(seq_of k log)
	same <(jq .i true) <(jq .i log)
	rm -f log log.*
	run timeout 120 ml-ingest log <(cat true forged forged2)
	same <(echo 64) <(seq_of k log)
	rm -f log log.*
	# between the events and their seal
	head -31 true >begun
	run -0 ml-ingest log begun
	run timeout 120 ml-ingest log forged
	run timeout 120 ml-ingest log <(sed -n 32p true)
	same <(echo 32) <(seq_of k log)
	same <(head -32 true) log
}

@test "seals: 50,000 forged candidates with wrong seals, before and after the true run" {
	key k 001
	sealer -k k -G -w 1563 1 32 >forged
	sealer -k k -e 32 1 64 >true
	run timeout 120 ml-ingest log forged
	run timeout 120 ml-ingest log true
	same <(echo 64) <(seq_of k log)
	rm -f log log.*
	run timeout 120 ml-ingest log <(cat true forged)
	same <(echo 64) <(seq_of k log)
	[ ! -s log.refused ] || [ "$(wc -c <log.refused)" -lt 16777216 ]
	run -0 ml-check log
}

@test "seals: true events with wrong seals do not stand in the way of the right one" {
	key k 001
	sealer -k k -e 32 1 96 >true
	for n in 1 3 4 5 50; do
		for seq in "32 32" "64 64" "1 96"; do
			sealer -k k -u -w $n $seq >wrong
			rm -f log log.*
			run --separate-stderr ml-ingest log <(cat wrong true)
			[ "$(seq_of k log)" = 96 ] || { echo "$n wrong of $seq in one stream: $(seq_of k log)"; false; }
			rm -f log log.*
			run ml-ingest log wrong
			run --separate-stderr ml-ingest log true
			[ "$(seq_of k log)" = 96 ] || { echo "$n wrong of $seq before: $(seq_of k log)"; false; }
			same <(jq .i true) <(jq .i log)
		done
	done
}

@test "seals: a million unsealed events by an unknown author" {
	key k 001
	chain "$(id_of k)" 2 1000000 | timeout 120 peak kib ml-ingest log 2>err || true
	[ "$(<kib)" -lt $((768 * 1024)) ]
	[ "$(wc -c <log.held)" -le $((64 * 1024 * 1024 + 1048576)) ]
	[ ! -s log.refused ] || [ "$(wc -c <log.refused)" -lt 16777216 ]
	[ "$(wc -l <err)" -lt 1000 ]
	sealer -k k -e 32 1 64 >true
	run timeout 120 ml-ingest log true
	same <(echo 64) <(seq_of k log)
}

@test "attack: a forged seal" {
	key k 001
	sealer -k k -e 32 1 40 >true
	sealer -k k -e 32 1 40 | jq -c 'if .g then .g = (("A" * 85) + "A") else . end' >in
	kept_out 'seal: does not verify'
	# one character changed, at the beginning and near the end
	sealer -k k -e 32 1 40 | jq -c 'if .g then .g = (if .g[0:1] == "A" then "B" else "A" end) + .g[1:] else . end' >in
	kept_out 'seal: does not verify'
	sealer -k k -e 32 1 40 | jq -c 'if .g then .g = .g[0:80] + (if .g[80:81] == "A" then "B" else "A" end) + .g[81:] else . end' >in
	kept_out 'seal: does not verify'
}

@test "attack: a seal in another spelling" {
	key k 001
	sealer -k k 1 40 >true
	while read -r change; do
		jq -c ".g |= ($change)" true >in
		cmp -s true in && continue
		rm -f log log.*
		run -1 --separate-stderr ml-ingest log in
		same <(echo '{}') <(ml-frontier log)
		grep -qE ': (g: not a seal of 86 characters|seal: .*)' <<<"$stderr"
	done <<-'END'
	. + "=="
	. + "A"
	.[0:85]
	""
	.[0:85] + "="
	gsub("[A-Za-z]"; "+")
	" " + .[1:]
	.[0:85] + "B"
	.[0:85] + "z"
	5
	null
	[.]
	{a: .}
	END
	# the bits that one of 86 characters has over
	jq -c '.g |= .[0:85] + ({"A":"B","Q":"R","g":"h","w":"x"}[.[85:86]])' true >in
	rm -f log log.*
	run -1 ml-ingest log in
	same <(echo '{}') <(ml-frontier log)
}

@test "attack: another author's seal" {
	key k 001
	key mallory 002
	sealer -k k -e 32 1 40 >true
	sealer -k k -S mallory -e 32 1 40 >in
	kept_out 'seal: does not verify'
}

@test "attack: a right seal on another event, or at another seq" {
	key k 001
	sealer -k k 1 40 >true
	# each carries the seal of the one before it
	jq -sc '[.[].g] as $g | to_entries[] | .value + {g: $g[(.key + 39) % 40]}' true >in
	kept_out 'seal: does not verify'
	# of another branch at the same seq, with its own content
	sealer -k k -s other 1 40 >other
	jq -sc '.[40:] as $b | .[:40] | to_entries[] | if .key > 0 then .value + {g: $b[.key].g} else .value end' true other >in
	sed -i 1d in
	head -1 true | jq -c 'del(.g)' | cat - in >in2
	mv in2 in
	kept_out 'seal: does not verify'
}

@test "attack: a seal over the truncated body, or without the context" {
	key k 001
	sealer -k k -e 32 1 40 >true
	for less in "-t 1" "-t 100" -c; do
		sealer -k k $less -e 32 1 40 >in
		kept_out 'seal: does not verify'
	done
	# half of it
	sealer -k k -e 32 1 32 | jq -c 'if .g then .g = .g[0:43] + ("A" * 43) else . end' >in
	kept_out 'seal: does not verify'
}

@test "attack: author.key whose key does not hash to the id" {
	key k 001
	key mallory 002
	sealer -k k -e 32 1 40 >true
	sealer -k mallory -a "$(id_of k)" 1 40 >in
	kept_out "author.key: the key is not this author's"
	sealer -k mallory -a "$(id_of k)" -K "$(ml-key show -j k | jq -r .key)" 1 40 >in
	kept_out 'seal: does not verify'
	for bad in '{}' '[]' '5' '{"key":5}' '{"key":""}' '{"key":"00"}' "{\"key\":\"$(ml-key show -j k | jq -r '.key | ascii_upcase')\"}"; do
		forge "\"$(id_of k)\"" 1 '[1,0]' '"author.key"' "$bad" '""' >in
		kept_out 'author.key: .*' '{}' alone
	done
}

@test "attack: author.key that is not first binds nothing" {
	key k 001
	key mallory 002
	sealer -k k -e 32 1 40 >true
	m=$(ml-key show -j mallory | jq -r .key)
	# by the author himself: it is stored, and changes nothing
	sealer -k k -2 "$m" 1 10 >in
	run -0 --separate-stderr ml-ingest log in
	same <(echo 10) <(seq_of k log)
	sealer -k k -S mallory -2 "$m" 11 20 >in
	run -1 --separate-stderr ml-ingest log in
	same <(echo 10) <(seq_of k log)
	sealer -k k -2 "$m" 11 20 >in
	run ml-ingest log in
	same <(echo 20) <(seq_of k log)
	run -0 ml-check log
	# a plain author's binds nothing either
	forge '"base"' 1 '[1,0]' '"author.key"' "{\"key\":\"$m\",\"name\":\"mallory\"}" '""' >in
	run -0 ml-ingest plain in
	same <(echo 'base (plain)') <(ml-frontier -l plain | cut -f5)
	# as event 2 of a feed that begins otherwise
	sealer -k k -e 0 1 1 | jq -r .p.key >hex
	forge "\"$(id_of k)\"" 1 '[1,0]' '"note.add"' '{}' '""' >in
	forge "\"$(id_of k)\"" 2 '[2,0]' '"author.key"' "{\"key\":\"$(<hex)\"}" "\"$(jq -r .i in)\"" >>in
	kept_out 'not an author.key'
}

@test "attack: events of a keyed author before its author.key" {
	key k 001
	sealer -k k 1 40 >true
	sed 1d true >in
	run -0 --separate-stderr ml-ingest log in
	same <(echo "ml-ingest: 0 new, 0 had, 39 held, 0 refused") <(last)
	same <(echo '{}') <(ml-frontier log)
	run -0 --separate-stderr ml-ingest log <(head -1 true)
	same <(echo 40) <(seq_of k log)
	[ ! -e log.held ]
	# one by one from the end
	rm -f log log.*
	tac true | while IFS= read -r line; do ml-ingest log <<<"$line" 2>/dev/null; done
	same <(echo 40) <(seq_of k log)
}

@test "attack: a plain event that squats a keyed id's seq 1" {
	key k 001
	id=$(id_of k)
	sealer -k k -e 32 1 40 >true
	chain "$id" 1 40 >in
	kept_out 'not an author.key'
	for rules in '*' "$id" "$id anna\nplain *" "*\nplain base" "plain *\n$id"; do
		for order in "in true" "true in"; do
			rm -f log log.*
			printf '%b\n' "$rules" >log.trust
			run -1 --separate-stderr ml-ingest log $order
			same <(jq .i true) <(jq .i log)
			rm -f log log.held log.refused
			for f in $order; do run ml-ingest log "$f"; done
			same <(jq .i true) <(jq .i log)
		done
	done
	# where anyone without key is taken, first come holds, and the other says so
	rm -f log log.*
	printf '%s\n' '*' 'plain *' >log.trust
	run -1 --separate-stderr ml-ingest log true in
	same <(jq .i true) <(jq .i log)
	rm -f log
	run -1 --separate-stderr ml-ingest log in true
	same in log
	grep -q 'forked: ' <<<"$stderr"
}

@test "attack: an id that differs by case, length, look-alike, trailing blank" {
	key k 001
	id=$(id_of k)
	printf '%s nina\n' "$id" >log.trust
	sealer -k k 1 3 >true
	for other in "${id^^}" "${id}0" "${id%?}" "$id " " $id" "$id\\u0000" "$id\\u200b" "$(sed 's/[0-9]/\\uff1&/' <<<"$id")" "\\u0430${id:1}"; do
		sealer -k k -a "$other" 1 1 >one 2>/dev/null || forge "\"$other\"" 1 '[1,0]' '"k"' '{}' '""' >one
		cat one
	done >in
	run -1 --separate-stderr ml-ingest log in true
	same <(echo "{\"$id\":3}") <(ml-frontier log)
	# under the default rules they are plain names, and shown as such
	rm -f log log.*
	run ml-ingest log in true
	same <(echo "$id") <(ml-frontier -l log | awk -F'\t' '$5 !~ / \(plain\)$/ { print $1 }')
}

@test "attack: low-order and non-canonical public keys" {
	key k 001
	good=$(ml-key show -j k | jq -r .key)
	x=${good:0:64} e=${good:64}
	zero=$(printf '%064d' 0)
	one=01${zero:2}
	max=$(printf 'ff%.0s' {1..31})
	for bad in "$x$zero" "$x$one" "$zero$e" "$one$e" "$zero$one" "$x${one:0:62}80" \
	    "${x}ec${max:2}7f" "${x}ed${max:2}7f" "${x}ee${max:2}7f" "${x}${max}ff" "${x}${zero:0:62}80" \
	    "${x}26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05" \
	    "${x}c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a" \
	    "ec${max:2}7f$e" "ed${max:2}7f$e" "ee${max:2}7f$e" \
	    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800$e" \
	    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157$e"; do
		for how in "-z" ""; do
			sealer -k k $how -K "$bad" 1 3 >in
			rm -f log log.*
			run -1 --separate-stderr ml-ingest log in
			same <(echo '{}') <(ml-frontier log)
			grep -qE ': (a public key .*|seal: does not verify)$' <<<"$stderr"
		done
	done
}

@test "attack: malleated signatures" {
	key k 001
	sealer -k k -e 32 1 40 >true
	sealer -k k -m -e 32 1 40 >in
	same <(jq 'del(.g)' true) <(jq 'del(.g)' in)
	kept_out 'seal: does not verify'
}

@test "attack: a tampered middle event under a good seal" {
	key k 001
	sealer -k k -e 32 1 40 >true
	jq -c 'if .s == 16 then .p.text = "other" else . end' true >in
	rm -f log log.*
	run -1 --separate-stderr ml-ingest log in
	grep -qx 'ml-ingest: in:16: id: does not match the content' <<<"$stderr"
	same <(echo '{}') <(ml-frontier log)
	run ml-ingest log <(sed -n 16p true)
	same <(echo 40) <(seq_of k log)
	# with an id of its own, and its followers as they were
	sealer -k k -e 0 1 15 >in
	jq -rn --slurpfile e <(sed -n 16p true) '$e[0] | .a, .v' >parts
	forge "\"$(sed -n 1p parts)\"" 16 '[1700000000016,0]' '"note.add"' '{"record_id":"R","text":"other"}' "\"$(sed -n 2p parts)\"" >>in
	sed -n '17,40p' true >>in
	rm -f log log.*
	run ml-ingest log in
	same <(echo '{}') <(ml-frontier log)
	run ml-ingest log true
	same <(jq .i true) <(jq .i log)
}

@test "seals: a damaged line in a sparse log comes back from a peer" {
	key k 001
	sealer -k k -e 32 1 100 >true
	for damaged in 16 32 33 50 64 1 2 99 100; do
		rm -f log log.*
		run -0 ml-ingest log true
		sed -i "${damaged}s/\"h\":\\[1/\"h\":[2/" log
		run -1 ml-check log
		grep -q "^line $damaged, .*damaged: " <<<"$output"
		ml-frontier log 2>/dev/null | ml-delta true - >delta
		run ml-ingest log delta
		[ "$(seq_of k log 2>/dev/null)" = 100 ] || { echo "line $damaged: $(seq_of k log) of 100"; false; }
	done
}

@test "attack: seals in the log that do not verify are found by check" {
	key k 001
	sealer -k k -e 32 1 40 | jq -c 'if .s == 32 then .g = ("A" * 86) else . end' >log
	run -1 --separate-stderr ml-check log
	grep -qE '^line 32, offset [0-9]+: seal: .* seq 32: seal: does not verify: ' <<<"$output"
	sealer -k k -e 40 1 40 >log
	run -1 --separate-stderr ml-check log
	grep -q 'seal: more than 32 events before it without one' <<<"$output"
}

@test "attack: a seal of 10 MB" {
	key k 001
	sealer -k k -e 32 1 40 >true
	head -c 10485760 /dev/zero | tr '\0' A >big
	head -1 true | sed 's/}$//' | tr -d '\n' >in
	{ printf ',"g":"'; cat big; printf '"}\n'; } >>in
	run -1 --separate-stderr peak kib ml-ingest log in
	same <(echo "ml-ingest: in:1: g: not a seal of 86 characters") <(sed 1q <<<"$stderr")
	[ "$(<kib)" -lt $((128 * 1024)) ]
	[ "$(cat log* | wc -c)" -lt 100000 ]
	run -0 ml-ingest log true
	same <(echo 40) <(seq_of k log)
}

@test "attack: .held edited by hand into nonsense" {
	key k 001
	sealer -k k -e 0 1 20 >bare
	run -0 ml-ingest log bare
	sed -i -e '5s/.*/nonsense/' -e '7s/"s":7/"s":8/' log.held
	printf '{"a":"cut off' >>log.held
	run -1 --separate-stderr ml-check log
	grep -q '^line 5 of .held: held-damaged: not JSON' <<<"$output"
	run -1 --separate-stderr ml-ingest log /dev/null
	same - <(sed '$d' <<<"$stderr" | sed 's/: not JSON: .*/: not JSON/') <<-END
	ml-ingest: $PWD/log.held:5: not JSON
	ml-ingest: $PWD/log.held:7: id: does not match the content
	END
	same <(echo "ml-ingest: 0 new, 0 had, 18 held, 2 refused") <(last)
	same <(echo nonsense) <(jq -r 'select(.text == "nonsense").text' log.refused)
	sealer -k k -e 20 1 20 >true
	run -0 ml-ingest log true
	same <(echo 20) <(seq_of k log)
}

@test "seals: a plain author's event loses its g, and is stored" {
	key k 001
	events base 1 3 | jq -c --arg g "$(sealer -k k 1 1 | jq -r .g)" '.g = $g' >in
	run -0 ml-ingest log in
	same <(events base 1 3) log
}
