/* sealed - feeds of authors with keys, to start from */
#ifndef SEALED_H
#define SEALED_H
#include <sodium.h>

#include "given.h"
#include "identity.h"

#define LEN 100
#define AUTHORS 3

/* Feeds of authors with keys, each event sealed. */
static struct ml_event event[AUTHORS][LEN + 1];
static struct ml_buf text;			/* of all of them */

static inline void
make_author(size_t a)
{
	uint8_t private[ML_IDENTITY_LEN];
	struct ml_identity *who;
	struct ml_buf body = { 0 }, id = { 0 }, key = { 0 };
	char hex[ML_PUBLIC_HEX + 1], seal[ML_SEAL_TEXT + 1];
	struct ml_event e;
	int64_t seq;

	memset(private, (int)a + 1, sizeof private);
	who = ml_identity_of(private);
	sodium_bin2hex(hex, sizeof hex, ml_identity_public(who),
	    ML_PUBLIC_LEN);
	ml_buf_str(&key, "{\"key\":\"");
	ml_buf_str(&key, hex);
	ml_buf_str(&key, "\"}");
	for (seq = 1; seq <= LEN; seq++) {
		e = (struct ml_event){ .author = ml_identity_author(who),
		    .kind = slice(seq == 1 ? "author.key" : "note.add"),
		    .payload = seq == 1 ? ml_buf_view(&key) : slice("{}"),
		    .seq = seq, .hlc = { seq, 0 }, .prev = ml_buf_view(&id) };
		ml_event_mint(&e, &body);
		ml_identity_seal(who, &e, seal, &body);
		e.seal = (struct ml_slice){ seal, ML_SEAL_TEXT };
		ml_event_copy(&event[a][seq], &e, &text);
		ml_buf_clear(&id);
		ml_id_write(e.id, &id);
	}
	ml_identity_free(who);
	ml_buf_free(&body);
	ml_buf_free(&id);
	ml_buf_free(&key);
}

/* Make them: by author, at their seq. */
static inline void
make_sealed(void)
{
	size_t a;

	ml_buf_room(&text, AUTHORS * LEN * 512);
	for (a = 0; a < AUTHORS; a++)
		make_author(a);
}
#endif
