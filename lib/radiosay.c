/* radiosay - what a radio and its bridge tell, in words for people */
#include <stdarg.h>
#include <stdio.h>

#include "radiosay.h"
#include "text.h"

#define LINE_MAX_LEN 256		/* bytes; the longest is half of it */

static void
end_line(struct ml_buf *out, const char *format, va_list ap)
{
	char text[LINE_MAX_LEN];

	vsnprintf(text, sizeof text, format, ap);
	ml_buf_str(out, text);
	ml_buf_byte(out, '\n');
}

static void __attribute__((format(printf, 2, 3)))
say(struct ml_buf *out, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	end_line(out, format, ap);
	va_end(ap);
}

static void __attribute__((format(printf, 3, 4)))
say_port(struct ml_buf *out, const struct ml_radiosay *s,
    const char *format, ...)
{
	va_list ap;

	ml_text_bytes(out, s->port, strlen(s->port));
	ml_buf_str(out, ": ");
	va_start(ap, format);
	end_line(out, format, ap);
	va_end(ap);
}

static void
say_frame(struct ml_buf *out, const struct ml_bridge_event *e, const char *why)
{
	say(out, "standard input:%llu: %s", (unsigned long long)e->line, why);
}

static void
say_trouble(struct ml_buf *out, const struct ml_radiosay *s,
    const struct ml_radiosay_trouble *t)
{
	if (t->setting == NULL)
		say_port(out, s, "%s", t->why);
	else if (t->wanted == t->got)
		say_port(out, s, "%s: %s", t->setting, t->why);
	else
		say_port(out, s, "%s: %s: wanted %lld, got %lld", t->setting,
		    t->why, (long long)t->wanted, (long long)t->got);
}

static int
is_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Trouble with the port itself, or with the radio, for which it was closed. */
static void
say_retry(struct ml_buf *out, struct ml_radiosay *s,
    const struct ml_bridge_event *e, const char *advice)
{
	struct ml_radiosay_trouble t = s->now;

	if (e->why != NULL)
		t = (struct ml_radiosay_trouble){ .why = e->why };
	else if (t.why == NULL)
		t.why = "closed";
	if (s->is_down && is_same(t.why, s->said.why) &&
	    is_same(t.setting, s->said.setting))
		return;
	s->is_down = 1;
	s->said = t;
	say_trouble(out, s, &t);
	if (advice != NULL)
		say_port(out, s, "%s", advice);
	if (e->seconds >= 0)
		say_port(out, s, "will be tried again");
}

static void
say_refused(struct ml_buf *out, const struct ml_radiosay *s,
    const struct ml_radio_event *e)
{
	const struct ml_radiosay_trouble t = { e->why,
	    e->wanted == e->got ? NULL : e->setting, e->wanted, e->got };

	if (strcmp(e->setting, "firmware version") == 0)
		say_port(out, s, "firmware %d.%d is too old: %d.%d or later "
		    "is spoken with; update it by rnodeconf",
		    (int)e->got / 256, (int)e->got % 256,
		    ML_RADIO_FIRMWARE_MAJOR, ML_RADIO_FIRMWARE_MINOR);
	else
		say_trouble(out, s, &t);
}

/* One that has no memory, say, may tell so each second, or all the time. */
static void
say_note(struct ml_buf *out, struct ml_radiosay *s,
    const struct ml_radio_event *e)
{
	uint32_t error = e->got == -1 ? 0 :	/* each is told */
	    UINT32_C(1) << (e->got < 31 ? e->got : 31);

	if (!(s->errors & error))
		say_port(out, s, "%s", e->why);
	s->errors |= error;
}

static void
say_radio(struct ml_buf *out, struct ml_radiosay *s,
    const struct ml_radio_event *e)
{
	switch (e->what) {
	case ML_RADIO_UP:
		if (s->is_down || s->was_up)
			say_port(out, s, "up again");
		s->is_down = 0;
		s->was_up = 1;
		s->now = s->said = (struct ml_radiosay_trouble){ 0 };
		s->errors = 0;
		break;
	case ML_RADIO_LOST:
		say_port(out, s, "%s: %u frames may be lost", e->why, e->count);
		break;
	case ML_RADIO_NOTE:
		say_note(out, s, e);
		break;
	case ML_RADIO_DOWN:
		s->now = (struct ml_radiosay_trouble){ e->why, e->setting,
		    e->wanted, e->got };
		break;
	case ML_RADIO_REFUSED:
		say_refused(out, s, e);
		break;
	default:
		break;
	}
}

static void
say_waits(struct ml_buf *out, double seconds)
{
	if (seconds < 0)
		say(out, "the device says that the hour's airtime is used: "
		    "frames wait");
	else
		say(out, "the hour's airtime is used: frames wait %.0f s",
		    seconds + 0.5);
}

void
ml_radiosay_event(struct ml_buf *out, struct ml_radiosay *s,
    const struct ml_bridge_event *e, const char *advice)
{
	switch (e->what) {
	case ML_BRIDGE_RADIO:
		say_radio(out, s, e->radio);
		break;
	case ML_BRIDGE_RETRY:
		say_retry(out, s, e, advice);
		break;
	case ML_BRIDGE_BAD_FRAME:
		say_frame(out, e, e->why);
		break;
	case ML_BRIDGE_NEVER:
		say_frame(out, e, "frame: more airtime than any hour has");
		break;
	case ML_BRIDGE_WAITS:
		say_waits(out, e->seconds);
		break;
	case ML_BRIDGE_UNREAD:
		if (s->unread++ == 0)
			say(out, "nobody reads standard output: what is "
			    "received is dropped");
		break;
	case ML_BRIDGE_LOST:
		say_port(out, s, "%u frames may be lost", e->count);
		break;
	case ML_BRIDGE_HANDED:
		break;
	}
}

void
ml_radiosay_end(struct ml_buf *out, const struct ml_radiosay *s)
{
	if (s->unread > 1)
		say(out, "%u received frames were dropped", s->unread);
}
