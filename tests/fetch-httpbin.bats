load helper
load web

# The document's addresses on the real httpbin, which serves all tests here.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	local tries=0
	HOME=$PWD setpriv --pdeathsig TERM gunicorn --worker-class gthread \
	    --threads 32 --worker-tmp-dir "$PWD" --bind 127.0.0.1:0 httpbin:app \
	    </dev/null >httpbin.log 2>&1 3>&- 4>&- &
	echo $! >httpbin.pid
	until grep -q 'Listening at' httpbin.log; do
		kill -0 $! && [ $((tries += 1)) -lt 1200 ] || return 1
		sleep 0.05
	done
	HTTPBIN=$(sed -n 's/.*Listening at: \([^ ]*\) .*/\1/p' httpbin.log)
	export HTTPBIN
}

teardown_file() {
	local pid
	pid=$(cat "$BATS_FILE_TMPDIR/httpbin.pid")
	kill -QUIT "$pid"
	wait "$pid" || true
}

# addresses SEED COUNT: COUNT lines CLASS TAB URL TAB STATUS in the document's
# shares, in an order and with codes and delays that follow from the seed
addresses() {
	awk -v seed="$1" -v count="$2" -v base="$HTTPBIN" '
	function some(share, at_least) {
		share = int(count * share)
		return share > at_least ? share : at_least
	}
	function one_of(list, words) { return words[int(rand() * split(list, words, " ")) + 1] }
	function add(n, class, codes, path,    code) {
		while (n-- > 0) {
			code = one_of(codes)
			line[lines++] = class "\t" base path code
		}
	}
	BEGIN {
		srand(seed)
		add(some(0.50, 0), "fast", "get", "/")
		add(some(0.10, 0), "slow", "1 2", "/delay/")
		add(some(0.15, 0), "client_error", "400 401 403 404", "/status/")
		add(some(0.15, 0), "server_error", "500 502 503", "/status/")
		add(some(0.05, 0), "match", "html", "/")
		add(some(0.05, 1), "slow", "1", "/delay/")
		for (i = lines - 1; i > 0; i--) {
			j = int(rand() * (i + 1))
			t = line[i]; line[i] = line[j]; line[j] = t
		}
		for (i = 0; i < lines; i++) {
			split(line[i], part, "\t")
			n = split(part[2], path, "/")
			print line[i] "?_id=" i "\t" (path[n] ~ /^[345]..$/ ? path[n] : 200)
		}
	}'
}

# The time that lines have is the time of day.
fetch() { env -u ML_CLOCK_MS ml-fetch "$@"; }

@test "httpbin: fifty addresses of the document's, 16 at once" {
	addresses 42 50 >want
	[ "$(wc -l <want)" = 48 ]
	run -111 fetch -j 16 -k Herman -k foo -L log -S summary < <(cut -f2 want)
	judge want log summary 3
}

@test "httpbin: another seed, one after the other" {
	addresses 7 20 | grep -v '/delay/2' >want
	run -111 fetch -k Herman -L log -S summary -w 10 < <(cut -f2 want)
	judge want log summary 3 10
	# in the order in which they were asked for
	same <(cut -f2 want) <(jq -r '.url // empty' log | uniq)
}

@test "httpbin: a timeout, a port where nobody listens, no retries" {
	local closed
	closed=$(nobody)
	printf '%s\n' "timeout	$HTTPBIN/delay/5	0" "connection_error	$closed/get	0" \
	    "server_error	$HTTPBIN/status/503	503" >want
	run -111 fetch -t 2 -r 1 -j 3 -L log -S summary < <(cut -f2 want)
	judge want log summary 1
	rm log
	run -111 fetch -t 2 -r 0 -j 3 -L log -S summary < <(cut -f2 want)
	judge want log summary 0
	run -0 jq -c '[.total_requests, .retries, .by_error]' summary
	[ "$output" = '[3,0,{"timeout":1,"connection":1}]' ]
}

@test "httpbin: what is sent is what it says it got" {
	run -0 --separate-stderr ml-fetch -H 'X-Team: a' -H 'User-Agent: field' "$HTTPBIN/headers"
	jq -e '.headers["X-Team"] == "a" and .headers["User-Agent"] == "field"' <<<"$output"
	printf 'h\303\251llo & %%41' >body
	run -0 --separate-stderr ml-fetch -d @body -H 'Content-Type: text/plain' "$HTTPBIN/post"
	jq -e --rawfile body body '.data == $body' <<<"$output"
}

@test "httpbin: redirects, ranges, tags, credentials" {
	run -0 ml-fetch --max-redirects 5 -o got "$HTTPBIN/redirect/5"
	jq -e '.url | endswith("/get")' got
	run -1 ml-fetch --max-redirects 4 -L log -o none "$HTTPBIN/redirect/5"
	[ ! -e none ]
	run -1 ml-fetch --max-redirects 0 -L log2 -o none "$HTTPBIN/redirect/1"
	[ ! -e none ]
	# its etag has no quotes
	for path in etag/one cache; do
		run -0 ml-fetch --changed -o tagged "$HTTPBIN/$path"
		cp tagged before
		run -1 --separate-stderr ml-fetch --changed -o tagged "$HTTPBIN/$path"
		[ -z "$stderr" ]
		same before tagged
	done
	run -0 --separate-stderr ml-fetch -L log3 "${HTTPBIN/\/\//\/\/me:secret@}/basic-auth/me/secret"
	run -1 ml-fetch -L log3 "${HTTPBIN/\/\//\/\/me:mistake@}/basic-auth/me/secret"
	run -1 grep -e secret@ -e mistake log3
}
