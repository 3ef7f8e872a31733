load helper

# wire AUTHOR SEQ WALL COUNTER KIND PAYLOAD PREV: an event made by hand.
# AUTHOR, KIND, PREV as inside of JSON strings.
wire() {
	local id
	id=$(printf '{"author":"%s","hlc":[%s,%s],"kind":"%s","payload":%s,"prev":"%s","seq":%s}' \
		"$1" "$3" "$4" "$5" "$6" "$7" "$2" | sha256sum | head -c 32)
	printf '{"a":"%s","s":%s,"h":[%s,%s],"k":"%s","p":%s,"v":"%s","i":"%s"}\n' \
		"$1" "$2" "$3" "$4" "$5" "$6" "$7" "$id"
}

says() {
	same <(printf '%s\n' "$@") <(printf '%s\n' "$stderr")
	same /dev/null <(printf %s "$output")
}

# Two records, three fields
small() {
	ml-emit -a me "$1" - >/dev/null <<-'EOT'
	{"kind":"record.create","payload":{"record_id":"R-2","form":"site","by":"me"}}
	{"kind":"record.create","payload":{"record_id":"R-1","form":"house","by":"me"}}
	{"kind":"field.set","payload":{"record_id":"R-1","field":"b","value":1.50}}
	{"kind":"field.set","payload":{"record_id":"R-1","field":"a","value":{"z":[],"y":{}}}}
	{"kind":"note.add","payload":{"record_id":"R-1","text":"é"}}
	{"kind":"attachment.add","payload":{"record_id":"R-1","field":"p","blob_hash":"00","size":5,"mime":"a/b"}}
	EOT
}

@test "view: the golden views" {
	# poison's whole view is not among them
	for s in "$VECTORS"/scenario-[!7]*; do
		ml-view "$s/log.jsonl" >got 2>/dev/null
		same "$s/view.json" got
	done
	s=$VECTORS/scenario-6-gaps
	cat "$s/log.jsonl" "$s/missing.jsonl" >log
	same "$s/filled-view.json" <(ml-view log)
}

@test "view: the same after ingest in any order, in any portions" {
	for s in "$VECTORS"/scenario-*; do
		n=${s##*/}
		ml-view "$s/log.jsonl" >wanted 2>/dev/null
		ml-delta "$s/log.jsonl" >all 2>/dev/null
		for log in "$n-tac" "$n-shuf" "$n-parts"; do printf '%s\n' '*' 'plain *' >"$log.trust"; done
		tac all | ml-ingest "$n-tac" 2>/dev/null
		shuf --random-source=<(yes 1) all | ml-ingest "$n-shuf" 2>/dev/null
		shuf --random-source=<(yes 2) all | split -l 13 - part.
		for p in part.*; do ml-ingest "$n-parts" "$p" 2>/dev/null; done
		rm part.*
		for log in "$n-tac" "$n-shuf" "$n-parts"; do same wanted <(ml-view "$log"); done
	done
}

@test "view: payloads that lack something change nothing, odd ones what they say" {
	s=$VECTORS/scenario-7-poison
	grep '"a": *"base"' "$s/log.jsonl" >base
	same "$s/view-good.json" <(ml-view base)
	seen=0
	for n in {00..26}; do
		grep "\"a\": *\"odd-$n\"" "$s/log.jsonl" >odd
		cat base odd >log
		wanted=$s/odd-$n-view.json
		[ -e "$wanted" ] || wanted=$s/view-good.json
		run -0 --separate-stderr ml-view log
		same "$wanted" <(ml-view log)
		same /dev/null <(printf %s "$stderr")
		seen=$((seen + 1))
	done
	[ $seen -eq 27 ]
	{ cat base; grep -E '"a": *"odd-(0.|1.|26)"' "$s/log.jsonl"; } >log
	same "$s/view-good.json" <(ml-view log)
}

@test "view: indented as Python does it" {
	small log
	run -0 --separate-stderr ml-view log
	ml-view log >got
	same - got <<-'EOT'
	{
	  "R-1": {
	    "attachments": [
	      {
	        "blob_hash": "00",
	        "field": "p",
	        "mime": "a/b",
	        "size": 5
	      }
	    ],
	    "created_by": "me",
	    "fields": {
	      "a": {
	        "y": {},
	        "z": []
	      },
	      "b": 1.5
	    },
	    "form": "house",
	    "notes": [
	      "\u00e9"
	    ],
	    "record_id": "R-1"
	  },
	  "R-2": {
	    "attachments": [],
	    "created_by": "me",
	    "fields": {},
	    "form": "site",
	    "notes": [],
	    "record_id": "R-2"
	  }
	}
	EOT
}

@test "view: -j is a compact line a record" {
	small log
	ml-view -j log >got
	same - got <<-'EOT'
	{"attachments":[{"blob_hash":"00","field":"p","mime":"a/b","size":5}],"created_by":"me","fields":{"a":{"y":{},"z":[]},"b":1.5},"form":"house","notes":["\u00e9"],"record_id":"R-1"}
	{"attachments":[],"created_by":"me","fields":{},"form":"site","notes":[],"record_id":"R-2"}
	EOT
	# jq cannot read lone surrogates
	for s in "$VECTORS"/scenario-[1-68]*; do
		sed 's/\\ud[89a-f]../?/g' "$s/view.json" | jq -cS '.[]' >wanted
		ml-view -j "$s/log.jsonl" 2>/dev/null | sed 's/\\ud[89a-f]../?/g' >lines
		same wanted <(jq -cS . lines)
	done
	same <(sed -n 2p got) <(ml-view -j log R-2)
}

@test "view: records asked for by name" {
	small log
	ml-view log R-2 >got
	same <(jq --indent 2 'del(.["R-1"])' <(ml-view log)) got
	same <(ml-view log) <(ml-view log R-2 R-1 R-2)
	run -1 --separate-stderr ml-view log R-9 R-2 r-1
	same got <(printf '%s\n' "$output")
	same <(printf '%s\n' "ml-view: R-9: no such record" "ml-view: r-1: no such record") <(printf '%s\n' "$stderr")
	run -1 --separate-stderr ml-view log ''
	same <(echo '{}') <(printf '%s\n' "$output")
	for form in -j -w; do
		run -1 --separate-stderr ml-view $form log R-9
		says "ml-view: R-9: no such record"
	done
	run -1 --separate-stderr ml-view log $'\x1b[31m\u202e'
	same <(printf '%s\n' 'ml-view: \u001b[31m\u202e: no such record') <(printf '%s\n' "$stderr")
	run -2 --separate-stderr ml-view log $'\xff'
	same <(printf '%s\n' 'ml-view: \xff: a record id that is not UTF-8') <(printf '%s\n' "$stderr")
	# a name as it is meant, not as it is spelled
	ml-emit -a me log create 'Ré "x" \ 😀' F >/dev/null
	same <(echo 1) <(ml-view -j log 'Ré "x" \ 😀' | wc -l)
	ml-emit -a me log create '' F >/dev/null
	same <(echo '""') <(ml-view -j log '' | jq -c .record_id)
	# a member without a name stands before record_id
	ml-emit -a me log event note.add '{"":1,"record_id":"R-7","text":"x"}' >/dev/null
	same <(echo '"R-7"') <(ml-view -j log R-7 | jq -c .record_id)
}

@test "view: a concurrent edit has one winner, -w says who and when" {
	ML_CLOCK_MS=1000 ml-emit -a base seed create R-1 site >/dev/null
	cp seed camp
	cp seed team
	ML_CLOCK_MS=3000 ml-emit -a camp camp set R-1 depth 12 >/dev/null
	ML_CLOCK_MS=2000 ml-emit -a team team set R-1 depth 13 >/dev/null
	ML_CLOCK_MS=2000 ml-emit -a team team set R-1 name 'Brunnen "W"' >/dev/null
	ml-delta camp | ml-ingest team 2>/dev/null
	ml-delta team | ml-ingest camp 2>/dev/null
	cmp <(ml-view camp) <(ml-view team)
	for log in camp team; do
		run -0 --separate-stderr ml-view -w $log
		same <(
			printf 'R-1\tdepth\t12\tcamp\t1970-01-01T00:00:03.000Z\n'
			printf 'R-1\tname\t"Brunnen \\"W\\""\tteam\t1970-01-01T00:00:02.000Z\n'
		) <(printf '%s\n' "$output")
		same /dev/null <(printf %s "$stderr")
	done
	# the same stamp: the counter, then the author's name decides
	for who in a c b; do wire $who 1 5000 0 field.set "{\"field\":\"f\",\"record_id\":\"R-2\",\"value\":\"$who\"}" ''; done >tie
	ml-ingest camp tie 2>/dev/null
	same <(printf 'R-2\tf\t"c"\tc\t1970-01-01T00:00:05.000Z\n') <(ml-view -w camp R-2)
	wire A 1 5000 1 field.set '{"field":"f","record_id":"R-2","value":"A"}' '' | ml-ingest camp 2>/dev/null
	same <(printf 'R-2\tf\t"A"\tA\t1970-01-01T00:00:05.000Z\n') <(ml-view -w camp R-2)
}

@test "view: -w shows hostile names safely" {
	wire '\u001b[2J' 1 0 0 field.set '{"field":"\u202ex\ty","record_id":"R\n\r","value":"\u001b]0;\u0007\n"}' '' >log
	same <(printf '%s\t%s\t%s\t%s\t%s\n' 'R\u000a\u000d' '\u202ex\u0009y' '"\u001b]0;\u0007\n"' '\u001b[2J' 1970-01-01T00:00:00.000Z) <(ml-view -w log)
	# and so do the JSON forms: they are all printable ASCII
	same /dev/null <({ ml-view log; ml-view -j log; } | tr -d ' -~\n')
}

@test "view: an empty log is {}" {
	: >log
	run -0 --separate-stderr ml-view log
	same <(echo '{}') <(printf '%s\n' "$output$stderr")
	run -0 --separate-stderr ml-view -j log
	same /dev/null <(printf %s "$output$stderr")
	run -0 --separate-stderr ml-view -w log
	same /dev/null <(printf %s "$output$stderr")
	ml-emit -a me log event nothing.known '{"record_id":"R"}' >/dev/null
	same <(echo '{}') <(ml-view log)
}

@test "view: a damaged log is shown, with one line on stderr and 0" {
	small log
	cp log whole
	echo nonsense >>log
	printf '{"a":' >>log
	run -0 --separate-stderr ml-view log
	same <(ml-view whole) <(printf '%s\n' "$output")
	same <(echo "1 damaged line, 1 torn tail: see ml-check") <(sed 's/^.*log: //' <<<"$stderr")
}

@test "view: no log is 2, and none is made" {
	mkdir folder
	printf 'some text\n' >text
	for form in '' -j -w; do
		run -2 --separate-stderr ml-view $form gone
		says "ml-view: gone: No such file or directory"
		run -2 --separate-stderr ml-view $form folder
		says "ml-view: folder: Is a directory"
		run -2 --separate-stderr ml-view $form text R-1
		says "ml-view: text: not a log: it has no event in it"
	done
	same <(printf '%s\n' folder text) <(ls | grep -v '^separate-stderr-')
	for args in "" "-x log" "-j"; do
		run -2 --separate-stderr ml-view $args
		same <(echo "usage: ml-view [-j | -w] [--names] [--trusted] LOG [RID ...]") <(grep -v '^ml-view: ' <<<"$stderr")
	done
}

@test "view: a full disk is not a success" {
	small log
	for args in "log" "-j log" "-w log" "log R-1"; do
		run -111 --separate-stderr sh -c "ml-view $args >/dev/full"
		same <(echo "ml-view: standard output: No space left on device") <(printf '%s\n' "$stderr")
	done
}
