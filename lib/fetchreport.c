/* fetchreport - the log and the summary of a run of fetches, in files */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetchreport.h"
#include "file.h"

/* A name that is there and no file's, as /dev/null. */
static int
is_other(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 && !S_ISREG(st.st_mode);
}

int
ml_fetchreport_open(struct ml_fetchreport *r, const char *log)
{
	*r = (struct ml_fetchreport){ .log = -1 };
	if (log == NULL)
		return 0;
	if (strcmp(log, "-") == 0)
		r->log = STDERR_FILENO;
	else if (is_other(log))
		r->log = open(log, O_WRONLY | O_APPEND | O_CLOEXEC);
	else {
		r->log = open(log, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
		return r->log == -1 ? -1 : ml_file_end_line(r->log);
	}
	return r->log == -1 ? -1 : 0;
}

void
ml_fetchreport_note(struct ml_fetchreport *r, const struct ml_fetch_event *e,
    int64_t ms)
{
	struct ml_buf line = { 0 };

	ml_fetchlog_count(&r->summary, e);
	if (r->log == -1 || r->error != 0)
		return;
	ml_fetchlog_line(&line, e, ms);
	if (ml_buf_failed(&line))
		r->error = ENOMEM;
	else if (line.len > 0 && ml_file_write(r->log, line.p, line.len) == -1)
		r->error = errno;
	ml_buf_free(&line);
}

int
ml_fetchreport_summary(const struct ml_fetchreport *r, const char *name)
{
	int is_stderr = strcmp(name, "-") == 0;
	int is_file = !is_stderr && !is_other(name), fd, rc = -1;
	struct ml_buf text = { 0 };

	ml_fetchlog_summary(&text, &r->summary);
	fd = is_stderr ? STDERR_FILENO : is_file ? ml_file_replace(name) :
	    open(name, O_WRONLY | O_CLOEXEC);
	if (ml_buf_failed(&text))
		errno = ENOMEM;
	else if (fd != -1)
		rc = ml_file_write(fd, text.p, text.len);
	if (is_file && rc == 0)
		rc = ml_file_replaced(fd, name);
	else if (is_file && fd != -1)
		ml_file_replace_undo(fd, name);
	ml_buf_free(&text);
	return rc;
}
