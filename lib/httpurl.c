/* httpurl - addresses as they are given, and as they may be shown */
#include <strings.h>

#include "httpurl.h"
#include "text.h"
#include "utf8.h"

/* How long "http://" or "https://" is there; 0: neither. */
static size_t
scheme_len(struct ml_slice url)
{
	if (url.len >= 7 && strncasecmp(url.p, "http://", 7) == 0)
		return 7;
	if (url.len >= 8 && strncasecmp(url.p, "https://", 8) == 0)
		return 8;
	return 0;
}

/* From the end of the scheme to the path: user, @, host and port. */
static struct ml_slice
authority(struct ml_slice url)
{
	size_t from = scheme_len(url), to = from;

	while (to < url.len && memchr("/?#", url.p[to], 3) == NULL)
		to++;
	return (struct ml_slice){ url.p + from, to - from };
}

/* What of it stands behind the last @. */
static struct ml_slice
host(struct ml_slice s)
{
	size_t i;

	for (i = s.len; i > 0; i--)
		if (s.p[i - 1] == '@')
			return (struct ml_slice){ s.p + i, s.len - i };
	return s;
}

/* What follows the host is a port or nothing; it may be a password that has a /
 * in it, and would be shown. */
static int
is_port(struct ml_slice h)
{
	const char *p = h.p, *end = h.p + h.len;
	unsigned long port = 0;

	if (p < end && *p == '[' && (p = memchr(p, ']', h.len)) == NULL)
		return 0;
	if ((p = memchr(p, ':', (size_t)(end - p))) == NULL)
		return 1;
	for (p++; p < end && *p >= '0' && *p <= '9' && port <= 65535; p++)
		port = port * 10 + (unsigned long)(*p - '0');
	return p == end && port <= 65535;
}

const char *
ml_httpurl_check(struct ml_slice url)
{
	const char *p = url.p, *end = url.p + url.len;
	uint32_t cp;
	size_t n;

	if (scheme_len(url) == 0)
		return "not an address of http:// or https://";
	if (url.len > ML_HTTPURL_MAX)
		return "an address of over 8192 bytes";
	for (; p < end; p += n)
		if ((n = ml_utf8_get(p, end, &cp)) == 0 || cp == ' ' ||
		    ml_text_is_unsafe(cp))
			return "an address with a character that has to be "
			    "written as %XX";
	if (host(authority(url)).len == 0)
		return "an address without a host";
	if (!is_port(host(authority(url))))
		return "an address with a port that is none";
	return NULL;
}

void
ml_httpurl_shown(struct ml_buf *out, struct ml_slice url)
{
	struct ml_slice a = authority(url), h = host(a);

	ml_buf_add(out, url.p, scheme_len(url));
	ml_buf_add(out, h.p, url.len - (size_t)(h.p - url.p));
}

void
ml_httpurl_host(struct ml_buf *out, struct ml_slice url)
{
	struct ml_slice h = host(authority(url));
	size_t i;

	for (i = 0; i < h.len; i++)
		ml_buf_byte(out, h.p[i] >= 'A' && h.p[i] <= 'Z' ?
		    (char)(h.p[i] + ('a' - 'A')) : h.p[i]);
}
