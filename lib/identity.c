/* identity - the file that holds an author's private keys */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "canon.h"
#include "file.h"
#include "identity.h"
#include "json.h"
#include "jstring.h"
#include "number.h"
#include "utf8.h"

#define FEED_SUFFIX ".feed"
#define FEED_MAX 4096			/* bytes of KEY.feed */

/* Lies in secret memory. */
struct ml_identity {
	uint8_t private[ML_IDENTITY_LEN];	/* as in the file */
	uint8_t sign[crypto_sign_SECRETKEYBYTES];
	uint8_t public[ML_PUBLIC_LEN];
	char author[ML_AUTHOR_HEX];
};

struct ml_identity *
ml_identity_of(const uint8_t private[static ML_IDENTITY_LEN])
{
	struct ml_identity *id = sodium_malloc(sizeof *id);

	if (id == NULL)
		return NULL;
	memcpy(id->private, private, sizeof id->private);
	crypto_scalarmult_base(id->public, id->private);
	crypto_sign_seed_keypair(id->public + 32, id->sign, id->private + 32);
	ml_author_id(id->public, id->author);
	return id;
}

void
ml_identity_free(struct ml_identity *id)
{
	sodium_free(id);		/* wipes */
}

const uint8_t *
ml_identity_public(const struct ml_identity *id)
{
	return id->public;
}

struct ml_slice
ml_identity_author(const struct ml_identity *id)
{
	return (struct ml_slice){ id->author, sizeof id->author };
}

int
ml_identity_seal(const struct ml_identity *id, const struct ml_event *e,
    char seal[static ML_SEAL_TEXT + 1], struct ml_buf *body)
{
	uint8_t signature[ML_SEAL_LEN];

	ml_seal_message(e, body);
	if (ml_buf_failed(body))
		return -1;
	crypto_sign_detached(signature, NULL, (const unsigned char *)body->p,
	    body->len, id->sign);
	sodium_bin2base64(seal, ML_SEAL_TEXT + 1, signature, sizeof signature,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return 0;
}

/* The bytes of the file, into secret memory. */
static int
read_private(uint8_t *private, int fd, const char **why)
{
	uint8_t more;
	struct stat st;
	ssize_t n, beyond;

	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode))
		*why = "not a regular file";
	else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		*why = "a key file that group or others can read: chmod 600 it";
	else if ((n = ml_file_read_at(fd, private, ML_IDENTITY_LEN, 0)) == -1 ||
	    (beyond = ml_file_read_at(fd, &more, 1, ML_IDENTITY_LEN)) == -1)
		return -1;
	else if (n != ML_IDENTITY_LEN || beyond != 0)
		*why = "not an identity file: it has not 64 bytes";
	return *why == NULL ? 0 : -1;
}

/* Room for private keys, wiped when it is freed; NULL with errno. */
static uint8_t *
secret_room(void)
{
	uint8_t *room = sodium_init() == -1 ? NULL :
	    sodium_malloc(ML_IDENTITY_LEN);

	if (room == NULL)
		errno = ENOMEM;
	return room;
}

int
ml_identity_read(struct ml_identity **id, const char *path, const char **why)
{
	uint8_t *private;
	int fd, rc, error;

	*why = NULL;
	if ((private = secret_room()) == NULL)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	rc = fd == -1 ? -1 : read_private(private, fd, why);
	error = errno;
	if (fd != -1)
		close(fd);
	if (rc == 0 && (*id = ml_identity_of(private)) == NULL) {
		error = ENOMEM;
		rc = -1;
	}
	sodium_free(private);
	errno = error;
	return rc;
}

/*
 * A KEY.feed without its KEY is another key's, and must not be overwritten.  -1
 * with errno, which is ENOTEMPTY if there is one.
 */
static int
refuse_feed(const char *path)
{
	char *feed = ml_file_beside(path, FEED_SUFFIX);
	int rc = -1;

	if (feed != NULL && access(path, F_OK) == 0)
		rc = 0;			/* that is refused for itself */
	else if (feed != NULL && errno == ENOENT) {
		if (access(feed, F_OK) == 0)
			errno = ENOTEMPTY;
		else if (errno == ENOENT)
			rc = 0;
	}
	free(feed);
	return rc;
}

int
ml_identity_create(struct ml_identity **id, const char *path,
    const char **why)
{
	uint8_t *private;
	int fd, rc, error;

	*why = NULL;
	if ((private = secret_room()) == NULL)
		return -1;
	fd = refuse_feed(path) == -1 ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL |
	    O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1) {
		if (errno == ENOTEMPTY)
			*why = "there is a .feed of that name: what another key "
			    "has written";
		else if (errno == EEXIST)
			*why = "there is a file of that name: a key is never "
			    "overwritten";
		sodium_free(private);
		return -1;
	}
	randombytes_buf(private, ML_IDENTITY_LEN);
	rc = fchmod(fd, 0600);	/* whatever the umask */
	if (rc == 0)
		rc = ml_file_write(fd, private, ML_IDENTITY_LEN);
	if (rc == 0)
		rc = ml_file_sync(fd);
	error = errno;
	close(fd);
	if (rc == 0 && (rc = ml_file_sync_dir(path)) == -1)
		error = errno;
	if (rc == 0 && (*id = ml_identity_of(private)) == NULL) {
		error = ENOMEM;
		rc = -1;
	}
	if (rc == -1)
		unlink(path);		/* no key that nobody was told of */
	sodium_free(private);
	errno = error;
	return rc;
}

void
ml_identity_undo(const char *path)
{
	char feed[PATH_MAX];		/* there may be no memory */
	int error = errno;

	snprintf(feed, sizeof feed, "%s%s", path, FEED_SUFFIX);
	if (unlink(feed) == 0 || errno == ENOENT)
		unlink(path);
	errno = error;
}

/* {"id":..,"name":..,"seq":..} */
static const char *
feed_parse(struct ml_identity_feed *f, struct ml_slice text)
{
	static const char wrong[] = "KEY.feed is damaged: see meshlog-key(5)";
	const char *at = text.p;
	struct ml_slice name, seq, id;
	char utf8[ML_UTF8_LEN_MAX];
	uint32_t cp;
	size_t n;

	if (text.len == 0 || ml_canon_skip(&at, text.p + text.len, 1) != NULL ||
	    ml_json_skip_blanks(at, text.p + text.len) < text.p + text.len ||
	    *text.p != '{' || !ml_json_member(text, "name", &name) ||
	    !ml_json_member(text, "seq", &seq) ||
	    !ml_json_member(text, "id", &id) || *name.p != '"' ||
	    *id.p != '"' || !ml_number_int(seq, &f->seq) || f->seq < 0)
		return wrong;
	id = (struct ml_slice){ id.p + 1, id.len - 2 };
	if (f->seq > 0 ? !ml_id_read(id, f->id) : id.len > 0)
		return wrong;
	for (name.p++, name.len -= 2; name.len > 0; name.p += n, name.len -= n) {
		n = ml_jstring_get(name.p, name.len, &cp);
		if (cp >= 0xd800 && cp <= 0xdfff)
			return wrong;	/* no text in any encoding */
		ml_buf_add(&f->name, utf8, ml_utf8_put(utf8, cp));
	}
	return ml_buf_failed(&f->name) ? ML_NO_MEMORY : NULL;
}

/* Beside the key itself, whatever link leads to it. */
static char *
feed_path(const char *key_path)
{
	char *key = ml_file_resolve(key_path), *path;

	if (key == NULL)
		return NULL;
	path = ml_file_beside(key, FEED_SUFFIX);
	free(key);
	return path;
}

int
ml_identity_feed_read(struct ml_identity_feed *f, const char *key_path,
    const char **why)
{
	char *path = feed_path(key_path);
	char text[FEED_MAX];
	ssize_t n = -1;
	int fd, error;

	*why = NULL;
	memset(f, 0, sizeof *f);
	if (path == NULL)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	error = errno;
	free(path);
	errno = error;
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	n = ml_file_read_at(fd, text, sizeof text, 0);
	error = errno;
	close(fd);
	errno = error;
	if (n == -1)
		return -1;
	*why = feed_parse(f, (struct ml_slice){ text, (size_t)n });
	return *why == NULL ? 0 : -1;
}

int
ml_identity_feed_write(const struct ml_identity_feed *f, const char *key_path)
{
	char *path = feed_path(key_path);
	struct ml_buf out = { 0 };
	int fd = -1, rc = -1;

	ml_buf_str(&out, "{\"id\":\"");
	if (f->seq > 0)
		ml_id_write(f->id, &out);
	ml_buf_str(&out, "\",\"name\":");
	ml_jstring_write(&out, f->name.p != NULL ? f->name.p : "", f->name.len);
	ml_buf_str(&out, ",\"seq\":");
	ml_buf_int(&out, f->seq);
	ml_buf_str(&out, "}\n");
	if (path == NULL || ml_buf_failed(&out))
		errno = ENOMEM;
	else if ((fd = ml_file_replace(path)) != -1) {
		if (ml_file_write(fd, out.p, out.len) == 0)
			rc = ml_file_replaced(fd, path);
		else
			ml_file_replace_undo(fd, path);
	}
	ml_buf_free(&out);
	free(path);
	return rc;
}
