/* event - one immutable change: its wire line read, and its id */
#include <string.h>

#include "canon.h"
#include "event.h"
#include "json.h"
#include "jstring.h"
#include "scan.h"
#include "sha256.h"

#define INT_DIGITS_MAX 16		/* of ML_INT_MAX */
#define SEAL_SPELLED_MAX (6 * ML_SEAL_TEXT + 2)	/* bytes, all of them escaped */

/* The members of the wire form, as they stand in the text. */
struct members {
	struct ml_slice a, s, h, k, p, v, i, g;
};

int
ml_id_read(struct ml_slice inside, uint8_t id[static ML_ID_LEN])
{
	return inside.len == ML_ID_HEX && ml_scan_hex16(id, inside.p) &&
	    ml_scan_hex16(id + ML_ID_LEN / 2, inside.p + ML_ID_HEX / 2);
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

/*
 * 64 bytes in unpadded base64url, in the one spelling: of the last character
 * only two bits count, and the others are zero.
 */
static int
is_seal(struct ml_slice s)
{
	size_t i;
	char c;

	if (s.len != ML_SEAL_TEXT || memchr("AQgw", s.p[s.len - 1], 4) == NULL)
		return 0;
	for (i = 0; i < ML_SEAL_TEXT; i++) {
		c = s.p[i];
		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return 0;
	}
	return 1;
}

/* What holds for the values of an event, however it was spelled; len is that
 * of its wire form without a seal. */
static const char *
judge(const struct ml_event *e, size_t len)
{
	if (e->author.len > ML_NAME_MAX && ml_name_len(e->author) > ML_NAME_MAX)
		return "author: over 256 bytes";
	if (e->kind.len > ML_NAME_MAX && ml_name_len(e->kind) > ML_NAME_MAX)
		return "kind: over 256 bytes";
	if (e->seq < 1)
		return "seq: below 1";
	if (e->seal.len > 0 && !is_seal(e->seal))
		return "g: not a seal of 86 characters";
	if (len > ML_EVENT_MAX)
		return "an event over 256 KiB";
	return NULL;
}

/* Whether 4 to 8 bytes are the same: as two words, which may overlap. */
static inline int
same_text(const char *p, const char *text, size_t n)
{
	uint32_t head, tail, want_head, want_tail;

	memcpy(&head, p, 4);
	memcpy(&tail, p + n - 4, 4);
	memcpy(&want_head, text, 4);
	memcpy(&want_tail, text + n - 4, 4);
	return head == want_head && tail == want_tail;
}

/* What stands behind literal text at p, or NULL if it is not there. */
#define BEHIND(p, end, text) \
	((size_t)((end) - (p)) >= sizeof (text) - 1 && \
	same_text(p, text, sizeof (text) - 1) ? (p) + sizeof (text) - 1 : NULL)

/* What stands behind the canonical string at p, whose inside s gets. */
static inline const char *
inside(const char *p, const char *end, struct ml_slice *s)
{
	size_t n = ml_jstring_span(p, end);

	if (n == 0)
		return NULL;
	*s = (struct ml_slice){ p + 1, n - 2 };
	return p + n;
}

/* What stands behind the integer at p, which ml_number_int() takes and which
 * is not -0. */
static inline const char *
integer(const char *p, const char *end, int64_t *v)
{
	int negative = p < end && *p == '-';
	const char *from = p += negative;
	uint64_t n = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	/* what has wrapped around is too long */
	if (p == from || p - from > INT_DIGITS_MAX || n > ML_INT_MAX ||
	    (*from == '0' && (negative || p - from > 1)))
		return NULL;
	*v = negative ? -(int64_t)n : (int64_t)n;
	return p;
}

size_t
ml_event_span(struct ml_event *e, const char *p, const char *end)
{
	const char *from = p;

	if ((p = BEHIND(p, end, "{\"a\":")) == NULL ||
	    (p = inside(p, end, &e->author)) == NULL ||
	    (p = BEHIND(p, end, ",\"s\":")) == NULL ||
	    (p = integer(p, end, &e->seq)) == NULL ||
	    (p = BEHIND(p, end, ",\"h\":[")) == NULL ||
	    (p = integer(p, end, &e->hlc.wall)) == NULL ||
	    p == end || *p++ != ',' ||
	    (p = integer(p, end, &e->hlc.counter)) == NULL ||
	    (p = BEHIND(p, end, "],\"k\":")) == NULL ||
	    (p = inside(p, end, &e->kind)) == NULL ||
	    (p = BEHIND(p, end, ",\"p\":")) == NULL)
		return 0;
	e->payload.p = p;
	e->payload.len = ml_canon_span(p, end, ML_EVENT_DEPTH_MAX);
	p += e->payload.len;
	if (e->payload.len == 0 ||
	    (p = BEHIND(p, end, ",\"v\":")) == NULL ||
	    (p = inside(p, end, &e->prev)) == NULL ||
	    (p = BEHIND(p, end, ",\"i\":\"")) == NULL ||
	    end - p < ML_ID_HEX + 2 ||	/* a quote and a brace */
	    !ml_id_read((struct ml_slice){ p, ML_ID_HEX }, e->id))
		return 0;
	p += ML_ID_HEX;
	if (*p++ != '"')
		return 0;
	e->seal = (struct ml_slice){ "", 0 };
	e->wire = (struct ml_slice){ from, (size_t)(p - from) };
	e->record = 0;
	if (*p == ',') {
		if ((p = BEHIND(p, end, ",\"g\":")) == NULL ||
		    (p = inside(p, end, &e->seal)) == NULL ||
		    e->seal.len == 0)
			return 0;
	}
	if (p == end || *p != '}')
		return 0;
	/* the text is its own wire form, so its length is known */
	return judge(e, e->wire.len + 1) == NULL ? (size_t)(p + 1 - from) : 0;
}

int
ml_event_read_quick(struct ml_event *e, struct ml_slice text)
{
	return text.len > 0 &&
	    ml_event_span(e, text.p, text.p + text.len) == text.len;
}

int
ml_event_begins(struct ml_slice text, struct ml_slice author, int64_t seq)
{
	static const char before[] = "{\"a\":\"", between[] = "\",\"s\":";
	const char *p = text.p, *end = p + text.len;
	uint64_t n = 0;

	if (text.len < sizeof before + author.len + sizeof between ||
	    memcmp(p, before, sizeof before - 1) != 0)
		return 0;
	p += sizeof before - 1;
	if (memcmp(p, author.p, author.len) != 0)
		return 0;
	p += author.len;
	if (memcmp(p, between, sizeof between - 1) != 0)
		return 0;
	for (p += sizeof between - 1; p < end && *p >= '0' && *p <= '9'; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	return n == (uint64_t)seq && p < end && *p == ',';
}

int
ml_event_wire_sealed(struct ml_slice text)
{
	static const char id[] = ",\"i\":\"";
	const size_t n = sizeof id - 1 + ML_ID_HEX + sizeof "\"}" - 1;

	/* without one it ends with its id; in a seal is no quote */
	return text.len < n ||
	    memcmp(text.p + text.len - n, id, sizeof id - 1) != 0;
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
ml_event_read_any(struct ml_event *e, struct ml_slice text,
    struct ml_buf *scratch)
{
	struct members m = { 0 };
	struct ml_slice id;
	const char *p = text.p, *end = text.p + text.len, *why;

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
	e->wire = (struct ml_slice){ "", 0 };
	e->record = 0;
	/* an id in another spelling is a wrong id: verifying says so */
	if (!ml_id_read(id, e->id))
		memset(e->id, 0, sizeof e->id);
	return judge(e, ml_event_wire_len(e));
}

const char *
ml_event_read(struct ml_event *e, struct ml_slice text, struct ml_buf *scratch)
{
	return ml_event_read_quick(e, text) ? NULL :
	    ml_event_read_any(e, text, scratch);
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
	to->wire = (struct ml_slice){ "", 0 };
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
	e->wire = (struct ml_slice){ "", 0 };
	e->record = 0;
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
