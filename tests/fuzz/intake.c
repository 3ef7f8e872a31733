/*
 * intake: a known set of events, cut into any order, groups and runs, with
 * altered, stripped and forged ones between, and any bytes in .held: nothing
 * false is ever stored, and once all was sent all is there.
 */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/given.h"
#include "folder.h"
#include "identity.h"
#include "intake.h"

#define AUTHORS 3		/* the last two have a key */
#define LEN 12			/* events of each */
#define MOST 256		/* steps of an input */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct ml_event event[AUTHORS][LEN], forged[LEN];
static struct ml_buf text, given[MOST + AUTHORS * LEN], body;
static size_t givens;			/* in this group */

static struct ml_log *in_log;
static struct ml_trust *trust;
static struct ml_intake *intake;

static void
told(void *arg, enum ml_verdict verdict, const struct ml_event *e,
    const char *why)
{
	(void)arg;
	assert(e->seq >= 1 && ((why != NULL) == (verdict == ML_REFUSED ||
	    verdict == ML_FORKED || verdict == ML_DROPPED) ||
	    verdict == ML_DROPPED));
}

static void
bad_held(void *arg, const char *where, uint64_t line, const char *why)
{
	(void)arg;
	assert(where != NULL && line > 0 && why != NULL);
}

/* Event seq of an author, chained behind prev; sealed if there is a key. */
static void
make(struct ml_event *to, struct ml_slice author, int64_t seq,
    struct ml_slice prev, struct ml_slice payload,
    const struct ml_identity *key)
{
	struct ml_event e = { .author = author, .seq = seq, .prev = prev,
	    .hlc = { seq, 0 }, .kind = slice("note.add"),
	    .payload = payload };
	char seal[ML_SEAL_TEXT + 1];

	if (key != NULL && seq == 1)
		e.kind = slice("author.key");
	assert(ml_event_mint(&e, &body) == NULL);
	if (key != NULL) {
		assert(ml_identity_seal(key, &e, seal, &body) == 0);
		e.seal = (struct ml_slice){ seal, ML_SEAL_TEXT };
	}
	ml_event_copy(to, &e, &text);
}

static void
make_author(size_t a, const struct ml_identity *key)
{
	struct ml_buf id = { 0 }, payload = { 0 };
	struct ml_slice author = key != NULL ? ml_identity_author(key) :
	    slice("base");
	char hex[ML_PUBLIC_HEX + 1];
	size_t i;

	ml_buf_str(&payload, "{\"key\":\"");
	if (key != NULL)
		ml_buf_str(&payload, sodium_bin2hex(hex, sizeof hex,
		    ml_identity_public(key), ML_PUBLIC_LEN));
	ml_buf_str(&payload, "\"}");
	for (i = 0; i < LEN; i++) {
		make(&event[a][i], author, (int64_t)i + 1, ml_buf_view(&id),
		    i == 0 ? ml_buf_view(&payload) : slice("{\"n\":1}"), key);
		/* what somebody else makes up who has not the key */
		if (a == AUTHORS - 1)
			make(&forged[i], author, (int64_t)i + 1,
			    ml_buf_view(&id), slice("{\"n\":2}"), NULL);
		ml_buf_clear(&id);
		ml_id_write(event[a][i].id, &id);
	}
	ml_buf_free(&id);
	ml_buf_free(&payload);
}

static void
begin(void)
{
	uint8_t private[ML_IDENTITY_LEN];
	struct ml_identity *key;
	size_t a;

	if (sodium_init() == -1 || ml_buf_room(&text, 1 << 16) == NULL)
		abort();
	folder_make();
	make_author(0, NULL);
	for (a = 1; a < AUTHORS; a++) {
		memset(private, (int)a, sizeof private);
		if ((key = ml_identity_of(private)) == NULL)
			abort();
		make_author(a, key);
		ml_identity_free(key);
	}
	trust = ml_trust_new();
}

static void
open_log(void)
{
	char path[FOLDER_PATH];
	const char *why;

	assert(ml_log_write(&in_log, folder_path(path, "log"), NULL, &why) ==
	    0);
	intake = ml_intake_new(in_log, trust, slice(""), NULL, told, bad_held);
	assert(intake != NULL && ml_intake_begin(intake, 1, 1000, &why) == 0);
}

/* End a group; open: the next one begins. */
static void
commit(int more)
{
	const char *why;

	assert(ml_intake_commit(intake, more) == 0);
	givens = 0;
	if (more)
		assert(ml_intake_begin(intake, 1, 1000, &why) == 0);
}

static void
close_log(void)
{
	commit(0);
	ml_intake_free(intake);
	ml_log_free(in_log);
}

/* Give an event as a peer sent it: its line, a byte of it altered if flip. */
static void
give(const struct ml_event *e, int strip, uint8_t at, uint8_t flip)
{
	struct ml_buf line = { 0 }, *keep = &given[givens++];
	static struct ml_event parsed[MOST + AUTHORS * LEN];
	struct ml_event *f = &parsed[givens - 1], sent = *e;
	const char *why;

	if (strip)
		sent.seal.len = 0;
	ml_buf_clear(keep);
	ml_event_write(&sent, keep);
	keep->p[(size_t)at * keep->len / 256] ^= (char)flip;
	why = ml_event_read(f, ml_buf_view(keep), &line);
	if (why == NULL)
		why = ml_event_verify(f, &body);
	if (why == NULL) {
		(void)ml_buf_room(keep, line.len);
		/* what was not canonical would be overwritten */
		if (f->wire.len == 0)
			f = NULL;
	}
	if (why != NULL)
		assert(ml_intake_refuse(intake, why, ml_buf_view(keep)) == 0);
	else if (f != NULL) {
		assert(ml_event_read_quick(f, ml_buf_view(keep)));
		assert(ml_intake_offer(intake, f) == 0);
	}
	ml_buf_free(&line);
}

/* Bytes behind what is in .held, or in its place, while nobody has the log
 * open. */
static void
damage_held(const void *p, size_t len, int whole)
{
	char path[FOLDER_PATH];
	int fd;

	close_log();
	fd = open(folder_path(path, "log.held"), O_RDWR | O_CREAT | O_APPEND |
	    (whole ? O_TRUNC : 0), 0600);
	if (fd == -1 || ml_file_write(fd, p, len) == -1)
		abort();
	close(fd);
	open_log();
}

/* The line of an event, a byte of it altered. */
static void
alter_held(const struct ml_event *e, uint8_t at, uint8_t flip, int whole)
{
	struct ml_buf line = { 0 };

	ml_event_write(e, &line);
	line.p[(size_t)at * line.len / 256] ^= (char)flip;
	ml_buf_byte(&line, '\n');
	damage_held(line.p, line.len, whole);
	ml_buf_free(&line);
}

/* Nothing but the set, each feed from its beginning on; how much of it. */
static size_t
check_log(void)
{
	const struct ml_feed *f;
	struct ml_event e;
	size_t a, all = 0;
	int64_t seq;

	for (a = 0; a < ml_feeds_count(ml_log_feeds(in_log)); a++) {
		f = ml_feeds_at(ml_log_feeds(in_log), a);
		all += (size_t)f->seq;
	}
	for (a = 0; a < AUTHORS; a++) {
		f = ml_feeds_find(ml_log_feeds(in_log), event[a][0].author);
		for (seq = 1; f != NULL && seq <= f->seq; seq++) {
			assert(ml_log_event(in_log, f, seq, &e) == 0 &&
			    given_same(&e, &event[a][seq - 1]));
			assert(e.seal.len == 0 || ml_slice_same(e.seal,
			    event[a][seq - 1].seal));
			all--;
		}
	}
	assert(all == 0);
	for (a = 0, all = 0; a < AUTHORS; a++)
		if ((f = ml_feeds_find(ml_log_feeds(in_log),
		    event[a][0].author)) != NULL)
			all += (size_t)f->seq;
	return all;
}

/* One step of an input; returns how many of its bytes it took. */
static size_t
step(const uint8_t *p, size_t len)
{
	const struct ml_event *e = &event[*p / 16 % AUTHORS][len > 1 ?
	    p[1] % LEN : 0];
	size_t n;

	switch (*p % 8) {
	case 0: case 1: give(e, 0, 0, 0); return 2;
	case 2: give(e, 1, 0, 0); return 2;
	case 3: give(&forged[e->seq - 1], 0, 0, 0); return 2;
	case 4: give(e, *p >> 3 & 1, p[len > 2 ? 2 : 0],
	    p[len > 3 ? 3 : 0]); return 4;
	case 5: commit(1); return 1;
	case 6: close_log(); open_log(); return 1;
	default:
		if ((*p >> 3 & 1) == 0) {
			alter_held(e, p[len > 2 ? 2 : 0], p[len > 3 ? 3 : 0],
			    *p >> 7);
			return 4;
		}
		n = (size_t)e->seq * 4 < len - 1 ? (size_t)e->seq * 4 :
		    len - 1;
		damage_held(p + 1, n, *p >> 7);
		return n + 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t n, a, i, took;

	if (trust == NULL)
		begin();
	open_log();
	for (n = 0; len > 0 && n < MOST; n++) {
		took = step(data, len);
		took = took < len ? took : len;
		data += took, len -= took;
	}
	commit(1);
	(void)check_log();
	for (a = 0; a < AUTHORS; a++)
		for (i = 0; i < LEN; i++)
			give(&event[a][i], 0, 0, 0);
	close_log();
	open_log();
	assert(check_log() == AUTHORS * LEN);
	close_log();
	folder_empty();
	return 0;
}
