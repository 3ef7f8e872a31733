load helper
load journal

says() { same <(printf '%s\n' "$@") <(printf '%s\n' "$stderr"); }
# quiet OPTION ...: no noise but what is asked for
quiet() { ml-noise --loss 0 --duplicate 0 --reorder 0 --corruption 0 --termination 0 "$@"; }

@test "noise: none: every line as it is, the last without a newline too" {
	printf 'a\n\n\\e\tb\n\377\nlast' >in
	quiet <in >out
	same <(cat in; echo) out
}

@test "noise: a seed gives the same again, none another every time" {
	seq 10000 >in
	for n in 1 2; do
		ml-noise --seed 7 --termination 0 <in >seven.$n
		ml-noise --termination 0 <in >any.$n
	done
	same seven.1 seven.2
	run -1 cmp -s any.1 any.2
	run -1 cmp -s any.1 seven.1
}

@test "noise: as much as asked for, by default what the document has" {
	seq 100000 >in
	quiet --seed 1 --loss 0.3 <in >out
	n=$(wc -l <out)
	[ "$n" -gt 69000 ]
	[ "$n" -lt 71000 ]
	sort -nc out
	quiet --seed 1 --duplicate 0.3 <in >out
	n=$(wc -l <out)
	[ "$n" -gt 129000 ]
	[ "$n" -lt 131000 ]
	same in <(sort -nu out)
	quiet --seed 1 --corruption 0.3 <in >out
	n=$(paste in out | LC_ALL=C awk '$1 "" != $2 ""' | wc -l)
	[ "$n" -gt 29000 ]
	[ "$n" -lt 31000 ]
	quiet --seed 1 --reorder 7 <in >out
	same in <(sort -n out)
	run -1 sort -nc out
	[ "$(awk '{ d = NR - $1; if (d < 0) d = -d; if (d > most) most = d } END { print most }' out)" -le 7 ]
	ml-noise --seed 1 --termination 0 <in >out
	same <(ml-noise --seed 1 --loss 0.02 --duplicate 0.05 --reorder 10 --corruption 0.03 --termination 0 <in) out
}

@test "noise: with other noise beside it the same lines are lost" {
	seq 1000 >in
	quiet --seed 3 --loss 0.1 <in >lost
	ml-noise --seed 3 --loss 0.1 --corruption 0 --termination 0 <in | sort -nu >also
	same lost also
}

@test "noise: packets get a wrong checksum, other lines a wrong byte" {
	packets 3 >in
	quiet --corruption 1 <in >out
	same <(jq -c 'del(.checksum)' in) <(jq -c 'del(.checksum)' out)
	same <(jq '.checksum' in) <(while read -r sum; do echo $((sum ^ 0xDEADBEEF)); done < <(jq .checksum out))
	printf '\n\v\nevent\n' | quiet --corruption 1 --seed 4 >out
	[ "$(wc -l <out)" = 3 ]
	run -1 grep -qx event out
	[ "$(wc -c <out)" = 9 ]
}

@test "noise: it dies, at a place that --seed knows" {
	seq 10000 >in
	run -111 --separate-stderr ml-noise --seed 1 --termination 0.01 <in
	says 'ml-noise: died, as --termination has it'
	one=${#lines[@]}
	[ "$one" -lt 3000 ]
	run -111 ml-noise --seed 1 --termination 0.01 <in
	run -111 --separate-stderr ml-noise --seed 1 --termination 1 <in
	[ -z "$output" ]
}

@test "noise: it is a filter of anything: logs come through what it does" {
	events a 1 200 >events
	# as often as it takes
	for n in $(seq 50); do
		ml-noise --corruption 0.1 --termination 0 <events | ml-ingest log 2>/dev/null || true
		[ "$(wc -l <log)" = 200 ] && break
	done
	same events log
}

@test "noise: a source goes on where it ended, and otherwise each time" {
	packets 1000 >stream
	: >all
	runs=0
	until ml-noise -p state --seed 139 stream </dev/null >>all 2>said; do
		runs=$((runs + 1))
		same <(echo 'ml-noise: died, as --termination has it') said
		[ $runs -lt 100 ]
	done
	[ $runs -gt 1 ]
	same <(ml-noise --termination 0 --seed 139 <stream; echo '{"end": true}') all
	run -2 --separate-stderr ml-noise -p state --seed 1 stream </dev/null
	says 'ml-noise: state: of another --seed: remove it, or keep to it'
	# all was sent: then only that is
	run -0 ml-noise -p state stream </dev/null
	same <(echo '{"end": true}') <(echo "$output")
	echo rubbish >bad
	run -2 --separate-stderr ml-noise -p bad stream </dev/null
	says 'ml-noise: bad: not a state of ml-noise'
}

@test "noise: no seed makes a source die at the same place for ever" {
	packets 8 >stream
	for seed in $(seq 8); do
		rm -f state
		runs=0
		until ml-noise -p state --seed "$seed" --termination 0.5 stream </dev/null >>all 2>said; do
			runs=$((runs + 1))
			[ $runs -lt 200 ]
		done
	done
}

@test "noise: what is requested comes first; what is lost cannot be had" {
	packets 50 >stream
	could 5 --loss 0.2 <stream >can
	lost=$(seq 0 49 | grep -vxFf can | head -1)
	one=$(sed -n 8p can) two=$(sed -n 3p can)
	printf '%s\n' "$one" "$one" "$lost" 9999 what "$two" >requests
	run -0 --separate-stderr quiet --loss 0.2 --seed 5 -p state stream <requests
	says 'ml-noise: -:5: neither a number nor ok'
	same <(for n in $one $two; do sed -n "$((n + 1))p" stream; done; grep -f <(sed 's/.*/"sequence": &,/' can) stream; echo '{"end": true}') <(echo "$output")
}

@test "noise: with -a each line waits for its ok, and comes again without" {
	packets 5 >stream
	mkfifo requests
	quiet -a -p state stream <requests >out 2>said &
	exec 5>requests
	until [ "$(wc -l <out)" = 1 ]; do :; done
	echo 'ok 1' >&5
	until [ "$(wc -l <out)" = 2 ]; do :; done
	exec 5>&-
	wait $! && return 1
	same <(echo 'ml-noise: who acknowledges is gone') said
	same <(head -2 stream) out
	quiet -p state stream </dev/null >again
	same <(tail -4 stream; echo '{"end": true}') again
}

@test "noise: requests that wait are kept, 65536 of them, and no more" {
	packets 65600 >stream
	seq 0 65599 | { quiet -p state stream 2>said || true; } | head -1 >out
	sed -n 1p stream | same - out
	[ "$(cut -d ' ' -f 4- state | wc -w)" -gt 65000 ]
	[ "$(cut -d ' ' -f 4- state | tr ' ' '\n' | sort -n | tail -1)" = 65535 ]
}

@test "noise: lines that wait take 64 MiB and no more: they come earlier" {
	for i in $(seq 10 25); do
		head -c 10000000 /dev/zero | tr '\0' x
		echo $i
	done | peak kib ml-noise --loss 0 --duplicate 0 --corruption 0 --termination 0 --reorder 65536 --seed 1 | tr -d x | sort -n | same <(seq 10 25) -
	[[ $BUILD == */san ]] || [ "$(cat kib)" -le 153600 ]
}

@test "noise: usage" {
	for operands in operand '-a' '-p state' '-p state a b' '-x' '--loss'; do
		# shellcheck disable=SC2086
		run -2 ml-noise $operands </dev/null
	done
	for p in -0.1 1.1 x ''; do
		run -2 --separate-stderr ml-noise --loss "$p"
		says 'ml-noise: --loss: not a probability from 0 to 1'
	done
	run -2 --separate-stderr ml-noise --reorder 65537
	says 'ml-noise: --reorder: not a number of lines up to 65536'
	run -2 --separate-stderr ml-noise --seed -1
	says 'ml-noise: --seed: not a number below 2^53'
	run -2 --separate-stderr ml-noise -p state nowhere </dev/null
	says 'ml-noise: nowhere: No such file or directory'
	run -111 --separate-stderr sh -c 'echo | ml-noise --loss 0 >/dev/full'
	says 'ml-noise: standard output: No space left on device'
	run -2 --separate-stderr sh -c 'head -c 17000000 /dev/zero | ml-noise'
	says 'ml-noise: -: a line over 16 MiB'
}
