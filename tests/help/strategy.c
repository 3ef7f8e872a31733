/*
 * strategy SIZE LOG - a logger as the document of ml-journal(1) sketches it, to
 * compare with: packets on stdin, requests and "ok N" on stdout.  It gathers
 * SIZE packets in memory, then writes them in order; what it asks for is what
 * was corrupt.  What it holds dies with its source.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "lines.h"
#include "packet.h"
#include "ranges.h"

struct held {
	uint64_t seq;
	char *body;
};

static struct ml_ranges *seen;
static struct held *held;
static size_t n;
static uint64_t last;
static int has_last;

static int
by_seq(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

static void
flush(FILE *log)
{
	size_t i;

	if (n > 0)
		qsort(held, n, sizeof *held, by_seq);
	for (i = 0; i < n; i++) {
		fprintf(log, "%llu,%s,%s\n", (unsigned long long)held[i].seq,
		    held[i].body, has_last && held[i].seq < last ? "LATE" :
		    "OK");
		if (!has_last || held[i].seq > last)
			last = held[i].seq;
		has_last = 1;
		free(held[i].body);
	}
	n = 0;
	fflush(log);
}

/* What a run before this one has written. */
static void
read_log(const char *path)
{
	FILE *log = fopen(path, "r");
	unsigned long long seq;

	if (log == NULL)
		return;
	while (fscanf(log, "%llu%*[^\n]", &seq) == 1) {
		ml_ranges_add(seen, seq);
		if (!has_last || seq > last)
			last = seq;
		has_last = 1;
	}
	fclose(log);
}

int
main(int argc, char *argv[])
{
	struct ml_lines lines = ml_lines_stream(0);
	size_t size = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	struct ml_buf scratch = { 0 }, body = { 0 };
	struct ml_packet p;
	struct ml_slice line;
	FILE *log;

	if (argc != 3 || size == 0)
		errx(2, "usage: strategy SIZE LOG");
	if ((seen = ml_ranges_new()) == NULL ||
	    (held = calloc(size, sizeof *held)) == NULL)
		err(111, NULL);
	read_log(argv[2]);
	if ((log = fopen(argv[2], "a")) == NULL)
		err(111, "%s", argv[2]);
	while (ml_lines_next(&lines, 1, &line) == ML_LINE_WHOLE) {
		if (ml_packet_read(&p, line, &scratch) != NULL)
			continue;
		if (p.is_end) {
			flush(log);
			return 0;
		}
		if (!p.is_intact) {
			printf("%llu\n", (unsigned long long)p.sequence);
		} else if (ml_ranges_add(seen, p.sequence) == 1) {
			ml_buf_clear(&body);
			ml_packet_body(&body, &p);
			ml_buf_byte(&body, '\0');
			held[n++] = (struct held){ p.sequence,
			    strdup(body.p) };
		}
		if (n == size)
			flush(log);
		printf("ok %llu\n", (unsigned long long)lines.number);
		fflush(stdout);
	}
	return 111;
}
