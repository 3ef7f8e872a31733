/* radiojson - what a radio and its bridge tell, as lines of JSON */
#include <jansson.h>

#include "jsonline.h"
#include "radiojson.h"
#include "text.h"

static void
put(struct ml_buf *out, json_t *object)
{
	ml_jsonline_put(out, object, JSON_COMPACT | JSON_REAL_PRECISION(9));
}

static json_t *
text_of_time(int64_t ms)
{
	struct ml_buf b = { 0 };
	json_t *text;

	ml_text_time(&b, ms);
	text = json_stringn(b.p != NULL ? b.p : "", b.len);
	ml_buf_free(&b);
	return text;
}

static json_t *
event(const char *name, int64_t ms)
{
	return json_pack("{so, ss}", "t", text_of_time(ms), "event", name);
}

static double
percent(unsigned of_ten_thousand)
{
	return of_ten_thousand / 100.0;
}

static void
add_channel(json_t *o, const struct ml_rnode_channel *c)
{
	json_object_set_new(o, "airtime_15s", json_real(percent(c->own_short)));
	json_object_set_new(o, "airtime_hour", json_real(percent(c->own_long)));
	json_object_set_new(o, "load_15s", json_real(percent(c->load_short)));
	json_object_set_new(o, "load_hour", json_real(percent(c->load_long)));
	if (c->noise != 0)
		json_object_set_new(o, "noise", json_integer(c->noise));
	if (c->interference != 0)
		json_object_set_new(o, "interference",
		    json_integer(c->interference));
}

static const char *
name_of(enum ml_radio_what what)
{
	static const char *const names[] = {
		[ML_RADIO_UP] = "up", [ML_RADIO_FRAME] = "received",
		[ML_RADIO_SENT] = "sent", [ML_RADIO_LOST] = "lost",
		[ML_RADIO_CHANNEL] = "channel", [ML_RADIO_BATTERY] = "battery",
		[ML_RADIO_TEMPERATURE] = "temperature", [ML_RADIO_NOTE] = "note",
		[ML_RADIO_NONSENSE] = "nonsense", [ML_RADIO_DOWN] = "down",
		[ML_RADIO_REFUSED] = "refused", [ML_RADIO_OFF] = "off",
	};

	return names[what];
}

static void
add_battery(json_t *o, const struct ml_radio_event *e)
{
	static const char *const states[] = { "unknown", "discharging",
	    "charging", "charged" };

	json_object_set_new(o, "state",
	    json_string(states[e->count < 4 ? e->count : 0]));
	json_object_set_new(o, "percent", json_integer(e->level));
}

static void
put_radio(struct ml_buf *out, const struct ml_radio_event *e, int64_t ms)
{
	json_t *o = event(name_of(e->what), ms);

	if (e->setting != NULL)
		json_object_set_new(o, "setting", json_string(e->setting));
	if (e->why != NULL)
		json_object_set_new(o, "why", json_string(e->why));
	switch (e->what) {
	case ML_RADIO_FRAME:
		json_object_set_new(o, "bytes",
		    json_integer((json_int_t)e->frame.len));
		if (e->has_signal) {
			json_object_set_new(o, "rssi", json_integer(e->rssi));
			json_object_set_new(o, "snr", json_real(e->snr));
		}
		break;
	case ML_RADIO_SENT: case ML_RADIO_LOST:
		json_object_set_new(o, "frames", json_integer(e->count));
		break;
	case ML_RADIO_CHANNEL:
		add_channel(o, &e->channel);
		break;
	case ML_RADIO_BATTERY:
		add_battery(o, e);
		break;
	case ML_RADIO_TEMPERATURE:
		json_object_set_new(o, "celsius", json_integer(e->level));
		break;
	case ML_RADIO_DOWN: case ML_RADIO_REFUSED:
		if (e->wanted == e->got)
			break;
		json_object_set_new(o, "wanted", json_integer(e->wanted));
		json_object_set_new(o, "got", json_integer(e->got));
		break;
	default:
		break;
	}
	put(out, o);
	/* what was sent shows there first, where a device tells of it */
	if (e->what == ML_RADIO_CHANNEL && e->count > 0)
		put(out, json_pack("{so, ss, si}", "t", text_of_time(ms),
		    "event", "sent", "frames", (int)e->count));
}

void
ml_radiojson_event(struct ml_buf *out, const struct ml_bridge_event *e,
    int64_t ms)
{
	json_t *o;

	switch (e->what) {
	case ML_BRIDGE_RADIO:
		put_radio(out, e->radio, ms);
		return;
	case ML_BRIDGE_RETRY:
		o = event("closed", ms);
		if (e->why != NULL)
			json_object_set_new(o, "why", json_string(e->why));
		if (e->seconds >= 0)
			json_object_set_new(o, "again_s", json_real(e->seconds));
		break;
	case ML_BRIDGE_BAD_FRAME:
		o = event("dropped", ms);
		json_object_set_new(o, "line", json_integer((json_int_t)e->line));
		json_object_set_new(o, "why", json_string(e->why));
		break;
	case ML_BRIDGE_NEVER:
		o = event("dropped", ms);
		json_object_set_new(o, "line", json_integer((json_int_t)e->line));
		json_object_set_new(o, "why",
		    json_string("more airtime than any hour has"));
		break;
	case ML_BRIDGE_WAITS:
		o = event("waits", ms);
		if (e->seconds >= 0)
			json_object_set_new(o, "seconds", json_real(e->seconds));
		break;
	case ML_BRIDGE_HANDED:
		o = event("handed", ms);
		json_object_set_new(o, "bytes",
		    json_integer((json_int_t)e->bytes));
		json_object_set_new(o, "airtime_ms",
		    json_real((double)e->airtime / 1000));
		if (e->left <= ML_BUDGET_WINDOW)	/* there is a limit */
			json_object_set_new(o, "left_ms",
			    json_real((double)e->left / 1000));
		break;
	case ML_BRIDGE_UNREAD:
		o = event("dropped", ms);
		json_object_set_new(o, "why",
		    json_string("nobody reads standard output"));
		break;
	default:
		o = event("lost", ms);
		json_object_set_new(o, "frames", json_integer(e->count));
		break;
	}
	put(out, o);
}

static void
set_number(json_t *o, const char *name, int64_t value)
{
	json_object_set_new(o, name, value < 0 ? json_null() :
	    json_integer(value));
}

static void
set_name(json_t *o, const char *name, int code, const char *text)
{
	if (text != NULL)
		json_object_set_new(o, name, json_string(text));
	else
		set_number(o, name, code);
}

void
ml_radiojson_info(struct ml_buf *out, const char *port,
    const struct ml_radio_info *i)
{
	struct ml_buf name = { 0 };
	json_t *o = json_object();

	ml_text_bytes(&name, port, strlen(port));
	json_object_set_new(o, "port", json_stringn(name.p, name.len));
	ml_buf_free(&name);
	json_object_set_new(o, "firmware", i->major < 0 ? json_null() :
	    json_sprintf("%d.%d", i->major, i->minor));
	set_name(o, "board", i->board, ml_rnode_board((uint32_t)i->board));
	set_name(o, "platform", i->platform,
	    ml_rnode_platform((uint32_t)i->platform));
	set_name(o, "processor", i->mcu, ml_rnode_mcu((uint32_t)i->mcu));
	json_object_set_new(o, "radio", i->state < 0 ? json_null() :
	    json_string(i->state == 1 ? "on" : "off"));
	set_number(o, "frequency", i->frequency);
	set_number(o, "bandwidth", i->bandwidth);
	set_number(o, "sf", i->sf);
	set_number(o, "cr", i->cr);
	set_number(o, "power", i->power);
	put(out, o);
}

void
ml_radiojson_plan(struct ml_buf *out, const struct ml_radioplan *p,
    uint64_t used, int64_t done_ms)
{
	put(out, json_pack("{sI, sI, sf, sf, so}",
	    "frames", (json_int_t)p->frames,
	    "packets", (json_int_t)p->packets,
	    "airtime_ms", (double)p->airtime / 1000,
	    "used_ms", (double)used / 1000, "done", text_of_time(done_ms)));
}
