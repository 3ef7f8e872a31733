load helper

@test "examples: trust: the intruder is refused, all else comes through" {
	unset ML_CLOCK_MS
	run -0 --separate-stderr "$ROOT/examples/trust/day.sh" day
	same - <(grep -E '^(refused|held): ' <<<"$output") <<-'END'
		refused: plain: author: not trusted
		refused: own-key: author: not trusted
		refused: altered: id: does not match the content
		held: unsealed: it waits for a seal, which only the team can make
		refused: forged: seal: does not verify
	END
	team_a=$(cat day/team_a/id)
	grep -qP "^WP-7\tfunctional\t\"no\"\tTeam A <$team_a>\t" <<<"$output"
	for who in base team_a team_b; do
		same day/base/view.json "day/$who/view.json"
		same <(ml-frontier day/base/log.jsonl) <(ml-frontier "day/$who/log.jsonl")
		# three authors with keys, nobody else
		[ "$(ml-check -j "day/$who/log.jsonl" | jq -c 'select(.feed) | .keyed' | sort | uniq -c | tr -d ' ')" = 3true ]
	done
	same <(printf '%s\n' 'Pump handle is broken.' Repaired.) <(jq -r '."WP-7".notes[]' day/base/view.json)
	[ "$(stat -c %a day/*/key | sort -u)" = 600 ]
	[ ! -e day/base/log.jsonl.held ]
}

@test "examples: trust: a folder in use is left alone: status 2" {
	mkdir day
	touch day/mine
	run -2 --separate-stderr "$ROOT/examples/trust/day.sh" day
	same <(echo 'usage: day.sh [FOLDER], which is new or empty') <(echo "$stderr")
	[ "$(ls day)" = mine ]
}

@test "examples: trust: the script is sound, and its page names what it tries" {
	run -0 shellcheck "$ROOT/examples/trust/day.sh"
	for word in 'not trusted' 'does not verify' 'does not match'; do
		grep -qF -- "$word" "$ROOT/examples/trust/README.md"
	done
}

@test "examples: survey: every line is taken, with a key and without" {
	for file in "$ROOT"/examples/survey/*.jsonl; do
		who=$(basename "$file" .jsonl)
		ml-emit -a "$who" log.jsonl - <"$file" >printed
		[ "$(wc -l <printed)" -eq "$(wc -l <"$file")" ]
		ml-key new "$who.key" >/dev/null
		ml-emit -k "$who.key" keyed.jsonl - <"$file" >printed
		[ "$(wc -l <printed)" -eq "$(($(wc -l <"$file") + 1))" ]
	done
	[ "$(cat log.jsonl | wc -l)" -eq 590 ]
	run -0 --separate-stderr ml-ingest copy.jsonl log.jsonl keyed.jsonl
	same <(echo 'ml-ingest: 1183 new, 0 had, 0 held, 0 refused') <(echo "$stderr")
	# the lines name their plain authors, who are not the keys
	run -1 ml-check -j copy.jsonl
	same <(echo by) <(jq -r '.finding // empty' <<<"$output" | sort -u)
}

# With ml-frames, which is installed beside the tools, on the PATH.
radio_tools() {
	mkdir bin
	ln -s "$ROOT/scripts/ml-frames" bin/
	export PATH=$PWD/bin:$PATH
	unset ML_RADIO ML_AUTHOR ML_CLOCK_MS
}

@test "examples: radio-chat: two logs become the same over two radios" {
	radio_tools
	run -0 --separate-stderr "$ROOT/examples/radio-chat/try.sh" chat 3>&-
	same - <(jq -r '.chat.notes | sort[]' <<<"$output") <<-'END'
		Pump handle of WP-7 is broken.
		Spares come tomorrow, with the truck.
		Thanks. We wait at the school.
	END
	same <(ml-view chat/team_a.jsonl) <(ml-view chat/base.jsonl)
	for node in 0 1; do
		jq -es "map(select(.node == $node)) | map(.event) | contains([\"on\", \"received\", \"off\"])" chat/trace.jsonl
	done
	run -1 grep '"event":"violation"' chat/trace.jsonl
}

@test "examples: radio-chat: bad usage, and a folder in use: status 2" {
	run -2 "$ROOT/examples/radio-chat/station.sh" log
	run -2 "$ROOT/examples/radio-chat/try.sh" "$ROOT"
	run -0 shellcheck "$ROOT"/examples/radio-{chat,cron}/*.sh
}

# A log of three events, a configuration, and radios in the air.
cron_folder() {
	radio_tools
	for n in 1 2 3; do ml-emit -a team_a team.jsonl note WP-7 "Visit $n."; done >events
	sed 's,^log=.*,log=team.jsonl,; s,^state=.*,state=state,; s,^port=.*,port=air/rnode0,
	    s,^options=.*,options="-f 867.2M -s 7 --duty none --ledger airtime",; s,^listen=.*,listen=0,' \
	    "$ROOT/examples/radio-cron/contact.conf" >conf
	export ML_RADIO='-f 867.2M -s 7 --duty none --ledger base.airtime'
	ml-air -n 2 -d air </dev/null >trace 2>said 3>&- &
	echo $! >pids
	patiently grep -q '"boot","node":1' trace
}

listen_at_base() {
	ml-radio -1 -r -p air/rnode1 >heard 2>base.said 3>&- &
	echo $! >>pids
	patiently grep -q '"on","node":1' trace
}

teardown() {
	if [ -e pids ]; then tac pids | xargs kill 2>/dev/null; wait; fi
}

contact() { "$ROOT/examples/radio-cron/contact.sh" "${1-conf}" 3>&-; }

@test "examples: radio-cron: what is new is sent, once" {
	cron_folder
	listen_at_base
	run -0 contact
	all_heard() { ml-frames -d <heard | cmp -s - "$1"; }
	patiently all_heard events
	same <(echo '{"team_a":3}') state/sent
	# nothing is new, and then one event
	run -0 contact
	ml-emit -a team_a team.jsonl note WP-7 'Visit 4.' >>events
	run -0 contact
	patiently all_heard events
	run -1 grep '"event":"violation"' trace
}

@test "examples: radio-cron: what comes is taken in" {
	cron_folder
	sed -i 's/^listen=.*/listen=3600/' conf
	echo '{"team_a":3}' >sent
	mkdir state
	mv sent state/
	setsid "$ROOT/examples/radio-cron/contact.sh" conf 2>contact.said 3>&- &
	contact=$!
	patiently grep -q '"on","node":0' trace
	ml-emit -a base base.jsonl note WP-7 'Spares came.' | ml-frames |
		ml-radio -1 -p air/rnode1 3>&-
	taken() { ml-view team.jsonl | grep -q 'Spares came'; }
	patiently taken
	kill -- "-$contact"
	wait "$contact" || true
	patiently grep -q '"off","node":0' trace
	run -1 grep '"event":"violation"' trace
}

@test "examples: radio-cron: killed before the end, all is sent by the next one" {
	cron_folder
	listen_at_base
	sed -i 's/^listen=.*/listen=3600/' conf
	setsid "$ROOT/examples/radio-cron/contact.sh" conf 3>&- &
	contact=$!
	patiently grep -q '"on","node":0' trace
	run -0 contact
	[ -z "$output" ]		# one at a time
	kill -9 -- "-$contact"
	wait "$contact" || true
	same <(echo '{}') state/sent
	sed -i 's/^listen=.*/listen=0/' conf
	run -0 contact
	same <(echo '{"team_a":3}') state/sent
	all_heard() { same <(sort events) <(ml-frames -d <heard | sort -u) >/dev/null; }
	patiently all_heard
}

@test "examples: radio-cron: what cuts lines into frames dies: nothing counts as sent" {
	cron_folder
	mkdir dies
	cat >dies/ml-frames <<-END
		#!/bin/sh
		[ "\${1-}" != -d ] || exec $(command -v ml-frames) -d
		head -n 1 | $(command -v ml-frames)
		kill -9 \$\$
	END
	chmod +x dies/ml-frames
	PATH=$PWD/dies:$PATH run -111 contact
	same <(echo '{}') state/sent
	run -0 contact
	same <(echo '{"team_a":3}') state/sent
}

@test "examples: radio-cron: no radio: 111; no configuration: 2; nothing counts as sent" {
	cron_folder
	sed -i 's,^port=.*,port=air/rnode7,' conf
	run -111 contact
	[[ $output == *'air/rnode7: No such file or directory'* ]]
	same <(echo '{}') state/sent
	run -2 contact none
	sed -i 's/^port=.*//' conf
	run -2 contact
	same <(echo 'contact.sh: conf: port= is missing') <(echo "$output")
}

@test "examples: packets: what the link did not lose is logged once, in order" {
	run -0 --separate-stderr "$ROOT/examples/packets/log.sh" day
	same <(cut -d , -f 1 day/log) <(cut -d , -f 1 day/log | sort -nu)
	[ "$(wc -l <day/log)" -gt 80 ]
	same <(sed 's/.*"payload":"\([0-9a-f]*\)".*/\1/' day/sent | grep -xFf <(cut -d , -f 3 day/log) | sort -u) \
	    <(cut -d , -f 3 day/log | sort -u)
	same <(echo "$(wc -l <day/log) of 100 readings are logged") <(tail -1 <<<"$output")
	run -0 shellcheck "$ROOT/examples/packets/log.sh"
	run -2 "$ROOT/examples/packets/log.sh" day
}
