#!/bin/sh
# new.sh FOLDER HOST [TEAM ...] - make what a base camp needs to serve its log:
# settings, a certificate for HOST (a name or an address, as the teams will call
# it), a token, and for each TEAM a certificate of its own.  FOLDER/teams is what
# they get.
set -eu
usage() {
	echo 'usage: new.sh FOLDER HOST [TEAM ...]; FOLDER is new, names are of A-Z a-z 0-9 . : - _' >&2
	exit 2
}
if [ $# -lt 2 ] || [ -e "$1" ]; then usage; fi
folder=$1 host=$2
shift 2
for name in "$host" "$@"; do
	case $name in '' | -* | .* | *[!A-Za-z0-9.:_-]*) usage ;; esac
done

umask 077
mkdir -p "$folder"
cd "$folder"
mkdir log spool empty teams

# issue NAME EXTENSION: a key and a certificate, together in NAME.pem
issue() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1825 \
	    -CA ca.pem -CAkey ca.key -subj "/CN=${1##*/}" -addext "$2" \
	    -addext basicConstraints=critical,CA:FALSE -keyout key -out crt 2>said ||
		{ cat said >&2; exit 111; }
	cat key crt >"$1.pem"
	rm key crt said
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
    -subj '/CN=base camp' -keyout ca.key -out ca.pem 2>said || { cat said >&2; exit 111; }
rm said
case $host in
*:*) issue server "subjectAltName=IP:$host" ;;
*[!0-9.]*) issue server "subjectAltName=DNS:$host" ;;
*) issue server "subjectAltName=IP:$host" ;;
esac
for team; do
	issue "teams/$team" extendedKeyUsage=clientAuth
done

token=$(openssl rand -hex 32)
echo "var.token = \"$token\"" >token.conf
echo "Authorization: Bearer $token" >teams/token
cp ca.pem teams/ca.pem
cat >camp.env <<-'END'
	# camp.env - settings of start.sh; shell: no blanks around =
	CAMP_HOST=${CAMP_HOST:-0.0.0.0}
	CAMP_PORT=${CAMP_PORT:-8443}
	CAMP_ACCESS=token	# or: certificates
END
