/* blob - a file to be attached */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <magic.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob.h"
#include "file.h"
#include "sha256.h"

#define CHUNK (64 * 1024)	/* bytes */

static int
hash_file(struct ml_blob *blob, int fd)
{
	uint8_t hash[SHA256_DIGEST_SIZE], chunk[CHUNK];
	struct sha256_ctx ctx;
	ssize_t n;

	sha256_init(&ctx);
	blob->size = 0;
	while ((n = ml_file_read_at(fd, chunk, sizeof chunk,
	    (uint64_t)blob->size)) > 0) {
		sha256_update(&ctx, (size_t)n, chunk);
		blob->size += n;
	}
	ml_sha256_end(&ctx, hash);
	sodium_bin2hex(blob->hash, sizeof blob->hash, hash, sizeof hash);
	return n == -1 ? -1 : 0;
}

/* What is used of libmagic. */
struct magic {
	void *library;
	magic_t (*open)(int);
	void (*close)(magic_t);
	int (*load)(magic_t, const char *);
	const char *(*descriptor)(magic_t, int);
};

/*
 * Load libmagic now that it is needed: with the three libraries that it needs
 * itself it would make every start of the tool half as long again.
 */
static int
load_magic(struct magic *m)
{
	if ((m->library = dlopen("libmagic.so.1", RTLD_NOW)) == NULL)
		return -1;
	/* as POSIX has it: C knows no cast from an object to a function */
	*(void **)&m->open = dlsym(m->library, "magic_open");
	*(void **)&m->close = dlsym(m->library, "magic_close");
	*(void **)&m->load = dlsym(m->library, "magic_load");
	*(void **)&m->descriptor = dlsym(m->library, "magic_descriptor");
	if (m->open != NULL && m->close != NULL && m->load != NULL &&
	    m->descriptor != NULL)
		return 0;
	dlclose(m->library);
	return -1;
}

static int
find_type(struct ml_blob *blob, int fd, const char **why)
{
	struct magic m;
	magic_t magic;
	const char *type;
	int rc = -1;

	if (blob->size == 0) {		/* as file(1) says by stat() */
		snprintf(blob->mime, sizeof blob->mime, "inode/x-empty");
		return 0;
	}
	*why = "no libmagic.so.1 to find its MIME type: give it with -m";
	if (load_magic(&m) == -1)
		return -1;
	*why = "its MIME type cannot be found: give it with -m";
	if ((magic = m.open(MAGIC_MIME_TYPE)) != NULL) {
		if (m.load(magic, NULL) == 0 && lseek(fd, 0, SEEK_SET) == 0 &&
		    (type = m.descriptor(magic, fd)) != NULL) {
			snprintf(blob->mime, sizeof blob->mime, "%s", type);
			*why = NULL;
			rc = 0;
		}
		m.close(magic);
	}
	dlclose(m.library);
	return rc;
}

int
ml_blob_look(struct ml_blob *blob, const char *path, int find_mime,
    const char **why)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = -1, error;

	*why = NULL;
	memset(blob, 0, sizeof *blob);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		*why = "not a regular file";
	else
		rc = hash_file(blob, fd);
	if (rc == 0 && find_mime)
		rc = find_type(blob, fd, why);
	error = errno;
	close(fd);
	errno = error;
	return rc;
}
