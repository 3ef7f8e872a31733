/* mint - new events of my own */
#include <sodium.h>
#include <string.h>

#include "jstring.h"
#include "mint.h"
#include "utf8.h"

const char *
ml_mint_name(const char *name)
{
	const char *p = name, *end = name + strlen(name);
	uint32_t cp;
	size_t n;

	if (p == end)
		return "an empty author";
	if (end - p > ML_MINT_NAME_MAX)
		return "an author over 128 bytes";
	for (; p < end; p += n) {
		if ((n = ml_utf8_get(p, end, &cp)) == 0)
			return "an author that is not UTF-8";
		if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			return "an author with control characters";
	}
	return NULL;
}

void
ml_mint_begin(struct ml_mint *m)
{
	m->clock = ml_feeds_clock(ml_log_feeds(m->log));
}

static const char *
seal_it(struct ml_mint *m, struct ml_event *e,
    char seal[static ML_SEAL_TEXT + 1])
{
	if (m->identity == NULL)
		return NULL;
	if (ml_identity_seal(m->identity, e, seal, &m->body) == -1)
		return ML_NO_MEMORY;
	e->seal = (struct ml_slice){ seal, ML_SEAL_TEXT };
	return NULL;
}

const char *
ml_mint_event(struct ml_mint *m, struct ml_slice kind, struct ml_slice payload,
    int64_t ms, struct ml_buf *out, int *rc)
{
	struct ml_feed *f = ml_feeds_get(ml_log_feeds(m->log), m->author);
	struct ml_buf prev = { 0 };
	struct ml_event e = { .author = m->author, .kind = kind,
	    .payload = payload };
	char seal[ML_SEAL_TEXT + 1];
	const char *why = ML_NO_MEMORY;
	size_t from = out->len;

	*rc = 0;
	if (f == NULL)
		return ML_NO_MEMORY;
	if (f->tip > 0)
		ml_id_write(f->tip_id, &prev);
	e.seq = f->tip + 1;
	e.prev = ml_buf_view(&prev);
	e.hlc = ml_hlc_mint(&m->clock, ms);
	if (!ml_buf_failed(&prev) &&
	    (why = ml_event_mint(&e, &m->body)) == NULL &&
	    (why = seal_it(m, &e, seal)) == NULL) {
		ml_event_write(&e, out);
		if (out->len - from > ML_MINT_MAX) {
			why = "an event over 64 KiB";
			out->len = from;
		} else {
			ml_buf_byte(out, '\n');
			*rc = ml_log_append(m->log, &e);
		}
	}
	ml_buf_free(&prev);
	return why;
}

const char *
ml_mint_key(struct ml_mint *m, struct ml_slice name, int64_t ms,
    struct ml_buf *out, int *rc)
{
	static const struct ml_slice kind = { "author.key", 10 };
	struct ml_buf payload = { 0 };
	char hex[ML_PUBLIC_HEX + 1];
	const char *why = NULL;

	*rc = 0;
	sodium_bin2hex(hex, sizeof hex, ml_identity_public(m->identity),
	    ML_PUBLIC_LEN);
	ml_buf_str(&payload, "{\"key\":\"");
	ml_buf_str(&payload, hex);
	ml_buf_byte(&payload, '"');
	if (name.len > 0) {
		ml_buf_str(&payload, ",\"name\":");
		why = ml_jstring_write(&payload, name.p, name.len);
	}
	ml_buf_byte(&payload, '}');
	if (ml_buf_failed(&payload))
		why = ML_NO_MEMORY;
	if (why == NULL)
		why = ml_mint_event(m, kind, ml_buf_view(&payload), ms, out, rc);
	ml_buf_free(&payload);
	return why;
}

struct ml_hlc
ml_mint_newest(struct ml_log *log)
{
	struct ml_feeds *feeds = ml_log_feeds(log);
	struct ml_hlc newest = { 0, 0 };
	size_t i;

	for (i = 0; i < ml_feeds_count(feeds); i++)
		if (ml_hlc_compare(ml_feeds_at(feeds, i)->newest, newest) > 0)
			newest = ml_feeds_at(feeds, i)->newest;
	return newest;
}
