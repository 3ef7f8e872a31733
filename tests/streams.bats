load helper

# Sanitizers make each process some thirty times as dear.
if [[ $BUILD = */san ]]; then rounds=6; else rounds=60; fi

@test "streams: whatever they do to events, all machines end with the same set" {
	run -0 "$ROOT/tests/torture/streams" -n $rounds -s 1
	grep -q "$rounds rounds" <<<"$output"
}
