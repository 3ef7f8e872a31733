load helper
load camp

@test "ml-sync-http: a contact is killed at every moment: the next one ends it" {
	start
	events base 1 400 >$log
	events team_a 1 400 >team.jsonl
	# before its events are here, and before ours are there
	for file in team.jsonl $log; do
		hold_lock $file
		begin setsid "$(command -v ml-sync-http)" team.jsonl "$url" "${member[@]}"
		if [ $file = $log ]; then patiently runs ml-ingest
		else patiently [ -p team.jsonl.sync/in ]; fi
		kill -9 -- "-$last"
		let_go
	done
	for ms in 020 030 040 050 060 080 100 130 160 200; do
		timeout -s KILL 0.$ms ml-sync-http team.jsonl "$url" "${member[@]}" || true
	done 2>/dev/null
	run -0 contact team.jsonl
	same_set team.jsonl $log
	[ -z "$(ls -A team.jsonl.sync)" ]
	[ "$(cat $log | wc -l)" = 800 ]
	[ "$(cat team.jsonl | wc -l)" = 800 ]
}

@test "ml-sync-http: a contact is ended by SIGTERM: 111, nothing left about" {
	start
	events team_a 1 3 >team.jsonl
	chain -b 8000 base 1 2500 >$log
	# while it fetches, and while it sends
	hold_lock team.jsonl
	begin_contact team.jsonl
	patiently passes_on 2000
	kill "$client"
	let_go
	ends 111
	[ -z "$(ls -A team.jsonl.sync)" ]
	hold_lock $log
	begin_contact team.jsonl
	patiently runs ml-ingest
	kill "$client"
	ends 111
	[ -z "$(ls -A team.jsonl.sync)" ]
	let_go
	run -0 contact team.jsonl
	same_set team.jsonl $log
}

@test "ml-sync-http: two contacts with one log: the second ends at once" {
	start
	events team_a 1 3 >team.jsonl
	hold_lock $log
	begin_contact team.jsonl
	patiently runs ml-ingest
	run -111 contact team.jsonl
	same <(echo 'ml-sync-http: team.jsonl: another contact is under way') <(echo "$output")
	let_go
	ends 0
	same_set team.jsonl $log
}

# cut_delta [ml-fetch options]: the server dies in the middle of a delta
cut_delta() {
	start
	chain -b 8000 base 1 2500 >$log
	: >team.jsonl
	hold_lock team.jsonl		# so the delta backs up to the server
	begin_contact team.jsonl -L fetch.log "$@" 2>said
	patiently passes_on 2000
	stop -KILL
}

@test "ml-sync-http: the base dies in the middle of a delta: the rest comes from the next one" {
	cut_delta -r 30 -W 200
	start -p "$port"
	let_go
	ends 0
	same /dev/null said
	same_set $log team.jsonl
	# the rest: not from the first byte on
	jq -se 'any(.event == "success" and .status == 206)' fetch.log
}

@test "ml-sync-http: a delta is cut and is another one by then: what came counts" {
	cut_delta -r 30 -W 200
	ml-emit -a base2 $log note WP-7 'More.' >/dev/null
	start -p "$port"
	let_go
	ends 0
	same /dev/null said
	same_set $log team.jsonl
	run -1 grep '"status": 206' fetch.log
}

@test "ml-sync-http: the base dies for good: 111, and the next contact goes on with what came" {
	cut_delta -r 1
	let_go
	ends 111
	[ "$(wc -l <said)" = 1 ]
	[[ $(<said) == "ml-fetch: $url/frontier: "* ]]
	[ -z "$(ls -A team.jsonl.sync)" ]
	came=$(wc -l <team.jsonl)
	[ "$came" -gt 0 ]
	start
	run -0 contact team.jsonl
	same_set $log team.jsonl
}

@test "ml-sync-http: the base is gone and comes back in the middle of a contact" {
	start
	events team_a 1 300 >team.jsonl
	events base 1 300 >$log
	hold_lock $log
	begin_contact team.jsonl -r 30 -W 200
	patiently runs ml-ingest
	stop -KILL
	let_go
	start -p "$port"
	ends 0
	same_set $log team.jsonl
	# and when it does not: 111, and what came stays
	stop
	run -111 contact team.jsonl -r 1
	[[ $output == "ml-fetch: $url/frontier: "* ]]
	same_set $log team.jsonl
}

@test "ml-sync-http: teams that come at once: nothing is lost" {
	start
	teams='1 2 3 4 5 6'
	for n in $teams; do
		chain -b 100 "team_$n" 1 100 >"$n.jsonl"
		cat "$n.jsonl" >>all
	done
	contacts=
	for n in $teams; do
		begin_contact "$n.jsonl" -r 30
		contacts="$contacts $client"
	done
	for pid in $contacts; do wait "$pid"; done
	same <(sort all) <(sort $log)
	for n in $teams; do
		run -0 contact "$n.jsonl"
		same_set $log "$n.jsonl"
	done
}

@test "ml-sync-http: what is refused, here or there, is said in one line: status 1" {
	start
	events stranger 1 3 >$log
	echo 'plain team_a' >team.jsonl.trust
	events team_a 1 3 >team.jsonl
	echo 'plain stranger' >camp/log/camp.jsonl.trust
	run -1 contact team.jsonl
	same - <(echo "$output") <<-'END'
		ml-sync-http: team.jsonl: not taken here: "stranger" (author: not trusted); not taken there: "team_a" (author: not trusted): see ml-check
	END
	# the same again; it is not asked for again
	run -1 contact team.jsonl -L fetch.log
	same - <(echo "$output") <<-'END'
		ml-sync-http: team.jsonl: not taken here: "stranger" (author: not trusted); not taken there: "team_a" (author: not trusted): see ml-check
	END
	run -1 grep -c '"reason"' fetch.log
	[ "$(wc -l <fetch.log)" -eq 4 ]
	# the rest goes on
	events team_a 1 4 | tail -1 >>team.jsonl
	ml-key trust $log --plain team_a
	run -1 contact team.jsonl
	same <(echo 'ml-sync-http: team.jsonl: not taken here: "stranger" (author: not trusted): see ml-check') <(echo "$output")
	same <(echo '{"stranger":3,"team_a":4}') <(ml-frontier $log)
	# trust is what it takes
	ml-key trust team.jsonl --plain stranger
	run -0 contact team.jsonl
	same_set team.jsonl $log
	[ -z "$(ls -A team.jsonl.sync)" ]
}

@test "ml-sync-http: what was refused is not sent whole again, whatever else is new" {
	# a stand-in keeps all bodies, and does what it stands for
	rm bin/ml-*
	cat >bin/ml-fetch <<-'END'
		#!/bin/sh
		for word; do
			case $word in @*/chunk) cat "${word#@}" >>sent ;; esac
		done
		case " $* " in *' -o - '*) "$BUILD/ml-fetch" "$@" | tee -a got ;; *) exec "$BUILD/ml-fetch" "$@" ;; esac
	END
	chmod +x bin/ml-fetch
	contact() { "$ROOT/scripts/ml-sync-http" "$1" "$url" "${member[@]}"; }
	events stranger 1 300 >$log
	events team_b 1 300 >team.jsonl
	for name in stranger team_a; do echo "plain $name"; done >camp/log/camp.jsonl.trust
	for name in team_a team_b; do echo "plain $name"; done >team.jsonl.trust
	start
	run -1 contact team.jsonl
	for n in 1 2 3; do
		rm -f sent got
		events team_a $n $n >>team.jsonl
		events stranger $((300 + n)) $((300 + n)) >>$log
		run -1 contact team.jsonl
		same <({ events team_a $n $n; events team_b 1 1; } | sort) <(sort sent)
		same /dev/null got
	done
	# now it may: all of it, in one contact
	ml-key trust $log --plain team_b
	ml-key trust team.jsonl --plain stranger
	run -0 contact team.jsonl
	same_set team.jsonl $log
	same <(echo '{"stranger":303,"team_a":3,"team_b":300}') <(ml-frontier $log)
}

# forked NAMES-HERE NAMES-THERE: what was told of it
forked() { [[ $output =~ ^'ml-sync-http: team.jsonl: not taken here: '$1' ('.*'); not taken there: '$2' ('.*'): see ml-check'$ ]]; }

# evidence COUNT: of so many forks, the same here and there
evidence() {
	for file in team.jsonl.refused $log.refused; do
		same <(printf '%s\n' "$1") <(wc -l <$file)
		jq -e '.fork == "x"' $file
	done
}

@test "ml-sync-http: a fork does not hide: each side has evidence, once" {
	start
	chain -b 10 x 1 3 >$log
	chain -b 10 -s other -f 3 x 1 3 >team.jsonl
	ml-emit -a team_a team.jsonl note WP-7 Visit. >/dev/null
	same <(ml-frontier $log) <(ml-frontier team.jsonl | sed 's/"team_a":1,//')
	for n in 1 2; do
		run -1 contact team.jsonl
		forked '"x"' '"x"'
		evidence 1
	done
	same <(echo '{"team_a":1,"x":3}') <(ml-frontier $log)
	# where one branch is longer, its end is not news
	for n in 1 2; do
		[ $n = 2 ] || { events base 1 1; chain -b 10 x 1 5 | tail -2; } >>$log
		run -1 contact team.jsonl
		forked '"x"' 'a part'
		evidence 1
	done
	same <(echo '{"base":1,"team_a":1,"x":3}') <(ml-frontier team.jsonl)
}

@test "ml-sync-http: a fork of which one branch is longer: both have evidence, who has more of a fork" {
	start
	for long in $log team.jsonl; do
		rm -rf $log* team.jsonl*
		chain -b 10 x 1 $([ $long = $log ] && echo 50 || echo 3) >$log
		chain -b 10 -s other -f 3 x 1 $([ $long = $log ] && echo 3 || echo 50) >team.jsonl
		for n in 1 2; do
			run -1 contact team.jsonl
			[[ $output == *'(fork: two events of author "x" have seq 3: '* ]]
			jq -se 'length == 1 and .[0].fork == "x"' $long.refused
			[ "$(cat $log.refused team.jsonl.refused | wc -l)" -eq 2 ]
		done
	done
}

@test "ml-sync-http: a fork under a key needs its seal" {
	start
	ml-key new key >/dev/null
	ml-emit -k key team.jsonl note R-1 all >/dev/null
	cp key other
	cp key.feed other.feed
	cp team.jsonl $log
	ml-emit -k key team.jsonl note R-1 one >/dev/null
	ml-emit -k other $log note R-1 two >/dev/null
	run -1 contact team.jsonl
	for file in team.jsonl.refused $log.refused; do
		[ "$(wc -l <$file)" -eq 1 ]
		jq -e .fork $file
	done
}

@test "ml-sync-http: what is much goes in parts, each ends with a seal" {
	start
	ml-key new key >/dev/null
	head -c 2000 /dev/zero | tr '\0' t >text
	jq -cnR 'input as $text | range(2000) | {kind: "note.add", payload: {record_id: "R", text: $text}}' <text |
		ml-emit -k key minted.jsonl - >/dev/null
	# a sender may leave seals out: one in seven is here
	sed '1n; 7~7!s/,"g":"[^"]*"}$/}/' minted.jsonl | sed '$d' >some
	tail -n 1 minted.jsonl >>some
	chain -b 3000 plain 1 500 >>some
	ml-ingest team.jsonl some 2>/dev/null
	# a stand-in keeps each body, and does what it stands for
	rm bin/ml-*
	cat >bin/ml-fetch <<-'END'
		#!/bin/sh
		for word; do
			case $word in @*/chunk) cp "${word#@}" "$(mktemp chunk.XXXXXX)" ;; esac
		done
		exec "$BUILD/ml-fetch" "$@"
	END
	chmod +x bin/ml-fetch
	run -0 "$ROOT/scripts/ml-sync-http" team.jsonl "$url" "${member[@]}"
	same_set team.jsonl $log
	[ "$(ls chunk.* | wc -l)" -ge 5 ]
	[ "$(ls chunk.* | wc -l)" -le 8 ]
	same <(ml-delta team.jsonl | sort) <(sort chunk.*)
	for part in chunk.*; do
		[ "$(wc -c <"$part")" -lt 1200000 ]
		tail -n 1 "$part" | grep -qE '"g":"[^"]{86}"\}$|^\{"a":"plain"'
	done
}

@test "ml-sync-http: usage, and what is wrong with it: status 2" {
	for operands in '' 'log'; do
		# shellcheck disable=SC2086 # none or one
		run -2 ml-sync-http $operands
		same <(echo 'usage: ml-sync-http LOG URL [ml-fetch options]') <(echo "$output")
	done
	run -2 ml-sync-http log file:///etc/passwd
	same <(echo 'ml-sync-http: URL: not http:// or https://') <(echo "$output")
	run -2 ml-sync-http none/log http://127.0.0.1:1
	echo text >text
	run -2 ml-sync-http text http://127.0.0.1:1
	[[ $output == 'ml-fetch: '* ]] || [[ $output == 'ml-frontier: '*'not a log'* ]]
	start
	run -2 contact new.jsonl --no-such-option
	url=$url/none
	run -2 contact new.jsonl
	[ ! -e new.jsonl ]
	# no server there
	stop
	run -111 contact new.jsonl -r 0
	[ ! -e new.jsonl ]
}

@test "ml-sync-http: a log by a link, with odd letters, in another folder" {
	start
	events base 1 3 >$log
	mkdir "a b" links
	ln -s "../a b/-x \$(touch y)'.jsonl" links/log
	run -0 contact links/log
	[ -z "$output" ]
	same_set "a b/-x \$(touch y)'.jsonl" $log
	[ ! -e y ]
	[ "$(ls links)" = log ]
	cd "a b"
	member=(--cacert ../camp/teams/ca.pem -H @../camp/teams/token)
	run -0 contact "-x \$(touch y)'.jsonl"
	[ ! -e y ]
}

@test "ml-sync-http: with nothing open" {
	start
	events base 1 3 >$log
	for closed in '2>&-' '<&- >&-' '<&- >&- 2>&-'; do
		ml-emit -a team_a field.jsonl note R-1 x >/dev/null
		ml-emit -a base $log note R-1 x >/dev/null
		eval "contact field.jsonl $closed" || { echo "$closed"; false; }
		same_set field.jsonl $log
	done
}

# liar FRONTIER VERDICTS: a server that says these, whatever it is asked or sent
liar() {
	mkdir -p www
	cat >www/camp.cgi <<-'END'
		#!/bin/sh
		printf 'Content-Type: text/plain\r\n\r\n'
		case "$REQUEST_METHOD $PATH_INFO" in
		'GET /frontier') cat frontier ;;
		'POST /events') cat verdicts ;;
		esac
	END
	chmod +x www/camp.cgi
	printf '%b\n' "$1" >www/frontier
	printf '%b\n' "$2" >www/verdicts
	cat >www.conf <<-'END'
		server.modules = ( "mod_cgi", "mod_alias" )
		server.document-root = env.PWD + "/www"
		server.bind = env.CAMP_HOST
		server.port = env.CAMP_PORT
		server.systemd-socket-activation = "enable"
		alias.url = ( "/camp/" => env.PWD + "/www/camp.cgi/" )
		cgi.assign = ( "camp.cgi" => "" )
	END
	: >port
	begin listening lighttpd -D -f www.conf >port 2>www.said
	patiently [ -s port ]
	url=http://127.0.0.1:$(cat port)/camp
}

@test "ml-sync-http: a server that is none, or lies, does no harm" {
	events team_a 1 3 >team.jsonl
	cp team.jsonl before
	while IFS='|' read -r frontier wanted; do
		liar "$frontier" 'refused\tteam_a\t1\t0\t\033[2J\007 no'
		run ml-sync-http team.jsonl "$url" -r 0
		[ "$status" = "$wanted" ] || { echo "$frontier: $status: $output"; false; }
		run -1 grep -q $'[\033\007\177]' <<<"$output"
		same before team.jsonl
		kill "$last"
	done <<-'END'
	x|2
	|2
	{"t":"frontier","f":{"a":1}} x|2
	{"t":"frontier","f":{"team_a":-1},"h":{}}|2
	{"t":"frontier","f":{"\033[2J":9},"h":{}}|2
	{"t":"frontier","f":{"\0177[2J":9},"h":{}}|1
	{"t":"frontier","f":{"a":9},"h":{}}|1
	{"t":"frontier","f":{"team_a":3},"h":{"team_a":"00000000000000000000000000000000"}}|1
	{"t":"frontier","f":{"},\\"h\\":{":9, "\\\\":1},"h":{}}|1
	END
	# says that all was taken, and has it not
	liar '{"t":"frontier","f":{},"h":{}}' ''
	run -1 ml-sync-http team.jsonl "$url"
	same <(echo 'ml-sync-http: team.jsonl: not taken there: "team_a": see ml-check') <(echo "$output")
}

@test "ml-sync-http: a base that has ever so many feeds and gives none of them" {
	printf '#!/bin/sh\necho >>%s\nexec "%s" "$@"\n' "$PWD/calls" "$BUILD/ml-delta" >bin/ml-delta
	chmod +x bin/ml-delta
	events team_a 1 3 >team.jsonl
	liar "{\"t\":\"frontier\",\"f\":{$(seq 1000 1499 | sed 's/.*/"&":9/' | paste -sd,)},\"h\":{}}" ''
	run -1 ml-sync-http team.jsonl "$url"
	[ "$(wc -l <calls)" -lt 10 ]
	run -1 ml-sync-http team.jsonl "$url"
	[ "$(wc -l <calls)" -lt 20 ]
}

@test "ml-sync-http: no room here: 111, a reason, and it goes on with room" {
	start
	chain -b 1000 base 1 600 >$log
	run -111 sh -c 'trap "" XFSZ; ulimit -f 0; exec "$@"' - \
	    ml-sync-http new.jsonl "$url" "${member[@]}"
	[ ! -e new.jsonl ]
	mkdir small
	cat >contact <<-'END'
		{ mount -t tmpfs -o size=300k none small || { trap "" XFSZ; ulimit -f 300; }; } 2>/dev/null
		ml-sync-http small/team.jsonl "$@"
		status=$?
		cat small/team.jsonl >came
		exit $status
	END
	local how=-rm
	! unshare -m true 2>/dev/null || how=-m
	run -111 unshare $how sh contact "$url" "${member[@]}"
	grep -q '^ml-sync-http: .*[a-z]' <<<"$output"
	[ "$(wc -l <came)" -gt 100 ]
	head -n "$(wc -l <came)" $log | cmp - <(head -n "$(wc -l <came)" came)
	cp came team.jsonl
	run -0 contact team.jsonl
	same_set $log team.jsonl
}
