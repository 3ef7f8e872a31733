load helper

@test "500 kills of writers and readers: nothing lost, nothing twice, no bad line" {
	"$ROOT/tests/torture/kills" -n 500 -s 1
}
