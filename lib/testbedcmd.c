/* testbedcmd - what a testbed is told, line by line */
#include <math.h>
#include <sodium.h>
#include <stdlib.h>

#include "kiss.h"
#include "quantity.h"
#include "rnodecmd.h"
#include "testbedwork.h"

#define WORDS_MAX 128

static const char NODE[] = "no such node";
static const char WORDS[] = "too few or too many words";
static const char VIRTUAL[] = "only with --virtual";

struct words {
	char text[ML_TESTBED_LINE_MAX + 1];
	size_t n;
	char *word[WORDS_MAX];
	size_t at[WORDS_MAX];		/* where it stands in the line */
};

/* The words of a line; 0 if there are too many, or a NUL. */
static int
split(struct words *w, struct ml_slice line)
{
	size_t i;
	int is_blank, was_blank = 1;

	w->n = 0;
	if (line.len > ML_TESTBED_LINE_MAX ||
	    (line.len > 0 && memchr(line.p, '\0', line.len) != NULL))
		return 0;
	for (i = 0; i < line.len && line.p[i] != '#'; i++) {
		w->text[i] = line.p[i];
		is_blank = line.p[i] == ' ' || line.p[i] == '\t' ||
		    line.p[i] == '\r';
		if (is_blank)
			w->text[i] = '\0';
		else if (was_blank) {
			if (w->n == WORDS_MAX)
				return 0;
			w->at[w->n] = i;
			w->word[w->n++] = w->text + i;
		}
		was_blank = is_blank;
	}
	w->text[i] = '\0';
	return 1;
}

static int
node(const struct ml_testbed *t, const char *word, unsigned *value)
{
	char *end;
	unsigned long n;

	if (*word < '0' || *word > '9')
		return 0;
	n = strtoul(word, &end, 10);
	*value = (unsigned)n;
	return *end == '\0' && n < t->config.nodes;
}

const char *
ml_testbed_when(struct ml_slice *line, uint64_t *due)
{
	struct words w;
	double s;
	int is_at;

	if (!split(&w, *line))
		return "too long, or not text";
	if (w.n == 0 || ((is_at = strcmp(w.word[0], "at") == 0) == 0 &&
	    strcmp(w.word[0], "wait") != 0))
		return NULL;
	if (w.n == 1 || !ml_quantity_float(w.word[1], 0, ML_TESTBED_SECONDS_MAX, &s))
		return "not a number of seconds";
	if (is_at && (uint64_t)(s * 1e6) < *due)
		return "that time is over";
	*due = (is_at ? 0 : *due) + (uint64_t)(s * 1e6);
	line->p += w.n > 2 ? w.at[2] : line->len;
	line->len -= w.n > 2 ? w.at[2] : line->len;
	return NULL;
}

/* What is said of two nodes: "A B" is both ways, "A>B" one way. */
static const char *
pair(struct ml_testbed *t, struct words *w, double from, double to,
    void (*set)(struct ml_air *, unsigned, unsigned, double))
{
	char *arrow = w->n > 1 ? strchr(w->word[1], '>') : NULL;
	unsigned a, b;
	double value;

	if (w->n != (arrow != NULL ? 3u : 4u))
		return WORDS;
	if (arrow != NULL)
		*arrow++ = '\0';
	if (!node(t, w->word[1], &a) ||
	    !node(t, arrow != NULL ? arrow : w->word[2], &b) || a == b)
		return NODE;
	if (!ml_quantity_float(w->word[w->n - 1], from, to, &value))
		return "its number is out of range";
	set(t->air, a, b, value);
	if (arrow == NULL)
		set(t->air, b, a, value);
	return NULL;
}

/* Log-distance: what fades in a metre, and 27 dB in ten times the way. */
static void
fade(struct ml_testbed *t, const struct node *a, const struct node *b)
{
	double metres = fmax(hypot(a->x - b->x, a->y - b->y), 1);
	double db = 31.2 + 27 * log10(metres);

	ml_air_set_attenuation(t->air, a->number, b->number, db);
	ml_air_set_attenuation(t->air, b->number, a->number, db);
}

static const char *
place(struct ml_testbed *t, struct words *w)
{
	struct node *n;
	unsigned a, i;
	double x, y;

	if (w->n != 4)
		return WORDS;
	if (!node(t, w->word[1], &a))
		return NODE;
	if (!ml_quantity_float(w->word[2], -1e6, 1e6, &x) ||
	    !ml_quantity_float(w->word[3], -1e6, 1e6, &y))
		return "its number is out of range";
	n = &t->node[a];
	n->is_placed = 1;
	n->x = x;
	n->y = y;
	for (i = 0; i < t->config.nodes; i++)
		if (i != a && t->node[i].is_placed)
			fade(t, n, &t->node[i]);
	return NULL;
}

/* "0,1 | 2": parts, and all others in one more; blanks are as you like. */
static const char *
partition(struct ml_testbed *t, struct words *w)
{
	unsigned part[ML_TESTBED_NODES_MAX] = { 0 }, now = 1, a;
	char *p, *end;
	size_t i;

	for (i = 1; i < w->n; i++)
		for (p = w->word[i]; *p != '\0';) {
			if (*p == '|')
				now++, p++;
			else if (*p == ',')
				p++;
			else {
				end = p + strcspn(p, ",|");
				a = (unsigned)strtoul(p, &p, 10);
				if (p != end || a >= t->config.nodes)
					return NODE;
				part[a] = now;
			}
		}
	if (now == 1 && w->n > 0 && strcmp(w->word[0], "partition") == 0)
		return "partition: it needs two parts, such as 0,1 | 2";
	for (a = 0; a < t->config.nodes; a++)
		ml_air_set_part(t->air, a, part[a]);
	return NULL;
}

static const char *
heal(struct ml_testbed *t, struct words *w)
{
	return w->n > 1 ? WORDS : partition(t, w);
}

static const char *
plug(struct ml_testbed *t, struct words *w)
{
	int is_there = w->word[0][0] == 'r';
	unsigned a;

	if (w->n != 2)
		return WORDS;
	if (!node(t, w->word[1], &a))
		return NODE;
	if (ml_vnode_is_plugged(t->node[a].vnode) == is_there)
		return is_there ? "it is plugged in" : "it is unplugged";
	return testbed_port(t, a, is_there) == -1 ? "no port can be made" :
	    NULL;
}

/* fault: from now on; once: the next time; clear: no more. */
static const char *
fault(struct ml_testbed *t, struct words *w)
{
	int times = w->word[0][0] == 'f' ? -1 : w->word[0][0] == 'o';
	unsigned a;
	const char *arg = w->n > 3 ? w->word[3] : NULL;

	if (w->n < 2 || w->n > 4 || (w->n == 2 && times != 0))
		return WORDS;
	if (!node(t, w->word[1], &a))
		return NODE;
	if (w->n == 2) {
		ml_vnode_mend(t->node[a].vnode);
		return NULL;
	}
	return ml_vnode_fault(t->node[a].vnode, t->now, w->word[2], arg, times);
}

static int
decode(const char *word, uint8_t *to, size_t max, size_t *len)
{
	return sodium_base642bin(to, max, word, strlen(word), NULL, len, NULL,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 && *len > 0;
}

/* A packet of some other device, on the settings of a node. */
static const char *
foreign(struct ml_testbed *t, struct words *w)
{
	uint8_t packet[ML_AIR_PACKET_MAX];
	unsigned a, from = testbed_foreign(t);
	struct ml_lora l;
	size_t len;

	if (w->n != 3)
		return WORDS;
	if (!node(t, w->word[1], &a))
		return NODE;
	if (!decode(w->word[2], packet, sizeof packet, &len))
		return "not base64url of 1 to 255 bytes";
	if (!ml_vnode_tuned(t->node[a].vnode, &l))
		return "its radio is off";
	ml_air_tune(t->air, from, t->now, &l);
	ml_air_send(t->air, from, t->now, (struct ml_slice){ (char *)packet,
	    len }, (uint64_t)ceil(ml_lora_packet_us(&l, len)));
	return NULL;
}

static void
say_u32(struct ml_buf *b, uint8_t command, double value)
{
	uint32_t n = (uint32_t)value;
	char bytes[4] = { (char)(n >> 24), (char)(n >> 16), (char)(n >> 8),
	    (char)n };

	ml_kiss_write(b, command, (struct ml_slice){ bytes, 4 });
}

static void
say_u8(struct ml_buf *b, uint8_t command, double value)
{
	char byte = (char)(uint8_t)value;

	ml_kiss_write(b, command, (struct ml_slice){ &byte, 1 });
}

static const char *
give(struct ml_testbed *t, unsigned a, struct ml_buf *b)
{
	const char *why = ml_buf_failed(b) ? ML_NO_MEMORY : NULL;

	if (why == NULL && ml_vnode_input(t->node[a].vnode, t->now,
	    ml_buf_view(b)) < b->len)
		why = "the device does not read that much now";
	ml_buf_free(b);
	return why;
}

/* What a host says first: up NODE [HZ BANDWIDTH SF CR DBM] */
static const char *
up(struct ml_testbed *t, struct words *w)
{
	double v[] = { 867200000, 125000, 8, 5, 7 };
	struct ml_buf b = { 0 };
	struct ml_lora l = { .modem = ML_LORA_SX126X };
	const char *why;
	unsigned a;
	size_t i;

	if (w->n < 2 || w->n > 7)
		return WORDS;
	if (!node(t, w->word[1], &a))
		return NODE;
	for (i = 2; i < w->n; i++)
		if (!ml_quantity_float(w->word[i], 0, 4e9, &v[i - 2]))
			return "its number is out of range";
	l.frequency = (uint32_t)v[0];
	l.bandwidth = (uint32_t)v[1];
	l.sf = (int)fmin(v[2], 99);
	l.cr = (int)fmin(v[3], 99);
	l.power = (int)fmin(v[4], 99);
	if ((why = ml_lora_check(&l)) != NULL)
		return why;
	say_u32(&b, ML_RNODE_FREQUENCY, v[0]);
	say_u32(&b, ML_RNODE_BANDWIDTH, v[1]);
	say_u8(&b, ML_RNODE_TXPOWER, v[4]);
	say_u8(&b, ML_RNODE_SF, v[2]);
	say_u8(&b, ML_RNODE_CR, v[3]);
	say_u8(&b, ML_RNODE_RADIO_STATE, 1);
	return give(t, a, &b);
}

/* send: a data frame; host: bytes as they are */
static const char *
say(struct ml_testbed *t, struct words *w)
{
	uint8_t bytes[ML_TESTBED_LINE_MAX];
	struct ml_buf b = { 0 };
	struct ml_slice all = { (char *)bytes, 0 };
	unsigned a;

	if (w->n != 3)
		return WORDS;
	if (!node(t, w->word[1], &a))
		return NODE;
	if (!decode(w->word[2], bytes, sizeof bytes, &all.len))
		return "not base64url";
	if (w->word[0][0] == 's')
		ml_kiss_write(&b, ML_RNODE_DATA, all);
	else
		ml_buf_slice(&b, all);
	return give(t, a, &b);
}

static const char *
loss(struct ml_testbed *t, struct words *w)
{
	return pair(t, w, 0, 1, ml_air_set_loss);
}

static const char *
errors(struct ml_testbed *t, struct words *w)
{
	return pair(t, w, 0, 1, ml_air_set_errors);
}

static const char *
attenuation(struct ml_testbed *t, struct words *w)
{
	return pair(t, w, 0, 400, ml_air_set_attenuation);
}

static const char *
quit(struct ml_testbed *t, struct words *w)
{
	if (w->n != 1)
		return WORDS;
	t->has_quit = 1;
	return NULL;
}

const char *
ml_testbed_command(struct ml_testbed *t, uint64_t now, struct ml_slice line)
{
	static const struct {
		const char *name;
		int is_virtual;
		const char *(*run)(struct ml_testbed *, struct words *);
	} all[] = {
		{ "loss", 0, loss }, { "errors", 0, errors },
		{ "attenuation", 0, attenuation }, { "place", 0, place },
		{ "partition", 0, partition }, { "heal", 0, heal },
		{ "unplug", 0, plug }, { "replug", 0, plug },
		{ "fault", 0, fault }, { "once", 0, fault },
		{ "clear", 0, fault }, { "foreign", 0, foreign },
		{ "quit", 0, quit }, { "up", 1, up }, { "send", 1, say },
		{ "host", 1, say },
	};
	struct words w;
	size_t i;

	if (!split(&w, line))
		return "too long, or not text";
	if (w.n == 0)
		return NULL;
	t->now = now;
	for (i = 0; i < sizeof all / sizeof all[0]; i++)
		if (strcmp(all[i].name, w.word[0]) == 0) {
			if (all[i].is_virtual && !t->config.is_virtual)
				return VIRTUAL;
			return all[i].run(t, &w);
		}
	return "no such command";
}
