load helper
load merge

# The shapes, as two commands that print data each
shapes() {
	cat <<-'END'
	empty|:|:
	A empty|:|numbers 7
	B empty|numbers 7|:
	one each|echo 5|echo 3
	one each, equal|echo 3|echo 3
	one beyond|echo 3|seq 5
	one within|seq 1 2 9|echo 4
	equal ranges|seq 0 2 98; echo 99|seq 1 2 97; echo 0; echo 99
	disjoint, A first|seq 0 999|seq 1000 5999
	disjoint, B first|seq 1000 5999|seq 0 999
	they touch|seq 0 50|seq 50 70
	all the same|yes 4 | head -9|yes 4 | head -5
	interleaved|seq 0 2 98|seq 1 2 99
	of the document|seq 1 4 21|seq 2 4 22
	within a gap|seq 1 5; seq 100 110|seq 20 30
	on both sides|seq 50 99|seq 1 9; seq 200 220
	round it|seq 30 5 60|seq 1 3 100
	below and within|seq 50 99|seq 41 3 95
	within and above|seq 50 99|seq 60 3 130
	negative|numbers 50 -2147483648 2147483648 2|numbers 90 -2147483648 2147483648 3
	the ends|echo -2147483648; echo 2147483648; seq 4|echo -2147483648; echo 2147483648; seq 9
	few different|numbers 300 1 9 4|numbers 90 1 9 5
	sorted|numbers 99 | sort -n|numbers 33 | sort -n
	reversed|numbers 99 | sort -rn|numbers 33 | sort -rn
	in heaps|numbers 99 0 99; numbers 99 1000000 1000099|numbers 60 50 80; numbers 60 999990 1000050
	one far|numbers 99 0 99|numbers 30 0 60; echo 2147483647
	END
}

@test "merge: every shape, either side the longer one" {
	while IFS='|' read -r name a b; do
		for how in 'A B in_turn plain' 'B A at_once'; do
			read -r one two how <<<"$how"
			fresh
			eval "${a/ ! / | }" >"data.$one"
			eval "${b/ ! / | }" >"data.$two"
			$how
			is_right || { echo "$name: $one, $two"; false; }
		done
	done < <(shapes | sed -E 's/ \| (head|sort)/ ! \1/g')
}

@test "merge: 5,000 and 1,000 random values: balance, messages" {
	for seed in 1 2 3 4; do
		fresh
		numbers 5000 0 2147483647 $seed >data.A
		numbers 1000 0 2147483647 1$seed >data.B
		at_once
		is_right
		[ "$(messages)" -le 82 ]
		jq -es 'map(.comparisons) | min / max >= 0.95' A.stats B.stats >/dev/null
	done
}

@test "merge: disjoint ranges take 4 messages, nested ones 5" {
	seq 1000 5999 >data.A
	seq 0 999 >data.B
	in_turn plain
	[ "$(messages)" -eq 4 ]
	# of a range's two ends, and twice those of the two ranges
	jq -es 'map(.comparisons) == [3, 3]' A.stats B.stats >/dev/null
	fresh
	{ seq 100; seq 5000 5900; } >data.A
	seq 2000 2100 >data.B
	in_turn plain
	[ "$(messages)" -eq 5 ]
}

@test "merge: a list as in JSON; blank lines, CRLF, no last newline" {
	printf '[1, 5,\n9 ,13]\n' >list
	printf ' 2\r\n\n-6\t\n0007' >lines
	run -1 worker A list
	run -1 worker B lines
	until worker A list; do worker B lines || true; done
	same <(printf '%s\n' -6 1 2 5 7 9 13) out
	for text in '' '[]' ' [ ] ' '[7]'; do
		fresh
		printf '%s' "$text" >list
		run -1 worker A list
	done
}

@test "merge: data that is none: file:line: why, status 2, nothing is made" {
	while IFS='|' read -r text line why; do
		printf -- "$text" >data
		run -2 --separate-stderr worker A data
		same <(echo "ml-merge: data:$line: $why") <(echo "$stderr")
		[ ! -e A.state ]
		[ ! -e out ]
		[ ! -s A_to_B.msg ]
	done <<-'END'
	1\nx\n|2|not an integer
	1\n2 3\n|2|more than one integer
	1.0\n|1|not an integer
	--1\n|1|not an integer
	1,2\n|1|not an integer
	\n\n-\n|3|not an integer
	1\0\n|1|not an integer
	2147483649\n|1|an integer outside -2^31 to 2^31
	1\n-2147483649\n|2|an integer outside -2^31 to 2^31
	99999999999999999999999999\n|1|an integer outside -2^31 to 2^31
	000000000000000000000000000000001\n|1|an integer of more than 32 digits
	[1 2]|1|not a list: no comma between two integers
	[1,\n,2]|2|not a list: no integer where one is due
	[1,]|1|not a list: no integer where one is due
	[1\n|2|not a list: it ends too early
	[1]\n2|2|not a list: something follows it
	[1] x|1|not a list: something follows it
	END
	run -2 --separate-stderr worker A none
	same <(echo 'ml-merge: none: No such file or directory') <(echo "$stderr")
}

@test "merge: bad usage" {
	for options in '' '-w A' '-w A -i i -o o -O O' '-w A -i i -i j -o o -O O -s s x' '-w A -i i -o o -O O -s s x y' \
	    '-w A -w B -i i -o o -O O -s s x'; do
		# shellcheck disable=SC2086 # several
		run -2 ml-merge $options
		[[ $output == *'usage: ml-merge [-l]'* ]]
	done
	run -2 ml-merge -w C
	same <(echo 'ml-merge: -w: a worker is A or B') <(echo "$output")
}

@test "merge: -S: a file anew, a pipe or a device as it is" {
	seq 3 >data
	echo before >stats
	run -1 worker A -S stats data
	jq -e .messages_sent stats
	mkfifo pipe
	timeout 20 cat pipe >got 3>&- &
	run -1 worker A -S pipe data
	wait $!
	jq -e .messages_sent got
	[ -p pipe ]
	ln -s /dev/full full
	run -111 --separate-stderr worker A -S full data
	same <(echo 'ml-merge: full: No space left on device') <(echo "$stderr")
	[ -L full ]
	[ -c /dev/full ]
	as A
	run -111 sh -c 'exec "$@" >/dev/full' sh "${call[@]}" -S - data
	[ ! -e stats.new ]
	[ ! -e full.new ]
}

@test "merge: a full disk: 111, nothing is left there; then there is room" {
	numbers 70000 >data.A
	numbers 7 >data.B
	as A
	# shellcheck disable=SC2016
	run -111 --separate-stderr bash -c 'ulimit -f 100; trap "" XFSZ; exec "$@"' bash "${call[@]}" data.A
	same <(echo 'ml-merge: A.state.sorted: File too large') <(echo "$stderr")
	[ "$(echo A*)" = A_to_B.msg ]
	in_turn plain
	is_right
}

ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

@test "merge: -l works through by itself, and burns no time while it waits" {
	numbers 5000 >data.A
	numbers 1000 0 2147483647 9 >data.B
	at_once
	is_right
	# alone, it waits: for an inbox that will not come
	fresh
	as A
	"${call[@]}" -l data.A 3>&- &
	local a=$!
	until [ -s A_to_B.msg ] && grep -q 'State:.S' "/proc/$a/status"; do sleep 0.05; done
	local before after
	before=$(ticks $a)
	sleep 1
	after=$(ticks $a)
	kill -9 $a
	wait $a || true
	[ $((after - before)) -le 10 ]
	# what it has said stays said
	in_turn plain
	is_right
}

run_merge() { "$ROOT/scripts/ml-merge-run" "$@"; }

@test "ml-merge-run: the result as the document has it, and nothing left behind" {
	seq 1 2 99 >odd
	seq 0 2 98 | shuf >even
	run -0 --separate-stderr run_merge odd even out
	[ -z "$stderr" ]
	same <(seq 0 99) out
	jq -e '.success == true and (.total_steps | . > 4 and . < 20) and
	    (.stats_a.values_output + .stats_b.values_output == 100) and
	    (keys == ["stats_a", "stats_b", "success", "total_steps"])' <<<"$output"
	[ ! -e out.merge ]
	run -0 --separate-stderr run_merge odd even -out
	[ -z "$stderr" ]
	jq -e '.stats_a.messages_sent > 0' <<<"$output"
	same out ./-out
	# what is there already is not written over
	run -2 run_merge odd even out
	same <(seq 0 99) out
}

@test "ml-merge-run: too few steps, then the rest; killed, then the rest" {
	numbers 500 >odd
	numbers 400 0 2147483647 2 >even
	run -1 run_merge -n 3 odd even out
	jq -e '.success == false and .total_steps == 4' <<<"$output"
	[ -s out.merge/A.state ]
	run_merge -d out.merge odd even out 3>&- >result &
	kill -9 $!
	wait $! || true
	run -0 run_merge -d out.merge odd even out
	same <(sort -n odd even) out
	[ -s out.merge/A.state ]
}

@test "ml-merge-run: bad usage, bad data" {
	for operands in '' 'a b' 'a b c d' '-n x a b c' '-n 0 a b c' '-n 9999999999 a b c' '-x a b c'; do
		# shellcheck disable=SC2086 # several
		run -2 --separate-stderr run_merge $operands
		same <(echo 'usage: ml-merge-run [-d FOLDER] [-n STEPS] DATA_A DATA_B OUTPUT') <(tail -1 <<<"$stderr")
	done
	echo 1 >a
	echo x >b
	run -2 --separate-stderr run_merge a b out
	same <(echo 'ml-merge: b:1: not an integer') <(echo "$stderr")
	[ ! -e out ]
}

@test "bench-merge: each way comes to the same output; the large merge too" {
	mkdir tmp
	TMPDIR=$PWD/tmp BENCH_MERGE_SEEDS=1 BENCH_MERGE_LARGE=70000 \
	    run -0 --separate-stderr "$ROOT/scripts/bench-merge" -j "$BUILD"
	[ -z "$stderr" ]
	[ "$(jq -r .way <<<"$output" | sort | uniq -c | tr -s ' ' | tr '\n' ';')" = ' 6 all; 6 bubble; 6 ml-merge; 1 ml-merge -l; 6 ranges;' ]
	jq -es 'map(select(.data == "random 5000, 1000" and .way == "ml-merge"))[0] |
	    .balance_least >= 0.95 and .messages_most <= 82' <<<"$output" >/dev/null
	jq -es 'map(select(.way == "ml-merge -l"))[0].peak_kib < 60000' <<<"$output" >/dev/null
	[ -z "$(ls tmp)" ]
	run -2 "$ROOT/scripts/bench-merge"
}
