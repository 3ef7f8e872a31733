load helper
load web

# Faults that come one upon another, and those of the machine we run on.

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
	web
}

teardown() { if [ -n "${BADWEB_PID-}" ]; then kill "$BADWEB_PID" || true; fi; }

fetch() { ml-fetch -w 1 -W 5 "$@"; }

# is FILE SIZE [VERSION]: a file holds what badweb gives; nothing lies beside it
is() {
	badweb -b "$2" ${3:+"$3"} | cmp - "$1"
	[ "$(ls -d "$1"*)" = "$1" ]
}

# nothing FILE: there is none, nor anything beside it
nothing() { [ -z "$(ls -d "$1"* 2>/dev/null)" ]; }

@test "fetch: all was there but its end was missing: no byte comes twice" {
	fetch -L log -o file "$WEB/one-run?size=50k&length=%2B100&times=1"
	is file 50k
	fetch "$WEB/pipe?size=50k&length=%2B100&times=1" >piped
	is piped 50k
	run -111 fetch -r 0 -o killed "$WEB/two-runs?size=50k&length=%2B100&times=1"
	[ "$(stat -c %s killed.part)" = 50000 ]
	fetch --resume -S summary -o killed "$WEB/two-runs?size=50k&length=%2B100&times=1"
	is killed 50k
	[ "$(jq -c .by_status summary)" = '{"206":1}' ]
	# another one of that length has come meanwhile
	run -111 fetch -r 0 -o other "$WEB/other?size=50k&length=%2B100&times=1&change=1"
	fetch --resume -o other "$WEB/other?size=50k&length=%2B100&times=1&change=1"
	is other 50k 2
	web_over
	for path in one-run pipe two-runs; do
		[ "$(sent ".target | startswith(\"/$path\")")" = 50000 ]
	done
}

@test "fetch: a range that was refused once is asked for again" {
	fetch -L log -r 3 -o file "$WEB/?size=600k&cut=50k&2.range=416"
	is file 600k
	fetch -L log -r 3 -o file "$WEB/?size=600k&cut=50k&5.range=wrong"
	is file 600k
	# it changes when five pieces are here, after twenty tries of that key
	yes "$WEB/?key=other&body=x" | head -n 15 | fetch >/dev/null
	fetch -L log -r 3 -o file "$WEB/?size=600k&cut=50k&key=other&change=20"
	is file 600k 2
	# there is an end to it
	run -111 fetch -L log -r 3 -o never "$WEB/?size=600k&cut=50k&change=4"
	[ "$(asked '.target | contains("change=4")')" -lt 30 ]
	run -111 fetch -L log -r 3 -o never2 "$WEB/?size=600k&cut=50k&range=ignore"
	[ "$(asked '.target | contains("ignore")')" = 4 ]
}
