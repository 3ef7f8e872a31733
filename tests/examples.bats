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
