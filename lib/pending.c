/* pending - lines of the sidecar of a packet log */
#include <zlib.h>

#include "packet.h"
#include "pending.h"
#include "scan.h"

#define SUM_DIGITS 8
#define NUMBER_MAX UINT64_C(9999999999999999)

static const struct {
	const char *name;
	size_t least, most;		/* numbers */
} kinds[] = {
	{ "log", 2, 2 }, { "logged", 4, 4 }, { "seen", 2, ML_PENDING_NUMBERS },
	{ "end", 0, 0 }, { "run", 9, 9 }, { "wait", 2, 2 }, { "ask", 5, 5 },
	{ "part", 1, 1 },
};

uint32_t
ml_pending_sum(struct ml_slice bytes)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), (const Bytef *)bytes.p,
	    (uInt)bytes.len);
}

/* The text up to the next blank, or the end. */
static struct ml_slice
word(struct ml_slice *line)
{
	const char *blank = line->len > 0 ? memchr(line->p, ' ', line->len) :
	    NULL;
	struct ml_slice w = { line->p, blank != NULL ?
	    (size_t)(blank - line->p) : line->len };
	size_t used = w.len + (blank != NULL);

	line->p += used;
	line->len -= used;
	return w;
}

static int
has_text(const struct ml_pending *p)
{
	switch (p->kind) {
	case ML_PENDING_WAIT: return ml_packet_is_body(p->text);
	case ML_PENDING_PART: return p->text.len > 0 &&
	    p->text.p[p->text.len - 1] == '|';
	default: return p->text.len == 0;
	}
}

static int
has_sum(struct ml_slice sum, struct ml_slice of)
{
	uint32_t v = 0;
	unsigned digit;
	size_t i;

	if (sum.len != SUM_DIGITS)
		return 0;
	for (i = 0; i < SUM_DIGITS; i++) {
		digit = ml_scan_hex_digit((unsigned char)sum.p[i]);
		if (digit >= ML_SCAN_NO_DIGIT)
			return 0;
		v = v << 4 | digit;
	}
	return v == ml_pending_sum(of);
}

int
ml_pending_read(struct ml_pending *p, struct ml_slice line)
{
	struct ml_slice name = word(&line);
	size_t most;

	if (!has_sum(name, line) || line.len == 0 ||
	    line.p[line.len - 1] == ' ')
		return 0;
	name = word(&line);
	for (p->kind = 0; p->kind < ML_PENDING_KINDS; p->kind++)
		if (ml_slice_is(name, kinds[p->kind].name))
			break;
	if (p->kind == ML_PENDING_KINDS)
		return 0;
	most = kinds[p->kind].most;
	for (p->n = 0; p->n < most && line.len > 0; p->n++)
		if (!ml_packet_number(word(&line), NUMBER_MAX,
		    &p->number[p->n]))
			return 0;
	p->text = line;
	if (p->n < kinds[p->kind].least ||
	    (p->kind == ML_PENDING_SEEN && p->n % 2 != 0) ||
	    !has_text(p))
		return 0;
	return 1;
}

void
ml_pending_write(struct ml_buf *out, const struct ml_pending *p)
{
	static const char hex[] = "0123456789abcdef";
	size_t from = out->len, i;
	uint32_t sum;

	ml_buf_str(out, "00000000 ");
	ml_buf_str(out, kinds[p->kind].name);
	for (i = 0; i < p->n; i++) {
		ml_buf_byte(out, ' ');
		ml_buf_int(out, (int64_t)p->number[i]);
	}
	if (p->kind == ML_PENDING_WAIT || p->kind == ML_PENDING_PART) {
		ml_buf_byte(out, ' ');
		ml_buf_slice(out, p->text);
	}
	if (ml_buf_failed(out))
		return;
	sum = ml_pending_sum((struct ml_slice){ out->p + from + SUM_DIGITS + 1,
	    out->len - from - SUM_DIGITS - 1 });
	for (i = SUM_DIGITS; i-- > 0; sum >>= 4)
		out->p[from + i] = hex[sum & 15];
	ml_buf_byte(out, '\n');
}
