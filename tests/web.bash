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

# nobody: an address at which no server listens
nobody() {
	local port
	coproc GONE { exec badweb -l /dev/null 3>&-; }
	local pid=$GONE_PID
	read -r _ port <&"${GONE[0]}"
	kill "$pid"
	wait "$pid" || return 1
	echo "http://127.0.0.1:$port"
}

# judge WANT LOG SUMMARY RETRIES [FIRST-MS]: whether a log and a summary are as
# the document wants them; of WANT each line is CLASS TAB URL TAB status at last,
# 0 if none
judge() {
	jq -n -r --rawfile want "$1" --slurpfile log "$2" --slurpfile summary "$3" \
	    --argjson retries "$4" --argjson first "${5-100}" \
	    -f "$ROOT/tests/httplog.jq" >wrong
	same /dev/null wrong
}
