load helper
load web

# Faults that come one upon another, and those of the machine we run on.

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
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

@test "fetch: what follows an answer that is none is nobody's body" {
	for to in - file; do
		run -111 --separate-stderr fetch -r 1 -o $to "$WEB/?status=101"
		same <(echo "ml-fetch: $WEB/?status=101: no answer that is one of HTTP") <(echo "$stderr")
		[ -z "$output" ]
		nothing file
	done
}

@test "fetch: a range that is given in pieces, or once not at all" {
	fetch -o file "$WEB/?size=50k&1.cut=20k&range=short"
	is file 50k
	fetch "$WEB/?size=50k&1.cut=20k&2.range=ignore&2.cut=9k" >piped
	is piped 50k
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

@test "fetch: killed at any byte, it goes on from there" {
	for at in 1 70000 300000; do
		url="$WEB/?size=300k&1.stall=$at&1.length=%2B1"
		ml-fetch -t 0 -o file "$url" 3>&- &
		pid=$!
		until [ -e file.part ] && [ "$(stat -c %s file.part)" = $at ]; do
			read -rt 0.01 <> <(:) || true
		done
		kill -9 $pid
		status=0
		wait $pid || status=$?
		[ "$status" = 137 ]
		[ ! -e file ]
		fetch --resume -o file "$url"
		is file 300k
		rm file
	done
	web_over
	for at in 1 70000 300000; do
		[ "$(sent ".target | contains(\"stall=$at&\")")" = 300000 ]
	done
}

@test "fetch: killed right before each of its syncs" {
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0
	fetch -c -o file "$WEB/?size=100k&cut=40k&key=k&change=3"
	for n in {1..9}; do
		cp file before
		status=0
		DISK_STOP=$n DISK_TRACE=$PWD/trace DISK_ROOT=$PWD LD_PRELOAD=$BUILD/help/disk.so \
		    fetch --resume -c -o file "$WEB/?size=100k&cut=40k&key=k&change=3" || status=$?
		[ "$status" = 0 ] || [ "$status" = 137 ]
		[ "$n" -gt 1 ] || [ "$status" = 137 ]
		# what is there is whole, and of one version
		[ "$(stat -c %s file)" = 100000 ]
		sum=$(sha256sum <file)
		for version in {1..20}; do
			[ "$(badweb -b 100k "$version" | sha256sum)" != "$sum" ] || break
		done
		[ "$version" -lt 20 ]
	done
	[ "$status" = 0 ]
}

@test "fetch: each call that can fail, fails: a sample" {
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0:detect_leaks=0
	local calls=open,read,write,flush,fsync,ftruncate,rename,close,flock,unlink,stat,path
	local step=3 n how what
	! grep -q __asan_init "$BUILD/ml-fetch" || step=20	# it is slow to start
	for ((n = 1; n <= 120; n += step)); do
		how=(EIO ENOSPC short)
		for what in "$calls:$n:${how[n / step % 3]}" "malloc:$((n * 30)):ENOMEM"; do
			rm -f file*
			status=0
			FAULT=$what LD_PRELOAD=$BUILD/help/faults.so \
			    fetch -c -L log -S summary -o file "$WEB/?size=90k&cut=40k" 2>said || status=$?
			echo "$what: $status: $(cat said)"
			if [ "$status" = 0 ]; then
				[ -e file ]
			else
				[[ $status =~ ^(2|111)$ && -s said ]]
			fi
			[ ! -e file ] || badweb -b 90k | cmp - file
			fetch --resume -c -o file "$WEB/?size=90k&cut=40k"
			badweb -b 90k | cmp - file
		done
	done
}
