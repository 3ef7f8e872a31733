#!/bin/sh
# day.sh [FOLDER] - a day with two teams, a base and an intruder, each a folder
# in FOLDER, which is new or empty.  Needs the tools on the PATH.  Exit status 0
# if all that the intruder tried was refused and all else came through.
set -eu
unset ML_AUTHOR ML_KEY ML_CLOCK_MS
if [ $# -gt 1 ] || { [ $# -eq 1 ] && [ -n "$(ls -A "$1" 2>/dev/null)" ]; }
then
	echo 'usage: day.sh [FOLDER], which is new or empty' >&2
	exit 2
fi
folder=${1:-$(mktemp -d "${TMPDIR:-/tmp}/meshlog-trust.XXXXXX")}
mkdir -p "$folder"
cd "$folder"

fail() {
	echo "day.sh: $*; see $PWD" >&2
	exit 1
}

mkdir base team_a team_b intruder stick
names='base team_a team_b'

# In the morning each makes a key.  The private part never leaves its folder;
# the id is what the others write down.
ml-key new -n 'Base' base/key >base/card
ml-key new -n 'Team A' team_a/key >team_a/card
ml-key new -n 'Team B' team_b/key >team_b/card
for who in $names; do
	sed -n 's/^id	//p' "$who/card" >"$who/id"
done

# Who may write, on each machine: these three and nobody else.  The names are
# local, as each machine likes them.
for who in $names; do
	ml-key trust "$who/log.jsonl" "$(cat base/id)" 'Base camp'
	ml-key trust "$who/log.jsonl" "$(cat team_a/id)" 'Team A'
	ml-key trust "$who/log.jsonl" "$(cat team_b/id)" 'Team B'
done

# Each writes into its own log, out of contact.
ml-emit -k base/key base/log.jsonl create WP-7 water_point >/dev/null
ml-emit -k team_a/key team_a/log.jsonl set WP-7 functional no >/dev/null
ml-emit -k team_a/key team_a/log.jsonl note WP-7 'Pump handle is broken.' >/dev/null
ml-emit -k team_b/key team_b/log.jsonl set WP-8 ph 7.2 >/dev/null

# A courier carries what each has to the base, and all of it back.
for who in team_a team_b; do
	ml-delta "$who/log.jsonl" >"stick/$who.jsonl"
	ml-ingest base/log.jsonl "stick/$who.jsonl"
done
for who in team_a team_b; do
	ml-frontier "$who/log.jsonl" | ml-delta base/log.jsonl - >"stick/for-$who.jsonl"
	ml-ingest "$who/log.jsonl" "stick/for-$who.jsonl"
done

# The intruder finds the stick.  He has read all of it, and has no key of theirs.
ml-frontier base/log.jsonl >intruder/before
cp stick/team_a.jsonl intruder/copy.jsonl

# refused NAME REASON: what lies on the stick is not let in, for this reason
refused() {
	status=0
	ml-ingest base/log.jsonl "stick/$1.jsonl" 2>"intruder/$1" || status=$?
	[ $status -eq 1 ] || fail "$1: status $status"
	grep -qF -- "$2" "intruder/$1" || fail "$1: not refused as \"$2\""
	ml-frontier base/log.jsonl | cmp -s - intruder/before ||
		fail "$1: it has changed the log"
	echo "refused: $1: $2"
}

# under a plain name that looks like the team's
ml-emit -a 'Team A' intruder/plain.jsonl set WP-7 functional yes >stick/plain.jsonl
refused plain 'author: not trusted'

# with a key of his own that bears the team's name
ml-key new -n 'Team A' intruder/key >/dev/null
ml-emit -k intruder/key intruder/own.jsonl set WP-7 functional yes >stick/own-key.jsonl
refused own-key 'author: not trusted'

# with a changed value in what the team wrote
sed 's/"value":"no"/"value":"yes"/' stick/team_a.jsonl >stick/altered.jsonl
refused altered 'id: does not match the content'

# going on the team's feed, first without a seal, then with that of another event:
# he can compute the id of his event, but not the seal
last=$(tail -n 1 intruder/copy.jsonl)
prev=$(printf '%s\n' "$last" | jq -r .i)
body=$(printf '%s\n' "$last" | jq -cS '{author: .a, hlc: .h, kind: .k,
    payload: {record_id: "WP-7", text: "All is well."}, prev: .i, seq: (.s + 1)}')
id=$(printf %s "$body" | sha256sum | cut -c 1-32)
printf '%s\n' "$last" | jq -c --arg id "$id" --arg prev "$prev" '.s += 1 | .v = $prev |
    .p = {record_id: "WP-7", text: "All is well."} | .i = $id' >stick/forged.jsonl
jq -c 'del(.g)' stick/forged.jsonl >stick/unsealed.jsonl
ml-ingest base/log.jsonl stick/unsealed.jsonl
ml-frontier base/log.jsonl | cmp -s - intruder/before ||
	fail 'unsealed: it has changed the log'
echo 'held: unsealed: it waits for a seal, which only the team can make'
refused forged 'seal: does not verify'

# It does not keep the team out either: what it writes next comes in, and takes
# the place of the forged event, which is refused then (1).
ml-emit -k team_a/key team_a/log.jsonl note WP-7 'Repaired.' >stick/next.jsonl
ml-ingest base/log.jsonl stick/next.jsonl || [ $? -eq 1 ]
for who in team_a team_b; do
	ml-frontier "$who/log.jsonl" | ml-delta base/log.jsonl - |
		ml-ingest "$who/log.jsonl"
done

# Three machines, one view, and nothing of the intruder in it.
for who in $names; do
	ml-check "$who/log.jsonl" >"$who/check" || fail "$who: see $who/check"
	ml-view "$who/log.jsonl" >"$who/view.json"
	cmp base/view.json "$who/view.json" || fail "$who: not what base shows"
done
if grep -q 'All is well' base/view.json; then fail 'the intruder was believed'; fi
ml-view -w --names base/log.jsonl
