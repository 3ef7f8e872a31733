load helper
load web

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	export ML_CLOCK_MS=1800000000000
	unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
	web
}

teardown() {
	if [ -n "${BADWEB_PID-}" ]; then kill "$BADWEB_PID" || true; fi
	if [ -n "${TLS_PID-}" ]; then kill "$TLS_PID" || true; fi
}

# fetch OPTION ... URL: with short waits; what it logs to log
fetch() { ml-fetch -w 2 -W 20 -L log "$@"; }

# What was logged, as words on one line.  Then the log begins anew.
events() {
	jq -r .event log | paste -sd ' '
	: >log
}

# is FILE SIZE [VERSION]: a file holds what badweb gives; nothing lies beside it
is() {
	badweb -b "$2" ${3:+"$3"} | cmp - "$1"
	[ "$(ls -d "$1"*)" = "$1" ]
}

# says LINE: nothing but this on stderr
says() { same <(echo "ml-fetch: $1") <(echo "$stderr"); }

# until_it COMMAND: it succeeds soon
until_it() { until "$@"; do read -rt 0.02 <> <(:) || true; done; }

@test "fetch: a body on stdout, in a file, and what is logged of it" {
	run -0 --separate-stderr ml-fetch "$WEB/?body=hello"
	[ "$output$stderr" = hello ]
	fetch -o file "$WEB/?size=100000"
	is file 100000
	same <(echo 'timestamp event url status latency_ms') <(jq -r 'keys_unsorted | join(" ")' log)
	same <(echo "2027-01-15T08:00:00.000Z success $WEB/?size=100000 200 number") \
		<(jq -r '"\(.timestamp) \(.event) \(.url) \(.status) \(.latency_ms | type)"' log)
	run -0 ml-fetch -o - "$WEB/?body=dash"
	[ "$output" = dash ]
}

@test "fetch: the document's matrix, event by event" {
	while IFS='|' read -r status options url wanted; do
		# shellcheck disable=SC2086 # several words
		run -"$status" --separate-stderr fetch -t 20 --slow 19000 -r 2 -k Herman -k whale -k foo $options "$WEB/$url"
		same <(echo "$url: $wanted") <(echo "$url: $(events)")
	done <<-'EOT'
	0||a?body=x|success
	0|--slow 20|b?body=x&delay=30|success slow_response
	0||c?body=Herman|success body_match
	0|--slow 20|d?body=whale+Herman&delay=30|success slow_response body_match body_match
	1||e?status=400|client_error
	1||f?status=404&said=30|client_error
	1||g?status=301|client_error
	0||h?status=503&times=1|server_error retry success
	111||i?status=500|server_error retry server_error retry server_error max_retries
	111|-t 0.1|j?before=hang|timeout retry timeout retry timeout max_retries
	111||k?before=close|connection_error retry connection_error retry connection_error max_retries
	0||l?before=reset&times=2|connection_error retry connection_error retry success
	1||m?status=404&body=Herman|client_error
	111||n?status=429|client_error
	EOT
	# nothing listens there
	run -111 fetch -r 1 http://127.0.0.1:1/
	same <(echo 'connection_error retry connection_error max_retries') <(events)
}

@test "fetch: the members of each line are those of the document" {
	run -111 fetch -r 1 "$WEB/?status=503"
	run -111 fetch -r 1 -t 0.1 "$WEB/?before=hang"
	run -111 fetch -r 1 "$WEB/?before=close"
	fetch -k e -k l --slow 0 "$WEB/?body=hello" >/dev/null
	run -1 fetch "$WEB/?status=403"
	jq -r 'del(.timestamp, .url, .latency_ms, .error, .wait_ms) | tojson' log >got
	cat >wanted <<-'EOT'
	{"event":"server_error","status":503,"attempt":1}
	{"event":"retry","attempt":2,"reason":"server_error"}
	{"event":"server_error","status":503,"attempt":2}
	{"event":"max_retries","attempts":2,"last_error":"HTTP status 503"}
	{"event":"timeout","attempt":1,"timeout_sec":0.1}
	{"event":"retry","attempt":2,"reason":"timeout"}
	{"event":"timeout","attempt":2,"timeout_sec":0.1}
	{"event":"max_retries","attempts":2,"last_error":"timeout after 0.1 s"}
	{"event":"connection_error","attempt":1}
	{"event":"retry","attempt":2,"reason":"connection_error"}
	{"event":"connection_error","attempt":2}
	{"event":"max_retries","attempts":2,"last_error":"Empty reply from server"}
	{"event":"success","status":200}
	{"event":"slow_response"}
	{"event":"body_match","keyword":"e"}
	{"event":"body_match","keyword":"l"}
	{"event":"client_error","status":403}
	EOT
	same wanted got
	same <(echo 'timestamp,event,url,attempt,wait_ms,reason') \
		<(jq -r 'select(.event == "retry") | keys_unsorted | join(",")' log | sort -u)
	# as the document spells them, one object a line
	grep -qx '{"timestamp": "2027-01-15T08:00:00.000Z", "event": "server_error", "url": "[^"]*", "status": 503, "attempt": 1}' log
	[ "$(jq -s length log)" -eq "$(wc -l <log)" ]
}

@test "fetch: the summary of many addresses" {
	# libcurl itself tries again where a connection in use was shut: that one first
	printf '%s\n' "$WEB/shut?before=close&times=1" "$WEB/slow?body=x&delay=700" "$WEB/gone?status=404" \
		"$WEB/ill?status=503" "$WEB/once?status=500&times=1" "$WEB/mute?before=hang" "$WEB/ok"{1,2,3}?body=x >list
	run -111 fetch -S summary -t 1.2 -r 1 -j 9 --slow 650 <list
	cat >wanted <<-'EOT'
	{
	    "total_urls": 9,
	    "successful": 6,
	    "failed": 3,
	    "total_requests": 13,
	    "retries": 4,
	    "avg_latency_ms": ?,
	    "slow_responses": 1,
	    "by_status": {
	        "200": 6,
	        "404": 1,
	        "503": 1
	    },
	    "by_error": {
	        "timeout": 2,
	        "connection": 1
	    }
	}
	EOT
	same wanted <(sed -E 's/[0-9]+\.[0-9]/?/' summary)
	web_over
	[ "$(asked true)" -eq "$(jq .total_requests summary)" ]
	run -0 --separate-stderr ml-fetch -S - </dev/null
	same <(echo '{"total_urls":0,"successful":0,"failed":0,"total_requests":0,"retries":0,"avg_latency_ms":0.0,"slow_responses":0,"by_status":{},"by_error":{"timeout":0,"connection":0}}') <(jq -c . <<<"$stderr" | sed 's/"avg_latency_ms":0,/"avg_latency_ms":0.0,/')
}

@test "fetch: waits grow as the document says, by the jitter that is wanted" {
	waits() { jq -r 'select(.event == "retry").wait_ms' log | paste -sd ' ' && : >log; }
	run -111 fetch --jitter 0 -w 1 -W 5 -m 2 -r 5 "$WEB/?status=500"
	same <(echo '1 2 4 5 5') <(waits)
	run -111 fetch -w 10 -W 25 -r 3 "$WEB/?status=500"
	jq -se 'map(select(.event == "retry").wait_ms) | .[0] >= 10 and .[0] <= 11 and .[1] >= 20 and .[1] <= 22 and .[2] == 25' log
	: >log
	for jitter in 10 full decorrelated; do
		run -111 fetch --jitter $jitter --seed 7 -w 3 -r 4 "$WEB/?status=500"
		waits >first
		run -111 fetch --jitter $jitter --seed 7 -w 3 -r 4 "$WEB/?status=500"
		same first <(waits)
		run -111 fetch --jitter $jitter --seed 8 -w 3 -r 4 "$WEB/?status=500"
		run -1 same first <(waits)
	done
}

@test "fetch: a cut body goes on where it was cut, in a file and in a pipe" {
	fetch -o file "$WEB/file?size=300000&cut=65536"
	is file 300000
	# four cuts, though there are three retries: each brought something
	same <(echo 'connection_error retry connection_error retry connection_error retry connection_error retry success') <(events)
	fetch "$WEB/pipe?size=300000&cut=65536" | cmp - file
	fetch "$WEB/reset?size=300000&reset=100000" | cmp - file
	fetch -t 1 "$WEB/stall?size=300000&stall=200000" | cmp - file
	fetch "$WEB/coded?size=300000&chunked=5000&cut=65536" | cmp - file
	fetch "$WEB/thin?size=9000&cut=400" | cmp -n 9000 - file
	fetch "$WEB/dated?size=300000&cut=100000&etag=no" | cmp - file
	fetch -r 20 "$WEB/short?size=300000&cut=100000&range=short" | cmp - file
	fetch "$WEB/bare?size=300000&cut=100000&range=total" | cmp - file
	web_over
	for name in file pipe coded dated; do
		# no byte twice, but for what was on its way when it was cut
		[ "$(sent ".target | startswith(\"/$name\")")" -le 315000 ]
	done
	[ "$(jq -r 'select(.target // "" | startswith("/pipe")) | select(.what == "request") | .range // empty' web.log | head -1)" = bytes=65536- ]
}

@test "fetch: no validator, or no ranges: all of it once more, and nothing twice in a pipe" {
	badweb -b 200000 >wanted
	for how in 'etag=no&modified=no' 'etag=weak' 'range=ignore' 'range=416' 'range=wrong' 'range=bare' 'range=other'; do
		fetch -o file "$WEB/file?size=200000&cut=150000&times=1&$how"
		cmp file wanted
		fetch "$WEB/pipe?size=200000&cut=150000&times=1&$how" >got || { cat log; false; }
		cmp got wanted || { echo "$how"; false; }
	done
	# nobody can do that if each try is cut before it is over
	run -111 --separate-stderr fetch -o never -r 2 "$WEB/never?size=200000&cut=150000&range=ignore"
	[ "$(asked '.target | startswith("/never")')" -eq 3 ]
	[ ! -e never ]
}

@test "fetch: pieces of every kind come together" {
	for how in 'range=short' 'chunked=7000&range=total' 'chunked=7000&range=short' '2.range=ignore&2.cut=50000' '2.before=close' '2.status=503' '2.status=416' '2.range=wrong' '3.range=bare&3.before=reset'; do
		badweb -b 300000 >wanted
		fetch -o file "$WEB/file?size=300000&1.cut=100000&$how"
		is file 300000
		fetch "$WEB/pipe?size=300000&1.cut=100000&$how" | cmp - wanted || { echo "$how"; cat log; false; }
	done
}

@test "fetch: what has changed meanwhile is begun anew, or said" {
	fetch -o file "$WEB/file?size=200000&cut=150000&times=1&change=1"
	is file 200000 2
	for how in '' '&etag=no&modified=no' '&etag=weak' '&if-range=ignore'; do
		run -111 --separate-stderr fetch -S summary "$WEB/pipe?size=200000&cut=150000&times=1&change=1$how"
		says "$WEB/pipe?size=200000&cut=150000&times=1&change=1$how: it has changed between two tries: what was printed is of the old one"
		[ "$(tail -1 log | jq -r .event,.error | paste -sd:)" = 'failed:it has changed between two tries: what was printed is of the old one' ]
	done
	# one that honours a range of what has changed does not deceive
	fetch -o file "$WEB/deceit?size=200000&cut=150000&times=1&change=1&if-range=ignore"
	is file 200000 3
}

@test "fetch: nothing of an error lands in a file, nor half of a body" {
	echo old >file
	chmod 600 file
	run -111 fetch -r 1 -o file "$WEB/?status=500&said=3000"
	run -1 fetch -o file "$WEB/?status=404&said=3000"
	run -111 fetch -r 0 -o file "$WEB/?size=9000&cut=4000"
	[ "$(cat file)" = old ]
	# nor may others read what comes, while it comes
	run -111 ml-fetch -r 0 -o file "$WEB/?size=9000&cut=4000"
	[ "$(stat -c %a file.part file.part.http)" = $'600\n600' ]
	chmod 444 file
	ml-fetch -o file "$WEB/?size=50"
	[ "$(stat -c %a file)" = 444 ]
	run -1 ml-fetch -o new "$WEB/?status=404&said=100"
	[ ! -e new ]
	run -1 --separate-stderr ml-fetch "$WEB/?status=404&said=100"
	[ -z "$output" ]
}

@test "fetch: lengths that lie" {
	# behind the last byte there is nothing: it was whole
	for how in 'length=%2B100' 'length=%2B100&times=1'; do
		fetch -o file "$WEB/?size=5000&$how"
		is file 5000
		fetch "$WEB/?size=5000&$how" | cmp - file
		rm file
	done
	# what has no body needs none
	fetch -r 0 -o file "$WEB/?status=204&header=Content-Length:%205"
	[ ! -s file ]
	rm file
	run -111 fetch -r 2 -o file "$WEB/?size=5000&length=%2B100&etag=no&modified=no"
	[ ! -e file ]
	fetch -o file "$WEB/?size=5000&length=no"
	is file 5000
	for how in 'length=12x' 'line=HTTP/1.1+abc' 'line=nonsense' 'junk=70000' 'chunked=100&chunk=zz' 'chunked=100&end=no&etag=no&modified=no'; do
		run -111 fetch -r 1 -t 1 -o bad "$WEB/?size=5000&$how"
		[ ! -e bad ] || { echo "$how"; false; }
	done
	[[ $(jq -r 'select(.event == "max_retries").last_error' log) = *'headers of over 64 KiB'* ]]
}

@test "fetch: Retry-After, in seconds and as a date, by the server's clock" {
	fetch "$WEB/?status=503&retry-after=0.01&times=1"
	fetch --retry-after 0.01 "$WEB/?status=503&retry-after=3&times=1"
	fetch --retry-after 0.01 "$WEB/?status=429&retry-after=99999999999999999999&times=1"
	fetch --retry-after 0.01 "$WEB/?status=503&retry-after=@7&times=1&skew=5000"
	fetch "$WEB/?status=503&retry-after=@-7&times=1"
	same <(printf '%s\n' 'server_error null' 'server_error 3000' 'client_error 1000000000000' 'server_error 7000' 'server_error 0') \
		<(jq -r 'select(.event == "retry") | "\(.reason) \(.retry_after_ms)"' log)
	jq -se 'map(select(.event == "retry").wait_ms) | .[1] == 10 and .[2] == 10 and .[3] == 10' log
	run -111 --separate-stderr fetch --deadline 2 "$WEB/late?status=503&retry-after=9"
	says "$WEB/late?status=503&retry-after=9: HTTP status 503: not done by the deadline"
}

@test "fetch: one deadline over tries, waits and bodies" {
	run -111 --separate-stderr fetch --deadline 0.3 -t 0 "$WEB/hang?before=hang"
	[[ $stderr =~ ^"ml-fetch: $WEB/hang?before=hang: timeout after "[0-9.]+" s: not done by the deadline"$ ]]
	same <(echo 'timeout failed') <(events)
	# a wait that would end behind it is not begun
	run -111 --separate-stderr fetch --deadline 8 -r 1000 -w 10 -m 1000 -W 100000 "$WEB/ill?status=500"
	says "$WEB/ill?status=500: HTTP status 500: not done by the deadline"
	run -111 --separate-stderr fetch --deadline 0.3 -t 0 -o file "$WEB/drip?size=99999&drip=1"
	[[ $stderr =~ ^"ml-fetch: $WEB/drip?size=99999&drip=1: timeout after "[0-9.]+" s: not done by the deadline"$ ]]
	[ ! -e file ]
}

@test "fetch: a body that comes too slowly has stalled" {
	run -111 --separate-stderr fetch -r 1 -t 0 --stall 1000/0.2 "$WEB/?size=99999&drip=10&every=20"
	same <(echo 'timeout retry timeout max_retries') <(jq -r .event log | paste -sd ' ')
	[ "$(jq -s '.[0].timeout_sec' log)" = 0.2 ]
	fetch -t 0 --stall 1/20 "$WEB/?size=50&drip=10&every=20" >/dev/null
}

@test "fetch: a size that is too large, said or not" {
	for how in '' '&length=no' '&chunked=500'; do
		run -1 --separate-stderr fetch --max-size 2k -o file "$WEB/?size=3000$how"
		says "$WEB/?size=3000$how: larger than --max-size"
		[ "$(ls file* 2>/dev/null)" = '' ]
	done
	fetch --max-size 3k -o file "$WEB/?size=3000&length=no"
	is file 3000
	run -1 --separate-stderr fetch --max-size 1M "$WEB/?size=endless"
	[[ $stderr = *': larger than --max-size' ]]
	# an error's body is not read for ever
	run -1 fetch -t 0 "$WEB/?status=404&said=9999999&drip=70000"
}

@test "fetch: the hash that is wanted, or no file" {
	sum=$(badweb -b 5000 | sha256sum | cut -d ' ' -f 1)
	fetch --sha256 "$sum" -o file "$WEB/?size=5000&cut=2000"
	is file 5000
	# a server that lies of its ranges or lengths is found out
	for how in 'cut=2000&times=1&range=lie' 'length=-1000&times=1' '1.cut=2000&change=1&if-range=ignore&etag=same&modified=same&body='; do
		case $how in *body=) want=$(badweb -b 5000 3 | sha256sum | cut -d ' ' -f 1) how=${how%&*} ;; *) want=$sum ;; esac
		fetch --sha256 "$want" -o file "$WEB/?size=5000&$how" || { echo "$how"; cat log; false; }
		[ "$(sha256sum <file)" = "$want  -" ]
		rm file
	done
	run -1 --separate-stderr fetch --sha256 "${sum//[0-7]/8}" -o file "$WEB/?size=5000"
	says "$WEB/?size=5000: its SHA-256 is another than --sha256"
	[ "$(ls file* 2>/dev/null)" = '' ]
	run -1 fetch --sha256 "${sum//[0-7]/8}" "$WEB/?size=5000"
	# also where the server would say that nothing has changed
	fetch -c --sha256 "$sum" -o file "$WEB/?size=5000"
	run -1 fetch --changed --sha256 "$sum" -o file "$WEB/?size=5000"
	run -1 --separate-stderr fetch -c --sha256 "${sum//[0-7]/8}" -o file "$WEB/?size=5000"
	says "$WEB/?size=5000: its SHA-256 is another than --sha256"
	badweb -b 5000 | tr '\0-\377' '\1-\377\0' >file
	fetch --changed --sha256 "$sum" -o file "$WEB/?size=5000"
	badweb -b 5000 | cmp - file
}

@test "fetch: what is unchanged is not fetched again" {
	fetch -c -S summary -o file "$WEB/?size=5000"
	[ "$(jq -c .by_status summary)" = '{"200":1}' ]
	touch -d @1000 file
	fetch -c -S summary -o file "$WEB/?size=5000"
	[ "$(jq -c .by_status summary)" = '{"304":1}' ]
	[ "$(stat -c %Y file)" -eq 1000 ]
	# what a run that failed behind its end has left
	echo x >file.part.http
	ml-fetch -c -o file "$WEB/?size=5000"
	[ ! -e file.part.http ]
	same <(echo 'success success') <(events)
	# what a POST brings, if the same is sent
	for text in one one two; do
		fetch -c -d $text -S summary -o posted "$WEB/posted?size=500"
		jq -c .by_status summary
	done >statuses
	same <(printf '%s\n' '{"200":1}' '{"304":1}' '{"200":1}') statuses
	: >log
	# by a date where there is no ETag; of another address nothing is known
	fetch -c -o dated "$WEB/dated?size=5000&etag=no"
	fetch -c -o dated -S summary "$WEB/dated?size=5000&etag=no"
	[ "$(jq -c .by_status summary)" = '{"304":1}' ]
	fetch -c -S summary -o file "$WEB/other?size=5000"
	[ "$(jq -c .by_status summary)" = '{"200":1}' ]
	# nor of a file that another has written, or removed, or fetched without -c
	echo more >>file
	fetch -c -S summary -o file "$WEB/other?size=5000"
	[ "$(jq -c .by_status summary)" = '{"200":1}' ]
	tr a b <file >as-long
	cat as-long >file
	touch -d @4000000000 file
	fetch -c -S summary -o file "$WEB/other?size=5000"
	[ "$(jq -c .by_status summary)" = '{"200":1}' ]
	badweb -b 5000 | cmp - file
	rm file
	fetch -c -o file "$WEB/other?size=5000"
	badweb -b 5000 | cmp - file
	fetch -o file "$WEB/other?size=5000"
	is file 5000
	# a 304 that nobody asked for is none
	run -1 fetch -o new "$WEB/?status=304"
	fetch -c -o new "$WEB/changes?size=700&change=1"
	fetch -c -o new "$WEB/changes?size=700&change=1"
	badweb -b 700 2 | cmp - new
}

@test "fetch: whether anything has changed, by the status" {
	fetch --changed -o file "$WEB/?size=5000"
	is_unchanged() { run -1 --separate-stderr fetch --changed "$@" && [ -z "$output$stderr" ]; }
	is_unchanged -o file "$WEB/?size=5000"
	is_unchanged -c -o file "$WEB/?size=5000"
	same <(printf '200\n304\n304\n') <(jq .status log)
	# -c alone does not ask
	fetch -c -o file "$WEB/?size=5000"
	badweb -b 5000 | cmp - file
	# without anything to know it by it has changed
	for _ in 1 2; do
		fetch --changed -o bare "$WEB/bare?size=5000&etag=no&modified=no"
		fetch --changed "$WEB/?size=5000" | cmp - file
	done
	# of several one that has changed is enough; where nothing is asked for nothing is unchanged
	printf '%s\t%s\n' "$WEB/a?size=10" a "$WEB/b?size=20" b >list
	fetch --changed -j 2 <list
	is_unchanged <list
	is_unchanged -j 2 <list
	printf '%s\t%s\n' "$WEB/c?size=30" c >>list
	fetch --changed <list
	is_unchanged <list
	fetch --changed </dev/null
	# what fails has its own status
	for n in 1 2; do
		run -1 --separate-stderr fetch --changed <<<"$(cat list; echo "$WEB/gone?status=404")"
		says "$WEB/gone?status=404: HTTP status 404"
		run -111 --separate-stderr fetch --changed -r 0 <<<"$(cat list; echo "$WEB/ill?status=503")"
		says "$WEB/ill?status=503: HTTP status 503"
		run -2 --separate-stderr fetch --changed <<<"$(cat list; printf '%s\tno/file\n' "$WEB/?size=1")"
		echo more >>a
	done
}

@test "fetch: what a POST sends, and when it is sent again" {
	printf 'line\n\0more' >body
	fetch -d @body "$WEB/a?body=x" >/dev/null
	fetch -d hello "$WEB/a?body=x" >/dev/null
	fetch -d @- "$WEB/a?body=x" <body >/dev/null
	fetch -d '' "$WEB/a?body=x" >/dev/null
	for how in status=503 status=429\&retry-after=0 before=close before=reset cut=300; do
		run -111 --separate-stderr fetch -d hello -S summary "$WEB/once?$how"
		[[ $stderr =~ ^"ml-fetch: $WEB/once?$how: ".+": not sent again: the server may have taken it; see --idempotent"$ ]]
		[[ $how != status* ]] || jq -e --arg how "$how" '.by_status == {($how[7:10]): 1}' summary
		fetch -d hello --idempotent "$WEB/twice?$how&times=1" >/dev/null
	done
	# with a key of one's own
	fetch -d hello -H 'idempotency-Key: mine' "$WEB/mine?status=503&times=1" >/dev/null
	[ "$(asked '(.target | startswith("/mine")) and ."idempotency-key" == "mine"')" = 2 ]
	run -111 --separate-stderr fetch -t 1 -d hello "$WEB/once?before=hang"
	# nothing was sent: no harm in trying again
	run -111 fetch -r 2 -d hello http://127.0.0.1:1/
	[ "$(tail -1 log | jq .attempts)" -eq 3 ]
	run -111 fetch -r 2 -d hello http://name.invalid/
	[ "$(tail -1 log | jq .attempts)" -eq 3 ]
	# libcurl would, on a connection that was in use before
	printf '%s\n' "$WEB/first?body=x" "$WEB/once?before=close&_x=2" >list
	run -111 fetch -d hello <list
	web_over
	same <(printf '%s\n' 10 5 10 0) <(jq -r 'select(.what == "request" and .target == "/a?body=x") | .body' web.log)
	[ "$(asked '.target | startswith("/once")')" -eq 7 ]
	[ "$(asked '.target | startswith("/twice")')" -eq 10 ]
	[ "$(asked '.method == "GET"')" -eq 0 ]
}

@test "fetch: redirects, so many and no more" {
	fetch "$WEB/?hops=3&body=x"
	fetch --max-redirects 3 "$WEB/?hops=3&body=x"
	run -1 --separate-stderr fetch --max-redirects 2 "$WEB/again?hops=3"
	says "$WEB/again?hops=3: HTTP status 302: redirected more often than --max-redirects"
	run -1 --separate-stderr fetch --max-redirects 0 "$WEB/none?hops=1"
	says "$WEB/none?hops=1: HTTP status 302"
	run -1 --separate-stderr fetch "$WEB/loop?hops=99"
	run -1 --separate-stderr fetch "$WEB/?to=ftp://127.0.0.1/x"
	says "$WEB/?to=ftp://127.0.0.1/x: HTTP status 302: redirected to what is no address of http:// or https://"
	run -1 fetch "$WEB/?to=file:///etc/passwd"
	# a POST becomes a GET, or stays one
	fetch -d x "$WEB/see?status=303&to=/got" >/dev/null
	fetch -d x "$WEB/keep?status=307&to=/kept" >/dev/null
	web_over
	[ "$(asked '.target == "/got" and .method == "GET"')" -eq 1 ]
	[ "$(asked '.target == "/kept" and .method == "POST" and .body == 1')" -eq 1 ]
}

@test "fetch: headers and passwords go to whom they are meant for alone" {
	printf 'Authorization: Bearer s3cret\r\n\nX-Team: 7\n' >secret
	fetch -H @secret -H 'Cookie: s3cret' "$WEB/one?to=/same" >/dev/null
	fetch -H 'Cookie: s3cret' "http://me:s3cret@${WEB#http://}/two?to=/same" >/dev/null
	# by another name it is another
	fetch -H @secret -H 'Cookie: s3cret' "$WEB/three?to=http://localhost:${WEB##*:}/other" >/dev/null
	fetch -H 'Cookie: s3cret' "http://me:s3cret@${WEB#http://}/four?to=http://localhost:${WEB##*:}/other" >/dev/null
	web_over
	for target in /one /two /same /three /four; do
		[ "$(asked ".target | startswith(\"$target\")")" -ge 1 ]
		[ "$(asked "(.target | startswith(\"$target\")) and (.authorization == null or .cookie != \"s3cret\")")" -eq 0 ]
	done
	[ "$(asked '.target == "/other"')" -eq 2 ]
	[ "$(asked '.target == "/other" and (.authorization != null or .cookie != null)')" -eq 0 ]
	run -1 grep -s s3cret log
	[ "$(grep -c "http://${WEB#http://}/two" log)" -eq 1 ]
}

@test "fetch: a run that was killed is gone on with" {
	for signal in KILL TERM INT; do
		rm -f file*
		ml-fetch -t 0 -o file "$WEB/$signal?size=500000&stall=300000&times=1" 2>err &
		pid=$!
		until_it eval '[ -e file.part ] && [ "$(stat -c %s file.part)" -eq 300000 ]'
		kill -$signal $pid
		status=0
		wait $pid || status=$?
		[ "$signal" = KILL ] || [ "$status" -eq 111 ]
		[ -e file.part.http ]
		[ ! -e file ]
		fetch --resume -o file "$WEB/$signal?size=500000&stall=300000&times=1"
		is file 500000
	done
	# killed behind the last byte, before it was in its place
	ml-fetch -t 0 -o whole "$WEB/whole?size=5000&length=%2B1&stall=5000" 2>err &
	pid=$!
	until_it eval '[ -e whole.part ] && [ "$(stat -c %s whole.part)" -eq 5000 ]'
	kill -KILL $pid
	wait $pid || true
	fetch --resume -o whole "$WEB/whole?size=5000&length=%2B1&stall=5000"
	is whole 5000
	web_over
	same <(echo bytes=300000-) <(jq -r 'select(.what == "request" and .try == 2 and (.target | startswith("/whole") | not)) | .range' web.log | sort -u)
}

@test "fetch: what is left of another body is not gone on with" {
	part() {
		rm -f file*
		run -111 ml-fetch -r 0 -o file "$WEB/$1"
		[ -s file.part ]
		[ -s file.part.http ]
	}
	part 'a?size=9000&cut=5000'
	fetch --resume -o file "$WEB/b?size=8000"
	is file 8000
	part 'c?size=9000&cut=5000&change=1&times=1'
	fetch --resume -o file "$WEB/c?size=9000&cut=5000&change=1&times=1"
	is file 9000 2
	# without --resume all comes anew; a state that is damaged says nothing
	part 'd?size=9000&cut=5000&times=1'
	fetch -o file "$WEB/d?size=9000&cut=5000&times=1"
	is file 9000
	part 'e?size=9000&cut=5000&times=1'
	echo nonsense >file.part.http
	fetch --resume -o file "$WEB/e?size=9000&cut=5000&times=1"
	is file 9000
	# what was not synced before the power failed
	part 'f?size=9000&cut=5000&times=1'
	sed -i 's/^Boot: .*/Boot: 00000000-0000-0000-0000-000000000000/; s/^Size: .*/Size: 2000/' file.part.http
	fetch --resume -o file "$WEB/f?size=9000&cut=5000&times=1"
	is file 9000
	web_over
	same <(printf '%s\n' /c:5000 /f:2000) \
		<(jq -r 'select(.range != null) | "\(.target | sub("[?].*"; "")):\(.range | sub("bytes="; "") | sub("-"; ""))"' web.log)
}

@test "fetch: two runs with one file" {
	ml-fetch -t 0 -o file "$WEB/?size=500000&stall=300000" 2>/dev/null &
	pid=$!
	until_it test -s file.part
	run -111 --separate-stderr fetch -o file "$WEB/other?size=100"
	says "$WEB/other?size=100: file: another run is writing it"
	kill $pid
	status=0
	wait $pid || status=$?
	[ "$status" -eq 111 ]
}

@test "fetch: a budget of retries that runs share" {
	run -111 fetch --budget tokens -r 8 "$WEB/?status=500"
	host=${WEB#http://}
	same <(echo "2 $host") tokens
	run -111 --separate-stderr fetch --budget tokens -r 8 "$WEB/dead?status=500"
	says "$WEB/dead?status=500: HTTP status 500: no retries are left for its host by --budget"
	same <(echo "0 $host") tokens
	: >log
	run -111 fetch --budget tokens -r 8 "$WEB/?status=500"
	same <(echo 'server_error failed') <(events)
	# what gets on costs nothing
	fetch --budget costs-nothing -o file "$WEB/?size=200000&cut=9000"
	same /dev/null costs-nothing
	# other hosts have their own; who answers earns
	run -111 fetch --budget tokens -r 1 http://127.0.0.1:1/
	same <(printf '%s\n' "0 $host" '9 127.0.0.1:1') tokens
	fetch --budget tokens "$WEB/?body=x"
	same <(printf '%s\n' '9 127.0.0.1:1' "1 $host") tokens
	echo 'nonsense' >tokens
	fetch --budget tokens "$WEB/?status=500&times=1"
	same /dev/null tokens
	pids=
	for n in 1 2 3 4 5; do
		ml-fetch -w 1 -W 1 -r 1 --budget tokens "$WEB/$n?status=500" 2>/dev/null &
		pids="$pids $!"
	done
	for pid in $pids; do wait "$pid" || [ $? -eq 111 ]; done
	same <(echo "5 $host") tokens
}

@test "fetch: many at once, and no body in another" {
	for ((n = 0; n < 60; n++)); do echo "$WEB/$n?size=$((n * 700))&delay=$((n % 7))&cut=30000"; done >list
	fetch -j 16 -S summary <list >got
	for ((n = 0; n < 60; n++)); do badweb -b $((n * 700)); done | cmp - got
	[ "$(jq -c '[.total_urls, .successful]' summary)" = '[60,60]' ]
	for ((n = 0; n < 20; n++)); do printf '%s\tout%s.bin\n' "$WEB/f$n?size=$((n * 100))" $n; done | fetch -j 8
	for ((n = 0; n < 20; n++)); do is out$n.bin $((n * 100)); done
	web_over
	# connections are used again
	[ "$(jq -s 'map(.connection) | unique | length' web.log)" -lt 60 ]
}

@test "fetch: lines of stdin, as they come and as they are" {
	printf '%s\n' "$WEB/a?body=1" '' "$WEB/b?body=2	named" 'ftp://x/' "$WEB/c d" "$WEB/e	" 'http://' >list
	run -1 --separate-stderr ml-fetch <list
	[ "$output" = 1 ]
	[ "$(cat named)" = 2 ]
	same <(sed 's/^/ml-fetch: standard input:/' <<-'EOT'
	4: not an address of http:// or https://
	5: an address with a character that has to be written as %XX
	6: no file behind the tab
	7: an address without a host
	EOT
	) <(echo "$stderr")
	# one is fetched while the next is not known yet
	coproc IT { ml-fetch -L live; }
	pid=$IT_PID		# bash forgets it when it has ended
	echo "$WEB/live?body=x" >&"${IT[1]}"
	until_it test -s live
	eval "exec ${IT[1]}>&-"
	wait "$pid"
	# nor is a signal lost when there is nothing to fetch
	coproc IT { exec ml-fetch -L idle; }
	pid=$IT_PID
	until_it test -e idle
	kill "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 111 ]
}

@test "fetch: what is no file is written to, not replaced" {
	fetch -o /dev/null "$WEB/?size=5000"
	[ -c /dev/null ]
	mkfifo fifo
	cat fifo >got &
	fetch -o fifo "$WEB/?size=5000&cut=3000"
	wait $!
	[ -p fifo ]
	badweb -b 5000 | cmp - got
	mkdir there
	ln -s there/file link
	fetch -o link "$WEB/?size=5000"
	[ -L link ]
	is there/file 5000
	run -2 --separate-stderr fetch -o there "$WEB/folder?size=5000"
	says "$WEB/folder?size=5000: there: Is a directory"
	run -2 --separate-stderr fetch -o '' "$WEB/folder?size=5000"
	says "$WEB/folder?size=5000: : No such file or directory"
	mkfifo mine.part
	run -111 --separate-stderr fetch -o mine "$WEB/fifo?size=5000"
	says "$WEB/fifo?size=5000: mine: File exists"
	[ -p mine.part ]
	[ "$(asked '.target | startswith("/folder")')" -eq 0 ]
	run -2 --separate-stderr fetch -o no/file "$WEB/nofolder?size=5000"
	says "$WEB/nofolder?size=5000: no/file: No such file or directory"
}

@test "fetch: what is open already is gone on with, though it is a file" {
	# replaced, it would lose what is in it, and what comes behind
	for name in - /dev/stdout /dev/fd/1 /proc/self/fd/1; do
		{ echo head; ml-fetch -o $name "$WEB/?body=one"; echo; printf '%s\t%s\n' "$WEB/?body=two" $name | ml-fetch; } >file
		ml-fetch -o $name "$WEB/?body=three" >>file
		same <(printf 'head\none\ntwothree') file
	done
	for name in - /dev/stderr /dev/fd/2; do
		{ echo head; ml-fetch -L $name -S $name "$WEB/?body=x" >/dev/null; ml-fetch -S $name "$WEB/?body=x" >/dev/null; echo tail; } >file 2>&1
		same <(printf '%s\n' head success 1 1 tail) <(sed -E 's/.*"event": "(\w+)".*/\1/; s/.*total_urls": (.*),/\1/; /^[ {}]/d' file)
	done
	ml-fetch -S /dev/fd/7 "$WEB/?body=x" 7>file >/dev/null
	jq -e '.successful == 1' file
	run -111 --separate-stderr ml-fetch -o /dev/fd/99 "$WEB/?body=x"
	says "$WEB/?body=x: /dev/fd/99: Bad file descriptor"
	# their order is kept, too
	printf '%s\t/dev/stdout\n' "$WEB/?body=1&delay=100" "$WEB/?body=2" >list
	[ "$(ml-fetch -j 2 <list)" = 12 ]
	mkdir there
	ln -s there/summary link
	for _ in 1 2; do ml-fetch -S link "$WEB/?body=x" >/dev/null; done
	[ -L link ]
	jq -e '.successful == 1' there/summary
}

@test "fetch: a reader that is gone, a disk that is full, a log that cannot be written" {
	run -111 sh -c "ml-fetch '$WEB/?size=500000' >/dev/full"
	[ "$output" = "ml-fetch: $WEB/?size=500000: standard output: No space left on device" ]
	run -111 bash -c "ml-fetch '$WEB/?size=5000000' 2>err | head -c 10 >/dev/null; exit \${PIPESTATUS[0]}"
	run -111 --separate-stderr ml-fetch -L /dev/full "$WEB/?body=x"
	says '/dev/full: No space left on device'
	run -111 --separate-stderr ml-fetch -S /dev/full "$WEB/?body=x"
	says '/dev/full: No space left on device'
	run -2 --separate-stderr ml-fetch -L no/log "$WEB/?body=x"
	(ulimit -f 40; run -111 --separate-stderr ml-fetch -o file "$WEB/?size=500000"
	says "$WEB/?size=500000: file: File too large")
	[ ! -e file ]
	fetch --resume -o file "$WEB/?size=500000"
	is file 500000
	# a slow reader is no slow server
	ml-fetch -t 2 -r 0 "$WEB/?size=30M" | { read -rt 2.5 <> <(:) || true; wc -c; } >count
	[ "$(cat count)" -eq 30000000 ]
}

@test "fetch: progress on a terminal, and nowhere else" {
	for how in '' '-P'; do
		script -qec "ml-fetch $how -t 20 -o file '$WEB/?size=1M&drip=65536&every=30'" /dev/null </dev/null >seen
		grep -qE $'\r[0-9]+ KiB of 976' seen
		tail -c 4 seen | grep -q $'\e\\[K'
	done
	script -qec "echo '$WEB/?size=1M&drip=65536&every=30' | ml-fetch -t 20 >file" /dev/null </dev/null >seen
	grep -qE $'\r[0-9]+ KiB of 976' seen
	script -qec "ml-fetch -t 20 '$WEB/?body=hello'" /dev/null </dev/null >seen
	same <(printf hello) seen
	run -0 --separate-stderr ml-fetch -P -t 20 -o file "$WEB/?size=1M&drip=65536&every=30"
	[ -z "$output$stderr" ]
}

@test "fetch: a log that was cut is gone on with on a line of its own" {
	printf '{"half' >log
	fetch "$WEB/?body=x" >/dev/null
	[ "$(wc -l <log)" -eq 2 ]
	tail -1 log | jq -e '.event == "success"'
}

# tls: a server with TLS behind us, serving this folder; TLS is where
tls() {
	[ -e key.pem ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem \
		-out cert.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
	# one coprocess is all that bash has
	coproc TLS { exec openssl s_server -accept 127.0.0.1:0 -cert cert.pem -key key.pem "$@" 2>tls.err; }
	local line
	until read -r line <&"${TLS[0]}" && [[ $line = ACCEPT\ * ]]; do :; done
	TLS=https://${line#ACCEPT }
}

tls_over() {
	kill "$TLS_PID"
	wait "$TLS_PID" || true
	TLS_PID=
}

@test "fetch: over TLS, of whom it can be sure, and never out of it" {
	printf 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello' >page
	printf 'HTTP/1.1 302 Found\r\nLocation: %s/?body=x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' "$WEB" >out
	tls -HTTP
	run -0 --separate-stderr fetch --cacert cert.pem "$TLS/page"
	[ "$output" = hello ]
	run -1 --separate-stderr fetch "$TLS/page"
	[[ $stderr = *certificate* ]]
	[ -z "$output" ]
	run -1 --separate-stderr fetch --cacert cert.pem "$TLS/out"
	says "$TLS/out: HTTP status 302: redirected from https:// to http://"
	[ "$(asked true)" -eq 0 ]
	fetch --cacert cert.pem "$WEB/?to=$TLS/page"
	for option in cacert cert key; do
		run -2 --separate-stderr fetch --$option none "$TLS/page"
		says 'none: No such file or directory'
	done
	run -2 --separate-stderr fetch --cacert page "$TLS/page"
	says 'page: no certificate or key in PEM'
	openssl ecparam -name prime256v1 -genkey -noout -out other.pem
	# a key of another certificate: OpenSSL says so, GnuTLS fails to connect
	run fetch -r 0 --cacert cert.pem --cert cert.pem --key other.pem "$TLS/page"
	[ "$status" -eq 2 ] || [ "$status" -eq 111 ]
	tls_over
	tls -HTTP -Verify 1 -verify_return_error -CAfile cert.pem
	run -111 --separate-stderr fetch -r 0 --cacert cert.pem "$TLS/page"
	fetch --cacert cert.pem --cert cert.pem --key key.pem "$TLS/page" >got
	same <(printf hello) got
}

@test "fetch: who gets in by what it reads gets no further" {
	mkdir there elsewhere
	body="?body=INTRUDER%20and%20more&1.cut=12"
	run -111 fetch -r 0 -o there/file "$WEB/$body"
	echo prey >elsewhere/prey
	ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0 INTRUDER=$PWD/report PREY=$PWD/elsewhere/prey \
		LD_PRELOAD=$BUILD/help/intruder.so ml-fetch --resume -o there/file "$WEB/$body"
	[ "$(cat there/file)" = 'INTRUDER and more' ]
	ml-emit -a me log.jsonl note R-1 x >/dev/null
	ml-check --sandbox log.jsonl >force
	files=denied calls=denied
	if grep -q 'no Landlock: ' force; then files=done; fi
	if grep -q 'no seccomp: ' force; then calls=done; fi
	same - <(grep -vE 'cut a file|run a program|gain|signal' report | sort) <<-EOT
	parser bound the parent: $calls
	parser call a neighbour: done
	parser call the network: done
	parser date a file: $calls
	parser give a file away: $calls
	parser list a folder: done
	parser make a file: $files
	parser read a file: done
	parser remove a file: $files
	parser share memory: $calls
	parser type into the terminal: $calls
	parser write a file: $files
	EOT
	[ $files = done ] || [ "$(cat elsewhere/prey)" = prey ]
}

@test "fetch: options that are none" {
	run -2 --separate-stderr ml-fetch -x
	[ "${stderr_lines[0]}" = 'ml-fetch: unknown option, or one without its value' ]
	while IFS='|' read -r options message; do
		# shellcheck disable=SC2086 # several words
		run -2 --separate-stderr ml-fetch $options "$WEB/?body=x"
		says "$message"
	done <<-'EOT'
	-t x|-t: not a number in its range
	-t -1|-t: not a number in its range
	-t 0.0001|-t: not a number in its range
	-w 1e3|-w: not a number in its range
	-m 0.5|-m: not a number in its range
	-r 1001|-r: not a whole number in its range
	-j 0|-j: not a whole number in its range
	-j 257|-j: not a whole number in its range
	--max-redirects 51|--max-redirects: not a whole number in its range
	--seed x|--seed: not a whole number in its range
	--jitter 101|--jitter: not a number in its range
	--stall 100|--stall: not BYTES/SECONDS, as 1k/30
	--stall x/1|--stall: not a number of bytes, as 4096, 64k or 1.5M
	--stall 1/0|--stall: not a number in its range
	--max-size 1T|--max-size: not a number of bytes, as 4096, 64k or 1.5M
	--sha256 abc|--sha256: not 64 hex digits
	-H nonsense|-H: not a header, as NAME: VALUE
	-H Range:x|-H: a header that ml-fetch itself sends
	-H @none|none: No such file or directory
	-d @none|none: No such file or directory
	-o file http://x/|-o: names the file of one address
	ftp://x/|URL: not an address of http:// or https://
	http://me:pa/ss@x/|URL: an address with a port that is none
	EOT
	run -2 --separate-stderr ml-fetch -k '' "$WEB/"
	says '-k: not a word of 1 to 256 bytes'
	run -2 --separate-stderr ml-fetch -H $'X: a\nY: b' "$WEB/"
	says '-H: not a header, as NAME: VALUE'
	run -2 --separate-stderr ml-fetch "http://a$(printf '%9000d' 0 | tr ' ' a)/"
	says 'URL: an address of over 8192 bytes'
	# what was read for one thing is not there for the next, and nothing would be done
	for options in '-d @-' '-H @-' "-d @- -H @- $WEB/" "-H @- -H @- $WEB/"; do
		# shellcheck disable=SC2086 # several words
		run -2 --separate-stderr ml-fetch $options <<<'X: y'
		says 'standard input: asked for twice'
	done
	printf 'X-%s: y\n' {1..65} >headers
	run -2 --separate-stderr ml-fetch -H @headers "$WEB/"
	says 'headers:65: more than 64 headers'
	# shellcheck disable=SC2046 # one word each
	run -2 --separate-stderr ml-fetch $(printf -- '-k x%s ' {1..65}) "$WEB/"
	says '-k: more than 64 words'
}

@test "fetch: what a server says reaches a terminal as text" {
	run -1 --separate-stderr fetch "$WEB/"$'caf\u00e9'"?status=404"
	[[ $stderr = *$'caf\u00e9'* ]]
	run -2 --separate-stderr ml-fetch "$WEB/"$'\e[2J'
	run -111 --separate-stderr fetch -r 0 "$WEB/?line=HTTP/1.1+%1b[31m"
	run -1 grep -q $'\e' <<<"$stderr"
	run -1 grep -q $'\e' log
}
