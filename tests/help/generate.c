/*
 * generate - a log of a survey that never was, as wire events on stdout: the
 * same for the same operands, in memory for the authors alone.
 *
 * RECORDS records are opened one after another through EVENTS events by
 * AUTHORS authors, who take turns; what a record is follows from its number.
 * With -s N the authors have keys, the same for the same seed: the first event
 * of each is his author.key, every Nth is sealed, and his last.  Then an
 * author's event is printed when his next one is made.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "hlc.h"
#include "identity.h"
#include "record.h"
#include "tool.h"

#define START_MS INT64_C(1735689600000)	/* 2025-01-01, and a year from there */
#define SPAN_MS (365 * INT64_C(86400000))
#define SKEW_MS 180000			/* between two authors' clocks */
#define EVENTS_MAX INT64_C(100000000)	/* and its square an int64_t */
#define AUTHORS_MAX 1000000
#define RECENT 64			/* records that most of the work is on */
#define PRINT_AT (64 * 1024)

enum type { TEXT, CHOICE, CHOICES, COUNT, TENTHS, DATE, PHONE, GPS, POINT,
    YES_NO, PEOPLE };

struct field {
	const char *name;
	enum type type;
	int least, most;
	const char *const *words;	/* of choices, ended by NULL */
};

struct form {
	const char *name, *prefix;
	const struct field *fields;
	size_t n;
};

struct author {
	char name[ML_AUTHOR_HEX + 1], head[ML_ID_HEX + 1];
	int64_t seq, skew;
	struct ml_hlc clock;
	struct ml_identity *identity;	/* NULL: plain */
	struct ml_buf last;		/* of a keyed one: not printed yet */
};

struct survey {
	uint64_t random;		/* of what happens */
	uint64_t seed;			/* of what records are */
	int64_t seal_every;		/* 0: authors are plain */
	int64_t events, records, opened, n;
	struct author *author;
	size_t authors, turn;
	int64_t ms;			/* a burst of one author's has one time */
	struct ml_hlc newest;
	struct ml_buf value, payload, body, out;
};

static const char *const OUTCOMES[] = { "complete", "partial", "refused",
    "nobody_home", "not_reachable", NULL };
static const char *const NEEDS[] = { "water", "food", "shelter", "medicine",
    "blankets", "soap", "fuel", "information", NULL };
static const char *const ACCESS[] = { "road", "motorbike", "canoe", "boat",
    "on_foot", NULL };
static const char *const SOURCES[] = { "hand_pump", "protected_well",
    "open_well", "spring", "river", "tanker", NULL };
static const char *const WORKS[] = { "yes", "no", "partially", NULL };
static const char *const SHELTERS[] = { "own_house", "host_family", "school",
    "church", "tent", "open_air", NULL };
static const char *const ILLS[] = { "watery_diarrhoea", "fever", "cough",
    "skin_infection", "injury", "none", NULL };

static const struct field SITE[] = {
	{ "settlement_name", TEXT, 0, 0, NULL }, { "gps", GPS, 0, 0, NULL },
	{ "visited_on", DATE, 0, 0, NULL },
	{ "population_est", COUNT, 20, 9000, NULL },
	{ "access", CHOICES, 0, 0, ACCESS },
	{ "flood_depth_m", TENTHS, 0, 45, NULL },
	{ "shelter_damage_pct", COUNT, 0, 100, NULL },
	{ "priority_needs", CHOICES, 0, 0, NEEDS },
	{ "contact_phone", PHONE, 0, 0, NULL },
	{ "visit_outcome", CHOICE, 0, 0, OUTCOMES },
};
static const struct field WATER[] = {
	{ "label", TEXT, 0, 0, NULL }, { "gps", POINT, 0, 0, NULL },
	{ "source_type", CHOICE, 0, 0, SOURCES },
	{ "functional", CHOICE, 0, 0, WORKS }, { "flooded", YES_NO, 0, 0, NULL },
	{ "ph", TENTHS, 55, 90, NULL }, { "turbidity_ntu", TENTHS, 1, 4000, NULL },
	{ "ec_us_cm", COUNT, 40, 3000, NULL },
	{ "ecoli_100ml", COUNT, 0, 200, NULL },
	{ "users_per_day", COUNT, 5, 900, NULL },
	{ "sampled_on", DATE, 0, 0, NULL },
};
static const struct field HOUSE[] = {
	{ "consent", YES_NO, 0, 0, NULL }, { "gps", GPS, 0, 0, NULL },
	{ "phone", PHONE, 0, 0, NULL }, { "members", PEOPLE, 1, 7, NULL },
	{ "shelter_type", CHOICE, 0, 0, SHELTERS },
	{ "needs", CHOICES, 0, 0, NEEDS }, { "water_source", CHOICE, 0, 0, SOURCES },
	{ "minutes_to_water", COUNT, 1, 180, NULL },
	{ "food_days_left", COUNT, 0, 30, NULL },
	{ "illness_14d", CHOICES, 0, 0, ILLS }, { "statement", TEXT, 0, 0, NULL },
};

#define FORM(name, prefix, f) { name, prefix, f, sizeof (f) / sizeof (f)[0] }
static const struct form FORMS[] = {
	FORM("site_assessment", "SA", SITE), FORM("water_point", "WP", WATER),
	FORM("household", "HH", HOUSE),
};

/* %d takes a number of the same meaning in each. */
static const char *const SENTENCES[] = {
	"The pump gives water again after %d strokes.",
	"Road cut by water, %d m of it under knee height; come by canoe.",
	"Asked at %d houses, all say the same.",
	"Queue of %d people at noon, shade cloth needed.",
	"A bomba do poço está partida, %d famílias vão ao rio.",
	"A água baixou %d cm desde ontem, mas o cheiro é mau.",
	"Faltam %d cobertores; o armazém está fechado até segunda-feira.",
	"المضخة معطلة منذ %d أيام والناس يشربون من النهر.",
	"وصلت %d عائلة جديدة إلى المدرسة مساء أمس.",
	"নলকূপটি %d দিন ধরে বন্ধ আছে।",
	"স্কুলে এখন %d জন আশ্রয় নিয়েছে।",
	"ፓምፑ ከ%d ቀን በፊት ተበላሽቷል።",
	"हामीलाई %d वटा कम्बल चाहियो।",
	"ရေတွင်းက %d ရက်ကြာ ပျက်နေတယ်။",
	"水泵已修好,每天供水%d小时。",
	"桥断了,绕路要多走%d公里。",
	"Радиостанция слышна только с холма, %d м над рекой.",
	"Told to boil \"everything\"; wood costs %d a bundle.\nWill ask again.",
};
static const char *const NAMES[] = { "Amina Três Mangueiras", "José da Ponte",
    "فاطمة الحسن", "রহিমা খাতুন", "አበበ ታደሰ", "सीता थापा", "မမြ", "王小河",
    "Old Market", "Nhacaranga Velha", "Vila Remanso", "Mpandazi" };

#define ANY(list) (list)[below(s, sizeof (list) / sizeof (list)[0])]

/* splitmix64: Steele, Lea and Flood, OOPSLA 2014 */
static uint64_t
mix(uint64_t z)
{
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t
below(struct survey *s, uint64_t n)
{
	return (mix(s->random += UINT64_C(0x9e3779b97f4a7c15)) >> 16) % n;
}

static int
between(struct survey *s, int least, int most)
{
	return least + (int)below(s, (uint64_t)(most - least) + 1);
}

__attribute__((format(printf, 2, 3))) static void
put(struct ml_buf *out, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	ml_buf_str(out, text);
}

static void
put_sentences(struct survey *s, struct ml_buf *out)
{
	char text[512];
	int n = between(s, 1, 3);

	while (n-- > 0) {
		snprintf(text, sizeof text, ANY(SENTENCES), between(s, 2, 60));
		ml_buf_str(out, text);
		if (n > 0)
			ml_buf_byte(out, ' ');
	}
	ml_buf_byte(out, '\0');
}

static void
put_choices(struct survey *s, const char *const *words)
{
	const char *comma = "";

	ml_buf_byte(&s->value, '[');
	for (; *words != NULL; words++)
		if (below(s, 3) == 0) {
			put(&s->value, "%s\"%s\"", comma, *words);
			comma = ",";
		}
	ml_buf_byte(&s->value, ']');
}

static void
put_people(struct survey *s, int n)
{
	ml_buf_byte(&s->value, '[');
	while (n-- > 0)
		put(&s->value, "{\"name\":\"%s\",\"sex\":\"%s\",\"age\":%d}%s",
		    ANY(NAMES), below(s, 2) ? "female" : "male",
		    between(s, 0, 85), n > 0 ? "," : "");
	ml_buf_byte(&s->value, ']');
}

/* A value as JSON, in any spelling. */
static void
put_value(struct survey *s, const struct field *f)
{
	struct ml_buf *out = &s->value;
	size_t n = 0;

	switch (f->type) {
	case TEXT: put(out, "\"%s %d\"", ANY(NAMES), between(s, 1, 99)); break;
	case CHOICE:
		while (f->words[n] != NULL)
			n++;
		put(out, "\"%s\"", f->words[below(s, n)]);
		break;
	case CHOICES: put_choices(s, f->words); break;
	case COUNT: put(out, "%d", between(s, f->least, f->most)); break;
	case TENTHS:
		n = (size_t)between(s, f->least, f->most);
		put(out, "%zu.%zu", n / 10, n % 10);
		break;
	case DATE:
		put(out, "\"2025-%02d-%02d\"", between(s, 1, 12),
		    between(s, 1, 28));
		break;
	case PHONE: put(out, "\"+258 84 000 %04d\"", between(s, 0, 9999)); break;
	case GPS:
		put(out, "\"-18.%04d 36.%04d %d.%d %d.%d\"",
		    between(s, 0, 9999), between(s, 0, 9999), between(s, 1, 80),
		    between(s, 0, 9), between(s, 2, 15), between(s, 0, 9));
		break;
	case POINT:
		put(out, "{\"lat\":-18.%06d,\"lon\":36.%06d,\"alt\":%d.%d,"
		    "\"acc\":%d}", between(s, 0, 999999), between(s, 0, 999999),
		    between(s, 1, 80), between(s, 0, 9), between(s, 2, 15));
		break;
	case YES_NO: ml_buf_str(out, below(s, 2) ? "true" : "false"); break;
	case PEOPLE: put_people(s, between(s, f->least, f->most)); break;
	}
}

static const char *
write_set(struct survey *s, const struct form *form, const char *rid)
{
	const struct field *f = &form->fields[below(s, form->n)];

	put_value(s, f);
	ml_buf_byte(&s->value, '\0');
	return ml_record_set(&s->payload, rid, f->name, s->value.p,
	    ML_VALUE_JSON);
}

static const char *
write_attachment(struct survey *s, const char *rid)
{
	char hash[65];
	int i;

	for (i = 0; i < 4; i++)
		snprintf(hash + 16 * i, 17, "%016" PRIx64,
		    mix(s->random + (uint64_t)i));
	return ml_record_attach(&s->payload, rid, "photo", hash,
	    between(s, 40000, 900000), "image/jpeg");
}

/* The payload of the next event; returns its kind. */
static const char *
write_payload(struct survey *s, const char *by)
{
	int open = s->opened * s->events <= s->n * s->records;
	int64_t record = s->opened;
	const struct form *form;
	const char *kind, *why;
	uint64_t dice = below(s, 100);
	char rid[32];

	if (open)
		s->opened++;
	else if (dice < 75 && s->opened > RECENT)
		record -= 1 + (int64_t)below(s, RECENT);
	else
		record = (int64_t)below(s, (uint64_t)s->opened);
	form = &FORMS[mix(s->seed ^ mix((uint64_t)record)) %
	    (sizeof FORMS / sizeof FORMS[0])];
	snprintf(rid, sizeof rid, "%s-%06" PRId64, form->prefix, record);
	ml_buf_clear(&s->value);
	ml_buf_clear(&s->payload);
	dice = below(s, 100);
	if (open) {
		kind = "record.create";
		why = ml_record_create(&s->payload, rid, form->name, by);
	} else if (dice < 84) {
		kind = "field.set";
		why = write_set(s, form, rid);
	} else if (dice < 97) {
		kind = "note.add";
		put_sentences(s, &s->value);
		why = ml_record_note(&s->payload, rid, s->value.p);
	} else {
		kind = "attachment.add";
		why = write_attachment(s, rid);
	}
	if (why != NULL || ml_buf_failed(&s->payload))
		ml_die(kind, why != NULL ? why : ML_NO_MEMORY);
	return kind;
}

/* The payload of the event that a keyed feed begins with; returns its kind. */
static const char *
write_key(struct survey *s, const struct author *a)
{
	char hex[ML_PUBLIC_HEX + 1];

	sodium_bin2hex(hex, sizeof hex, ml_identity_public(a->identity),
	    ML_PUBLIC_LEN);
	ml_buf_clear(&s->payload);
	put(&s->payload, "{\"key\":\"%s\"}", hex);
	return "author.key";
}

/* Whose turn it is; sometimes news of the others have come first. */
static struct author *
take_turn(struct survey *s)
{
	struct author *a;

	if (s->n == 0 || below(s, 4) == 0) {
		s->turn = (size_t)below(s, s->authors);
		s->ms = START_MS + SPAN_MS / s->events * s->n;
		a = &s->author[s->turn];
		if (below(s, 16) == 0)
			ml_hlc_update(&a->clock, s->newest, s->ms + a->skew);
	}
	return &s->author[s->turn];
}

static void
put_sealed(struct survey *s, const struct author *a, struct ml_event *e,
    struct ml_buf *out)
{
	char seal[ML_SEAL_TEXT + 1];

	if (ml_identity_seal(a->identity, e, seal, &s->body) == -1)
		ml_no_memory();
	e->seal = (struct ml_slice){ seal, ML_SEAL_TEXT };
	ml_event_write(e, out);
	e->seal.len = 0;
}

static void
put_event(struct survey *s, struct author *a, struct ml_event *e)
{
	if (a->identity == NULL) {
		ml_event_write(e, &s->out);
		ml_buf_byte(&s->out, '\n');
		return;
	}
	if (a->last.len > 0) {
		ml_buf_slice(&s->out, ml_buf_view(&a->last));
		ml_buf_byte(&s->out, '\n');
		ml_buf_clear(&a->last);
	}
	if (e->seq % s->seal_every == 0)
		put_sealed(s, a, e, &a->last);
	else
		ml_event_write(e, &a->last);
	if (ml_buf_failed(&a->last))
		ml_no_memory();
}

/* What a keyed author wrote last, sealed. */
static void
put_last(struct survey *s, struct author *a)
{
	struct ml_event e;

	if (a->last.len == 0)
		return;
	if (!ml_event_read_quick(&e, ml_buf_view(&a->last)))
		ml_die(a->name, "not an event");
	put_sealed(s, a, &e, &s->out);
	ml_buf_byte(&s->out, '\n');
}

static void
write_event(struct survey *s)
{
	struct author *a = take_turn(s);
	const char *kind = a->identity != NULL && a->seq == 0 ?
	    write_key(s, a) : write_payload(s, a->name), *why;
	struct ml_event e = { .author = { a->name, strlen(a->name) },
	    .kind = { kind, strlen(kind) }, .seq = ++a->seq,
	    .prev = { a->head, strlen(a->head) } };
	struct ml_buf id = { 0 };

	e.payload = ml_buf_view(&s->payload);
	e.hlc = ml_hlc_mint(&a->clock, s->ms + a->skew);
	if (ml_hlc_compare(e.hlc, s->newest) > 0)
		s->newest = e.hlc;
	if ((why = ml_event_mint(&e, &s->body)) != NULL)
		ml_die(kind, why);
	put_event(s, a, &e);
	ml_id_write(e.id, &id);
	ml_buf_byte(&id, '\0');
	if (ml_buf_failed(&id) || ml_buf_failed(&s->out))
		ml_no_memory();
	memcpy(a->head, id.p, sizeof a->head);
	ml_buf_free(&id);
	if (s->out.len >= PRINT_AT)
		ml_print(&s->out);
	s->n++;
}

/* A name, or a key and its id. */
static void
make_author(struct survey *s, size_t i)
{
	struct author *a = &s->author[i];
	uint8_t private[ML_IDENTITY_LEN];
	uint64_t part;
	size_t at;

	snprintf(a->name, sizeof a->name, "team_%02zu", i + 1);
	a->skew = (int64_t)below(s, SKEW_MS);
	if (s->seal_every == 0)
		return;
	for (at = 0; at < sizeof private; at++) {
		part = mix(s->seed ^ mix(i * sizeof private + at));
		private[at] = (uint8_t)part;
	}
	if ((a->identity = ml_identity_of(private)) == NULL)
		ml_no_memory();
	memcpy(a->name, ml_identity_author(a->identity).p, ML_AUTHOR_HEX);
	a->name[ML_AUTHOR_HEX] = '\0';
}

static int64_t
operand(const char *text, int64_t least, int64_t most)
{
	int64_t v;

	if (!ml_number_int((struct ml_slice){ text, strlen(text) }, &v) ||
	    v < least || v > most)
		ml_die(text, "not a number, or out of range");
	return v;
}

int
main(int argc, char *argv[])
{
	struct survey s = { 0 };
	size_t i;

	if (argc == 7 && strcmp(argv[1], "-s") == 0) {
		s.seal_every = operand(argv[2], 1, ML_SEAL_RUN);
		argc -= 2, argv += 2;
	}
	if (argc != 5) {
		fputs("usage: generate [-s N] EVENTS AUTHORS RECORDS SEED\n",
		    stderr);
		return ML_USAGE;
	}
	s.events = operand(argv[1], 1, EVENTS_MAX);
	s.authors = (size_t)operand(argv[2], 1, AUTHORS_MAX);
	s.records = operand(argv[3], 1, s.events);
	s.seed = s.random = mix((uint64_t)operand(argv[4], 0, ML_INT_MAX));
	if (sodium_init() == -1 ||
	    (s.author = calloc(s.authors, sizeof *s.author)) == NULL)
		ml_no_memory();
	for (i = 0; i < s.authors; i++)
		make_author(&s, i);
	while (s.n < s.events && !ferror(stdout))
		write_event(&s);
	for (i = 0; i < s.authors; i++) {
		put_last(&s, &s.author[i]);
		ml_identity_free(s.author[i].identity);
		ml_buf_free(&s.author[i].last);
	}
	ml_print(&s.out);
	ml_buf_free(&s.value);
	ml_buf_free(&s.payload);
	ml_buf_free(&s.body);
	ml_buf_free(&s.out);
	free(s.author);
	ml_close_stdout();
	return ML_OK;
}
