/*
 * blob - a file to be attached: its SHA-256, size and MIME type.  The type is
 * what file --mime-type says: libmagic finds it, which is loaded only then.
 */
#ifndef ML_BLOB_H
#define ML_BLOB_H
#include <stdint.h>

#define ML_BLOB_HASH_HEX 64
#define ML_BLOB_MIME_MAX 255		/* bytes: RFC 6838 allows 127/127 */

struct ml_blob {
	char hash[ML_BLOB_HASH_HEX + 1];
	char mime[ML_BLOB_MIME_MAX + 1];
	int64_t size;			/* bytes */
	int fd;				/* these are blob.c's */
	struct ml_blob_magic *magic;
	const char *no_type;
};

/*
 * Open a regular file, and with find_mime what tells its type; then nothing
 * else need be opened.  0; or -1 with a reason in *why or, with that NULL,
 * errno.
 */
int ml_blob_open(struct ml_blob *blob, const char *path, int find_mime,
    const char **why);
/* Look at what is in it, and close it; without find_mime mime is left empty.
 * Likewise. */
int ml_blob_look(struct ml_blob *blob, const char **why);
#endif
