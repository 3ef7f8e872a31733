load helper
load virtual

UP=c00133b06c00c0c0020001e848c0c00307c0c00408c0c00505c0c00601c0
ON=0601

# all_booted N: so many boots
all_booted() { until_said '"event":"boot"' "$1"; }

teardown() {
	# shellcheck disable=SC2086 # one or none
	end ${AIR-}
}

# It ends as told to, with that status and no violation.
quits() {
	local status=0
	echo quit >&7
	wait "$AIR" || status=$?
	AIR=
	[ "$status" -eq "${1-0}" ]
	jq -es 'last | .event == "end" and .violations == 0' trace
	[ ! -e air ]
}

tcp() { jq "select(.event == \"port\" and .node == $1) | .tcp" trace; }

@test "air: bad usage is refused" {
	run -2 --separate-stderr ml-air extra
	[ "${stderr_lines[0]}" = "usage: ml-air [-n NODES] [-d DIR] [-c SCRIPT] [--seed N] [--speed X] [--tcp]" ]
	for bad in 0 61 x 1x 2.5 nan ''; do
		run -2 --separate-stderr ml-air -n "$bad"
		same <(echo 'ml-air: -n: not a whole number within 1 and 60') <(echo "$stderr")
	done
	run -2 --separate-stderr ml-air --speed 1001
	same <(echo 'ml-air: --speed: not a number within 0.001 and 1000') <(echo "$stderr")
	run -2 --separate-stderr ml-air --seed -1
	same <(echo 'ml-air: --seed: not a whole number within 0 and 1e+15') <(echo "$stderr")
	run -2 --separate-stderr ml-air --board toaster
	same <(echo 'ml-air: --board: not heltec, lora32, rak or avr') <(echo "$stderr")
	for bad in 1 1.256 0.1 1.86x; do
		run -2 --separate-stderr ml-air --firmware "$bad"
		same <(echo 'ml-air: --firmware: not a version such as 1.86') <(echo "$stderr")
	done
	run -2 --separate-stderr ml-air -c none
	same <(echo 'ml-air: none: No such file or directory') <(echo "$stderr")
	run -2 --separate-stderr timeout 10 ml-air -c . </dev/null
	same <(echo 'ml-air: .: Is a directory') <(echo "$stderr")
}

@test "air: a folder that cannot be made, a name that is taken" {
	run -2 --separate-stderr ml-air -d no/such
	same <(echo 'ml-air: no/such: No such file or directory') <(echo "$stderr")
	mkdir air
	echo mine >air/rnode1
	run -2 --separate-stderr ml-air -d air
	same <(echo 'ml-air: air/rnode1: there is a file of that name, and it is no link') <(echo "$stderr")
	same <(echo rnode1) <(ls air)
	same <(echo mine) air/rnode1
}

@test "air: the folder of another one is left alone" {
	rnodes
	ports=$(readlink air/rnode0 air/rnode1)
	run -2 --separate-stderr ml-air -d air </dev/null
	same <(echo 'ml-air: air: another ml-air has its ports there') <(echo "$stderr")
	same <(echo "$ports") <(readlink air/rnode0 air/rnode1)
	# not if that was killed
	kill -9 "$AIR"
	wait "$AIR" || true
	rnodes
	[ -e air/rnode0 ]
}

script() {
	printf '%s\n' 'wait 1' 'up 0' 'up 1' 'up 2' 'wait 1' 'loss 0 1 0.5' \
	    'errors 1 2 0.002' 'fault 2 noise'
	for n in 1 2 3 4 5 6 7 8 9; do
		echo "wait 0.$n"
		echo "send 0 AAAAAAAA$n""A"
		echo "send 1 BBBBBBBB$n""A"
	done
}

@test "air: in virtual time a seed and a script give one trace" {
	script >s
	ml-air --virtual -n 3 --seed 7 -c s >first
	ml-air --virtual -n 3 --seed 7 <s >again
	same first again
	ml-air --virtual -n 3 --seed 8 -c s >other
	run -1 cmp -s first other
	[ "$(jq -s 'map(select(.event == "packet")) | length' first)" -eq 18 ]
	# what was lost was lost for a reason, what was heard was received
	same <(jq -s '[.[] | select(.event == "packet") | .heard | length] | add' first) \
	    <(jq -s 'map(select(.event == "received")) | length' first)
	jq -es 'map(select(.event == "packet") | (.heard | length) + (.lost | length) == 2) | all' first
	jq -es 'last | .event == "end" and .packets == 18 and .violations == 0' first
}

@test "air: airtimes in the trace are those of the sheet" {
	# 16, 64, 255, 507 bytes at SF8: the packets of each
	for n in 16 64 255 507; do
		printf 'wait 1\nup 0\nwait 1\nsend 0 %s\n' \
		    "$(head -c $n /dev/zero | basenc --base64url -w 0 | tr -d =)" |
			ml-air --virtual -n 1 |
			jq -s 'map(select(.event == "packet") | .airtime) | add * 10000 | round / 10'
	done >got
	same <(printf '%s\n' 113.2 236 799.7 1444.9) got
}

@test "air: bad commands are named, and the rest is done" {
	printf '%s\n' 'wait 1' jump '# nothing' 'wait x' 'loss 0 9 1' 'up 0' \
	    'at 0.5 heal' 'fault 0 echo' 'quit' 'more' >s
	run -1 --separate-stderr ml-air --virtual -c s
	same - <(echo "$stderr") <<-'END'
		ml-air: s:2: no such command
		ml-air: s:4: not a number of seconds
		ml-air: s:5: no such node
		ml-air: s:7: that time is over
		ml-air: s:8: fault: no such name
	END
	echo "$output" | grep -q '"event":"on","node":0'
	printf 'up 0\nsend 0 AAAA\n' >s
	echo 'at 0.3 quit' >>s
	run -1 --separate-stderr ml-air -c s </dev/null
	same <(printf 'ml-air: s:%s: only with --virtual\n' 1 2) <(echo "$stderr")
}

@test "air: a full disk is not a success" {
	run -111 --separate-stderr sh -c 'echo "wait 1" | ml-air --virtual >/dev/full'
	same <(echo 'ml-air: standard output: No space left on device') <(echo "$stderr")
	run -111 sh -c 'ml-air -d air >/dev/full'
	[ ! -e air ]
}

@test "air: two hosts, frames both ways, byte for byte" {
	rnodes --speed 5
	all_booted 2
	special=c0dbdcddc0c0dbdb00ff
	long=$(printf 'c0%.0s' {1..507})
	host air/rnode0 send $UP want $ON want $ON touch zero file one data $special data "$long" \
	    want 00646f6e65 &
	host air/rnode1 send $UP want $ON want $ON touch one file zero want 00$special want "00$long" \
	    data 646f6e65 &
	wait %2
	wait %3
	quits
}

@test "air: bring-up as Reticulum's, answers byte for byte" {
	rnodes --speed 10 -n 1
	all_booted 1
	host air/rnode0 \
	    send c00873c05000c04800c04900c0 bytes c00846c0c0500156c0c04880c0c04981c0 \
	    send c00133b06c00c0 bytes c00133b06c00c0 send c0020001e848c0 bytes c0020001e848c0 \
	    send c00307c0c00408c0c00505c0c00601c0 bytes c00307c0c00408c0c00505c0 \
	    bytes c026080001e80012002500180030c0 bytes c026080001e80012002500180030c0 \
	    bytes c026080001e80012002500180030c0 bytes c00601c0c00601c0 \
	    send c00600c0c00affc0 want 0600
	quits
}

@test "air: who opens a port finds nothing old in it" {
	# slowly, so that it says nothing else meanwhile
	rnodes --speed 0.2 -n 1
	all_booted 1
	host air/rnode0 send c05000c0 bytes c0500156c0
	quits
}

@test "air: boards and firmware" {
	rnodes -n 1 --board rak --firmware 1.51 --speed 10
	all_booted 1
	host air/rnode0 send c00873c05000c04800c04900c04700c0 bytes c00846c0c0500133c0c04870c0c04971c0c04751c0
	quits
}

@test "air: a saved configuration starts the radio at boot" {
	rnodes -n 1 --tnc --speed 10
	until_said '"event":"on"'
	host air/rnode0 send c00407c0 want 0407 send c006ffc0 want 0601
	grep '"event":"tuned"' trace | tail -1 | grep '"sf":8'
	quits
}

@test "air: unplug hangs up, replug comes back under another number" {
	rnodes --speed 10
	all_booted 2
	host air/rnode1 send c00873c0 want 0846 touch open end &
	HOST=$!
	patiently test -e open
	was=$(readlink air/rnode1)
	echo 'unplug 1' >&7
	wait $HOST
	[ ! -L air/rnode1 ]
	[ -c air/rnode0 ]
	echo 'replug 1' >&7
	all_booted 3
	[ "$(readlink air/rnode1)" != "$was" ]
	host air/rnode1 send c00873c0 want 0846
	same <(jq -r 'select(.event == "port" and .node == 1) | .pts' trace | tail -1) <(readlink air/rnode1)
	quits
}

@test "air: a fault may hang up in mid-frame" {
	rnodes --speed 10 -n 1
	all_booted 1
	host air/rnode0 send c00873c0 want 0846 touch open end &
	HOST=$!
	patiently test -e open
	echo 'once 0 hangup' >&7	# the next is of its battery
	wait $HOST
	until_said '"event":"unplug","node":0'
	[ ! -L air/rnode0 ]
	quits
}

@test "air: a device that does not read makes its host wait" {
	rnodes --speed 10 -n 1
	all_booted 1
	told 'fault 0 deaf'
	timeout 60 host air/rnode0 flood
	echo 'clear 0' >&7
	timeout 60 host air/rnode0 send c00873c0 want 0846
	kill "$AIR"
}

@test "air: one byte a write, garbage, slow answers" {
	rnodes --speed 10 -n 1
	all_booted 1
	told 'fault 0 trickle' 'fault 0 noise' 'fault 0 slow 100'
	host air/rnode0 send c00873c0 want 0846 send c05000c0 want 500156
	quits 1
}

@test "air: a device behind TCP drops who is silent, and its radio goes off" {
	rnodes --speed 10 -n 1 --tcp
	all_booted 1
	host "tcp:$(tcp 0)" send $UP want $ON want $ON touch up end &
	HOST=$!
	patiently test -e up
	wait $HOST
	until_said '"event":"off","node":0'
	jq -es 'map(select(.event == "off" or .event == "on") | .t) | .[1] - .[0] >= 6.5' trace
	quits
}

@test "air: one TCP client at a time; a pty is silent meanwhile" {
	rnodes --speed 0.2 -n 1 --tcp
	all_booted 1
	host "tcp:$(tcp 0)" send c00873c0 want 0846 touch one file two send c05000c0 bytes c0500156c0 &
	HOST=$!
	patiently test -e one
	host "tcp:$(tcp 0)" end
	host air/rnode0 send c00873c0 touch two
	wait $HOST
	# the first has gone: the next one is served
	host "tcp:$(tcp 0)" send c00873c0 want 0846
	quits
}

@test "air: commands change the channel while it runs" {
	rnodes --speed 10
	all_booted 2
	host air/rnode0 send $UP want $ON want $ON &
	host air/rnode1 send $UP want $ON want $ON
	wait %2
	told 'partition 0 | 1'
	host air/rnode0 data 41
	until_said '"event":"packet"'
	jq -es 'map(select(.event == "packet"))[0] | .lost == {"1":"apart"} and .heard == []' trace
	echo heal >&7
	host air/rnode0 data 42
	until_said '"event":"received","node":1'
	jq -es 'map(select(.event == "received"))[0] | .data == "Qg" and .rssi == -93' trace
	quits 1
}

@test "air: signals end it, and nothing stays" {
	for signal in TERM INT HUP; do
		rnodes -n 3
		[ -c air/rnode2 ]
		kill -$signal "$AIR"
		wait "$AIR"
		[ ! -e air ]
		jq -es 'last | .event == "end"' trace
	done
	AIR=
	# a folder that was there stays, and what else is in it
	mkdir air
	: >air/mine
	ln -s /dev/null air/rnode0
	rnodes
	[ "$(readlink air/rnode0)" != /dev/null ]
	echo quit >&7
	wait "$AIR"
	AIR=
	same <(echo mine) <(ls air)
}

@test "air: a command of 17 MB is refused, the next one done" {
	{ head -c 17000000 /dev/zero | tr '\0' A; printf '\nquit\n'; } >s
	for how in '-d air' --virtual; do
		# shellcheck disable=SC2086
		run -1 --separate-stderr ml-air $how <s
		same <(echo 'ml-air: -:1: too long, or not text') <(echo "$stderr")
		[[ ${lines[-1]} == *'"event":"end"'* ]]
	done
}

@test "air: a signal ends it in the middle of commands without an end" {
	mkfifo lines
	for endless in /dev/zero lines; do
		rm -rf air trace
		[ $endless != lines ] || yes wait 0 heal >lines 2>/dev/null 3>&- &
		ml-air -d air <$endless >trace 2>air.said 3>&- &
		AIR=$!
		all_booted 2
		[ $endless = lines ] || patiently test -s air.said
		# ports are served all the while
		host air/rnode0 send c00873c0 want 0846
		kill "$AIR"
		wait "$AIR" || [ $? -eq 1 ]
		AIR=
		[ ! -e air ]
		jq -es 'last | .event == "end"' trace
		wait			# for yes, whose pipe is broken
	done
}

@test "air: without a folder it makes one, and removes it" {
	TMPDIR=$PWD ml-air -n 1 -c <(echo 'at 0.2 quit') </dev/null >trace
	port=$(jq -r 'select(.event == "port") | .port' trace)
	[[ $port == "$PWD"/ml-air.*/rnode0 ]]
	[ ! -e "$(dirname "$port")" ]
}

@test "air: the end of its commands is not the end" {
	rnodes --speed 10 -n 1 -c <(echo 'at 1 loss 0 1 2')
	exec 7>&-
	all_booted 1
	patiently grep -q ":1: no such node" air.said
	host air/rnode0 send c00873c0 want 0846
	kill "$AIR"
	wait "$AIR" || [ $? -eq 1 ]
	AIR=
	[ ! -e air ]
}

@test "air: waiting costs nothing" {
	TIMEFORMAT='%U %S'
	# a host is there, the radios are on: three seconds of it
	{ time ml-air -d air -c <(echo 'at 3 quit') </dev/null >trace 3>&-; } 2>cpu &
	all_booted 2
	host air/rnode0 send $UP want $ON want $ON
	wait %1
	awk '{ exit !($1 + $2 < 1) }' cpu
}
