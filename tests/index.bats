load helper

# same answers with LOG.index, whatever is in it, and without

# fast LOG: read it, so that its index is there
fast() { ml-frontier "$1" >/dev/null 2>&1; }

# answers LOG [RID ...]: what the readers say, with their statuses, on stdout;
# they are silent on paths
answers() {
	local log=$1 rid
	shift
	ml-frontier "$log" 2>&1 || echo "status $?"
	ml-delta "$log" 2>/dev/null | cksum
	echo "status ${PIPESTATUS[0]}"
	[ ! -e frontier ] || ml-delta "$log" frontier 2>/dev/null | cksum
	ml-view -j "$log" 2>/dev/null | cksum
	echo "status ${PIPESTATUS[0]}"
	for rid; do
		ml-view -j "$log" "$rid" 2>/dev/null || echo "status $?"
	done
}

# plain LOG [RID ...]: the same of a copy that has no index
plain() {
	local log=$1
	shift
	rm -rf plain.d
	mkdir plain.d
	cp "$log" "plain.d/${log##*/}"
	answers "plain.d/${log##*/}" "$@" | sed "s,$PWD/plain.d/,$PWD/,"
	rm -rf plain.d
}

# agree LOG [RID ...]: with its index, as it is, and without
agree() { same <(plain "$@") <(answers "$@"); }

# flip FILE OFFSET: change a bit of a byte in place, nothing else
flip() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf '%b' "\\x$(printf %x $((byte ^ 1)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# words FILE OFFSET COUNT: numbers of 64 bits
words() { od -An -v --endian=little -tu8 -w8 -j "$2" -N $((8 * $3)) "$1"; }

# parts INDEX: the newest root's size, then begin, footer and end of each part
parts() {
	local root=0 n
	[ "$(words "$1" 8 1)" -gt "$(words "$1" 4104 1)" ] || root=4096
	n=$(words "$1" $((root + 160)) 1)
	echo $((root)) $(($(words "$1" $((root + 64)) 1)))
	words "$1" $((root + 168)) $((3 * n)) | paste -d ' ' - - -
}

# within INDEX PART: where its blocks, buckets and loose places begin, and end
within() {
	local at footer end w
	read -r at footer end < <(parts "$1" | sed "1d; $(($2 + 2))q;d")
	mapfile -t w < <(words "$1" "$footer" 9)
	echo $((at)) $((at + w[1])) $((at + w[3])) $((at + w[4])) \
	    $((at + w[6])) $((at + w[6] + w[7])) $((end))
}

@test "index: who waited, and was judged since, is not judged again" {
	chain a 1 600 >a
	chain -s x -f 4 a 5 5 >astray
	{ sed -n '1,3p' a; cat astray; chain z 2 400; } >log
	fast log
	[ -e log.index ]
	run -0 ml-ingest log <(sed -n '4,600p' a)
	cp log copy
	run -0 --separate-stderr ml-ingest copy /dev/null
	want=$stderr
	run -0 --separate-stderr ml-ingest log /dev/null
	same <(echo "$want") <(echo "$stderr")
	same <(echo "ml-ingest: 0 new, 0 had, 399 held, 0 refused") <(echo "$stderr")
}

@test "index: places that are damaged, and events that waited once" {
	chain a 1 9000 >a
	{ sed 2d a; chain b 1 200; } >log
	fast log
	{ sed -n 2p a; chain z 2 800; } >>log
	fast log
	parts log.index | sed 1d >parts
	[ "$(wc -l <parts)" = 2 ]
	cp log.index index
	for part in 0 1; do
		cp index log.index
		read -r blocks _ < <(within log.index $part)
		flip log.index "$blocks"
		same <(echo '{"a":9000,"b":200}') <(ml-frontier log 2>/dev/null)
		agree log
		same <(cat a <(chain b 1 200) | cksum) <(ml-delta log 2>/dev/null | cksum)
	done
}

@test "index: places of what waits that are damaged" {
	# lines of the same length, so that a wrong place may be another line's
	chain a 1 9999 | sed -n '1001,1600p' >waiting
	chain a 1 1000 >first
	cp waiting log
	fast log
	read -r _ _ _ _ loose end _ < <(within log.index 0)
	for ((at = loose; at < end; at += 1 + (end - loose) / 25)); do
		rm -f log log.index
		cp waiting log
		fast log
		flip log.index $at
		run -0 ml-ingest log first
		same <(echo '{"a":1600}') <(ml-frontier log)
	done
}

@test "index: postings that are damaged, of a log whose authors came in another order" {
	events a 1 300 >a
	{ sed 1d a; events b 1 300; events c 1 300; } >log
	fast log
	read -r _ _ buckets dir _ < <(within log.index 0)
	for ((at = buckets; at < dir; at += 50)); do
		flip log.index $at
	done
	cp log.index index
	ml-view -j log 2>/dev/null >all
	for rid in R-0 R-1 R-2 R-3 R-4; do
		cp index log.index
		same <(grep "\"$rid\"" all) <(ml-view -j log $rid 2>/dev/null)
		run -1 cmp index log.index
	done
}

@test "index: what has the temporary file's name, and is not it, is left alone" {
	chain a 1 600 >log
	chain a 1 600 >precious
	ln precious log.index.new
	fast log
	same <(chain a 1 600 | cksum) <(cksum <precious)
	[ ! -e log.index ]
	agree log
	rm log.index.new
	ln -s precious log.index.new
	fast log
	same <(chain a 1 600 | cksum) <(cksum <precious)
	rm log.index.new
	for make in mkdir mkfifo; do
		$make log.index.new
		run -0 timeout 20 ml-frontier log
		[ ! -e log.index ]
		agree log
		rm -r log.index.new
	done
	fast log
	[ -s log.index ]
}

@test "index: where nothing can be renamed, nothing is left, and all goes on" {
	chain a 1 600 >log
	run -0 norename ml-frontier log
	same <(echo log) <(ls log*)
	agree log
	rm log
	# some 125 of these and parts that were merged are cleared away
	generate 24600 10 1000 1 >all
	head -n 24000 all | split -l 150 - part.
	n=0
	for part in part.*; do
		n=$((n + 1))
		if [ $n -gt 110 ]; then
			norename ml-ingest log $part 2>/dev/null
			same <(printf '%s\n' log log.index) <(ls log*)
		else
			ml-ingest log $part 2>/dev/null
		fi
	done
	agree log
	old=$(stat -c %i log.index)
	tail -n 600 all | ml-ingest log 2>/dev/null
	[ "$(stat -c %i log.index)" != "$old" ]
	agree log
}
