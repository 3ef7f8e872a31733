load helper

# same answers with LOG.index, whatever is in it, and without

# fast LOG: read it, so that its index is there
fast() { ml-frontier "$1" >/dev/null 2>&1; }

# answers LOG [RID ...]: what the readers say, and their statuses
answers() {
	local log=$1 rid
	shift
	ml-frontier "$log" 2>&1 | sed 's,: /.*/,: ,'
	echo "status ${PIPESTATUS[0]}"
	ml-delta "$log" 2>/dev/null | cksum
	echo "status ${PIPESTATUS[0]}"
	[ ! -e frontier ] || ml-delta "$log" frontier 2>/dev/null | cksum
	ml-view -j "$log" 2>/dev/null | cksum
	echo "status ${PIPESTATUS[0]}"
	for rid; do
		ml-view -j "$log" "$rid" 2>/dev/null | cksum
		echo "$rid: status ${PIPESTATUS[0]}"
	done
}

# plain LOG [RID ...]: the same of a copy that has no index
plain() {
	local log=$1
	shift
	rm -rf plain.d
	mkdir plain.d
	cp "$log" "plain.d/${log##*/}"
	answers "plain.d/${log##*/}" "$@"
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
	n=$(words "$1" $((root + 168)) 1)
	echo $((root)) $(($(words "$1" $((root + 64)) 1)))
	words "$1" $((root + 176)) $((3 * n)) | paste -d ' ' - - -
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

# survey EVENTS: a log of everything: authors with keys and without, events
# behind a gap, a fork, an astray one, one that is damaged, copies, kinds that
# nobody knows, ids to be escaped; one feed's last events wait for a seal
survey() {
	local n=$(($1 / 8))
	[ -e key ] || ml-key new -n "Três" key >/dev/null
	{
		chain gap 2 $n
		generate $((n * 2)) 4 $((n / 8)) 1
		generate -s 5 $n 2 $((n / 8)) 2
		chain fork 1 $n
		chain -s x -f 9 fork 9 9
		chain -s y -f 9 fork 12 12
		sealer -k key -e 7 1 $((n / 7 * 7 + 4)) | head -n $((n / 7 * 7 + 3))
		chain -s x -f 5 late 6 6
		sed 's/xxx/xyx/' <(chain late 1 4)
		chain late 1 40
		sed 's/":/": /g; s/,"/, "/g' <(chain python 1 $n)
		printf '{"kind":"%s","payload":%s}\n' \
		    odd '{"record_id":"R-1"}' odd '[]' odd null \
		    note.add '{"record_id":"caf\u00e9 \"q\" \\ \ud83d\ude00","text":"a"}' \
		    note.add '{"record_id":"","text":"nameless"}' \
		    note.add '{"record_id":"a\tb","text":"tab"}' \
		    note.add '{"record_id":7,"text":"no id"}' |
			ml-emit -a odd odd.jsonl - 2>/dev/null
		chain gap 5 9
	}
	rm -f odd.jsonl*
}

# rids LOG: all its records' ids, one a line
rids() { ml-view "$1" 2>/dev/null | jq -r 'keys[]'; }

@test "index: a record is what it is in the whole view" {
	survey 2400 >log
	fast log
	size=$(wc -c <log.index)
	rids log >rids
	[ "$(wc -l <rids)" -gt 60 ]
	# one by one they are the whole
	check() {
		while IFS= read -r rid; do
			ml-view -j log "$rid" 2>/dev/null
		done <rids >each
		same <(ml-view -j log 2>/dev/null | LC_ALL=C sort) <(LC_ALL=C sort each)
	}
	check
	grep -q 'caf' rids
	# many at once are in order
	mapfile -t rid < <(sed -n '1,50p' rids)
	same <(ml-view log 2>/dev/null | jq -S "with_entries(select(.key | IN(\$ARGS.positional[])))" --args "${rid[@]}") \
	    <(ml-view log "${rid[@]}" 2>/dev/null | jq -S .)
	run -1 ml-view log "no such record"
	# what was sealed, or came out of a gap, later
	sealer -k key -e 7 1 400 | ml-ingest log 2>/dev/null
	ml-ingest log <(chain gap 1 1; chain late 1 60) 2>/dev/null
	chain late 5 300 | ml-ingest log 2>/dev/null
	fast log
	[ "$(wc -c <log.index)" -gt "$size" ]
	rids log >rids
	check
	agree log
}

@test "index: damaged at random, hundreds of times, it changes no answer" {
	survey 2000 >log
	rids log >rids
	mapfile -t rid < <(sed -n '1~9p' rids)
	ml-frontier log 2>/dev/null | jq -c 'map_values(. / 2 | floor | select(. > 0))' >frontier
	chain gap 1 1 >first
	# ask N LOG: one of the questions, whichever
	ask() {
		case $1 in
		0) ml-frontier $2 2>/dev/null ;;
		1) ml-delta $2 2>/dev/null ;;
		2) ml-delta $2 frontier 2>/dev/null ;;
		3) ml-view -j $2 2>/dev/null ;;
		*) ml-view -j $2 "${rid[$1 - 4]}" 2>/dev/null ;;
		esac || echo "status $?"
	}
	for ((seed = 1; seed <= 240; seed++)); do
		if [ $((seed % 60)) = 1 ]; then
			rm -rf log.index other
			mkdir other
			cp log other/log
			for ((n = 0; n < 8; n++)); do
				ask $n other/log >want.$n
				rm other/log.index
			done
			fast log
			cp log.index index
		fi
		cp index log.index
		# half of them spare the roots
		mangle log.index $seed $((seed % 2 * 8192))
		# the second one meets what the first has made of it
		for n in $((seed % 8)) $((seed / 8 % 8)); do
			cmp -s want.$n <(ask $n log) || {
				echo "seed $seed: question $n"
				same want.$n <(ask $n log)
				return 1
			}
		done
		if [ $((seed % 60)) = 0 ]; then
			cp index log.index
			mangle log.index $seed 8192
			# a writer's way
			ml-emit -a me other/log note R x >said 2>&1
			same <(sed 's/other.log/log/' said) <(ml-emit -a me log note R x 2>&1)
			ml-ingest other/log first >said 2>&1
			same said <(ml-ingest log first 2>&1)
			same other/log log
		fi
	done
	same <(printf '%s\n' log log.index) <(ls -d log log.*)
}

@test "index: whatever stands in its place, the answers are the same" {
	survey 1600 >log
	plain log R-1 >want
	right() { same want <(answers log R-1) || { echo "$1"; return 1; }; }
	right none
	[ -s log.index ]
	right whole
	cp log.index index
	size=$(wc -c <index)
	for n in 0 1 100 4095 4096 4104 8191 8192 8193 $((size / 2)) $((size - 1)); do
		head -c $n index >log.index
		right "cut at $n"
	done
	head -c $size /dev/zero >log.index
	right zeroed
	yes garbage | head -c $size >log.index
	right garbage
	cat log >log.index
	right "the log"
	cat index index >log.index
	right twice
	for root in 0 4096 "0 4096"; do
		cp index log.index
		for at in $root; do flip log.index $((at + 70)); done
		right "root $root"
	done
	# of another log, and of another time of this one
	rm log.index
	chain a 1 900 >other
	fast other
	mv other.index log.index
	right "another's"
	# what is no file of ours: replaced if that may be, never followed
	echo precious >precious
	for what in "mkdir log.index" "mkfifo log.index" "ln -s precious log.index" \
	    "ln -s nowhere log.index" "ln -s log log.index" "ln precious log.index" \
	    "mkdir log.index log.index/full"; do
		rm -rf log.index
		$what
		same want <(timeout 20 "$BASH" -c "$(declare -f answers); answers log R-1") || { echo "$what"; return 1; }
		run -0 timeout 20 ml-ingest log /dev/null
		same <(echo precious) precious
		[ ! -e nowhere ]
		[ ! -e log.index.new ]
	done
	rm -rf log.index
	cp index log.index
	for mode in 0 400 200; do
		chmod $mode log.index
		same want <(plainly "$BASH" -c "$(declare -f answers); answers log R-1")
		same <(printf '%s\n' log log.index) <(ls -d log log.*)
	done
}

@test "index: copied, moved, linked together with its log" {
	survey 1600 >log
	plain log R-1 >want
	right() { same want <(answers "$1" R-1) || { echo "$2"; return 1; }; }
	fast log
	for how in "cp" "cp -a" "cp -al" "mv"; do
		mkdir "$how"
		$how log log.index "$how"
		right "$how/log" "$how"
		chain new 1 500 | ml-ingest "$how/log" 2>/dev/null
		agree "$how/log" R-1
		[ -e log ] || break
		agree log R-1
		rm -f log log.index
		survey 1600 >log
		fast log
	done
	# and a log that is a link elsewhere
	ln -s mv/log link
	same <(plain mv/log) <(answers link)
	same <(echo link) <(ls -d link*)
}

@test "index: an older copy of it, put back" {
	for n in 2000 12000; do		# below 1 MiB, and above
		rm -f log log.index
		chain a 1 $n >log
		fast log
		cp log.index index
		chain a $((n + 1)) $((n + 1500)) | ml-ingest log 2>/dev/null
		chain b 1 900 | ml-ingest log 2>/dev/null
		[ "$(parts log.index | sed 1d | wc -l)" -gt "$(parts index | sed 1d | wc -l)" ]
		cp index log.index
		agree log R-1
		agree log R-1
		cp index log.index
		ml-emit -a b log note R-1 x >/dev/null
		agree log R-1
		ml-ingest log <(chain c 1 600) 2>/dev/null
		agree log R-1
		same <(echo "{\"a\":$((n + 1500)),\"b\":901,\"c\":600}") <(ml-frontier log)
	done
}

@test "index: one that covers less, put in the place of one in use" {
	chain a 1 4000 >a
	chain b 1 2000 >b
	head -n 1000 a >log
	fast log
	cp log.index less
	cat b >>log
	fast log
	mkfifo in pause
	ml-ingest log in 2>said 3>&- &
	exec 8>in
	sed -n 1001,1010p a >&8
	until [ "$(wc -l <log)" = 3010 ]; do read -rt 0.01 _ <>pause || :; done
	mv less log.index
	sed -n 1011,4000p a >&8
	exec 8>&-
	wait $!
	same <(echo "ml-ingest: 3000 new, 0 had, 0 held, 0 refused") said
	agree log R-1 R-2
	run -0 ml-emit -a b log note R-1 on
	same <(echo '{"a":4000,"b":2001}') <(ml-frontier log)
}

@test "index: a byte of the log that was changed in place" {
	chain a 1 2000 >whole
	for how in plain touched grown python; do
		rm -f log log.index
		cp whole log
		fast log
		cp -p log before
		flip log $(($(head -n 999 log | wc -c) + 120))
		case $how in
		touched) touch -r before log ;;	# its mtime tells nothing
		grown) chain b 1 100 >>log ;;
		python) chain b 1 1 | sed 's/":/": /g' >>log ;;
		esac
		same <(echo 999) <(ml-frontier log 2>/dev/null | jq .a)
		agree log R-1
		run -1 ml-check log
		grep -q '^line 1000, .*damaged' <<<"$output"
		run -0 ml-ingest log <(sed -n 1000p whole)
		same <(echo 2000) <(ml-frontier log 2>/dev/null | jq .a)
		agree log R-1
	done
	# a longer one that has grown is believed, until it is read: what is
	# handed out is refused by who gets it, and ml-check repairs it
	chain a 1 12000 >whole
	cp whole log
	rm log.index
	fast log
	flip log $(($(head -n 999 log | wc -c) + 120))
	chain b 1 100 >>log
	run -1 ml-check log
	grep -q '^line 1000, .*damaged' <<<"$output"
	same <(echo '{"a":999,"b":100}') <(ml-frontier log 2>/dev/null)
	agree log R-1
	ml-ingest log <(sed -n 1000p whole) 2>/dev/null
	same <(echo '{"a":12000,"b":100}') <(ml-frontier log 2>/dev/null)
	agree log R-1
}

@test "index: a log that was replaced, or cut" {
	chain -s x a 1 8000 >log
	chain -s y a 1 8000 >other
	same <(wc -c <log) <(wc -c <other)
	fast log
	cp log keep
	cat other >log			# the same file, of the same size
	agree log R-1
	cat keep >log
	touch -r keep log
	agree log R-1
	cp other new
	mv new log
	agree log R-1
	# longer, with another text where the index ends; shorter; none
	for author in a z; do
		cat keep >log
		fast log
		{ chain -s y $author 1 8000; chain b 1 200; } >new
		cat new >log
		agree log R-1
		fast log
	done
	for n in 7999 7000 3 0; do
		truncate -s "$(head -n $n log | wc -c)" log
		agree log R-1
	done
	cat keep >log
	fast log
	truncate -s -3 log
	agree log R-1
	cat other >>log
	agree log R-1
}

@test "index: what others append is taken in" {
	chain b 1 1500 >b
	chain c 1 1500 | sed 's/":/": /g; s/,"/, "/g' >c
	for n in 2000 9000; do
		rm -f log log.index
		chain a 1 $n >log
		for ((k = 1; k <= 1500; k += 300)); do
			fast log
			sed -n "$k,$((k + 299))p" b >>log
			agree log R-1
			sed -n "$k,$((k + 299))p" c >>log
			ml-ingest log <(chain d $((k / 100 + 1)) $((k / 100 + 3))) 2>/dev/null
			agree log R-1
			# a whole event without its newline, and one that is cut
			chain e 1 1 | tr -d '\n' >>log
			agree log R-1
			chain e 2 2 >>log
			agree log R-1
			head -c 50 b >>log
			agree log R-1
			echo >>log
		done
		same <(echo "{\"a\":$n,\"b\":1500,\"c\":1500,\"d\":15,\"e\":2}") \
		    <(ml-frontier log 2>/dev/null)
	done
}

@test "index: hundreds of small writers: few parts, and small" {
	generate 45000 10 3000 1 >all
	split -l 150 all part.
	chain late 2 300 >log		# they wait until the end
	for part in part.*; do
		ml-ingest log $part 2>/dev/null
		stat -c %i log.index >>inodes 2>/dev/null || :
	done
	same <(chain late 2 300; cat all) log
	# parts were merged, and what that left was cleared away
	[ "$(sort -u inodes | wc -l)" -gt 1 ]
	[ "$(parts log.index | sed 1d | wc -l)" -lt 24 ]
	# 3 % of the log, and a half more before it is cleared away
	[ $(($(wc -c <log.index) * 10)) -lt "$(wc -c <log)" ]
	agree log SA-000001 WP-000002 HH-000003
	chain late 1 1 | ml-ingest log 2>/dev/null
	same <(echo 300) <(ml-frontier log | jq .late)
	agree log SA-000001 WP-000002 HH-000003 R-1
	rm log.index
	fast log
	[ $(($(wc -c <log.index) * 25)) -lt "$(wc -c <log)" ]
	same <(printf '%s\n' log log.index) <(ls log*)
}

@test "index: what waits and what lacks its seal, the same at every step" {
	survey 1600 >log
	cp log with
	sealer -k key 1 250 >keyed
	step() {
		rm -f without.index
		"$@" "$PWD/with" >a 2>&1 || echo "status $?" >>a
		"$@" "$PWD/without" >b 2>&1 || echo "status $?" >>b
		same <(sed 's/without/with/' b) a
	}
	cp with without
	fast with
	ingest() { ml-ingest -v "$2" "$1"; }
	chain late 5 60 >late
	chain gap 1 1 >gap
	for what in "sed -n 1,9p late" "sed -n 190,210p keyed" "cat gap" \
	    "sed -n 199,203p keyed" "chain -s x -f 5 late 5 7" "cat late" "cat keyed" \
	    "chain many 2 400" "chain many 402 800" "chain many 401 401" \
	    "chain many 1 1"; do
		$what >in
		step ingest in
		for tool in ml-frontier ml-delta ml-check ml-view; do
			[ $tool != ml-check ] || cp with.index index
			step $tool
			# which makes a new one
			[ $tool != ml-check ] || mv index with.index
		done
	done
	same <(sort without) <(sort with)
	same <(cat without.held 2>/dev/null) <(cat with.held 2>/dev/null)
}

# small KIB COMMAND ...: on a disk where no file can be larger than this
small() { (ulimit -f "$1"; shift; exec "$@"); }

@test "index: no room for it: whoever wrote or read did" {
	survey 1600 >log
	plain log R-1 >want
	right() { same want <(answers log R-1); }
	for trap in - ''; do
		# shellcheck disable=SC2064
		trap "$trap" XFSZ
		for n in 0 1 4 8 9 12; do
			for tool in frontier delta view; do
				run -0 small $n ml-$tool log
				same <(echo log) <(ls log*)
			done
		done
	done
	right
	# one that should grow
	rm log log.index
	chain a 1 9000 >log
	fast log
	n=$(($(wc -c <log.index) / 1024))
	chain b 1 2000 >>log
	chain c 2 1000 >>log
	cp log.index index
	for more in 0 1 3 5; do
		for tool in frontier delta "view -j"; do
			# shellcheck disable=SC2086
			run -0 small $((n + more)) ml-$tool log
			agree log R-1
			cp index log.index
		done
		small $((n + more)) ml-frontier log >/dev/null 2>&1
		same <(printf '%s\n' log log.index) <(ls log*)
	done
	fast log
	run -1 cmp index log.index
	agree log R-1
}

@test "index: a full disk" {
	mkdir disk
	chain a 1 3000 >whole
	chain b 1 20 >in
	export kib=$(($(wc -c <whole) / 1024 + 9))	# less than the index takes
	full() {
		# shellcheck disable=SC2016
		unshare -rm sh -eu -c 'mount -t tmpfs -o size=${kib}k none disk
			cp whole disk/log
			"$@"' sh "$@" 2>/dev/null
	}
	full true || full() {		# no right to mount anything here
		cp whole disk/log
		(ulimit -f $((kib + 1)); "$@")
		rm -f disk/log.index
	}
	# shellcheck disable=SC2016
	run -0 full sh -eu -c 'ml-frontier disk/log
		ml-ingest disk/log in 2>&1
		ml-frontier disk/log
		ml-delta disk/log | cksum
		ls disk'
	same - <(grep -v '^log.index$' <<<"$output") <<-END
	{"a":3000}
	ml-ingest: 20 new, 0 had, 0 held, 0 refused
	{"a":3000,"b":20}
	$(cat whole in | cksum)
	log
	END
}

@test "index: who may not write to the folder" {
	mkdir folder
	survey 1600 >folder/log
	plain folder/log R-1 >want
	readers() { same want <(plainly "$BASH" -c "$(declare -f answers); answers folder/log R-1" 2>&1); }
	chmod 500 folder
	chmod 400 folder/log
	readers
	same <(echo log) <(ls folder)
	# with one there: believed or not, as it is
	chmod 700 folder
	fast folder/log
	cp folder/log.index index
	chmod 500 folder
	chmod 400 folder/log.index
	readers
	same index folder/log.index
	chmod 600 folder/log.index folder/log
	chain a 1 900 >>folder/log
	plain folder/log R-1 >want
	readers
	same <(printf '%s\n' log log.index) <(ls folder)
	chmod 700 folder
	fast folder/log
	agree folder/log R-1
}

teardown() { [ -z "${dir-}" ] || rm -rf "$dir"; }

@test "index: root has read it, and its user goes on" {
	[ "$(id -u)" = 0 ] || return 0		# then there is no root to do so
	dir=$(mktemp -d /tmp/meshlog-index.XXXXXX)	# the tests' own is closed to him
	user() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/ "$@"; }
	chain a 1 2000 >"$dir/log"
	chown -R 65534:65534 "$dir"
	chmod 640 "$dir/log"
	fast "$dir/log"
	same <(echo "65534:65534 640") <(stat -c '%u:%g %a' "$dir/log.index")
	cp "$dir/log.index" index
	chain b 1 900 | user ml-ingest "$dir/log" 2>/dev/null
	[ "$(wc -c <"$dir/log.index")" -gt "$(wc -c <index)" ]
	same <(echo "65534:65534 640") <(stat -c '%u:%g %a' "$dir/log.index")
	# one that is only root's
	for mode in 600 644; do
		cp index "$dir/log.index"
		chown 0:0 "$dir/log.index"
		chmod $mode "$dir/log.index"
		run -0 --separate-stderr user ml-frontier "$dir/log"
		same <(echo '{"a":2000,"b":900}') <(echo "$output")
		run -0 user ml-emit -a me "$dir/log" note R x
		same <(echo 65534) <(stat -c %u "$dir/log.index")
		rm "$dir/log.index"
		run -0 user ml-check "$dir/log"
		same <(echo 65534) <(stat -c %u "$dir/log.index")
		head -n 2900 "$dir/log" >short
		cat short >"$dir/log"
	done
	same <(printf '%s\n' log log.index) <(ls "$dir")
}

# nap MS: that long at the most; 99 is all it knows
nap() { read -rt "0.0$((RANDOM % $1 / 10))$((RANDOM % 10))" _ <>pause || :; }

@test "index: writers, readers, and who deletes it, all at once" {
	RANDOM=11
	mkfifo pause
	chain big 1 6000 >big
	chain a 1 600 >log
	ml-emit -a a log note R-1 0 >/dev/null	# it is there when it is asked for
	: >failed
	try() {
		local said=said.$BASHPID
		"$@" >/dev/null 2>"$said" || { echo "status $?: $*"; cat "$said"; } >>failed
	}
	for who in a b c; do
		for ((n = 1; n <= 60; n++)); do
			try ml-emit -a $who -w 60 log note "R-$((n % 5))" $n
		done 3>&- &
		pids+=" $!"
	done
	for ((n = 1; n <= 6000; n += 500)); do
		# every other time a gap, which the next one fills
		k=$((n + (n / 500 % 2 == 0) * 5))
		sed -n "$k,$((n + 499))p" big >in.$n
		sed -n "$n,$((n + 999))p" big >again.$n
		try ml-ingest -w 60 log in.$n
		try ml-ingest -w 60 log again.$n
	done 3>&- &
	pids+=" $!"
	for who in 1 2; do
		while [ ! -e stop ]; do
			try ml-frontier log
			try ml-delta -n 50 log
			try ml-view log R-1
			try ml-check log
		done 3>&- &
		others+=" $!"
	done
	while [ ! -e stop ]; do
		nap 90
		rm -f log.index
	done 3>&- &
	others+=" $!"
	for pid in $pids; do wait "$pid"; done
	touch stop
	for pid in $others; do wait "$pid"; done
	same /dev/null failed
	fast log
	same <(echo '{"a":661,"b":60,"big":6000,"c":60}') <(ml-frontier log)
	agree log R-1 R-2
	same /dev/null <(LC_ALL=C sort log | uniq -d)
	same <(printf '%s\n' log log.index) <(ls -d log log.*)
}

@test "index: kill -9 at any moment" {
	RANDOM=12
	mkfifo pause
	chain big 1 12000 >big
	chain a 1 3000 >log
	for ((round = 0; round < 30; round++)); do
		[ $((round % 2)) = 0 ] || rm -f log.index
		sed -n "$((round * 400 + 1)),$((round * 400 + 400))p" big >in
		ml-ingest log in >/dev/null 2>&1 3>&- &
		a=$!
		ml-view log R-1 >/dev/null 2>&1 3>&- &
		b=$!
		nap 50
		kill -9 $a $b || :
		wait $a $b || :
		[ "$(find . -name 'log.index.new*' | wc -l)" -le 1 ]
		if [ $((round % 5)) = 0 ]; then
			agree log R-1
		fi
		ml-ingest log in 2>/dev/null
	done 2>/dev/null
	agree log R-1 R-2
	same <(echo '{"a":3000,"big":12000}') <(ml-frontier log)
	rm log.index
	fast log
	agree log R-1
	same <(printf '%s\n' log log.index) <(ls -d log log.i*)
	# what a build that was killed has left is overwritten by the next one
	rm log.index
	head -c 100000 /dev/urandom >log.index.new
	fast log
	agree log R-1
	same <(printf '%s\n' log log.index) <(ls -d log log.i*)
}

@test "index: places that are damaged, found out while more is read" {
	chain a 1 7000 >log
	ml-key new key >/dev/null
	sealer -k key -e 7 1 700 >keyed
	cat keyed >>log
	fast log
	cp log was
	read -r blocks dir _ < <(within log.index 0)
	for ((at = blocks; at < dir; at += 300)); do
		flip log.index $at
	done
	cp log.index index
	# copies of what is indexed, and more of the same authors
	{ sed -n '1p; 300p; 6999p' was; chain a 7001 7400; sed -n 350p keyed; } >>log
	agree log R-1 R-2
	run -1 cmp -s index log.index
	for ((n = 0; n < 3; n++)); do
		cat was >log
		rm -f log.index
		fast log
		for ((at = blocks; at < dir; at += 300)); do
			flip log.index $at
		done
		{ sed -n "$((n * 900 + 1))p" was; chain a 7001 7003; } >>log
		ml-emit -a me log note R-1 x >/dev/null
		ml-ingest log <(sed -n 7p was; chain a 7001 7600) 2>/dev/null
		same <(echo 7600) <(ml-frontier log 2>/dev/null | jq .a)
		agree log R-1 R-2
	done
}

@test "index: what a reader saw in a tail is not in it" {
	chain -b 200 x 1 5000 >before
	chain -b 200 -f 5000 -s other x 1 5003 >after
	head -c -1 before >log
	run -0 ml-frontier log
	same <(echo '{"x":5000}') <(echo "$output")
	[ -e log.index ]
	# the tail was lost with the power, and another history went on
	truncate -s "$(head -n 4999 before | wc -c)" log
	tail -n 4 after >>log
	same <(echo '{"x":5003}') <(ml-frontier log)
	same after <(ml-delta log)
	# nor is what is found in it counted twice
	{ cat before; tail -n 4 after | tr -d '\n'; } >two
	run -0 --separate-stderr ml-frontier two
	first=$stderr
	run -0 --separate-stderr ml-frontier two
	same <(echo "$first") <(echo "$stderr")
}
