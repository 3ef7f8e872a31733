/* reorderstat - what became of packets, in figures */
#include "reorderwork.h"

struct holes {
	uint64_t missing, next;
	int has_begun;
};

static void
add_hole(void *arg, uint64_t low, uint64_t high)
{
	struct holes *h = arg;

	if (h->has_begun && low > h->next)
		h->missing += low - h->next;
	h->has_begun = 1;
	h->next = high + 1;
}

static uint64_t
gaps(const struct ml_reorder *r)
{
	struct holes h = { 0, r->config.first, r->config.has_first };

	ml_ranges_each(r->written, &h, add_hole);
	return h.missing;
}

void
ml_reorder_stats(const struct ml_reorder *r, struct ml_buf *out)
{
	const struct ml_reorder_counts *c = &r->count;
	const struct {
		const char *name;
		uint64_t value;
	} member[] = {
		{ "packets_received", c->received },
		{ "packets_written", c->written },
		{ "duplicates_discarded", c->duplicates },
		{ "corrupted_packets", c->corrupt },
		{ "retransmit_requests", c->requests },
		{ "retransmits_received", c->recovered },
		{ "inversions", c->inversions },
		{ "gaps", gaps(r) },
		{ "buffer_flushes", c->flushes },
		{ "final_buffer_size", r->n },
		{ "late", c->late },
		{ "window", ml_reorder_window(r) },
	};
	size_t i;

	for (i = 0; i < sizeof member / sizeof member[0]; i++) {
		ml_buf_str(out, i == 0 ? "{\n  \"" : ",\n  \"");
		ml_buf_str(out, member[i].name);
		ml_buf_str(out, "\": ");
		ml_buf_int(out, (int64_t)member[i].value);
	}
	ml_buf_str(out, "\n}\n");
}
