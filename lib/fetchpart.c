/* fetchpart - a body under its temporary name, and what is told of it */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetchpart.h"
#include "file.h"

#define STATE ".http"
#define READ_LEN (16 * 1024)		/* bytes at a time */

int
ml_fetchpart_state(const char *path, struct ml_httpstate *state)
{
	char *name = ml_file_beside(path, STATE), text[ML_HTTPSTATE_MAX + 1];
	int fd = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC |
	    O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = -1;

	free(name);
	if (fd != -1) {
		n = ml_file_read_at(fd, text, sizeof text, 0);
		close(fd);
	}
	return n > 0 && ml_httpstate_read(state,
	    (struct ml_slice){ text, (size_t)n });
}

int
ml_fetchpart_is_newer(const char *path)
{
	char *name = ml_file_beside(path, STATE);
	struct stat file, state;
	int is_newer = 1;

	if (name != NULL && stat(path, &file) == 0 && stat(name, &state) == 0)
		is_newer = file.st_mtim.tv_sec != state.st_mtim.tv_sec ?
		    file.st_mtim.tv_sec > state.st_mtim.tv_sec :
		    file.st_mtim.tv_nsec > state.st_mtim.tv_nsec;
	free(name);
	return is_newer;
}

int
ml_fetchpart_note(const char *path, const struct ml_httpstate *state,
    int sync)
{
	char *name = ml_file_beside(path, STATE);
	struct ml_buf text = { 0 };
	int fd = -1, rc = -1;

	ml_httpstate_write(&text, state);
	if (name != NULL && !ml_buf_failed(&text))
		fd = sync ? ml_file_replace(name) : open(name, O_WRONLY |
		    O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd != -1 && (rc = ml_file_write(fd, text.p, text.len)) == 0 && sync)
		rc = ml_file_replaced(fd, name);
	else if (fd != -1 && sync)
		ml_file_replace_undo(fd, name);
	else if (fd != -1)
		close(fd);
	ml_buf_free(&text);
	free(name);
	return rc;
}

int
ml_fetchpart_forget(const char *path)
{
	char *name = ml_file_beside(path, STATE);
	int rc = name == NULL ? -1 : ml_file_remove(name);

	free(name);
	return rc;
}

/* Whether a name still leads to what is open. */
static int
is_still(int fd, const char *name)
{
	struct stat open_file, named;

	return fstat(fd, &open_file) == 0 && lstat(name, &named) == 0 &&
	    open_file.st_dev == named.st_dev &&
	    open_file.st_ino == named.st_ino;
}

int
ml_fetchpart_open(const char *part, const char *path, int flags)
{
	struct stat st;
	/* who may not read the old one may not read what comes either */
	mode_t mode = stat(path, &st) == 0 ? 0600 | (st.st_mode & 0066) : 0666;
	int fd = open(part, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
	    flags, mode), error;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		errno = EEXIST;		/* it is somebody's own */
	else if (ml_file_lock(fd, 0) == 0) {
		/* who had the lock may just have put it in its place */
		if (is_still(fd, part))
			return fd;
		errno = EAGAIN;
	}
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int
ml_fetchpart_has_hash(const char *path,
    const uint8_t hash[static SHA256_DIGEST_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t got[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;
	char bytes[READ_LEN];
	ssize_t n;

	if (fd == -1)
		return 0;
	sha256_init(&ctx);
	while ((n = ml_file_read(fd, bytes, sizeof bytes)) > 0)
		sha256_update(&ctx, (size_t)n, (const uint8_t *)bytes);
	close(fd);
	ml_sha256_end(&ctx, got);
	return n == 0 && memcmp(got, hash, sizeof got) == 0;
}

int
ml_fetchpart_commit(int fd, const char *part, const char *path)
{
	struct stat st;

	/* who may read the old one may read the new one, and nobody else */
	if (stat(path, &st) == 0 && fchmod(fd, st.st_mode & 0777) == -1)
		return -1;
	/* first the old state goes: it must never be told of the new body */
	if (ml_file_sync(fd) == -1 || ml_fetchpart_forget(path) == -1 ||
	    rename(part, path) == -1 || ml_fetchpart_forget(part) == -1)
		return -1;
	return ml_file_sync_dir(path);
}
