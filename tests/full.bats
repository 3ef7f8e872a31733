load helper

@test "a full disk, on all tools that write, at every size of room" {
	"$ROOT/tests/torture/full" -n 1 -s 1
}
