load helper

# A tree of our own, where bootstrap finds all there; apt-get fails.
tree() {
	mkdir scripts bin
	cp "$ROOT"/scripts/{cross,debs} scripts/
	printf '#!/bin/sh\necho "$@" >bootstrapped\n' >scripts/bootstrap
	printf '#!/bin/sh\necho %s\n' "$1" >bin/dpkg
	printf '#!/bin/sh\necho "E: no network"\nexit 100\n' >bin/apt-get
	chmod +x scripts/bootstrap bin/*
}

cross() { PATH=$PWD/bin:$PATH scripts/cross "$@"; }

@test "cross: an architecture, one of four" {
	tree amd64
	for operands in '' m68k amd64 ../armhf 'armhf s390x' -h; do
		# shellcheck disable=SC2086 # none, one or two
		run -2 --separate-stderr cross $operands
		same <(echo 'usage: scripts/cross arm64 | armhf | i386 | s390x') <(echo "$stderr")
		[ -z "$output" ]
	done
	[ ! -e build ]
	[ ! -e bootstrapped ]
}

@test "cross: not the one it runs on: status 2" {
	tree armhf
	run -2 --separate-stderr cross armhf
	same <(echo 'cross: this machine is armhf itself: scripts/check') <(echo "$stderr")
	same <(echo test) bootstrapped
	[ ! -e build ]
}

@test "cross: without packages it stops: status 111, nothing half there" {
	tree amd64
	run -111 cross s390x
	same - <(echo "$output") <<-'END'
		cross: fetching gcc-s390x-linux-gnu qemu-user-static, and libc6-dev libcurl4-gnutls-dev libjansson-dev libmagic-dev libserialport-dev libsodium-dev nettle-dev zlib1g-dev for s390x
		E: no network
		debs: apt-get could not fetch for amd64: gcc-s390x-linux-gnu qemu-user-static
	END
	[ ! -e build/s390x/apt ]
	[ ! -e build/s390x/root/packages ]
}

@test "cross: bootstrap's status is its own" {
	tree amd64
	echo 'exit 2' >>scripts/bootstrap
	run -2 cross s390x
	[ ! -e build ]
}

@test "check-uart: no operands, on amd64 alone, and not without packages" {
	tree armhf
	cp "$ROOT/scripts/check-uart" scripts/
	run -2 scripts/check-uart operand
	same <(echo 'usage: scripts/check-uart') <(echo "$output")
	PATH=$PWD/bin:$PATH run -2 scripts/check-uart
	same <(echo 'check-uart: it takes a Debian or Ubuntu machine of amd64') <(echo "$output")
	[ ! -e build ]
	[ ! -e bootstrapped ]
	printf '#!/bin/sh\necho amd64\n' >bin/dpkg
	PATH=$PWD/bin:$PATH run -111 scripts/check-uart
	same - <(echo "$output") <<-'SAID'
		check-uart: fetching busybox-static linux-image-amd64 qemu-system-x86
		E: no network
		debs: apt-get could not fetch for amd64: busybox-static linux-image-amd64 qemu-system-x86
	SAID
	[ ! -e build/uart/apt ]
	[ ! -e build/uart/root/packages ]
}
