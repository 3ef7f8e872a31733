load helper

# key FILE BYTE: an identity file of 64 times that byte (in octal)
key() { (umask 077; head -c 64 /dev/zero | tr '\0' "\\$2" >"$1"); }
id_of() { ml-key show -j "$1" | jq -r .id; }
says() { same <(printf '%s\n' "$@") <(printf '%s\n' "$stderr"); }
USAGE='usage: ml-key new [-n NAME] FILE
       ml-key show [-j] FILE
       ml-key trust LOG ID [NAME] | LOG -k FILE [NAME] | LOG --plain NAME
       ml-key untrust LOG ID | LOG -k FILE | LOG --plain NAME
       ml-key list [-j] LOG'
ID=00112233445566778899aabbccddeeff

@test "key: new makes 64 bytes, 0600, and says who that is" {
	run -0 --separate-stderr ml-key new -n anna k
	says ''
	same <(printf '%s\n' id name key) <(cut -f1 <<<"$output")
	[[ $(sed -n 's/^id\t//p' <<<"$output") =~ ^[0-9a-f]{32}$ ]]
	[[ $(sed -n 's/^key\t//p' <<<"$output") =~ ^[0-9a-f]{128}$ ]]
	same <(echo anna) <(sed -n 's/^name\t//p' <<<"$output")
	[ "$(stat -c '%a %s' k)" = "600 64" ]
	same <(printf '%s\n' "$output") <(ml-key show k)
	same <(echo '{"id":"","name":"anna","seq":0}') k.feed
	[ "$(stat -c %a k.feed)" = 600 ]
	same <(printf '%s\n' k k.feed) <(ls k*)
	ml-key new other >out
	run -1 cmp -s k other
	same <(printf 'name\t\n') <(sed -n 2p out)
}

@test "key: the id is the hash of both public keys" {
	key k 001
	ml-key show -j k >got
	jq -r .key got | tr -d '\n' | tr a-f A-F | basenc --base16 -d | sha256sum | head -c 32 >wanted
	same wanted <(jq -j .id got)
	# RFC 8032, 7.1
	(umask 077
	printf %s 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60 | tr a-f A-F | basenc --base16 -d >seed
	{ head -c 32 /dev/zero | tr '\0' '\1'; cat seed; } >rfc)
	ml-key show -j rfc | jq -r '.key[64:]' >got
	same <(echo d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a) got
}

@test "key: show -j is one JSON object" {
	key k 001
	ml-emit -k k log note R x >out
	ml-key new -n $'"\\ \u00e9' named >/dev/null
	run -0 --separate-stderr ml-key show -j named
	same <(printf '%s\n' '"\ é') <(jq -r .name <<<"$output")
	run -0 --separate-stderr ml-key show -j k
	same <(echo '["id","key","name","seq"] "" 2') <(jq -r '"\(keys|tojson) \(.name|tojson) \(.seq)"' <<<"$output")
	same <(jq -r .a out | sort -u) <(jq -r .id <<<"$output")
}

@test "key: 0600 under any umask" {
	for mask in 000 022 077 0277 0777; do
		(umask "$mask"; ml-key new "k$mask" >/dev/null)
		[ "$(stat -c %a "k$mask")" = 600 ] || { echo "umask $mask: $(stat -c %a "k$mask")"; false; }
	done
}

@test "key: a key is never overwritten" {
	key k 001
	cp -a k before
	: >empty
	ln -s nowhere link
	mkdir folder
	for f in k empty link folder; do
		run -2 --separate-stderr ml-key new -n me "$f"
		says "ml-key: $f: there is a file of that name: a key is never overwritten"
		[ -z "$output" ]
	done
	same before k
	[ ! -e nowhere ]
	[ ! -e k.feed ]
	[ ! -e link.feed ]
	run -2 --separate-stderr ml-key new gone/k
	says "ml-key: gone/k: No such file or directory"
	# of two at once one wins, and its key is the one that stays
	for n in 1 2 3 4 5 6; do
		ml-key new -n "n$n" race >"race-$n" 2>/dev/null 3>&- &
	done
	wait
	cat race-? | grep -c ^id >count || true
	same <(echo 1) count
	same <(cat race-? | grep ^id) <(ml-key show race | grep ^id)
}

@test "key: a name that nobody should have" {
	for name in '' $'a\tb' $'\e[2J' $'a\n' $'\u0085'; do
		run -2 --separate-stderr ml-key new -n "$name" k
		[ -n "$stderr" ]
		[ "$(wc -l <<<"$stderr")" = 1 ]
		[ ! -e k ]
		[ ! -e k.feed ]
	done
	run -2 ml-key new -n "$(printf '%0129d' 0)" k
	run -2 ml-key new -n $'\xff' k
	[ ! -e k ]
	ml-key new -n "$(printf '%0128d' 0)" k
}

@test "key: a file that others can read is refused" {
	key k 001
	for mode in 640 604 660 644 610 601 666 700; do
		chmod $mode k
		want=2 why="ml-key: k: a key file that group or others can read: chmod 600 it"
		[ $mode != 700 ] || want=0 why=
		run -$want --separate-stderr ml-key show k
		says "$why"
		run -$want --separate-stderr ml-emit -k k log$mode note R x
		says "${why/ml-key/ml-emit}"
		[ $mode = 700 ] || [ ! -e log$mode ]
	done
	chmod 400 k
	run -0 ml-key show k
}

@test "key: a file that is no key" {
	mkdir folder
	mkfifo -m 600 pipe
	(umask 077; : >k0; head -c 63 /dev/zero >k63; head -c 65 /dev/zero >k65; head -c 100000 /dev/zero >k6)
	for f in k0 k63 k65 k6 folder pipe; do
		case $f in k*) why="not an identity file: it has not 64 bytes" ;; *) why="not a regular file" ;; esac
		run -2 --separate-stderr timeout 20 ml-key show "$f"
		says "ml-key: $f: $why"
		run -2 --separate-stderr timeout 20 ml-emit -k "$f" log note R x
		says "ml-emit: $f: $why"
	done
	run -2 --separate-stderr ml-key show gone
	says "ml-key: gone: No such file or directory"
	[ ! -e log ]
}

@test "key: a KEY.feed that is nonsense is said, and stays" {
	key k 001
	for text in '' x '{}' '[]' '{"id":"","name":5,"seq":0}' '{"id":"zz","name":"","seq":3}' \
	    '{"id":"","name":"","seq":-1}' '{"id":"","name":"","seq":"0"}'; do
		printf '%s\n' "$text" >k.feed
		cp k.feed before
		for call in "ml-key show k" "ml-emit -k k log note R x"; do
			run -2 --separate-stderr $call
			says "${call%% *}: k: KEY.feed is damaged: see meshlog-key(5)"
		done
		same before k.feed
		[ ! -s log ]
	done
	rm k.feed
	run -0 ml-emit -k k log note R x
	same <(jq -c '{id: .i, name: "", seq: .s}' log | tail -1) k.feed
}

@test "key: KEY.feed follows what was printed" {
	ml-key new -n anna k >/dev/null
	ml-emit -k k log note R x >out
	same <(printf '%s\n' 1 2) <(jq .s out)
	same <(jq -c '{id: .i, name: "anna", seq: .s}' out | tail -1) k.feed
	same <(echo anna) <(jq -r 'select(.s == 1).p.name' log)
	ml-emit -k k log note R y >out
	same <(jq -c '{id: .i, name: "anna", seq: .s}' out) k.feed
	yes '{"kind":"k","payload":{}}' | head -n 500 | ml-emit -k k log - >out
	same <(tail -1 out | jq -c '{id: .i, name: "anna", seq: .s}') k.feed
	[ "$(stat -c %a k.feed)" = 600 ]
	same <(printf '%s\n' k k.feed) <(ls k*)
}

@test "key: trust, untrust and list, LOG need not exist" {
	key k 001
	id=$(id_of k)
	run -0 --separate-stderr ml-key list log
	same <(echo "# no trust file: any keyed author, and plain names") <(echo "$output")
	run -0 --separate-stderr ml-key list -j log
	says ''
	[ -z "$output" ]
	[ ! -e log.trust ]
	for call in "trust log $ID" "trust log $id one" "trust log -k k" "trust log -k k anna" "trust log --plain base"; do
		run -0 --separate-stderr ml-key $call
		same /dev/null <(printf %s "$output$stderr")
	done
	same <(printf '%s\n' "$ID" "$id anna" "plain base") log.trust
	same log.trust <(ml-key list log)
	same - <(ml-key list -j log) <<-END
	{"rule":"id","author":"$ID"}
	{"rule":"id","author":"$id","name":"anna"}
	{"rule":"plain","author":"base"}
	END
	# once each, and the newest name counts
	ml-key trust log "$id" "Anna of the hills"
	same <(printf '%s\n' "$ID" "plain base" "$id \"Anna of the hills\"") log.trust
	run -0 --separate-stderr ml-key untrust log --plain base
	run -0 --separate-stderr ml-key untrust log "$ID"
	same <(printf '%s\n' "$id \"Anna of the hills\"") log.trust
	for call in "$ID" "--plain base" "--plain $id"; do
		run -1 --separate-stderr ml-key untrust log $call
		says "ml-key: $PWD/log.trust: no such rule"
	done
	[ ! -e log ]
	run -0 ml-key untrust log "$id"
	[ ! -s log.trust ]
}

@test "key: comments and other rules stay as they stand" {
	printf '# who\n\n  *   # any\r\nplain "a b" # there\n%s "x" # gone\nplain *' "$ID" >log.trust
	ml-key trust log --plain base
	same <(printf '# who\n\n  *   # any\r\nplain "a b" # there\n%s "x" # gone\nplain *\nplain base\n' "$ID") log.trust
	ml-key untrust log "$ID"
	ml-key untrust log --plain "a b"
	same <(printf '# who\n\n  *   # any\r\nplain *\nplain base\n') log.trust
	same - <(ml-key list -j log) <<-'END'
	{"rule":"any-keyed"}
	{"rule":"any-plain"}
	{"rule":"plain","author":"base"}
	END
	same <(printf '%s\n' '*' 'plain *' 'plain base') <(ml-key list log)
}

@test "key: names come back as they were given" {
	for name in 'a b' '*x' '"q' 'q"r' '#h' 'a#b' plain 'é' '\' 'a\u0041' '👩‍🌾' "'" '{}'; do
		rm -f log.trust
		ml-key trust log "$ID" "$name"
		ml-key trust log --plain "$name"
		same <(printf '%s\n' "$name" "$name") <(ml-key list -j log | jq -r '.name // .author')
		ml-key untrust log --plain "$name"
		same <(echo 1) <(wc -l <log.trust)
	done
}

@test "key: * is everybody, with a key or without" {
	ml-key trust log '*'
	ml-key trust log --plain '*'
	ml-key trust log --plain '*'
	same <(printf '%s\n' '*' 'plain *') log.trust
	ml-key untrust log '*'
	same <(echo 'plain *') log.trust
	ml-key untrust log --plain '*'
	same /dev/null log.trust
	run -1 --separate-stderr ml-key untrust log '*'
	says "ml-key: $PWD/log.trust: no such rule"
}

@test "key: a trust file that is nonsense: its line, 2, and nothing changed" {
	key k 001
	events base 1 3 >in
	ml-ingest log <in
	cp log before
	tab=$'\t'
	while IFS='|' read -r bad why; do
		printf '# fine\nplain base\n%b\nplain team\n' "$bad" >log.trust
		cp log.trust trust-before
		for call in "ml-ingest log in" "ml-check log" "ml-key list log" "ml-key trust log $ID" \
		    "ml-key untrust log --plain base" "ml-frontier -l log" "ml-view --names log" "ml-view --trusted log"; do
			run -2 --separate-stderr $call
			same <(echo "${call%% *}: $PWD/log.trust:3: $why") <(printf '%s\n' "$stderr")
			[ -z "$output" ]
		done
		same trust-before log.trust
		same before log
		# without rules to look at, nobody need know
		run -0 ml-view log
		run -0 ml-frontier log
		run -0 ml-delta log
	done <<-'END'
	nonsense|neither an author's id, nor plain, nor *
	00112233445566778899aabbccddeef|neither an author's id, nor plain, nor *
	00112233445566778899aabbccddeeff0|neither an author's id, nor plain, nor *
	00112233445566778899AABBCCDDEEFF|neither an author's id, nor plain, nor *
	"*"|neither an author's id, nor plain, nor *
	PLAIN base|neither an author's id, nor plain, nor *
	plain|plain: whom?
	plain *x|a name with a leading * must be a JSON string
	plain a b|too many words: a name with blanks must be a JSON string
	00112233445566778899aabbccddeeff a b|too many words: a name with blanks must be a JSON string
	00112233445566778899aabbccddeeff a"b|a name with quotes must be a JSON string
	* x|something stands behind *
	plain "a"b|something stands behind a quoted name
	plain a\0001b|a name with control characters must be a JSON string
	plain \0377|not UTF-8
	END
	# a log that is not there is not made for it either
	printf 'nonsense\n' >new.trust
	run -2 --separate-stderr ml-ingest new in
	says "ml-ingest: $PWD/new.trust:1: neither an author's id, nor plain, nor *"
	[ ! -e new ]
}

@test "key: a trust file over 1 MiB, a folder, one without end" {
	events base 1 1 >in
	yes '# much' | head -c 1048577 >log.trust
	run -2 --separate-stderr ml-ingest log in
	says "ml-ingest: $PWD/log.trust: over 1 MiB"
	yes '# much' | head -c 1048576 >log.trust
	run -1 ml-ingest log in
	rm log.trust
	mkdir log.trust
	run -2 ml-ingest log in
	rmdir log.trust
	ln -s /dev/zero log.trust
	run -2 --separate-stderr timeout 20 ml-ingest log in
	says "ml-ingest: /dev/zero: over 1 MiB"
	[ ! -s log ]
}

@test "key: through a symlink, the rules lie beside the file itself" {
	mkdir there
	ln -s there/field link
	: >there/field
	ml-key trust link --plain base
	same <(echo plain base) there/field.trust
	same <(echo plain base) <(ml-key list link)
	[ ! -e link.trust ]
	{ events base 1 1; events team 1 1; } >in
	run -1 ml-ingest link in
	same <(echo '{"base":1}') <(ml-frontier there/field)
}

@test "key: through a symlink to a log that is not there yet" {
	mkdir there
	ln -s there/field link
	ml-key trust link --plain base
	{ events base 1 1; events team 1 1; } >in
	run -1 ml-ingest link in
	same <(echo '{"base":1}') <(ml-frontier there/field)
	same <(printf '%s\n' field field.refused field.trust) <(ls there)
}

@test "key: a wrong call is 2" {
	key k 001
	for args in "" "news" "new" "new -n" "new -x k2" "new k2 k3" "show" "show k k" "show -x k" \
	    "trust" "trust log" "trust log --plain" "trust log --plain a b" "trust log $ID a b" \
	    "trust log -k" "untrust log" "untrust log $ID name" "list" "list log log" "list -x log"; do
		run -2 --separate-stderr ml-key $args
		same <(echo "$USAGE") <(grep -v '^ml-key: ' <<<"$stderr")
		[ -z "$output" ]
	done
	for id in "${ID}0" "${ID%?}" "${ID^^}" " $ID" "$ID " '**' base; do
		run -2 --separate-stderr ml-key trust log "$id"
		says "ml-key: $id: not an author's id of 32 lower-case hex digits"
	done
	run -2 --separate-stderr ml-key trust log -k gone
	says "ml-key: gone: No such file or directory"
	same <(echo k) <(ls | grep -v '^separate-stderr-')
}

@test "key: a full disk is not a success" {
	key k 001
	for args in "show k" "show -j k" "list log"; do
		run -111 --separate-stderr sh -c "ml-key $args >/dev/full"
		says "ml-key: standard output: No space left on device"
	done
	# what was made is there, whatever became of the word of it
	run -1 --separate-stderr sh -c "ml-key new full >/dev/full"
	says "ml-key: standard output: No space left on device: what was stored is stored"
	run -0 ml-key show full
}

@test "key: no private byte gets out" {
	key k 123
	for call in "show k" "show -j k" "trust log -k k"; do
		ml-key $call >>out 2>&1
	done
	ml-emit -k k log note R x >>out
	cat log k.feed log.trust >>out
	run -1 grep -aq SSSSSSSS out
	run -1 grep -aqi "$(printf '53%.0s' {1..8})" out
}
