/* key: KEY.feed read, written and read again; any 64 bytes are a key */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/given.h"
#include "folder.h"
#include "identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char path[FOLDER_PATH];

static void
as_feed(const uint8_t *data, size_t len)
{
	struct ml_identity_feed f, again;
	const char *why;

	close(folder_file("k.feed", (struct ml_slice){ (const char *)data,
	    len }));
	if (ml_identity_feed_read(&f, path, &why) == 0) {
		assert(why == NULL && f.seq >= 0 && f.seq <= ML_SEQ_MAX);
		assert(ml_identity_feed_write(&f, path) == 0);
		/* escaped anew a name may be too long: minting refuses it */
		if (f.name.len <= ML_NAME_MAX) {
			assert(ml_identity_feed_read(&again, path, &why) == 0);
			assert(ml_slice_same(ml_buf_view(&f.name),
			    ml_buf_view(&again.name)) && f.seq == again.seq &&
			    (f.seq == 0 || memcmp(f.id, again.id,
			    sizeof f.id) == 0));
			ml_buf_free(&again.name);
		}
	} else
		assert(why != NULL);
	ml_buf_free(&f.name);
}

static void
as_private(const uint8_t *data, size_t len)
{
	uint8_t private[ML_IDENTITY_LEN] = { 0 };
	struct ml_identity *id;
	struct ml_event e = { .kind = slice("k"), .payload = slice("null"),
	    .seq = 1, .prev = { "", 0 } };
	char seal[ML_SEAL_TEXT + 1], author[ML_AUTHOR_HEX];
	struct ml_buf body = { 0 };

	memcpy(private, data, len < sizeof private ? len : sizeof private);
	if ((id = ml_identity_of(private)) == NULL)
		abort();
	assert(ml_public_check(ml_identity_public(id)) == NULL);
	ml_author_id(ml_identity_public(id), author);
	e.author = ml_identity_author(id);
	assert(ml_author_is_hash(e.author) &&
	    memcmp(author, e.author.p, sizeof author) == 0);
	assert(ml_identity_seal(id, &e, seal, &body) == 0);
	e.seal = slice(seal);
	assert(ml_seal_verify(&e, ml_identity_public(id), &body) == NULL);
	ml_identity_free(id);
	ml_buf_free(&body);
}

/* The same bytes as a key's file: 64 of them are one, and the same one. */
static void
as_file(const uint8_t *data, size_t len)
{
	struct ml_identity *read, *made;
	const char *why;

	close(folder_file("k", (struct ml_slice){ (const char *)data, len }));
	if (ml_identity_read(&read, path, &why) == -1) {
		assert(why != NULL && len != ML_IDENTITY_LEN);
		return;
	}
	assert(len == ML_IDENTITY_LEN);
	if ((made = ml_identity_of(data)) == NULL)
		abort();
	assert(ml_slice_same(ml_identity_author(read),
	    ml_identity_author(made)) && memcmp(ml_identity_public(read),
	    ml_identity_public(made), ML_PUBLIC_LEN) == 0);
	ml_identity_free(read);
	ml_identity_free(made);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t nothing[1];

	if (sodium_init() == -1)
		abort();
	folder_make();
	folder_path(path, "k");
	as_feed(len > 0 ? data : nothing, len);
	as_private(len > 0 ? data : nothing, len);
	as_file(len > 0 ? data : nothing, len);
	return 0;
}
