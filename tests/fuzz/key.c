/* key: KEY.feed read, written and read again; any 64 bytes are a key */
#include <assert.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/given.h"
#include "file.h"
#include "identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char folder[4096], path[4200], feed[4300];

static void
leave(void)
{
	unlink(feed);
	rmdir(folder);
}

/* KEY.feed is read from a file: into a folder of our own with it. */
static void
begin(void)
{
	const char *temporary = getenv("TMPDIR");

	if (sodium_init() == -1)
		abort();
	snprintf(folder, sizeof folder, "%s/key.XXXXXX",
	    temporary != NULL ? temporary : "/tmp");
	if (mkdtemp(folder) == NULL)
		abort();
	snprintf(path, sizeof path, "%s/k", folder);
	snprintf(feed, sizeof feed, "%s.feed", path);
	atexit(leave);
}

static void
as_feed(const uint8_t *data, size_t len)
{
	struct ml_identity_feed f, again;
	const char *why;
	int fd = open(feed, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || ml_file_write(fd, data, len) == -1 || close(fd) == -1)
		abort();
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t nothing[1];

	if (*folder == '\0')
		begin();
	as_feed(len > 0 ? data : nothing, len);
	as_private(len > 0 ? data : nothing, len);
	return 0;
}
