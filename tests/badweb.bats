load helper
load web

# That the broken server is broken as it says, and in no other way: by curl.

get() { curl -sS -m 20 "$@"; }
# head QUERY [ARG ...]: the status and headers of an answer, without its date
head_of() { get -D - -o body "${@:2}" "$WEB/?$1" | tr -d '\r' | grep -v '^Date\|^$'; }
whole() { same <(badweb -b "$1" | sha256sum) <(sha256sum <"$2"); }

@test "badweb: bytes that follow from their place, whole, in parts, in chunks" {
	web
	get -o body "$WEB/?size=300k"
	whole 300k body
	get -o body "$WEB/?size=300k&chunked=777"
	whole 300k body
	get -o body -r 0-65536 "$WEB/?size=300k"
	get -r 65537- "$WEB/?size=300k" >>body
	whole 300k body
	get -o body "$WEB/?size=300k&drip=100k&every=1"
	whole 300k body
	get -o body "$WEB/?body=%41b%0a&_id=7"
	same <(echo Ab) body
	run -22 get -f "$WEB/?sise=3"
}

@test "badweb: validators, ranges, versions" {
	web
	same - <(head_of 'size=10&change=2&key=a' -r 3-) <<-'END'
		HTTP/1.1 206 OK
		Content-Range: bytes 3-9/10
		ETag: "v1"
		Last-Modified: Thu, 01 Jan 2026 00:01:00 GMT
		Accept-Ranges: bytes
		Content-Length: 7
	END
	head_of 'size=10&change=2&key=a' -H 'If-None-Match: "v1"' | grep -q '^HTTP/1.1 304 '
	head_of 'size=10&change=2&key=a' -H 'If-Range: "v1"' -r 3- | grep -q '^HTTP/1.1 200 '
	same <(badweb -b 10 2) body
	head_of 'size=10' -r 10- | grep -qx 'Content-Range: bytes \*/10'
	head_of 'size=10&range=wrong' -r 3- | grep -qx 'Content-Range: bytes 4-9/10'
	head_of 'size=10&range=lie' -r 3- | grep -qx 'Content-Range: bytes 3-9/10'
	same <(badweb -b 7) body
	head_of 'size=10&range=short' -r 3- | grep -qx 'Content-Range: bytes 3-6/10'
	head_of 'size=10&range=other' -r 3- | grep -qx 'Content-Range: bytes 3-9/11'
	head_of 'size=10&range=ignore' -r 3- | grep -q '^HTTP/1.1 200 '
	head_of 'size=10&change=1&if-range=ignore' -H 'If-Range: "v9"' -r 3- | grep -q '^HTTP/1.1 206 '
	run -1 grep -q '^ETag\|^Last-' <(head_of 'etag=no&modified=no')
}

@test "badweb: faults for some of the tries" {
	web
	for n in 1 2 3 4; do
		get -o body -w '%{http_code}\n' "$WEB/?status=503&times=2&after=1&body=well"
	done >got
	same <(printf '%s\n' 200 503 503 200) got
	same <(printf well) body
	for n in 1 2 3; do
		get -o body -w '%{http_code}\n' "$WEB/?key=once&2.status=500&3.body=third"
	done >got
	same <(printf '%s\n' 200 500 200) got
	same <(printf third) body
	head_of 'status=429&retry-after=7' | grep -qx 'Retry-After: 7'
	head_of 'status=429&retry-after=@60' | grep -q '^Retry-After: .*, .* GMT'
	get -L "$WEB/?hops=3&body=there" | same <(printf there) -
	run -47 get -L "$WEB/?hops=endless"
}

@test "badweb: bodies that break off" {
	web
	run -18 get -o body "$WEB/?size=300k&cut=100k"
	whole 100k body
	run -56 get -o body "$WEB/?size=300k&reset=100k"
	run -28 get -y 1 -Y 1 -o body "$WEB/?size=300k&stall=100k"
	whole 100k body
	run -18 get -o body "$WEB/?size=1k&length=%2B5"
	get -o body "$WEB/?size=1k&length=-5"
	whole 995 body
	run -18 get -o body "$WEB/?size=1k&chunked=10&end=no"
	run -56 get -o body "$WEB/?size=1k&chunked=10&chunk=zz"
}

@test "badweb: no answers, and answers that are none" {
	web
	run -52 get "$WEB/?before=close"
	run -56 get "$WEB/?before=reset"
	run -28 curl -sS -m 1 "$WEB/?before=hang"
	run -1 get "$WEB/?line=hello"
	run -56 get "$WEB/?junk=endless"
	run -63 get --max-filesize 1M -o body "$WEB/?size=2M"
}

@test "badweb: its log: each request, each body that was taken, all bytes sent" {
	web
	get -d 0123456789 "$WEB/?before=close&times=1&key=post" || [ $? = 52 ]
	get -d 0123456789 -H 'Idempotency-Key: k' "$WEB/?key=post&body=ok" -o body
	get -o body "$WEB/?size=300k&cut=100k" || [ $? = 18 ]
	[ "$(asked '.method == "POST" and .body == 10')" = 2 ]
	[ "$(asked '."idempotency-key" == "k" and .try == 2')" = 1 ]
	web_over
	[ "$(sent '.target | contains("cut")')" = 100000 ]
	[ "$(sent true)" = 100002 ]
	same <(printf 0123456789 | sha256sum | cut -d' ' -f1) <(jq -r '.sha256 // empty' web.log | sort -u)
}
