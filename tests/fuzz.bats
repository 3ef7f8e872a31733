load helper

# replay TARGET: all seeds of its corpus, none of which may be forgotten
replay() {
	local seeds=("$ROOT/tests/corpus/$1"/*)
	[ -f "${seeds[0]}" ]
	run -0 "replay-$1" "${seeds[@]}"
	same <(printf '%s\n' "${seeds[@]}") <(echo "$output")
}

@test "every fuzz target has a corpus, and every corpus a target" {
	same <(cd "$ROOT/tests/fuzz" && printf '%s\n' *.c | sed 's/\.c$//') \
	    <(cd "$ROOT/tests/corpus" && printf '%s\n' *)
}

@test "every target is replayed here" {
	same <(cd "$ROOT/tests/fuzz" && printf '%s\n' *.c | sed 's/\.c$//') \
	    <(sed -n 's/^@test "\(.*\): its corpus" .*/\1/p' "$BATS_TEST_FILENAME" | LC_ALL=C sort)
}

@test "a corpus is small: 10 files or more, 100 KB at the most" {
	for corpus in "$ROOT"/tests/corpus/*; do
		[ "$(find "$corpus" -type f | wc -l)" -ge 10 ]
		[ "$(find "$corpus" -type f -exec cat {} + | wc -c)" -le 100000 ]
	done
}

@test "replaying nothing, or what is not there, is a failure" {
	run -2 --separate-stderr replay-canon
	same <(echo "replay-canon: usage: replay-canon file ...") <(echo "$stderr")
	run -111 replay-canon "$ROOT/tests/corpus/canon/no such seed"
}

@test "batch: its corpus" { replay batch; }
@test "canon: its corpus" { replay canon; }
@test "draft: its corpus" { replay draft; }
@test "event: its corpus" { replay event; }
@test "frameline: its corpus" { replay frameline; }
@test "frontier: its corpus" { replay frontier; }
@test "gossip: its corpus" { replay gossip; }
@test "http: its corpus" { replay http; }
@test "index: its corpus" { replay index; }
@test "integers: its corpus" { replay integers; }
@test "intake: its corpus" { replay intake; }
@test "json: its corpus" { replay json; }
@test "key: its corpus" { replay key; }
@test "ledgerline: its corpus" { replay ledgerline; }
@test "log: its corpus" { replay log; }
@test "mailbox: its corpus" { replay mailbox; }
@test "merge: its corpus" { replay merge; }
@test "mergestate: its corpus" { replay mergestate; }
@test "message: its corpus" { replay message; }
@test "number: its corpus" { replay number; }
@test "own: its corpus" { replay own; }
@test "pending: its corpus" { replay pending; }
@test "refused: its corpus" { replay refused; }
@test "scan: its corpus" { replay scan; }
@test "kiss: its corpus" { replay kiss; }
@test "reorder: its corpus" { replay reorder; }
@test "replaystate: its corpus" { replay replaystate; }
@test "rnode: its corpus" { replay rnode; }
@test "packet: its corpus" { replay packet; }
@test "seal: its corpus" { replay seal; }
@test "segment: its corpus" { replay segment; }
@test "text: its corpus" { replay text; }
@test "trust: its corpus" { replay trust; }
@test "view: its corpus" { replay view; }

@test "torture/fuzz: what it is not given" {
	for operands in '-x' '-n' '-n ten' '-s -1' 'canon'; do
		# shellcheck disable=SC2086 # one, or two
		run -2 --separate-stderr "$ROOT/tests/torture/fuzz" $operands
		[[ $stderr == *'usage: tests/torture/fuzz [-n SECONDS] [-s SEED]' ]]
	done
}
@test "vnode: its corpus" { replay vnode; }
