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
#define LOCK_WAIT 10.0			/* seconds, for others in the folder */

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
	int rc = -1;

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
	else
		rc = ml_file_put(path, out.p, out.len);
	ml_buf_free(&out);
	free(path);
	return rc;
}

/* What is there stays: a key, and a KEY.feed that says what one has written.
 * 0; or -1 with a reason, or errno. */
static int
look_for_room(const char *path, const char **why)
{
	struct ml_identity_feed feed;
	struct stat st;
	int rc;

	if (lstat(path, &st) == 0) {
		*why = "there is a file of that name: a key is never "
		    "overwritten";
		return -1;
	}
	if (errno != ENOENT)
		return -1;
	rc = ml_identity_feed_read(&feed, path, why);
	if (*why != ML_NO_MEMORY && (*why != NULL || feed.seq > 0))
		*why = "there is a .feed of that name: what another key has "
		    "written";
	ml_buf_free(&feed.name);
	return *why != NULL ? -1 : rc;
}

static int
write_private(const struct ml_identity *id, const char *path)
{
	int fd = ml_file_replace(path);

	if (fd == -1)
		return -1;
	if (fchmod(fd, 0600) == 0 &&	/* whatever the umask */
	    ml_file_write(fd, id->private, sizeof id->private) == 0)
		return ml_file_replaced(fd, path);
	ml_file_replace_undo(fd, path);
	return -1;
}

static struct ml_identity *
make_identity(void)
{
	uint8_t *private = secret_room();
	struct ml_identity *id;

	if (private == NULL)
		return NULL;
	randombytes_buf(private, ML_IDENTITY_LEN);
	id = ml_identity_of(private);
	sodium_free(private);
	if (id == NULL)
		errno = ENOMEM;
	return id;
}

/* No key that nobody was told of. */
static void
remove_both(const char *path)
{
	char feed[PATH_MAX];		/* there may be no memory */
	int error = errno, n;

	n = snprintf(feed, sizeof feed, "%s%s", path, FEED_SUFFIX);
	if ((unlink(path) == 0 || errno == ENOENT) && n >= 0 &&
	    (size_t)n < sizeof feed)
		unlink(feed);
	errno = error;
}

/*
 * First what is said of the key, then the key, which takes its name when it is
 * whole: so that after a crash it is there as it was to be, or not at all.
 */
static int
create(struct ml_identity **id, const char *path,
    const struct ml_identity_feed *feed)
{
	struct ml_identity *made = make_identity();

	if (made == NULL)
		return -1;
	if (ml_identity_feed_write(feed, path) == -1 ||
	    write_private(made, path) == -1) {
		remove_both(path);
		ml_identity_free(made);
		return -1;
	}
	*id = made;
	return 0;
}

int
ml_identity_create(struct ml_identity **id, const char *path,
    const struct ml_identity_feed *feed, const char **why)
{
	int lock = ml_file_open_dir(path), rc = -1, error;

	*why = NULL;
	/* one that may not be read cannot be locked, nor synced */
	if (lock != -1 ? ml_file_lock(lock, LOCK_WAIT) == 0 : errno == EACCES)
		rc = look_for_room(path, why);
	if (rc == 0)
		rc = create(id, path, feed);
	error = errno;
	if (lock != -1)
		close(lock);
	errno = error;
	return rc;
}
