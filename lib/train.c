/* train - events of a feed that needs seals, one behind the other */
#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "seal.h"
#include "train.h"

#define JOB_SEALS 8			/* verified by one thread in one go */
#define KEPT_BYTES (1024 * 1024)	/* that wait from group to group */
#define NONE UINT32_MAX

struct car {
	const struct ml_event *e;
	uint32_t next;
	enum { UNTRIED, GOOD, BAD } seal;
};

/* By feed index.  NONE: there is no train. */
struct row {
	uint32_t first, last;
};

struct job {
	struct car *car[JOB_SEALS];
	uint8_t public[JOB_SEALS][ML_PUBLIC_LEN];
	size_t n;
	struct ml_buf body;
	int failed;			/* memory ran out */
};

/* Copies of events, when their group has ended. */
struct kept {
	struct ml_event *e;
	struct ml_buf text;
};

struct ml_trains {
	struct car *car;
	size_t cars, car_room;
	size_t coupled;
	struct row *row;
	size_t rows;
	struct ml_crew *crew;
	struct job job[ML_CREW_JOBS];	/* those out, then one to be filled */
	size_t at;			/* that one */
	struct kept kept, before;	/* to copy from the one into the other */
	size_t waiting;			/* bytes that may wait */
	int failed;
};

static void
verify(void *arg)
{
	struct job *j = arg;
	const char *why;
	size_t i;

	for (i = 0; i < j->n; i++) {
		why = ml_seal_verify(j->car[i]->e, j->public[i], &j->body);
		j->failed |= why == ML_NO_MEMORY;
		j->car[i]->seal = why == NULL ? GOOD : BAD;
	}
}

struct ml_trains *
ml_trains_new(void)
{
	struct ml_trains *t = calloc(1, sizeof *t);

	if (t != NULL && (t->crew = ml_crew_new(verify, 0)) == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

void
ml_trains_free(struct ml_trains *t)
{
	size_t i;

	if (t == NULL)
		return;
	ml_crew_free(t->crew);
	for (i = 0; i < ML_CREW_JOBS; i++)
		ml_buf_free(&t->job[i].body);
	ml_buf_free(&t->kept.text);
	ml_buf_free(&t->before.text);
	free(t->kept.e);
	free(t->before.e);
	free(t->car);
	free(t->row);
	free(t);
}

static struct row *
row_of(struct ml_trains *t, const struct ml_feed *f)
{
	size_t n = f->index < 8 ? 16 : (size_t)f->index * 2;
	struct row *more;

	if (f->index < t->rows)
		return &t->row[f->index];
	if ((more = realloc(t->row, n * sizeof *more)) == NULL)
		return NULL;
	t->row = more;
	while (t->rows < n)
		t->row[t->rows++] = (struct row){ NONE, NONE };
	return &t->row[f->index];
}

/* A car at the end of all; they go when the last is uncoupled. */
static int
make_car(struct ml_trains *t, const struct ml_event *e, uint32_t *index)
{
	size_t room = t->car_room != 0 ? t->car_room * 2 : 1024;
	struct car *more;

	if (t->cars == t->car_room) {
		if (room > NONE || (more = realloc(t->car,
		    room * sizeof *more)) == NULL)
			return -1;
		t->car = more;
		t->car_room = room;
	}
	t->car[t->cars] = (struct car){ e, NONE, UNTRIED };
	*index = (uint32_t)t->cars++;
	t->coupled++;
	return 0;
}

static int
comes_next(const struct ml_trains *t, const struct row *row,
    const struct ml_feed *f, const struct ml_event *e)
{
	const struct ml_event *last;

	if (row->first == NONE)
		return f->seq == f->tip && (f->keyed || f->tip == 0) &&
		    ml_feed_judge(f, e) == ML_FIT_NEXT;
	last = t->car[row->last].e;
	return e->seq == last->seq + 1 && ml_event_follows(e, last->id);
}

int
ml_trains_add(struct ml_trains *t, const struct ml_feed *f,
    const struct ml_event *e)
{
	struct row *row = row_of(t, f);
	uint32_t index;

	if (row == NULL)
		return -1;
	if (!comes_next(t, row, f, e))
		return 0;
	if (make_car(t, e, &index) == -1)
		return -1;
	if (row->first == NONE)
		row->first = index;
	else
		t->car[row->last].next = index;
	row->last = index;
	return 1;
}

/* Wait for the oldest job. */
static void
take(struct ml_trains *t)
{
	struct job *j = ml_crew_take(t->crew);

	t->failed |= j->failed;
	j->failed = 0;
	j->n = 0;
}

static void
give(struct ml_trains *t)
{
	if (t->job[t->at].n == 0)
		return;
	/* one is always left to be filled */
	if (ml_crew_jobs(t->crew) == ML_CREW_JOBS - 1)
		take(t);
	ml_crew_give(t->crew, &t->job[t->at]);
	t->at = (t->at + 1) % ML_CREW_JOBS;
}

static void
verify_later(struct ml_trains *t, struct car *car,
    const uint8_t public[static ML_PUBLIC_LEN])
{
	struct job *j = &t->job[t->at];

	j->car[j->n] = car;
	memcpy(j->public[j->n], public, ML_PUBLIC_LEN);
	if (++j->n == JOB_SEALS)
		give(t);
}

/*
 * The seals that will be asked for if each is good: the farthest that may cover
 * what is before it, and so on behind that.
 */
static void
verify_train(struct ml_trains *t, const struct row *row,
    const struct ml_feed *f)
{
	uint8_t public[ML_PUBLIC_LEN];
	struct car *sealed;
	uint32_t at, from;
	unsigned n;

	if (row->first == NONE)
		return;
	if (f->keyed)
		memcpy(public, f->public, sizeof public);
	else if (ml_author_key(t->car[row->first].e, public) != NULL)
		return;
	for (from = row->first; from != NONE; from = sealed->next) {
		sealed = NULL;
		for (at = from, n = 0; at != NONE && n < ML_SEAL_RUN;
		    at = t->car[at].next, n++)
			if (t->car[at].e->seal.len > 0)
				sealed = &t->car[at];
		if (sealed == NULL)
			break;
		verify_later(t, sealed, public);
	}
}

int
ml_trains_verify(struct ml_trains *t, const struct ml_feeds *feeds)
{
	size_t i;

	t->failed = 0;
	if (t->coupled > 0)
		for (i = 0; i < t->rows && i < ml_feeds_count(feeds); i++)
			verify_train(t, &t->row[i], ml_feeds_at(feeds, i));
	give(t);
	while (ml_crew_jobs(t->crew) > 0)
		take(t);
	return t->failed ? -1 : 0;
}

size_t
ml_trains_run(const struct ml_trains *t, const struct ml_feed *f)
{
	uint32_t at = f->index < t->rows ? t->row[f->index].first : NONE;
	size_t n;

	for (n = 1; at != NONE && t->car[at].seal != BAD; n++) {
		if (t->car[at].seal == GOOD)
			return n;
		at = t->car[at].next;
	}
	return 0;
}

static const struct ml_event *
next(struct ml_trains *t, struct row *row)
{
	const struct car *car;

	if (row->first == NONE)
		return NULL;
	car = &t->car[row->first];
	row->first = car->next;
	if (--t->coupled == 0)
		t->cars = 0;
	return car->e;
}

const struct ml_event *
ml_trains_next(struct ml_trains *t, const struct ml_feed *f)
{
	return f->index < t->rows ? next(t, &t->row[f->index]) : NULL;
}

const struct ml_event *
ml_trains_any(struct ml_trains *t)
{
	size_t i;

	for (i = 0; t->coupled > 0 && i < t->rows; i++)
		if (t->row[i].first != NONE)
			return next(t, &t->row[i]);
	return NULL;
}

int
ml_trains_has(const struct ml_trains *t, const struct ml_feed *f)
{
	return f->index < t->rows && t->row[f->index].first != NONE;
}

static size_t
bytes_of(const struct ml_event *e)
{
	return e->author.len + e->kind.len + e->payload.len + e->prev.len +
	    e->seal.len;
}

int
ml_trains_may_wait(struct ml_trains *t, const struct ml_feed *f)
{
	uint32_t at = f->index < t->rows ? t->row[f->index].first : NONE;
	size_t n, bytes = t->waiting;

	if (at == NONE)
		return 0;
	for (n = 0; at != NONE; at = t->car[at].next, n++) {
		bytes += bytes_of(t->car[at].e);
		if (t->car[at].e->seal.len > 0 || n == ML_SEAL_RUN - 1 ||
		    bytes > KEPT_BYTES)
			return 0;
	}
	t->waiting = bytes;
	return 1;
}

/* Room for all that is coupled. */
static int
make_room(struct ml_trains *t, struct kept *k, struct car **car)
{
	struct ml_event *e;

	ml_buf_clear(&k->text);
	if (ml_buf_room(&k->text, t->waiting) == NULL ||
	    (e = realloc(k->e, t->coupled * sizeof *e)) == NULL)
		return -1;
	k->e = e;
	t->car_room = t->coupled < 1024 ? 1024 : t->coupled;
	return (*car = calloc(t->car_room, sizeof **car)) == NULL ? -1 : 0;
}

int
ml_trains_keep(struct ml_trains *t)
{
	struct kept k;
	struct car *car;
	uint32_t at, n = 0;
	size_t i;

	if (t->coupled == 0)
		return 0;
	if (make_room(t, &t->before, &car) == -1)
		return -1;
	k = t->before;
	for (i = 0; i < t->rows; i++) {
		if ((at = t->row[i].first) == NONE)
			continue;
		t->row[i].first = n;
		for (; at != NONE; at = t->car[at].next, n++) {
			ml_event_copy(&k.e[n], t->car[at].e, &k.text);
			car[n] = (struct car){ &k.e[n], n + 1, UNTRIED };
		}
		t->row[i].last = n - 1;
		car[n - 1].next = NONE;
	}
	t->before = t->kept;
	t->kept = k;
	free(t->car);
	t->car = car;
	t->cars = n;
	t->waiting = 0;
	return 0;
}
