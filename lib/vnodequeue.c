/* vnodequeue - what is to be sent, in a ring that overruns as the firmware's */
#include "vnodework.h"

void
vnode_queue_clear(struct queue *q, const struct ml_vnode_board *board)
{
	memset(q, 0, sizeof *q);
	q->size = board->queue;
	q->frames = board->frames;
}

int
vnode_queue_is_full(const struct queue *q)
{
	return q->height >= q->frames || q->queued >= q->size;
}

int
vnode_queue_byte(struct queue *q, uint8_t byte)
{
	if (vnode_queue_is_full(q))
		return 0;
	q->queued++;
	q->bytes[q->cursor] = byte;
	q->cursor = (uint16_t)((q->cursor + 1u) % q->size);
	return 1;
}

/*
 * What lies between the frame's first byte and the cursor is a frame.  If it is
 * refused here it stays, and the next one goes on behind it; if the cursor has
 * not moved it is taken for the whole ring.
 */
void
vnode_queue_end(struct queue *q)
{
	unsigned len = (q->cursor + q->size - q->begun) % q->size;

	if (q->n == q->frames || q->queued >= q->size)
		return;
	q->piece[(q->first + q->n++) % q->frames] = (struct piece){ q->begun,
	    (uint16_t)(len > 0 ? len : q->size) };
	q->height++;
	q->begun = q->cursor;
}

size_t
vnode_queue_take(struct queue *q, uint8_t *at)
{
	struct piece piece;
	size_t i;

	if (q->n == 0)
		return 0;
	piece = q->piece[q->first];
	q->first = (q->first + 1) % q->frames;
	q->n--;
	for (i = 0; i < piece.len && i < ML_VNODE_FRAME_MAX; i++)
		at[i] = q->bytes[(piece.start + i) % q->size];
	return piece.len;
}

void
vnode_queue_flushed(struct queue *q)
{
	q->height = 0;
	q->queued = 0;
}

void
vnode_queue_popped(struct queue *q, size_t len)
{
	q->height--;
	q->queued = (uint16_t)(q->queued - len);
}
