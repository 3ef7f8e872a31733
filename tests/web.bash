# What the tests of HTTP clients share: a web server that breaks on purpose.

# web: badweb behind our back, until the test ends; WEB is where it is, and
# web.log what it was asked for.
web() {
	coproc BADWEB { exec badweb -l web.log 3>&-; }
	local port
	read -r _ port <&"${BADWEB[0]}"
	WEB=http://127.0.0.1:$port
}

# web_over: it ends, so that all of web.log is written
web_over() {
	local pid=$BADWEB_PID
	kill "$pid"
	wait "$pid" || return 1
}

# asked FILTER: how many requests there were for which a filter of jq holds
asked() { jq -s "map(select(.what == \"request\" and ($1))) | length" web.log; }

# sent FILTER: the bytes of bodies that were sent, of such answers (web_over)
sent() { jq -s "map(select(.what == \"answer\" and ($1)).sent) | add // 0" web.log; }
