load helper
load radio

# sums FILE: the airtimes booked there, in ms
booked() { jq -s 'map(select(.event == "handed") | .airtime_ms)' "$1"; }
# used: ms on the air, as ml-air has it
used() { jq -s 'map(select(.event == "packet") | .airtime * 1000) | add // 0' trace; }

# small KIB COMMAND ...: on a disk where no file can be larger than this
small() { (trap '' XFSZ; ulimit -f "$1"; shift; exec "$@"); }

@test "airtime: what is booked is what is sent, to 0.1 ms a frame" {
	air 50 -n 1
	for n in 1 16 64 254 255 507; do frames 1 $n; done >sent
	radio -v -p air/rnode0 <sent 2>events
	sound
	run -1 grep -q left_ms events	# no limit, nothing that is left of it
	# a split frame has two packets
	jq -s 'map(select(.event == "packet")) | (.[:4] | map(.airtime * 1000)) +
		[(.[4].airtime + .[5].airtime) * 1000, (.[6].airtime + .[7].airtime) * 1000]' trace >air.ms
	jq -es --slurpfile a air.ms --slurpfile b <(booked events) -n \
	    '[$a[0], $b[0]] | transpose | length == 6 and
	    (map(.[1] >= .[0] - 0.001 and .[1] - .[0] < 0.1) | all)'
	# and that is in the ledger, each frame once or twice, the second time with its end
	same <(jq '.[] * 1000' <(booked events) | sort -n) \
	    <(awk '!seen[$2]++ { print $3 }' ledger | sort -n)
}

@test "airtime: an hour's budget is not exceeded, frames wait and it is said for how long" {
	air 20
	listen 1
	# 0.01 per cent is 360 ms: three frames of 16 bytes
	carry 0 --duty 0.01
	frames 9 16 >&6
	patiently has events0 'frames wait'
	patiently lines heard1 3
	jq -Res '[split("\n")[] | fromjson? | .left_ms // empty] | length == 3 and
		(last - 20.544 | fabs < 0.1)' events0
	plain 0 | grep -qE '^ml-radio: the hour.s airtime is used: frames wait (3[56][0-9]{2}) s$'
	kill $CARRIER
	carried 1
	hush
	[ "$(wc -l <heard1)" -eq 3 ]
	awk -v used="$(used)" 'BEGIN { exit !(used <= 360) }'
	sound
}

@test "airtime: that frames wait is told once, and anew when it is for longer" {
	air 20 -n 1
	carry 0 --duty 0.01
	frames 9 3 >&6			# four fit
	all_sent() { jq -Res '[split("\n")[] | fromjson? | select(.event == "sent") | .frames] | add == 4' events0; }
	patiently all_sent
	patiently has events0 'frames wait'
	kill $CARRIER
	wait $CARRIER || [ $? -eq 1 ]
	CARRIER=
	[ "$(plain 0 | grep -c 'frames wait')" -eq 1 ]
	sound
}

@test "airtime: an hour later it goes on, as was planned" {
	HURRY=1000 air 1000 -n 1
	frames 7 16 >in
	now=$((ML_CLOCK_MS / 1000))
	ml-radio --plan -f 867.2M --duty 0.01 --ledger none <in >plan
	radio -p air/rnode0 --duty 0.01 2>said <in
	sound
	jq -es --slurpfile plan plan --argjson now "$now" 'map(select(.event == "packet")) |
		length == $plan[0].packets and
		(map(.airtime * 1000) | add - $plan[0].airtime_ms | fabs < 0.1) and
		(last.start - first.start - (($plan[0].done[:19] + "Z" | fromdate) - $now) | fabs < 120)' trace
	[ "$(grep -c 'frames wait' said)" -ge 2 ]
	[ "$(grep -c '"event":"packet"' trace)" -eq 7 ]
	no_hour_has 0.36 1000
}

# no_hour_has SECONDS SPEED: of what was sent, in any hour however it begins; one
# that is in part in it counts for that part.  ml-air may note a packet's start
# half a second late on a busy machine, which at such a speed is so much.
no_hour_has() {
	jq -es --argjson most "$1" --argjson speed "$2" '(3600 - $speed / 2) as $hour |
		map(select(.event == "packet")) | ([.[] as $p | map(
		([.start + .airtime, $p.start + $hour] | min) - ([.start, $p.start] | max) |
		select(. > 0)) | add] | max) <= $most' trace
}

@test "airtime: what a device sends an hour late counts from then on" {
	HURRY=800 air 800
	# by its own limit it stops after 7 or 8, and holds the rest; 12 are allowed
	carry 0 --lock-long 0.02 --duty 0.04
	frames 11 16 >&6
	patiently has events0 '"event":"handed"' 11
	radio -p air/rnode1 --duty 0.04 < <(frames 13 16)
	delivered
	sound
	jq -es 'map(select(.event == "packet")) | length == 24 and
		(map(select(.from == 0)) | .[10].start - .[0].start > 3500)' trace
	no_hour_has 1.44 800
	# what was held was booked until a minute from then, each half minute
	awk '{ n[$2]++ } END { for (k in n) if (n[k] > 50) held++; exit !held }' ledger
}

@test "airtime: what a device has sent for others is not sent again by us" {
	HURRY=50 air 50
	# two seconds of an hour, in a ledger of its own
	radio -p air/rnode0 --ledger others < <(frames 18 16)
	carry 0 --duty 0.06
	frames 1 200 >&6
	patiently has events0 'device says that the hour'
	kill $CARRIER
	wait $CARRIER || [ $? -eq 1 ]
	CARRIER=
	sound
	[ "$(grep -c '"event":"packet"' trace)" -eq 18 ]
}

@test "airtime: two at once, killed again and again, and a clock that jumps: one budget" {
	HURRY=30 air 30 -n 3
	export JUMP=1
	for ((i = 0; i < 12; i++)); do
		frames 9 16 $((i * 9)) >in
		"${RADIO[@]}" -p air/rnode0 --duty 0.05 <in >/dev/null 2>said0 3>&- 7>&- &
		one=$!
		"${RADIO[@]}" -p air/rnode1 --duty 0.05 <in >/dev/null 2>said1 3>&- 7>&- &
		other=$!
		[ -e ledger ] || : >ledger
		lines_are=$(wc -l <ledger)
		patiently eval "lines ledger $((lines_are + 1)) || has said0 wait || has said1 wait"
		kill -9 $one
		wait $one || true
		[ $((i % 2)) = 0 ] || kill -9 $other
		patiently eval "has said1 wait || is_gone $other"
		kill -9 $other 2>/dev/null || true
		wait $other || true
	done
	unset JUMP
	listen 1
	carry 2 --duty 0.05
	cat in >&6
	patiently has events2 'frames wait'
	kill $CARRIER
	wait $CARRIER || [ $? -eq 1 ]
	CARRIER=
	hush
	told 'unplug 0' 'unplug 1'	# who was killed left their radios on
	sound
	# what was sent, and what was booked and perhaps not: 1800 ms at the most
	awk -v used="$(used)" 'BEGIN { print used; exit !(used > 0 && used <= 1800) }'
	awk '{ if (!seen[$2]++) sum += $3 } END { print sum; exit !(sum > 1600000 && sum <= 1800000) }' ledger
}

@test "airtime: what one frame needs is more than any hour has: it is refused" {
	air 20 -n 1
	run -1 --separate-stderr radio -p air/rnode0 -s 12 --duty 0.01 < <(frames 1 507)
	same <(echo 'ml-radio: standard input:1: frame: more airtime than any hour has') <(echo "$stderr")
	# an SX126x would reboot, again and again
	run -1 --separate-stderr radio -p air/rnode0 -s 12 -b 41.7k < <(frames 1 170)
	same <(echo 'ml-radio: standard input:1: frame: over 20 s in one packet, which radios give up') <(echo "$stderr")
	run -1 radio --plan -s 12 -b 41.7k < <(frames 1 170)
	[ "$(used)" = 0 ]
	sound
}

@test "airtime: each band has its part of an hour, elsewhere it is to be said" {
	export HOME=$PWD
	unset XDG_STATE_HOME
	# so many frames of 16 bytes (113.152 ms at SF8) within an hour, by --plan
	for given in 433.5M:360000 864M:3600 866M:36000 868.3M:36000 869M:3600 869.525M:360000 869.8M:36000; do
		frames $((${given#*:} * 100 / 11315)) 16 >in
		run -0 ml-radio --plan -f "${given%:*}" <in
		now=$(($(date +%s) + 60))
		[ "$(jq -r .done <<<"$output" | cut -c 1-4)" -ge 2020 ]
		frames $((${given#*:} * 100 / 11315 + 3)) 16 >in
		ml-radio --plan -f "${given%:*}" <in >later
		# an hour more for those that are too many
		[ $(($(date -d "$(jq -r .done later)" +%s) - $(date -d "$(jq -r .done <<<"$output")" +%s))) -ge 3000 ] ||
			{ echo "$given: $output $(<later)"; false; }
	done
	run -2 --separate-stderr ml-radio --plan -f 915M <in
	same <(echo 'ml-radio: --duty: this channel lies in no band of meshlog-radio(7): say how many per cent, or none') <(echo "$stderr")
	# half of it would be outside
	run -2 ml-radio --plan -f 868.59M <in
	run -0 ml-radio --plan -f 915M --duty none <in
	for bad in 0 101 x 0.001 ''; do
		run -2 --separate-stderr ml-radio --plan -f 915M --duty "$bad" <in
		same <(echo 'ml-radio: --duty: not per cent from 0.01 to 100') <(echo "$stderr")
	done
}

@test "airtime: a plan says what it takes, and sends nothing" {
	export HOME=$PWD
	{ frames 3 16; frames 1 507; echo '*'; } >in
	run -1 --separate-stderr ml-radio --plan -f 867.2M <in
	same <(echo 'ml-radio: standard input:5: frame: not base64url without padding') <(echo "$stderr")
	jq -e '.frames == 4 and .packets == 5 and (.airtime_ms - 1784.4 | fabs) < 0.2 and .used_ms == 0' <<<"$output"
	[ ! -e .local ]
	# what is booked counts, and is left as it is, the end of a crash too
	mkdir -p .local/state/meshlog
	cd .local/state/meshlog
	{
		echo "$(</proc/sys/kernel/random/boot_id) 1 1000000 $(awk '{ printf "%.0f", $1 * 1e6 }' /proc/uptime) 0"
		printf %.20s "$(</proc/sys/kernel/random/boot_id)"
	} >airtime-865-868
	cp airtime-865-868 before
	chmod 400 airtime-865-868
	chmod 500 .
	run -0 plainly env HOME="$HOME" ml-radio --plan -f 867.2M </dev/null
	jq -e '.used_ms == 1000' <<<"$output"
	same before airtime-865-868
}

@test "airtime: a plan ends at a signal, as any reader does" {
	mkfifo given
	ml-radio --plan -f 867.2M --ledger ledger <given >plan 2>said 3>&- &
	CARRIER=$!
	exec 6>given
	echo '*' >&6
	patiently has said base64url	# it reads
	kill $CARRIER
	patiently is_gone $CARRIER
	status=0
	wait $CARRIER || status=$?
	CARRIER=
	exec 6>&-
	[ "$status" -eq 143 ]
	[ ! -s plan ]
}

@test "airtime: a ledger that is damaged, or cannot be written: nothing is sent" {
	air 20 -n 1
	echo nonsense >ledger
	run -2 --separate-stderr radio -p air/rnode0 <<<QUJD
	same <(echo 'ml-radio: ledger:1: damaged: what was sent is not known; delete it an hour after the last sending') <(echo "$stderr")
	# what no crash has cut is somebody's
	printf 'a key, say' | tee key >ledger
	run -2 --separate-stderr radio -p air/rnode0 <<<QUJD
	same <(echo 'ml-radio: ledger:1: damaged: what was sent is not known; delete it an hour after the last sending') <(echo "$stderr")
	same key ledger
	mkdir dir
	chmod 500 dir
	run -2 --separate-stderr plainly "${RADIO[@]}" -p air/rnode0 --ledger dir/ledger <<<QUJD
	same <(echo 'ml-radio: dir/ledger: Permission denied') <(echo "$stderr")
	# the disk is full in the middle of a line
	for ((i = 0; i < 16; i++)); do
		printf '00000000-0000-0000-0000-000000000000 %016x 1 1 1\n' $i
	done >ledger
	run -111 --separate-stderr small 1 "${RADIO[@]}" -p air/rnode0 <<<QUJD
	same <(echo 'ml-radio: ledger: File too large') <(echo "$stderr")
	[ "$(used)" = 0 ]
	sound
}

# refused STATUS REASON LEDGER [COMMAND ...]: nothing is sent with that one
refused() {
	local status=$1 reason=$2 ledger=$3
	shift 3
	run -"$status" --separate-stderr "$@" "${RADIO[@]}" -p air/rnode0 --ledger "$ledger" <<<QUJD
	same <(echo "ml-radio: $ledger: $reason") <(echo "$stderr")
}

@test "airtime: a ledger that is none, or may not be written: it is said before the radio is on" {
	air 20 -n 1
	mkdir dir
	mkfifo fifo
	for none in /dev/null dir dir/ fifo air/rnode0; do
		refused 2 'not a file: name another one by --ledger' $none
	done
	refused 2 'Not a directory' /dev/null/ledger
	touch others
	chmod 400 others
	refused 2 'Permission denied' others plainly
	[ "$(id -u)" != 0 ] || chown 65534 others	# also one of somebody else
	refused 2 'Permission denied' others plainly
	ln -s loop loop
	refused 2 'Too many levels of symbolic links' loop
	touch safe
	refused 2 'Read-only file system' safe unwritable
	refused 2 'Read-only file system' missing unwritable
	[ ! -e missing ]
	run -1 grep -q '"event":"on"' trace
	sound
}

# full_disk COMMAND ...: where the ledger lies on a disk that is full; without
# the right to mount one, no file can be larger than nothing
full_disk() {
	local full=(unshare -rm sh -c 'mount -t tmpfs -o size=64k none disk &&
	    { dd if=/dev/zero of=disk/ballast bs=4k 2>/dev/null || :; } && exec "$@"' sh)
	"${full[@]}" true 2>/dev/null || full=(small 0)
	"${full[@]}" "$@"
}

@test "airtime: a ledger on a disk that is full, or fails: nothing is sent" {
	air 20 -n 1
	mkdir disk
	run -111 --separate-stderr full_disk "${RADIO[@]}" -p air/rnode0 --ledger disk/ledger <<<QUJD
	[[ $stderr =~ ^'ml-radio: disk/ledger: '('No space left on device'|'File too large')$ ]]
	# the file's own sync, and that of its folder
	for n in 1 2; do
		rm -f ledger
		for how in EIO ENOSPC EDQUOT; do
			run -111 --separate-stderr env FAULT="fsync:$n:$how" \
			    "LD_PRELOAD=$BUILD/help/faults.so $BUILD/help/hurry.so" \
			    "${RADIO[@]:2}" -p air/rnode0 <<<QUJD
			[[ $stderr =~ ^'ml-radio: ledger: '('Input/output error'|'No space left on device'|'Disk quota exceeded')$ ]]
		done
	done
	[ "$(used)" = 0 ]
	# booked, and never sent: it counts, which is the safe side
	[ "$(wc -l <ledger)" -eq 3 ]
	radio -p air/rnode0 <<<QUJD
	sound
	[ "$(grep -c '"event":"packet"' trace)" -eq 1 ]
}

@test "airtime: it is not booked for who only listens, and lists and asks" {
	air 20
	listen 1
	hush
	radio -i -p air/rnode0 >/dev/null
	[ ! -e ledger ]
	sound
}
