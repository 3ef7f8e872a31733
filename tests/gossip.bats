load helper

# says LINE ...: all that was said on stderr
says() { same <(printf '%s\n' "$@") <(printf '%s\n' "$stderr"); }

# agree LOG LOG: both hold the same, and both are sound
agree() {
	same <(ml-frontier "$1") <(ml-frontier "$2")
	same <(ml-view "$1") <(ml-view "$2")
	ml-check "$1" >/dev/null
	ml-check "$2" >/dev/null
}

# holds LOG FRONTIER
holds() { [ "$(ml-frontier "$1" 2>/dev/null)" = "$2" ]; }

# seed_node: a program that speaks the seed's protocol for a log: its frontier
# first and each second, to a frontier what is lacking, no ids and no ends
seed_node() {
	cat >seed <<-'END'
		#!/bin/bash
		say() { printf '{"t":"frontier","f":%s}\n' "$(ml-frontier "$1" 2>/dev/null || echo '{}')"; }
		say "$1"
		while :; do
			status=0
			IFS= read -rt 1 line || status=$?
			[ $status -ne 1 ] || exit 0
			case $status:$line in
			0:'{"t":"frontier"'*) ml-delta -m "$1" - <<<"$line" | sed 's/,"g":"[^"]*"//g' ;;
			0:'{"t":"events"'*) ml-ingest "$1" <<<"$line" 2>/dev/null ;;
			0:*) : ;;
			*) say "$1" ;;
			esac
		done
	END
	chmod +x seed
}

@test "gossip: one contact, and both hold the same, quietly" {
	events a 1 100 >x
	events b 1 70 >y
	events c 1 3 | tee -a x >>y
	run -0 --separate-stderr ml-gossip -1 x -- ml-gossip -1 y
	[ -z "$output$stderr" ]
	agree x y
	same <(echo '{"a":100,"b":70,"c":3}') <(ml-frontier x)
	run -0 --separate-stderr ml-gossip -1v x -- ml-gossip -1v y
	says "ml-gossip: 0 sent, 0 new, 0 had, 0 held, 0 refused" \
	    "ml-gossip: 0 sent, 0 new, 0 had, 0 held, 0 refused"
}

@test "gossip: nothing goes that is held, and a new node joins" {
	events a 1 100 >x
	events a 1 90 >y
	run -0 --separate-stderr ml-gossip -1v x -- ml-gossip y
	says "ml-gossip: 10 sent, 0 new, 0 had, 0 held, 0 refused"
	run -0 --separate-stderr ml-gossip -1v new -- ml-gossip y
	says "ml-gossip: 0 sent, 100 new, 0 had, 0 held, 0 refused"
	agree x new
	[ "$(stat -c %a new)" = 600 ]
}

@test "gossip: the lines that are spoken" {
	events a 1 40 >x
	id=$(tail -1 x | jq -r .i)
	printf '%s\n' '{"t":"frontier","f":{"a":3}}' '{"t":"done","c":37}' >in
	run -0 ml-gossip -1 x <in
	same <(echo '{"t":"frontier","f":{"a":40},"h":{"a":"'$id'"},"c":0}') <(echo "${lines[0]}")
	same <(echo '32 5') <(echo "$(jq '.e | length' <<<"${lines[1]}") $(jq '.e | length' <<<"${lines[2]}")")
	same <(seq 4 40) <(printf '%s\n' "${lines[@]:1:2}" | jq '.e[].s')
	same <(echo '{"t":"done","c":0}') <(echo "${lines[3]}")
	[ "${#lines[@]}" -eq 4 ]
	# one that holds all is told so
	printf '%s\n' '{"t":"frontier","f":{"a":40},"h":{"a":"'$id'"}}' '{"t":"done","c":0}' >in
	run -0 ml-gossip -1 x <in
	[ "${#lines[@]}" -eq 2 ]
}

@test "gossip: of a keyed feed each message ends with a seal" {
	ml-key new key >/dev/null
	for n in {1..100}; do echo '{"kind":"k","payload":'$n'}'; done | ml-emit -k key all - >/dev/null
	# a relay that got it with few seals
	jq -c 'if .s % 20 == 0 or .s == 101 then . else del(.g) end' all | ml-ingest relay
	ml-gossip relay <<<'{"t":"frontier","f":{}}' >said
	same <(jq -c 'select(.e) | [.e[-1].s, (.e[-1] | has("g"))]' said) \
	    <(printf '[%s,true]\n' 20 40 60 80 101)
	run -0 ml-gossip -1 relay -- ml-gossip -1 new
	agree relay new
}

@test "gossip: with who speaks the seed's protocol" {
	seed_node
	events a 1 100 >x
	events b 1 70 >y
	run -0 --separate-stderr timeout 20 ml-gossip -1v x -- ./seed y
	says "ml-gossip: 100 sent, 70 new, 0 had, 0 held, 0 refused"
	agree x y
	# what it never takes: silence ends it
	ml-key new key >/dev/null
	ml-emit -k key x note R-1 sealed >/dev/null
	run -0 --separate-stderr timeout 20 ml-gossip -1v -t 2.5 x -- ./seed y
	says "ml-gossip: 2 sent, 0 new, 0 had, 0 held, 0 refused"
}

@test "gossip: serving follows both logs as others append" {
	ml-emit -a m x note R-1 one >/dev/null
	ml-gossip x -- ml-gossip y 3>&- &
	pid=$!
	patiently holds y '{"m":1}'
	ml-emit -a m x note R-1 two >/dev/null
	patiently holds y '{"m":2}'
	ml-emit -a n y note R-1 three >/dev/null
	patiently holds x '{"m":2,"n":1}'
	events a 1 200 | ml-ingest y 2>/dev/null
	patiently holds x '{"a":200,"m":2,"n":1}'
	# a log that takes the place of another
	events b 1 3 | ml-ingest z 2>/dev/null
	mv z x
	patiently holds y '{"a":200,"b":3,"m":2,"n":1}'
	kill $pid
	wait $pid
}

@test "gossip: what is appended by itself closes no group" {
	export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0:detect_leaks=0
	big=$(head -c 4000 /dev/zero | tr '\0' x)
	for n in {1..4000}; do echo '{"kind":"k","payload":"'"$big"'"}'; done | ml-emit -a a x - >/dev/null
	ml-delta -m x >said
	spent -c "$BUILD/help/counts.so" -n 1 -i said -o /dev/null ml-gossip y >took
	holds y '{"a":4000}'
	# 16 MiB in groups of 2 MiB, and one to begin with
	[ "$(cut -d ' ' -f 8 took)" -le 12 ]
}

@test "gossip: serving goes by the trust file as it is now" {
	events a 1 2 >x
	events b 1 1 >y
	events c 1 1 >z
	echo 'plain a' >log.trust
	mkfifo in
	ml-gossip log <in >out 2>said &
	pid=$!
	exec 7>in
	cat x y >&7
	patiently holds log '{"a":2}'
	patiently grep -q 'author: not trusted' said
	ml-key trust log --plain b
	cat y >&7
	patiently holds log '{"a":2,"b":1}'
	ml-key untrust log --plain b
	ml-emit -a b y note R-1 more >/dev/null
	cat z y >&7
	patiently eval '[ "$(wc -l <said)" -ge 3 ]'
	holds log '{"a":2,"b":1}'
	# a damaged one is no permission
	echo 'plain' >>log.trust
	cat z >&7
	status=0
	wait $pid || status=$?
	[ $status = 2 ]
	exec 7>&-
	grep -q 'log.trust:.*:' said
	holds log '{"a":2,"b":1}'
}

@test "gossip: serving ends with its input, whatever it refused" {
	events a 1 3 >x
	{ echo 'no message'; events a 4 5; } >in
	run -0 --separate-stderr ml-gossip x <in
	same <(cat <<-END
		ml-gossip: peer:1: not JSON: no value where one is due
		ml-gossip: 0 sent, 2 new, 0 had, 0 held, 1 refused
	END
	) <(echo "$stderr")
	holds x '{"a":5}'
	[ "${#lines[@]}" -eq 1 ]
}

@test "gossip: the frontier comes again, and others' events at once" {
	mkfifo in out
	ml-gossip -g 0.1 x <in >out 3>&- &
	pid=$!
	exec 8>in 9<out
	for n in 1 2 3; do
		read -rt 10 line <&9
		same <(echo '{"t":"frontier","f":{},"h":{},"c":0}') <(echo "$line")
	done
	echo '{"t":"frontier","f":{}}' >&8
	events a 1 1 | ml-ingest x 2>/dev/null
	while read -rt 10 line <&9 && [[ $line == *frontier* ]]; do :; done
	same <(events a 1 1) <(jq -c '.e[]' <<<"$line")
	exec 8>&- 9<&-
	wait $pid
}

@test "gossip: what came from the peer is not sent back" {
	mkfifo in out
	ml-gossip x <in >out 3>&- &
	pid=$!
	exec 8>in 9<out
	echo '{"t":"frontier","f":{}}' >&8
	events a 1 40 >&8
	patiently holds x '{"a":40}'
	events b 1 1 | ml-ingest x 2>/dev/null
	read -rt 10 line <&9
	read -rt 10 line <&9
	same <(events b 1 1) <(jq -c '.e[]' <<<"$line")
	exec 8>&- 9<&-
	wait $pid
}

@test "gossip: a fork at one length is shown to both, and all else goes on" {
	events a 1 5 | tee x >y
	ml-emit -a a x note R-1 one >/dev/null
	ml-emit -a a y note R-1 other >/dev/null
	events b 1 3 >>x
	events c 1 3 >>y
	run -1 --separate-stderr ml-gossip -1 x -- sh -c 'exec ml-gossip -1 y 2>said'
	same <(echo '{"a":6,"b":3,"c":3}') <(ml-frontier x)
	same <(ml-frontier x) <(ml-frontier y)
	ours=$(sed -n 6p x | jq -r .i) theirs=$(sed -n 6p y | jq -r .i)
	says "ml-gossip: peer:1: fork: two events of author \"a\" have seq 6: this log holds $ours, the peer $theirs" \
	    "ml-gossip: 4 sent, 3 new, 0 had, 0 held, 1 refused; forked: a (see ml-check)" \
	    "ml-gossip: sh: exit status 1"
	grep -q 'forked: a (see ml-check)' said
	same <(echo "$theirs") <(jq -r '.text | fromjson | .i' x.refused)
	same <(echo "$ours") <(jq -r '.text | fromjson | .i' y.refused)
	# again: the same evidence, kept once
	run -1 ml-gossip -1 x -- ml-gossip y
	[ "$(wc -l <x.refused)" -eq 1 ]
	[ "$(wc -l <y.refused)" -eq 1 ]
}

@test "gossip: a fork of which one branch is longer, whoever has it" {
	for long in x y; do
		rm -f x* y*
		events a 1 5 | tee x >y
		ml-emit -a a x note R-1 one >/dev/null
		ml-emit -a a y note R-1 other >/dev/null
		for n in {1..50}; do ml-emit -a a $long note R-1 $n; done >/dev/null
		run -1 ml-gossip -1 x -- ml-gossip y
		[ "$(wc -l <x.refused)" -eq 1 ]
		[ "$(wc -l <y.refused)" -eq 1 ]
		jq -e '.fork == "a"' x.refused y.refused
	done
}

@test "gossip: a fork under a key needs its seal" {
	ml-key new key >/dev/null
	ml-emit -k key x note R-1 all >/dev/null
	cp key other && cp key.feed other.feed && cp x y
	ml-emit -k key x note R-1 one >/dev/null
	ml-emit -k other y note R-1 two >/dev/null
	run -1 ml-gossip -1 x -- ml-gossip y
	[ "$(wc -l <x.refused)" -eq 1 ]
	[ "$(wc -l <y.refused)" -eq 1 ]
	rm x.refused y.refused
	ml-emit -k key x note R-1 three >/dev/null
	run -1 ml-gossip -1 x -- ml-gossip y
	[ "$(wc -l <x.refused)" -eq 1 ]
	[ "$(wc -l <y.refused)" -eq 1 ]
}

@test "gossip: a feed that the peer does not trust keeps no contact open" {
	events a 1 100 >x
	events b 1 3 >>x
	echo 'plain b' >y.trust
	run -0 --separate-stderr timeout 20 ml-gossip -1 x -- sh -c 'ml-gossip y 2>said'
	[ -z "$stderr" ]
	holds y '{"b":3}'
	grep -q '100 refused' said
	[ "$(grep -c 'not trusted' said)" -eq 32 ]
	grep -q 'more is refused, and not told of' said
	run -1 timeout 20 ml-gossip -1 y -- ml-gossip x
}

@test "gossip: a MiB each way over pipes of 4 KiB" {
	big=$(head -c 2000 /dev/zero | tr '\0' x)
	for a in x y; do
		for n in {1..600}; do echo '{"kind":"k","payload":"'$big'"}'; done | ml-emit -a $a $a - >/dev/null
		[ "$(stat -c %s $a)" -gt 1048576 ]
	done
	run -0 timeout 60 narrow ml-gossip -1 x -- ml-gossip -1 y
	[ "$output" = "0 0" ]
	agree x y
	rm y*
	run -0 timeout 60 narrow ml-gossip -1 x -- ml-gossip y
	[ "$output" = "0 0" ]
	agree x y
}

@test "gossip: killed in the middle, and the next contact goes on from there" {
	events a 1 3000 >x
	events b 1 3000 >y
	for n in {1..6}; do
		rm -f y* pid
		[ $((n % 2)) = 0 ] || events b 1 3000 >y
		ml-gossip -1 x -- sh -c 'echo $$ >pid; exec ml-gossip y' 2>/dev/null 3>&- &
		ours=$!
		patiently test -s pid
		[ $((n % 3)) = 0 ] || patiently test -s y
		# either end, at no certain moment
		kill -9 $([ $((n % 4)) -lt 2 ] && echo $ours || cat pid) 2>/dev/null || :
		wait $ours || :
		[ ! -e y ] || patiently flock -n y true
		[ ! -s y ] || ml-check y >/dev/null
		ml-check x >/dev/null
		run -0 ml-gossip -1 x -- ml-gossip y
		agree x y
	done
}

@test "gossip: a way that is cut in one direction" {
	events a 1 300 >x
	run -111 ml-gossip -1 -t 0.5 x -- sh -c 'ml-gossip y | head -c 200'
	run -0 ml-gossip -1 x -- ml-gossip y
	agree x y
}

@test "gossip: a contact that ends too early, or never begins" {
	events a 1 3 >x
	run -1 --separate-stderr ml-gossip -1 x <<<'{"t":"frontier","f":{"b":1}}'
	says "ml-gossip: peer: ended before the contact was over"
	run -111 --separate-stderr ml-gossip -1 -t 0.2 x -- sh -c 'while read -r line; do :; done'
	says "ml-gossip: peer: said nothing at all in 0.2 s"
	run -111 --separate-stderr ml-gossip -1 -t 0.2 x -- sh -c 'echo "{\"t\":\"frontier\",\"f\":{},\"h\":{}}"; while read -r line; do :; done'
	says "ml-gossip: peer: nothing new for too long, in the middle of the contact"
	run -111 --separate-stderr ml-gossip -1 x -- sh -c 'exit 255'
	says "ml-gossip: peer: ended before the contact was over" "ml-gossip: sh: exit status 255"
	run -2 --separate-stderr ml-gossip -1 x -- ./nothing
	says "ml-gossip: ./nothing: No such file or directory"
	run -1 --separate-stderr ml-gossip -1 x -- sh -c 'echo "{\"t\":\"frontier\",\"f\":{},\"h\":{}}"; kill -9 $$'
	says "ml-gossip: peer: ended before the contact was over"
}

@test "gossip: a program that speaks on when all is over has not failed" {
	events a 1 3 >x
	run -0 --separate-stderr ml-gossip -1 x -- sh -c 'while echo "{\"t\":\"frontier\",\"f\":{\"a\":3}}"; do :; done'
	[ -z "$stderr" ]
}

@test "gossip: the program on the way gets its words as they are, and is ended" {
	run -111 ml-gossip -1 x -- sh -c 'printf "%s\n" "$@" >words; exit 3' sh '$HOME' 'a  b' ';' '*'
	same <(printf '%s\n' '$HOME' 'a  b' ';' '*') words
	mkfifo end
	for signal in TERM KILL; do
		ml-gossip -1 x -- sh -c 'exec 8>end; echo up >up; exec sleep 1000' 2>/dev/null 3>&- &
		pid=$!
		exec 7<end
		patiently test -e up
		rm up
		kill -$signal $pid
		# nobody has it open any more
		run -0 timeout 20 cat <&7
		exec 7<&-
		wait $pid || :
	done
}

@test "gossip: under nohup a hangup ends neither us nor the program" {
	(trap '' HUP; exec ml-gossip x -- sh -c 'echo $$ >up; exec ml-gossip y' 3>&-) &
	pid=$!
	patiently test -s up
	patiently test -e y
	kill -HUP $pid "$(<up)"
	ml-emit -a a x note R-1 one >/dev/null
	patiently holds y '{"a":1}'
	ml-emit -a b y note R-1 two >/dev/null
	patiently holds x '{"a":1,"b":1}'
	kill $pid
	wait $pid
}

@test "gossip: a peer that does not read does not keep us from taking" {
	events a 1 3000 >x
	events b 1 200 >in
	mkfifo out
	{ echo '{"t":"frontier","f":{}}'; cat in; } >said
	sleep 1000 <out 3>&- &
	reader=$!
	timeout 20 ml-gossip x <said >out 3>&- &
	pid=$!
	patiently holds x '{"a":3000,"b":200}'
	kill $reader
	wait $pid
}

@test "gossip: what a hostile peer may say" {
	events a 1 3 >x
	{
		echo '{"t":"frontier","f":{"a":1152921504606846976}}'
		echo '{"t":"frontier","f":{"a":9007199254740992},"h":{"a":"zz","b":7},"c":-5}'
		echo '{"t":"frontier"}'
		echo '{"t":"frontier","f":{"a":1},"h":7,"c":"x"}'
		echo '{"t":"done","c":1e9}'
		echo '{"t":7}'
		echo '{"t":"\u001b[31m"}'
		events b 5 5
		echo '{"t":"events","e":[{"a":"\u001b","s":1}]}'
		head -c 17000000 /dev/zero | tr '\0' '['
		echo
		events c 1 2
		printf '{"t":"fron'
	} >in
	run -0 --separate-stderr ml-gossip x <in
	says 'ml-gossip: peer:1: not a frontier: a seq that is no integer from 0 to 2^53' \
	    'ml-gossip: peer:3: not a frontier: a message without one' \
	    'ml-gossip: peer:6: not a message: t is no string' \
	    'ml-gossip: peer:9: event 1: h: missing, an event has a clock' \
	    'ml-gossip: peer:10: a line over 16 MiB' \
	    'ml-gossip: peer:13: not JSON: a string without end' \
	    'ml-gossip: 2 sent, 2 new, 0 had, 1 held, 6 refused'
	holds x '{"a":3,"c":2}'
}

@test "gossip: a frontier of a million authors takes bounded memory" {
	events a 1 3 >x
	{
		printf '{"t":"frontier","f":{"a":3'
		seq -f ',"%.0f":9' 1000000 2000000 | tr -d '\n'
		echo '}}'
	} >in
	run -0 peak kib ml-gossip x <in
	most=150000
	! grep -q __asan_init "$BUILD/ml-gossip" || most=500000
	[ "$(cat kib)" -lt $most ] || { cat kib; false; }
}

@test "gossip: output that is lost" {
	events a 1 3 >x
	run -111 --separate-stderr sh -c 'ml-gossip x >/dev/full'
	says "ml-gossip: standard output: No space left on device"
}

@test "gossip: usage" {
	for words in "" "-x log" "log cmd" "log --" "-g"; do
		run -2 --separate-stderr ml-gossip $words
	done
	run -2 --separate-stderr ml-gossip -g 0 log
	says "ml-gossip: -g: too short a time"
	run -2 --separate-stderr ml-gossip -t soon log
	says "ml-gossip: -t: not a number of seconds"
	run -2 --separate-stderr ml-gossip nowhere/log
	says "ml-gossip: nowhere/log: No such file or directory"
}

# base_line: the way to the base, as ssh with a command of its own is one
base_line() {
	cat >ssh <<-'END'
		#!/bin/sh
		echo "$@" >>called
		echo $$ >pid
		[ ! -e cut ] || { echo 'no route' >&2; exit 255; }
		exec ml-gossip -g 0.2 camp.jsonl
	END
	chmod +x ssh
	events team 1 20 >field.jsonl
	events base 1 30 >camp.jsonl
}

@test "gossip: the example: a contact from cron" {
	base_line
	contact() { "$ROOT/examples/over-ssh/contact.sh" field.jsonl ./ssh -o 'a b' base; }
	run -0 --separate-stderr contact
	[ -z "$output$stderr" ]
	same <(echo '-o a b base') called
	agree field.jsonl camp.jsonl
	# no way, just after one: quiet; a day after one: told
	touch cut
	run -0 --separate-stderr contact
	[ -z "$output$stderr" ]
	touch -d '2 days ago' field.jsonl.contact
	run -111 --separate-stderr contact
	same <(printf '%s\n' 'no route' 'ml-gossip: ./ssh: exit status 255') <(grep -v ' said nothing\| ended before' <<<"$stderr")
	rm field.jsonl.contact
	run -111 contact
	# one at a time
	rm cut called
	flock field.jsonl.contact "$ROOT/examples/over-ssh/contact.sh" field.jsonl ./ssh
	[ ! -e called ]
	run -2 "$ROOT/examples/over-ssh/contact.sh" field.jsonl
}

@test "gossip: the example: a line that stays up, and breaks" {
	base_line
	"$ROOT/examples/over-ssh/link.sh" field.jsonl ./ssh base 2>said 3>&- &
	pid=$!
	patiently holds camp.jsonl '{"base":30,"team":20}'
	ml-emit -a base camp.jsonl note R-1 more >/dev/null
	patiently holds field.jsonl '{"base":31,"team":20}'
	# the line breaks
	kill -KILL "$(<pid)"
	ml-emit -a team field.jsonl note R-1 more >/dev/null
	patiently holds camp.jsonl '{"base":31,"team":21}'
	kill $pid
	wait $pid
	[ "$(wc -l <called)" -eq 2 ]
	run -0 shellcheck "$ROOT"/examples/over-ssh/*.sh
	echo no log >bad
	run -2 timeout 10 "$ROOT/examples/over-ssh/link.sh" bad ./ssh base
}
