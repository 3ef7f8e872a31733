/* replaystate - how far a source of packets got, as one line */
#include "packet.h"
#include "replaystate.h"

int
ml_replaystate_read(struct ml_replaystate *s, struct ml_slice line)
{
	uint64_t v;
	size_t n, i;

	s->requests = 0;
	for (n = 0; line.len > 0; n++) {
		for (i = 0; i < line.len && line.p[i] != ' ';)
			i++;
		if (!ml_packet_number((struct ml_slice){ line.p, i },
		    ML_PACKET_SEQUENCE_MAX, &v))
			return 0;
		switch (n) {
		case 0: s->seed = v; break;
		case 1: s->run = v; break;
		case 2: s->position = v; break;
		default:
			if (s->requests < ML_REPLAY_REQUESTS_MAX)
				s->request[s->requests++] = v;
		}
		i += i < line.len;
		line.p += i, line.len -= i;
	}
	return n >= 3;
}

void
ml_replaystate_write(struct ml_buf *out, const struct ml_replaystate *s)
{
	size_t i;

	ml_buf_int(out, (int64_t)s->seed);
	ml_buf_byte(out, ' ');
	ml_buf_int(out, (int64_t)s->run);
	ml_buf_byte(out, ' ');
	ml_buf_int(out, (int64_t)s->position);
	for (i = 0; i < s->requests; i++) {
		ml_buf_byte(out, ' ');
		ml_buf_int(out, (int64_t)s->request[i]);
	}
	ml_buf_byte(out, '\n');
}
