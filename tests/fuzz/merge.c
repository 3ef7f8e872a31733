/*
 * merge: whatever a peer says to a worker, it waits, goes on, or refuses; its
 * own values come out in order, none twice; and each state that it comes to is
 * read as it was written.
 */
#include <assert.h>
#include <stdlib.h>

#include "merge.h"
#include "mergestate.h"

#define COUNT_MAX 40
#define STEPS_MAX 4000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct peer {
	struct ml_slice rest;		/* lines, of which each is a message */
	const char *why;
};

static int
own(void *arg, uint64_t i, uint64_t *v)
{
	(void)arg;
	assert(i < COUNT_MAX);
	*v = (UINT64_C(1) << 31) + 3 * i;
	return 0;
}

static int
receive(void *arg, struct ml_mergemsg *m)
{
	struct peer *p = arg;
	struct ml_buf again = { 0 };
	struct ml_mergemsg same;
	const char *newline = p->rest.len > 0 ?
	    memchr(p->rest.p, '\n', p->rest.len) : NULL;
	struct ml_slice line = { p->rest.p, newline != NULL ?
	    (size_t)(newline - p->rest.p) : 0 };

	if (newline == NULL)
		return 0;
	p->rest.p += line.len + 1;
	p->rest.len -= line.len + 1;
	if ((p->why = ml_mergemsg_read(m, line)) != NULL)
		return -1;
	ml_mergemsg_write(m, &again);
	assert(ml_mergemsg_read(&same, ml_buf_view(&again)) == NULL &&
	    strcmp(same.type, m->type) == 0 && same.n == m->n &&
	    memcmp(same.value, m->value, m->n * sizeof m->value[0]) == 0);
	ml_buf_free(&again);
	return 1;
}

static void
check_state(const struct ml_merge *m)
{
	static struct ml_merge same;
	struct ml_buf text = { 0 }, again = { 0 };

	ml_mergestate_write(m, &text);
	assert(ml_mergestate_read(&same, ml_buf_view(&text)) == NULL);
	ml_mergestate_write(&same, &again);
	assert(ml_slice_same(ml_buf_view(&text), ml_buf_view(&again)));
	ml_buf_free(&text);
	ml_buf_free(&again);
}

/* The first byte: which worker, and how many values it has. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct ml_merge m;
	struct peer peer = { .why = NULL };
	struct ml_merge_port port = { .arg = &peer, .own = own,
	    .receive = receive };
	uint64_t count, min = 0, max = 0, told = 0;
	enum ml_merge_did did = ML_MERGE_WORKED;
	unsigned i;

	if (len == 0)
		return 0;
	peer.rest = (struct ml_slice){ (const char *)data + 1, len - 1 };
	count = (data[0] >> 1) % COUNT_MAX;
	if (count > 0) {
		own(NULL, 0, &min);
		own(NULL, count - 1, &max);
	}
	ml_merge_begin(&m, data[0] & 1, count, min, max);
	for (i = 0; i < STEPS_MAX && did > ML_MERGE_WAITS &&
	    did != ML_MERGE_ENDED; i++) {
		did = ml_merge_step(&m, &port);
		if (did == ML_MERGE_FAILED)
			break;
		check_state(&m);
		told = told > m.told ? told : m.told;
		assert(m.turn <= 1 && m.next <= count);
		assert(m.written <= count + told);
		ml_buf_clear(&port.out);
	}
	assert(did != ML_MERGE_FAILED || port.why != NULL || peer.why != NULL);
	ml_buf_free(&port.out);
	return 0;
}
