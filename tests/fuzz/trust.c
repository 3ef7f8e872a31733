/* trust: rules are written and read as what they were; labels are safe */
#include <assert.h>

#include "event.h"
#include "seal.h"
#include "trust.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
write_all(const struct ml_trust *t, struct ml_buf *out)
{
	const struct ml_trust_rule *rule;
	size_t i, n;

	rule = ml_trust_rules(t, &n);
	for (i = 0; i < n; i++)
		ml_trust_write(&rule[i], out);
}

static void
label(const struct ml_trust *t, struct ml_slice author, struct ml_slice name,
    int keyed)
{
	struct ml_feed f = { .author = author, .name = name, .keyed = keyed };
	struct ml_buf out = { 0 };
	size_t i;

	ml_trust_label(t, &f, &out);
	assert(out.len > 0 && ml_utf8_valid(out.p, out.len));
	for (i = 0; i < out.len; i++)
		assert((unsigned char)out.p[i] >= ' ' && out.p[i] != 0x7f);
	assert(ml_trust_allows(t, &f) == (keyed ? ml_trust_keyed(t, author) :
	    ml_trust_plain(t, author)));
	ml_buf_free(&out);
}

static void
decide(const struct ml_trust *t, const struct ml_trust_rule *r)
{
	switch (r->kind) {
	case ML_TRUST_ID:
		assert(ml_author_is_hash(r->who) &&
		    ml_trust_is_listed(t, r->who) &&
		    ml_trust_keyed(t, r->who) && !ml_trust_plain(t, r->who));
		label(t, r->who, r->name, 1);
		break;
	case ML_TRUST_PLAIN:
		assert(ml_trust_plain(t, r->who) !=
		    ml_trust_is_listed(t, r->who));
		label(t, r->who, r->who, 0);
		break;
	case ML_TRUST_ANY_KEYED:
		assert(ml_trust_keyed(t, (struct ml_slice){ "x", 1 }));
		break;
	case ML_TRUST_ANY_PLAIN:
		assert(ml_trust_plain(t, (struct ml_slice){ "x", 1 }));
		break;
	}
	assert(ml_name_len(r->who) <= ML_NAME_MAX &&
	    ml_name_len(r->name) <= ML_NAME_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_slice text = { len > 0 ? (const char *)data : "", len };
	struct ml_trust *t = NULL, *again = NULL;
	const struct ml_trust_rule *rule, *other;
	struct ml_buf out = { 0 }, twice = { 0 };
	unsigned long line;
	size_t i, n, m;
	const char *why = ml_trust_read(&t, text, &line);

	assert((why == NULL) == (t != NULL) && line <= len);
	if (why != NULL) {
		assert(line >= 1);
		return 0;
	}
	(void)ml_buf_room(&out, 1);	/* no rules are a text, too */
	write_all(t, &out);
	assert(ml_trust_read(&again, ml_buf_view(&out), &line) == NULL);
	rule = ml_trust_rules(t, &n);
	other = ml_trust_rules(again, &m);
	assert(n == m && n <= len);
	for (i = 0; i < n; i++) {
		assert(rule[i].kind == other[i].kind &&
		    ml_slice_same(rule[i].who, other[i].who) &&
		    ml_slice_same(rule[i].name, other[i].name));
		decide(t, &rule[i]);
	}
	write_all(again, &twice);
	assert(n == 0 || ml_slice_same(ml_buf_view(&out),
	    ml_buf_view(&twice)));
	ml_trust_free(t);
	ml_trust_free(again);
	ml_buf_free(&out);
	ml_buf_free(&twice);
	return 0;
}
