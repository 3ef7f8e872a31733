load helper

# LOG.index is what meshlog-index(5) says: read here by another program

# bytes FILE OFFSET COUNT: numbers of so many bytes, all on one line
bytes() { od -An -v -tu1 -w1 -j "$2" -N "$3" "$1" | tr -s ' \n' ' '; }

# words FILE OFFSET COUNT: numbers of 64 bits
words() { od -An -v --endian=little -td8 -w8 -j "$2" -N $((8 * $3)) "$1"; }

# halves FILE OFFSET COUNT: numbers of 32 bits
halves() { od -An -v --endian=little -tu4 -w4 -j "$2" -N $((4 * $3)) "$1"; }

# sip FILE OFFSET COUNT: SipHash-2-4 under zeros, as a signed number in $sum; in
# a shell of its own, as bats looks at each step of this one
SIP='
v=($(od -An -v --endian=little -td8 -w8 -j "$2" -N $(($3 / 8 * 8)) "$1"))
rest=($(od -An -v -tu1 -w1 -j $(($2 + $3 / 8 * 8)) -N $(($3 % 8)) "$1"))
last=$(($3 << 56))
for ((i = 0; i < $3 % 8; i++)); do ((last |= rest[i] << 8 * i)); done
((a = 0x736f6d6570736575, b = 0x646f72616e646f6d))
((c = 0x6c7967656e657261, d = 0x7465646279746573))
round() {
	((a += b, b = (b << 13 | (b >> 51 & 0x1fff)) ^ a, a = a << 32 | (a >> 32 & 0xffffffff)))
	((c += d, d = (d << 16 | (d >> 48 & 0xffff)) ^ c))
	((a += d, d = (d << 21 | (d >> 43 & 0x1fffff)) ^ a))
	((c += b, b = (b << 17 | (b >> 47 & 0x1ffff)) ^ c, c = c << 32 | (c >> 32 & 0xffffffff)))
}
for m in "${v[@]}" $last; do
	((d ^= m))
	round
	round
	((a ^= m))
done
((c ^= 0xff))
for k in 1 2 3 4; do round; done
echo $((a ^ b ^ c ^ d))
'
sip() { sum=$(bash -c "$SIP" sip "$@"); }

# root INDEX: its root into $root, 22 words, and the offset of that into $at
root() {
	local n
	at=0
	for n in 0 4096; do
		mapfile -t root < <(words "$1" $n 22)
		[ "${root[0]}" -ne 0 ] || continue
		same <(printf mlog-in1) <(dd if="$1" bs=8 count=1 skip=$((n / 8)) status=none)
		sip "$1" $n 4088
		same <(echo $sum) <(echo $(words "$1" $((n + 4088)) 1))
		[ $((root[1] % 2 * 4096)) = $n ]
	done
	[ "$(($(words "$1" 8 1)))" -gt "$(($(words "$1" 4104 1)))" ] || at=4096
	mapfile -t root < <(words "$1" $at 22)
}

# What awk needs to read bytes b[1] .. b[n]
AWK='
function varint(  v, f) {
	for (f = 1; ; f *= 128) {
		v += b[i] % 128 * f
		if (b[i++] < 128) return v
	}
}
function signed(  v) { v = varint(); return v % 2 ? -(v + 1) / 2 : v / 2 }
function text(n,  s) { while (n-- > 0) s = s sprintf("%c", b[i++]); return s }
function hex(n,  s) { while (n-- > 0) s = s sprintf("%02x", b[i++]); return s }
{ n = split($0, b, " "); i = 1 }
'

# part INDEX BEGIN FOOTER END: its footer and feeds into files: AUTHOR KEYED FIRST
# COUNT BLOCK ID into feeds, one place a line into places, postings (HASH AUTHOR
# SEQ) into postings, loose places into loose
part() {
	local f n from to sums i
	same <(printf ml-part1) <(dd if="$1" bs=1 count=8 skip="$3" status=none)
	sip "$1" "$3" $(($4 - $3 - 8))
	same <(echo $sum) <(echo $(words "$1" $(($4 - 8)) 1))
	mapfile -t f < <(words "$1" "$3" 9)
	bytes "$1" $(($3 + 72)) $(($4 - $3 - 80)) | awk -v many=$((f[8])) "$AWK"'{
		while (many-- > 0) {
			author = text(varint()); flags = varint()
			if (flags % 2) { hex(64); text(varint()) }
			first = varint(); count = varint(); block = varint(); id = hex(16)
			print author, flags, first, count, block, id, signed(), signed(), signed(), signed()
		}
		if (i != n && i != n + 1) print "bytes are left"
	}' >feeds
	# blocks
	mapfile -t n < <(halves "$1" $(($2 + f[1])) $((2 * f[2] + 1)))
	for ((i = 0; i < f[2]; i++)); do
		from=${n[2 * i]} to=${n[2 * i + 2]}
		sip "$1" $(($2 + from)) $((to - from))
		[ $((sum & 0xffffffff)) = $((n[2 * i + 1])) ]
		bytes "$1" $(($2 + from)) $((to - from))
		echo
	done | awk "$AWK"'{
		for (end = 0; i <= n && b[i] != "";) {
			from = end + signed(); len = varint()
			end = from + int(len / 2)
			print from, int(len / 2), len % 2
		}
	}' >places
	# buckets
	mapfile -t n < <(halves "$1" $(($2 + f[4])) $(((1 << f[5]) + 1)))
	for ((i = 0; i < 1 << f[5]; i++)); do
		from=$((f[3] + n[i])) to=$((f[3] + n[i + 1]))
		sip "$1" $(($2 + from + 4)) $((to - from - 4))
		[ $((sum & 0xffffffff)) = $(($(halves "$1" $(($2 + from)) 1))) ]
		bytes "$1" $(($2 + from + 4)) $((to - from - 4))
		echo
	done | awk -v bits=$((f[5])) "$AWK"'
	BEGIN { while ((getline line <"feeds") > 0) { split(line, x, " "); author[++k] = x[1]; first[k] = x[3] } }
	{
		for (hash = 0; i <= n && b[i] != "";) {
			hash += varint()
			if (int(hash / 2 ^ (48 - bits)) != NR - 1) print "not its bucket"
			for (last = 0; (feed = varint()) > 0; last = feed) {
				seq = (feed == last ? seq : 0) + signed()
				printf "%.0f %s %d\n", hash, author[feed], first[feed] + seq
			}
		}
	}' >postings
	bytes "$1" $(($2 + f[6])) $((f[7])) | awk "$AWK"'{
		for (at = 0; i <= n && b[i] != "";) {
			at += signed()
			print at, varint()
		}
	}' >loose
}

# lines LOG: of each event author, seq, offset, length and record
lines() {
	paste <(jq -r '[.a, .s, (.p.record_id? // "")] | @tsv' "$1") \
	    <(LC_ALL=C awk '{ print o + 0 "\t" length; o += length + 1 }' "$1")
}

# everything LOG INDEX: all parts of an index against its log of good lines
everything() {
	local n i p before=0
	root "$2"
	same <(stat -c '%s %i %Y' "$1") <(echo "${root[2]##* } ${root[3]##* } ${root[4]##* }")
	same <(stat -c %z "$1" | sed 's/.*\.0*\([0-9]*\) .*/\1/') <(echo $((root[7])))
	same <(stat -c %s "$1") <(echo $((root[8])))
	same <(wc -l <"$1") <(echo $((root[9])))
	sip "$1" $((root[8] - 4096)) 4096
	[ $sum = $((root[19])) ]
	n=$((root[21]))
	mapfile -t p < <(words "$2" $((at + 176)) $((3 * n)))
	: >all.places
	: >all.postings
	: >all.feeds
	: >all.loose
	for ((i = 0; i < n; i++)); do
		[ $((p[3 * i])) -ge 8192 ]
		[ $((p[3 * i + 2])) -le $((root[20])) ]
		part "$2" $((p[3 * i])) $((p[3 * i + 1])) $((p[3 * i + 2]))
		# of each place whose it is
		awk '{ for (i = 0; i < $4; i++) print $1 "\t" $3 + i }' feeds |
			paste - <(tr ' ' '\t' <places) >>all.places
		cat postings >>all.postings
		cat feeds >>all.feeds
		cat loose >>all.loose
	done
	same <(lines "$1" | awk -F '\t' '{ print $1, $2, $4, $5, 1 }' | sort) \
	    <(tr '\t' ' ' <all.places | sort)
	same <(jq -r 'select(.p.record_id?) | .a + " " + (.s | tostring)' "$1" | sort) \
	    <(cut -d ' ' -f 2- all.postings | sort)
	# a record has one hash, and it is that of its id
	join -j 1 <(lines "$1" | awk -F '\t' '$3 { print $1 ":" $2, $3 }' | sort) \
	    <(awk '{ print $2 ":" $3, $1 }' all.postings | sort) | cut -d ' ' -f 2- | sort -u >hashes
	while read -r rid hash; do
		printf %s "$rid" >rid
		sip rid 0 ${#rid}
		[ $((sum >> 16 & 0xffffffffffff)) = "$hash" ]
	done < <(head -20 hashes)
	# heads
	same <(ml-frontier "$1") <(awk '{ seq[$1] = $3 + $4 - 1 } END { for (a in seq) print a, seq[a] }' all.feeds |
		sort | jq -cRn '[inputs | split(" ") | {(.[0]): (.[1] | tonumber)}] | add')
	same <(ml-frontier -m "$1" | jq -cS .h) <(awk '{ id[$1] = $6 } END { for (a in id) print a, id[a] }' all.feeds |
		jq -cSRn '[inputs | split(" ") | {(.[0]): .[1]}] | add')
}

@test "index: SipHash as it is tested with" {
	# of no bytes, under zeros
	: >empty
	sip empty 0 0
	[ "$(printf %016x $sum)" = 1e924b9d737700d7 ]
	# of the record in the examples of meshlog-index(5)
	printf WP-7 >rid
	sip rid 0 4
	grep -q "hash $((sum >> 16 & 0xffffffffffff)) of\$" "$ROOT/man/meshlog-index.5"
}

@test "index: the format, of a plain log" {
	generate 600 4 30 1 >log
	ml-frontier log >/dev/null
	everything log log.index
	[ $((root[1])) = 1 ]
	[ $((root[21])) = 1 ]
	[ ! -s all.loose ]
}

@test "index: the format, of one in parts, grown, merged" {
	generate 4000 3 40 1 >all
	split -l 500 all part.
	for part in part.a[a-g]; do
		ml-ingest log $part 2>/dev/null
	done
	everything log log.index
	[ $((root[21])) = 7 ]
	ml-ingest log part.ah 2>/dev/null
	everything log log.index
	[ $((root[21])) = 1 ]
}

@test "index: the format, of keyed feeds and of what waits" {
	generate -s 8 500 3 20 1 >log
	ml-frontier log >/dev/null
	everything log log.index
	[ "$(awk '$2 == 1' all.feeds | wc -l)" = 3 ]
	# a plain feed whose first event is missing
	chain a 2 500 >waits
	ml-frontier waits 2>/dev/null
	root waits.index
	[ $((root[15])) = 499 ]
	mapfile -t p < <(words waits.index $((at + 176)) 3)
	part waits.index $((p[0])) $((p[1])) $((p[2]))
	same <(lines waits | awk -F '\t' '{ print $4, $5 }') loose
	[ ! -s places ]
	[ ! -s feeds ]
}
