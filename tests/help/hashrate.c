/*
 * hashrate - how fast libsodium's SHA-256 alone goes over the canonical bodies
 * of a file's events.  Reading the file and making the bodies is not counted.
 */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "event.h"
#include "lines.h"
#include "tool.h"

#define CHUNK (8 * 1024 * 1024)		/* bytes of bodies hashed at a time */

struct work {
	struct ml_buf bodies, lens;	/* lens: size_t, of each body */
	uint64_t count, bytes;		/* hashed so far */
	double seconds;
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
hash_all(struct work *w)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	const char *p = w->bodies.p;
	size_t i, len, n = w->lens.len / sizeof len;
	double from;

	if (ml_buf_failed(&w->bodies) || ml_buf_failed(&w->lens))
		ml_no_memory();
	from = now();
	for (i = 0; i < n; i++, p += len) {
		memcpy(&len, w->lens.p + i * sizeof len, sizeof len);
		crypto_hash_sha256(hash, (const unsigned char *)p, len);
	}
	w->seconds += now() - from;
	w->count += n;
	w->bytes += w->bodies.len;
	ml_buf_clear(&w->bodies);
	ml_buf_clear(&w->lens);
}

static void
add_body(struct work *w, const struct ml_event *e)
{
	size_t from = w->bodies.len, len;

	ml_event_body(e, &w->bodies);
	len = w->bodies.len - from;
	ml_buf_add(&w->lens, &len, sizeof len);
	if (w->bodies.len >= CHUNK)
		hash_all(w);
}

int
main(int argc, char *argv[])
{
	struct work w = { 0 };
	struct ml_buf scratch = { 0 };
	struct ml_lines lines;
	struct ml_slice line;
	struct ml_event e;
	enum ml_line got;
	const char *why;
	int fd;

	if (argc != 2) {
		fputs("usage: hashrate FILE\n", stderr);
		return ML_USAGE;
	}
	if (sodium_init() == -1)
		ml_no_memory();
	if ((fd = open(argv[1], O_RDONLY | O_CLOEXEC)) == -1)
		ml_die(argv[1], NULL);
	lines = ml_lines_stream(fd);
	while ((got = ml_lines_next(&lines, 1, &line)) > ML_LINE_END) {
		if ((why = ml_event_read(&e, line, &scratch)) != NULL)
			ml_die(argv[1], why);
		add_body(&w, &e);
	}
	if (got == ML_LINE_ERROR)
		ml_die(argv[1], NULL);
	hash_all(&w);
	if (w.count == 0 || w.seconds <= 0)
		ml_die(argv[1], "no events");
	printf("%.0f bodies/s %.1f MB/s\n", (double)w.count / w.seconds,
	    (double)w.bytes / w.seconds / 1e6);
	ml_lines_free(&lines);
	ml_buf_free(&w.bodies);
	ml_buf_free(&w.lens);
	ml_buf_free(&scratch);
	close(fd);
	ml_close_stdout();
	return ML_OK;
}
