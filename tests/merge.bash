# What the tests of ml-merge share.
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
	[ ! -e A.state.sorted ]
	[ ! -e B.state.sorted ]
}

messages() { cat A_to_B.msg B_to_A.msg | wc -l; }
fresh() { rm -f -- ?_to_?.msg ?.state* ?.stats out; }

