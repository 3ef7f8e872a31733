/*
 * own: any evidence, in .held or .refused, that a key has written what its log
 * does not have: minting stops if some of it verifies under the key, and only
 * then.
 */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/given.h"
#include "folder.h"
#include "jstring.h"
#include "own.h"

#define LEN 3			/* events in the log */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct ml_identity *key;
static struct ml_event event[LEN];
/* Its log's, a fork at 2, one more, and a fork by somebody else. */
static struct ml_buf line[LEN + 3], text, body;
static char key_path[FOLDER_PATH], log_path[FOLDER_PATH];

/* An event of the key's feed, and its line, sealed by whose. */
static void
make(struct ml_event *to, struct ml_buf *wire, int64_t seq,
    const struct ml_event *after, const char *payload,
    const struct ml_identity *whose)
{
	struct ml_buf prev = { 0 };
	struct ml_event e = { .author = ml_identity_author(key), .seq = seq,
	    .kind = slice(seq == 1 ? "author.key" : "note.add"),
	    .payload = slice(payload), .hlc = { seq, 0 },
	    .prev = { "", 0 } };
	char seal[ML_SEAL_TEXT + 1];

	if (after != NULL) {
		ml_id_write(after->id, &prev);
		e.prev = ml_buf_view(&prev);
	}
	assert(ml_event_mint(&e, &body) == NULL &&
	    ml_identity_seal(whose, &e, seal, &body) == 0);
	e.seal = (struct ml_slice){ seal, ML_SEAL_TEXT };
	ml_event_write(&e, wire);
	if (to != NULL)
		ml_event_copy(to, &e, &text);
	ml_buf_free(&prev);
}

static void
begin(void)
{
	uint8_t private[ML_IDENTITY_LEN];
	char hex[ML_PUBLIC_HEX + 1], payload[ML_PUBLIC_HEX + 16];
	struct ml_identity *other;
	struct ml_buf log = { 0 };
	size_t i;

	if (sodium_init() == -1 || ml_buf_room(&text, 1 << 14) == NULL)
		abort();
	folder_make();
	folder_path(key_path, "key");
	folder_path(log_path, "log");
	memset(private, 6, sizeof private);
	other = ml_identity_of(private);
	memset(private, 5, sizeof private);
	key = ml_identity_of(private);
	assert(key != NULL && other != NULL);
	close(folder_file("key", (struct ml_slice){ (char *)private,
	    sizeof private }));
	snprintf(payload, sizeof payload, "{\"key\":\"%s\"}",
	    sodium_bin2hex(hex, sizeof hex, ml_identity_public(key),
	    ML_PUBLIC_LEN));
	for (i = 0; i < LEN; i++) {
		make(&event[i], &line[i], (int64_t)i + 1, i > 0 ?
		    &event[i - 1] : NULL, i > 0 ? "{}" : payload, key);
		ml_buf_slice(&log, ml_buf_view(&line[i]));
		ml_buf_byte(&log, '\n');
	}
	make(NULL, &line[LEN], 2, &event[0], "{\"other\":1}", key);
	make(NULL, &line[LEN + 1], LEN + 1, &event[LEN - 1], "{}", key);
	make(NULL, &line[LEN + 2], 2, &event[0], "{\"other\":2}", other);
	close(folder_file("log", ml_buf_view(&log)));
	ml_buf_free(&log);
	ml_identity_free(other);
}

/* Whether a text is an event that the key has sealed and the log has not. */
static int
is_evidence(struct ml_slice of, int refused)
{
	struct ml_buf scratch = { 0 };
	struct ml_event e;
	/* .held has what we have written */
	int yes = (refused ? ml_event_read(&e, of, &scratch) == NULL :
	    ml_event_read_quick(&e, of)) &&
	    ml_slice_same(e.author, ml_identity_author(key)) &&
	    ml_event_verify(&e, &body) == NULL &&
	    ml_seal_verify(&e, ml_identity_public(key), &body) == NULL &&
	    (e.seq > LEN || memcmp(e.id, event[e.seq - 1].id, ML_ID_LEN) != 0);

	ml_buf_free(&scratch);
	return yes;
}

/* Whether there is any in a file. */
static int
has_evidence(struct ml_slice file, int refused)
{
	struct ml_refused_item item;
	const char *newline;
	size_t n;
	int found = 0;

	for (; file.len > 0; file.p += n, file.len -= n) {
		newline = memchr(file.p, '\n', file.len);
		n = newline != NULL ? (size_t)(newline - file.p) : file.len;
		if (!refused)
			found |= is_evidence((struct ml_slice){ file.p, n }, 0);
		else if (newline != NULL) {
			if (ml_refused_read(&item, (struct ml_slice){ file.p,
			    n }) == 0 && item.text.len > 0)
				found |= is_evidence(ml_buf_view(&item.text),
				    1);
			ml_refused_item_free(&item);
		}
		n += newline != NULL;
	}
	return found;
}

/* Three bytes: a line of those above, its seal stripped or a byte altered; or
 * what was written is cut, and a byte follows. */
static void
write_one(const uint8_t *p, int refused, struct ml_buf *out)
{
	size_t i = *p % 8;
	struct ml_buf one = { 0 }, string = { 0 };

	if (i == 7) {
		out->len -= out->len < p[1] ? out->len : p[1];
		ml_buf_add(out, p + 2, 1);
		return;
	}
	ml_buf_slice(&one, ml_buf_view(&line[i < LEN + 3 ? i : 0]));
	if (*p & 16)			/* ,"g":"..." */
		one.len -= ML_SEAL_TEXT + 7, one.p[one.len - 1] = '}';
	if (*p & 8)
		one.p[p[1] * one.len / 256] ^= (char)p[2];
	if (!refused)
		ml_buf_slice(out, ml_buf_view(&one));
	else if (ml_jstring_write(&string, one.p, one.len) == NULL) {
		ml_buf_str(out, "{\"at\":\"then\",\"why\":\"so\",\"text\":");
		ml_buf_slice(out, ml_buf_view(&string));
		ml_buf_byte(out, '}');
	}
	ml_buf_byte(out, '\n');
	ml_buf_free(&one);
	ml_buf_free(&string);
}

/* What minting is told. */
static const char *
check(void)
{
	struct ml_own own;
	struct ml_log *log;
	const char *why;
	int rc;

	assert(ml_own_open(&own, key_path, &why) == 0 &&
	    ml_own_lock(&own, 1, &why) == 0 &&
	    ml_log_write(&log, log_path, NULL, &why) == 0 &&
	    ml_log_lock(log, 1, 1000, &why) == 0);
	why = ml_own_check(&own, log, &rc);
	assert(rc == 0 && (why != NULL || own.feed.seq == LEN));
	ml_log_free(log);
	ml_own_close(&own);
	return why;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ml_buf file = { 0 };
	char path[FOLDER_PATH];
	int refused;

	if (key == NULL)
		begin();
	if (len == 0)
		return 0;
	refused = *data & 1;
	for (data++, len--; len >= 3; data += 3, len -= 3)
		write_one(data, refused, &file);
	close(folder_file(refused ? "log.refused" : "log.held",
	    ml_buf_view(&file)));
	assert((check() != NULL) == has_evidence(ml_buf_view(&file), refused));
	unlink(folder_path(path, refused ? "log.refused" : "log.held"));
	ml_buf_free(&file);
	return 0;
}
