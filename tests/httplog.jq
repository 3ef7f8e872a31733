# The document's rules about logs and summaries, as its validator and its text
# have them: what each address's lines are, in which order, and how they add up.
# It prints what is wrong; judge in web.bash calls it.

# The members of each line, in the order of the examples.
def members: {
	success: ["status", "latency_ms"], slow_response: ["latency_ms"],
	body_match: ["keyword"], client_error: ["status"],
	server_error: ["status", "attempt"],
	timeout: ["attempt", "timeout_sec"], connection_error: ["attempt", "error"],
	retry: ["attempt", "wait_ms", "reason"],
	max_retries: ["attempts", "last_error"]
}[.event] // [];

def ms: (.timestamp[0:19] + "Z" | fromdate) * 1000 +
    (.timestamp[20:23] | tonumber);

def line_is_wrong:
	if (.timestamp | test("^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z$") | not)
	then "timestamp"
	elif (["timestamp", "event", "url"] + members) != keys_unsorted[0:3 + (members | length)]
	then "members"
	elif .event == "success" and (.status < 200 or .status > 299) then "status"
	elif .event == "client_error" and (.status < 400 or .status > 499) then "status"
	elif .event == "server_error" and (.status < 500 or .status > 599) then "status"
	else empty end;

# (error retry)* and an end, as one word of letters.
def letter: {success: "s", slow_response: "l", body_match: "m", client_error: "c",
	server_error: "e", timeout: "e", connection_error: "e", retry: "r",
	max_retries: "x"}[.event] // "?";
def word: map(letter) | join("");

def wanted_word: if . == "fast" then "(er)*sl?"
	elif . == "slow" then "(er)*sl"
	elif . == "match" then "(er)*sl?m"
	elif . == "client_error" then "(er)*c"
	else "(er){\($retries)}ex" end;

# Lines that are wrong beside the one before.
def pair_is_wrong: .[0] as $a | .[1] as $b |
	if $b.event == "slow_response" and ($a.event != "success" or
	    $a.latency_ms != $b.latency_ms or $b.latency_ms <= 500) then "slow"
	elif $a.event == "success" and $a.latency_ms > 500 and
	    $b.event != "slow_response" then "not said to be slow"
	elif $b.event == "retry" and ($b.attempt != $a.attempt + 1 or
	    $b.reason != $a.event) then "retry: attempt or reason"
	elif $b.event == "retry" and ($b.wait_ms < $first * pow(2; $b.attempt - 2) or
	    $b.wait_ms > 1.1 * $first * pow(2; $b.attempt - 2) + 0.01) then "retry: wait"
	elif $a.event == "retry" and ($b | ms) - ($a | ms) < $a.wait_ms - 2 then "retry: too soon"
	elif $b.attempt and $a.event == "retry" and $b.attempt != $a.attempt then "attempt"
	elif $b.event == "max_retries" and ($b.attempts != $a.attempt) then "attempts"
	else empty end;

def mean: if . == [] then 0 else add / length end;
def count(name): map(select(.event == name)) | length;
def tally: group_by(.) | map({key: (.[0] | tostring), value: length}) | from_entries;
def requests: map(select(.event | IN("success", "client_error", "server_error", "timeout", "connection_error")));

[$want | split("\n")[] | select(. != "") | split("\t")] as $want |
($log | map(select(.url))) as $log |
($log | group_by(.url) | map({key: .[0].url, value: .}) | from_entries) as $of |
$summary[0] as $s |
([$want[] | $of[.[1]] // [] | map(select(.status)) | last | .status // empty] | tally) as $by_status |
(
	($log[] | line_is_wrong as $why | "\($why): \(tojson)"),
	($want[] | . as [$class, $url] | ($of[$url] // []) | word as $word |
	    select($word | test("^\($class | wanted_word)$") | not) |
	    "\($class): \($url): \($word)"),
	($want[] | . as [$class, $url, $status] | ($of[$url] // []) |
	    select((map(.status // empty) | last // 0 | tostring) != $status) |
	    "\($url): status"),
	($want[] | . as [$class, $url] |
	    select($class | endswith("error") or . == "timeout") |
	    ($of[$url] // [])[].event |
	    select(. != $class and . != "retry" and . != "max_retries") |
	    "\($url): \(.), not \($class)"),
	($of[] | range(1; length) as $i | [.[$i - 1], .[$i]] |
	    pair_is_wrong as $why | "\($why): \(tojson)"),
	($of | keys[] | . as $url | select($want | map(.[1]) | index($url) | not) |
	    "not asked for: \($url)"),
	({
		total_urls: ($want | length),
		successful: ($log | count("success")),
		failed: (($want | length) - ($log | count("success"))),
		total_requests: ($log | requests | length),
		retries: ($log | count("retry")),
		slow_responses: ($log | count("slow_response")),
		by_status: $by_status,
		by_error: {timeout: ($log | count("timeout")),
		    connection: ($log | count("connection_error"))}
	} | to_entries[] | select($s[.key] != .value) |
	    "summary: \(.key): \($s[.key]), not \(.value)"),
	($log | map(select(.event == "success").latency_ms) | mean |
	    select(. - $s.avg_latency_ms | fabs > 0.1) |
	    "summary: avg_latency_ms: \($s.avg_latency_ms), not \(.)"),
	(["total_urls", "successful", "failed", "total_requests", "retries", "avg_latency_ms",
	    "slow_responses", "by_status", "by_error"] | select(. != ($s | keys_unsorted)) |
	    "summary: \($s | keys_unsorted)")
)
