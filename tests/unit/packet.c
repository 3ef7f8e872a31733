/* packet - packets as lines and in the log, and lines that are none */
#include "given.h"
#include "packet.h"
#include "unit.h"

#define JSON "{\"sequence\":7,\"timestamp\":1.50,\"payload\":\"48656c6c6f\"," \
    "\"checksum\":4157704578}"	/* Hello */
#define NO_HEX "payload: not a string of hex digits"

static void
check_lines(void)
{
	static const struct {
		const char *line, *why;
		int is_intact;
	} given[] = {
		{ JSON, NULL, 1 },
		{ " { \"checksum\" : 4157704578 , \"payload\" : \"48656C6c6f\", "
		    "\"timestamp\":1.50,\"sequence\" :7 } \r", NULL, 1 },
		{ "{\"\\u0073equence\":7,\"timestamp\":1.50,\"payload\":"
		    "\"4865\\u0036c6c6f\",\"checksum\":4157704578}", NULL, 1 },
		{ "{\"sequence\":9,\"x\":[{\"sequence\":1}],\"timestamp\":1.50,"
		    "\"payload\":\"48656c6c6f\",\"checksum\":4157704578,"
		    "\"sequence\":7}", NULL, 1 },
		{ "{\"sequence\":7,\"timestamp\":1.50,\"payload\":\"48656c6c6f\""
		    ",\"checksum\":4157704579}", NULL, 0 },
		{ "{\"sequence\":7,\"timestamp\":1.50,\"payload\":\"48656c6c6e\""
		    ",\"checksum\":4157704578}", NULL, 0 },
		{ "", "packet: no JSON object", 0 },
		{ "[]", "packet: no JSON object", 0 },
		{ "{}", "sequence: not an integer from 0 to 2^53-1", 0 },
		{ JSON "x", "packet: something follows it", 0 },
		{ "{\"sequence\":7", "not JSON: no comma between two values",
		    0 },
		{ "{\"sequence\" 7}", "not JSON: no colon behind a key", 0 },
		{ "{7:7}", "not JSON: no key where one is due", 0 },
		{ "{\"sequence\":}", "not JSON: no value where one is due", 0 },
		{ "{\"sequence\":-1}",
		    "sequence: not an integer from 0 to 2^53-1", 0 },
		{ "{\"sequence\":7.0}",
		    "sequence: not an integer from 0 to 2^53-1", 0 },
		{ "{\"sequence\":9007199254740992}",
		    "sequence: not an integer from 0 to 2^53-1", 0 },
		{ "{\"sequence\":7}", "timestamp: not a number", 0 },
		{ "{\"sequence\":7,\"timestamp\":\"1\"}",
		    "timestamp: not a number", 0 },
		{ "{\"sequence\":7,\"timestamp\":10000000000000000000000000000"
		    "000000000000000000000000000000000000}",
		    "timestamp: over 64 characters", 0 },
		{ "{\"sequence\":7,\"timestamp\":1e3}",
		    "checksum: not an integer from 0 to 2^32-1", 0 },
		{ "{\"sequence\":7,\"timestamp\":1,\"checksum\":4294967296}",
		    "checksum: not an integer from 0 to 2^32-1", 0 },
		{ "{\"sequence\":7,\"timestamp\":1,\"checksum\":0}", NO_HEX, 0 },
		{ "{\"sequence\":7,\"timestamp\":1,\"checksum\":0,"
		    "\"payload\":12}", NO_HEX, 0 },
		{ "{\"sequence\":7,\"timestamp\":1,\"checksum\":0,"
		    "\"payload\":\"123\"}", NO_HEX, 0 },
		{ "{\"sequence\":7,\"timestamp\":1,\"checksum\":0,"
		    "\"payload\":\"12 3\"}", NO_HEX, 0 },
	};
	struct ml_buf scratch = { 0 }, out = { 0 };
	struct ml_packet p;
	const char *why;
	size_t i;

	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		why = ml_packet_read(&p, slice(given[i].line), &scratch);
		ok(same_reason(why, given[i].why) && (why != NULL ||
		    (p.is_intact == given[i].is_intact && p.sequence == 7 &&
		    !p.is_end && ml_slice_is(p.timestamp, "1.50"))),
		    "%s", given[i].line);
	}
	ok(ml_packet_read(&p, slice("{\"end\": true}"), &scratch) == NULL &&
	    p.is_end, "the end");
	ok(ml_packet_read(&p, slice("{\"end\": false}"), &scratch) != NULL,
	    "no end");
	ml_packet_read(&p, slice(JSON), &scratch);
	ml_packet_write(&out, &p);
	ok(holds(&out, "{\"sequence\": 7, \"timestamp\": 1.50, \"payload\": "
	    "\"48656c6c6f\", \"checksum\": 4157704578}\n"), "written");
	ml_buf_free(&scratch);
	ml_buf_free(&out);
}

static void
check_payloads(void)
{
	struct ml_buf line = { 0 }, scratch = { 0 };
	struct ml_packet p;
	const char *why;
	size_t n, i, wrong = 0;

	for (n = 0; n < 1100; n++) {
		ml_buf_clear(&line);
		ml_buf_str(&line, "{\"sequence\":1,\"timestamp\":1,"
		    "\"checksum\":0,\"payload\":\"");
		for (i = 0; i < n; i++)
			ml_buf_byte(&line, "0123456789abcdef"[i * 7 % 16]);
		ml_buf_str(&line, "\"}");
		why = ml_packet_read(&p, ml_buf_view(&line), &scratch);
		wrong += n % 2 == 0 ? why != NULL || p.payload.len != n :
		    why == NULL;
	}
	ok(wrong == 0, "payloads of 0 to 1099 digits");
	ml_buf_clear(&line);
	ml_buf_str(&line, "{\"sequence\":1,\"timestamp\":1,\"checksum\":0,"
	    "\"payload\":\"");
	for (i = 0; i < 2 * ML_PACKET_PAYLOAD_MAX + 2; i++)
		ml_buf_byte(&line, '0');
	ml_buf_str(&line, "\"}");
	ok(same_reason(ml_packet_read(&p, ml_buf_view(&line), &scratch),
	    "payload: over 65536 bytes"), "one too long");
	ml_buf_free(&line);
	ml_buf_free(&scratch);
}

static void
check_log(void)
{
	static const struct {
		const char *line;
		int is_good;
		enum ml_packet_status status;
	} given[] = {
		{ "42,1705123456.789,48656c6c6f,OK", 1, ML_PACKET_OK },
		{ "0,-1e5,,LATE", 1, ML_PACKET_LATE },
		{ "44,1,00,RETRANSMIT", 1, ML_PACKET_RETRANSMIT },
		{ "44,1,00,OK,rssi=-97", 1, ML_PACKET_OK },
		{ "44,1,00,", 0, 0 }, { "44,1,00", 0, 0 }, { "44,1", 0, 0 },
		{ "44", 0, 0 }, { "", 0, 0 }, { "044,1,00,OK", 0, 0 },
		{ "44,1,0,OK", 0, 0 }, { "44,x,00,OK", 0, 0 },
		{ "44,1,00,OKAY", 0, 0 }, { "44,1,00,OK ", 0, 0 },
		{ "44,1,0g,OK", 0, 0 }, { "44,,00,OK", 0, 0 },
	};
	struct ml_buf out = { 0 };
	enum ml_packet_status status = ML_PACKET_OK;
	uint64_t seq;
	size_t i;

	for (i = 0; i < sizeof given / sizeof given[0]; i++)
		ok(ml_packet_logged(slice(given[i].line), &seq, &status) ==
		    given[i].is_good && (!given[i].is_good ||
		    status == given[i].status), "\"%s\"", given[i].line);
	ml_packet_log(&out, 42, slice("1.5,4865"), ML_PACKET_LATE, slice(""));
	ml_packet_log(&out, 43, slice("1.5,"), ML_PACKET_OK, slice("snr=6.5"));
	ok(holds(&out, "42,1.5,4865,LATE\n43,1.5,,OK,snr=6.5\n"), "written");
	ml_buf_free(&out);
}

int
main(void)
{
	check_lines();
	check_payloads();
	check_log();
	return unit_done();
}
