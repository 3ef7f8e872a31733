/* fetchreport - the log and the summary of a run of fetches, in files */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fetchreport.h"
#include "file.h"

int
ml_fetchreport_open(struct ml_fetchreport *r, const char *log)
{
	*r = (struct ml_fetchreport){ .log = -1 };
	if (log == NULL)
		return 0;
	if (strcmp(log, "-") == 0)
		r->log = STDERR_FILENO;
	else if (ml_file_is_stream(log))
		r->log = ml_file_open_stream(log);
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

/* A link stays one. */
static int
put(const char *name, const struct ml_buf *text)
{
	char *path = ml_file_is_stream(name) ? strdup(name) :
	    ml_file_resolve(name);
	int rc = path == NULL ? -1 : ml_file_put(path, text->p, text->len);

	free(path);
	return rc;
}

int
ml_fetchreport_summary(const struct ml_fetchreport *r, const char *name)
{
	struct ml_buf text = { 0 };
	int rc = -1;

	ml_fetchlog_summary(&text, &r->summary);
	if (ml_buf_failed(&text))
		errno = ENOMEM;
	else
		rc = strcmp(name, "-") == 0 ?
		    ml_file_write(STDERR_FILENO, text.p, text.len) :
		    put(name, &text);
	ml_buf_free(&text);
	return rc;
}
