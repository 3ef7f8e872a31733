/* fetchbudget - the file of tokens for retries that all runs share */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fetchwork.h"
#include "file.h"
#include "httptokens.h"

#define LOCK_S 10.0			/* that others may have it for */

/* Give and take: 1, or 0 where there is nothing to take; -1 with errno. */
static int
change(int fd, struct ml_slice host, int by)
{
	char text[ML_HTTPTOKENS_MAX];
	struct ml_buf out = { 0 };
	ssize_t n = ml_file_read_at(fd, text, sizeof text, 0);
	struct ml_slice had = { text, n > 0 ? (size_t)n : 0 };
	int tokens, rc = -1;

	if (n == -1)
		return -1;
	tokens = ml_httptokens_get(had, host) + by;
	if (tokens < 0 || tokens > ML_HTTPTOKENS_FULL)
		return tokens > 0;
	ml_httptokens_set(&out, had, host, tokens);
	if (ml_buf_failed(&out))
		errno = ENOMEM;
	/* torn by a crash, it has lines that are none: a few tokens more */
	else if (ml_file_write_at(fd, out.p, out.len, 0) == 0 &&
	    ftruncate(fd, (off_t)out.len) == 0)
		rc = 1;
	ml_buf_free(&out);
	return rc;
}

static int
open_and_change(const char *path, const char *host, int by)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666), rc = -1;
	int error;

	if (fd == -1)
		return -1;
	if (ml_file_lock(fd, LOCK_S) == 0)
		rc = change(fd, (struct ml_slice){ host, strlen(host) }, by);
	error = errno;
	close(fd);
	errno = error;
	return rc;
}

int
ml_fetchbudget_take(const char *path, const char *host)
{
	return open_and_change(path, host, -1);
}

int
ml_fetchbudget_give(const char *path, const char *host)
{
	return open_and_change(path, host, 1) == -1 ? -1 : 0;
}
