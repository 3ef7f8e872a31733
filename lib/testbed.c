/* testbed - virtual RNodes on one channel, with one clock */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "testbedwork.h"

struct ml_buf *
testbed_line(struct ml_testbed *t, uint64_t now, const char *event, int node)
{
	char head[96];

	snprintf(head, sizeof head, "{\"t\":%" PRIu64 ".%06u,\"event\":\"%s\"",
	    now / 1000000, (unsigned)(now % 1000000), event);
	ml_buf_clear(&t->line);
	ml_buf_str(&t->line, head);
	if (node >= 0)
		testbed_int(&t->line, "node", node);
	return &t->line;
}

static void
name_of(struct ml_buf *b, const char *name)
{
	ml_buf_str(b, ",\"");
	ml_buf_str(b, name);
	ml_buf_str(b, "\":");
}

void
testbed_int(struct ml_buf *b, const char *name, int64_t value)
{
	name_of(b, name);
	ml_buf_int(b, value);
}

void
testbed_text(struct ml_buf *b, const char *name, const char *value)
{
	name_of(b, name);
	ml_buf_byte(b, '"');
	ml_buf_str(b, value);
	ml_buf_byte(b, '"');
}

static void
seconds(struct ml_buf *b, const char *name, uint64_t us)
{
	char text[32];

	name_of(b, name);
	snprintf(text, sizeof text, "%" PRIu64 ".%06u", us / 1000000,
	    (unsigned)(us % 1000000));
	ml_buf_str(b, text);
}

void
testbed_base64(struct ml_buf *b, const char *name, struct ml_slice bytes)
{
	size_t n = sodium_base64_encoded_len(bytes.len,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *to;

	name_of(b, name);
	ml_buf_byte(b, '"');
	if ((to = ml_buf_room(b, n)) != NULL) {
		sodium_bin2base64(to, n, (const uint8_t *)bytes.p, bytes.len,
		    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		b->len += n - 1;
	}
	ml_buf_byte(b, '"');
}

void
testbed_say(struct ml_testbed *t)
{
	ml_buf_str(&t->line, "}\n");
	if (!ml_buf_failed(&t->line))
		t->config.trace(t->config.arg, ml_buf_view(&t->line));
}

static void
on_medium(void *arg, unsigned station, uint64_t now, int is_busy, double rssi)
{
	struct ml_testbed *t = arg;

	if (station < t->config.nodes)
		ml_vnode_medium(t->node[station].vnode, now, is_busy, rssi);
}

static void
on_heard(void *arg, unsigned station, uint64_t now, struct ml_slice packet,
    double rssi, double snr)
{
	struct ml_testbed *t = arg;

	if (station < t->config.nodes)
		ml_vnode_heard(t->node[station].vnode, now, packet, rssi, snr);
}

static void
list_fates(struct ml_buf *b, const struct ml_air_packet *p, unsigned n)
{
	const char *comma = "";
	unsigned i;

	name_of(b, "heard");
	for (i = 0; i < n; i++)
		if (p->at[i].fate == ML_AIR_HEARD) {
			ml_buf_str(b, *comma == ',' ? "," : "[");
			ml_buf_int(b, i);
			comma = ",";
		}
	ml_buf_str(b, *comma == ',' ? "]" : "[]");
	name_of(b, "lost");
	for (comma = "{", i = 0; i < n; i++)
		if (p->at[i].fate > ML_AIR_SELF) {
			ml_buf_str(b, comma);
			ml_buf_byte(b, '"');
			ml_buf_int(b, i);
			ml_buf_str(b, "\":\"");
			ml_buf_str(b, ml_air_fate(p->at[i].fate));
			ml_buf_byte(b, '"');
			comma = ",";
		}
	ml_buf_str(b, *comma == ',' ? "}" : "{}");
}

static void
on_ended(void *arg, uint64_t now, const struct ml_air_packet *p)
{
	struct ml_testbed *t = arg;
	struct ml_buf *b = testbed_line(t, now, "packet", -1);

	t->packets++;
	if (p->from < t->config.nodes)
		testbed_int(b, "from", p->from);
	else
		testbed_text(b, "from", "foreign");
	seconds(b, "start", p->start);
	seconds(b, "airtime", p->end - p->start);
	testbed_int(b, "len", (int64_t)p->len);
	list_fates(b, p, t->config.nodes);
	testbed_say(t);
}

static void
on_tune(void *arg, uint64_t now, const struct ml_lora *l)
{
	struct node *n = arg;
	struct ml_buf *b;

	ml_air_tune(n->testbed->air, n->number, now, l);
	if (l == NULL)
		return;
	b = testbed_line(n->testbed, now, "tuned", (int)n->number);
	testbed_int(b, "freq", l->frequency);
	testbed_int(b, "bw", l->bandwidth);
	testbed_int(b, "sf", l->sf);
	testbed_int(b, "cr", l->cr);
	testbed_int(b, "txpower", l->power);
	testbed_say(n->testbed);
}

static void
on_send(void *arg, uint64_t now, struct ml_slice packet, uint64_t us)
{
	struct node *n = arg;

	ml_air_send(n->testbed->air, n->number, now, packet, us);
}

static void
on_news(void *arg, uint64_t now, enum ml_vnode_news what, int number,
    struct ml_slice bytes)
{
	static const char *const words[] = { "boot", "reboot", "on", "off",
	    "received", "dropped", "hangup", "violation" };
	struct node *n = arg;
	struct ml_testbed *t = n->testbed;
	struct ml_buf *b = testbed_line(t, now, words[what], (int)n->number);

	switch (what) {
	case ML_VNODE_RECEIVED:
		t->received++;
		testbed_int(b, "rssi", number);
		testbed_int(b, "len", (int64_t)bytes.len);
		testbed_base64(b, "data", bytes);
		break;
	case ML_VNODE_DROPPED:
		testbed_int(b, "len", number);
		break;
	case ML_VNODE_VIOLATION:
		t->violations++;
		testbed_text(b, "what", ml_vnode_violation(
		    (enum ml_vnode_violation)number));
		testbed_int(b, "command", (uint8_t)bytes.p[0]);
		break;
	case ML_VNODE_HANGUP:
		n->hangs_up = 1;
		if (!t->config.is_virtual)
			t->config.hangup(t->config.arg, n->number);
		break;
	default:
		break;
	}
	testbed_say(t);
}

static int
add_node(struct ml_testbed *t, unsigned number)
{
	struct node *n = &t->node[number];
	struct ml_vnode_watch watch = { n, on_tune, on_send, on_news };

	n->testbed = t;
	n->number = number;
	n->vnode = ml_vnode_new(t->config.board, t->config.seed * 1000 +
	    number + 1, &watch);
	if (n->vnode == NULL)
		return 0;
	if (t->config.major > 0)
		ml_vnode_set_version(n->vnode, t->config.major,
		    t->config.minor);
	if (t->config.saved != NULL)
		ml_vnode_save(n->vnode, t->config.saved);
	return 1;
}

struct ml_testbed *
ml_testbed_new(const struct ml_testbed_config *c)
{
	struct ml_testbed *t = calloc(1, sizeof *t);
	struct ml_air_watch watch = { t, on_medium, on_heard, on_ended };
	unsigned i;

	if (t == NULL)
		return NULL;
	t->config = *c;
	t->node = calloc(c->nodes, sizeof *t->node);
	t->air = ml_air_new(c->nodes + 1, c->seed, &watch);
	if (t->node == NULL || t->air == NULL)
		goto fail;
	for (i = 0; i < c->nodes; i++)
		if (!add_node(t, i))
			goto fail;
	for (i = 0; i < c->nodes; i++)
		ml_vnode_plug(t->node[i].vnode, 0);
	return t;
fail:
	ml_testbed_free(t);
	return NULL;
}

void
ml_testbed_free(struct ml_testbed *t)
{
	unsigned i;

	if (t == NULL)
		return;
	for (i = 0; t->node != NULL && i < t->config.nodes; i++)
		ml_vnode_free(t->node[i].vnode);
	free(t->node);
	ml_air_free(t->air);
	ml_buf_free(&t->line);
	free(t);
}

struct ml_vnode *
ml_testbed_node(const struct ml_testbed *t, unsigned node)
{
	return t->node[node].vnode;
}

unsigned
testbed_foreign(const struct ml_testbed *t)
{
	return t->config.nodes;
}

uint64_t
ml_testbed_next(const struct ml_testbed *t)
{
	uint64_t next = ml_air_next(t->air), at;
	unsigned i;

	for (i = 0; i < t->config.nodes; i++)
		if ((at = ml_vnode_next(t->node[i].vnode)) < next)
			next = at;
	return next;
}

int
testbed_port(struct ml_testbed *t, unsigned node, int is_there)
{
	struct node *n = &t->node[node];

	n->hangs_up = 0;
	if (!t->config.is_virtual &&
	    t->config.port(t->config.arg, node, is_there) == -1)
		return -1;
	testbed_line(t, t->now, is_there ? "replug" : "unplug", (int)node);
	testbed_say(t);
	(is_there ? ml_vnode_plug : ml_vnode_unplug)(n->vnode, t->now);
	return 0;
}

/* A host that reads all, where there is none. */
static void
drain(struct ml_testbed *t, struct node *n)
{
	struct ml_slice out;

	while ((out = ml_vnode_output(n->vnode, t->now)).len > 0)
		ml_vnode_wrote(n->vnode, t->now, out.len);
	if (n->hangs_up)
		testbed_port(t, n->number, 0);
}

static void
step(struct ml_testbed *t, uint64_t now)
{
	unsigned i;

	t->now = now;
	ml_air_advance(t->air, now);
	for (i = 0; i < t->config.nodes; i++) {
		ml_vnode_advance(t->node[i].vnode, now);
		if (t->config.is_virtual)
			drain(t, &t->node[i]);
	}
}

void
ml_testbed_advance(struct ml_testbed *t, uint64_t now)
{
	uint64_t next;

	while ((next = ml_testbed_next(t)) <= now)
		step(t, next > t->now ? next : t->now);
	step(t, now > t->now ? now : t->now);
}

int
ml_testbed_is_idle(const struct ml_testbed *t)
{
	unsigned i;

	for (i = 0; i < t->config.nodes; i++)
		if (!ml_vnode_is_idle(t->node[i].vnode))
			return 0;
	return ml_air_next(t->air) == ML_AIR_NEVER;
}

int
ml_testbed_has_quit(const struct ml_testbed *t)
{
	return t->has_quit;
}

void
ml_testbed_summary(struct ml_testbed *t)
{
	struct ml_buf *b = testbed_line(t, t->now, "end", -1);

	testbed_int(b, "packets", (int64_t)t->packets);
	testbed_int(b, "received", (int64_t)t->received);
	testbed_int(b, "violations", (int64_t)t->violations);
	testbed_say(t);
}
