load helper
load radio

# A sanitizer's library wants to come before one that is preloaded.
export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0

# What an intruder tries
FILES=('read a file' 'list a folder' 'make a file' 'write a file' 'remove a file')
CALLS=('give a file away' 'date a file' 'call the network' 'call a neighbour' 'type into the terminal' 'bound the parent' 'share memory')
OTHERS=('cut a file' 'signal the parent' 'signal its thread' 'run a program' 'gain privileges')

# A log with INTRUDER in an event, a stream and a photo with it, a trust file, a
# key, and something elsewhere that is worth a visit.
things() {
	mkdir -p log elsewhere
	ml-emit -a peer log/field note R-1 INTRUDER >stream
	cp log/field log/read
	printf 'INTRUDER\n' >photo
	printf '{"INTRUDER":1}\n' >frontier
	printf '{"t":"frontier","f":{"INTRUDER":1}}\n{"t":"done"}\n' >talk
	printf '# INTRUDER\nplain peer\n*\n' >log/field.trust
	printf '{"kind":"note.add","payload":{"record_id":"R","text":"INTRUDER"}}\n' >batch
	echo INTRUDER >frames
	printf '{"msg_type":"%s","values":[0,%s],"INTRUDER":1}\n' RANGE 0 DONE 6 >log/inbox
	seq 3 >numbers
	printf '# INTRUDER\nwait 1\nup 0\nsend 0 AAAA\nquit\n' >script
	mkdir -p keys
	[ -e keys/key ] || ml-key new -n INTRUDER keys/key >/dev/null
}

# with SHIM ... -- CMD ...: preloaded
with() {
	local shims=
	while [ "$1" != -- ]; do shims="$shims $BUILD/help/$1.so" && shift; done
	shift
	env LD_PRELOAD="${shims# }" "$@"
}

# intruded CMD ...: CMD as it is, with what it prints to out and the intruder's
# report in report
intruded() {
	echo prey >elsewhere/prey
	rm -f elsewhere/prey.made report
	INTRUDER=$PWD/report PREY=$PWD/elsewhere/prey with intruder "${SHIMS[@]}" -- "$@"
}

# What the sandbox says of itself
in_force() { "$@" ml-check --sandbox log/read | sed -n 's/^sandbox: //p'; }

# denied WHERE IN-FORCE: the intruder's report as it must be by what the sandbox
# says: where that says of no layer that it keeps something, it is done
denied() {
	local what files=done calls=done cut=done signal=done run=done gain=done
	case $2 in
	*'no Landlock: '*) ;;
	*'Landlock ABI '[12]' '*) files=denied ;;
	*'Landlock ABI '*) files=denied cut=denied ;;
	*) echo "of Landlock it says nothing: $2" ;;
	esac
	case $2 in *'no signals'*) signal=denied ;; esac
	case $2 in
	*'no seccomp: '*) ;;
	*'seccomp (no programs, no sockets)'*) calls=denied cut=denied signal=denied ;;
	*) echo "of seccomp it says nothing: $2" ;;
	esac
	case $2 in
	'no no_new_privs: '*) ;;
	'no_new_privs, '*) gain=denied ;;
	*) echo "of privileges it says nothing: $2" ;;
	esac
	[ $files$calls = donedone ] || run=denied
	{
		for what in "${FILES[@]}"; do echo "$1 $what: $files"; done
		for what in "${CALLS[@]}"; do echo "$1 $what: $calls"; done
		echo "$1 cut a file: $cut"
		echo "$1 signal the parent: $signal"
		echo "$1 signal its thread: $signal"
		echo "$1 run a program: $run"
		echo "$1 gain privileges: $gain"
	} | sort
}

# Each tool at work on what a peer sent, or another wrote, one a line.  (ml-key new
# and show read but keys of one's own.)
calls() {
	cat <<-'END'
	ml-frontier log/read
	ml-frontier -l log/read
	ml-delta log/read
	ml-delta log/other frontier
	ml-delta log/other - <frontier
	ml-view log/read
	ml-view --names log/read R-1
	ml-check log/read
	ml-check -r log/read
	ml-emit -a me log/read note R-2 hello
	ml-emit -a me log/other - <batch
	ml-emit -a me log/other attach R-2 f photo
	ml-emit -k keys/key log/other note R-2 hello
	ml-ingest log/new <stream
	ml-ingest -v log/new stream
	ml-ingest log/new - <stream
	ml-gossip log/new <stream
	ml-gossip -1v log/read <talk
	ml-key list log/field
	ml-key trust log/field --plain other
	ml-key untrust log/field --plain peer
	ml-radio --plan -f 867.2M --ledger log/ledger <frames
	ml-merge -l -w A -i log/inbox -o log/said -O log/merged -s log/state -S - numbers
	ml-air --virtual <script
	ml-air --virtual -c script
	END
}

# fresh: each call finds the same; no index, or the log would not be read
fresh() {
	rm -rf log keys/key.new
	cp -a before log
	ml-emit -a other log/other create R-9 form >/dev/null
	cp -a keys.before/. keys
}

# each_call DO: of every tool, with its work as it is without DO in wanted
each_call() {
	things
	cp -a log before
	cp -a keys keys.before
	local call
	while IFS= read -r call; do
		fresh
		eval "$call" >wanted 2>wanted.err || false "$call"
		fresh
		"$1" "$call" || { echo "in: $call"; return 1; }
		same wanted out
		same wanted.err err
	done < <(calls)
}

@test "sandbox: the intruder can do all that is tried where there is none" {
	things
	intruded grep INTRUDER stream >out
	same stream out
	{
		for what in "${FILES[@]}" "${CALLS[@]}" "${OTHERS[@]}"; do
			echo "parser $what: done"
		done
	} | sort >wanted
	same wanted <(sort report)
	[ ! -e elsewhere/prey ]
	[ -e elsewhere/prey.made ]
}

visit() {
	eval "intruded $1" >out 2>err
	denied parser "$FORCE" >wanted.report
	same wanted.report <(grep ^parser report | sort)
}

@test "sandbox: in every tool's parser the intruder can do nothing" {
	things
	FORCE=$(in_force env)
	each_call visit
}

# Over a network it is the resolver's files that can be read, and others called.
online() {
	sed -E '/(read a file|list a folder|call the network|call a neighbour): /s/: .*/: done/'
}

@test "sandbox: nor with radios, at ports that are opened again and again" {
	things
	FORCE=$(in_force env)
	air 20 --tcp
	tcp=$(jq 'select(.event == "port" and .node == 1) | .tcp' trace)
	options=(-f 867.2M --duty none --ledger log/ledger)
	intruded ml-radio -p air/rnode0 "${options[@]}" <frames
	denied parser "$FORCE" >wanted
	same wanted <(sort report)
	intruded ml-radio -p "tcp://localhost:$tcp" "${options[@]}" <frames
	same <(online <wanted) <(sort report)
	has trace '"event":"packet"' 2
	sound
	for how in '' --tcp; do
		sed /INTRUDER/q script >told.air
		printf '%s\n' 'unplug 0' 'replug 0' quit >>told.air
		# shellcheck disable=SC2086
		intruded ml-air -d links $how <told.air >again
		same wanted <(sort report)
		jq -es 'map(select(.event == "port")) | length == 3' again
		[ ! -e links ]
	done
}

@test "sandbox: nor in a thread" {
	things
	for ((n = 1; n <= 60; n++)); do
		printf '{"kind":"note.add","payload":{"record_id":"R","text":"%060000d"}}\n' $n
	done | ml-emit -a bulk log/bulk - >/dev/null
	intruded ml-ingest log/new log/bulk
	FORCE=$(in_force env)
	if [ "$(nproc)" -gt 1 ]; then
		denied thread "$FORCE" >wanted
		same wanted <(sort -u report)
	else
		same /dev/null report
	fi
}

# kernel WITHOUT ERRNO ABI: what the next calls meet
kernel() { export SHIMS=without WITHOUT=$1 WITHOUT_ERRNO=$2 ABI=${3-}; }

@test "sandbox: what a kernel lacks or a container forbids is left out, and said" {
	things
	while IFS='|' read -r without number says; do
		kernel "$without" "$number"
		in_force with without -- >force
		grep -F "$says" force || { echo "$without, $number:" && cat force && false; }
	done <<-'END'
	landlock|38|no_new_privs, no Landlock: Function not implemented, 
	landlock|95|no_new_privs, no Landlock: Operation not supported, 
	landlock|1|no_new_privs, no Landlock: Operation not permitted, 
	restrict|1|no_new_privs, no Landlock: Operation not permitted, 
	restrict|7|no_new_privs, no Landlock: Argument list too long, 
	seccomp|22|, no seccomp: Invalid argument
	seccomp|1|, no seccomp: Operation not permitted
	no_new_privs landlock seccomp|22|no no_new_privs: Invalid argument, no Landlock: Invalid argument, no seccomp: Invalid argument
	END
}

@test "sandbox: without Landlock every tool works, and the rest holds" {
	things
	kernel landlock 38
	FORCE=$(in_force with without --)
	each_call visit
}

@test "sandbox: without seccomp every tool works, and the rest holds" {
	things
	kernel seccomp 22
	FORCE=$(in_force with without --)
	each_call visit
}

@test "sandbox: without anything every tool works" {
	things
	kernel 'no_new_privs landlock seccomp' 1
	FORCE=$(in_force with without --)
	[ "$FORCE" = 'no no_new_privs: Operation not permitted, no Landlock: Operation not permitted, no seccomp: Operation not permitted' ]
	each_call visit
}

@test "sandbox: with every version of Landlock up to this kernel's" {
	things
	FORCE=$(in_force env)
	real=$(sed -n 's/.*Landlock ABI \([0-9]*\).*/\1/p' <<<"$FORCE")
	for ((abi = 1; abi <= ${real:-0}; abi++)); do
		kernel '' '' $abi
		FORCE=$(in_force with without --)
		case $abi in
		[123]) kept="(files in $PWD/log)" ;;
		[45]) kept="(files in $PWD/log; no TCP)" ;;
		*) kept="(files in $PWD/log; no TCP, no signals)" ;;
		esac
		[[ $FORCE = *"Landlock ABI $abi $kept, "* ]]
		for call in 'ml-ingest log/new <stream' 'ml-ingest log/new stream' \
		    'ml-view log/read' 'ml-key trust log/field --plain other'; do
			rm -f log/*.index
			eval "$call" >wanted 2>/dev/null
			rm -f log/new*
			visit "$call"
			same wanted out
		done
	done
}

@test "sandbox: operands of every kind, elsewhere, are read" {
	mkdir -p in out log
	unset SHIMS
	ml-emit -a peer in/stream create R-1 form >/dev/null
	rm -f in/*.index
	new() { rm -f log/*; ml-ingest log/new "$@" 2>&1; }
	wanted='ml-ingest: 1 new, 0 had, 0 held, 0 refused'
	[ "$(new "$PWD/in/stream")" = "$wanted" ]
	[ "$(new - <in/stream)" = "$wanted" ]
	[ "$(new /dev/stdin <in/stream)" = "$wanted" ]
	[ "$(cat in/stream | new /dev/stdin)" = "$wanted" ]
	[ "$(new /proc/self/fd/7 7<in/stream)" = "$wanted" ]
	[ "$(new <(cat in/stream))" = "$wanted" ]
	[ "$(new /dev/null in/stream)" = "$wanted" ]
	ln -s "$PWD/in/stream" out/link
	[ "$(new out/link)" = "$wanted" ]
	mkfifo out/fifo out/second
	cat in/stream >out/fifo &
	[ "$(new out/fifo)" = "$wanted" ]
	# a FIFO is not opened before its turn: who fills it may wait for us
	{ : >out/fifo; cat in/stream >out/second; } &
	[ "$(new out/fifo out/second)" = "$wanted" ]
	printf '{"peer":1}' >in/frontier
	[ "$(ml-delta in/stream out/../in/frontier | wc -l)" -eq 0 ]
	[ "$(ml-delta in/stream <(cat in/frontier) | wc -l)" -eq 0 ]
	[ "$(ml-delta in/stream /dev/stdin <in/frontier | wc -l)" -eq 0 ]
	# and what is not there or no file is said as ever
	same <(printf 'ml-ingest: %s\n' 'gone: No such file or directory' \
		'out: Is a directory' '1 new, 0 had, 0 held, 0 refused') \
		<(new gone out in/stream)
}

@test "sandbox: links lead out of the log's folder" {
	mkdir -p in there/deep shared
	ml-emit -a peer in/stream create R-1 form >/dev/null
	sed 's/"v":""/"v":"00000000000000000000000000000000"/' in/stream >in/forged
	printf 'plain peer\n' >shared/trust
	ln -s ../../shared/trust there/deep/field.trust
	ln -s ../../shared/held there/deep/field.held
	ln -s ../../shared/refused there/deep/field.refused
	ln -s there/deep/field log
	ml-ingest log in/stream
	run -1 ml-ingest log in/forged
	[ -s shared/refused ]
	ml-emit -a peer in/stream note R-1 1 >/dev/null
	ml-emit -a peer in/stream note R-1 2 >/dev/null
	sed -n 3p in/stream | ml-ingest log
	[ -s shared/held ]
	run -1 ml-ingest log <(ml-emit -a stranger in/other create R-2 form)
	[ "$(ml-frontier log)" = '{"peer":1}' ]
	ml-key trust log --plain stranger
	ml-ingest log in/other
	[ "$(ml-frontier log)" = '{"peer":1,"stranger":1}' ]
	run -0 ml-frontier -l log
	[[ $output = *'stranger (plain)'* ]]
	run -0 ml-view --trusted log
	[ -f there/deep/field ]
	[ -L there/deep/field.trust ]
}

@test "sandbox: a key's folder, a log's folder that is gone, closed descriptors" {
	mkdir -p keys here gone
	ml-key new keys/key >/dev/null
	ln -s keys/key key
	ml-emit -k key here/log note R-1 hello >/dev/null
	ml-emit -k key here/log note R-1 again >/dev/null
	[ "$(jq .seq keys/key.feed)" -eq 3 ]
	ML_KEY=key ml-ingest here/log here/log
	(cd gone && rmdir ../gone && run -2 --separate-stderr ml-frontier log &&
		same <(echo 'ml-frontier: log: No such file or directory') <(echo "$stderr"))
	ml-view here/log 2>&- >out
	same <(ml-view here/log) out
	run -111 sh -c "ml-view here/log >&-"
	ml-ingest here/log here/log <&-
	ml-ingest here/log here/log <&- >&- 2>&-
}

@test "sandbox: a log that another has replaced meanwhile" {
	ml-emit -a peer old create R-1 form >/dev/null
	ml-emit -a other new create R-2 form >/dev/null
	mkfifo feed
	ml-ingest log feed 8>&- &
	exec 8>feed
	# it holds the log by now, as it has opened the pipe
	cp new log.new
	mv log.new log
	cat old >&8
	exec 8>&-
	wait $!
	run -0 ml-view -j log
	[[ $output = *R-1*R-2* ]]
}
