/* ahead - texts of a file, read before they are asked for */
#include <stdlib.h>

#include "ahead.h"
#include "crew.h"
#include "file.h"
#include "place.h"

#define TEXTS 64			/* read by one thread in one go */
#define OUT 8				/* so often */
#define JOBS (OUT + 2)			/* one is asked for, one filled */

struct job {
	int fd;
	size_t n, at;			/* places; those that were asked for */
	uint64_t place[TEXTS];
	size_t offset;			/* in text, of the next */
	struct ml_buf text;		/* of as many as could be read */
};

struct ml_ahead {
	struct ml_crew *crew;
	struct job job[JOBS];		/* at their numbers modulo that: */
	size_t current;			/* is asked for, if it is below taken */
	size_t taken, given;		/* given is being filled */
};

static void
work(void *arg)
{
	struct job *j = arg;
	ssize_t got;
	size_t i, len;
	char *to;

	for (i = 0; i < j->n; i++) {
		len = (size_t)ml_place_len(j->place[i]);
		if ((to = ml_buf_room(&j->text, len)) == NULL)
			break;
		got = ml_file_read_at(j->fd, to, len,
		    ml_place_offset(j->place[i]));
		if (got == -1 || (size_t)got < len)
			break;
		j->text.len += len;
	}
	j->n = i;
}

struct ml_ahead *
ml_ahead_new(void)
{
	struct ml_ahead *a = calloc(1, sizeof *a);

	if (a != NULL && (a->crew = ml_crew_new(work, 0)) == NULL) {
		free(a);
		return NULL;
	}
	return a;
}

void
ml_ahead_free(struct ml_ahead *a)
{
	size_t i;

	if (a == NULL)
		return;
	ml_crew_free(a->crew);
	for (i = 0; i < JOBS; i++)
		ml_buf_free(&a->job[i].text);
	free(a);
}

int
ml_ahead_wants(const struct ml_ahead *a)
{
	return ml_crew_jobs(a->crew) < OUT;
}

static void
clear(struct job *j)
{
	j->n = j->at = j->offset = 0;
	ml_buf_clear(&j->text);
}

void
ml_ahead_announce(struct ml_ahead *a, int fd, uint64_t place)
{
	struct job *j = &a->job[a->given % JOBS];

	if (j->n == 0)
		j->fd = fd;
	j->place[j->n++] = place;
	if (j->n < TEXTS)
		return;
	ml_crew_give(a->crew, j);
	clear(&a->job[++a->given % JOBS]);
}

int
ml_ahead_get(struct ml_ahead *a, uint64_t place, struct ml_slice *text)
{
	struct job *j = &a->job[a->current % JOBS];

	if (a->current == a->taken || j->at == j->n) {
		if (ml_crew_jobs(a->crew) == 0)
			return 0;
		a->current = a->taken++;
		j = ml_crew_take(a->crew);
	}
	if (j->at == j->n || j->place[j->at] != place)
		return 0;
	*text = (struct ml_slice){ j->text.p + j->offset,
	    (size_t)ml_place_len(place) };
	j->offset += text->len;
	j->at++;
	return 1;
}

void
ml_ahead_end(struct ml_ahead *a)
{
	while (ml_crew_take(a->crew) != NULL)
		continue;
	a->current = a->taken = a->given;
	clear(&a->job[a->given % JOBS]);
}
