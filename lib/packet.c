/* packet - numbered packets as they come, and as they are logged */
#include <zlib.h>

#include "canon.h"
#include "json.h"
#include "jstring.h"
#include "packet.h"
#include "scan.h"

static const char *const statuses[] = { "OK", "LATE", "RETRANSMIT" };

enum member { SEQUENCE, TIMESTAMP, PAYLOAD, CHECKSUM, END, OTHER };

static enum member
member_of(struct ml_slice key)
{
	static const char *const names[] = {
		"sequence", "timestamp", "payload", "checksum", "end"
	};
	enum member m;

	for (m = SEQUENCE; m < OTHER; m++)
		if (ml_slice_is(key, names[m]))
			return m;
	for (m = SEQUENCE; m < OTHER; m++)
		if (ml_json_key_is(key, names[m]))
			return m;
	return OTHER;
}

/* The value at *at, which moves behind it: mostly a plain one. */
static const char *
take_value(const char **at, const char *end, struct ml_slice *value)
{
	const char *why;
	size_t n = *at < end && **at == '"' ? ml_jstring_span(*at, end) :
	    ml_number_span(*at, end);

	value->p = *at;
	if (n > 0)
		*at += n;
	else if ((why = ml_canon_skip(at, end, ML_JSON_DEPTH_MAX - 1)) != NULL)
		return why;
	value->len = (size_t)(*at - value->p);
	return NULL;
}

/* The members of the object that a line is, the last of equal names. */
static const char *
take_members(struct ml_slice line, struct ml_slice value[OTHER + 1])
{
	const char *end = line.p + line.len, *why;
	const char *at = ml_json_skip_blanks(line.p, end);
	struct ml_slice key;
	size_t n = 0;

	if (at == end || *at++ != '{')
		return "packet: no JSON object";
	for (;; n++) {
		at = ml_json_skip_blanks(at, end);
		if (at < end && *at == '}' && n == 0)
			break;
		if (at == end || *at != '"')
			return "not JSON: no key where one is due";
		if ((why = take_value(&at, end, &key)) != NULL)
			return why;
		at = ml_json_skip_blanks(at, end);
		if (at == end || *at++ != ':')
			return "not JSON: no colon behind a key";
		at = ml_json_skip_blanks(at, end);
		key.p++, key.len -= 2;
		if ((why = take_value(&at, end, &value[member_of(key)])) !=
		    NULL)
			return why;
		at = ml_json_skip_blanks(at, end);
		if (at < end && *at == '}')
			break;
		if (at == end || *at++ != ',')
			return "not JSON: no comma between two values";
	}
	return ml_json_skip_blanks(at + 1, end) == end ? NULL :
	    "packet: something follows it";
}

int
ml_packet_number(struct ml_slice text, uint64_t most, uint64_t *v)
{
	uint64_t n = 0;
	size_t i;

	if (text.len == 0 || text.len > 16 ||
	    (text.len > 1 && *text.p == '0'))
		return 0;
	for (i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return 0;
		n = n * 10 + (uint64_t)(text.p[i] - '0');
	}
	*v = n;
	return n <= most;
}

static int
is_number(struct ml_slice text)
{
	size_t n;
	int canonical;

	return text.len > 0 && (ml_number_span(text.p, text.p + text.len) ==
	    text.len || (ml_number_scan(text.p, text.p + text.len, &n,
	    &canonical) == NULL && n == text.len));
}

/*
 * The CRC-32 of the bytes that lower-case hex digits spell: 1, or 0 if they
 * spell none.
 */
static int
check_hex(struct ml_slice hex, uint32_t *crc)
{
	uint8_t bytes[512];
	const char *p = hex.p, *end = p + hex.len;
	unsigned high, low;
	uLong sum = crc32(0, NULL, 0);
	size_t n;

	if (hex.len % 2 != 0)
		return 0;
	while (p < end) {
		for (n = 0; end - p >= 16 && n + 8 <= sizeof bytes;
		    p += 16, n += 8)
			if (!ml_scan_hex16(bytes + n, p))
				return 0;
		for (; end - p < 16 && p < end && n < sizeof bytes; p += 2) {
			high = ml_scan_hex_digit((unsigned char)p[0]);
			low = ml_scan_hex_digit((unsigned char)p[1]);
			if ((high | low) >= ML_SCAN_NO_DIGIT)
				return 0;
			bytes[n++] = (uint8_t)(high << 4 | low);
		}
		sum = crc32(sum, bytes, (uInt)n);
	}
	*crc = (uint32_t)sum;
	return 1;
}

/* The text of a string that is spelled otherwise than it need be. */
static void
unescape(struct ml_slice *s, struct ml_buf *scratch)
{
	uint32_t cp;
	size_t n;

	for (; s->len > 0; s->p += n, s->len -= n) {
		n = ml_jstring_get(s->p, s->len, &cp);
		if (cp >= 'A' && cp <= 'F')
			cp += 'a' - 'A';
		ml_buf_byte(scratch, cp < 0x80 ? (char)cp : '?');
	}
	*s = ml_buf_view(scratch);
}

static const char *
read_payload(struct ml_packet *p, struct ml_slice value,
    struct ml_buf *scratch)
{
	uint32_t crc;

	if (value.len < 2 || *value.p != '"')
		return "payload: not a string of hex digits";
	p->payload = (struct ml_slice){ value.p + 1, value.len - 2 };
	if (!check_hex(p->payload, &crc)) {
		unescape(&p->payload, scratch);
		if (ml_buf_failed(scratch))
			return ML_NO_MEMORY;
		if (!check_hex(p->payload, &crc))
			return "payload: not a string of hex digits";
	}
	if (p->payload.len > 2 * ML_PACKET_PAYLOAD_MAX)
		return "payload: over 65536 bytes";
	p->is_intact = crc == p->checksum;
	return NULL;
}

const char *
ml_packet_read(struct ml_packet *p, struct ml_slice line,
    struct ml_buf *scratch)
{
	struct ml_slice value[OTHER + 1] = { { NULL, 0 } };
	const char *why = take_members(line, value);
	uint64_t checksum;

	ml_buf_clear(scratch);
	*p = (struct ml_packet){ .is_end = 0 };
	if (why != NULL)
		return why;
	if (value[SEQUENCE].p == NULL && ml_slice_is(value[END], "true")) {
		p->is_end = 1;
		return NULL;
	}
	if (!ml_packet_number(value[SEQUENCE], ML_PACKET_SEQUENCE_MAX,
	    &p->sequence))
		return "sequence: not an integer from 0 to 2^53-1";
	p->timestamp = value[TIMESTAMP];
	if (p->timestamp.len > ML_PACKET_TIMESTAMP_MAX)
		return "timestamp: over 64 characters";
	if (!is_number(p->timestamp))
		return "timestamp: not a number";
	if (!ml_packet_number(value[CHECKSUM], UINT32_MAX, &checksum))
		return "checksum: not an integer from 0 to 2^32-1";
	p->checksum = (uint32_t)checksum;
	return read_payload(p, value[PAYLOAD], scratch);
}

void
ml_packet_write(struct ml_buf *out, const struct ml_packet *p)
{
	ml_buf_str(out, "{\"sequence\": ");
	ml_buf_int(out, (int64_t)p->sequence);
	ml_buf_str(out, ", \"timestamp\": ");
	ml_buf_slice(out, p->timestamp);
	ml_buf_str(out, ", \"payload\": \"");
	ml_buf_slice(out, p->payload);
	ml_buf_str(out, "\", \"checksum\": ");
	ml_buf_int(out, p->checksum);
	ml_buf_str(out, "}\n");
}

void
ml_packet_body(struct ml_buf *out, const struct ml_packet *p)
{
	ml_buf_slice(out, p->timestamp);
	ml_buf_byte(out, ',');
	ml_buf_slice(out, p->payload);
}

int
ml_packet_is_body(struct ml_slice text)
{
	const char *comma = text.len > 0 ? memchr(text.p, ',', text.len) :
	    NULL;
	uint32_t crc;

	return comma != NULL && comma - text.p <= ML_PACKET_TIMESTAMP_MAX &&
	    is_number((struct ml_slice){ text.p, (size_t)(comma - text.p) }) &&
	    check_hex((struct ml_slice){ comma + 1,
	    (size_t)(text.p + text.len - comma - 1) }, &crc);
}

void
ml_packet_log(struct ml_buf *out, uint64_t sequence, struct ml_slice body,
    enum ml_packet_status status, struct ml_slice remarks)
{
	ml_buf_int(out, (int64_t)sequence);
	ml_buf_byte(out, ',');
	ml_buf_slice(out, body);
	ml_buf_byte(out, ',');
	ml_buf_str(out, statuses[status]);
	if (remarks.len > 0) {
		ml_buf_byte(out, ',');
		ml_buf_slice(out, remarks);
	}
	ml_buf_byte(out, '\n');
}

/* The text up to the next comma, or the end. */
static struct ml_slice
field(struct ml_slice *line)
{
	const char *comma = line->len > 0 ? memchr(line->p, ',', line->len) :
	    NULL;
	struct ml_slice f = { line->p, comma != NULL ?
	    (size_t)(comma - line->p) : line->len };
	size_t used = f.len + (comma != NULL);

	line->p += used;
	line->len -= used;
	return f;
}

int
ml_packet_logged(struct ml_slice line, uint64_t *sequence,
    enum ml_packet_status *status)
{
	struct ml_slice f = field(&line), body = line;
	enum ml_packet_status s;

	if (!ml_packet_number(f, ML_PACKET_SEQUENCE_MAX, sequence))
		return 0;
	f = field(&line);
	f = field(&line);
	body.len = (size_t)(f.p + f.len - body.p);
	if (!ml_packet_is_body(body))
		return 0;
	f = field(&line);
	for (s = ML_PACKET_OK; s <= ML_PACKET_RETRANSMIT; s++)
		if (ml_slice_is(f, statuses[s])) {
			*status = s;
			return 1;
		}
	return 0;
}
