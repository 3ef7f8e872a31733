load helper

# Sanitizers make each process some thirty times as dear.
if [[ $BUILD = */san ]]; then few=5; else few=1; fi

flips() { "$ROOT/tests/torture/flips" -n 1 -s 1 "$@"; }

@test "flips: a damaged byte costs a line of the log, and a peer mends it" {
	run -0 flips -o log -e $few -t $((24 * few))
}

@test "flips: behind a gap, too" {
	run -0 flips -o gap -e $((4 * few)) -t 24
}

@test "flips: a damaged index answers as none does" {
	run -0 flips -o index -e $((12 * few)) -t 24
}

@test "flips: what is held or refused costs itself alone" {
	run -0 flips -o "held refused" -e $((4 * few)) -t 24
}

@test "flips: trust is never half read, and no damage forks a feed" {
	run -0 flips -o "trust key feed8 feed10" -e $few -t $((8 * few))
}

@test "flips: a digit of KEY.feed that is a 0 now forks no feed" {
	ml-key new key >/dev/null
	ml-emit -k key log note R 1 >/dev/null
	cp log old
	for n in 2 3 4 5 6 7; do ml-emit -k key log note R $n >/dev/null; done
	cp log now
	grep -q '"seq":8' key.feed
	sed -i 's/"seq":8/"seq":0/' key.feed
	for log in old log; do
		run -2 --separate-stderr ml-emit -k key $log note R on
		same <(echo "ml-emit: key: KEY.feed is damaged: see meshlog-key(5)") <(echo "$stderr")
	done
	same now log
}
