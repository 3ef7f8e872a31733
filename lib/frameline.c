/* frameline - a frame as a line of text */
#include <sodium.h>

#include "frameline.h"

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* sodium takes some bytes above 127 for letters. */
static int
is_ascii(const char *p, size_t len)
{
	for (; len > 0; p++, len--)
		if ((*p & 0x80) != 0)
			return 0;
	return 1;
}

const char *
ml_frameline_read(struct ml_buf *out, struct ml_slice line, size_t max)
{
	const char *tab = line.len > 0 ? memchr(line.p, '\t', line.len) : NULL;
	size_t len = tab != NULL ? (size_t)(tab - line.p) : line.len, n;
	char *to;

	if (tab == NULL && len > 0 && line.p[len - 1] == '\r')
		len--;
	if (len == 0)
		return "frame: empty";
	if (len / 4 * 3 > max)
		return "frame: too long";
	if ((to = ml_buf_room(out, len)) == NULL)
		return ML_NO_MEMORY;
	if (!is_ascii(line.p, len) || sodium_base642bin((unsigned char *)to,
	    len, line.p, len, NULL, &n, NULL, VARIANT) == -1)
		return "frame: not base64url without padding";
	if (n > max)
		return "frame: too long";
	out->len += n;
	return NULL;
}

void
ml_frameline_write(struct ml_buf *out, struct ml_slice frame)
{
	size_t room = sodium_base64_ENCODED_LEN(frame.len, VARIANT);
	char *to = ml_buf_room(out, room);	/* its NUL included */

	if (to == NULL)
		return;
	sodium_bin2base64(to, room, (const unsigned char *)frame.p, frame.len,
	    VARIANT);
	out->len += room - 1;
}
