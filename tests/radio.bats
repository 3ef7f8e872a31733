load helper
load radio

# special BYTES: a frame of so many, all of which have to be escaped, as a line
special() {
	printf '\300\333\334\335%.0s' {1..127} | head -c "$1" | basenc --base64url -w 0 | tr -d =
	echo
}

@test "radio: frames of 1, 254, 255 and 507 bytes, both ways" {
	air 20
	for n in 1 254 255 507; do special $n; done >sent
	listen 1
	radio -p air/rnode0 <sent
	patiently lines heard1 4
	hush
	same sent <(heard heard1)
	listen 0
	radio -p air/rnode1 <sent
	patiently lines heard0 4
	hush
	same sent <(heard heard0)
	grep -qP '^[\w-]+\trssi=-86\tsnr=\d+(\.\d+)?\tt=\d{13}$' heard0
	sound
}

@test "radio: frames of 0 and 508 bytes and what is none are refused, the rest is sent" {
	air 20
	listen 1
	{
		echo QUJD
		printf '\trssi=-90\n'
		special 508
		printf '\n'
		echo 'QU*D'
		echo QUJD=
		printf 'QUJE\trssi=-97\tsnr=6.5\r\n'
	} >in
	run -1 --separate-stderr radio -p air/rnode0 <in
	same - <(echo "$stderr") <<-'END'
		ml-radio: standard input:2: frame: empty
		ml-radio: standard input:3: frame: too long
		ml-radio: standard input:4: frame: empty
		ml-radio: standard input:5: frame: not base64url without padding
		ml-radio: standard input:6: frame: not base64url without padding
	END
	patiently lines heard1 2
	hush
	same <(printf '%s\n' QUJD QUJE) <(heard heard1)
	sound
	run -1 --separate-stderr ml-radio --plan -f 867.2M --ledger ledger <<<''
	same <(echo 'ml-radio: standard input:1: frame: empty') <(echo "$stderr")
}

@test "radio: ten thousand frames, complete and in order" {
	HURRY=30 air 400
	listen 1 -s 5 -b 500k
	frames 10000 12 >sent
	radio -p air/rnode0 -s 5 -b 500k <sent
	patiently lines heard1 10000
	hush
	same sent <(heard heard1)
	sound
}

@test "radio: no device at start: it waits, reads no more, and loses nothing" {
	RADIO=(env "LD_PRELOAD=$BUILD/help/hurry.so" HURRY=30 ml-radio)
	frames 2000 254 >sent
	{ cat sent; wc -l <heard1 >end; } |
		"${RADIO[@]}" -p later -f 867.2M --duty none --ledger ledger -s 5 -b 500k 2>said 3>&- &
	CARRIER=$!
	patiently has said 'will be tried again'
	same - said <<-'END'
		ml-radio: later: No such file or directory
		ml-radio: later: is it plugged in? ml-radio -l lists ports
		ml-radio: later: will be tried again
	END
	HURRY=30 air 200
	listen 1 -s 5 -b 500k
	ln -s air/rnode0 later
	patiently lines heard1 2000
	wait $CARRIER
	CARRIER=
	# what a pipe and a buffer hold was read ahead, and no more
	[ "$(<end)" -ge 1000 ]
	hush
	same sent <(heard heard1)
	same <(echo 'ml-radio: later: up again') <(tail -n +4 said)
	sound
}

@test "radio: no device, and -1: that is the end" {
	run -111 --separate-stderr ml-radio -1 -p none -f 867.2M --ledger ledger </dev/null
	same - <(echo "$stderr") <<-'END'
		ml-radio: none: No such file or directory
		ml-radio: none: is it plugged in? ml-radio -l lists ports
	END
}

@test "radio: unplugged, it has another number when it comes back: found by its link" {
	air 20
	listen 1
	carry 0
	echo QUJD >&6
	patiently lines heard1 1
	was=$(readlink air/rnode0)
	told 'unplug 0'
	patiently has events0 'the port is gone'
	echo QUJE >&6
	patiently has events0 'No such file'
	told 'replug 0'
	patiently lines heard1 2
	[ "$(readlink air/rnode0)" != "$was" ]
	delivered
	hush
	same <(printf '%s\n' QUJD QUJE) <(heard heard1)
	same - <(plain 0) <<-'END'
		ml-radio: air/rnode0: the port is gone
		ml-radio: air/rnode0: will be tried again
		ml-radio: air/rnode0: No such file or directory
		ml-radio: air/rnode0: is it plugged in? ml-radio -l lists ports
		ml-radio: air/rnode0: will be tried again
		ml-radio: air/rnode0: up again
	END
	sound
}

@test "radio: hung up in the middle of a frame: the half is not passed on" {
	air 20
	listen 1
	told 'once 1 hangup'
	special 507 >sent
	radio -p air/rnode0 <sent
	patiently has events1 'the port is gone'
	told 'replug 1'
	patiently has events1 '"event":"up"' 2
	radio -p air/rnode0 <sent
	patiently lines heard1 1
	hush
	same sent <(heard heard1)
	sound
}

@test "radio: unplugged while it sends: what may be lost is counted, the rest goes on" {
	air 20
	listen 1
	carry 0
	frames 30 254 >sent
	cat sent >&6
	patiently lines heard1 4
	told 'unplug 0' 'replug 0'
	delivered
	last=$(tail -1 sent)
	patiently has heard1 "$last"
	hush
	lost=$(plain 0 | sed -n 's/.*: \([0-9]*\) frames may be lost$/\1/p')
	[ "${lost:-0}" -le 3 ]
	# in order, each once, and no more are missing
	heard heard1 >got
	[ "$(($(wc -l <got) + ${lost:-0}))" -ge 30 ]
	same got <(grep -Fxf got sent)
	sound
}

@test "radio: it reboots: up again, what it had may be lost" {
	air 20
	listen 1
	carry 0
	echo QUJD >&6
	patiently lines heard1 1
	told 'fault 0 boottext' 'fault 0 reboot' 'fault 1 reboot'
	patiently has events0 '"event":"up"' 2
	patiently has events1 '"event":"up"' 2
	echo QUJE >&6
	patiently lines heard1 2
	delivered
	hush
	same <(printf '%s\n' QUJD QUJE) <(heard heard1)
	same - <(plain 0) <<-'END'
		ml-radio: air/rnode0: it has rebooted: 0 frames may be lost
		ml-radio: air/rnode0: up again
	END
	sound
}

@test "radio: it reboots and does not say so: that is noticed, by who only listens, too" {
	HURRY=40 air 40 --board avr
	listen 1
	carry 0
	patiently has events0 '"event":"up"'
	told 'fault 0 reboot' 'fault 1 reboot'
	until_said '"event":"boot"' 4
	patiently has events1 '"event":"up"' 2
	patiently has events0 '"event":"up"' 2
	echo QUJE >&6
	delivered
	patiently lines heard1 1
	hush
	same <(echo QUJE) <(heard heard1)
	for node in 0 1; do
		same - <(plain $node) <<-END
			ml-radio: air/rnode$node: its radio went off: 0 frames may be lost
			ml-radio: air/rnode$node: up again
		END
	done
	sound
}

@test "radio: given up until later, and ended before that: it is switched off all the same" {
	air 20 -n 1
	listen 0
	told 'fault 0 mute'		# it hears us, though
	patiently has events0 '"event":"closed"'
	until_said '"event":"off"'
	hush
	sound
}

@test "radio: frames cut by a reboot, merged, foreign, empty, too long, and garbage" {
	air 20
	listen 1
	told 'fault 1 garbage 500' 'fault 1 ascii rst:0x1' 'fault 1 empty' 'fault 1 long 600' \
	    'fault 1 long 4096' 'foreign 1 AA'
	patiently has trace '"from":"foreign"'
	frames 10 100 >sent
	told 'fault 1 noise'
	radio -p air/rnode0 <sent
	patiently lines heard1 10
	told 'clear 1' 'foreign 1 AEZG'
	patiently lines heard1 11
	told 'once 1 cut'
	frames 1 100 77 >cut
	radio -p air/rnode0 <cut
	patiently has events1 '"event":"up"' 2
	radio -p air/rnode0 <<<QUJE
	patiently has heard1 QUJE
	hush
	# a stranger's frame comes without its first byte; half of one may come
	{ cat sent; echo RkY; echo QUJE; } >wanted
	heard heard1 | grep -v "^$(head -c 16 cut)" >got
	same wanted got
	sound
}

@test "radio: what a device does not echo, or echoes wrongly" {
	air 20 -n 4
	told 'once 0 noecho sf' 'once 0 noecho freq' 'once 0 wrongecho bw' \
	    'fault 1 noecho cr' 'fault 2 wrongecho txpower' 'fault 3 stuck'
	run -0 --separate-stderr radio -p air/rnode0 <<<QUJD
	[ -z "$stderr" ]
	run -111 --separate-stderr radio -1 -p air/rnode1 <<<QUJD
	same <(echo 'ml-radio: air/rnode1: coding rate: no answer') <(echo "$stderr")
	run -2 --separate-stderr radio -p air/rnode2 <<<QUJD
	same <(echo 'ml-radio: air/rnode2: power: not what was set: wanted 14, got 15') <(echo "$stderr")
	run -2 --separate-stderr radio -p air/rnode3 <<<QUJD
	same <(echo "ml-radio: air/rnode3: radio on: it stays off: locked, not provisioned, or its firmware's hash is wrong: wanted 1, got 0") <(echo "$stderr")
	sound
}

@test "radio: given up by -1 when it was on already: it is switched off all the same" {
	HURRY=1 air 0.4 -n 1
	carry 0 -1
	until_said '"event":"on"'
	told 'fault 0 noecho bw'	# while it shows that by its LED
	carried 111
	same <(echo 'ml-radio: air/rnode0: bandwidth: no answer') <(plain 0)
	until_said '"event":"off"'
	sound
}

@test "radio: late, byte by byte, twice, and with statistics between" {
	air 5 -n 2
	told 'fault 0 slow 300' 'fault 0 trickle' 'fault 0 double' 'fault 0 chatter' \
	    'fault 0 shortchtm' 'fault 0 noise'
	listen 1
	frames 10 60 >sent
	run -0 --separate-stderr radio -p air/rnode0 <sent
	patiently lines heard1 10
	hush
	same sent <(heard heard1)
	[ -z "$stderr" ]
	sound
}

@test "radio: errors that a device tells of" {
	air 20
	listen 1
	carry 0
	patiently has events0 '"event":"up"'
	told 'fault 0 error 5' 'fault 0 error 6' 'fault 0 error 99'
	patiently has events0 '"event":"note"' 3
	told 'fault 0 error 2'
	patiently has events0 '"event":"up"' 2
	echo QUJD >&6
	patiently lines heard1 1
	told 'fault 0 error 1'
	patiently has events0 'needs a reset"'
	echo QUJE >&6
	patiently has events0 'no RNode answers'
	told 'unplug 0' 'replug 0'
	patiently lines heard1 2
	delivered
	hush
	plain 0 | grep -v -e 'No such file' -e 'plugged in' -e 'port is gone' -e 'tried again' | uniq >said
	same - said <<-'END'
		ml-radio: air/rnode0: it is low on memory
		ml-radio: air/rnode0: its modem does not answer it
		ml-radio: air/rnode0: it tells of an error that is not known
		ml-radio: air/rnode0: it could not send: 0 frames may be lost
		ml-radio: air/rnode0: up again
		ml-radio: air/rnode0: its radio does not start: it needs a reset
		ml-radio: air/rnode0: no RNode answers there
		ml-radio: air/rnode0: up again
	END
	sound
}

@test "radio: a modem that fails while it sends" {
	air 20
	listen 1
	carry 0
	told 'once 0 modem'
	echo QUJD >&6
	patiently has events0 'could not send'
	echo QUJE >&6
	patiently lines heard1 1
	delivered
	hush
	[ "$(heard heard1 | tail -1)" = QUJE ]
	plain 0 | grep -qx 'ml-radio: air/rnode0: it could not send: 1 frames may be lost'
	sound
}

@test "radio: a full queue, and the device's own limit of airtime: frames wait" {
	HURRY=20 air 40
	listen 1
	told 'fault 0 full'
	carry 0 --lock-short 5
	frames 30 254 >sent
	cat sent >&6
	patiently has events0 '"event":"channel"' 20
	[ "$(grep -c '"event":"handed"' events0)" -le 3 ]
	told 'clear 0'
	delivered
	patiently lines heard1 30
	hush
	same sent <(heard heard1)
	[ -z "$(plain 0)" ]
	sound
}

@test "radio: a device that does not read: what comes is taken on, what is to go waits" {
	air 20
	carry 0
	patiently has events0 '"event":"up"'
	told 'fault 0 deaf'
	frames 10 507 >sent
	cat sent >&6
	patiently has events0 '"event":"handed"'
	radio -p air/rnode1 <<<QUJD
	patiently lines heard0 1
	patiently has events0 'longer than it can'
	listen 1
	told 'clear 0'
	delivered
	# of those it was given one may be lost, as is said
	patiently has heard1 "$(tail -1 sent)"
	hush
	lost=$(plain 0 | sed -n 's/.*: \([0-9]*\) frames may be lost$/\1/p')
	same sent <(heard heard1) || [ "$(($(wc -l <heard1) + ${lost:-0}))" -ge 10 ]
	sound
}

@test "radio: nothing can be written at all: it is given up in time" {
	air 20 -n 1
	told 'fault 0 deaf'
	host air/rnode0 flood
	run -111 --separate-stderr radio -1 -p air/rnode0 <<<QUJD
	same <(echo 'ml-radio: air/rnode0: no RNode answers there') <(echo "$stderr")
	all_off
}

@test "radio: what is lost on the way is nobody's to tell" {
	air 20
	listen 1
	told 'loss 0 1 1'
	run -0 --separate-stderr radio -p air/rnode0 <<<QUJD
	[ -z "$stderr" ]
	hush
	[ ! -s heard1 ]
	jq -es 'map(select(.event == "packet"))[0].lost == {"1":"loss"}' trace
	sound
}

@test "radio: at the end of the input it waits until all is sent, and switches off" {
	air 50 -n 1
	frames 3 507 | radio -p air/rnode0 -s 10
	sound
	jq -es 'map(select(.event | IN("packet", "off")) | .event) ==
		["packet", "packet", "packet", "packet", "packet", "packet", "off"]' trace
}

@test "radio: while another sends for long it waits, and leaves no sooner than it has sent" {
	air 20
	listen 1 -s 12
	carry 0 -s 12
	patiently has events0 '"event":"up"'
	told "foreign 1 $(special 255)"		# nine seconds of the channel's time
	echo QUJD >&6
	delivered
	patiently lines heard1 1
	hush
	same <(echo QUJD) <(heard heard1 | grep -x QUJD)
	[ -z "$(plain 0)" ]
	sound
	jq -es 'map(select(.event == "packet")) | length == 2 and .[0].from == "foreign" and
		.[0].airtime > 9 and .[1].from == 0 and .[1].start >= .[0].start + .[0].airtime' trace
	# told as sent behind that, and not before
	same <(printf '%s\n' handed received sent) \
	    <(grep '^{' events0 | jq -r 'select(.event | IN("handed", "received", "sent")) | .event')
}

@test "radio: a signal: what the device has is sent, a second one: it is left" {
	air 20 -n 1
	carry 0 -s 12
	frames 2 507 >&6
	patiently has events0 '"event":"handed"' 2
	kill $CARRIER
	wait $CARRIER
	sound
	jq -es 'map(select(.event == "packet")) | length == 4' trace
	air 20 -n 1
	carry 0 -s 12
	frames 9 507 >&6
	patiently has events0 '"event":"handed"' 3
	kill $CARRIER
	patiently kill $CARRIER || true
	carried 1
	until_said '"event":"off"'
	sound
}

@test "radio: nobody reads its output any more, be it idle or not: it ends, and leaves" {
	air 20
	mkfifo out
	for idle in yes no; do
		rm -f events1
		"${RADIO[@]}" -p air/rnode1 -v -w -1 </dev/null >out 2>events1 3>&- 7>&- &
		CARRIER=$!
		exec 5<out
		patiently has events1 '"event":"up"'
		if [ $idle = yes ]; then
			exec 5<&-
		else
			radio -p air/rnode0 <<<QUJD
			read -r _ <&5
			exec 5<&-
			radio -p air/rnode0 <<<QUJD
		fi
		wait $CARRIER
	done
	CARRIER=
	sound
}

# stuff FIFO: it takes no more
stuff() { dd if=/dev/zero of="$1" oflag=nonblock bs=512 2>/dev/null || true; }

@test "radio: nobody reads what it tells: it goes on, ends when it should, and leaves" {
	air 20
	listen 1
	mkfifo given told-us
	exec 5<>told-us
	stuff told-us
	"${RADIO[@]}" -p air/rnode0 -v <given 2>&5 3>&- 5>&- 6>&- 7>&- &
	CARRIER=$!
	exec 6>given
	{ yes '*' | head -n 300; echo QUJD; } >&6
	patiently lines heard1 1
	timeout 100 head -c 65536 <&5 >/dev/null
	timeout 100 grep -aqm 1 -E '^ml-radio: nobody read standard error: [0-9]+ messages were dropped$' <&5
	stuff told-us
	yes '*' | head -n 300 >&6
	kill $CARRIER
	patiently is_gone $CARRIER
	status=0
	wait $CARRIER || status=$?
	CARRIER=
	exec 5>&- 6>&-
	[ "$status" -eq 1 ]		# for what was no frame
	hush
	sound
}

@test "radio: the port of another is not touched" {
	air 20
	listen 0
	run -111 --separate-stderr radio -1 -p air/rnode0 <<<QUJD
	same <(echo 'ml-radio: air/rnode0: another program has it open') <(echo "$stderr")
	radio -p air/rnode1 <<<QUJD
	patiently lines heard0 1
	hush
	sound
}

# mishaps N SEED: commands, five seconds apart
mishaps() {
	awk -v n="$1" -v seed="$2" 'BEGIN {
		srand(seed)
		now = split("reboot;garbage 300;ascii boot;empty;long 600;error 2;error 5;error 6", fault, ";")
		later = split("hangup;modem;cut;noecho sf;wrongecho bw;nodetect;double;full", once, ";")
		for (i = 0; i < n; i++) {
			node = int(rand() * 2)
			kind = int(rand() * 3)
			if (kind == 0)
				print "wait 5 fault", node, fault[1 + int(rand() * now)]
			else if (kind == 1)
				print "wait 5 once", node, once[1 + int(rand() * later)]
			else
				print "wait 2 unplug " node "\nwait 3 replug " node
		}
		print "wait 5 clear 0\nclear 1\nreplug 0\nreplug 1\nno more"
	}'
}

# held PROCESS: how many descriptors it has open, and KiB of memory
descriptors() { ls "/proc/$1/fd" | wc -l; }
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

@test "radio: ten minutes of faults at both ends, and all is well" {
	mishaps 120 5 >script
	HURRY=80 air 80
	listen 1
	carry 0
	frames 20 60 >&6
	patiently lines heard1 20
	fds="$(descriptors $CARRIER) $(descriptors $LISTENERS)"
	kib=$(($(memory $CARRIER) + $(memory $LISTENERS)))
	cat script >&7
	{
		frames 1 60
		until has air.said 'no such command'; do
			frames 5 120 100
			sleep 0.1
		done
	} >&6 3>&- 7>&-
	told 'clear 0' 'clear 1'
	[ "$(grep -c '"event":"up"' events0)" -ge 10 ]
	# both still pass frames, and have come back to what they had
	until has heard1 QUJD; do
		echo QUJD >&6
		sleep 0.1
	done
	same <(echo "$fds") <(echo "$(descriptors $CARRIER) $(descriptors $LISTENERS)")
	[ "$(($(memory $CARRIER) + $(memory $LISTENERS)))" -le $((kib + 1024)) ]
	delivered
	hush
	sound
}
