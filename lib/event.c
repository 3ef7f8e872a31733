/* event - one immutable change: its wire line, its canonical body, its id */
#include <string.h>

#include "canon.h"
#include "event.h"
#include "json.h"
#include "jstring.h"
#include "sha256.h"

#define SEAL_SPELLED_MAX (6 * ML_SEAL_TEXT + 2)	/* bytes, all of them escaped */

/* The members of the wire form, as they stand in the text. */
struct members {
	struct ml_slice a, s, h, k, p, v, i, g;
};

/* The value of a lower-case hex digit plus one; 0 for what is none. */
static const uint8_t HEX_VALUE[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6,
	['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16
};

int
ml_id_read(struct ml_slice inside, uint8_t id[static ML_ID_LEN])
{
	size_t i;

	if (inside.len != ML_ID_HEX)
		return 0;
	for (i = 0; i < ML_ID_LEN; i++) {
		unsigned high = HEX_VALUE[(unsigned char)inside.p[2 * i]];
		unsigned low = HEX_VALUE[(unsigned char)inside.p[2 * i + 1]];

		if (high == 0 || low == 0)
			return 0;
		id[i] = (uint8_t)((high - 1) << 4 | (low - 1));
	}
	return 1;
}

size_t
ml_name_len(struct ml_slice s)
{
	size_t n, len = 0;
	uint32_t cp;

	for (; s.len > 0; s.p += n, s.len -= n) {
		n = ml_jstring_get(s.p, s.len, &cp);
		len += cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	}
	return len;
}

static size_t
int_len(int64_t v)
{
	size_t n = 1 + (v < 0);

	for (; v > 9 || v < -9; v /= 10)
		n++;
	return n;
}

/* Bytes that ml_event_write() appends for all but a seal. */
static size_t
wire_len(const struct ml_event *e)
{
	static const char frame[] = "{\"a\":\"\",\"s\":,\"h\":[,],\"k\":\"\","
	    "\"p\":,\"v\":\"\",\"i\":\"\"}";

	return sizeof frame - 1 + e->author.len + int_len(e->seq) +
	    int_len(e->hlc.wall) + int_len(e->hlc.counter) + e->kind.len +
	    e->payload.len + e->prev.len + ML_ID_HEX;
}

/*
 * 64 bytes in unpadded base64url, in the one spelling: of the last character
 * only two bits count, and the others are zero.
 */
static int
is_seal(struct ml_slice s)
{
	size_t i;
	char c;

	for (i = 0; i < s.len; i++) {
		c = s.p[i];
		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return 0;
	}
	return s.len == ML_SEAL_TEXT && memchr("AQgw", s.p[s.len - 1], 4) != NULL;
}

/* What holds for the values of an event, however it was spelled. */
static const char *
judge(const struct ml_event *e)
{
	if (e->author.len > ML_NAME_MAX && ml_name_len(e->author) > ML_NAME_MAX)
		return "author: over 256 bytes";
	if (e->kind.len > ML_NAME_MAX && ml_name_len(e->kind) > ML_NAME_MAX)
		return "kind: over 256 bytes";
	if (e->seq < 1)
		return "seq: below 1";
	if (e->seal.len > 0 && !is_seal(e->seal))
		return "g: not a seal of 86 characters";
	if (wire_len(e) > ML_EVENT_MAX)
		return "an event over 256 KiB";
	return NULL;
}

/* Step over literal text. */
static int
literal(const char **p, const char *end, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(end - *p) < n || memcmp(*p, text, n) != 0)
		return 0;
	*p += n;
	return 1;
}

/* The inside of a canonical string, stepped over. */
static int
inside(const char **p, const char *end, struct ml_slice *s)
{
	size_t n = ml_jstring_span(*p, end);

	if (n == 0)
		return 0;
	*s = (struct ml_slice){ *p + 1, n - 2 };
	*p += n;
	return 1;
}

static int
integer(const char **p, const char *end, int64_t *v)
{
	struct ml_slice s = { *p, 0 };

	while (*p < end && (**p == '-' || (**p >= '0' && **p <= '9')))
		++*p;
	s.len = (size_t)(*p - s.p);
	return s.len > 0 && (s.len != 2 || s.p[0] != '-' || s.p[1] != '0') &&
	    ml_number_int(s, v);
}

int
ml_event_read_quick(struct ml_event *e, struct ml_slice text)
{
	const char *p = text.p, *end = p + text.len;
	struct ml_slice id;
	size_t n;

	if (!literal(&p, end, "{\"a\":") || !inside(&p, end, &e->author) ||
	    !literal(&p, end, ",\"s\":") || !integer(&p, end, &e->seq) ||
	    !literal(&p, end, ",\"h\":[") ||
	    !integer(&p, end, &e->hlc.wall) || !literal(&p, end, ",") ||
	    !integer(&p, end, &e->hlc.counter) ||
	    !literal(&p, end, "],\"k\":") || !inside(&p, end, &e->kind) ||
	    !literal(&p, end, ",\"p\":") ||
	    (n = ml_canon_span(p, end, ML_EVENT_DEPTH_MAX)) == 0)
		return 0;
	e->payload = (struct ml_slice){ p, n };
	p += n;
	if (!literal(&p, end, ",\"v\":") || !inside(&p, end, &e->prev) ||
	    !literal(&p, end, ",\"i\":") || !inside(&p, end, &id) ||
	    !ml_id_read(id, e->id))
		return 0;
	e->seal = (struct ml_slice){ "", 0 };
	if (literal(&p, end, ",\"g\":") && (!inside(&p, end, &e->seal) ||
	    e->seal.len == 0))
		return 0;
	return literal(&p, end, "}") && p == end && judge(e) == NULL;
}

int
ml_event_peek(struct ml_event *e, struct ml_slice text)
{
	const char *p = text.p, *end = p + text.len;

	return literal(&p, end, "{\"a\":") && inside(&p, end, &e->author) &&
	    literal(&p, end, ",\"s\":") && integer(&p, end, &e->seq) &&
	    literal(&p, end, ",\"h\":");
}

static const char *
collect(struct members *m, struct ml_slice text)
{
	struct ml_json j = ml_json_enter(text);
	struct ml_slice key, value;
	const struct {
		const char *name;
		struct ml_slice *to;
	} want[] = { { "a", &m->a }, { "s", &m->s }, { "h", &m->h },
	    { "k", &m->k }, { "p", &m->p }, { "v", &m->v }, { "i", &m->i },
	    { "g", &m->g } };
	size_t i;

	while (ml_json_next(&j, &key, &value))
		for (i = 0; i < sizeof want / sizeof want[0]; i++)
			if (ml_json_key_is(key, want[i].name))
				*want[i].to = value;
	return m->a.p == NULL ? "a: missing, an event has an author" :
	    m->s.p == NULL ? "s: missing, an event has a seq" :
	    m->h.p == NULL ? "h: missing, an event has a clock" :
	    m->k.p == NULL ? "k: missing, an event has a kind" :
	    m->p.p == NULL ? "p: missing, an event has a payload" :
	    m->v.p == NULL ? "v: missing, an event has a prev" :
	    m->i.p == NULL ? "i: missing, an event has an id" : NULL;
}

static const char *
read_clock(struct ml_hlc *hlc, struct ml_slice text)
{
	static const char wrong[] = "h: not two integers within 2^53";
	struct ml_json j;
	struct ml_slice key, value;
	int64_t part[2];
	int n = 0;

	if (text.p[0] != '[')
		return wrong;
	for (j = ml_json_enter(text); ml_json_next(&j, &key, &value); n++)
		if (n == 2 || !ml_number_int(value, &part[n]))
			return wrong;
	if (n != 2)
		return wrong;
	*hlc = (struct ml_hlc){ part[0], part[1] };
	return NULL;
}

/* Write the values that must be canonical behind each other, and see them. */
static const char *
canonicalise(struct ml_event *e, const struct members *m,
    struct ml_slice *id, struct ml_buf *scratch)
{
	const struct {
		struct ml_slice from, *to;
		unsigned depth_max;
	} part[] = { { m->a, &e->author, 0 }, { m->k, &e->kind, 0 },
	    { m->v, &e->prev, 0 }, { m->i, id, 0 }, { m->g, &e->seal, 0 },
	    { m->p, &e->payload, ML_EVENT_DEPTH_MAX } };
	enum { PARTS = sizeof part / sizeof part[0] };
	size_t at[PARTS + 1], i;
	const char *why, *p;

	ml_buf_clear(scratch);
	for (i = 0; i < PARTS; i++) {
		at[i] = scratch->len;
		p = part[i].from.p;
		if ((why = ml_canon_write(&p, p + part[i].from.len,
		    part[i].depth_max, scratch)) != NULL)
			return why;
	}
	at[PARTS] = scratch->len;
	for (i = 0; i < PARTS; i++) {
		size_t quote = part[i].depth_max == 0;	/* strings have two */

		*part[i].to = (struct ml_slice){ scratch->p + at[i] + quote,
		    at[i + 1] - at[i] - 2 * quote };
	}
	return NULL;
}

const char *
ml_event_read(struct ml_event *e, struct ml_slice text, struct ml_buf *scratch)
{
	struct members m = { 0 };
	struct ml_slice id;
	const char *p = text.p, *end = text.p + text.len, *why;

	if (ml_event_read_quick(e, text))
		return NULL;
	if ((why = ml_canon_skip(&p, end, ML_JSON_DEPTH_MAX)) != NULL)
		return why;
	if (ml_json_skip_blanks(p, end) < end)
		return "not JSON: something follows the value";
	text.p = ml_json_skip_blanks(text.p, end);
	text.len = (size_t)(p - text.p);
	if (*text.p != '{')
		return "not an event: no JSON object";
	if ((why = collect(&m, text)) != NULL)
		return why;
	if (*m.a.p != '"')
		return "a: not a string";
	if (*m.k.p != '"')
		return "k: not a string";
	if (*m.v.p != '"')
		return "v: not a string";
	if (*m.i.p != '"')
		return "i: not a string";
	if (m.g.p == NULL)
		m.g = (struct ml_slice){ "\"\"", 2 };
	if (*m.g.p != '"' || m.g.len > SEAL_SPELLED_MAX)
		return "g: not a seal of 86 characters";
	if (!ml_number_int(m.s, &e->seq))
		return "s: not an integer from 1 to 2^53";
	if ((why = read_clock(&e->hlc, m.h)) != NULL ||
	    (why = canonicalise(e, &m, &id, scratch)) != NULL)
		return why;
	/* an id in another spelling is a wrong id: verifying says so */
	if (!ml_id_read(id, e->id))
		memset(e->id, 0, sizeof e->id);
	return judge(e);
}

static struct ml_slice
copy_slice(struct ml_slice s, struct ml_buf *buf)
{
	size_t from = buf->len;

	ml_buf_slice(buf, s);
	return (struct ml_slice){ buf->p + from, s.len };
}

void
ml_event_copy(struct ml_event *to, const struct ml_event *e,
    struct ml_buf *buf)
{
	*to = *e;
	to->author = copy_slice(e->author, buf);
	to->kind = copy_slice(e->kind, buf);
	to->payload = copy_slice(e->payload, buf);
	to->prev = copy_slice(e->prev, buf);
	to->seal = copy_slice(e->seal, buf);
}

void
ml_event_body(const struct ml_event *e, struct ml_buf *out)
{
	ml_buf_str(out, "{\"author\":\"");
	ml_buf_slice(out, e->author);
	ml_buf_str(out, "\",\"hlc\":[");
	ml_buf_int(out, e->hlc.wall);
	ml_buf_byte(out, ',');
	ml_buf_int(out, e->hlc.counter);
	ml_buf_str(out, "],\"kind\":\"");
	ml_buf_slice(out, e->kind);
	ml_buf_str(out, "\",\"payload\":");
	ml_buf_slice(out, e->payload);
	ml_buf_str(out, ",\"prev\":\"");
	ml_buf_slice(out, e->prev);
	ml_buf_str(out, "\",\"seq\":");
	ml_buf_int(out, e->seq);
	ml_buf_byte(out, '}');
}

static const char *
hash_body(const struct ml_event *e, struct ml_buf *body,
    uint8_t id[static ML_ID_LEN])
{
	uint8_t hash[SHA256_DIGEST_SIZE];

	ml_buf_clear(body);
	ml_event_body(e, body);
	if (ml_buf_failed(body))
		return ML_NO_MEMORY;
	ml_sha256(hash, body->p, body->len);
	memcpy(id, hash, ML_ID_LEN);
	return NULL;
}

const char *
ml_event_verify(const struct ml_event *e, struct ml_buf *body)
{
	uint8_t id[ML_ID_LEN];
	const char *why = hash_body(e, body, id);

	if (why != NULL)
		return why;
	return memcmp(id, e->id, sizeof id) == 0 ? NULL :
	    "id: does not match the content";
}

const char *
ml_event_mint(struct ml_event *e, struct ml_buf *body)
{
	return hash_body(e, body, e->id);
}

int
ml_event_follows(const struct ml_event *e, const uint8_t id[static ML_ID_LEN])
{
	uint8_t prev[ML_ID_LEN];

	if (e->seq == 1)
		return e->prev.len == 0;
	return ml_id_read(e->prev, prev) && memcmp(prev, id, sizeof prev) == 0;
}

void
ml_id_write(const uint8_t id[static ML_ID_LEN], struct ml_buf *out)
{
	static const char digit[] = "0123456789abcdef";
	char hex[ML_ID_HEX];
	size_t i;

	for (i = 0; i < ML_ID_LEN; i++) {
		hex[2 * i] = digit[id[i] >> 4];
		hex[2 * i + 1] = digit[id[i] & 15];
	}
	ml_buf_add(out, hex, sizeof hex);
}

void
ml_event_write(const struct ml_event *e, struct ml_buf *out)
{
	ml_buf_str(out, "{\"a\":\"");
	ml_buf_slice(out, e->author);
	ml_buf_str(out, "\",\"s\":");
	ml_buf_int(out, e->seq);
	ml_buf_str(out, ",\"h\":[");
	ml_buf_int(out, e->hlc.wall);
	ml_buf_byte(out, ',');
	ml_buf_int(out, e->hlc.counter);
	ml_buf_str(out, "],\"k\":\"");
	ml_buf_slice(out, e->kind);
	ml_buf_str(out, "\",\"p\":");
	ml_buf_slice(out, e->payload);
	ml_buf_str(out, ",\"v\":\"");
	ml_buf_slice(out, e->prev);
	ml_buf_str(out, "\",\"i\":\"");
	ml_id_write(e->id, out);
	if (e->seal.len > 0) {
		ml_buf_str(out, "\",\"g\":\"");
		ml_buf_slice(out, e->seal);
	}
	ml_buf_str(out, "\"}");
}
