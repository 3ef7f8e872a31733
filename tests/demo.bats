load helper

# A copy of the tree with tools that are built; its bootstrap does what we say.
copy() {
	mkdir build
	cp -pr "$ROOT"/{Makefile,cmd,lib,scripts,examples} .
	cp -pr "$BUILD"/{cmd,lib,libmeshlog.a,ml-*} build
	echo "echo \"\$@\" >bootstrapped; ${1-}" >scripts/bootstrap
	unset MAKEFLAGS MAKELEVEL
}

demo() { B=build scripts/demo "$@"; }

@test "demo: three machines, the same events and bytes" {
	copy
	run -0 --separate-stderr demo logs
	same <(echo run) bootstrapped
	same <(echo) <(echo "$stderr")
	[[ $output == *" $PWD/logs"$'\n'* ]]
	same /dev/null <(sed "s,$PWD,/tmp,g" <<<"$output" | awk 'NR >= 50 || length > 80')
	cd logs
	for who in base team_a team_b; do
		same <(ml-delta base/log.jsonl) <(sort -t: -k 2,2 -s $who/log.jsonl)
		same <(ml-view base/log.jsonl) $who/view.json
		same <(grep "^{\"a\":\"$who\"" $who/log.jsonl) $who/printed
	done
	[ "$(wc -l <base/log.jsonl)" -eq "$(cat survey/*.jsonl | wc -l)" ]
}

@test "demo: a folder of its own if none is given" {
	copy
	mkdir tmp
	TMPDIR=$PWD/tmp run -0 demo
	folder=$(echo "$PWD"/tmp/meshlog-demo.*)
	[[ $output == *" $folder"$'\n'* ]]
	[ -s "$folder/team_b/log.jsonl" ]
}

@test "demo: a folder in use is left alone: status 2" {
	copy
	mkdir logs
	touch logs/mine
	run -2 --separate-stderr demo logs
	same <(echo 'usage: scripts/demo [FOLDER], which is new or empty') <(echo "$stderr")
	[ "$(ls logs)" = mine ]
}

@test "demo: without what it needs it stops, with bootstrap's status" {
	copy 'exit 111'
	run -111 demo logs
	[ -z "$(ls logs)" ]
}

@test "demo: machines that differ are a failure, and named" {
	copy
	rm build/ml-view
	printf '#!/bin/sh\necho "$@"\n' >build/ml-view
	chmod +x build/ml-view
	run -1 --separate-stderr demo logs
	same - <(echo "$stderr") <<-END
		demo: team_a: not what base shows
		demo: stopped; the logs are in $PWD/logs
	END
}
