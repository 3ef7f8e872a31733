load helper
load merge

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

# All that there is at the end
results() { cat out A_to_B.msg B_to_A.msg A.stats B.stats; }

# sweep FROM STEP HOW: killed at every STEP-th system call, until none is so long;
# each time it comes to the same, byte for byte
sweep() {
	local killed=1
	fresh
	in_turn plain
	is_right
	results >wanted
	for ((killed_at = $1; killed > 0; killed_at += $2)); do
		fresh
		killed=0
		in_turn "$3"
		results | cmp - wanted || { echo "killed at $killed_at"; false; }
	done
	[ "$killed_at" -gt $(($1 + 30)) ]
}

# The first system call at which anything is left behind, less one.
first_trace() {
	local n
	fresh
	for ((n = 40; n < 1000; n++)); do
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
	sweep "$(first_trace)" 3 cut_off_long
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
	[ "$(cat killed.A)" -ge 10 ]
	[ "$(cat killed.B)" -ge 10 ]
	for who in A B; do plain $who; done
	is_right
}

# failing A|B: a call in which one system call fails, then one in which none does
failing() {
	local status=0
	as "$1"
	env ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" LD_PRELOAD="$BUILD/help/faults.so" \
	    FAULT="open,read,write,fsync,ftruncate,rename,close,stat:$failing_at:$how" FAULT_MET=met \
	    "${call[@]}" "data.$1" 2>said || status=$?
	case $status in
	0 | 1 | 111) ;;
	*) cat said; return $status ;;
	esac
	if [ $status = 111 ]; then [ "$(wc -l <said)" -eq 1 ] && failed=$((failed + 1)); fi
	plain "$1"
}

@test "merge: any system call fails, once: 111 and a line, or nothing; then called again" {
	local how failing_at failed all=0
	printf '%s\n' 15 3 11 25 7 19 23 >data.A
	printf '%s\n' 40 1 12 22 >data.B
	truncate -s 200000 met
	in_turn plain
	is_right
	results >wanted
	for how in EIO ENOSPC EINTR short; do
		failed=1
		for ((failing_at = 1; failing_at < 60; failing_at += 11)); do
			fresh
			failed=0
			in_turn failing
			results | cmp - wanted || { echo "$how at $failing_at"; false; }
			all=$((all + failed))
		done
	done
	[ $all -gt 20 ]
}
