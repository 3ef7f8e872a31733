/* identity - known answers, what a key file must be, and KEY.feed */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "given.h"
#include "identity.h"
#include "unit.h"

/* The vectors of meshlog-key(5). */
static const struct vector {
	const char *what;
	uint8_t first;			/* private bytes: from this */
	int step;			/* by this */
	const char *public, *author;
	const char *key, *note;		/* wire lines of events 1 and 2 */
} VECTOR[] = { { "00..3f", 0x00, 1,
	"8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f"
	"29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7",
	"aca31af0441d81dbec71e82da0b4b5f5",
	"{\"a\":\"aca31af0441d81dbec71e82da0b4b5f5\",\"s\":1,"
	"\"h\":[1700000000000,0],\"k\":\"author.key\",\"p\":{\"key\":\""
	"8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f"
	"29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7"
	"\",\"name\":\"team_a\"},\"v\":\"\","
	"\"i\":\"e4cf73c55ae772e9a62fd2479695376a\",\"g\":\"vV8UNrgPA3uAZJ5t"
	"_igYmXLNpf2zgGP3mpWRqAFGOFby4eRzWyaVx7vq54a2dkIv5Qz1zqPRQLxHWHb-"
	"JoGkBg\"}",
	"{\"a\":\"aca31af0441d81dbec71e82da0b4b5f5\",\"s\":2,"
	"\"h\":[1700000000000,1],\"k\":\"note.add\","
	"\"p\":{\"record_id\":\"R-1\",\"text\":\"well 7 is dry\"},"
	"\"v\":\"e4cf73c55ae772e9a62fd2479695376a\","
	"\"i\":\"b0661b591850072d721e3290618ff130\",\"g\":\"-rXX0U8KWu50U4sl"
	"ueFpQDBqZ8uOHmBEEBR-XHvcIG5QFcgbiMbf5qL0t_0AlKjWSD5n4om2lH4dykOY"
	"BT2vCg\"}"
}, { "ff..c0", 0xff, -1,
	"3ebcb692149344dc54e58160cf90bed9eea1dd14e81c8e91de557af7d7afd915"
	"414d91063323ba7b23cdf3b4409aeaceb4c928424d14e3b87211ccc807484545",
	"eb741789c8b5cb3019d8d4d363919a60",
	"{\"a\":\"eb741789c8b5cb3019d8d4d363919a60\",\"s\":1,"
	"\"h\":[1700000000000,0],\"k\":\"author.key\",\"p\":{\"key\":\""
	"3ebcb692149344dc54e58160cf90bed9eea1dd14e81c8e91de557af7d7afd915"
	"414d91063323ba7b23cdf3b4409aeaceb4c928424d14e3b87211ccc807484545"
	"\",\"name\":\"Mus\\u00e9e du Kivu\"},\"v\":\"\","
	"\"i\":\"38761797384c829fa2adfef53681bba8\",\"g\":\"eg-YPhLnQqTtZ2pe"
	"3NbB4pTHgPucwDEhUEhwqAolfbN4qcb1yial_nmCLDp2ce_avrxkR_05YTldOine"
	"hodJBg\"}",
	"{\"a\":\"eb741789c8b5cb3019d8d4d363919a60\",\"s\":2,"
	"\"h\":[1700000000000,1],\"k\":\"note.add\","
	"\"p\":{\"record_id\":\"R-1\",\"text\":\"well 7 is dry\"},"
	"\"v\":\"38761797384c829fa2adfef53681bba8\","
	"\"i\":\"18fcd043712d82f9768861d77cde2de0\",\"g\":\"ux7ElIotet2zjpft"
	"TP7CABYfKUq5dWs7nR4092pwpl6OL3sTsFoiaB9lm_ZyUFroshHcomE3Wv3WbDfD"
	"Hq7dCw\"}"
} };

static const char OPEN_TO_OTHERS[] = "a key file that group or others can "
    "read: chmod 600 it";
static const char NOT_64[] = "not an identity file: it has not 64 bytes";
static const char NOT_REGULAR[] = "not a regular file";
static const char EXISTS[] = "there is a file of that name: a key is never "
    "overwritten";
static const char DAMAGED[] = "KEY.feed is damaged: see meshlog-key(5)";

static void
private_of(const struct vector *v, uint8_t private[static ML_IDENTITY_LEN])
{
	int i;

	for (i = 0; i < ML_IDENTITY_LEN; i++)
		private[i] = (uint8_t)(v->first + v->step * i);
}

/* A file of these bytes and this mode, whatever was there. */
static void
put(const char *path, const void *p, size_t len, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd == -1 || ml_file_write(fd, p, len) == -1 ||
	    fchmod(fd, mode) == -1 || close(fd) == -1) {
		perror(path);
		exit(1);
	}
}

static size_t
get(const char *path, char *p, size_t room)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd == -1 ? -1 : ml_file_read_at(fd, p, room, 0);

	if (fd != -1)
		close(fd);
	return n == -1 ? 0 : (size_t)n;
}

static int
is_of(const struct ml_identity *id, const struct vector *v)
{
	char hex[ML_PUBLIC_HEX + 1];

	sodium_bin2hex(hex, sizeof hex, ml_identity_public(id), ML_PUBLIC_LEN);
	return strcmp(hex, v->public) == 0 &&
	    ml_slice_is(ml_identity_author(id), v->author);
}

static void
check_vectors(void)
{
	uint8_t private[ML_IDENTITY_LEN], public[ML_PUBLIC_LEN];
	struct ml_buf scratch = { 0 }, body = { 0 }, wire = { 0 };
	struct ml_identity *id;
	struct ml_event e;
	char seal[ML_SEAL_TEXT + 1];
	const char *line;
	size_t i, j;

	for (i = 0; i < 2; i++) {
		private_of(&VECTOR[i], private);
		id = ml_identity_of(private);
		ok(is_of(id, &VECTOR[i]), "%s: public keys and author",
		    VECTOR[i].what);
		for (j = 1; j <= 2; j++) {
			line = j == 1 ? VECTOR[i].key : VECTOR[i].note;
			ok(ml_event_read(&e, slice(line), &scratch) == NULL &&
			    ml_event_verify(&e, &body) == NULL,
			    "%s: event %zu", VECTOR[i].what, j);
			ok(j == 2 || (ml_author_key(&e, public) == NULL &&
			    memcmp(public, ml_identity_public(id),
			    sizeof public) == 0), "%s: event %zu, its key",
			    VECTOR[i].what, j);
			e.seal = (struct ml_slice){ "", 0 };
			ok(ml_identity_seal(id, &e, seal, &body) == 0 &&
			    strlen(seal) == ML_SEAL_TEXT, "%s: sealed",
			    VECTOR[i].what);
			e.seal = slice(seal);
			ml_buf_clear(&wire);
			ml_event_write(&e, &wire);
			ok(holds(&wire, line), "%s: event %zu as it should be",
			    VECTOR[i].what, j);
			ok(ml_seal_verify(&e, ml_identity_public(id),
			    &body) == NULL, "%s: event %zu verifies",
			    VECTOR[i].what, j);
		}
		ml_identity_free(id);
	}
	ml_identity_free(NULL);
	ml_buf_free(&scratch);
	ml_buf_free(&body);
	ml_buf_free(&wire);
}

static const char SYSTEM[] = "(errno)";

/* What reading a key file comes to: NULL, a reason, or SYSTEM with errno. */
static const char *
reading(const char *path, const struct vector *wanted)
{
	struct ml_identity *id = NULL;
	const char *why = "nothing said";
	int right;

	if (ml_identity_read(&id, path, &why) == -1)
		return why != NULL ? why : SYSTEM;
	if (why != NULL)
		return "read, and a reason";
	right = is_of(id, wanted);
	ml_identity_free(id);
	return right ? NULL : "another identity";
}

static void
check_modes(void)
{
	uint8_t private[ML_IDENTITY_LEN];
	const char *want, *why;
	mode_t mode;
	unsigned wrong = 0;

	private_of(&VECTOR[0], private);
	for (mode = 0; mode <= 0777; mode++) {
		if ((mode & 0400) == 0)
			continue;	/* the super-user could read it */
		put("modes", private, sizeof private, mode);
		want = (mode & 077) != 0 ? OPEN_TO_OTHERS : NULL;
		if (!same_reason(why = reading("modes", &VECTOR[0]), want)) {
			wrong++;
			printf("# mode %o: %s\n", (unsigned)mode,
			    why != NULL ? why : "taken");
		}
	}
	ok(wrong == 0, "of all modes those without group and others");
}

static void
check_sizes(void)
{
	static const size_t size[] = { 0, 1, 32, 63, 65, 128, 4096 };
	uint8_t bytes[4096] = { 0 };
	size_t i;

	for (i = 0; i < 2; i++) {
		private_of(&VECTOR[i], bytes);
		put("size", bytes, ML_IDENTITY_LEN, 0600);
		ok(reading("size", &VECTOR[i]) == NULL, "64 bytes: %s",
		    VECTOR[i].what);
	}
	for (i = 0; i < sizeof size / sizeof size[0]; i++) {
		put("size", bytes, size[i], 0600);
		ok(same_reason(reading("size", &VECTOR[0]), NOT_64),
		    "%zu bytes", size[i]);
	}
}

static void
check_kinds(void)
{
	uint8_t private[ML_IDENTITY_LEN];

	private_of(&VECTOR[0], private);
	put("key", private, sizeof private, 0600);
	ok(same_reason(reading("not there", &VECTOR[0]), SYSTEM) &&
	    errno == ENOENT, "no file");
	ok(mkdir("folder", 0700) == 0 &&
	    same_reason(reading("folder", &VECTOR[0]), NOT_REGULAR),
	    "a directory");
	ok(mkfifo("fifo", 0600) == 0 &&
	    same_reason(reading("fifo", &VECTOR[0]), NOT_REGULAR),
	    "a fifo that nobody writes to does not hang");
	ok(same_reason(reading("/dev/null", &VECTOR[0]), NOT_REGULAR),
	    "a device");
	ok(symlink("key", "link") == 0 && reading("link", &VECTOR[0]) == NULL,
	    "a symbolic link is followed");
	put("open", private, sizeof private, 0644);
	ok(symlink("open", "link to open") == 0 &&
	    same_reason(reading("link to open", &VECTOR[0]), OPEN_TO_OTHERS),
	    "what counts is the file's mode, not the link's");
	ok(symlink("nowhere", "dangling") == 0 &&
	    same_reason(reading("dangling", &VECTOR[0]), SYSTEM) &&
	    errno == ENOENT, "a link to nothing");
}

static void
check_create(void)
{
	static const mode_t mask[] = { 0, 022, 077, 0177, 0277, 0777 };
	static const struct ml_identity_feed none;
	struct ml_identity *id, *again, *other;
	char path[32], before[ML_IDENTITY_LEN], after[ML_IDENTITY_LEN];
	const char *why;
	struct stat st;
	size_t i;

	for (i = 0; i < sizeof mask / sizeof mask[0]; i++) {
		snprintf(path, sizeof path, "new-%zu", i);
		umask(mask[i]);
		ok(ml_identity_create(&id, path, &none, &why) == 0 && why == NULL,
		    "created under umask %03o", (unsigned)mask[i]);
		umask(022);
		ok(stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		    (st.st_mode & 07777) == 0600 &&
		    st.st_size == ML_IDENTITY_LEN, "mode 0600 and 64 bytes");
		ok(ml_identity_read(&again, path, &why) == 0 &&
		    memcmp(ml_identity_public(id), ml_identity_public(again),
		    ML_PUBLIC_LEN) == 0 &&
		    ml_public_check(ml_identity_public(id)) == NULL,
		    "the file holds what was made");
		ml_identity_free(id);
		ml_identity_free(again);
	}
	ok(get("new-0", before, sizeof before) == sizeof before &&
	    get("new-1", after, sizeof after) == sizeof after &&
	    memcmp(before, after, 32) != 0 &&
	    memcmp(before + 32, after + 32, 32) != 0, "never the same twice");
	other = NULL;
	ok(ml_identity_create(&other, "new-0", &none, &why) == -1 &&
	    same_reason(why, EXISTS) && other == NULL,
	    "a key is not overwritten");
	ok(get("new-0", after, sizeof after) == sizeof after &&
	    memcmp(before, after, sizeof after) == 0, "and stays as it was");
	put("empty", "", 0, 0600);
	ok(ml_identity_create(&other, "empty", &none, &why) == -1 &&
	    same_reason(why, EXISTS) && stat("empty", &st) == 0 &&
	    st.st_size == 0, "nor is an empty file");
	ok(symlink("new-0", "to key") == 0 &&
	    ml_identity_create(&other, "to key", &none, &why) == -1 &&
	    same_reason(why, EXISTS) && get("new-0", after, sizeof after) > 0 &&
	    memcmp(before, after, sizeof after) == 0, "nor what a link names");
	ok(symlink("not yet", "to nothing") == 0 &&
	    ml_identity_create(&other, "to nothing", &none, &why) == -1 &&
	    same_reason(why, EXISTS) && lstat("not yet", &st) == -1,
	    "nothing is made through a link");
	ok(mkdir("in the way", 0700) == 0 &&
	    ml_identity_create(&other, "in the way", &none, &why) == -1 &&
	    same_reason(why, EXISTS) && stat("in the way", &st) == 0,
	    "nor is a directory");
	errno = 0;
	ok(ml_identity_create(&other, "no/such/folder", &none, &why) == -1 &&
	    why == NULL && errno == ENOENT && other == NULL,
	    "no folder for it");
}

static int
same_feed(const struct ml_identity_feed *a, const struct ml_identity_feed *b)
{
	return ml_slice_same(ml_buf_view(&a->name), ml_buf_view(&b->name)) &&
	    a->seq == b->seq && (a->seq == 0 ||
	    memcmp(a->id, b->id, sizeof a->id) == 0);
}

/* Written and read again. */
static void
check_round_trip(void)
{
	static const struct {
		const char *what, *name;
		size_t len;
		int64_t seq;
	} table[] = {
		{ "nothing", "", 0, 0 },
		{ "a name, nothing minted", "team_a", 6, 0 },
		{ "no name", "", 0, 1 },
		{ "both", "team_a", 6, 17 },
		{ "quotes and controls", "\"\\\b\f\n\r\t\x01\x7f", 9, 2 },
		{ "two bytes", "Mus\xc3\xa9""e du Kivu", 13, 3 },
		{ "three and four bytes", "\xe7\x94\xb0\xf0\x9f\x98\x80", 7,
		    4 },
		{ "a NUL", "a\0b", 3, 5 },
		{ "the last seq", "x", 1, ML_SEQ_MAX },
	};
	struct ml_identity_feed f = { .id = { 0xb0, 1, 2, [15] = 0x30 } }, g;
	char text[256];
	const char *why = NULL;
	struct stat st;
	size_t i, n;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		ml_buf_clear(&f.name);
		ml_buf_add(&f.name, table[i].name, table[i].len);
		f.seq = table[i].seq;
		ok(ml_identity_feed_write(&f, "k") == 0, "%s: written",
		    table[i].what);
		ok(ml_identity_feed_read(&g, "k", &why) == 0 && why == NULL &&
		    same_feed(&f, &g), "%s: read again", table[i].what);
		ml_buf_free(&g.name);
	}
	/* the longest name there can be, each byte six when it is escaped */
	ml_buf_clear(&f.name);
	for (i = 0; i < ML_NAME_MAX; i++)
		ml_buf_byte(&f.name, '\x01');
	ok(ml_identity_feed_write(&f, "k") == 0 &&
	    ml_identity_feed_read(&g, "k", &why) == 0 && same_feed(&f, &g),
	    "a name of 256 control characters");
	ml_buf_free(&g.name);
	ml_buf_free(&f.name);
	f.seq = 17;
	ml_buf_str(&f.name, "team_a");
	ok(ml_identity_feed_write(&f, "k") == 0 &&
	    (n = get("k.feed", text, sizeof text)) > 0 &&
	    ml_slice_is((struct ml_slice){ text, n }, "{\"id\":\""
	    "b0010200000000000000000000000030\",\"name\":\"team_a\","
	    "\"seq\":17}\n"), "the file's own bytes");
	ok(stat("k.feed", &st) == 0 && (st.st_mode & 07777) == 0600,
	    "mode 0600");
	errno = 0;
	ok(ml_identity_feed_write(&f, "no/such/k") == -1 && errno == ENOENT,
	    "no folder for it");
	ml_buf_free(&f.name);
	ok(ml_identity_feed_read(&g, "nobody", &why) == 0 && why == NULL &&
	    g.seq == 0 && g.name.len == 0, "no file says nothing");
}

static const char *
feed_reading(const char *text, size_t len, struct ml_identity_feed *f)
{
	const char *why = "nothing said";
	int rc;

	put("d.feed", text, len, 0600);
	rc = ml_identity_feed_read(f, "d", &why);
	return rc == 0 ? why : why != NULL ? why : SYSTEM;
}

#define FEED_ID "b0661b591850072d721e3290618ff130"

static void
check_damage(void)
{
	static const char good[] = "{\"id\":\"" FEED_ID "\",\"name\":\"x\","
	    "\"seq\":2}\n";
	static const struct {
		const char *text, *why;
	} table[] = {
		{ "{\"id\":\"\",\"name\":\"x\",\"seq\":0}", NULL },
		{ "{ \"seq\" : 2, \"name\" : \"x\" , \"id\":\"" FEED_ID
		    "\", \"more\":7 }\n\n", NULL },
		{ "", DAMAGED }, { "\n", DAMAGED }, { "{}", DAMAGED },
		{ "[]", DAMAGED }, { "null", DAMAGED },
		{ "\"id name seq\"", DAMAGED },
		{ "{\"name\":\"x\",\"seq\":2}", DAMAGED },
		{ "{\"id\":\"" FEED_ID "\",\"seq\":2}", DAMAGED },
		{ "{\"id\":\"" FEED_ID "\",\"name\":\"x\"}", DAMAGED },
		{ "{\"id\":\"" FEED_ID "\",\"name\":5,\"seq\":2}", DAMAGED },
		{ "{\"id\":\"" FEED_ID "\",\"name\":null,\"seq\":2}",
		    DAMAGED },
		{ "{\"id\":\"" FEED_ID "\",\"name\":\"x\",\"seq\":-1}",
		    DAMAGED },
		{ "{\"id\":\"" FEED_ID "\",\"name\":\"x\",\"seq\":2.0}",
		    DAMAGED },
		{ "{\"id\":\"" FEED_ID "\",\"name\":\"x\",\"seq\":\"2\"}",
		    DAMAGED },
		{ "{\"id\":\"" FEED_ID "\",\"name\":\"x\",\"seq\":true}",
		    DAMAGED },
		{ "{\"id\":\"" FEED_ID "\",\"name\":\"x\","
		    "\"seq\":9007199254740993}", DAMAGED },
		{ "{\"id\":\"\",\"name\":\"x\",\"seq\":2}", DAMAGED },
		{ "{\"id\":7,\"name\":\"x\",\"seq\":2}", DAMAGED },
		{ "{\"id\":7,\"name\":\"x\",\"seq\":0}", DAMAGED },
		{ "{\"id\":\"B0661B591850072D721E3290618FF130\","
		    "\"name\":\"x\",\"seq\":2}", DAMAGED },
		{ "{\"id\":\"b0661b591850072d721e3290618ff13\","
		    "\"name\":\"x\",\"seq\":2}", DAMAGED },
		{ "{\"id\":\"b0661b591850072d721e3290618ff130f\","
		    "\"name\":\"x\",\"seq\":2}", DAMAGED },
		{ "{\"id\":\"" FEED_ID "\",\"name\":\"\xff\",\"seq\":2}",
		    DAMAGED },
		{ "{\"id\":\"" FEED_ID "\",\"name\":\"x\",\"seq\":2}x",
		    DAMAGED },
		{ "{\"id\":\"" FEED_ID "\",\"name\":\"x\",\"seq\":2}\n"
		    "{\"id\":\"\",\"name\":\"y\",\"seq\":0}\n", DAMAGED },
	};
	struct ml_identity_feed f;
	const char *why;
	char text[2 * 4096];
	size_t i, n = sizeof good - 1, taken = 0;

	ok(feed_reading(good, n, &f) == NULL && f.seq == 2 &&
	    holds(&f.name, "x"), "a good one");
	ml_buf_free(&f.name);
	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		why = feed_reading(table[i].text, strlen(table[i].text), &f);
		ok(same_reason(why, table[i].why), "entry %zu: %s", i,
		    why != NULL ? why : "taken");
		ml_buf_free(&f.name);
	}
	/* torn anywhere, but for its newline */
	for (i = 0; i < n - 1; i++) {
		taken += !same_reason(feed_reading(good, i, &f), DAMAGED);
		ml_buf_free(&f.name);
	}
	ok(taken == 0, "%zu prefixes are taken", taken);
	/* a power loss may leave zeros where the text was, or behind it */
	memset(text, 0, sizeof text);
	ok(same_reason(feed_reading(text, n, &f), DAMAGED), "zeros");
	ml_buf_free(&f.name);
	memcpy(text, good, n);
	ok(same_reason(feed_reading(text, n + 5, &f), DAMAGED),
	    "zeros behind it");
	ml_buf_free(&f.name);
	memset(text, ' ', sizeof text);
	memcpy(text + sizeof text - n, good, n);
	text[0] = '{';
	text[sizeof text - n] = ' ';
	ok(same_reason(feed_reading(text, sizeof text, &f), DAMAGED),
	    "over 4 KiB");
	ml_buf_free(&f.name);
	unlink("d.feed");
	ok(mkdir("d.feed", 0700) == 0 &&
	    ml_identity_feed_read(&f, "d", &why) == -1, "a directory");
	rmdir("d.feed");
}

/* What is taken can be written, and then read: a name that is no UTF-8 too. */
static void
check_surrogate(void)
{
	static const char text[] = "{\"id\":\"" FEED_ID "\","
	    "\"name\":\"\\ud800\",\"seq\":2}\n";
	struct ml_identity_feed f, g = { .seq = -1 };
	const char *why = feed_reading(text, sizeof text - 1, &f);

	ok(why != NULL || (ml_identity_feed_write(&f, "d2") == 0 &&
	    ml_identity_feed_read(&g, "d2", &why) == 0 && same_feed(&f, &g)),
	    "a lone surrogate in a name is refused, or kept: %s",
	    why != NULL ? why : "kept");
	ml_buf_free(&f.name);
	ml_buf_free(&g.name);
}

int
main(void)
{
	const char *temporary = getenv("TMPDIR");
	char folder[4096], command[4200];

	if (sodium_init() == -1)
		return 1;
	snprintf(folder, sizeof folder, "%s/identity.XXXXXX",
	    temporary != NULL ? temporary : "/tmp");
	if (mkdtemp(folder) == NULL || chdir(folder) == -1) {
		perror(folder);
		return 1;
	}
	check_vectors();
	check_modes();
	check_sizes();
	check_kinds();
	check_create();
	check_round_trip();
	check_damage();
	check_surrogate();
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return unit_done() | (chdir("/") == -1 || system(command) != 0);
}
