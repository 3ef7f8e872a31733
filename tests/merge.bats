load helper

# numbers N [LEAST [MOST [SEED]]]: as many at random
numbers() {
	awk -v n="$1" -v least="${2-0}" -v most="${3-2147483647}" -v seed="${4-1}" 'BEGIN {
		srand(seed)
		while (n-- > 0)
			printf "%.0f\n", least + int(rand() * (most - least + 1))
	}'
}

# as A|B: what calls that worker, but for more options and the data, in $call
as() {
	local other=B
	[ "$1" = A ] || other=A
	call=(ml-merge -w "$1" -i "${other}_to_$1.msg" -o "$1_to_$other.msg" -O out -s "$1.state")
}

# worker A|B [OPTION ...] DATA: one call
worker() {
	as "$1"
	"${call[@]}" "${@:2}"
}

# in_turn COMMAND: call it as COMMAND A, COMMAND B until both are done
in_turn() {
	local active=1 who status rounds=0
	local -A done=()
	while [ "$active" = 1 ]; do
		[ $((rounds += 1)) -lt 300 ]
		active=0
		for who in A B; do
			[ -z "${done[$who]-}" ] || continue
			status=0
			"$1" "$who" || status=$?
			case $status in
			0) done[$who]=1 ;;
			1) active=1 ;;
			*) echo "$who: status $status"; return 1 ;;
			esac
		done
	done
}

# at_once: each loops by itself
at_once() {
	worker A -l -S A.stats data.A 3>&- &
	local a=$!
	worker B -l -S B.stats data.B
	wait $a
}

plain() { worker "$1" -S "$1.stats" "data.$1"; }

# The output is what it must be, the messages within their limits, and the
# statistics add up.
is_right() {
	same <(sort -n data.A data.B) out
	for way in A_to_B B_to_A; do
		[ "$(tail -c 1 $way.msg | od -An -tx1)" = ' 0a' ]
		jq -e '(keys == ["msg_type", "values"]) and (.msg_type | test("^[A-Z]{1,5}$")) and
		    (.values | length <= 10 and all(. == floor and . <= 2147483647))' $way.msg >/dev/null
	done
	jq -es --argjson out "$(wc -l <out)" --argjson ab "$(wc -l <A_to_B.msg)" --argjson ba "$(wc -l <B_to_A.msg)" '
	    (map(keys) | unique) == [["comparisons", "messages_received", "messages_sent", "values_output"]] and
	    .[0].messages_sent == $ab and .[1].messages_received == $ab and
	    .[1].messages_sent == $ba and .[0].messages_received == $ba and
	    (map(.values_output) | add) == $out' A.stats B.stats >/dev/null
	[ ! -e A.state.sorted ] && [ ! -e B.state.sorted ]
}

messages() { cat A_to_B.msg B_to_A.msg | wc -l; }
fresh() { rm -f -- ?_to_?.msg ?.state* ?.stats out; }

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
	jq -es 'map(.comparisons) | max <= 2' A.stats B.stats >/dev/null
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
		[ ! -e A.state ] && [ ! -e out ] && [ ! -s A_to_B.msg ]
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
	for options in '' '-w A' '-w A -i i -o o -O O' '-w A -i i -i j -o o -O O -s s x' '-w A -i i -o o -O O -s s x y'; do
		# shellcheck disable=SC2086 # several
		run -2 ml-merge $options
		[[ $output == *'usage: ml-merge [-l]'* ]]
	done
	run -2 ml-merge -w C
	same <(echo 'ml-merge: -w: a worker is A or B') <(echo "$output")
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

# What is run here under a tracer cannot look for leaks.
untraced=$ASAN_OPTIONS:detect_leaks=0

# kill_at N A|B [OPTION]: a call of that worker is killed at its N-th system call
kill_at() {
	as "$2"
	ASAN_OPTIONS=$untraced killat "$1" "${call[@]}" "${@:3}" "data.$2"
}

# A call is killed at its killed_at-th system call, then done again.
cut_off() {
	local status=0
	kill_at "$killed_at" "$1" || status=$?
	[ $status -ne 137 ] || killed=$((killed + 1))
	plain "$1"
}

# The same, but the other goes on meanwhile as far as it can.
cut_off_long() {
	local status=0 other=B i
	[ "$1" = A ] || other=A
	kill_at "$killed_at" "$1" || status=$?
	if [ $status -eq 137 ]; then
		killed=$((killed + 1))
		for i in 1 2 3 4; do
			! plain $other || break
		done
	fi
	plain "$1"
}

# sweep FROM STEP HOW: killed at every STEP-th system call, until none is so long
sweep() {
	local killed=1
	for ((killed_at = $1; killed > 0; killed_at += $2)); do
		fresh
		killed=0
		in_turn "$3"
		is_right || { echo "killed at $killed_at"; false; }
	done
	[ "$killed_at" -gt $(($1 + 30)) ]
}

# The first system call at which anything is left behind, less one.
first_trace() {
	local n
	fresh
	for ((n = 1; n < 1000; n++)); do
		kill_at $n A || [ $? = 137 ]
		[ ! -e A_to_B.msg ] || break
	done
	echo $((n - 1))
}

@test "merge: killed before every system call of every step, then called again" {
	# the turn goes from B to A to B
	printf '%s\n' 15 3 11 25 7 19 23 >data.A
	printf '%s\n' 40 1 12 22 >data.B
	sweep "$(first_trace)" 1 cut_off
	[ "$(messages)" -eq 7 ]
}

@test "merge: killed everywhere, and the other goes on" {
	seq 1 9 >data.A
	printf '%s\n' 44 21 22 >>data.A
	printf '%s\n' 31 30 >data.B
	sweep "$(first_trace)" 2 cut_off_long
	[ "$(messages)" -eq 5 ]
}

@test "merge: what a power cut has left behind our own output is cut" {
	numbers 90000 1 2147483647 2 >data.A
	numbers 500 1000 2000000000 >data.B
	local cuts=0 status=1
	while [ $status = 1 ]; do
		if [ "$(jq .touched A.state 2>/dev/null)" = 1 ]; then
			truncate -s +1500000 out
			cuts=$((cuts + 1))
		fi
		status=0
		plain A || status=$?
		plain B || true
	done
	[ $cuts -gt 2 ]
	is_right
	# one that has become too short is no output of ours
	fresh
	until [ "$(jq .touched A.state 2>/dev/null)" = 1 ] && [ -s out ]; do
		plain A || true
		plain B || true
	done
	: >out
	run -2 --separate-stderr plain A
	same <(echo 'ml-merge: out: shorter than what was written to it: not the file that it was') <(echo "$stderr")
}

# killed_loop A|B FIRST STEP: -l, killed again and again, each time later; how
# often goes to killed.A|B
killed_loop() {
	local n status=137 times=-1
	for ((n = $2; status == 137; n += $3)); do
		status=0
		kill_at $n "$1" -l || status=$?
		times=$((times + 1))
	done
	echo $times >"killed.$1"
	return $status
}

@test "merge: both loop, and are killed again and again: 20,000 values" {
	numbers 14000 -1000000 1000000 >data.A
	numbers 6000 -1100000 900000 2 >data.B
	killed_loop A 60 5 3>&- &
	local a=$!
	killed_loop B 70 7
	wait $a
	[ "$(cat killed.A)" -ge 10 ] && [ "$(cat killed.B)" -ge 10 ]
	for who in A B; do plain $who; done
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
	for operands in '' 'a b' 'a b c d' '-n x a b c' '-x a b c'; do
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
