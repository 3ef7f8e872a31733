/* trust - each form of rule, each bad line, names, and who may write */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include "file.h"
#include "given.h"
#include "trust.h"
#include "unit.h"

#define ID "aca31af0441d81dbec71e82da0b4b5f5"
#define OTHER "eb741789c8b5cb3019d8d4d363919a60"

static const char NEITHER[] = "neither an author's id, nor plain, nor *";
static const char WHOM[] = "plain: whom?";
static const char STAR[] = "something stands behind *";
static const char LEADING[] = "a name with a leading * must be a JSON string";
static const char QUOTES[] = "a name with quotes must be a JSON string";
static const char CONTROLS[] = "a name with control characters must be a "
    "JSON string";
static const char BEHIND[] = "something stands behind a quoted name";
static const char WORDS[] = "too many words: a name with blanks must be a "
    "JSON string";
static const char LONG[] = "a name over 256 bytes";
static const char UTF8[] = "not UTF-8";
static const char ANY[] = "any reason";

static struct ml_trust *
given(struct ml_slice text)
{
	struct ml_trust *t = NULL;
	unsigned long line;

	if (ml_trust_read(&t, text, &line) != NULL)
		abort();
	return t;
}

static const char *
write_all(const struct ml_trust *t, struct ml_buf *out)
{
	const struct ml_trust_rule *rule;
	size_t i, n;

	ml_buf_clear(out);
	rule = ml_trust_rules(t, &n);
	for (i = 0; i < n; i++)
		ml_trust_write(&rule[i], out);
	ml_buf_byte(out, '\0');
	out->len--;
	return out->p;
}

/* One line, and the one rule that it is; who: NULL for a bad line. */
static const struct line {
	const char *text;
	enum ml_trust_kind kind;
	const char *who, *name;		/* or the reason */
	const char *written;		/* NULL: the text and a newline */
} LINE[] = {
	{ ID, ML_TRUST_ID, ID, "", NULL },
	{ "00000000000000000000000000000000", ML_TRUST_ID,
	    "00000000000000000000000000000000", "", NULL },
	{ ID " base", ML_TRUST_ID, ID, "base", NULL },
	{ ID " plain", ML_TRUST_ID, ID, "plain", NULL },
	{ ID " " OTHER, ML_TRUST_ID, ID, OTHER, NULL },
	{ "plain base", ML_TRUST_PLAIN, "base", "", NULL },
	{ "plain plain", ML_TRUST_PLAIN, "plain", "", NULL },
	{ "plain " ID, ML_TRUST_PLAIN, ID, "", NULL },
	{ "*", ML_TRUST_ANY_KEYED, "", "", NULL },
	{ "plain *", ML_TRUST_ANY_PLAIN, "", "", NULL },
	/* blanks, comments, line ends */
	{ " \t" ID " \t base\t ", ML_TRUST_ID, ID, "base", ID " base\n" },
	{ ID " base\r", ML_TRUST_ID, ID, "base", ID " base\n" },
	{ ID "\r", ML_TRUST_ID, ID, "", ID "\n" },
	{ "*\r", ML_TRUST_ANY_KEYED, "", "", "*\n" },
	{ "plain *\r", ML_TRUST_ANY_PLAIN, "", "", "plain *\n" },
	{ ID " # base", ML_TRUST_ID, ID, "", ID "\n" },
	{ ID " base # whose", ML_TRUST_ID, ID, "base", ID " base\n" },
	{ ID " base #whose", ML_TRUST_ID, ID, "base", ID " base\n" },
	{ "* # everyone", ML_TRUST_ANY_KEYED, "", "", "*\n" },
	{ "plain * #", ML_TRUST_ANY_PLAIN, "", "", "plain *\n" },
	{ ID " \"base\" # whose", ML_TRUST_ID, ID, "base", ID " base\n" },
	/* # begins a comment only where a word could begin */
	{ ID " base#7", ML_TRUST_ID, ID, "base#7", NULL },
	{ "plain team#a", ML_TRUST_PLAIN, "team#a", "", NULL },
	{ "plain \"#a\"", ML_TRUST_PLAIN, "#a", "", NULL },
	{ ID " \"#1 of # two\"", ML_TRUST_ID, ID, "#1 of # two", NULL },
	/* names that are JSON strings */
	{ ID " \"base\"", ML_TRUST_ID, ID, "base", ID " base\n" },
	{ "plain \"base\"", ML_TRUST_PLAIN, "base", "", "plain base\n" },
	{ ID " \"two words\"", ML_TRUST_ID, ID, "two words", NULL },
	{ "plain \"two words\"", ML_TRUST_PLAIN, "two words", "", NULL },
	{ "plain \" \"", ML_TRUST_PLAIN, " ", "", NULL },
	{ "plain \"base \"", ML_TRUST_PLAIN, "base ", "", NULL },
	{ "plain \"*\"", ML_TRUST_PLAIN, "*", "", NULL },
	{ "plain \"*base\"", ML_TRUST_PLAIN, "*base", "", NULL },
	{ "plain base*", ML_TRUST_PLAIN, "base*", "", NULL },
	{ ID " \"*\"", ML_TRUST_ID, ID, "*", NULL },
	{ "plain \"\"", ML_TRUST_PLAIN, "", "", NULL },
	{ ID " \"\"", ML_TRUST_ID, ID, "", ID "\n" },
	{ "plain \"\\\"\"", ML_TRUST_PLAIN, "\\\"", "", NULL },
	{ "plain \"a\\\"b\\\"\"", ML_TRUST_PLAIN, "a\\\"b\\\"", "", NULL },
	{ "plain \"\\n\"", ML_TRUST_PLAIN, "\\n", "", NULL },
	{ "plain \"\\u001b[31m\"", ML_TRUST_PLAIN, "\\u001b[31m", "", NULL },
	{ "plain \"\\u0000\"", ML_TRUST_PLAIN, "\\u0000", "", NULL },
	{ "plain \"a\\u0009b\"", ML_TRUST_PLAIN, "a\\tb", "",
	    "plain \"a\\tb\"\n" },
	{ "plain \"\\u0062ase\"", ML_TRUST_PLAIN, "base", "",
	    "plain base\n" },
	{ "plain \"a\\/b\"", ML_TRUST_PLAIN, "a/b", "", "plain a/b\n" },
	{ ID " \"x\\u007f\"", ML_TRUST_ID, ID, "x\\u007f", NULL },
	{ "plain \"\\ud800\"", ML_TRUST_PLAIN, "\\ud800", "", NULL },
	/* Unicode, bare and quoted */
	{ "plain \xc3\xa9quipe", ML_TRUST_PLAIN, "\\u00e9quipe", "",
	    "plain \xc3\xa9quipe\n" },
	{ "plain \"\xc3\xa9quipe\"", ML_TRUST_PLAIN, "\\u00e9quipe", "",
	    "plain \xc3\xa9quipe\n" },
	{ "plain \"\\u00E9quipe\"", ML_TRUST_PLAIN, "\\u00e9quipe", "",
	    "plain \xc3\xa9quipe\n" },
	{ ID " \xf0\x9f\x98\x80", ML_TRUST_ID, ID, "\\ud83d\\ude00",
	    ID " \xf0\x9f\x98\x80\n" },
	/* a bare backslash is no escape */
	{ "plain a\\u0062", ML_TRUST_PLAIN, "a\\\\u0062", "",
	    "plain \"a\\\\u0062\"\n" },
	{ "plain C:\\n", ML_TRUST_PLAIN, "C:\\\\n", "",
	    "plain \"C:\\\\n\"\n" },
	/* bad lines */
	{ "plain", 0, NULL, WHOM, NULL }, { "plain ", 0, NULL, WHOM, NULL },
	{ "plain # all", 0, NULL, WHOM, NULL },
	{ "* all", 0, NULL, STAR, NULL }, { "* *", 0, NULL, STAR, NULL },
	{ "* " ID, 0, NULL, STAR, NULL },
	{ "**", 0, NULL, NEITHER, NULL },
	{ "\"*\"", 0, NULL, NEITHER, NULL },
	{ "plain **", 0, NULL, LEADING, NULL },
	{ "plain *base", 0, NULL, LEADING, NULL },
	{ ID " *", 0, NULL, LEADING, NULL },
	{ ID " *base", 0, NULL, LEADING, NULL },
	{ "base", 0, NULL, NEITHER, NULL },
	{ "base " ID, 0, NULL, NEITHER, NULL },
	{ "Plain base", 0, NULL, NEITHER, NULL },
	{ "PLAIN *", 0, NULL, NEITHER, NULL },
	{ "plain: base", 0, NULL, NEITHER, NULL },
	{ "\"plain\" base", 0, NULL, NEITHER, NULL },
	{ "plainbase", 0, NULL, NEITHER, NULL },
	{ "\"" ID "\"", 0, NULL, NEITHER, NULL },
	{ "\"" ID "\" base", 0, NULL, NEITHER, NULL },
	{ ID "0", 0, NULL, NEITHER, NULL },
	{ ID ",", 0, NULL, NEITHER, NULL },
	{ ID "#", 0, NULL, NEITHER, NULL },
	{ "aca31af0441d81dbec71e82da0b4b5f", 0, NULL, NEITHER, NULL },
	{ "ACA31AF0441D81DBEC71E82DA0B4B5F5", 0, NULL, NEITHER, NULL },
	{ "<" ID ">", 0, NULL, NEITHER, NULL },
	{ "\xd0\xb0""ca31af0441d81dbec71e82da0b4b5f5", 0, NULL, NEITHER,
	    NULL },
	{ "\xef\xbb\xbf*", 0, NULL, NEITHER, NULL },
	{ "\xc2\xa0*", 0, NULL, NEITHER, NULL },
	{ "-", 0, NULL, NEITHER, NULL }, { "!plain x", 0, NULL, NEITHER, NULL },
	{ ID " two words", 0, NULL, WORDS, NULL },
	{ "plain two words", 0, NULL, WORDS, NULL },
	{ "plain * *", 0, NULL, WORDS, NULL },
	{ ID " \"two\" words", 0, NULL, WORDS, NULL },
	{ ID " a b c d", 0, NULL, WORDS, NULL },
	{ "plain \"a\"b", 0, NULL, BEHIND, NULL },
	{ "plain \"a\"\"b\"", 0, NULL, BEHIND, NULL },
	{ "plain \"a\"#b", 0, NULL, BEHIND, NULL },
	{ "\"a\":", 0, NULL, BEHIND, NULL },
	{ "plain a\"b", 0, NULL, QUOTES, NULL },
	{ "plain a\"", 0, NULL, QUOTES, NULL },
	{ ID " b\"a\"", 0, NULL, QUOTES, NULL },
	{ "plain a\x01", 0, NULL, CONTROLS, NULL },
	{ "plain \x1b[31m", 0, NULL, CONTROLS, NULL },
	{ "plain a\x7f", 0, NULL, CONTROLS, NULL },
	{ "plain a\vb", 0, NULL, CONTROLS, NULL },
	{ "plain a\f", 0, NULL, CONTROLS, NULL },
	{ ID " a\bb", 0, NULL, CONTROLS, NULL },
	{ "plain \"a", 0, NULL, ANY, NULL }, { "plain \"", 0, NULL, ANY, NULL },
	{ "plain \"\\x\"", 0, NULL, ANY, NULL },
	{ "plain \"a\tb\"", 0, NULL, ANY, NULL },
	{ "plain \"\\u12\"", 0, NULL, ANY, NULL },
	{ "plain \xff", 0, NULL, UTF8, NULL },
	{ "plain \"\xc3\"", 0, NULL, UTF8, NULL },
	{ "* # caf\xe9", 0, NULL, UTF8, NULL },
	{ "# \xc0\x80", 0, NULL, UTF8, NULL },
	{ "plain \xed\xa0\x80", 0, NULL, UTF8, NULL },
};
#define LINES (sizeof LINE / sizeof LINE[0])

static void
check_rules(void)
{
	struct ml_trust *t, *again;
	const struct ml_trust_rule *r;
	struct ml_buf text = { 0 }, other = { 0 };
	unsigned long line;
	const char *why;
	size_t i, n;

	for (i = 0; i < LINES; i++) {
		if (LINE[i].who == NULL)
			continue;
		t = NULL;
		line = 99;
		why = ml_trust_read(&t, slice(LINE[i].text), &line);
		ok(why == NULL && t != NULL, "%s: %s", LINE[i].text,
		    why != NULL ? why : "taken");
		if (why != NULL)
			continue;
		r = ml_trust_rules(t, &n);
		ok(n == 1 && r->kind == LINE[i].kind &&
		    ml_slice_is(r->who, LINE[i].who) &&
		    ml_slice_is(r->name, LINE[i].name), "%s: the rule",
		    LINE[i].text);
		ok(!ml_trust_is_default(t), "%s: no default", LINE[i].text);
		write_all(t, &text);
		ok(LINE[i].written != NULL ? holds(&text, LINE[i].written) :
		    text.len == strlen(LINE[i].text) + 1 &&
		    text.p[text.len - 1] == '\n' && memcmp(text.p,
		    LINE[i].text, text.len - 1) == 0, "%s: written as %s",
		    LINE[i].text, text.p);
		again = NULL;
		why = ml_trust_read(&again, ml_buf_view(&text), &line);
		ok(why == NULL && ml_slice_is(ml_buf_view(&text),
		    write_all(again, &other)), "%s: and read again: %s",
		    LINE[i].text, why != NULL ? why : "the same");
		ml_trust_free(t);
		ml_trust_free(again);
	}
	ml_buf_free(&text);
	ml_buf_free(&other);
}

/* A bad line between good ones: its number, its reason, nothing else. */
static void
check_bad_lines(void)
{
	struct ml_trust *t, *const before = (struct ml_trust *)(uintptr_t)LINE;
	struct ml_buf text = { 0 };
	unsigned long line;
	const char *why;
	size_t i;

	for (i = 0; i < LINES; i++) {
		if (LINE[i].who != NULL)
			continue;
		ml_buf_clear(&text);
		ml_buf_str(&text, "# who\r\n\n" ID " base\n");
		ml_buf_str(&text, LINE[i].text);
		ml_buf_str(&text, i % 2 == 0 ? "\n*\nbad\n" : "\r\n\xff\n");
		t = before;
		why = ml_trust_read(&t, ml_buf_view(&text), &line);
		ok(why != NULL && (LINE[i].name == ANY ||
		    same_reason(why, LINE[i].name)), "%s: %s", LINE[i].text,
		    why != NULL ? why : "taken");
		ok(line == 4 && t == before, "%s: line %lu", LINE[i].text,
		    line);
		if (why == NULL)
			ml_trust_free(t);
		/* without a newline, as the first line and the last */
		t = before;
		why = ml_trust_read(&t, slice(LINE[i].text), &line);
		ok(why != NULL && line == 1 && t == before,
		    "%s: alone", LINE[i].text);
		if (why == NULL)
			ml_trust_free(t);
	}
	t = before;
	why = ml_trust_read(&t, (struct ml_slice){ "*\nplain a\0b\n", 12 },
	    &line);
	ok(why != NULL && line == 2 && t == before, "a NUL in a name: %s",
	    why != NULL ? why : "taken");
	why = ml_trust_read(&t, (struct ml_slice){ "\0", 1 }, &line);
	ok(why != NULL && line == 1 && t == before, "a NUL alone: %s",
	    why != NULL ? why : "taken");
	why = ml_trust_read(&t, (struct ml_slice){ "*\n" ID "\0\n", 36 },
	    &line);
	ok(why != NULL && line == 2 && t == before, "a NUL behind an id: %s",
	    why != NULL ? why : "taken");
	ml_buf_free(&text);
}

static void
check_long_names(void)
{
	static const char *const begin[] = { "plain ", ID " ", "plain \"",
	    ID " \"" };
	struct ml_buf text = { 0 };
	struct ml_trust *t = NULL;
	unsigned long line;
	size_t i, n, over;

	for (i = 0; i < 4; i++)
		for (over = 0; over < 2; over++) {
			ml_buf_clear(&text);
			ml_buf_str(&text, begin[i]);
			for (n = 2; n < ML_NAME_MAX + over; n++)
				ml_buf_byte(&text, 'x');
			ml_buf_str(&text, "\xc3\xa9");
			if (i >= 2)
				ml_buf_byte(&text, '"');
			t = NULL;
			ok(same_reason(ml_trust_read(&t, ml_buf_view(&text),
			    &line), over ? LONG : NULL),
			    "%sa name of %zu bytes", begin[i],
			    ML_NAME_MAX + over);
			if (over == 0)
				ml_trust_free(t);
		}
	ml_buf_free(&text);
}

/* All rules in one file, with all that may stand around them. */
static void
check_file(void)
{
	static const char text[] = "# who may write\n\n \t \r\n"
	    ID " base # the base\r\n"
	    "plain \"two words\"\n"
	    "   # indented\n"
	    "*\n"
	    "plain *\n"
	    ID " again\n"
	    OTHER;
	static const char want[] = ID " base\nplain \"two words\"\n*\nplain *\n"
	    ID " again\n" OTHER "\n";
	static const char *const empty[] = { "", "\n", "\r\n", " ", "#",
	    "# nobody\n\n\t#\n" };
	struct ml_buf out = { 0 };
	struct ml_trust *t = given(slice(text));
	unsigned long line;
	size_t n, i;

	ok(strcmp(write_all(t, &out), want) == 0, "six rules in their order");
	ok(ml_slice_is(ml_trust_name(t, slice(ID)), "base"),
	    "of two names the first");
	ml_trust_free(t);
	for (i = 0; i < sizeof empty / sizeof empty[0]; i++) {
		t = NULL;
		ok(ml_trust_read(&t, slice(empty[i]), &line) == NULL,
		    "empty file %zu", i);
		ml_trust_rules(t, &n);
		ok(n == 0 && !ml_trust_is_default(t) &&
		    !ml_trust_keyed(t, slice(ID)) &&
		    !ml_trust_plain(t, slice("base")), "trusts nobody");
		ml_trust_free(t);
	}
	/* more rules than any first allocation holds */
	ml_buf_clear(&out);
	for (i = 0; i < 5000; i++) {
		ml_buf_str(&out, "plain a");
		ml_buf_int(&out, (int64_t)i);
		ml_buf_byte(&out, '\n');
	}
	t = given(ml_buf_view(&out));
	ml_trust_rules(t, &n);
	ok(n == 5000 && ml_trust_plain(t, slice("a0")) &&
	    ml_trust_plain(t, slice("a4999")) &&
	    !ml_trust_plain(t, slice("a5000")), "5000 rules");
	ml_trust_free(t);
	ml_trust_free(NULL);
	ml_buf_free(&out);
}

/* Who may write, under which rules. */
static void
check_decisions(void)
{
	static const struct {
		const char *rules;	/* NULL: there is no file */
		const char *author;
		int keyed, plain, listed;
	} table[] = {
		{ NULL, ID, 1, 0, 0 },
		{ NULL, "base", 1, 1, 0 },
		{ NULL, "", 1, 1, 0 },
		{ NULL, "aca31af0441d81dbec71e82da0b4b5f", 1, 1, 0 },
		{ NULL, ID "0", 1, 1, 0 },
		{ NULL, "ACA31AF0441D81DBEC71E82DA0B4B5F5", 1, 1, 0 },
		{ NULL, "ffffffffffffffffffffffffffffffff", 1, 0, 0 },
		{ "", ID, 0, 0, 0 }, { "", "base", 0, 0, 0 },
		{ ID, ID, 1, 0, 1 }, { ID, OTHER, 0, 0, 0 },
		{ ID, "base", 0, 0, 0 },
		{ ID " base", "base", 0, 0, 0 },
		{ ID " " OTHER, OTHER, 0, 0, 0 },
		{ "*", ID, 1, 0, 0 }, { "*", "base", 1, 0, 0 },
		{ "plain base", "base", 0, 1, 0 },
		{ "plain base", "Base", 0, 0, 0 },
		{ "plain base", "bas", 0, 0, 0 },
		{ "plain base", "base ", 0, 0, 0 },
		{ "plain base", " base", 0, 0, 0 },
		{ "plain base", "based", 0, 0, 0 },
		{ "plain base", "b\\u0430se", 0, 0, 0 },
		{ "plain base", "base\\u200b", 0, 0, 0 },
		{ "plain base", "\\uff42ase", 0, 0, 0 },
		{ "plain base", "base\\u0000", 0, 0, 0 },
		{ "plain base", "", 0, 0, 0 },
		{ "plain \xc3\xa9", "\\u00e9", 0, 1, 0 },
		{ "plain \xc3\xa9", "e\\u0301", 0, 0, 0 },
		{ "plain \"\"", "", 0, 1, 0 },
		{ "plain \"base \"", "base ", 0, 1, 0 },
		{ "plain \"base \"", "base", 0, 0, 0 },
		{ "plain \"*\"", "*", 0, 1, 0 },
		{ "plain \"*\"", "base", 0, 0, 0 },
		/* a name that is shaped like an id, without a key */
		{ "plain " ID, ID, 0, 1, 0 },
		{ "plain " ID, OTHER, 0, 0, 0 },
		{ "plain *", "base", 0, 1, 0 },
		{ "plain *", "", 0, 1, 0 },
		{ "plain *", ID, 0, 1, 0 },
		{ "*\nplain *", ID, 1, 1, 0 },
		/* whoever has an ID line needs seals under every rule */
		{ ID "\nplain " ID, ID, 1, 0, 1 },
		{ "plain " ID "\n" ID, ID, 1, 0, 1 },
		{ ID "\nplain *", ID, 1, 0, 1 },
		{ ID "\nplain *", OTHER, 0, 1, 0 },
		{ "plain *\n*\n" ID, ID, 1, 0, 1 },
		/* what looks like the one who is listed */
		{ ID, "ACA31AF0441D81DBEC71E82DA0B4B5F5", 0, 0, 0 },
		{ ID, "aca31af0441d81dbec71e82da0b4b5F5", 0, 0, 0 },
		{ ID, "aca31af0441d81dbec71e82da0b4b5f", 0, 0, 0 },
		{ ID, ID "0", 0, 0, 0 }, { ID, ID " ", 0, 0, 0 },
		{ ID, " " ID, 0, 0, 0 }, { ID, ID "\\n", 0, 0, 0 },
		{ ID, "\\u0430ca31af0441d81dbec71e82da0b4b5f5", 0, 0, 0 },
		{ ID, "aca\\uff13" "1af0441d81dbec71e82da0b4b5f5", 0, 0, 0 },
		{ ID, "aca\\u0663" "1af0441d81dbec71e82da0b4b5f5", 0, 0, 0 },
		{ ID, "aca\\ud835\\udfd1" "1af0441d81dbec71e82da0b4b5f5", 0,
		    0, 0 },
		{ ID, "", 0, 0, 0 },
	};
	struct ml_feed keyed = { .keyed = 1 }, plain = { .keyed = 0 };
	struct ml_trust *t;
	struct ml_slice who;
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		t = table[i].rules == NULL ? ml_trust_new() :
		    given(slice(table[i].rules));
		who = keyed.author = plain.author = slice(table[i].author);
		ok(ml_trust_keyed(t, who) == table[i].keyed &&
		    ml_trust_allows(t, &keyed) == table[i].keyed,
		    "entry %zu: %s with a key", i, table[i].author);
		ok(ml_trust_plain(t, who) == table[i].plain &&
		    ml_trust_allows(t, &plain) == table[i].plain,
		    "entry %zu: %s without", i, table[i].author);
		ok(ml_trust_is_listed(t, who) == table[i].listed,
		    "entry %zu: %s is %slisted", i, table[i].author,
		    table[i].listed ? "" : "not ");
		ok(ml_trust_is_default(t) == (table[i].rules == NULL),
		    "entry %zu: a file or none", i);
		ml_trust_free(t);
	}
}

/* How an author is shown: no name of one passes to another. */
static void
check_labels(void)
{
	static const char rules[] = ID " base\n" OTHER "\nplain base\n"
	    "ffffffffffffffffffffffffffffffff \"\\u001b[2J\"\n";
	static const struct {
		const char *author, *own;
		int keyed;
		const char *label;
	} table[] = {
		{ ID, "", 1, "base <" ID ">" },
		{ ID, "team_a", 1, "base <" ID ">" },
		{ OTHER, "base", 1, "base <" OTHER ">" },
		{ OTHER, "", 1, "<" OTHER ">" },
		{ OTHER, "\\u001b[2J\\n", 1, "\\u001b[2J\\u000a <" OTHER ">" },
		{ "ffffffffffffffffffffffffffffffff", "x", 1,
		    "\\u001b[2J <ffffffffffffffffffffffffffffffff>" },
		{ "0123456789abcdef0123456789abcdef", "base", 1,
		    "base <0123456789abcdef0123456789abcdef>" },
		{ "base", "", 0, "base (plain)" },
		{ ID, "", 0, ID " (plain)" },
		{ "base <" ID ">", "", 0, "base <" ID "> (plain)" },
		{ "a\\nb", "", 0, "a\\u000ab (plain)" },
		{ "\\u202ex", "", 0, "\\u202ex (plain)" },
		{ "\\u00e9", "", 0, "\xc3\xa9 (plain)" },
		{ "", "", 0, " (plain)" },
	};
	struct ml_trust *t = given(slice(rules));
	struct ml_buf out = { 0 };
	struct ml_feed f = { .seq = 1 };
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		f.author = slice(table[i].author);
		f.name = slice(table[i].own);
		f.keyed = table[i].keyed;
		ml_buf_clear(&out);
		ml_trust_label(t, &f, &out);
		ok(holds(&out, table[i].label), "entry %zu: %.*s", i,
		    (int)out.len, out.p);
	}
	ok(ml_slice_is(ml_trust_name(t, slice(ID)), "base"), "the local name");
	ok(ml_trust_name(t, slice(OTHER)).len == 0 &&
	    ml_trust_name(t, slice("base")).len == 0 &&
	    ml_trust_name(t, slice("")).len == 0, "or none");
	ml_trust_free(t);
	ml_buf_free(&out);
}

/* Any name can be written, and is read as what it was. */
static void
check_any_name(void)
{
	static const char piece[][8] = { "a", " ", "#", "*", "\\\"", "\\\\",
	    "\\n", "\\t", "\\r", "\\u0000", "\\u007f", "\\u00e9", "\\u2028",
	    "\\ud800", "plain", "/", "<", "'", "=", "\\u00a0" };
	const size_t pieces = sizeof piece / sizeof piece[0];
	struct ml_buf name = { 0 }, text = { 0 };
	struct ml_trust_rule rule = { .kind = ML_TRUST_ID, .who = slice(ID) };
	const struct ml_trust_rule *got;
	struct ml_trust *t;
	unsigned long line;
	uint64_t state = 11;
	size_t n, wrong = 0;
	int round;

	for (round = 0; round < 20000; round++) {
		ml_buf_clear(&name);
		for (n = 1 + given_below(&state, 6); n > 0; n--)
			ml_buf_str(&name, piece[given_below(&state, pieces)]);
		rule.kind = round % 2 == 0 ? ML_TRUST_ID : ML_TRUST_PLAIN;
		if (rule.kind == ML_TRUST_ID) {
			rule.who = slice(ID);
			rule.name = ml_buf_view(&name);
		} else {
			rule.who = ml_buf_view(&name);
			rule.name = slice("");
		}
		ml_buf_clear(&text);
		ml_trust_write(&rule, &text);
		t = NULL;
		if (ml_trust_read(&t, ml_buf_view(&text), &line) != NULL) {
			wrong++;
			continue;
		}
		got = ml_trust_rules(t, &n);
		wrong += n != 1 || got->kind != rule.kind ||
		    !ml_slice_same(got->who, rule.who) ||
		    !ml_slice_same(got->name, rule.name);
		ml_trust_free(t);
	}
	ok(wrong == 0, "%zu of 20000 names come back otherwise", wrong);
	ml_buf_free(&name);
	ml_buf_free(&text);
}

static void
put(const char *path, const char *p, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || ml_file_write(fd, p, len) == -1 || close(fd) == -1) {
		perror(path);
		exit(1);
	}
}

static void
check_load(void)
{
	const char *temporary = getenv("TMPDIR"), *why;
	struct ml_buf text = { 0 };
	struct ml_trust *t = NULL;
	char path[4096];
	unsigned long line;
	size_t n;
	int fd;

	snprintf(path, sizeof path, "%s/trust.XXXXXX",
	    temporary != NULL ? temporary : "/tmp");
	if ((fd = mkstemp(path)) == -1) {
		perror(path);
		exit(1);
	}
	close(fd);
	ok(ml_trust_load(&t, path, &why, &line) == 0 &&
	    !ml_trust_is_default(t), "an empty file is a file");
	ml_trust_free(t);
	put(path, "*\n" ID " base\n", 40);
	ok(ml_trust_load(&t, path, &why, &line) == 0 &&
	    ml_trust_is_listed(t, slice(ID)), "a file");
	ml_trust_free(t);
	put(path, "*\n\nnonsense\n*\n", 14);
	ok(ml_trust_load(&t, path, &why, &line) == -1 &&
	    same_reason(why, NEITHER) && line == 3, "a bad line");
	while (text.len < ML_TRUST_MAX)
		ml_buf_str(&text, "plain a\n");
	put(path, text.p, text.len);
	ok(text.len == ML_TRUST_MAX && ml_trust_load(&t, path, &why,
	    &line) == 0, "1 MiB");
	ml_trust_rules(t, &n);
	ok(n == ML_TRUST_MAX / 8, "all of it");
	ml_trust_free(t);
	ml_buf_byte(&text, '\n');
	put(path, text.p, text.len);
	ok(ml_trust_load(&t, path, &why, &line) == -1 &&
	    same_reason(why, "over 1 MiB"), "one byte more");
	unlink(path);
	ok(ml_trust_load(&t, path, &why, &line) == 0 &&
	    ml_trust_is_default(t), "no file: the default");
	ml_trust_free(t);
	errno = 0;
	ok(ml_trust_load(&t, "/", &why, &line) == -1 && why == NULL &&
	    errno == EISDIR, "a folder is no file");
	ml_buf_free(&text);
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	check_rules();
	check_bad_lines();
	check_long_names();
	check_file();
	check_decisions();
	check_labels();
	check_any_name();
	check_load();
	return unit_done();
}
