/* eventwrite - the texts of an event: its wire line, its canonical body, its id */
#include <string.h>

#include "event.h"

#define INT_LEN_MAX 20			/* bytes of any int64_t */

/* All of the two forms but the members. */
#define WIRE_FRAME "{\"a\":\"\",\"s\":,\"h\":[,],\"k\":\"\",\"p\":," \
	"\"v\":\"\",\"i\":\"\"}"
#define SEAL_FRAME ",\"g\":\"\""
#define BODY_FRAME "{\"author\":\"\",\"hlc\":[,],\"kind\":\"\",\"payload\":," \
	"\"prev\":\"\",\"seq\":}"

/* Bytes of them with the members of limited length. */
#define WIRE_FRAME_MAX \
	(sizeof WIRE_FRAME SEAL_FRAME + 3 * INT_LEN_MAX + ML_ID_HEX)
#define BODY_FRAME_MAX (sizeof BODY_FRAME + 3 * INT_LEN_MAX)

static size_t
int_len(int64_t v)
{
	size_t n = 1 + (v < 0);

	for (; v > 9 || v < -9; v /= 10)
		n++;
	return n;
}

size_t
ml_event_wire_len(const struct ml_event *e)
{
	return sizeof WIRE_FRAME - 1 + e->author.len + int_len(e->seq) +
	    int_len(e->hlc.wall) + int_len(e->hlc.counter) + e->kind.len +
	    e->payload.len + e->prev.len + ML_ID_HEX;
}

/* Append where there is room; the same behind what was appended. */
static inline char *
put(char *to, const char *p, size_t n)
{
	if (n > 0)			/* p may be NULL then */
		memcpy(to, p, n);
	return to + n;
}

#define PUT_TEXT(to, text) put(to, text, sizeof text - 1)

static inline char *
put_slice(char *to, struct ml_slice s)
{
	/* an id, as most of what is short: no call */
	return s.len == ML_ID_HEX ? put(to, s.p, ML_ID_HEX) :
	    put(to, s.p, s.len);
}

static char *
put_int(char *to, int64_t v)
{
	static const char pairs[] =
	    "00010203040506070809101112131415161718192021222324"
	    "25262728293031323334353637383940414243444546474849"
	    "50515253545556575859606162636465666768697071727374"
	    "75767778798081828384858687888990919293949596979899";
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	char digits[INT_LEN_MAX + 1];
	size_t at = sizeof digits;

	for (; u >= 10; u /= 100) {
		at -= 2;
		memcpy(digits + at, pairs + 2 * (u % 100), 2);
	}
	if (u > 0 || at == sizeof digits)
		digits[--at] = (char)('0' + u);
	if (v < 0)
		*to++ = '-';
	return put(to, digits + at, sizeof digits - at);
}

static char *
put_id(char *to, const uint8_t id[static ML_ID_LEN])
{
	static const char digit[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < ML_ID_LEN; i++) {
		*to++ = digit[id[i] >> 4];
		*to++ = digit[id[i] & 15];
	}
	return to;
}

void
ml_event_body(const struct ml_event *e, struct ml_buf *out)
{
	char *to = ml_buf_room(out, BODY_FRAME_MAX + e->author.len +
	    e->kind.len + e->payload.len + e->prev.len);

	if (to == NULL)
		return;
	to = PUT_TEXT(to, "{\"author\":\"");
	to = put_slice(to, e->author);
	to = PUT_TEXT(to, "\",\"hlc\":[");
	to = put_int(to, e->hlc.wall);
	to = PUT_TEXT(to, ",");
	to = put_int(to, e->hlc.counter);
	to = PUT_TEXT(to, "],\"kind\":\"");
	to = put_slice(to, e->kind);
	to = PUT_TEXT(to, "\",\"payload\":");
	to = put_slice(to, e->payload);
	to = PUT_TEXT(to, ",\"prev\":\"");
	to = put_slice(to, e->prev);
	to = PUT_TEXT(to, "\",\"seq\":");
	to = put_int(to, e->seq);
	to = PUT_TEXT(to, "}");
	out->len = (size_t)(to - out->p);
}

void
ml_id_write(const uint8_t id[static ML_ID_LEN], struct ml_buf *out)
{
	char hex[ML_ID_HEX];

	put_id(hex, id);
	ml_buf_add(out, hex, sizeof hex);
}

/* The wire form but for the seal and the brace at its end. */
static char *
put_members(char *to, const struct ml_event *e)
{
	if (e->wire.len > 0)
		return put(to, e->wire.p, e->wire.len);
	to = PUT_TEXT(to, "{\"a\":\"");
	to = put_slice(to, e->author);
	to = PUT_TEXT(to, "\",\"s\":");
	to = put_int(to, e->seq);
	to = PUT_TEXT(to, ",\"h\":[");
	to = put_int(to, e->hlc.wall);
	to = PUT_TEXT(to, ",");
	to = put_int(to, e->hlc.counter);
	to = PUT_TEXT(to, "],\"k\":\"");
	to = put_slice(to, e->kind);
	to = PUT_TEXT(to, "\",\"p\":");
	to = put_slice(to, e->payload);
	to = PUT_TEXT(to, ",\"v\":\"");
	to = put_slice(to, e->prev);
	to = PUT_TEXT(to, "\",\"i\":\"");
	to = put_id(to, e->id);
	return PUT_TEXT(to, "\"");
}

void
ml_event_write(const struct ml_event *e, struct ml_buf *out)
{
	char *to = ml_buf_room(out, WIRE_FRAME_MAX + e->author.len +
	    e->kind.len + e->payload.len + e->prev.len + e->seal.len);

	if (to == NULL)
		return;
	to = put_members(to, e);
	if (e->seal.len > 0) {
		to = PUT_TEXT(to, ",\"g\":\"");
		to = put_slice(to, e->seal);
		to = PUT_TEXT(to, "\"");
	}
	to = PUT_TEXT(to, "}");
	out->len = (size_t)(to - out->p);
}
