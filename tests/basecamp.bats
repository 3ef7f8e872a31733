load helper
load camp

@test "base camp: two teams and a new one come to the same" {
	start
	ml-key new team_a.key >/dev/null
	for n in 1 2 3; do ml-emit -k team_a.key a.jsonl note WP-7 "Visit $n."; done >/dev/null
	ml-emit -a team_b b.jsonl set WP-7 functional no >/dev/null
	ml-emit -a base $log create WP-7 water_point >/dev/null
	for team in a b a new; do
		run -0 contact $team.jsonl
		[ -z "$output" ]
	done
	same_set $log a.jsonl
	same_set $log new.jsonl
	run -0 contact b.jsonl
	same <(ml-view $log) <(ml-view b.jsonl)
	# once more: nothing to do, and nothing is left about
	run -0 contact b.jsonl
	[ -z "$(ls -A b.jsonl.sync)" ]
	patiently spool_is_empty
	[ "$(stat -c %a b.jsonl.sync camp/spool $log | sort -u | paste -sd,)" = 600,700 ]
}

@test "base camp: what it says, by each of its ways" {
	start
	events team_a 1 3 >three
	raw /frontier
	[ "$(status)" = 200 ]
	[ "$(header content-type)" = application/json ]
	same <(echo '{"t":"frontier","f":{},"h":{}}') body
	raw /events --data-binary @three
	[ "$(status)" = 200 ]
	same <(jq -r '"stored\t\(.a)\t\(.s)\t\(.i)"' three) body
	raw /events --data-binary @three
	same <(jq -r '"had\t\(.a)\t\(.s)\t\(.i)"' three) body
	raw /events --data-binary ''
	[ "$(status)" = 200 ]
	same /dev/null body
	raw /frontier
	same <(ml-frontier -m $log) body
	raw /frontier -I
	[ "$(status)" = 200 ]
	[ "$(header content-length)" = "$(ml-frontier -m $log | wc -c)" ]
	for frontier in '{}' '{"team_a":0}' '{"t":"frontier","f":{}}'; do
		raw /frontier -d "$frontier"
		[ "$(status)" = 200 ]
		same three body
	done
	raw /frontier -d '{"team_a":2}'
	same <(tail -1 three) body
	raw /frontier -d '{"team_a":3}'
	[ "$(status)" = 200 ]
	same /dev/null body
	# one that waits for what it follows, and one that is refused
	events team_a 1 5 | tail -1 >fifth
	sed 's/"text":"team_a 2"/"text":"x"/' three | sed -n 2p >>fifth
	raw /events --data-binary @fifth
	[ "$(status)" = 200 ]
	same <(printf '%s\n' held refused) <(cut -f 1 body)
	grep -q "${TAB}id: does not match the content$" body
}

@test "base camp: an etag of both frontiers: unchanged is 304" {
	start
	events team_a 1 3 >$log
	echo '{"team_a":1}' >mine
	for body in '' '-d @mine'; do
		# shellcheck disable=SC2086 # words
		raw /frontier $body
		etag=$(header etag)
		[[ $etag =~ ^\"[0-9a-f]{64}\"$ ]]
		for list in "$etag" "W/$etag" "\"x\", $etag" '*'; do
			raw /frontier $body -H "If-None-Match: $list"
			[ "$(status)" = 304 ]
			[ "$(header etag)" = "$etag" ]
			[ "$(header cache-control)" = no-cache ]
		done
		for list in '"x"' "${etag%?}" "${etag//\"/}"; do
			raw /frontier $body -H "If-None-Match: $list"
			[ "$(status)" = 200 ]
			[ "$(header etag)" = "$etag" ]
		done
		echo "$etag" >>etags
	done
	raw /frontier -d '{"team_a":2}'
	header etag >>etags
	events team_a 1 4 | tail -1 >>$log
	raw /frontier -d @mine
	header etag >>etags
	[ "$(sort -u etags | wc -l)" -eq 4 ]
	# as ml-fetch does it, with what it keeps
	for n in 1 2; do
		ml-fetch -c -L fetch.log -d @mine -o delta "${member[@]}" "$url/frontier"
		same <(events team_a 2 4) delta
	done
	same <(printf '%s\n' 200 304) <(jq .status fetch.log)
}

@test "base camp: a cut delta goes on where it was cut" {
	start
	events team_a 1 200 >$log
	raw /frontier -d '{}'
	etag=$(header etag) size=$(wc -c <body)
	[ "$(header accept-ranges)" = bytes ]
	mv body whole
	for from in 1 700 $((size - 1)); do
		raw /frontier -d '{}' -H "Range: bytes=$from-" -H "If-Range: $etag"
		[ "$(status)" = 206 ]
		[ "$(header content-range)" = "bytes $from-$((size - 1))/$size" ]
		same whole <(head -c "$from" whole; cat body)
	done
	raw /frontier -d '{}' -H "Range: bytes=$size-" -H "If-Range: $etag"
	[ "$(status)" = 416 ]
	[ "$(header content-range)" = "bytes */$size" ]
	# of something else, or asked for in another way: all of it
	for range in "bytes=7-|\"x\"" "bytes=7-9|$etag" "bytes=-7|$etag" "bytes=0-|$etag" "bytes=007-|$etag" \
	    "bytes=7-,9-|$etag" "lines=7-|$etag" "bytes=99999999999999999999-|$etag" 'bytes=$(touch x)-|'"$etag"; do
		raw /frontier -d '{}' -H "Range: ${range%|*}" -H "If-Range: ${range##*|}"
		[ "$(status)" = 200 ]
		same whole body
	done
}

@test "base camp: bad input: 400 and the line; the rest is taken" {
	start
	{ events team_a 1 1; echo junk; events team_a 2 2; echo '{"a":1}'; events team_a 3 3; } >mixed
	raw /events --data-binary @mixed
	[ "$(status)" = 400 ]
	same - body <<-'END'
		line 2: not JSON: no value where one is due
		line 4: s: missing, an event has a seq
		ml-ingest: 3 new, 0 had, 0 held, 2 refused
	END
	same <(events team_a 1 3) $log
	yes junk | head -n 30000 >junk
	raw /events --data-binary @junk
	[ "$(status)" = 400 ]
	[ "$(wc -l <body)" -eq 21 ]
	while IFS='|' read -r frontier why; do
		raw /frontier --data-binary "$frontier"
		[ "$(status)" = 400 ]
		same <(echo "$why") body
	done <<-'EOT'
	|not JSON: it ends too early
	{"a":1|not JSON: it ends too early
	{"a":-1}|not a frontier: a seq that is no integer from 0 to 2^53
	[]|not a frontier: no JSON object
	{} {}|not a frontier: something follows it
	EOT
	# what a terminal would obey comes back as plain text
	printf '{"a":"\\u001b[2J","s":1,"h":[1,0],"k":"x","p":{},"v":"","i":"x"}\n' >escape
	raw /events --data-binary @escape
	[ "$(status)" = 200 ]
	run -1 grep -a $'\033' body
	patiently spool_is_empty
}

@test "base camp: two ways in and no others" {
	start
	events team_a 1 3 >$log
	for path in / /events /frontier/ /frontier/x /events/../../token.conf /camp.cgi /../camp.conf \
	    /%2e%2e/token.conf /events%00 /frontier%0a /../log/camp.jsonl '/$(touch x)' '/;touch x' /'`touch x`'; do
		raw "${path// /%20}"
		[[ $(status) =~ ^(400|403|404|405)$ ]] || { echo "$path: $(status)"; false; }
		run -1 grep -aq -e BEGIN -e 'var.token' -e team_a body
	done
	for method in PUT DELETE PATCH OPTIONS TRACE 'x$(touch${IFS}x)'; do
		for path in /frontier /events; do
			raw $path -X "$method"
			[[ $(status) =~ ^(400|405|501)$ ]] || [ "$method" = OPTIONS ]
		done
	done
	raw /events
	[ "$(status)" = 405 ]
	[ "$(header allow)" = POST ]
	for query in '?' '?a' '?$(touch%20x)' '?-d+allow_url'; do
		raw "/frontier$query"
		[ "$query" = '?' ] || [ "$(status)" = 400 ]
	done
	same <(events team_a 1 3) $log
}

@test "base camp: nothing of a request is a word of the shell or a file's name" {
	start
	events team_a 1 3 >$log
	find camp | sort >before
	for bad in '$(touch x)' '`touch x`' '; touch x' '| touch x' '&& touch x' "' ; touch x ; '" '" ; touch x ; "' \
	    '../../x' '/etc/passwd' '-e' '--help' '* ?' '${IFS}' '%s%n' '() { :; }; touch x' $'a\tb'; do
		for name in Authorization2 Cookie Content-Type User-Agent Host Referer If-None-Match If-Range Range \
		    Accept X-Forwarded-For Proxy Content-Encoding Transfer-Coding CAMP PATH LD-PRELOAD; do
			printf '%s: %s\n' "$name" "$bad"
		done >headers
		grep -v '^Host' headers >most
		raw /frontier -H @most -d '{}'
		[ "$(status)" = 200 ]
		same <(events team_a 1 3) body
		raw /events -H @most --data-binary "$bad"
		[ "$(status)" = 400 ]
		raw /frontier -H "Host: $bad"
		[[ $(status) =~ ^(200|400)$ ]]
		raw /frontier -H "Content-Length: $bad" -d '{}'
		[ "$(status)" = 400 ]
	done
	same <(events team_a 1 3) $log
	patiently spool_is_empty
	find camp | grep -v '\.held$' | sort >after
	same before <(grep -v '\.refused$' after)
	[ -z "$(find . "$CAMP" -name x)" ]
}

# cgi METHOD PATH [NAME=VALUE ...]: the program alone, as another server may run it
cgi() { env -i "PATH=$PATH" "CAMP=$PWD/camp" "REQUEST_METHOD=$1" "PATH_INFO=$2" "${@:3}" "$CAMP/camp.cgi"; }

@test "base camp: a body is bounded, by the server and by the program" {
	start
	head -c 16777217 /dev/zero >large
	for path in /events /frontier; do
		raw $path --data-binary @large
		[ "$(status)" = 413 ]
		raw $path -H 'Transfer-Encoding: chunked' --data-binary @large
		[ "$(status)" = 413 ]
		for length in 16777217 99999999 4294967297 18446744073709551617; do
			run -0 cgi POST $path CONTENT_LENGTH=$length </dev/null
			[[ $output == 'Status: 413 '* ]]
		done
		for length in -1 1x '$(touch x)' '1 2' 0x10; do
			run -0 cgi POST $path CONTENT_LENGTH="$length" </dev/null
			[[ $output == 'Status: 400 '* ]]
		done
	done
	[ ! -e x ]
	[ ! -s $log ]
	# the limit in the configuration is the program's
	[ $(($(sed -n 's/^server.max-request-size = \([0-9]*\).*/\1/p' "$CAMP/camp.conf") * 1024)) -eq \
	    "$(sed -n 's/^body_max=\([0-9]*\).*/\1/p' "$CAMP/camp.cgi")" ]
	# one of just that size is taken
	events team_a 1 3 >fits
	head -c $((16777216 - $(wc -c <fits))) /dev/zero | tr '\0' '\n' >>fits
	raw /events --data-binary @fits
	[ "$(status)" = 200 ]
	[ "$(wc -l <body)" -eq 3 ]
}

@test "base camp: without the token nobody comes in" {
	start
	events team_a 1 3 >three
	token=$(cut -d ' ' -f 3 camp/teams/token)
	for header in 'X: y' 'Authorization:' "Authorization: Bearer" "Authorization: Bearer x$token" \
	    "Authorization: Bearer ${token%?}" "Authorization: Basic $token" "Authorization: Bearer ${token^^}"; do
		curl -sS --http1.1 -o body -w '%{http_code}\n' --cacert camp/teams/ca.pem -H "$header" \
		    --data-binary @three "$url/events" >status
		[ "$(status)" = 403 ]
	done
	[ ! -s $log ]
	# a contact says so, and that it is useless to try again
	run -2 ml-sync-http three "$url" --cacert camp/teams/ca.pem
	same <(echo "ml-fetch: $url/frontier: HTTP status 403") <(echo "$output")
	run -1 grep -rF "$token" camp.said
}

@test "base camp: with certificates: only those of the camp" {
	echo CAMP_ACCESS=certificates >>camp/camp.env
	start
	events team_a 1 3 >team.jsonl
	run -0 ml-sync-http team.jsonl "$url" --cacert camp/teams/ca.pem --cert camp/teams/team_a.pem
	same_set $log team.jsonl
	"$CAMP/new.sh" other 127.0.0.1 team_a
	events team_b 1 3 >b.jsonl
	for cert in '' '--cert other/teams/team_a.pem' '-H @camp/teams/token'; do
		# shellcheck disable=SC2086 # words
		run ml-sync-http b.jsonl "$url" --cacert camp/teams/ca.pem -r 0 $cert
		[ "$status" -ne 0 ]
		[[ $output == "ml-fetch: $url/frontier: "* ]]
	done
	run -1 grep team_b $log
}

@test "base camp: a server that cannot prove itself gets nothing" {
	start
	events team_a 1 3 >team.jsonl
	"$CAMP/new.sh" other 127.0.0.1
	for call in "$url" "$url --cacert other/teams/ca.pem" "${url/127.0.0.1/localhost} --cacert camp/teams/ca.pem" \
	    "${url/https/http} --cacert camp/teams/ca.pem"; do
		# shellcheck disable=SC2086 # words
		run ml-sync-http team.jsonl $call -H @camp/teams/token -r 0
		[ "$status" -ne 0 ]
		[ "$status" -ne 1 ]
	done
	[ ! -s $log ]
}

@test "base camp: one writes at a time; who waited for too long is to come again" {
	start
	events team_a 1 3 >three
	hold_lock $log
	raw /events --data-binary @three
	[ "$(status)" = 503 ]
	[ "$(header retry-after)" = 5 ]
	raw /frontier -d '{}'		# readers need no lock
	[ "$(status)" = 200 ]
	let_go
	raw /events --data-binary @three
	[ "$(status)" = 200 ]
	same three $log
}

@test "base camp: its program is killed at work: the contact tries again, nothing is lost" {
	start
	events team_a 1 3 >team.jsonl
	for victim in ml-ingest camp.cgi; do
		hold_lock $log
		begin_contact team.jsonl
		patiently runs ml-ingest
		kill -9 $(named "$victim")
		let_go
		ends 0
		same_set team.jsonl $log
		ml-emit -a team_a team.jsonl note WP-7 'One more.' >/dev/null
	done
	run -0 contact team.jsonl
	[ -z "$(sort $log | uniq -d)" ]
	# what it left there goes when the server starts
	stop
	start
	patiently spool_is_empty
}

# Each program that runs there is killed when it is started the first time, and
# then who has started it.
# The server ends a program that has said all: here again and again, until it is gone.
@test "base camp: ended as it leaves, its program leaves nothing" {
	events team_a 1 1 >$log
	cat >bin/tail <<-END
		#!/bin/bash
		$(type -P tail) "\$@"
		while kill \$PPID; do :; done >/dev/null 2>&1 &
	END
	chmod +x bin/tail
	export CAMP=$PWD/camp REQUEST_METHOD=POST PATH_INFO=/frontier
	for _ in {1..20}; do
		"$ROOT/examples/base-camp/camp.cgi" <<<'{}' >body || [ $? -eq 1 ]
		same $log <(sed '1,/^\r$/d' body)
	done
	spool_is_empty
}

@test "base camp: whatever runs there is killed, each in its turn: the contact goes on" {
	tools='awk cat grep ml-delta ml-frontier ml-ingest mktemp sed sha256sum tail wc'
	mkdir killers
	for tool in $tools; do
		cat >killers/$tool <<-END
			#!/bin/sh
			! mkdir "$PWD/died/$tool" 2>/dev/null || kill -9 none
			PATH=$PATH exec $tool "\$@"
		END
	done
	chmod +x killers/*
	events base 1 300 >$log
	events team_a 1 300 >team.jsonl
	PATH=$PWD/killers:$PATH start
	for victim in '$$' '$PPID'; do
		sed -i "s/kill -9 .*/kill -9 $victim/" killers/*
		mkdir died
		run -0 contact team.jsonl -r 1000 -w 1 -W 20 --retry-after 0
		same <(tr ' ' '\n' <<<"$tools" | sort) <(ls died | sort)
		same_set team.jsonl $log
		rm -r died
		ml-emit -a team_a team.jsonl note WP-7 'One more.' >/dev/null
		ml-emit -a base $log note WP-7 'One more.' >/dev/null
	done
	run -0 contact team.jsonl
	same_set team.jsonl $log
	[ -z "$(sort $log | uniq -d)" ]
}

# on_small_disk KIB WHAT: the server, where that is on a disk of its own
on_small_disk() {
	local how=-rm
	! unshare -m true 2>/dev/null || how=-m
	cat >small <<-'END'
		cp -r "$2" was && mount -t tmpfs -o size="$1k" none "$2" && cp -r was/. "$2" && shift 2 && exec "$@"
		shift 2; ulimit -f 300; exec "$@"	# where none may be mounted
	END
	: >port
	begin unshare $how sh small "$1" "$2" listening "$CAMP/start.sh" camp >port 2>>camp.said </dev/null
	server=$last
	patiently [ -s port ]
	url=https://127.0.0.1:$(cat port)/camp
}

@test "base camp: its disk is full: 507, what was stored stays, it goes on with room" {
	chain -b 1000 team_a 1 600 >team.jsonl
	on_small_disk 400 camp/log
	run -111 contact team.jsonl -r 1 --retry-after 0
	[[ $output == *'HTTP status 507' ]]
	raw /frontier
	[ "$(status)" = 200 ]
	raw /frontier -d '{}'
	[ "$(status)" = 200 ]
	cp body stored
	same <(head -n "$(wc -l <stored)" team.jsonl) stored
	stop
	# a copy of what was there goes on elsewhere
	cp stored $log
	start
	run -0 contact team.jsonl
	same_set team.jsonl $log
}

@test "base camp: no room for what is in work either: 111, and nothing is lost" {
	chain -b 1000 team_a 1 600 >team.jsonl
	chain -b 1000 base 1 100 >$log
	on_small_disk 300 camp
	run -111 contact team.jsonl -r 1 --retry-after 0
	[[ $output == "ml-fetch: $url/"* ]]	# 5xx, or cut while it sends
	raw /frontier
	[ "$(status)" = 200 ]
	same <(echo '{"t":"frontier","f":{"base":100}}') <(sed 's/,"h".*/}/' body)
	stop
	start
	run -0 contact team.jsonl
	same_set team.jsonl $log
}

@test "base camp: its scripts are sound, and their usage" {
	run -0 shellcheck "$CAMP"/*.sh "$CAMP/camp.cgi" "$ROOT/scripts/ml-sync-http"
	for script in "$CAMP"/*.sh "$CAMP/camp.cgi" "$ROOT/scripts/ml-sync-http"; do
		dash -n "$script"
	done
	run -2 "$CAMP/start.sh" none
	run -2 "$CAMP/new.sh"
	for operands in 'camp host' 'new' 'new host $(id)' 'new host -x' 'new host a/b' 'new ../host'; do
		# shellcheck disable=SC2086 # words
		run -2 "$CAMP/new.sh" $operands
	done
	[ ! -e new ]
	same <(printf '%s\n' 600 700) <(stat -c %a camp camp/*.pem camp/ca.key camp/token.conf camp/teams/* | sort -u)
}

# The shell blocks of its page, one file each.
page_blocks() {
	awk '/^```sh/ { n++; on = 1; next } /^```/ { on = 0 } on { print > ("block." n) }' "$CAMP/README.md"
}

@test "base camp: what its page shows runs as pasted, but for name and port" {
	page_blocks
	ln -s "$CAMP"/*.sh bin/
	rm -rf camp
	sed -i 's/ base / 127.0.0.1 /' block.1
	run -0 sh -eu <(grep new.sh block.1)
	start
	cp camp/teams/token camp/teams/ca.pem .
	events team_a 1 3 >field.jsonl
	sed -i "s,https://base:8443,https://127.0.0.1:$port," block.2
	run -0 sh -eu block.2
	same <(echo '{"t":"frontier","f":{},"h":{}}') <(echo "$output")
	same_set field.jsonl $log
	# the crontab's line is the second one's
	[ "$(grep -c "$(sed -n 's/.*\(ml-sync-http .*\)/\1/p' "$CAMP/README.md" | head -1)" "$CAMP/README.md")" -eq 2 ]
	# and so are those of the manual page, but for the name of the log
	sed -n 's/^\.Dl \(\*.* \* \)\{0,1\}\(ml-sync.*\)/\2/p' "$ROOT/man/ml-sync-http.1" |
		sed "s,https://base:8443,https://127.0.0.1:$port," >calls
	[ "$(wc -l <calls)" -eq 4 ]
	cp camp/teams/team_a.pem .
	grep -v -e --cert <calls >plain
	run -0 sh -eu plain
	same_set new.jsonl $log
	[ -s fetch.log ]
	stop
	echo CAMP_ACCESS=certificates >>camp/camp.env
	start -p "$port"
	run -0 sh -eu <(grep -e --cert calls)
}

@test "bench-camp: each row; nothing stays behind" {
	run -2 "$ROOT/scripts/bench-camp"
	[[ $output == usage:* ]]
	mkdir tmp
	BENCH_TEAMS=3 BENCH_EVENTS=20 TMPDIR=$PWD/tmp run -0 "$ROOT/scripts/bench-camp" "$BUILD"
	same - <(sed 's/  .*//' <<<"$output") <<-'END'
		3 teams at once, 20 new events each
		once more, for what the others brought
		once more, nothing is new
		60 events at the base and at each team, none lost, none twice
	END
	[ -z "$(ls tmp)" ]
}
