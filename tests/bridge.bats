load helper
load radio

@test "bridge: both send all they can, and one is not read for a while" {
	HURRY=30 air 100
	mkfifo out
	frames 300 120 >sent0
	frames 300 120 300 >sent1
	for node in 0 1; do
		to=heard$node
		[ $node = 1 ] || to=out
		"${RADIO[@]}" -p "air/rnode$node" -v -w -1 <sent$node >$to 2>events$node 3>&- 7>&- &
		LISTENERS+=" $!"
	done
	exec 5<out
	patiently has events1 '"event":"handed"' 300
	patiently has events0 '"event":"handed"' 300
	cat <&5 >heard0 3>&- 7>&- &
	reader=$!
	exec 5<&-
	# two that shout at each other lose some; what comes, comes in order
	patiently eval '[ "$(grep -c "\"event\":\"received\"" events0)" -le "$(wc -l <heard0)" ]'
	hush
	wait $reader
	for node in 0 1; do
		heard heard$node >got
		[ "$(wc -l <got)" -gt 10 ]
		same got <(grep -Fxf got sent$((1 - node)))
	done
	sound
}

@test "bridge: what nobody reads is dropped in the end, and counted" {
	HURRY=30 air 400
	mkfifo out
	"${RADIO[@]}" -p air/rnode1 -v -r -s 5 -b 500k >out 2>events1 3>&- 7>&- &
	CARRIER=$!
	exec 5<out
	patiently has events1 '"event":"up"'
	frames 1700 507 >sent
	radio -p air/rnode0 -s 5 -b 500k <sent
	patiently has events1 '"event":"received"' 1700
	kill $CARRIER
	cat <&5 >heard1 3>&- 7>&- &
	reader=$!
	exec 5<&-
	carried 1
	wait $reader
	dropped=$((1700 - $(wc -l <heard1)))
	same - <(plain 1) <<-END
		ml-radio: nobody reads standard output: what is received is dropped
		ml-radio: $dropped received frames were dropped
	END
	same <(head -n $((1700 - dropped)) sent) <(heard heard1)
	sound
}

@test "bridge: idle, it costs nothing" {
	air 10
	listen 1
	ticks() { awk '{ print $14 + $15 }' "/proc/${LISTENERS# }/stat"; }
	from=$(ticks)
	# statistics come each second
	patiently has events1 '"event":"channel"' $(($(grep -c '"event":"channel"' events1) + 10))
	[ $(($(ticks) - from)) -le $(($(getconf CLK_TCK) / 10)) ]
	hush
	sound
}

@test "bridge: -w listens on, for so long or for ever" {
	air 20
	radio -p air/rnode1 -w 3 <<<QUJD
	"${RADIO[@]}" -p air/rnode1 -v -w -1 <<<QUJD >heard1 2>events1 3>&- 7>&- &
	LISTENERS+=" $!"
	patiently has events1 '"event":"sent"'
	radio -p air/rnode0 <<<QUJE
	patiently lines heard1 1
	hush
	same <(echo QUJE) <(heard heard1)
	sound
}

@test "bridge: -i asks what is there, and leaves it as it is" {
	air 20 -n 2 --board rak --firmware 1.79
	run -0 --separate-stderr radio -i -p air/rnode0
	same <(jq -cS . <<-'END'
		{"port":"air/rnode0","firmware":"1.79","board":"RAK4631","platform":"nRF52",
		 "processor":"nRF52","radio":"off","frequency":0,"bandwidth":0,"sf":0,"cr":5,"power":0}
	END
	) <(jq -cS . <<<"$output")
	[ -z "$stderr" ]
	run -1 grep '"event":"on"' trace
	sound
}

@test "bridge: -l lists ports; an option that is none" {
	run -0 --separate-stderr ml-radio -l
	[ -z "$stderr" ]
	awk -F'\t' 'NF != 4 { exit 1 }' <<<"${output:-$(printf '\t\t\t')}"
	for bad in '' '-p x' '-f 867.2M' '-l x' '-z' '-i'; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr ml-radio $bad
		[[ ${stderr} == *'usage: ml-radio -p PORT -f HZ [-b HZ]'* ]]
	done
}

@test "bridge: events are JSON with what the manual names" {
	air 20
	listen 1
	carry 0 --duty 100
	frames 2 20 >&6
	patiently lines heard1 2
	patiently has events0 '"event":"temperature"'
	patiently has events0 '"event":"sent"'
	told 'fault 0 reboot'
	patiently has events0 '"event":"lost"'
	patiently has events0 '"event":"up"' 2
	told 'fault 0 error 5' 'fault 0 garbage 300' 'fault 0 long'
	patiently has events0 '"event":"note"'
	echo '*' >&6
	patiently has events0 '"event":"dropped"'
	told 'unplug 0'
	patiently has events0 '"event":"closed"'
	told 'replug 0'
	patiently has events0 '"event":"up"' 3
	exec 6>&-
	wait $CARRIER || [ $? -eq 1 ]
	CARRIER=
	hush
	grep -h '^{' events0 events1 | jq -es '
		def have($e; f): map(select(.event == $e)) | length > 0 and (map(f) | all);
		(map(.t | test("^20..-..-..T..:..:..\\.[0-9]{3}Z$")) | all) and
		have("handed"; .bytes == 20 and .airtime_ms > 0 and .left_ms > 0) and
		have("sent"; .frames > 0) and
		have("received"; .bytes == 20 and .rssi == -86 and (.snr | type) == "number") and
		have("lost"; .frames >= 0 and .why == "it has rebooted") and
		have("dropped"; .why == "frame: not base64url without padding" and .line == 3) and
		have("channel"; .airtime_15s >= 0 and .airtime_hour >= 0 and .load_15s >= 0 and
			.load_hour >= 0 and .noise < 0) and
		have("battery"; .state == "discharging" and .percent == 87) and
		have("temperature"; .celsius == 25) and
		have("note"; .why == "it is low on memory") and
		have("nonsense"; true) and have("up"; true) and have("off"; true) and
		have("closed"; .why != null and .again_s > 0)'
	sound
}

@test "bridge: options of \$ML_RADIO come first" {
	air 20 -n 1
	RADIO=(env "LD_PRELOAD=$BUILD/help/hurry.so" HURRY=20
	    "ML_RADIO=-f 433.5M  -s 9 -t 10 --ledger ledger" ml-radio)
	radio -p air/rnode0 -s 10 -b 250k -c 7 <<<QUJD
	jq -es 'map(select(.event == "tuned"))[-1] | .freq == 433500000 and .sf == 10 and
		.bw == 250000 and .cr == 7 and .txpower == 10' trace
	sound
	many=$(printf 'x %.0s' {1..65})
	ML_RADIO=$many run -2 --separate-stderr ml-radio
	same <(echo 'ml-radio: $ML_RADIO: more than 64 words') <(echo "$stderr")
}

@test "bridge: the first five minutes: what is not there, not ours, or no radio" {
	run -111 --separate-stderr ml-radio -1 -p /dev/ttyNONE -f 867.2M --ledger l <<<QUJD
	[ "${stderr_lines[1]}" = 'ml-radio: /dev/ttyNONE: is it plugged in? ml-radio -l lists ports' ]
	for none in /dev/null "$PWD" /etc/passwd; do
		run -2 --separate-stderr ml-radio -p $none -f 867.2M --ledger l <<<QUJD
		echo "$stderr"
		[[ $stderr == "ml-radio: $none: "* ]]
	done
	for none in tcp:// tcp://: 'tcp://[::1' tcp://:7 tcp://h:0 tcp://h:99999 tcp://h:http \
	    tcp://h: tcp://h:7:7; do
		run -2 --separate-stderr ml-radio -p "$none" -f 867.2M --ledger l <<<QUJD
		same <(echo "ml-radio: $none: not tcp://HOST or tcp://HOST:PORT") <(echo "$stderr")
	done
	air 20 -n 1
	port=$(readlink air/rnode0)
	chmod 0 "$port"
	[ "$(id -u)" != 0 ] || chown 65534 "$port"
	run -2 --separate-stderr plainly "${RADIO[@]}" -p air/rnode0 <<<QUJD
	group=$(stat -c %G "$port")
	same - <(echo "$stderr") <<-END
		ml-radio: air/rnode0: Permission denied
		ml-radio: air/rnode0: only its owner and the group $group may: add yourself to it, as root by adduser, and log in anew
	END
}

@test "bridge: the first five minutes: old firmware, what it cannot do, bad settings" {
	air 20 -n 3
	told 'fault 0 version 1.51' 'fault 2 nodetect'
	run -2 --separate-stderr radio -p air/rnode0 <<<QUJD
	same <(echo 'ml-radio: air/rnode0: firmware 1.51 is too old: 1.52 or later is spoken with; update it by rnodeconf') <(echo "$stderr")
	run -2 --separate-stderr radio -p air/rnode1 -b 100k <<<QUJD
	same <(echo 'ml-radio: air/rnode1: bandwidth: another one is in use: wanted 100000, got 125000') <(echo "$stderr")
	run -2 --separate-stderr radio -p air/rnode1 -t 30 <<<QUJD
	same <(echo 'ml-radio: air/rnode1: power: not what was set: wanted 30, got 22') <(echo "$stderr")
	run -111 --separate-stderr radio -1 -p air/rnode2 <<<QUJD
	same <(echo 'ml-radio: air/rnode2: no RNode answers there') <(echo "$stderr")
	sound
	for bad in '-f 100M:settings: frequency: not within 137 MHz and 3000 MHz' \
	    '-f 4G:settings: frequency: not within 137 MHz and 3000 MHz' \
	    '-f 867,2M:-f: not a frequency, as 867.2M or 125k' \
	    '-b 5k:settings: bandwidth: not within 7.8 kHz and 1625 kHz' \
	    '-b 2M:settings: bandwidth: not within 7.8 kHz and 1625 kHz' \
	    '-s 4:-s: not a whole number from 5 to 12' '-s 13:-s: not a whole number from 5 to 12' \
	    '-c 9:-c: not a whole number from 5 to 8' '-t 38:-t: not a whole number from 0 to 37' \
	    '-t -1:-t: not a whole number from 0 to 37' '-w x:-w: not a number of seconds' \
	    '--duty x:--duty: not per cent from 0.01 to 100' \
	    '--lock-short 101:--lock-short: not per cent from 0.01 to 100' \
	    '--lock-long 0:--lock-long: not per cent from 0.01 to 100'; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr ml-radio -p x -f 867.2M --ledger l ${bad%%:*}
		same <(echo "ml-radio: ${bad#*:}") <(echo "$stderr")
		# shellcheck disable=SC2086
		run -2 ml-radio -r -p x -f 867.2M --ledger l ${bad%%:*}
	done
}

@test "bridge: over libserialport: frames both ways, unplugged and plugged in again" {
	air 20
	export ASKED=$PWD/asked
	RADIO[1]="LD_PRELOAD=$BUILD/help/hurry.so $BUILD/help/serialport.so"
	listen 1
	carry 0
	echo QUJD >&6
	patiently lines heard1 1
	told 'unplug 0'
	patiently has events0 'the port is gone'
	echo QUJE >&6
	patiently has events0 'No such file'
	n=$(grep -c 'lines read' asked)
	told 'replug 0'
	patiently lines heard1 2
	[ "$(grep -c 'lines read' asked)" -gt "$n" ]
	hush
	radio -p air/rnode1 <<<QUJF
	patiently lines heard0 1
	run -111 --separate-stderr radio -1 -p air/rnode0 <<<QUJD
	same <(echo 'ml-radio: air/rnode0: another program has it open') <(echo "$stderr")
	delivered
	same <(printf '%s\n' QUJD QUJE) <(heard heard1)
	same <(printf '%s\n' device 'lines read' 'lines set' link) <(sort -u asked)
	sound
}

@test "bridge: over TCP; who has nothing to say is not dropped" {
	air 2 -n 2 --tcp
	tcp() { jq "select(.event == \"port\" and .node == $1) | .tcp" trace; }
	"${RADIO[@]}" -p "tcp://127.0.0.1:$(tcp 1)" -r -v >heard1 2>events1 3>&- 7>&- &
	LISTENERS+=" $!"
	patiently has events1 '"event":"up"'
	# the device says something of its battery each five seconds
	patiently has events1 '"event":"battery"' 3
	radio -p "tcp://127.0.0.1:$(tcp 0)" <<<QUJD
	patiently lines heard1 1
	jq -es 'map(select(.node == 1 and .event == "off")) | length == 0' trace
	[ -z "$(plain 1)" ]
	hush
	sound
}

@test "bridge: a host that is not there" {
	run -111 --separate-stderr ml-radio -1 -p tcp://127.0.0.1:1 -f 867.2M --ledger l <<<QUJD
	same <(echo 'ml-radio: tcp://127.0.0.1:1: Connection refused') <(echo "$stderr")
}

# connecting PORT N: so many wait there for an answer
connecting() { [ "$(grep -ci "$(printf '0100007F:%04X 02 ' "$1")" /proc/net/tcp)" -ge "$2" ]; }

@test "bridge: a host that does not answer: a signal ends that, too" {
	air 20 -n 1 --tcp
	port=$(jq 'select(.event == "port") | .tcp' trace)
	kill -STOP "$AIR"
	# as many as the system lets wait, and some more
	for _ in {1..12}; do
		host "tcp:$port" end 2>/dev/null 3>&- 7>&- &
		LISTENERS+=" $!"
	done
	patiently connecting "$port" 1
	waiting=$(grep -ci "$(printf '0100007F:%04X 02 ' "$port")" /proc/net/tcp)
	ml-radio -p "tcp://127.0.0.1:$port" -f 867.2M --ledger l -w -1 </dev/null 2>said 3>&- 7>&- &
	CARRIER=$!
	patiently connecting "$port" $((waiting + 1))
	kill $CARRIER
	carried 0
	kill -CONT "$AIR"
	same /dev/null said
}

@test "bridge: a write that stops in the middle of a frame: it is kept, and sent whole" {
	air 20
	listen 1
	RADIO[1]="LD_PRELOAD=$BUILD/help/hurry.so $BUILD/help/halfway.so"
	HALFWAY=$PWD/halfway carry 0
	patiently has events0 '"event":"up"'
	: >halfway
	frames 2 200 >sent
	cat sent >&6
	patiently test ! -e halfway
	told 'unplug 0' 'replug 0'
	delivered
	patiently lines heard1 2
	hush
	same sent <(heard heard1)
	run -1 grep 'may be lost' events0
	sound
}

@test "bridge: nothing to do, and no port: that is said, and all" {
	for end in /dev/null <(:); do
		run -0 --separate-stderr ml-radio -p none -f 867.2M --ledger l <$end
		same - <(echo "$stderr") <<-'END'
			ml-radio: none: No such file or directory
			ml-radio: none: is it plugged in? ml-radio -l lists ports
		END
	done
	ml-radio -p none -f 867.2M --ledger l <<<QUJD 2>said &
	CARRIER=$!
	patiently has said 'will be tried again'
	kill $CARRIER
	carried 1		# one was not sent
}

@test "bridge: trouble is said once, and again when it is another" {
	air 20 -n 1
	told 'fault 0 nodetect'
	HURRY=40 carry 0
	patiently has events0 '"event":"closed"' 3
	told 'unplug 0'
	patiently has events0 'No such file' 5
	told 'replug 0'
	patiently has events0 '"event":"down"' 5
	told 'clear 0'
	patiently has events0 '"event":"up"'
	delivered
	[ "$(plain 0 | grep -c 'no RNode answers there')" -eq 2 ]
	[ "$(plain 0 | grep -c 'No such file')" -eq 1 ]
	same <(echo 'ml-radio: air/rnode0: up again') <(plain 0 | tail -1)
	sound
}

@test "bridge: asked to end while others keep the channel busy, it ends some time" {
	air 20 -n 2
	listen 1 -s 12
	carry 0 -s 12
	patiently has events0 '"event":"up"'
	# packet upon packet: no gap, however late ml-air is
	told 'foreign 1 '"$(frames 1 255)"
	printf 'wait 3 foreign 1 %s\n' $(frames 60 255) >&7
	echo QUJD >&6
	patiently has events0 '"event":"handed"'
	kill $CARRIER
	carried 1
	same <(echo 'ml-radio: air/rnode0: 1 frames may be lost') <(plain 0)
	until_said '"event":"off","node":0'
	hush
}

@test "bridge: two logs become one over a channel that loses frames" {
	HURRY=20 air 60
	events a 1 12 >a.jsonl
	events b 1 9 >b.jsonl
	ml-ingest a.log a.jsonl 2>/dev/null
	ml-ingest b.log b.jsonl 2>/dev/null
	told 'loss 0 1 0.1'
	contact() {
		ml-frontier "$3" >frontier
		"${RADIO[@]}" -p "air/rnode$2" -r -v >heard 2>events 3>&- 7>&- &
		LISTENERS=" $!"
		patiently has events '"event":"up"'
		ml-delta "$1" frontier | "$ROOT/scripts/ml-frames" | radio -p "air/rnode$((1 - $2))"
		hush
		"$ROOT/scripts/ml-frames" -d <heard | ml-ingest "$3" - 2>/dev/null || [ $? -eq 1 ]
	}
	for ((contacts = 1; ; contacts++)); do
		[ $contacts -lt 20 ]
		contact a.log 1 b.log
		contact b.log 0 a.log
		! cmp -s <(sort a.log) <(sort b.log) || break
	done
	[ "$(wc -l <a.log)" -eq 21 ]
	same <(ml-frontier a.log) <(ml-frontier b.log)
	same <(ml-view a.log) <(ml-view b.log)
	sound
	jq -es 'map(select(.event == "packet" and .lost != {})) | length > 0' trace
}

@test "power: if nothing is said, 14 dBm, or what the band allows" {
	HURRY=100 air 100
	for given in 433.92M:10 868.1M:14 869.525M:14; do
		run -0 env ML_RADIO= "LD_PRELOAD=$BUILD/help/hurry.so" HURRY=100 \
		    ml-radio -p air/rnode0 -f "${given%:*}" --ledger ledger <<<QUJD
		jq -es "map(select(.event == \"tuned\" and .freq != null))[-1].txpower == ${given#*:}" trace
	done
}

@test "bridge: a line of 17 MB is refused, the next one sent, also by a plan" {
	{ head -c 17000000 /dev/zero | tr '\0' A; echo; echo QUJD; } >in
	HURRY=100 air 100
	run -1 --separate-stderr radio -p air/rnode0 <in
	same <(echo 'ml-radio: standard input:1: frame: too long') <(echo "$stderr")
	patiently has trace '"event":"packet"'
	[ "$(grep -c '"event":"packet"' trace)" = 1 ]
	mkfifo slow
	radio -p air/rnode0 <slow 2>said 3>&- &
	pid=$!
	cat in >slow
	status=0
	wait $pid || status=$?
	cat said
	[ "$status" = 1 ]
	[ "$(grep -c '"event":"packet"' trace)" = 2 ]
	run -1 --separate-stderr ml-radio --plan -f 867.2M --ledger ledger <in
	jq -e '.frames == 1' <<<"$output"
	run -0 ml-radio --plan -r -f 867.2M --ledger ledger </dev/null
}
