/* blob - a file to be attached */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <magic.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob.h"
#include "file.h"
#include "sha256.h"

#define CHUNK (64 * 1024)	/* bytes */

static int
hash_file(struct ml_blob *blob)
{
	uint8_t hash[SHA256_DIGEST_SIZE], chunk[CHUNK];
	struct sha256_ctx ctx;
	ssize_t n;

	sha256_init(&ctx);
	blob->size = 0;
	while ((n = ml_file_read_at(blob->fd, chunk, sizeof chunk,
	    (uint64_t)blob->size)) > 0) {
		sha256_update(&ctx, (size_t)n, chunk);
		blob->size += n;
	}
	ml_sha256_end(&ctx, hash);
	sodium_bin2hex(blob->hash, sizeof blob->hash, hash, sizeof hash);
	return n == -1 ? -1 : 0;
}

/* What is used of libmagic. */
struct ml_blob_magic {
	void *library;
	magic_t magic;
	magic_t (*open)(int);
	void (*close)(magic_t);
	int (*load)(magic_t, const char *);
	const char *(*descriptor)(magic_t, int);
};

static void
free_magic(struct ml_blob_magic *m)
{
	if (m == NULL)
		return;
	if (m->magic != NULL)
		m->close(m->magic);
	if (m->library != NULL)
		dlclose(m->library);
	free(m);
}

static int
find_calls(struct ml_blob_magic *m)
{
	if ((m->library = dlopen("libmagic.so.1", RTLD_NOW)) == NULL)
		return 0;
	/* as POSIX has it: C knows no cast from an object to a function */
	*(void **)&m->open = dlsym(m->library, "magic_open");
	*(void **)&m->close = dlsym(m->library, "magic_close");
	*(void **)&m->load = dlsym(m->library, "magic_load");
	*(void **)&m->descriptor = dlsym(m->library, "magic_descriptor");
	return m->open != NULL && m->close != NULL && m->load != NULL &&
	    m->descriptor != NULL;
}

/*
 * Load libmagic now that it is needed: with the three libraries that it needs
 * itself it would make every start of the tool half as long again.  NULL with
 * a reason in blob->no_type.
 */
static struct ml_blob_magic *
load_magic(struct ml_blob *blob)
{
	struct ml_blob_magic *m = calloc(1, sizeof *m);

	blob->no_type = "its MIME type cannot be found: give it with -m";
	if (m == NULL)
		return NULL;
	if (!find_calls(m))
		blob->no_type = "no libmagic.so.1 to find its MIME type: give "
		    "it with -m";
	else if ((m->magic = m->open(MAGIC_MIME_TYPE)) != NULL &&
	    m->load(m->magic, NULL) == 0)
		return m;
	free_magic(m);
	return NULL;
}

static int
find_type(struct ml_blob *blob, const char **why)
{
	const char *type = NULL;

	if (blob->size == 0)		/* as file(1) says by stat() */
		type = "inode/x-empty";
	else if (blob->magic != NULL && lseek(blob->fd, 0, SEEK_SET) == 0)
		type = blob->magic->descriptor(blob->magic->magic, blob->fd);
	if (type == NULL) {
		*why = blob->no_type;
		return -1;
	}
	snprintf(blob->mime, sizeof blob->mime, "%s", type);
	return 0;
}

int
ml_blob_open(struct ml_blob *blob, const char *path, int find_mime,
    const char **why)
{
	struct stat st;

	*why = NULL;
	memset(blob, 0, sizeof *blob);
	blob->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (blob->fd == -1)
		return -1;
	if (fstat(blob->fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		*why = "not a regular file";
		close(blob->fd);
		return -1;
	}
	if (find_mime)
		blob->magic = load_magic(blob);
	return 0;
}

int
ml_blob_look(struct ml_blob *blob, const char **why)
{
	int rc = hash_file(blob), error;

	*why = NULL;
	if (rc == 0 && blob->no_type != NULL)
		rc = find_type(blob, why);
	error = errno;
	free_magic(blob->magic);
	close(blob->fd);
	errno = error;
	return rc;
}
