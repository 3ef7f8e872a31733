load helper

# What a peer may send in the place of every name and text: insides of canonical
# JSON strings.  The last are words that only a shell would take for more.
EVIL=('\u001b[2J' '\u001b]0;title\u0007' '\rover' '\b\b\bback' '\u0007' '\u007f' '\u009b31m'
	'\u0085next' '\u061calm' '\u202egpj.exe' '\u2066in\u2069' '\u2028line' '\u2029end' '\u200bwide'
	'\ufeffbom' '\u00adsoft' '\u034fjoin' '\udb40\udc41tag' '\nsecond line' '\ttab' '\u0000' 'a\u0000b' '\ud800'
	'\udc00' '\udc00\ud800' '\ufffe' '\\u001b' '\\033[31m' '\u001b[31m\u0000\u202e\n'
	'$(touch pwned)' '`touch pwned`' ';touch pwned;' '|touch pwned' '&touch pwned&' '../../pwned'
	'/tmp/pwned' '-rf' '--force' "'\\\" touch pwned" '*' '~' '$HOME' '>pwned' '!!' '%s%n')

# The same as bytes, and what no JSON string can say; of names and damaged lines
RAW=($'\e[2J' $'\e]0;title\a' $'\rover' $'\b\bback' $'\a' $'\x7f' $'\u009b31m' $'\x9b31m' $'\x85'
	$'\u202egpj' $'\u061cal' $'\u2066in' $'\u2028' $'\u200b' $'\ufeff' $'\nsecond' $'\xff' $'\xc0\x9b'
	$'\xe2\x80' $'\xed\xa0\x80' $'\xf4\x90\x80\x80' $'\x8e' $'\u0085')

# plain FILE: it is text that a terminal shows as it stands: UTF-8 without
# controls, format characters, separators, but for the tabs between columns and
# the joiners that scripts need.  By the tables of grep's library, not ours.
plain() {
	local ok='[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\x{34f}]|[\t\x{200c}\x{200d}]'
	if grep -naxvP "($ok)*+" "$1" >unplain; then
		head -3 unplain | cut -c 1-400 | cat -v
		return 1
	fi
}

# shown CMD: all that it prints, into files and on a terminal
shown() {
	eval "$1" >printed 2>told || true
	plain printed
	plain told
	script -qec "{ $1
	}" /dev/null </dev/null >screen || true
	# our own way to begin a line anew
	sed -E 's/\r[0-9]+ (events|% read)//g; s/\r\x1b\[K//g; s/\r+$//' screen >seen
	plain seen
	[ -s printed ] || [ -s told ] || { echo "nothing to see: $1"; false; }
}

# Nobody took a word of a peer's for a file's name, or gave it to a shell.
nothing_made() { [ -z "$(find "$BATS_RUN_TMPDIR" -name '*pwned*')" ] && [ ! -e /tmp/pwned ]; }

# wire AUTHOR SEQ KIND PAYLOAD PREV: an event made by hand
wire() {
	local id
	id=$(printf '{"author":"%s","hlc":[1000,0],"kind":"%s","payload":%s,"prev":"%s","seq":%s}' \
		"$1" "$3" "$4" "$5" "$2" | sha256sum | head -c 32)
	printf '{"a":"%s","s":%s,"h":[1000,0],"k":"%s","p":%s,"v":"%s","i":"%s"}\n' \
		"$1" "$2" "$3" "$4" "$5" "$id"
}

# feed AUTHOR TEXT: each kind of event, with TEXT wherever there is room for text
feed() {
	local prev= line kind payload n=0 hash
	hash=$(printf %064d 7)
	while IFS='	' read -r kind payload; do
		n=$((n + 1))
		line=$(wire "$1" $n "$kind" "$payload" "$prev")
		printf '%s\n' "$line"
		prev=${line: -34:32}
	done <<-END
	record.create	{"by":"$2","form":"$2","record_id":"$2"}
	field.set	{"field":"$2","record_id":"$2","value":"$2"}
	field.set	{"field":"o","record_id":"$2","value":{"$2":["$2"]}}
	note.add	{"record_id":"$2","text":"$2"}
	attachment.add	{"blob_hash":"$hash","field":"$2","mime":"$2","record_id":"$2","size":1}
	$2	{"$2":"$2"}
	$2	"$2"
	END
}

# Feeds under every bad name and with every bad text
setup_file() {
	local evil
	for evil in "${EVIL[@]}"; do feed "$evil" "$evil"; done >"$BATS_FILE_TMPDIR/sent"
	feed long "$(printf 'x\\u202e%.0s' {1..5000})" >>"$BATS_FILE_TMPDIR/sent"
}

@test "terminal: what is no plain text is told from what is" {
	for raw in "${RAW[@]}"; do
		[[ $raw != $'\n'* ]] || continue
		printf '%s\n' "before${raw}behind" >text
		run -0 grep -c '' text
		run -1 plain text
	done
	printf 'a\0b\n' >text
	run -1 plain text
	printf '%s\n' 'Wanjikũ ☃ 😀 \u001b مرحبا' $'tab\tjoin\u200d' >text
	plain text
}

@test "terminal: a peer's text in every place, through every tool" {
	cp "$BATS_FILE_TMPDIR/sent" .
	cp sent log
	while read -r call; do shown "$call"; done <<-'END'
	rm -f new*; ml-ingest new sent
	rm -f new*; ml-ingest -v new sent
	ml-ingest -v new sent
	rm -f new*; ml-gossip new <sent
	rm -f new*; ml-gossip -1v log -- ml-gossip new
	ml-frontier log
	ml-frontier -l log
	ml-frontier -m log
	ml-delta log
	ml-delta -m -n 9 log
	ml-view log
	ml-view -j log
	ml-view -w log
	ml-view -w --names --trusted log
	ml-view -j --names log
	ml-check log
	ml-check -j log
	ml-check --sandbox log
	ml-emit -a me log note R hello
	END
	[ "$(ml-frontier -l log | wc -l)" -eq $((${#EVIL[@]} + 2)) ]
	# it was a terminal: there is progress on one
	shown 'rm -f new*; ml-ingest new sent'
	grep -q $'\r[0-9]* events' screen
	shown 'rm -f new*; ml-gossip -1v log -- ml-gossip new'
	grep -q $'\r[0-9]* events' screen
	nothing_made
}

@test "terminal: held, forked, torn, damaged and refused of a peer" {
	cp "$BATS_FILE_TMPDIR/sent" .
	# the first of each feed is lost, the second damaged, some tampered with
	grep -av '"s":1,' sent >gaps
	sed 's/"v":"[0-9a-f]*"/"v":"00000000000000000000000000000000"/' sent >tampered
	for evil in "${EVIL[@]}"; do
		wire "$evil" 1 fork "\"$evil\"" ''
		wire "$evil" 2 astray "\"$evil\"" 00000000000000000000000000000000
		wire me 1 record.create "{\"by\":\"$evil\",\"form\":\"f\",\"record_id\":\"R\"}" ''
	done >forks
	cat sent forks gaps tampered >bad
	for raw in "${RAW[@]}"; do
		printf '%s\n' "$raw" "{\"a\":\"$raw\",\"s\":1}" "{\"$raw\":" "{\"t\":\"$raw\"}"
		sed -n 1p sent | sed "s/form/f${raw//$'\n'/}orm/"
	done >>bad
	printf '%s' "{\"a\":\"\\u202e" >torn
	cat bad torn >log
	while read -r call; do shown "$call"; done <<-'END'
	rm -f new*; ml-ingest -v new gaps; ml-check new
	rm -f new*; ml-ingest -v new gaps bad forks
	ml-ingest -v new <bad
	ml-check new
	ml-check -j new
	ml-view -w new
	rm -f new*; cp log new; ml-check new
	ml-check -j new
	ml-frontier -l new
	ml-view new
	ml-delta new
	ml-delta new bad
	ml-delta new <(sed -n 1p bad)
	ml-check -r new
	ml-emit -a me new note R hello
	ml-emit -a me new - <bad
	ml-emit -a me new - <torn
	END
	[ -s new.refused ]
	nothing_made
}

@test "terminal: the names that keys give themselves, and that a trust file gives" {
	n=0
	for evil in "${EVIL[@]}"; do
		key=key$((++n))
		id=$(ml-key new $key | sed -n 's/^id	//p')
		sealer -k $key -n "$evil" 1 2 >>sent
		[ $((n % 2)) -eq 0 ] || printf '%s "%s"\n' "$id" "$evil"
	done >trust
	printf '*\nplain "%s"\n' "${EVIL[@]}" | sed '/^plain "\*"/d' | sort -u >>trust
	ml-ingest log sent 2>/dev/null
	for ((i = 1; i <= n; i += 3)); do ml-emit -k key$i log set R-$i f v; done >/dev/null
	cp trust log.trust
	for raw in "${RAW[@]}"; do
		printf 'plain "%s"\n' "${raw//$'\n'/}" >trust-$((++n)).trust
		printf '%s %s\n' "$raw" "$raw" >trust-$((++n)).trust
	done
	while read -r call; do shown "$call"; done <<-'END'
	ml-frontier -l log
	ml-view -w --names log
	ml-view --names log
	ml-check log
	ml-check -j log
	ml-key list log
	ml-key list -j log
	for t in trust-*.trust; do ml-key list ${t%.trust}; done
	for t in trust-*[05].trust; do ml-key list -j ${t%.trust}; ml-ingest ${t%.trust} sent; done
	ml-key show key1; ml-key show -j key1
	END
}

# Each of these words, all of them at once in a name, in each place of a call
operands() {
	local raw=$1 name=$PWD/x$1 tool
	for tool in ml-frontier ml-delta ml-view ml-check 'ml-ingest log' 'ml-key list' 'ml-key show' \
	    'ml-key trust log' 'ml-key untrust log --plain' 'ml-emit -a me log set R f' 'ml-delta log'; do
		# shellcheck disable=SC2086 # words
		$tool "$name" || true
		$tool "-$raw" || true
		$tool "--$raw" || true
	done
	mkdir -p "$name"
	for tool in ml-frontier ml-check 'ml-emit -a me' ml-ingest; do
		$tool "$name/log" || true
		$tool "$name" set R f v || true
	done
	ml-emit -a "$raw" log note R t || true
	ml-emit -a me "$name/log" note "$raw" "$raw" || true
	ml-emit -a me log attach R f -m "$raw" "$name" || true
	ml-emit -a me log event "$raw" "$raw" || true
	ml-emit -w "$raw" -a me log note R t || true
	ML_AUTHOR=$raw ml-ingest log || true
	ML_KEY=$raw ml-ingest log || true
	ml-key new -n "$raw" "$name/key" || true
	ml-check --sandbox "$name/log" || true
}

@test "terminal: file names and other operands" {
	all=$(printf %s "${RAW[@]}")
	[ ${#all} -gt 50 ]
	{
		operands "$all"
		for raw in "${RAW[@]}"; do
			ml-frontier "x$raw" || true
			ml-frontier "-$raw" || true
			ml-view "--$raw" || true
		done
	} >printed 2>told </dev/null
	plain printed
	plain told
	[ -s printed ]
	[ "$(wc -l <told)" -gt 150 ]
}

@test "terminal: an example's records are no words of its shell" {
	for note in '$(touch pwned)`touch pwned`;touch pwned' 'a "b" \' $'\e[2J\u202e\a\r' '%s \033[2J \c' '-n * ~'; do
		NOTE=$note awk '{ while (i = index($0, "\047Pump handle is broken.\047"))
			$0 = substr($0, 1, i - 1) "\"$NOTE\"" substr($0, i + 24) } 1' \
			"$ROOT/examples/trust/day.sh" >day.sh
		grep -qF 'note WP-7 "$NOTE"' day.sh
		rm -rf day
		NOTE=$note run -0 sh day.sh day
		printf '%s\n' "$output" >printed
		plain printed
		[ "$(jq -r '."WP-7".notes[0]' day/base/view.json)" = "$note" ]
	done
	nothing_made
}
