/* frameline - frames as lines and back, and lines that are none */
#include "frameline.h"
#include "given.h"
#include "unit.h"

int
main(void)
{
	static const struct {
		const char *line, *frame, *why;
	} given[] = {
		{ "QQ", "A", NULL }, { "QUI", "AB", NULL },
		{ "QUJD", "ABC", NULL }, { "QQ\trssi=-97\tsnr=6.5", "A", NULL },
		{ "QQ\r", "A", NULL }, { "QQ\t", "A", NULL },
		{ "-_-_", "\xfb\xff\xbf", NULL },
		{ "", NULL, "frame: empty" }, { "\tt=1", NULL, "frame: empty" },
		{ "+/+/", NULL, "frame: not base64url without padding" },
		{ "QQ==", NULL, "frame: not base64url without padding" },
		{ "Q", NULL, "frame: not base64url without padding" },
		{ "QR", NULL, "frame: not base64url without padding" },
		{ "QQ Q", NULL, "frame: not base64url without padding" },
		{ " QQ", NULL, "frame: not base64url without padding" },
	};
	struct ml_buf out = { 0 }, line = { 0 };
	char bytes[507] = { 0 };
	const char *why;
	uint64_t state = 1;
	size_t i, k, wrong = 0;

	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		ml_buf_clear(&out);
		why = ml_frameline_read(&out, slice(given[i].line), 507);
		ok(same_reason(why, given[i].why) && (why != NULL ||
		    holds(&out, given[i].frame)), "\"%s\"", given[i].line);
	}
	for (i = 1; i <= sizeof bytes; i++) {
		for (k = 0; k < i; k++)
			bytes[k] = (char)given_random(&state);
		ml_buf_clear(&line);
		ml_buf_clear(&out);
		ml_frameline_write(&line, (struct ml_slice){ bytes, i });
		wrong += ml_frameline_read(&out, ml_buf_view(&line), i) != NULL ||
		    !ml_slice_same(ml_buf_view(&out),
		    (struct ml_slice){ bytes, i });
		ml_buf_clear(&out);
		wrong += i > 1 && !same_reason(ml_frameline_read(&out,
		    ml_buf_view(&line), i - 1), "frame: too long");
	}
	ok(wrong == 0, "frames of 1 to 507 bytes, and of one too many");
	ml_buf_free(&out);
	ml_buf_free(&line);
	return unit_done();
}
