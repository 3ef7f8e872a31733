/*
 * powercut - what a disk may hold after the power has failed, of what disk.so
 * has written down (tests/preload/disk.h).
 *
 *   powercut -b TRACE DIR     DIR's files are there and safe: into the trace
 *   powercut -t TRACE TEXT    a line is told: into the trace
 *   powercut -f TRACE DIR     make DIR as the whole trace leaves it
 *   powercut [-n COUNT] [-s SEED] [-1 STATE] TRACE DIR COMMAND [ARG ...]
 *       make DIR/disk as it may be after a cut, DIR/told what had been told by
 *       then and DIR/stamps for stamps.so, and run COMMAND in DIR/disk: for
 *       COUNT states, or that STATE alone.  Prints how many states there are,
 *       were tried, and failed.
 *
 * A state is a point in the trace and what of the operations before it counts.
 * Source: Pillai et al., All File Systems Are Not Created Equal, OSDI 2014
 * (ALICE), with the abstract file system that promises least:
 *   - What was done to a file's data and length is safe when an fsync of the
 *     file has returned; what was done to names, when one of the folder has.
 *   - Of all else, any subset may be there: later without earlier, a name
 *     before the data or the data before the name.  A rename is all or nothing.
 *   - A write may be there up to any byte, or but for a page.  Where it makes
 *     the file longer, the length may be there without the data (ext4 with
 *     data=writeback, XFS: then zeros; FAT: what lay there before, so anything).
 * That is more than ext4, xfs, btrfs, f2fs and FAT may do, but for a rename on
 * FAT, which can leave both names, or none; and for what no program can stand
 * against: a disk that says it has synced and has not, and a sector spoilt that
 * nobody was writing to.
 *
 * Of each point: everything, nothing of what is unsafe, all but one, one
 * alone, each write blank, the last one torn at multiples of 512 and at single
 * bytes, and mixtures.  They are too many: COUNT are drawn by SEED.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "replay.h"

#define SECTOR 512
#define TEARS 48			/* of one write, of each kind */

enum kind { ALL, NONE, WITHOUT, ONLY, TORN, MIXED };

struct state {
	uint64_t rank;			/* the least are tried */
	enum kind kind;
	enum fill fill;
	uint32_t point, which;
	size_t tear;
	uint64_t seed;
};

/* What becomes of an op that is not safe; 0: it has not taken place. */
static int
choose(const struct state *s, uint32_t i, const struct op *o, size_t *upto,
    enum fill *fill)
{
	uint64_t dice = mix(s->seed + i);

	*upto = o->r.data_len;
	*fill = NOTHING;
	switch (s->kind) {
	case ALL: return 1;
	case NONE: return 0;
	case WITHOUT: return i != s->which;
	case ONLY: return i == s->which;
	case TORN:
		if (i == s->which) {
			*upto = s->tear;
			*fill = s->fill;
		}
		return 1;
	case MIXED:
		if (o->r.op == DISK_WRITE && dice % 4 == 0) {
			*upto = (size_t)(dice >> 8) % (*upto + 1);
			*fill = (enum fill)((dice >> 4) % FILLS);
		}
		return dice % 4 != 1;
	}
	return 1;
}

static void
build(struct cut *c, const struct state *s)
{
	uint32_t i;
	enum fill fill;
	size_t upto;

	memset(c->at, 0, sizeof c->at);
	for (i = 0; i < c->files; i++)
		ml_buf_clear(&c->file[i].data);
	for (i = 0; i < s->point; i++) {
		const struct op *o = op_at(c, i);

		upto = o->r.data_len;
		fill = NOTHING;
		if (o->safe < s->point || choose(s, i, o, &upto, &fill))
			apply(c, o, upto, fill);
	}
}

static int
run(char *command[], const char *dir)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (chdir(dir) == 0)
			execvp(command[0], command);
		err(127, "%s", command[0]);
	}
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		err(111, NULL);
	return status;
}

static struct ml_buf states;		/* of struct state */

static void
add_state(struct cut *c, struct state s)
{
	uint64_t i = states.len / sizeof s;

	s.seed = mix(c->seed ^ mix(i));
	/* those that are most of all like what happens are drawn more often */
	s.rank = s.seed >> (s.kind == TORN && s.tear > 0 ? 0 :
	    s.kind == TORN || s.kind <= NONE ? 5 : 4);
	ml_buf_add(&states, &s, sizeof s);
}

/* The last write torn: at sectors, at bytes, and of it the length alone. */
static void
add_tears(struct cut *c, struct state s, const struct op *o)
{
	size_t i, first = SECTOR - (size_t)o->r.at % SECTOR,
	    len = o->r.data_len, sectors = first < len ?
	    (len - first - 1) / SECTOR + 1 : 0;

	s.kind = TORN;
	for (i = 0; i < FILLS * TEARS; i++) {
		s.fill = (enum fill)(i % FILLS);
		if (sectors > TEARS || i / FILLS < sectors) {
			s.tear = first + SECTOR * (sectors > TEARS ?
			    mix(c->seed + i) % sectors : i / FILLS);
			add_state(c, s);
		}
		if (len > TEARS || i / FILLS < len) {
			s.tear = i < FILLS ? 0 : len > TEARS ?
			    mix(c->seed - i) % len : i / FILLS;
			add_state(c, s);
		}
	}
}

static void
add_states(struct cut *c)
{
	const struct op *o;
	struct state s = { 0 };
	uint32_t i, last, unsafe;

	while (s.point < c->n && op_at(c, s.point)->r.op == DISK_BASE)
		s.point++;
	for (; s.point <= c->n; s.point++) {
		last = NEVER;
		s.kind = ALL;
		add_state(c, s);
		s.kind = NONE;
		add_state(c, s);
		for (unsafe = i = 0; i < s.point; i++) {
			o = op_at(c, i);
			if (o->safe < s.point || (!is_name_op(o->r.op) &&
			    (!is_data_op(o->r.op) || o->file == NOBODY)))
				continue;
			unsafe++;
			s.which = i;
			s.kind = WITHOUT;
			add_state(c, s);
			s.kind = ONLY;
			add_state(c, s);
			if (o->r.op != DISK_WRITE)
				continue;
			last = i;
			s.kind = TORN;
			s.tear = 0;
			for (s.fill = ZEROS; s.fill < FILLS; s.fill++)
				add_state(c, s);
		}
		s.fill = NOTHING;
		s.which = last;
		if (last != NEVER)
			add_tears(c, s, op_at(c, last));
		s.kind = MIXED;
		for (; unsafe > 1; unsafe--)
			add_state(c, s);
	}
	if (ml_buf_failed(&states))
		err(111, NULL);
}

static int
by_rank(const void *a, const void *b)
{
	const struct state *x = a, *y = b;

	return (x->rank > y->rank) - (x->rank < y->rank);
}

static int
try(struct cut *c, struct state *s, const char *dir, char *command[])
{
	struct ml_buf told = { 0 }, guises = { 0 };
	char disk[4096];
	int status;

	snprintf(disk, sizeof disk, "%s/disk", dir);
	build(c, s);
	write_disk(c, disk, &guises);
	write_told(c, s->point, &told);
	write_file(dir, "told", 4, ml_buf_view(&told), NULL);
	write_file(dir, "stamps", 6, ml_buf_view(&guises), NULL);
	ml_buf_free(&told);
	ml_buf_free(&guises);
	if ((status = run(command, disk)) != 0)
		warnx("state %llx: cut behind op %u of %u, kind %d, op %u, "
		    "byte %zu, fill %d: status %d", (unsigned long long)
		    s->rank, s->point, c->n, s->kind, s->which, s->tear,
		    s->fill, status);
	return status != 0;
}

int
main(int argc, char *argv[])
{
	struct cut c = { .seed = 1 };
	struct state *s;
	uint64_t one = 0;
	size_t count = 1000, i, n, tried = 0, failed = 0;
	int ch, base = 0, text = 0, final = 0;

	while ((ch = getopt(argc, argv, "+bftn:s:1:")) != -1)
		switch (ch) {
		case 'b': base = 1; break;
		case 'f': final = 1; break;
		case 't': text = 1; break;
		case 'n': count = strtoul(optarg, NULL, 10); break;
		case 's': c.seed = strtoul(optarg, NULL, 10); break;
		case '1': one = strtoull(optarg, NULL, 16); break;
		default: return 2;
		}
	argv += optind;
	if (argc - optind < 2 + (base + text + final == 0))
		return 2;
	if (base || text) {
		if (base)
			each_file(argv[1], argv[0]);
		else
			append(argv[0], (struct disk_record){ .op = DISK_SAID,
			    .data_len = (uint32_t)strlen(argv[1]) }, "said",
			    argv[1]);
		return 0;
	}
	read_trace(&c, argv[0]);
	if (final) {
		build(&c, &(struct state){ .kind = ALL, .point = c.n });
		write_disk(&c, argv[1], NULL);
		return 0;
	}
	add_states(&c);
	s = (struct state *)(void *)states.p;
	n = states.len / sizeof *s;
	qsort(s, n, sizeof *s, by_rank);
	for (i = 0; i < n && tried < count; i++)
		if (one == 0 || s[i].rank == one) {
			failed += (size_t)try(&c, &s[i], argv[1], argv + 2);
			tried++;
		}
	if (one != 0 && tried == 0)
		errx(2, "no state %llx", (unsigned long long)one);
	printf("%zu %zu %zu\n", n, tried, failed);
	return failed != 0;
}
