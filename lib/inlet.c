/* inlet - lines of a stream into a log */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "inlet.h"

#define LOADS ((ML_INLET_GROUP + ML_INLET_AHEAD) / ML_BATCH_BYTES + 2)

/* Lines on their way, and what the log was when some were known there. */
struct load {
	struct ml_batch batch;
	unsigned generation;
};

struct ml_inlet {
	struct ml_inlet_options o;
	struct ml_intake *intake;
	struct ml_crew *crew;
	struct load load[LOADS];	/* at their numbers modulo that: */
	size_t first, decided;		/* those of a group, */
	size_t given;			/* those that the crew has, and one */
	size_t ahead_bytes;		/* of all but that one */
	const struct ml_batch_item *current;	/* that is decided on */
	uint64_t groups, items, stored, safe;
	int committing;			/* a group's end */
	const char *why;
};

static struct load *
load_at(struct ml_inlet *in, size_t number)
{
	return &in->load[number % LOADS];
}

static int
no_memory(struct ml_inlet *in)
{
	in->why = ML_NO_MEMORY;
	return -1;
}

/* Where an event that was decided on stands in the input, or NULL. */
static const struct ml_batch_item *
item_of(struct ml_inlet *in, const struct ml_event *e)
{
	const struct ml_batch_item *item;
	const struct ml_batch *b;
	size_t at;

	if (in->current != NULL && e == &in->current->e)
		return in->current;
	for (at = in->first; at < in->decided; at++) {
		b = &load_at(in, at)->batch;
		for (item = b->item; item < b->item + b->items; item++)
			if (item->kind == ML_BATCH_EVENT &&
			    memcmp(item->e.id, e->id, sizeof e->id) == 0 &&
			    ml_slice_same(item->e.seal, e->seal))
				return item;
	}
	return NULL;
}

static void
told(void *arg, enum ml_verdict verdict, const struct ml_event *e,
    const char *why)
{
	struct ml_inlet *in = arg;
	const struct ml_batch_item *item = in->current;

	/* it takes a search, so where somebody is to be named */
	if (why != NULL || verdict == ML_DROPPED)
		item = item_of(in, e);
	/* what came in this group is refused; what others left is not ours */
	if (verdict == ML_DROPPED && item != NULL) {
		verdict = ML_REFUSED;
		why = "seal: none that verifies, and its seq is taken";
	}
	in->stored += verdict == ML_STORED;
	in->o.decided(in->o.arg, verdict, e, why, item);
}

static void
bad_held(void *arg, const char *path, uint64_t line, const char *why)
{
	struct ml_inlet *in = arg;

	in->o.bad_held(in->o.arg, path, line, why);
}

struct ml_inlet *
ml_inlet_new(const struct ml_inlet_options *o)
{
	struct ml_inlet *in = calloc(1, sizeof *in);

	if (in == NULL)
		return NULL;
	in->o = *o;
	in->intake = ml_intake_new(o->log, o->trust, o->own, in, told,
	    bad_held);
	in->crew = ml_crew_new(ml_batch_work, 0);
	if (in->intake == NULL || in->crew == NULL) {
		ml_inlet_free(in);
		return NULL;
	}
	return in;
}

void
ml_inlet_free(struct ml_inlet *in)
{
	size_t at;

	if (in == NULL)
		return;
	ml_intake_free(in->intake);
	ml_crew_free(in->crew);
	for (at = 0; at < LOADS; at++)
		ml_batch_free(&in->load[at].batch);
	free(in);
}

void
ml_inlet_trust(struct ml_inlet *in, const struct ml_trust *trust)
{
	in->o.trust = trust;
	ml_intake_trust(in->intake, trust);
}

/* Evidence as it came, unless that is longer than an event may be. */
static int
refuse(struct ml_inlet *in, const struct ml_batch_item *item)
{
	struct ml_buf text = { 0 };
	int rc;

	in->o.refused(in->o.arg, item);
	if (item->text.len <= ML_EVENT_MAX)
		return ml_intake_refuse(in->intake, item->why, item->text);
	ml_event_write(&item->e, &text);
	rc = ml_intake_refuse(in->intake, item->why, ml_buf_view(&text));
	ml_buf_free(&text);
	return rc;
}

/* A line that the log had before it was locked: it has it still, unless it is
 * another log by now. */
static int
offer_known(struct ml_inlet *in, struct load *load,
    struct ml_batch_item *item)
{
	int same = load->generation == ml_log_generation(in->o.log);

	if (same && !in->o.all) {
		in->o.decided(in->o.arg, ML_HAD, NULL, NULL, item);
		return 0;
	}
	ml_batch_read_known(&load->batch, item);
	if (load->batch.failed)
		return no_memory(in);
	if (item->why != NULL) {
		in->o.broken(in->o.arg, item);
		return refuse(in, item);
	}
	if (!same)
		return ml_intake_offer(in->intake, &item->e);
	in->o.decided(in->o.arg, ML_HAD, &item->e, NULL, item);
	return 0;
}

static int
offer(struct ml_inlet *in, struct load *load, struct ml_batch_item *item)
{
	in->current = item;
	in->items++;
	if (item->kind == ML_BATCH_KNOWN)
		return offer_known(in, load, item);
	if (item->kind == ML_BATCH_BROKEN)
		return 0;		/* that was all to say of it */
	return item->why != NULL ? refuse(in, item) :
	    ml_intake_offer(in->intake, &item->e);
}

/* What is wrong with the items of a batch: 1, 0 if it has more of them, -1. */
static int
complain(struct ml_inlet *in, const struct ml_batch *b)
{
	const struct ml_batch_item *item;

	if (b->failed)
		return no_memory(in);
	for (item = b->item; item < b->item + b->items; item++)
		if (item->why != NULL)
			in->o.broken(in->o.arg, item);
	return !ml_batch_has_more(b);
}

/*
 * The oldest lines, read and verified, until there are enough for one sync: one
 * that has more than fits goes on where the last group has left it.
 */
static int
take_group(struct ml_inlet *in)
{
	struct ml_batch *b;
	size_t bytes = 0;
	int whole = in->first == in->decided ? 1 :
	    complain(in, &load_at(in, in->first)->batch);

	while (whole == 1 && bytes < ML_INLET_GROUP &&
	    (b = ml_crew_take(in->crew)) != NULL) {
		whole = complain(in, b);
		bytes += b->text.len;
		in->decided++;
	}
	in->ahead_bytes -= bytes;
	return whole == -1 ? -1 : 0;
}

/* What was decided on is told: it need not stay, and what it left may come. */
static void
drop_group(struct ml_inlet *in)
{
	struct ml_batch *b;

	for (; in->first < in->decided; in->first++) {
		b = &load_at(in, in->first)->batch;
		if (ml_batch_has_more(b)) {
			ml_batch_go_on(b);
			break;
		}
		ml_batch_clear(b);
	}
}

/* Offer all of a group; *more: there is more of its last line. */
static int
offer_group(struct ml_inlet *in, int *more)
{
	struct ml_batch_item *item;
	struct load *load;
	size_t at;

	*more = 0;
	for (at = in->first; at < in->decided; at++) {
		load = load_at(in, at);
		*more = ml_batch_has_more(&load->batch);
		for (item = load->batch.item;
		    item < load->batch.item + load->batch.items; item++)
			if (offer(in, load, item) == -1)
				return -1;
	}
	in->current = NULL;
	return 0;
}

/* Decide on the oldest group, make it last, and only then say so. */
static int
commit_group(struct ml_inlet *in, double seconds)
{
	int more;

	in->why = NULL;
	if (take_group(in) == -1)
		return -1;
	in->groups++;
	if (ml_intake_begin(in->intake, seconds, in->o.clock_ms(),
	    &in->why) == -1 || offer_group(in, &more) == -1)
		return -1;
	in->committing = 1;
	/* what is told must be so, and on the disk */
	if (ml_intake_commit(in->intake, !in->o.all &&
	    (more || in->decided < in->given)) == -1)
		return -1;
	in->committing = 0;
	in->safe = in->stored;
	drop_group(in);
	in->o.committed(in->o.arg);
	return 0;
}

/* The lines gathered so far are for the crew to read. */
static int
hand_over(struct ml_inlet *in)
{
	struct ml_batch *b = &load_at(in, in->given)->batch;

	in->ahead_bytes += b->text.len;
	ml_crew_give(in->crew, b);
	in->given++;
	/* one is always left to be filled */
	while (in->ahead_bytes >= ML_INLET_GROUP + ML_INLET_AHEAD ||
	    in->given - in->first == LOADS - 1)
		if (commit_group(in, in->o.wait) == -1)
			return -1;
	return 0;
}

int
ml_inlet_line(struct ml_inlet *in, const struct ml_lines *l,
    enum ml_line got, struct ml_slice line)
{
	struct load *load;

	if (ml_batch_full(&load_at(in, in->given)->batch, line.len) &&
	    hand_over(in) == -1)
		return -1;
	load = load_at(in, in->given);
	load->generation = ml_log_generation(in->o.log);
	if (got == ML_LINE_LONG)
		ml_batch_add_broken(&load->batch, "a line over 16 MiB",
		    l->number, l->offset, l->next - l->offset);
	else if (ml_intake_has_line(in->intake, line))
		ml_batch_add_known(&load->batch, line, l->number, l->offset);
	else
		ml_batch_add(&load->batch, line, l->number, l->offset);
	/* it has no line to be pending for */
	return load->batch.failed ? no_memory(in) : 0;
}

int
ml_inlet_is_pending(const struct ml_inlet *in)
{
	return in->first < in->given ||
	    in->load[in->given % LOADS].batch.lines > 0;
}

int
ml_inlet_commit(struct ml_inlet *in)
{
	if (load_at(in, in->given)->batch.lines > 0 && hand_over(in) == -1)
		return -1;
	while (in->first < in->given)
		if (commit_group(in, in->o.wait) == -1)
			return -1;
	return 0;
}

int
ml_inlet_catch_up(struct ml_inlet *in, double seconds)
{
	uint64_t groups = in->groups;

	if (ml_inlet_commit(in) == -1)
		return -1;
	return in->groups > groups ? 0 : commit_group(in, seconds);
}

const char *
ml_inlet_why(const struct ml_inlet *in)
{
	return in->why;
}

const char *
ml_inlet_failed(const struct ml_inlet *in)
{
	const char *failed = ml_intake_failed(in->intake);

	/* what was read before any group has failed no file */
	return failed != NULL ? failed : ml_log_path(in->o.log);
}

uint64_t
ml_inlet_stored(const struct ml_inlet *in, uint64_t *doubt)
{
	/* the log is written first: a sidecar's failure is not its own */
	int is_log = strcmp(ml_inlet_failed(in), ml_log_path(in->o.log)) == 0;
	uint64_t sure = is_log || !in->committing ? in->safe : in->stored;

	*doubt = in->stored - sure;
	return sure;
}

uint64_t
ml_inlet_items(const struct ml_inlet *in)
{
	return in->items;
}

uint64_t
ml_inlet_groups(const struct ml_inlet *in)
{
	return in->groups;
}

uint64_t
ml_inlet_dropped(const struct ml_inlet *in)
{
	return ml_intake_dropped(in->intake);
}

size_t
ml_inlet_held(const struct ml_inlet *in)
{
	return ml_intake_held(in->intake);
}
