/* merger - one of two workers on its files */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "mailbox.h"
#include "merger.h"
#include "mergestate.h"
#include "sorted.h"
#include "turn.h"

#define LOOPS_MAX 16			/* little things done in one step */

struct ml_merger {
	struct ml_merger_files files;
	char *sorted_path;
	struct ml_merge m, kept;	/* as it is, and as on disk */
	struct ml_merge_port port;
	struct ml_sorted sorted;
	struct ml_inbox inbox;
	struct ml_outbox outbox;
	struct ml_turn output;
	struct ml_merger_fault fault;
};

/* For errno where why is NULL. */
static int
fail(struct ml_merger *w, const char *file, uint64_t line, const char *why)
{
	w->fault = (struct ml_merger_fault){ file, line, why };
	return -1;
}

static int
own(void *arg, uint64_t i, uint64_t *v)
{
	struct ml_merger *w = arg;

	return ml_sorted_get(&w->sorted, i, v) == -1 ?
	    fail(w, w->sorted_path, 0, NULL) : 0;
}

static int
receive(void *arg, struct ml_mergemsg *msg)
{
	struct ml_merger *w = arg;
	struct ml_slice line;
	const char *why;
	int rc;

	w->inbox.number = w->m.received;
	if ((rc = ml_inbox_next(&w->inbox, &line, &why)) == -1)
		return fail(w, w->files.inbox, why == ML_INBOX_CHANGED ?
		    w->m.received : 0, why);
	if (rc == 0)
		return 0;
	if (w->inbox.is_long)
		return fail(w, w->files.inbox, w->inbox.number,
		    "a line over 16 MiB");
	w->m.inbox_at = w->inbox.at;
	w->m.inbox_tail = w->inbox.tail;
	w->m.inbox_sum = w->inbox.sum;
	if ((why = ml_mergemsg_read(msg, line)) != NULL)
		return fail(w, w->files.inbox, w->inbox.number, why);
	return 1;
}

const struct ml_merge *
ml_merger_state(const struct ml_merger *w)
{
	return &w->m;
}

int
ml_merger_has_changed(const struct ml_merger *w)
{
	return memcmp(&w->m, &w->kept, sizeof w->m) != 0;
}

static int
keep_state(struct ml_merger *w)
{
	struct ml_buf text = { 0 };
	int rc = -1;

	ml_mergestate_write(&w->m, &text);
	if (ml_buf_failed(&text))
		errno = ENOMEM;
	else
		rc = ml_file_put(w->files.state, text.p, text.len);
	ml_buf_free(&text);
	if (rc == -1)
		return fail(w, w->files.state, 0, NULL);
	w->kept = w->m;
	return 0;
}

static int
keep(struct ml_merger *w)
{
	if (!ml_merger_has_changed(w))
		return 0;
	if (ml_turn_sync(&w->output) == -1)
		return fail(w, w->files.output, 0, NULL);
	if (w->m.outbox_at != w->kept.outbox_at &&
	    ml_outbox_sync(&w->outbox) == -1)
		return fail(w, w->files.outbox, 0, NULL);
	if (w->m.inbox_at != w->kept.inbox_at &&
	    ml_inbox_sync(&w->inbox) == -1)
		return fail(w, w->files.inbox, 0, NULL);
	if (keep_state(w) == -1)
		return -1;
	/* what was sorted is needed no more */
	if (w->m.phase == ML_MERGE_END && ml_file_remove(w->sorted_path) == -1)
		return fail(w, w->sorted_path, 0, NULL);
	return 0;
}

int
ml_merger_keep(struct ml_merger *w, struct ml_merger_fault *fault)
{
	int rc = keep(w);

	*fault = w->fault;
	return rc;
}

/* The turn has come: from now on all beyond this length is ours.  1, 0: not all
 * of it is there yet, -1. */
static int
take_output(struct ml_merger *w)
{
	const char *why;
	int rc = ml_turn_take(&w->output, w->m.output_len, &why);

	if (rc == -1)
		return fail(w, w->files.output, 0, why);
	if (rc == 1)
		w->m.touched = 1;
	return rc == 1 && keep(w) == -1 ? -1 : rc;
}

static int
write_output(struct ml_merger *w)
{
	struct ml_buf *out = &w->port.out;

	if (ml_buf_failed(out)) {
		errno = ENOMEM;
		return fail(w, w->files.output, 0, NULL);
	}
	if (ml_turn_write(&w->output, ml_buf_view(out),
	    w->m.output_len - out->len) == -1)
		return fail(w, w->files.output, 0, NULL);
	ml_buf_clear(out);
	return 0;
}

static int
send(struct ml_merger *w)
{
	struct ml_buf line = { 0 };
	int rc = -1;

	ml_mergemsg_write(&w->port.message, &line);
	ml_buf_byte(&line, '\n');
	if (ml_buf_failed(&line))
		errno = ENOMEM;
	else
		rc = ml_outbox_write(&w->outbox, ml_buf_view(&line));
	ml_buf_free(&line);
	if (rc == -1)
		return fail(w, w->files.outbox, 0, NULL);
	w->m.outbox_at = w->outbox.at;
	return 0;
}

/* A little of a step, as far as the files. */
static enum ml_merge_did
step_once(struct ml_merger *w, size_t *written)
{
	int had_turn = w->m.turn == 1, rc;
	enum ml_merge_did did;

	if (had_turn && !w->m.touched && (rc = take_output(w)) != 1)
		return rc == 0 ? ML_MERGE_WAITS : ML_MERGE_FAILED;
	w->port.why = NULL;
	did = ml_merge_step(&w->m, &w->port);
	*written += w->port.out.len;
	if (did == ML_MERGE_FAILED) {
		if (w->port.why != NULL)
			fail(w, w->files.inbox, w->m.received, w->port.why);
		return did;
	}
	if (write_output(w) == -1)
		return ML_MERGE_FAILED;
	if (had_turn && !w->m.turn) {
		if (keep(w) == -1)
			return ML_MERGE_FAILED;
		ml_turn_close(&w->output);
	}
	return did == ML_MERGE_SAID && send(w) == -1 ? ML_MERGE_FAILED : did;
}

enum ml_merge_did
ml_merger_step(struct ml_merger *w, struct ml_merger_fault *fault)
{
	enum ml_merge_did did = ML_MERGE_WORKED, now;
	size_t written = 0;
	unsigned i;

	for (i = 0; i < LOOPS_MAX && written < ML_MERGE_TEXT; i++) {
		now = step_once(w, &written);
		if (now == ML_MERGE_WAITS && i > 0)
			break;
		did = now;
		if (did != ML_MERGE_WORKED)
			break;
	}
	*fault = w->fault;
	return did;
}

static int
read_state(struct ml_merger *w)
{
	int fd = open(w->files.state, O_RDONLY | O_CLOEXEC);
	struct ml_buf text = { 0 };
	const char *why = NULL;
	char *to;
	ssize_t n = -1;

	if (fd == -1)
		return errno == ENOENT ? 0 : fail(w, w->files.state, 0, NULL);
	if ((to = ml_buf_room(&text, ML_MERGESTATE_LEN_MAX + 1)) == NULL)
		errno = ENOMEM;
	else if ((n = ml_file_read_at(fd, to, ML_MERGESTATE_LEN_MAX + 1, 0)) !=
	    -1)
		why = ml_mergestate_read(&w->m, (struct ml_slice){ to,
		    (size_t)n });
	close(fd);
	ml_buf_free(&text);
	if (n == -1 || why != NULL)
		return fail(w, w->files.state, 0, why);
	if (w->m.worker != (uint64_t)w->files.worker)
		return fail(w, w->files.state, 0, "the state of the other worker");
	/* who wrote it may have been killed before its name was safe */
	if (ml_file_sync_dir(w->files.state) == -1)
		return fail(w, w->files.state, 0, NULL);
	w->kept = w->m;
	return 1;
}

static int
open_sorted(struct ml_merger *w)
{
	return ml_sorted_open(&w->sorted, w->sorted_path) == -1 ?
	    fail(w, w->sorted_path, 0, NULL) : 0;
}

/* There is no state. */
static int
begin(struct ml_merger *w)
{
	uint64_t line, min = 0, max = 0, n;
	const char *why = ml_outbox_begin(&w->outbox);

	if (why != NULL)
		return fail(w, w->files.outbox, 0, why);
	if (ml_sorted_make(w->files.data, w->sorted_path, &line, &why) == -1)
		return fail(w, line > 0 ? w->files.data : w->sorted_path,
		    why != NULL ? line : 0, why);
	if (open_sorted(w) == -1)
		return -1;
	n = w->sorted.count;
	if (n > ML_MERGE_COUNT_MAX)
		return fail(w, w->files.data, 0, "more than 2^40 values");
	if (n > 0 && (own(w, 0, &min) == -1 || own(w, n - 1, &max) == -1))
		return -1;
	ml_merge_begin(&w->m, w->files.worker, n, min, max);
	return keep_state(w);
}

static int
resume(struct ml_merger *w)
{
	const char *why;

	if (w->m.phase == ML_MERGE_END)
		return ml_file_remove(w->sorted_path) == -1 ?
		    fail(w, w->sorted_path, 0, NULL) : 0;
	if (open_sorted(w) == -1)
		return -1;
	if (w->sorted.count != w->m.count)
		return fail(w, w->sorted_path, 0,
		    "not what the state speaks of");
	if (w->m.touched && ml_turn_resume(&w->output, w->m.output_len,
	    &why) == -1)
		return fail(w, w->files.output, 0, why);
	return 0;
}

static int
open_all(struct ml_merger *w)
{
	const char *why;
	int rc;

	/* its lock first: one process at a time works on a state */
	if (ml_outbox_open(&w->outbox, w->files.outbox, &why) == -1)
		return fail(w, w->files.outbox, 0, why);
	if ((rc = read_state(w)) == -1 ||
	    (rc == 1 ? resume(w) : begin(w)) == -1)
		return -1;
	if ((why = ml_outbox_resume(&w->outbox, w->m.outbox_at)) != NULL)
		return fail(w, w->files.outbox, 0, why);
	w->inbox = (struct ml_inbox){ .path = w->files.inbox,
	    .at = w->m.inbox_at, .tail = w->m.inbox_tail,
	    .sum = w->m.inbox_sum };
	return 0;
}

int
ml_merger_open(struct ml_merger **out, const struct ml_merger_files *files,
    struct ml_merger_fault *fault)
{
	struct ml_merger *w = calloc(1, sizeof *w);

	*out = w;
	*fault = (struct ml_merger_fault){ files->state, 0, NULL };
	if (w == NULL)
		return -1;
	w->files = *files;
	w->output = (struct ml_turn){ files->output, -1 };
	w->outbox.fd = w->sorted.fd = -1;
	w->port = (struct ml_merge_port){ .arg = w, .own = own,
	    .receive = receive };
	if ((w->sorted_path = ml_file_beside(files->state, ".sorted")) == NULL ||
	    open_all(w) == -1) {
		if (w->sorted_path != NULL)
			*fault = w->fault;
		return -1;
	}
	return 0;
}

void
ml_merger_free(struct ml_merger *w)
{
	if (w == NULL)
		return;
	ml_turn_close(&w->output);
	ml_inbox_close(&w->inbox);
	ml_outbox_close(&w->outbox);
	ml_sorted_close(&w->sorted);
	ml_buf_free(&w->port.out);
	free(w->sorted_path);
	free(w);
}
