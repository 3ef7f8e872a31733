/* replay - a file of packets sent over a bad link, from where a run ended */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "dice.h"
#include "file.h"
#include "lines.h"
#include "packet.h"
#include "replay.h"
#include "replaystate.h"

#define SEED_MAX UINT64_C(9000000000000000)

struct place {
	uint64_t sequence, offset;
};

struct ml_replay {
	struct ml_noise_config config;
	struct ml_noise *noise;
	int fd, state_fd;
	struct ml_lines lines;		/* of the packets, from the beginning */
	struct place *place;		/* of those that are not lost, sorted */
	size_t places;
	struct ml_replaystate state;
	int is_changed;			/* the state, since it was written */
	uint64_t passed;
	size_t is_answering;		/* the first request: 0 or 1 */
	uint64_t dice;
};

void
ml_replay_free(struct ml_replay *r)
{
	if (r == NULL)
		return;
	ml_lines_free(&r->lines);
	ml_noise_free(r->noise);
	free(r->place);
	free(r->state.request);
	if (r->fd != -1)
		close(r->fd);
	if (r->state_fd != -1)
		close(r->state_fd);
	free(r);
}

uint64_t *
ml_replay_dice(struct ml_replay *r)
{
	return &r->dice;
}

int
ml_replay_save(struct ml_replay *r)
{
	struct ml_buf b = { 0 };
	int rc = -1;

	if (!r->is_changed)
		return 0;
	/* in place and at once: what stands behind the line is of no matter */
	ml_replaystate_write(&b, &r->state);
	if (ml_buf_failed(&b))
		errno = ENOMEM;
	else
		rc = ml_file_write_at(r->state_fd, b.p, b.len, 0);
	ml_buf_free(&b);
	r->is_changed = rc == -1;
	return rc;
}

static int
by_sequence(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

/* Where a packet lies that can be had, or NULL. */
static const struct place *
find_place(const struct ml_replay *r, uint64_t sequence)
{
	struct place key = { sequence, 0 };

	return r->places == 0 ? NULL :
	    bsearch(&key, r->place, r->places, sizeof key, by_sequence);
}

void
ml_replay_request(struct ml_replay *r, uint64_t sequence)
{
	struct ml_replaystate *s = &r->state;
	size_t i;

	/* the one that is being answered may be requested again */
	for (i = r->is_answering; i < s->requests; i++)
		if (s->request[i] == sequence)
			return;
	if (s->requests == ML_REPLAY_REQUESTS_MAX ||
	    find_place(r, sequence) == NULL)
		return;
	s->request[s->requests++] = sequence;
	r->is_changed = 1;
}

static int
open_state(struct ml_replay *r, int has_seed, const char *path,
    const char **why)
{
	uint64_t seed = r->config.seed;
	struct ml_lines l;
	struct ml_slice line;
	enum ml_line got;

	r->state_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (r->state_fd == -1)
		return -1;
	r->state.seed = seed;
	l = ml_lines_stream(r->state_fd);
	if ((got = ml_lines_next(&l, 1, &line)) == ML_LINE_WHOLE) {
		if (!ml_replaystate_read(&r->state, line))
			*why = "not a state of ml-noise";
		else if (has_seed && r->state.seed != seed)
			*why = "of another --seed: remove it, or keep to it";
	} else if (got == ML_LINE_END && !has_seed)
		r->state.seed = ((uint64_t)randombytes_random() << 32 |
		    randombytes_random()) % SEED_MAX;
	else if (got != ML_LINE_END)
		*why = "not a state of ml-noise";
	ml_lines_free(&l);
	r->config.seed = r->state.seed;
	r->state.run++;
	r->is_changed = 1;
	return *why != NULL ? -1 : ml_replay_save(r);
}

/* Where each packet that is not lost lies. */
static int
find_places(struct ml_replay *r)
{
	struct ml_lines l = ml_lines_stream(r->fd);
	struct ml_buf scratch = { 0 }, places = { 0 };
	struct place at = { 0, 0 };
	struct ml_packet p;
	struct ml_slice line;
	enum ml_line got;

	while ((got = ml_lines_next(&l, 1, &line)) > ML_LINE_END) {
		if (got == ML_LINE_LONG ||
		    ml_noise_is_lost(&r->config, l.number - 1) ||
		    ml_packet_read(&p, line, &scratch) != NULL || p.is_end)
			continue;
		at = (struct place){ p.sequence, l.offset };
		ml_buf_add(&places, &at, sizeof at);
	}
	ml_lines_free(&l);
	ml_buf_free(&scratch);
	if (ml_buf_failed(&places)) {
		errno = ENOMEM;
		got = ML_LINE_ERROR;
	}
	r->place = (struct place *)(void *)places.p;
	r->places = places.len / sizeof at;
	if (r->places > 0)
		qsort(r->place, r->places, sizeof at, by_sequence);
	return got == ML_LINE_ERROR ? -1 : 0;
}

int
ml_replay_open(struct ml_replay **out, struct ml_noise_config *config,
    int has_seed, const char *packets, const char *state, const char **why,
    const char **of)
{
	struct ml_replay *r = calloc(1, sizeof *r);
	off_t end;
	int error;

	*why = NULL;
	*of = packets;
	if (r == NULL)
		return -1;
	r->config = *config;
	r->state_fd = -1;
	r->state.request = calloc(ML_REPLAY_REQUESTS_MAX,
	    sizeof *r->state.request);
	r->fd = open(packets, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (r->state.request == NULL || r->fd == -1)
		goto failed;
	*of = state;
	if (open_state(r, has_seed, state, why) == -1)
		goto failed;
	*of = packets;
	if (find_places(r) == -1 || (end = lseek(r->fd, 0, SEEK_END)) == -1 ||
	    (r->noise = ml_noise_new(&r->config)) == NULL)
		goto failed;
	r->lines = ml_lines_range(r->fd, 0, (uint64_t)end, 0);
	r->dice = r->config.seed + r->state.run;
	(void)ml_dice(&r->dice);
	config->seed = r->config.seed;
	*out = r;
	return 0;
failed:
	error = errno;
	ml_replay_free(r);
	errno = error;
	return -1;
}

/* Append the packet that is requested first: 1; 0 if it cannot be had. */
static int
answer(struct ml_replay *r, struct ml_buf *out)
{
	const struct place *at = find_place(r, r->state.request[0]);
	struct ml_lines l;
	struct ml_slice line;
	int rc = 0;

	if (at == NULL)
		return 0;
	l = ml_lines_range(r->fd, at->offset, r->lines.end, 0);
	if (ml_lines_next(&l, 1, &line) > ML_LINE_END) {
		if (ml_dice_part(&r->dice) < r->config.corruption)
			ml_noise_damage(out, line, &r->dice);
		else {
			ml_buf_slice(out, line);
			ml_buf_byte(out, '\n');
		}
		rc = 1;
	}
	ml_lines_free(&l);
	return rc;
}

static void
drop_request(struct ml_replay *r)
{
	struct ml_replaystate *s = &r->state;

	r->is_answering = 0;
	r->is_changed = 1;
	s->requests--;
	memmove(s->request, s->request + 1, s->requests * sizeof *s->request);
}

/* Append what the link gives next: 1, 0 at the end, -1 with errno. */
static int
get(struct ml_replay *r, struct ml_buf *out)
{
	struct ml_slice line;
	enum ml_line got;

	while (!ml_noise_get(r->noise, out)) {
		got = ml_lines_next(&r->lines, 1, &line);
		if (got == ML_LINE_ERROR)
			return -1;
		if (got == ML_LINE_END) {
			ml_noise_end(r->noise);
			return ml_noise_get(r->noise, out);
		}
		if (ml_noise_put(r->noise, line) == -1) {
			errno = ENOMEM;
			return -1;
		}
	}
	return 1;
}

int
ml_replay_next(struct ml_replay *r, struct ml_buf *out, int *is_answer)
{
	size_t from = out->len;
	int rc;

	*is_answer = 1;
	while (r->state.requests > 0) {
		if (answer(r, out)) {
			r->is_answering = 1;
			return 1;
		}
		drop_request(r);
	}
	r->is_answering = 0;
	*is_answer = 0;
	while ((rc = get(r, out)) == 1 && r->passed < r->state.position) {
		r->passed++;		/* sent in a run before */
		out->len = from;
	}
	return rc;
}

int
ml_replay_sent(struct ml_replay *r)
{
	if (r->is_answering)
		drop_request(r);
	else {
		r->passed++;
		r->state.position++;
	}
	r->is_changed = 1;
	return ml_replay_save(r);
}

int
ml_replay_has_requests(const struct ml_replay *r)
{
	return r->state.requests > 0;
}
