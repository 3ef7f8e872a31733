load helper

node() { "$ROOT/scripts/ml-node" "$@"; }

holds() { [ "$(ml-frontier "$1" 2>/dev/null)" = "$2" ]; }

@test "node: events of one's own, and a prompt" {
	run -0 --separate-stderr node --name base --data log --set R-1 functional True --create R-1 water_point \
	    --note R-1 'Dry since May.' --set R-1 ph 7.20 <<-'END'
		view
		  FRONT
		what
		quit
		view
	END
	[ -z "$stderr" ]
	cat >wanted <<-'END'
		meshlog node 'base' running.
		commands: view | front | quit
		> {
		  "R-1": {
		    "attachments": [],
		    "created_by": "base",
		    "fields": {
		      "functional": true,
		      "ph": 7.2
		    },
		    "form": "water_point",
		    "notes": [
		      "Dry since May."
		    ],
		    "record_id": "R-1"
		  }
		}
		> {"base": 4}
		> > 
	END
	same wanted <(printf '%s\n' "$output")
	# what is opened comes first, then what is set
	same <(printf '%s\n' record.create field.set field.set note.add) <(jq -r .k log)
}

@test "node: values as the Python program takes them" {
	set -- 007 7 +1_000 1000 -0 0 +254712345678 254712345678 ' 8 ' 8 5. 5.0 .5 0.5 -1e3 -1000.0 \
	    1_0.5_0e0_1 105.0 -0.0 -0.0 TRUE true fALSE false 1_ '"1_"' . '"."' 1__0 '"1__0"' 1e '"1e"' \
	    '' '""' 0x1f '"0x1f"' yes '"yes"' 12345678901234567890 12345678901234567890
	args=() wanted=()
	while [ $# -gt 0 ]; do
		args+=(--set R-1 f "$1")
		wanted+=("$2")
		shift 2
	done
	run -0 node --name base --data log "${args[@]}" <<<quit
	same <(printf '%s\n' "${wanted[@]}") <(sed -E 's/.*"value":(.*)\},"v".*/\1/' log)
}

@test "node: an identity is made when there is none, and its id is the author" {
	run -0 node --data log --create R-1 form <<<front
	id=$(ml-key show -j log.key | jq -r .id)
	same <(echo "meshlog node '$id' running.") <(echo "${lines[0]}")
	same <(echo "> {\"$id\": 2}> ") <(printf '%s\n' "${lines[@]:2}" | paste -sd '')
	run -0 node --data log --identity log.key --note R-1 again <<<quit
	holds log "{\"$id\":3}"
	# a record and a text that look like options
	run -0 node --data log --note -1 -x <<<quit
	same <(echo '["-1","-x"]') <(tail -1 log | jq -c '[.p.record_id,.p.text]')
}

@test "node: a log in memory leaves nothing behind" {
	mkdir tmp
	TMPDIR=$PWD/tmp run -0 node --create R-1 form <<<view
	[[ $output == *'"form": "form"'* ]]
	[ -z "$(ls tmp)" ]
}

@test "node: gossip over a carrier, until it is told to quit" {
	ml-emit -a base base note R-1 one >/dev/null
	mkfifo in
	node --name team --data team --gossip-interval 0.1 --note R-1 two -- ml-gossip base <in >out 3>&- &
	pid=$!
	exec 8>in
	patiently holds base '{"base":1,"team":1}'
	ml-emit -a base base note R-1 three >/dev/null
	patiently holds team '{"base":2,"team":1}'
	echo front >&8
	patiently grep -qF '> {"base": 2, "team": 1}' out
	echo quit >&8
	wait $pid
	exec 8>&-
	# nothing follows any more
	ml-emit -a base base note R-1 four >/dev/null
	holds team '{"base":2,"team":1}'
}

@test "node: an option with its value behind an equals sign" {
	run -0 node --name=base --data=log=1 --gossip-interval=5. --note R-1 text <<<quit
	holds log=1 '{"base":1}'
	run -2 node --create=R-1 form <<<quit
}

@test "node: on a terminal gossip leaves the prompt alone" {
	mkfifo in
	echo 'plain base' >team.trust
	ml-emit -a base base note R-1 one >/dev/null
	ml-emit -a other stray note R-1 one >/dev/null
	cat >carrier <<-'END'
		#!/bin/sh
		{ cat stray; tee -a heard | ml-gossip base 2>/dev/null; }
	END
	chmod +x carrier
	script -qec "$ROOT/scripts/ml-node --name team --data team --gossip-interval 0.1 -- ./carrier" /dev/null <in >seen 2>&1 3>&- &
	pid=$!
	exec 8>in
	patiently holds team '{"base":1}'
	patiently eval '[ "$(grep -c frontier heard)" -ge 4 ]'
	patiently grep -q 'not trusted' seen
	echo quit >&8
	wait $pid
	exec 8>&-
	run -1 grep -E '[0-9] events' seen
}

@test "node: killed, it leaves no gossip behind" {
	mkfifo in end
	"$ROOT/scripts/ml-node" --name team --data team -- sh -c 'exec 8>end; exec ml-gossip base' <in >out 3>&- &
	pid=$!
	exec 8>in 7<end
	patiently test -e base
	kill -KILL $pid
	run -0 timeout 20 cat <&7
	wait $pid || :
	exec 8>&- 7<&-
}

@test "node: a carrier that breaks is tried again" {
	cat >carrier <<-'END'
		#!/bin/sh
		echo >>tries
		[ "$(wc -l <tries)" -gt 2 ] || exit 1
		exec ml-gossip base
	END
	chmod +x carrier
	ml-emit -a base base note R-1 one >/dev/null
	mkfifo in
	"$ROOT/scripts/ml-node" --name team --data team --gossip-interval 0.1 -- ./carrier <in >out 2>said 3>&- &
	pid=$!
	exec 8>in
	patiently holds team '{"base":1}'
	same <(for _ in 1 2; do echo 'ml-gossip: ./carrier: exit status 1'; done) <(grep carrier said)
	kill $pid
	wait $pid
	exec 8>&-
}

@test "node: a way that is never there is tried once" {
	mkdir bin
	for tool in bash ml-emit ml-ingest ml-frontier sed sleep; do
		ln -s "$(command -v $tool)" bin/
	done
	for path in "$PATH" "$PWD/bin"; do
		mkfifo in
		PATH=$path "$ROOT/scripts/ml-node" --name team --data team --gossip-interval 0.01 -- ./none <in >out 2>said 3>&- &
		pid=$!
		exec 8>in
		patiently test -s said
		"$BUILD/ml-emit" -a team team note R-1 one >/dev/null
		echo front >&8
		patiently grep -q team\" out
		exec 8>&-
		wait $pid
		[ "$(wc -l <said)" -eq 1 ]
		rm in team*
	done
}

@test "node: usage" {
	for words in --name "--set R f" "--create R" "--note" x -- "--bogus 1"; do
		run -2 node $words <<<quit
		[[ $output == 'usage: ml-node '* ]]
	done
	for seconds in soon 0 0.0 . -1; do
		run -2 --separate-stderr node --gossip-interval $seconds <<<quit
		same <(echo 'ml-node: --gossip-interval: not a number of seconds') <(echo "$stderr")
	done
	echo 'no key' >key
	run -2 node --identity key --data log <<<quit
}
