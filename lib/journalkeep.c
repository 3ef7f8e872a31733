/* journalkeep - what the sidecar of a packet log says */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "file.h"
#include "journalwork.h"
#include "lines.h"
#include "pending.h"
#include "refused.h"

#define SUM_BEFORE 4096		/* bytes of the log, to know it again by */

static void
keep(struct ml_journal *j, enum ml_pending_kind kind, size_t n,
    const uint64_t *number)
{
	struct ml_pending p = { .kind = kind, .n = n };

	memcpy(p.number, number, n * sizeof *number);
	ml_pending_write(&j->side, &p);
}

static void
keep_item(void *arg, const struct ml_reorder_item *i)
{
	struct ml_journal *j = arg;
	struct ml_pending p = { .kind = ML_PENDING_WAIT, .n = 2,
	    .number = { i->seq, (uint64_t)i->is_recovered },
	    .text = { i->text, i->len } };

	ml_pending_write(&j->side, &p);
}

static void
keep_ask(void *arg, const struct ml_reorder_ask *a)
{
	keep(arg, ML_PENDING_ASK, 5, (uint64_t[]){ a->seq, a->at, a->again,
	    a->tries, (uint64_t)a->exists });
}

void
ml_journal_keep(struct ml_journal *j, int all)
{
	ml_reorder_keep(j->window, all, j, keep_item, keep_ask);
}

void
ml_journal_keep_run(struct ml_journal *j)
{
	const struct ml_reorder_counts *c = ml_reorder_counts(j->window);
	const struct ml_reorder_learnt *l = ml_reorder_learnt(j->window);

	keep(j, ML_PENDING_RUN, 9, (uint64_t[]){ c->received, c->duplicates,
	    c->corrupt, c->requests, c->flushes, l->displacement[0],
	    l->displacement[1], l->answer[0], l->answer[1] });
}

/* What of a part lies behind an offset. */
static void
keep_part(struct ml_journal *j, struct ml_buf *part, size_t from)
{
	struct ml_pending p = { .kind = ML_PENDING_PART, .n = 1,
	    .number = { from } };

	ml_buf_byte(part, '|');
	if (ml_buf_failed(part))
		return;
	p.text = (struct ml_slice){ part->p + from, part->len - from };
	ml_pending_write(&j->side, &p);
	part->len--;
}

/* The part is about to change. */
static void
remember_part(struct ml_journal *j)
{
	ml_buf_clear(&j->before);
	ml_buf_slice(&j->before, ml_buf_view(&j->part));
}

int
ml_journal_keep_part(struct ml_journal *j, struct ml_slice part)
{
	size_t had = j->part.len;
	int is_other;

	if (part.len > ML_JOURNAL_PART_MAX)
		part.len = 0;
	is_other = part.len < had ||
	    (had > 0 && memcmp(part.p, j->part.p, had) != 0);
	if (!is_other && part.len == had)
		return 0;
	remember_part(j);
	if (is_other)
		ml_buf_clear(&j->part);
	had = j->part.len;
	ml_buf_add(&j->part, part.p + had, part.len - had);
	keep_part(j, &j->part, had);
	return ml_buf_failed(&j->part) ? (errno = ENOMEM, -1) : 0;
}

/* A sum of the last bytes before an offset of the log. */
static int
sum_before(const struct ml_journal *j, uint64_t offset, uint64_t *sum)
{
	char bytes[SUM_BEFORE];
	size_t len = offset < sizeof bytes ? (size_t)offset : sizeof bytes;
	ssize_t n = ml_file_read_at(j->fd, bytes, len, offset - len);

	if (n == -1)
		return -1;
	*sum = ml_pending_sum((struct ml_slice){ bytes, (size_t)n });
	return 0;
}

struct seen {
	struct ml_journal *j;
	struct ml_pending line;
};

static void
keep_range(void *arg, uint64_t low, uint64_t high)
{
	struct seen *s = arg;

	s->line.number[s->line.n++] = low;
	s->line.number[s->line.n++] = high;
	if (s->line.n == ML_PENDING_NUMBERS) {
		ml_pending_write(&s->j->side, &s->line);
		s->line.n = 0;
	}
}

int
ml_journal_keep_all(struct ml_journal *j)
{
	const struct ml_reorder_counts *c = ml_reorder_counts(j->window);
	struct seen s = { j, { .kind = ML_PENDING_SEEN } };
	uint64_t sum;

	if (sum_before(j, j->size, &sum) == -1)
		return -1;
	ml_buf_clear(&j->side);
	keep(j, ML_PENDING_LOG, 2, (uint64_t[]){ j->size, sum });
	keep(j, ML_PENDING_LOGGED, 4, (uint64_t[]){ c->written, c->late,
	    c->recovered, c->inversions });
	ml_reorder_each_written(j->window, &s, keep_range);
	if (s.line.n > 0)
		ml_pending_write(&j->side, &s.line);
	ml_journal_keep_run(j);
	keep(j, ML_PENDING_END, 0, (uint64_t[]){ 0 });
	ml_journal_keep(j, 1);
	if (j->before.len > 0)
		keep_part(j, &j->before, 0);
	if (j->before.len > 0 || j->part.len > 0)
		keep_part(j, &j->part, 0);
	if (!ml_buf_failed(&j->side) && !ml_buf_failed(&j->part) &&
	    !ml_buf_failed(&j->before))
		return 0;
	errno = ENOMEM;
	return -1;
}

/* What a line of the sidecar says.  Nothing is believed of the log unless all
 * that was written as a whole is there. */
static int
restore_line(struct ml_journal *j, const struct ml_pending *p)
{
	struct ml_reorder_counts *c = ml_reorder_counts(j->window);
	struct ml_reorder_learnt *l = ml_reorder_learnt(j->window);
	const uint64_t *n = p->number;
	size_t i;

	switch (p->kind) {
	case ML_PENDING_LOG:
		j->checkpoint_at = n[0];
		break;
	case ML_PENDING_LOGGED:
		c->written = n[0], c->late = n[1];
		c->recovered = n[2], c->inversions = n[3];
		break;
	case ML_PENDING_SEEN:
		for (i = 0; i < p->n; i += 2)
			if (ml_reorder_restore_range(j->window, n[i],
			    n[i + 1]) == -1)
				return -1;
		break;
	case ML_PENDING_RUN:
		c->received = n[0], c->duplicates = n[1], c->corrupt = n[2];
		c->requests = n[3], c->flushes = n[4];
		l->displacement[0] = (unsigned)n[5];
		l->displacement[1] = (unsigned)n[6];
		l->answer[0] = (unsigned)n[7], l->answer[1] = (unsigned)n[8];
		break;
	case ML_PENDING_WAIT:
		return ml_reorder_restore_item(j->window, n[0], n[1] != 0,
		    p->text);
	case ML_PENDING_ASK:
		return ml_reorder_restore_ask(j->window,
		    &(struct ml_reorder_ask){ .seq = n[0], .at = n[1],
		    .again = n[2], .tries = (unsigned)n[3],
		    .exists = n[4] != 0 });
	case ML_PENDING_PART:
		remember_part(j);
		if (n[0] <= j->part.len)
			j->part.len = (size_t)n[0];
		else
			ml_buf_clear(&j->part);
		if (n[0] == j->part.len)
			ml_buf_add(&j->part, p->text.p, p->text.len - 1);
		break;
	default:
		break;
	}
	return 0;
}

/* Whether a sidecar whose log is described so belongs to this one. */
static int
is_ours(struct ml_journal *j, const struct ml_pending *p, const char **why)
{
	uint64_t sum;

	if (p->kind != ML_PENDING_LOG)
		return 1;
	if (p->number[0] <= j->size &&
	    sum_before(j, p->number[0], &sum) == -1)
		return 0;
	if (p->number[0] <= j->size && sum == p->number[1])
		return 1;
	*why = "its .pending belongs to another log: remove it, or bring the "
	    "log back";
	return 0;
}

/*
 * Take in the sidecar: all of it, or of a damaged one what waits and was
 * requested.  *whole: it could be believed.
 */
static int
read_pending(struct ml_journal *j, int fd, int whole_only, int *whole,
    const char **why)
{
	struct ml_lines l = ml_lines_stream(fd);
	struct ml_pending p;
	struct ml_slice line;
	enum ml_line got;
	int rc = 0, has_ended = 0, damaged_before = 0;

	while (rc == 0 && (got = ml_lines_next(&l, 1, &line)) > ML_LINE_END) {
		if (got != ML_LINE_WHOLE || !ml_pending_read(&p, line)) {
			damaged_before |= !has_ended;
			continue;
		}
		if (!is_ours(j, &p, why))
			rc = -1;
		else if (whole_only || p.kind >= ML_PENDING_WAIT)
			rc = restore_line(j, &p);
		has_ended |= p.kind == ML_PENDING_END;
	}
	if (rc == 0 && got == ML_LINE_ERROR)
		rc = -1;
	ml_lines_free(&l);
	*whole = has_ended && !damaged_before;
	return rc;
}

static int
restore_pending(struct ml_journal *j, const char **why)
{
	int fd = open(j->pending, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc, whole;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	j->has_pending = 1;
	rc = read_pending(j, fd, 1, &whole, why);
	if (rc == 0 && !whole) {
		j->was_damaged = 1;
		j->checkpoint_at = 0;
		rc = ml_journal_window_new(j) == -1 ||
		    lseek(fd, 0, SEEK_SET) == -1 ? -1 :
		    read_pending(j, fd, 0, &whole, why);
	}
	close(fd);
	return rc;
}

/* Bytes that a torn write of ours can have left. */
static int
may_be_ours(struct ml_slice tail)
{
	static const char bytes[] = "0123456789abcdef,.+-E";
	size_t i;

	for (i = 0; i < tail.len && tail.p[i] != '\0'; i++)
		if (memchr(bytes, tail.p[i], sizeof bytes - 1) == NULL)
			return 0;
	for (; i < tail.len; i++)
		if (tail.p[i] != '\0')
			return 0;
	return 1;
}

/* A tail that is a packet gets its newline; any other goes to .refused. */
static int
mend_tail(struct ml_journal *j, struct ml_slice tail, uint64_t end, int64_t ms)
{
	enum ml_packet_status status;
	struct ml_refused *r;
	uint64_t seq;
	int rc;

	if (ml_packet_logged(tail, &seq, &status)) {
		j->size = end + 1;
		return ml_reorder_restore_written(j->window, seq, status) ==
		    -1 ? -1 : ml_file_write(j->fd, "\n", 1);
	}
	if ((r = ml_refused_new(j->path)) == NULL)
		return -1;
	rc = ml_refused_add(r, ms, "torn tail", tail) == -1 ||
	    ml_refused_commit(r) == -1 ? -1 : ftruncate(j->fd, (off_t)j->size);
	ml_refused_free(r);
	j->cut = end - j->size;
	return rc;
}

/* What the log holds behind the sidecar's part of it. */
static int
restore_log(struct ml_journal *j, int64_t ms, const char **why)
{
	uint64_t end = j->size, seq, good = 0;
	struct ml_lines l = ml_lines_range(j->fd, j->checkpoint_at, end, 0);
	enum ml_packet_status status;
	struct ml_slice line;
	enum ml_line got;
	int rc = 0;

	j->size = j->checkpoint_at;
	while (rc == 0 && (got = ml_lines_next(&l, 1, &line)) > ML_LINE_END &&
	    l.newline) {
		if (got == ML_LINE_LONG || !ml_packet_logged(line, &seq,
		    &status))
			j->damaged++;
		else {
			good++;
			rc = ml_reorder_restore_written(j->window, seq,
			    status);
		}
		j->size = l.next;
	}
	if (rc == 0 && got == ML_LINE_ERROR)
		rc = -1;
	/* with a sidecar it is ours, whatever a crash has left in it */
	if (rc == 0 && !j->has_pending && good == 0 && end > 0 &&
	    (j->damaged > 0 || (!may_be_ours(line) &&
	    !ml_packet_logged(line, &seq, &status)))) {
		*why = "not a log of packets: none is in it";
		rc = -1;
	}
	if (rc == 0 && got != ML_LINE_END)
		rc = mend_tail(j, line, end, ms);
	ml_lines_free(&l);
	return rc;
}

int
ml_journal_restore(struct ml_journal *j, int64_t ms, const char **why)
{
	off_t end = lseek(j->fd, 0, SEEK_END);

	if (end == -1)
		return -1;
	j->size = (uint64_t)end;
	j->log_unsynced = 1;		/* who wrote it may have been killed */
	return restore_pending(j, why) == -1 ||
	    restore_log(j, ms, why) == -1 ? -1 : 0;
}
