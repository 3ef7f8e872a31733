load helper

# A sanitizer's library wants to come before one that is preloaded.
export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0

# What an intruder tries
FILES=('read a file' 'list a folder' 'make a file' 'write a file' 'remove a file')
CALLS=('give a file away' 'call the network' 'call a neighbour' 'type into the terminal')
OTHERS=('cut a file' 'signal the parent' 'run a program' 'gain privileges')

# A log with INTRUDER in an event, a stream and a photo with it, a trust file, a
# key, and something elsewhere that is worth a visit.
things() {
	mkdir -p log elsewhere
	ml-emit -a peer log/field note R-1 INTRUDER >stream
	cp log/field log/read
	printf 'INTRUDER\n' >photo
	printf '{"INTRUDER":1}\n' >frontier
	printf '# INTRUDER\nplain peer\n*\n' >log/field.trust
	printf '{"kind":"note.add","payload":{"record_id":"R","text":"INTRUDER"}}\n' >batch
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
	ml-key list log/field
	ml-key trust log/field --plain other
	ml-key untrust log/field --plain peer
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
		[45]) kept="(files in $PWD/log; no network)" ;;
		*) kept="(files in $PWD/log; no network, no signals)" ;;
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
