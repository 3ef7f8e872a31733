load helper

# Two builds, one set of bytes.  OTHER is a second build, of another machine's
# kind (scripts/cross); without one both sides are the same.
other() { PATH="${OTHER:-$BUILD}:$PATH" "$@"; }

# Whatever the tools make of an input, as files in the folder NAME.
# taken NAME INPUT [other]
taken() {
	mkdir at
	(
		cd at
		cp "$2" as-it-is
		for log in as-it-is taken; do
			if [ $log = taken ]; then
				$3 ml-ingest -v taken "$2" >said 2>&1 || echo "status $?" >>said
			fi
			for tool in frontier delta view 'view -w' check 'check -j'; do
				# shellcheck disable=SC2086 # an option
				$3 ml-$tool $log >"$log $tool" 2>&1 || echo "status $?" >>"$log $tool"
			done
		done
	)
	mv at "$1"
}

@test "exchange: of all golden data both make the same" {
	for input in "$VECTORS"/{events,messages,scenario-*/{log,missing,repair}*}.jsonl; do
		[ -f "$input" ] || continue
		rm -rf ours theirs
		taken ours "$input"
		taken theirs "$input" other
		[ -s ours/said ]
		diff -ru -x "*.index" ours theirs	# which tells of inodes and times
	done
}

# Both hold the same, and each shows and finds in the log of the other what it
# does in its own; with other seals, as one who holds them may leave them out.
agreed() {
	for tool in frontier delta 'view -w' check; do
		for log in "$@"; do
			# shellcheck disable=SC2086 # an option
			(cd "$log" && ml-$tool log || echo "status $?") >"$log/ours" 2>&1
			# shellcheck disable=SC2086
			(cd "$log" && other ml-$tool log || echo "status $?") >"$log/theirs" 2>&1
			cmp "$log/ours" "$log/theirs"
			sed -i 's/,"g":"[^"]*"}$/}/' "$log/ours"
			[ "$tool" = check ] || cmp "$1/ours" "$log/ours"
		done
	done
}

@test "exchange: two teams with keys, a survey each, there and back" {
	mkdir a b
	ml-key new -n 'Team A' a/key >/dev/null
	other ml-key new -n 'Team B' b/key >/dev/null
	ml-emit -k a/key a/log - <"$ROOT/examples/survey/team_a.jsonl" >/dev/null
	other ml-emit -k b/key b/log - <"$ROOT/examples/survey/team_b.jsonl" >/dev/null
	printf '\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\6\0\0\0' >photo
	ml-emit -k a/key a/log attach WP-1 photo photo >a/photo
	other ml-emit -k b/key b/log attach WP-2 photo photo >b/photo
	same <(jq -cS .p.mime,.p.blob_hash a/photo) <(jq -cS .p.mime,.p.blob_hash b/photo)
	same <(echo '"image/png"') <(jq .p.mime a/photo)
	ml-frontier a/log | other ml-delta b/log - | ml-ingest a/log
	other ml-frontier b/log | ml-delta a/log - | other ml-ingest b/log
	agreed a b
	# each goes on with the key and the log of the other
	other ml-emit -k a/key a/log note WP-1 é >/dev/null
	ml-emit -k b/key b/log note WP-2 '😀' >/dev/null
	other ml-delta b/log <(ml-frontier a/log) | ml-ingest a/log
	ml-delta a/log <(other ml-frontier b/log) | other ml-ingest b/log
	agreed a b
}

@test "exchange: what one holds and refuses, the other knows of" {
	mkdir a b
	events x 1 9 | sed 3d | ml-ingest a/log
	events x 1 9 | sed 3d | other ml-ingest b/log
	same a/log.held b/log.held
	ml-ingest a/log <(sed 's/"i":"./"i":"z/' <(events y 1 1)) || true
	other ml-ingest b/log <(sed 's/"i":"./"i":"z/' <(events y 1 1)) || true
	same <(jq 'del(.from)' a/log.refused) <(jq 'del(.from)' b/log.refused)
	agreed a b
	events x 3 3 | other ml-ingest a/log
	events x 3 3 | ml-ingest b/log
	same a/log b/log
	same <(echo '{"x":9}') <(ml-frontier a/log)
	agreed a b
}
