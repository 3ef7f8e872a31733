# What the tests of ml-journal and ml-noise share.

# could SEED [OPTION ...] <PACKETS: the numbers of those that are not lost
could() {
	local seed=$1
	shift
	ml-noise --duplicate 0 --reorder 0 --corruption 0 --termination 0 "$@" \
	    --seed "$seed" | sed 's/^{"sequence": //; s/,.*//'
}

# link SEED NOISE-OPTIONS LOGGER ...: packets of the file "stream" to a logger,
# over a bad link, both started again until all was sent.  How many runs it took
# is in "runs"; what they said, in "said".
link() {
	local seed=$1 options=$2
	shift 2
	rm -f requests
	mkfifo requests
	echo 1 >runs
	# shellcheck disable=SC2086 # options are words
	until (set -o pipefail; ml-noise -a -p state --seed "$seed" $options stream <requests |
	    "$@" >requests) 2>>said; do
		echo $(($(cat runs) + 1)) >runs
		[ "$(cat runs)" -lt 1000 ] || return 1
	done
}
