load helper

# A machine of our own: its PATH is bin/, where NAME is missing or apt-get fails
# if we say so.  What apt-get is asked for is in asked.
machine() {
	mkdir bin
	for tool in awk cat env grep mktemp rm sed sh tail tr; do
		ln -s "$(command -v "$tool")" bin/
	done
	echo 0 >uid
	: >missing
	: >asked
	stub id 'cat uid'
	stub dpkg-query 'shift 3; for p; do grep -qx "$p" missing || echo installed; done'
	stub apt-get 'echo "$DEBIAN_FRONTEND $*" >>asked; ! echo "E: no network" || [ ! -e away ]'
}

stub() {
	printf '#!/bin/sh\n%s\n' "$2" >"bin/$1"
	chmod +x "bin/$1"
}

bootstrap() {
	PATH=$PWD/bin "$ROOT/scripts/bootstrap" "$@"
}

@test "bootstrap: a purpose, one of three" {
	machine
	for operands in '' 'all' 'run test'; do
		# shellcheck disable=SC2086 # none, one or two
		run -2 --separate-stderr bootstrap $operands
		same <(echo 'usage: scripts/bootstrap run | test | bench') <(echo "$stderr")
	done
}

@test "bootstrap: all is there: not a word, nothing done" {
	machine
	for purpose in run test bench; do
		run -0 bootstrap $purpose
		[ -z "$output" ]
	done
	same /dev/null asked
}

@test "bootstrap: installs what is missing and no more" {
	machine
	printf '%s\n' jq libmagic-dev >missing
	run -0 bootstrap run
	same <(echo 'bootstrap: installing libmagic-dev') <(echo "$output")
	same <(sed 's/^/noninteractive -y -o DPkg::Lock::Timeout=300 /' <<-'END'
		update
		install --no-install-recommends libmagic-dev
	END
	) asked
	run -0 bootstrap test
	same <(echo 'bootstrap: installing libmagic-dev jq') <(echo "$output")
	echo sqlite3 >missing
	run -0 bootstrap bench
	same <(echo 'bootstrap: installing sqlite3') <(echo "$output")
}

@test "bootstrap: one of two that will do is enough to run" {
	machine
	printf '%s\n' gcc pkg-config >missing
	run -0 bootstrap run
	[ -z "$output" ]
	run -0 bootstrap test
	same <(echo 'bootstrap: installing gcc') <(echo "$output")
	echo pkgconf >>missing
	run -0 bootstrap run
	same <(echo 'bootstrap: installing pkg-config') <(echo "$output")
}

@test "bootstrap: apt-get fails: status 111, its errors shown" {
	machine
	echo make >missing
	touch away
	run -111 bootstrap run
	same - <(echo "$output") <<-'END'
		bootstrap: installing make
		E: no network
		E: no network
		bootstrap: apt-get could not install make
	END
}

@test "bootstrap: by another user than root, through sudo or not at all" {
	machine
	echo make >missing
	echo 1000 >uid
	run -2 bootstrap run
	same <(echo 'bootstrap: needs root or sudo: apt-get install make') <(echo "$output")
	same /dev/null asked
	stub sudo 'echo sudo >>asked; exec "$@"'
	run -0 bootstrap run
	same <(printf 'sudo\nupdate\nsudo\nmake\n') <(sed 's/.* //' asked)
}

@test "bootstrap: elsewhere it names what to install: status 2" {
	machine
	rm bin/apt-get
	run -2 bootstrap run
	same - <(echo "$output") <<-'END'
		bootstrap: this is not Debian or Ubuntu.  Install by hand what they call gcc ca-certificates libc6-dev libcurl4-gnutls-dev libjansson-dev libmagic-dev libserialport-dev libsodium-dev make nettle-dev pkg-config zlib1g-dev; then run make
	END
	run -2 bootstrap test
	[[ $output == *' bats '* ]]
}
