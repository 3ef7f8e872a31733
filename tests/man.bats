load helper
MAN=$ROOT/man

# The names of all sections of a page, on one line.
sections() {
	sed -n 's/^\.Sh //p' "$1" | paste -sd, -
}

# A page's text as its reader sees it, blanks squeezed to one, on one line.
text_of() {
	mandoc -Tascii -Owidth=1000 "$1" | sed 's/.\x08//g' | tr -s ' \n\t' ' '
}

# Every string literal of C sources, one a line, neighbours joined as the
# compiler does, comments and character constants left out.
literals() {
	cat "$@" | awk '
	{ all = all $0 "\n" }
	function done() { if (have) print text; have = 0; text = "" }
	END {
		n = length(all)
		for (i = 1; i <= n; i++) {
			c = substr(all, i, 1)
			two = substr(all, i, 2)
			if (two == "/*") {
				i += index(substr(all, i + 2), "*/") + 2
			} else if (c == "\047") {
				done()
				for (i++; (c = substr(all, i, 1)) != "\047"; i++)
					if (c == "\\") i++
			} else if (c == "\"") {
				have = 1
				for (i++; (c = substr(all, i, 1)) != "\""; i++) {
					if (c == "\\") {
						c = substr(all, ++i, 1)
						if (c == "n") c = " "
						else if (c !~ /["\\]/) c = "\\" c
					}
					text = text c
				}
			} else if (c !~ /[ \t\n]/)
				done()
		}
		done()
	}'
}

# What of the literals is prose: two words, and no JSON, code or format alone.
# Cut where a value goes in; pieces with no word of three letters say nothing.
prose() {
	literals "$@" |
		grep -E '[A-Za-z]{2,}[,:;]? [A-Za-z(%]' |
		grep -vE '^[{,]*"' |
		sed -E 's/%[-.*0-9l]*[a-z]/\n/g' |
		sed -E 's/^ +//; s/ +$//; s/ +/ /g' |
		grep -E '[A-Za-z]{3,}' | sort -u
}

# The heads of a page's DIAGNOSTICS.
messages() {
	sed -n '/^\.Sh DIAGNOSTICS/,/^\.Sh SEE/s/^\.It //p' "$1" |
		sed 's/\\(dq/"/g; s/\\e/\\/g; s/\\&//g'
}

# A page's examples: lines that start with ">" are commands, one display of
# them is a block; those with "<" are what the block before prints.
examples() {
	awk '
	/^\.Sh / { here = $2 == "EXAMPLES" }
	!here { next }
	/^\.Bd -literal/ { shows = /-compact/; display = 1; if (!shows) print ">"; next }
	/^\.Ed/ { display = 0; next }
	display { gsub(/\\e/, "\\"); print (shows ? "<" : ">") $0 }
	' "$1"
}

# A vector of meshlog-key(5): what stands behind NAME, and the lines below it.
vector() {
	awk -v name="$1" '
	/^\.Sh / { here = $0 == ".Sh TEST VECTORS" }
	here && /^\.Ed/ { on = 0 }
	here && $1 == name { on = 1; $1 = "" }
	here && on && /^[a-z]/ { on = 0 }
	on { gsub(/ /, ""); printf "%s", $0 }
	' "$MAN/meshlog-key.5"
	echo
}

# Its identity file.
vector_key() {
	vector private | tr a-f A-F | basenc -d --base16
}

# ssh HOST COMMAND: as sshd does it, in the folder of that name.
stub_ssh() {
	mkdir -p bin
	cat >bin/ssh <<-'END'
		#!/bin/sh
		cd "$FIELD/$1" && shift && exec sh -c "$*"
	END
	chmod +x bin/ssh
	export PATH=$PWD/bin:$PATH FIELD=$PWD
}

# The folder in which a page's examples run.  The clock stands at 06:00.
stage() {
	export ML_CLOCK_MS=1795154400000
	unset ML_AUTHOR ML_KEY ML_RADIO
	mkdir -p stick base
	stub_ssh
	ln -s "$ROOT"/scripts/ml-frames "$ROOT"/scripts/ml-merge-run "$ROOT"/scripts/ml-node bin/
	export XDG_STATE_HOME=$PWD/state
	case $1 in
	ml-emit.1)
		echo pump >pump.jpg
		return ;;
	ml-view.1)
		ml-emit -a team_a field.jsonl set WP-7 ph 7.2
		ml-emit -a team_a field.jsonl set WP-7 functional no
		ml-emit -a team_a field.jsonl create WP-7 water_point
		ml-emit -a team_a field.jsonl create HH-1 household
		return ;;
	ml-journal.1)
		packets 100 >packets.jsonl
		printf 'QUJD\trssi=-97\tsnr=6.5\n' >frames
		return ;;
	meshlog-key.5)
		vector_key >key
		chmod 600 key
		ml-emit -k key field.jsonl note WP-7 'Visit.'
		return ;;
	meshlog.7 | meshlog-index.5 | ml-key.1 | ml-node.1 | ml-air.1 | ml-radio.1 | ml-fetch.1 | ml-merge.1)
		return ;;
	esac >/dev/null
	{
		ml-emit -a base base/field.jsonl create WP-7 water_point
		ml-emit -a base base/field.jsonl set WP-7 functional yes
		cp base/field.jsonl field.jsonl
		for n in 1 2 3; do
			ml-emit -a team_a field.jsonl note WP-7 "Visit $n."
		done
	} >/dev/null
	case $1 in
	ml-check.1)
		rm field.jsonl
		cp base/field.jsonl field.jsonl
		ml-emit -a base base/field.jsonl note WP-7 'Spares came.' >/dev/null
		sed '2s/yes/no/' base/field.jsonl >damaged.jsonl ;;
	ml-delta.1)
		echo '{"base":1,"team_a":2}' >peer.frontier ;;
	ml-noise.1)
		packets 100 >packets.jsonl ;;
	ml-frontier.1 | ml-gossip.1 | ml-ingest.1)
		ml-emit -a base base/field.jsonl note WP-7 'Spares came.' >/dev/null
		ml-emit -a base base/field.jsonl note WP-7 'Fitted.' >/dev/null ;;
	esac
	cp base/field.jsonl base.jsonl
	cp base.jsonl stick/for-field.jsonl
}

# Run a page's examples, block by block, each as it is pasted: it succeeds, prints
# what the page shows, and says nothing but summaries and what the log is like.
run_examples() {
	local page=$1 block=0 status

	stage "$page"
	examples "$MAN/$page" >all
	[ -s all ]
	awk '/^>$/ { n++; next } { print substr($0, 2) > (/^</ ? "want." : "block.") n }' all
	while [ -e "block.$((++block))" ]; do
		status=0
		if [ "$page" = meshlog.7 ] && [ -e base.jsonl ]; then
			mkdir -p base/camp
			ln -sf ../../base.jsonl base/camp/base.jsonl
		fi
		bash -euo pipefail "block.$block" >"out.$block" 2>"err.$block" || status=$?
		if grep -q 'ml-check -j damaged' "block.$block"; then
			[ "$status" -eq 1 ]	# of ml-check, behind the pipe
		elif [ "$status" -ne 0 ]; then
			echo "$page: status $status:"
			cat "block.$block" "err.$block"
			return 1
		fi
		[ ! -e "want.$block" ] || same "want.$block" "out.$block"
		if grep -vE '^ml-(ingest|gossip): .* new, ' "err.$block" | grep -v ': see ml-check$'; then
			return 1
		fi
	done
	[ "$block" -gt 1 ]
}

@test "man: every tool has a page, and every page a tool" {
	# meshlog-radio(7) tells of ml-frames, a stopgap, and ml-merge(1) of ml-merge-run
	same <({
		cd "$ROOT/cmd" && ls ml-*.c | sed 's/c$/1/'
		cd "$ROOT/scripts" && ls ml-* | grep -vxE 'ml-(frames|merge-run)' | sed 's/$/.1/'
	} | sort) <(cd "$MAN" && ls ml-*.1 | sort)
}

@test "man: the pages lint clean" {
	run -0 mandoc -Tlint -Wwarning "$MAN"/*.[157]
	[ -z "$output" ]
}

@test "man: references lead to pages" {
	for page in "$MAN"/*.[157]; do
		grep -oE '^\.Xr (ml-[a-z]+|meshlog[a-z-]*) [157]' "$page" | sort -u |
			while read -r _ name section; do
				[ -e "$MAN/$name.$section" ] || { echo "$page: $name($section)"; false; }
			done
	done
}

@test "man: sections in their order" {
	for page in "$MAN"/ml-*.1; do
		same <(echo 'NAME,SYNOPSIS,DESCRIPTION,EXIT STATUS,EXAMPLES,DIAGNOSTICS,SEE ALSO') \
			<(sections "$page")
	done
	for page in "$MAN"/*.[57]; do
		sections "$page" | grep -qE '^NAME,DESCRIPTION,.*,SEE ALSO'
	done
}

@test "man: the date is written out" {
	for page in "$MAN"/*.[157]; do
		head -1 "$page" | grep -qE '^\.Dd [A-Z][a-z]+ [0-9]+, 20[0-9]{2}$'
	done
}

@test "man: every option of a tool is on its page, and no other" {
	for page in "$MAN"/ml-*.1; do
		source=$ROOT/cmd/$(basename "$page" .1).c
		[ -e "$source" ] || continue	# a script
		{
			grep -oE 'argv( \+ at)?, "\+?[a-zA-Z0-9:]+"' "$source" | grep -oE '[a-zA-Z0-9:]+"' |
				grep -o '[a-zA-Z0-9]'
			# behind operands, where getopt does not look
			grep -oE 'strcmp\(argv\[[0-9]\], "-[a-zA-Z]"' "$source" | grep -oE '[a-zA-Z]"' | tr -d '"'
		} | sort -u >options
		[ -s options ]
		sed '/^\.Sh EXIT/,$d' "$page" | grep -oE '\<Fl [A-Za-z0-9]\>' | cut -c 4 | sort -u >on-page
		same options on-page
		grep -oE '\{ "[a-z-]+", (no|required)_argument|strcmp\(argv\[[0-9]\], "--[a-z]+' "$source" |
			sed 's/.*"--//; s/^{ "//; s/".*//' |
			while read -r long; do
				grep -qE "^\.((It|Op) )?Fl -$long( |\$)" "$page" || { echo "$page: --$long"; false; }
			done
	done
}

@test "man: the usage lines are in DIAGNOSTICS" {
	for page in "$MAN"/ml-*.1; do
		PATH=$PATH:$ROOT/scripts run -2 "$(basename "$page" .1)" --no-such-option
		messages "$page" | grep -qxF -- "$(grep -m 1 '^usage: ' <<<"$output")"
	done
}

@test "man: what the tools can say is in the manual" {
	for page in "$MAN"/*.[157]; do
		text_of "$page"
	done >manual
	prose "$ROOT"/cmd/*.c "$ROOT"/lib/*.c | grep -vE '^(usage: ml-|ml-[a-z]+ (new )?\[)' >said
	[ "$(wc -l <said)" -gt 80 ]
	while IFS= read -r piece; do
		grep -qF -- "$piece" manual || echo "$piece"
	done <said >missing
	same /dev/null missing
}

@test "man: what a tool says itself is on its own page" {
	for page in "$MAN"/ml-*.1; do
		source=$ROOT/cmd/$(basename "$page" .1).c
		[ -e "$source" ] || continue
		text_of "$page" >text
		prose "$source" | grep -vE '^(usage: ml-|ml-[a-z]+ (new )?\[)' |
			while IFS= read -r piece; do
				grep -qF -- "$piece" text || echo "$page: $piece"
			done
	done >missing
	same /dev/null missing
}

# Reasons that name a member or a rule, and come with an event or a line.
@test "man: the reasons of events are with those who judge events" {
	literals "$ROOT"/lib/{canon,number,event,message}.c |
		grep -E '^(not |nested |an? (event|integer|number)|[a-z]+: [a-z ]+)' |
		grep -E '[a-z]{2,} [a-z0-9]+|^not UTF-8' | sort -u >reasons
	[ "$(wc -l <reasons)" -gt 35 ]
	for page in ml-ingest.1 ml-check.1; do
		while IFS= read -r reason; do
			messages "$MAN/$page" | grep -qxF -- "$reason" || echo "$page: $reason"
		done <reasons
	done >missing
	literals "$ROOT"/lib/{canon,number}.c | grep -E '^(not JSON|not UTF|nested|an? )' | sort -u >reasons
	for page in ml-emit.1 ml-delta.1; do
		while IFS= read -r reason; do
			messages "$MAN/$page" | grep -qxF -- "$reason" || echo "$page: $reason"
		done <reasons
	done >>missing
	# of seals and keys, with who takes events in
	prose "$ROOT"/lib/{seal,intake*}.c | grep -E '^(seal|author(\.key)?): |^a public key |^no key ' |
		grep -v '^fork' >reasons
	[ "$(wc -l <reasons)" -gt 9 ]
	while IFS= read -r reason; do
		messages "$MAN/ml-ingest.1" | grep -qxF -- "$reason" || echo "ml-ingest.1: $reason"
	done <reasons >>missing
	# of trust files, with ml-key; of keys, with who uses them
	prose "$ROOT/lib/trust.c" |
		while IFS= read -r reason; do
			messages "$MAN/ml-key.1" | grep -qxF -- "$reason" || echo "ml-key.1: $reason"
		done >>missing
	# what only making a key can say is on ml-key(1) alone
	prose "$ROOT/lib/identity.c" | grep -vE 'never overwritten|another key has written' >reasons
	[ "$(wc -l <reasons)" -gt 2 ]
	for page in ml-key.1 ml-emit.1; do
		while IFS= read -r reason; do
			messages "$MAN/$page" | sed 's/^[A-Z]*: //' | grep -qxF -- "$reason" ||
				echo "$page: $reason"
		done <reasons
	done >>missing
	prose "$ROOT/lib/own.c" |
		while IFS= read -r reason; do
			messages "$MAN/ml-emit.1" | grep -qxF -e "LOG: $reason" -e "KEY: $reason" ||
				echo "ml-emit.1: $reason"
		done >>missing
	literals "$ROOT/lib/frontier.c" | grep '^not a frontier' |
		while IFS= read -r reason; do
			messages "$MAN/ml-delta.1" | grep -qxF -- "$reason" || echo "ml-delta.1: $reason"
		done >>missing
	same /dev/null missing
}

@test "man: every message in the manual is in the source" {
	{
		literals "$ROOT"/cmd/*.c "$ROOT"/lib/*.c
		cat "$ROOT"/scripts/ml-*
	} | sed -E 's/%[-.*0-9l]*[a-z]/\n/g' >source
	for page in "$MAN"/ml-*.1; do
		messages "$page" | sed '/^[A-Z]*: REASON$/d' |
			sed -E 's/\<(LOG|FILE|KEY|LINE|AUTHOR|ID|TIME|REASON|RID|VALUE|N|PEER|THEIR-LOG|FRONTIER|FOLDER|PORT|GROUP|SETTING|OPTION|LEDGER|FEEDS)\>/\n/g' |
			tr ':,' '\n' | sed -E 's/^[ "]+//; s/([ "]| of)+$//' | grep -E '[a-z]{3,}' |
			while IFS= read -r piece; do
				grep -qF -- "$piece" source || echo "$page: $piece"
			done
	done >unknown
	same /dev/null unknown
}

# Names and numbers of the limits, as the compiler sees them.
@test "man: every limit is in a page, with its number" {
	sed -n 's/^\.It Dv \([A-Z_]*\) Ta \([0-9]*\) Ta .*/\1 \2/p' "$MAN"/*.[157] | sort -u >manual
	{
		echo '#include <stdio.h>'
		for h in "$ROOT"/lib/*.h; do
			echo "#include \"$h\""
		done
		echo 'int main(void) {'
		{
			cut -d ' ' -f 1 manual
			grep -hoE '^#define ML_[A-Z_]+_MAX' "$ROOT"/lib/*.h | cut -c 9- |
				grep -vx ML_UTF8_LEN_MAX
		} | sort -u | sed 's/.*/printf("& %lld\\n", (long long)(&));/'
		echo '}'
	} >limits.c
	"${CC:-cc}" -std=c11 -D_DEFAULT_SOURCE -o limits limits.c
	./limits | sort >source
	same source manual
}

@test "man: the test vectors of meshlog-key(5)" {
	unset ML_KEY ML_AUTHOR
	vector_key >key
	chmod 600 key
	[ "$(wc -c <key)" -eq 64 ]
	ml-key show -j key >shown
	same <(vector author) <(jq -r .id shown)
	same <(vector x25519; vector ed25519) <(jq -r .key shown | fold -w 64)
	# the events, by their id and seal, and as minted again
	sed -n '/^\.Sh TEST/,/^\.Sh EX/s/^{"a"/{"a"/p' "$MAN/meshlog-key.5" >wanted
	[ "$(wc -l <wanted)" -eq 2 ]
	ml-check wanted | grep -x 'seals: 2 seals verified'
	ML_CLOCK_MS=$(jq '.h[0]' wanted | head -1) ml-emit -k key log.jsonl set WP-7 ph 7.2 >got
	same wanted got
}

@test "man: the examples of ml-emit(1)" { run_examples ml-emit.1; }
@test "man: the examples of ml-key(1)" { run_examples ml-key.1; }
@test "man: the examples of ml-frontier(1)" { run_examples ml-frontier.1; }
@test "man: the examples of ml-delta(1)" { run_examples ml-delta.1; }
@test "man: the examples of ml-ingest(1)" { run_examples ml-ingest.1; }
@test "man: the examples of ml-gossip(1)" { run_examples ml-gossip.1; }
@test "man: the examples of ml-node(1)" { run_examples ml-node.1; }
@test "man: the examples of ml-view(1)" { run_examples ml-view.1; }
@test "man: the examples of ml-check(1)" { run_examples ml-check.1; }
@test "man: the examples of ml-air(1)" { run_examples ml-air.1; }
@test "man: the examples of ml-merge(1)" { run_examples ml-merge.1; }
@test "man: the examples of ml-radio(1)" { run_examples ml-radio.1; }
@test "man: the examples of ml-fetch(1)" {
	load web
	web
	BASE=$WEB run_examples ml-fetch.1
	web_over
}
@test "man: the examples of ml-journal(1)" { run_examples ml-journal.1; }
@test "man: the examples of ml-noise(1)" { run_examples ml-noise.1; }
@test "man: the examples of meshlog-radio(7)" { run_examples meshlog-radio.7; }

# airtime SF LENGTH: of such a frame, in ms
airtime() {
	head -c "$2" /dev/zero | basenc --base64url -w 0 | tr -d = |
		ml-radio --plan -f 867.2M -s "$1" --duty none --ledger ledger | jq .airtime_ms
}

@test "man: the table of settings in meshlog-radio(7) is reckoned right" {
	unset ML_RADIO
	sed -n '/^SF  *bit/,/^\.Ed/p' "$MAN/meshlog-radio.7" | grep -E '^ ?[0-9]' >table
	[ "$(wc -l <table)" -eq 6 ]
	while read -r sf _; do
		awk -v sf="$sf" -v long="$(airtime "$sf" 254)" -v short="$(airtime "$sf" 20)" 'BEGIN {
			printf "%2d %d %.0f ms %.0f ms %d or %d\n", sf, sf * 4 / 5 * 125000 / 2 ^ sf,
			    long, short, 36000 / long, 36000 / short
		}'
	done <table | tr -s ' ' >reckoned
	same <(awk '{ print " " $1, $2, $3, $4, $5, $6, $7, $8, $9 }' table | sed 's/^ \(..\) /\1 /') reckoned
}
@test "man: the examples of meshlog-log(5)" {
	run_examples meshlog-log.5
	same <(head -1 field.jsonl | jq -r .i) out.2
}
@test "man: the examples of meshlog-key(5)" { run_examples meshlog-key.5; }
@test "man: the examples of meshlog-index(5)" { run_examples meshlog-index.5; }
@test "man: the examples of meshlog(7)" {
	run_examples meshlog.7
	same <(ml-view team.jsonl) <(ml-view base.jsonl)
	same <(ml-frontier team.jsonl) <(ml-frontier base.jsonl)
}

# The code blocks of a section of the README, or of what comes before any.
readme_blocks() {
	awk -v want="$1" '
	/^## / { here = substr($0, 4) == want; next }
	NR == 1 { here = want == "" }
	/^```/ { if (!open) blocks += here; open = !open; next }
	open && here { print blocks ":" $0 }
	' "$ROOT/README.md"
}

@test "readme: the pipe runs as pasted" {
	readme_blocks '' | sed -n 's/^2://p' >pipe
	grep -q 'ml-emit.*|' pipe
	mkdir empty
	cd empty
	unset ML_AUTHOR ML_CLOCK_MS
	run -0 --separate-stderr bash -e ../pipe
	same <(echo '{"WP-7":{"ph":7.2}}') <(jq -c 'map_values(.fields)' <<<"$output")
}

@test "readme: the lines on trust run as pasted" {
	readme_blocks Trust | sed 's/^1://' >lines
	grep -q 'ml-key trust' lines
	[ "$(sed -n '/^## Trust/,/^## Exchange/p' "$ROOT/README.md" | wc -l)" -le 16 ]
	mkdir empty
	cd empty
	unset ML_AUTHOR ML_CLOCK_MS ML_KEY
	run -1 --separate-stderr bash ../lines
	same <(ml-key show -j team.key | jq -r '.name + " <" + .id + ">"') \
		<(tail -1 <<<"$output" | cut -f 4)
	[[ $stderr == *'-:1: author: not trusted'*'0 new, 0 had, 0 held, 1 refused' ]]
}

@test "readme: one command under Test, the two commands, every tool" {
	same <(echo '1:scripts/check') <(readme_blocks Test)
	[ "$(wc -l <"$ROOT/README.md")" -lt 110 ]
	for tool in demo check; do
		head -20 "$ROOT/README.md" | grep -q "scripts/$tool"
	done
	same <(cd "$ROOT/cmd" && ls ml-*.c | sed 's/\.c$//') \
		<(sed -n '/^## Tools/,/^## Where/s/^- `\(ml-[a-z]*\) .*/\1/p' "$ROOT/README.md" | sort)
}

@test "readme: names the packages that bootstrap installs" {
	[ -e "$ROOT/scripts/bootstrap" ]
	sed -n "/^build=/,/^esac/s/.*[a-z]*=[\"']\([^\"']*\)[\"'].*/\1/p" "$ROOT/scripts/bootstrap" >packages
	[ "$(wc -w <packages)" -gt 30 ]
	tr ' ' '\n' <packages | grep -v '^\$' | cut -d / -f 1 | sort -u |
		while read -r package; do
			grep -qw -- "$package" "$ROOT/README.md" || { echo "$package"; false; }
		done
}
