/*
 * mergeways WAY A B OUTPUT FOLDER - merge the sorted numbers of two files in a
 * way of the document's, step by step in turn, through message files in FOLDER:
 *
 *   all     A tells all that it has, ten in a message; B merges
 *   ranges  each writes what lies below the least that the other still has, then
 *           tells its own least
 *   bubble  in each round both tell their least; the lesser is written
 *
 * Prints "COMPARISONS-A COMPARISONS-B MESSAGES STEPS".  That the numbers come
 * sorted costs no comparison, as with ml-merge.
 */
#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "mergemsg.h"

#define COUNT_MAX 100000
#define NONE UINT32_MAX			/* for a least value: there is none */

struct worker {
	uint32_t v[COUNT_MAX];
	size_t n, at;
	FILE *in, *out;
	unsigned long comparisons, sent;
	uint32_t his;			/* the other's least */
	int tells, done;
	uint32_t heard[COUNT_MAX];
	size_t heard_n;
};

static struct worker worker[2];
static FILE *output;

static void
say(struct worker *w, const char *type, const uint32_t *v, unsigned n)
{
	struct ml_mergemsg m = { .n = n };
	struct ml_buf line = { 0 };

	memcpy(m.type, type, strlen(type));
	memcpy(m.value, v, n * sizeof *v);
	ml_mergemsg_write(&m, &line);
	ml_buf_byte(&line, '\n');
	if (fwrite(line.p, 1, line.len, w->out) != line.len ||
	    fflush(w->out) == EOF)
		err(111, "message");
	ml_buf_free(&line);
	w->sent++;
}

static int
hear(struct worker *w, struct ml_mergemsg *m)
{
	char line[256];

	clearerr(w->in);
	if (fgets(line, sizeof line, w->in) == NULL)
		return 0;
	if (ml_mergemsg_read(m, (struct ml_slice){ line, strlen(line) }) !=
	    NULL)
		errx(1, "not a message: %s", line);
	return 1;
}

static void
put(uint32_t v)
{
	fprintf(output, "%u\n", v);
	fflush(output);
}

static uint32_t
least(const struct worker *w)
{
	return w->at < w->n ? w->v[w->at] : NONE;
}

static void
merge_heard(struct worker *w)
{
	size_t i = 0;

	while (i < w->heard_n && w->at < w->n) {
		w->comparisons++;
		put(w->heard[i] < w->v[w->at] ? w->heard[i++] : w->v[w->at++]);
	}
	while (i < w->heard_n)
		put(w->heard[i++]);
	while (w->at < w->n)
		put(w->v[w->at++]);
}

static void
step_all(struct worker *w)
{
	struct ml_mergemsg m;
	unsigned n = 10;

	if (w == &worker[0]) {
		if (w->n - w->at < n)
			n = (unsigned)(w->n - w->at);
		say(w, n > 0 ? "DATA" : "DONE", w->v + w->at, n);
		w->at += n;
		w->done = n == 0;
	} else if (hear(w, &m)) {
		memcpy(w->heard + w->heard_n, m.value, m.n * sizeof m.value[0]);
		w->heard_n += m.n;
		if (m.n == 0) {
			merge_heard(w);
			w->done = 1;
		}
	}
}

/* A least value, or none, as a message has it. */
static void
say_least(struct worker *w)
{
	uint32_t v = least(w);

	say(w, v == NONE ? "DONE" : "RANGE", &v, v != NONE);
}

static int
hear_least(struct worker *w)
{
	struct ml_mergemsg m;

	if (!hear(w, &m))
		return 0;
	w->his = m.n > 0 ? m.value[0] : NONE;
	return 1;
}

/* Tell, unless that is done, then hear: 1 when both are done. */
static int
exchange(struct worker *w)
{
	if (w->tells)
		return hear_least(w);
	w->tells = 1;
	say_least(w);
	return 0;
}

/* At first both tell; then whoever has heard writes what he may. */
static void
step_ranges(struct worker *w)
{
	size_t was = w->at;

	if (!exchange(w))
		return;
	while (w->at < w->n) {
		if (w->his != NONE) {
			w->comparisons++;
			if (w->v[w->at] > w->his)
				break;
		}
		put(w->v[w->at++]);
	}
	if (w->at > was)
		say_least(w);
	w->done = w->at == w->n;
}

static void
step_bubble(struct worker *w)
{
	int wins;

	if (!exchange(w))
		return;
	/* the round in which both had none is the last one */
	w->done = least(w) == NONE && w->his == NONE;
	wins = least(w) != NONE;
	if (wins && w->his != NONE) {
		w->comparisons++;
		wins = w->v[w->at] < w->his;
	}
	if (wins)
		put(w->v[w->at++]);
	w->tells = 0;
}

static FILE *
open_file(const char *folder, const char *name, const char *mode)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof path, "%s%s%s", folder, *folder != '\0' ? "/" : "",
	    name);
	if ((f = fopen(path, mode)) == NULL)
		err(111, "%s", path);
	return f;
}

static void
read_numbers(struct worker *w, const char *path)
{
	FILE *in = open_file("", path, "r");

	while (w->n < COUNT_MAX && fscanf(in, "%u", &w->v[w->n]) == 1)
		w->n++;
	fclose(in);
}

int
main(int argc, char *argv[])
{
	static const char *const names[] = { "A_to_B.msg", "B_to_A.msg" };
	void (*step)(struct worker *) = NULL;
	unsigned long steps = 0;
	int i;

	if (argc == 6)
		step = strcmp(argv[1], "all") == 0 ? step_all :
		    strcmp(argv[1], "ranges") == 0 ? step_ranges :
		    strcmp(argv[1], "bubble") == 0 ? step_bubble : NULL;
	if (step == NULL)
		errx(2, "usage: mergeways all|ranges|bubble A B OUTPUT FOLDER");
	for (i = 0; i < 2; i++) {
		read_numbers(&worker[i], argv[2 + i]);
		worker[i].out = open_file(argv[5], names[i], "w");
	}
	for (i = 0; i < 2; i++)
		worker[i].in = open_file(argv[5], names[!i], "r");
	output = open_file("", argv[4], "w");
	for (; !worker[0].done || !worker[1].done; steps++) {
		if (steps > 100000)
			errx(1, "more than 100000 steps");
		if (!worker[steps % 2].done)
			step(&worker[steps % 2]);
	}
	printf("%lu %lu %lu %lu\n", worker[0].comparisons,
	    worker[1].comparisons, worker[0].sent + worker[1].sent, steps);
	return fclose(output) == EOF;
}
