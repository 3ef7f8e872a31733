load helper

frames() { "$ROOT/scripts/ml-frames" "$@"; }

# text N: a line of so many bytes, never the same piece twice
text() { seq -s ' ' 1 "$1" | head -c "$1"; echo; }

# piece SUM I N TEXT: a frame as ml-frames makes it, or would not
piece() { printf %s "$*" | basenc --base64url -w 0 | tr -d =; echo; }
sum() { printf %s "$1" | cksum | cut -d ' ' -f 1; }

# Every frame is one that ml-radio takes, and fits in one packet.
are_frames() {
	[ -s "$1" ]
	run -1 grep -vE '^[A-Za-z0-9_-]+$' "$1"
	[ "$(awk '{ print length }' "$1" | sort -n | tail -1)" -le 339 ]	# 254 bytes
}

@test "frames: usage" {
	for operands in '-x' '-d -d' 'file'; do
		# shellcheck disable=SC2086 # one or two
		run -2 --separate-stderr frames $operands
		same <(echo 'usage: ml-frames [-d]') <(echo "$stderr")
	done
}

@test "frames: lines of all lengths, there and back" {
	for n in 1 2 231 232 233 234 235 465 466 467 1000 5000; do text "$n"; done >lines
	frames <lines >sent
	are_frames sent
	frames -d <sent >got
	same lines got
}

@test "frames: a line is one frame as long as it fits, with all marks and blanks" {
	printf '%s\n' '  two blanks, at both ends  ' "{\"a\":\"'\\\\u00e9\",\"b\":\$(x) \`y\` * ? [z] \\}" '-n' '%s%n' >lines
	frames <lines >sent
	[ "$(wc -l <sent)" -eq 4 ]
	frames -d <sent >got
	same lines got
}

@test "frames: an end without newline, an empty line, CRLF" {
	printf 'one\n\ntwo\r\nthree' | frames >sent
	[ "$(wc -l <sent)" -eq 3 ]
	head -c -1 sent | sed 's/$/\r/' | frames -d >got
	same <(printf '%s\n' one two three) got
}

@test "frames: what is no text, or too long, is refused: status 1, the rest goes on" {
	{ echo one; printf 'caf\303\251\n'; printf 'a\tb\n'; text 480000; echo two; } >lines
	run -1 --separate-stderr frames <lines
	same <(printf 'ml-frames: -:%s\n' '2: not printable ASCII' '3: not printable ASCII' '4: too long') \
	    <(echo "$stderr")
	same <(printf '%s\n' one two) <(frames -d <<<"$output")
}

@test "frames: a full disk: status 111" {
	run -111 sh -c 'echo one | "$1" >/dev/full' sh "$ROOT/scripts/ml-frames"
	echo one | frames >sent
	run -111 sh -c '"$1" -d <sent >/dev/full' sh "$ROOT/scripts/ml-frames"
}

@test "frames: lost: a line does not come; sent again, it does" {
	{ text 500; text 800; } >lines
	frames <lines >sent
	sed 2d sent | frames -d >got
	same <(tail -1 lines) got
	{ sed 2d sent; cat sent; } | frames -d | sort -u >got
	same <(sort lines) got
	# of one sending the one half, of the next the other
	{ sed '1~2d' sent; sed '2~2d' sent; } | frames -d | sort >got
	same <(sort lines) got
}

@test "frames: repeated, reordered and mixed with others" {
	for n in 700 900 1100; do text "$n"; done >lines
	frames <lines >sent
	sed p sent | frames -d >got
	same lines got
	tac sent | frames -d | sort >got
	same <(sort lines) got
	for seed in 1 2 3; do
		{
			cat sent
			piece hello
			piece 12 1 2
			head -c 300 /dev/zero | basenc --base64url -w 0
			echo
			echo 'not base64url!'
			echo A
			echo
		} | shuf --random-source=<(yes "$seed") | sed 's/$/\trssi=-97\tsnr=6.5/' | frames -d | sort >got
		same <(sort lines) got
	done
}

@test "frames: pieces of two lines that met are none" {
	a=$(sum ab)
	{ piece "$a" 1 2 a; piece "$a" 2 2 c; } | frames -d >got
	same /dev/null got
	{ piece "$a" 1 2 a; piece "$a" 2 2 c; piece "$a" 1 2 a; piece "$a" 2 2 b; } | frames -d >got
	same <(echo ab) got
}

@test "frames: hostile frames do nothing and cost nothing" {
	{
		for n in 0 00 2001 9999 99999 18446744073709551617 -1 '$(touch x)' 'a[$(touch x)]' "x'"; do
			piece 1 1 "$n" a
			piece 1 "$n" 2 a
			piece "$n" 1 1 a
		done
		piece '1 1 1 ' ''
		piece 2 2 1 a
		head -c 1000000 /dev/zero | tr '\0' A
		echo
		printf '%s' "$(piece "$(sum ok)" 1 1 ok)"
		head -c 4096 /dev/zero | tr '\0' '\t'
		echo
		# bytes of a terminal, and a newline
		for s in $'\033[2J' $'a\nb' $'\007'; do piece "$(sum "$s")" 1 1 "$s"; done
		piece "$(sum last)" 1 1 last
	} >sent
	run -0 --separate-stderr frames -d <sent
	same <(echo last) <(echo "$output")
	[ -z "$stderr" ]
	[ ! -e x ]
}

@test "frames: unfinished lines are bounded, the oldest go first" {
	text 500 >line
	frames <line >sent
	[ "$(wc -l <sent)" -eq 3 ]
	# one too many others have begun since
	{ head -1 sent; for i in $(seq 256); do piece "$i" 1 2 a; done; tail -2 sent; } | frames -d >got
	same /dev/null got
	{ head -1 sent; for i in $(seq 255); do piece "$i" 1 2 a; done; tail -2 sent; } | frames -d >got
	same line got
}

# 2048 of them: a line lives as long as all fit, the oldest goes with one more.
@test "frames: so are their pieces" {
	for n in 300 301; do text "$n"; done >lines
	frames <lines >sent
	[ "$(wc -l <sent)" -eq 4 ]
	{ seq -f '1 %g 2000 a' 1999; seq -f '2 %g 2000 a' 100; } |
		jq -Rr '@base64 | rtrimstr("=") | rtrimstr("=")' >others
	{
		sed -n '1p;3p' sent
		head -2046 others
		sed -n 4p sent
		sed -n '2047,2048p' others
		sed -n 2p sent
	} | frames -d >got
	same <(tail -1 lines) got
}

@test "frames: a line comes out with its last frame, a frame with its line" {
	mkfifo in out
	frames -d <in >out 3>&- &
	exec 7>in 8<out
	text 500 | frames >&7
	IFS= read -r -t 120 line <&8
	same <(text 500) <(echo "$line")
	piece "$(sum more)" 1 1 more >&7
	IFS= read -r -t 120 line <&8
	[ "$line" = more ]
	exec 7>&- 8<&-
	wait
	frames <in >out 3>&- &
	exec 7>in 8<out
	echo one >&7
	IFS= read -r -t 120 frame <&8
	[ "$frame" = "$(echo one | frames)" ]
	exec 7>&- 8<&-
	wait
}
