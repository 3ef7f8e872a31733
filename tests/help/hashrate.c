/*
 * hashrate - how fast libsodium's SHA-256 alone goes over the canonical bodies
 * of a file's events; with -s, how fast its Ed25519 alone verifies seals over
 * the first of them.  Reading the file, making the bodies and signing them is
 * not counted.
 */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "event.h"
#include "lines.h"
#include "seal.h"
#include "tool.h"

#define CHUNK (8 * 1024 * 1024)		/* bytes of bodies hashed at a time */
#define VERIFIED_MAX 20000		/* seals */

struct work {
	struct ml_buf bodies, lens;	/* lens: size_t, of each body */
	uint64_t count, bytes;		/* hashed so far */
	double seconds;
	int seals;			/* verify instead */
	unsigned char public[crypto_sign_PUBLICKEYBYTES];
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
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
	const unsigned char *p = (const unsigned char *)w->bodies.p;
	size_t i, len, n = w->lens.len / sizeof len;
	double from;

	from = now();
	for (i = 0; i < n; i++, p += len) {
		memcpy(&len, w->lens.p + i * sizeof len, sizeof len);
		crypto_hash_sha256(hash, p, len);
	}
	w->seconds += now() - from;
}

static void
verify_all(struct work *w)
{
	const unsigned char *p = (const unsigned char *)w->bodies.p;
	size_t i, len, n = w->lens.len / sizeof len;
	struct ml_buf seals = { 0 };
	unsigned char *seal;
	double from;

	if ((seal = (unsigned char *)ml_buf_room(&seals, n * ML_SEAL_LEN + 1)) ==
	    NULL)
		ml_no_memory();
	for (i = 0; i < n; i++, p += len) {
		memcpy(&len, w->lens.p + i * sizeof len, sizeof len);
		crypto_sign_detached(seal + i * ML_SEAL_LEN, NULL, p, len,
		    w->secret);
	}
	p = (const unsigned char *)w->bodies.p;
	from = now();
	for (i = 0; i < n; i++, p += len) {
		memcpy(&len, w->lens.p + i * sizeof len, sizeof len);
		if (crypto_sign_verify_detached(seal + i * ML_SEAL_LEN, p, len,
		    w->public) == -1)
			ml_die("seal", "does not verify");
	}
	w->seconds += now() - from;
	ml_buf_free(&seals);
}

static void
work_all(struct work *w)
{
	if (ml_buf_failed(&w->bodies) || ml_buf_failed(&w->lens))
		ml_no_memory();
	(w->seals ? verify_all : hash_all)(w);
	w->count += w->lens.len / sizeof (size_t);
	w->bytes += w->bodies.len;
	ml_buf_clear(&w->bodies);
	ml_buf_clear(&w->lens);
}

static void
add_body(struct work *w, const struct ml_event *e)
{
	size_t from = w->bodies.len, len;

	if (w->seals)
		ml_buf_str(&w->bodies, ML_SEAL_CONTEXT);
	ml_event_body(e, &w->bodies);
	len = w->bodies.len - from;
	ml_buf_add(&w->lens, &len, sizeof len);
	if (w->bodies.len >= CHUNK)
		work_all(w);
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

	w.seals = argc == 3 && strcmp(argv[1], "-s") == 0;
	if (argc != 2 + w.seals) {
		fputs("usage: hashrate [-s] FILE\n", stderr);
		return ML_USAGE;
	}
	argv += w.seals;
	if (sodium_init() == -1)
		ml_no_memory();
	crypto_sign_keypair(w.public, w.secret);
	if ((fd = open(argv[1], O_RDONLY | O_CLOEXEC)) == -1)
		ml_die(argv[1], NULL);
	lines = ml_lines_stream(fd);
	while ((got = ml_lines_next(&lines, 1, &line)) > ML_LINE_END &&
	    (!w.seals || w.count + w.lens.len / sizeof (size_t) <
	    VERIFIED_MAX)) {
		if ((why = ml_event_read(&e, line, &scratch)) != NULL)
			ml_die(argv[1], why);
		add_body(&w, &e);
	}
	if (got == ML_LINE_ERROR)
		ml_die(argv[1], NULL);
	work_all(&w);
	if (w.count == 0 || w.seconds <= 0)
		ml_die(argv[1], "no events");
	printf("%.0f %s/s %.1f MB/s\n", (double)w.count / w.seconds,
	    w.seals ? "seals" : "bodies", (double)w.bytes / w.seconds / 1e6);
	ml_lines_free(&lines);
	ml_buf_free(&w.bodies);
	ml_buf_free(&w.lens);
	ml_buf_free(&scratch);
	close(fd);
	ml_close_stdout();
	return ML_OK;
}
