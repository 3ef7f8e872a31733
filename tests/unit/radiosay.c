/* radiosay - what people are told, once, and in which words */
#include "given.h"
#include "radiosay.h"
#include "unit.h"

static struct ml_radiosay say;
static struct ml_buf out;

static void
begin(void)
{
	say = (struct ml_radiosay){ .port = "/dev/tty\x1b[1m" };
}
#define PORT "/dev/tty\\u001b[1m: "

static int
says(const struct ml_bridge_event *e, const char *advice, const char *wanted)
{
	int same;

	ml_buf_clear(&out);
	ml_radiosay_event(&out, &say, e, advice);
	same = holds(&out, wanted);
	if (!same)
		printf("# %.*s", (int)out.len, out.len > 0 ? out.p : "");
	return same;
}

static int
says_radio(struct ml_radio_event r, const char *wanted)
{
	return says(&(struct ml_bridge_event){ .what = ML_BRIDGE_RADIO,
	    .radio = &r }, NULL, wanted);
}

static int
says_retry(const char *why, double seconds, const char *advice,
    const char *wanted)
{
	return says(&(struct ml_bridge_event){ .what = ML_BRIDGE_RETRY,
	    .why = why, .seconds = seconds }, advice, wanted);
}

static int
goes_down(const char *setting, int64_t wanted, int64_t got, const char *why)
{
	return says_radio((struct ml_radio_event){ .what = ML_RADIO_DOWN,
	    .setting = setting, .wanted = wanted, .got = got, .why = why }, "");
}

static void
check_retry(void)
{
	begin();
	ok(says_retry("gone", 1, "look", PORT "gone\n" PORT "look\n" PORT
	    "will be tried again\n"), "a port that cannot be opened, made safe");
	ok(says_retry("gone", 2, "look", ""), "the same again: nothing");
	ok(goes_down(NULL, 0, 0, "deaf") && says_retry(NULL, 4, NULL,
	    PORT "deaf\n" PORT "will be tried again\n"), "another one");
	ok(goes_down(NULL, 0, 0, "deaf") && says_retry(NULL, 8, NULL, ""),
	    "that again, of the radio: nothing");
	ok(goes_down("power", 14, 15, "deaf") && says_retry(NULL, 8, NULL,
	    PORT "power: deaf: wanted 14, got 15\n" PORT
	    "will be tried again\n"), "with a setting, it is another one");
	ok(goes_down("power", 0, 0, "no answer") && says_retry(NULL, -1, NULL,
	    PORT "power: no answer\n"), "not tried again: not said");
	ok(says_radio((struct ml_radio_event){ .what = ML_RADIO_UP },
	    PORT "up again\n"), "up again");
	ok(says_retry(NULL, 1, NULL, PORT "closed\n" PORT
	    "will be tried again\n"), "without a reason; none of before");
	begin();
	ok(says_radio((struct ml_radio_event){ .what = ML_RADIO_UP }, ""),
	    "up at once: nothing");
	ok(says_radio((struct ml_radio_event){ .what = ML_RADIO_UP },
	    PORT "up again\n"), "a second time, it has begun anew");
}

static int
notes(int error, const char *wanted)
{
	return says_radio((struct ml_radio_event){ .what = ML_RADIO_NOTE,
	    .got = error, .why = "low" }, wanted);
}

static void
check_notes(void)
{
	begin();
	ok(notes(0, PORT "low\n") && notes(6, PORT "low\n") &&
	    notes(255, PORT "low\n"), "errors that it tells of");
	ok(notes(6, "") && notes(0, "") && notes(99, ""),
	    "again, however often: nothing");
	ok(notes(-1, PORT "low\n") && notes(-1, PORT "low\n"),
	    "what is no error of its: each time");
	ok(says_radio((struct ml_radio_event){ .what = ML_RADIO_UP }, "") &&
	    notes(6, PORT "low\n"), "up anew: again");
}

static void
check_others(void)
{
	const struct ml_bridge_event unread = { .what = ML_BRIDGE_UNREAD };

	begin();
	ok(says_radio((struct ml_radio_event){ .what = ML_RADIO_REFUSED,
	    .setting = "firmware version", .why = "too old",
	    .wanted = 256 + 52, .got = 256 + 51 }, PORT "firmware 1.51 is too "
	    "old: 1.52 or later is spoken with; update it by rnodeconf\n"),
	    "firmware");
	ok(says_radio((struct ml_radio_event){ .what = ML_RADIO_REFUSED,
	    .setting = "device", .why = "none" }, PORT "none\n"), "no setting");
	ok(says_radio((struct ml_radio_event){ .what = ML_RADIO_LOST,
	    .count = 2, .why = "it has rebooted" },
	    PORT "it has rebooted: 2 frames may be lost\n"), "lost frames");
	ok(says(&(struct ml_bridge_event){ .what = ML_BRIDGE_BAD_FRAME,
	    .line = 7, .why = "frame: empty" }, NULL,
	    "standard input:7: frame: empty\n"), "a line");
	ok(says(&(struct ml_bridge_event){ .what = ML_BRIDGE_WAITS,
	    .seconds = 59.6 }, NULL,
	    "the hour's airtime is used: frames wait 60 s\n"), "airtime");
	ok(says(&unread, NULL, "nobody reads standard output: what is received "
	    "is dropped\n") && says(&unread, NULL, ""), "once");
	ml_buf_clear(&out);
	ml_radiosay_end(&out, &say);
	ok(holds(&out, "2 received frames were dropped\n"), "and how many");
}

int
main(void)
{
	check_retry();
	check_notes();
	check_others();
	ml_buf_free(&out);
	return unit_done();
}
