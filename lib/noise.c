/* noise - what a bad link does to lines */
#include <stdlib.h>

#include "dice.h"
#include "noise.h"
#include "packet.h"

#define WRONG_SUM UINT32_C(0xdeadbeef)	/* what a checksum is off by */

/* A line that is under way. */
struct copy {
	uint64_t due, order;		/* earlier put ones first */
	int is_damaged;
	struct ml_buf line;
};

struct ml_noise {
	struct ml_noise_config config;
	uint64_t lines, order;
	int has_ended;
	struct copy *heap;		/* the one that is due first is first */
	size_t n, room, bytes;
	uint64_t dice;			/* of damages */
};

struct ml_noise *
ml_noise_new(const struct ml_noise_config *config)
{
	struct ml_noise *n = calloc(1, sizeof *n);

	if (n == NULL)
		return NULL;
	n->config = *config;
	n->dice = config->seed;
	return n;
}

void
ml_noise_free(struct ml_noise *n)
{
	if (n == NULL)
		return;
	while (n->n > 0)
		ml_buf_free(&n->heap[--n->n].line);
	free(n->heap);
	free(n);
}

/* The dice of one line. */
static uint64_t
dice_of(const struct ml_noise_config *config, uint64_t number)
{
	uint64_t seed = config->seed, at = number;

	return ml_dice(&seed) ^ ml_dice(&at);
}

static int
falls(uint64_t *dice, double probability)
{
	return ml_dice_part(dice) < probability;
}

int
ml_noise_is_lost(const struct ml_noise_config *config, uint64_t number)
{
	uint64_t dice = dice_of(config, number);

	return falls(&dice, config->loss);
}

static int
is_before(const struct copy *a, const struct copy *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static int
push(struct ml_noise *n, uint64_t due, int is_damaged, struct ml_slice line)
{
	struct copy c = { due, n->order++, is_damaged, { 0 } }, *more;
	size_t i = n->n, room = 2 * n->room + 16;

	if (n->n == n->room) {
		if ((more = realloc(n->heap, room * sizeof *more)) == NULL)
			return -1;
		n->heap = more;
		n->room = room;
	}
	ml_buf_slice(&c.line, line);
	if (ml_buf_failed(&c.line))
		return -1;
	n->bytes += line.len;
	for (n->n++; i > 0 && is_before(&c, &n->heap[(i - 1) / 2]);
	    i = (i - 1) / 2)
		n->heap[i] = n->heap[(i - 1) / 2];
	n->heap[i] = c;
	return 0;
}

static struct copy
pop(struct ml_noise *n)
{
	struct copy first = n->heap[0], last = n->heap[--n->n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < n->n) {
		if (child + 1 < n->n &&
		    is_before(&n->heap[child + 1], &n->heap[child]))
			child++;
		if (!is_before(&n->heap[child], &last))
			break;
		n->heap[i] = n->heap[child];
		i = child;
	}
	n->heap[i] = last;
	return first;
}

int
ml_noise_put(struct ml_noise *n, struct ml_slice line)
{
	uint64_t number = n->lines++, dice = dice_of(&n->config, number), due;
	unsigned reorder = n->config.reorder;
	int is_damaged;

	if (falls(&dice, n->config.loss))
		return 0;
	due = number + ml_dice_below(&dice, reorder + UINT64_C(1));
	is_damaged = falls(&dice, n->config.corruption);
	if (push(n, due, is_damaged, line) == -1)
		return -1;
	if (!falls(&dice, n->config.duplicate))
		return 0;
	due += 1 + (reorder > 0 ? ml_dice_below(&dice, 2 * reorder) : 0);
	return push(n, due, is_damaged, line);
}

void
ml_noise_end(struct ml_noise *n)
{
	n->has_ended = 1;
}

void
ml_noise_damage(struct ml_buf *out, struct ml_slice line, uint64_t *dice)
{
	struct ml_buf scratch = { 0 };
	struct ml_packet p;
	size_t from = out->len;
	char *byte;

	if (ml_packet_read(&p, line, &scratch) == NULL && !p.is_end) {
		p.checksum ^= WRONG_SUM;
		ml_packet_write(out, &p);
	} else {
		ml_buf_slice(out, line);
		if (line.len > 0 && !ml_buf_failed(out)) {
			byte = out->p + from + ml_dice_below(dice, line.len);
			*byte = (char)(*byte ^ 1);
			if (*byte == '\n')
				*byte = (char)(*byte ^ 2);
		}
		ml_buf_byte(out, '\n');
	}
	ml_buf_free(&scratch);
}

int
ml_noise_get(struct ml_noise *n, struct ml_buf *out)
{
	struct copy c;

	/* the next line may be due at its own number at the earliest */
	if (n->n == 0 || (!n->has_ended && n->heap[0].due >= n->lines &&
	    n->bytes <= ML_NOISE_BYTES_MAX))
		return 0;
	c = pop(n);
	n->bytes -= c.line.len;
	if (c.is_damaged)
		ml_noise_damage(out, ml_buf_view(&c.line), &n->dice);
	else {
		ml_buf_slice(out, ml_buf_view(&c.line));
		ml_buf_byte(out, '\n');
	}
	ml_buf_free(&c.line);
	return 1;
}
