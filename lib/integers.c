/* integers - a text of whole numbers, in pieces as they come */
#include "integers.h"

static const char NO_INTEGER[] = "not an integer";
static const char NOT_ALONE[] = "more than one integer";
static const char NO_COMMA[] = "not a list: no comma between two integers";
static const char NO_VALUE[] = "not a list: no integer where one is due";
static const char NO_END[] = "not a list: it ends too early";
static const char BEHIND[] = "not a list: something follows it";
static const char RANGE[] = "an integer outside -2^31 to 2^31";
static const char LONG[] = "an integer of more than 32 digits";

static int
refuse(const char **why, const char *reason)
{
	*why = reason;
	return -1;
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One more digit, or the sign. */
static const char *
take(struct ml_integers *s, char c)
{
	if (c == '-') {
		s->minus = 1;
		return NULL;
	}
	if (++s->digits > ML_INTEGERS_DIGITS_MAX)
		return LONG;
	if (s->value <= ML_INTEGERS_MOST)
		s->value = s->value * 10 + (c - '0');
	return NULL;
}

/* A number begins: whether one may stand here. */
static const char *
begin(struct ml_integers *s)
{
	switch (s->place) {
	case ',': return NO_COMMA;
	case ']': return BEHIND;
	case '[': case 'v':
		break;
	default:
		if (s->has_one)
			return NOT_ALONE;
		s->place = '\n';
		s->has_one = 1;
	}
	return NULL;
}

/* A number has ended. */
static int
end(struct ml_integers *s, int64_t *v, const char **why)
{
	if (s->digits == 0)
		return refuse(why, NO_INTEGER);
	*v = s->minus ? -s->value : s->value;
	s->digits = 0, s->minus = 0, s->value = 0;
	if (*v < ML_INTEGERS_LEAST || *v > ML_INTEGERS_MOST)
		return refuse(why, RANGE);
	if (s->place != '\n')
		s->place = ',';
	return 1;
}

/* A byte that is no part of a number. */
static const char *
pass(struct ml_integers *s, char c)
{
	switch (c) {
	case ' ': case '\t': case '\r':
		return NULL;
	case '\n':
		s->line++;
		s->has_one = 0;
		return NULL;
	case '[':
		if (s->place != 0)
			break;
		s->place = '[';
		return NULL;
	case ',':
		if (s->place == '[' || s->place == 'v')
			return NO_VALUE;
		if (s->place != ',')
			break;
		s->place = 'v';
		return NULL;
	case ']':
		if (s->place == 'v')
			return NO_VALUE;
		if (s->place != '[' && s->place != ',')
			break;
		s->place = ']';
		return NULL;
	}
	return s->place == ']' ? BEHIND : NO_INTEGER;
}

int
ml_integers_next(struct ml_integers *s, struct ml_slice *text, int64_t *v,
    const char **why)
{
	const char *reason;
	char c;

	if (s->line == 0)
		s->line = 1;
	for (; text->len > 0; text->p++, text->len--) {
		int is_in = s->digits > 0 || s->minus;

		c = *text->p;
		if (is_digit(c) || (c == '-' && !is_in)) {
			reason = is_in ? NULL : begin(s);
			if (reason == NULL)
				reason = take(s, c);
		} else if (is_in) {
			/* what ends it must be able to stand behind one */
			if (c == '\0' || strchr(" \t\r\n,]", c) == NULL)
				return refuse(why, NO_INTEGER);
			return end(s, v, why);
		} else
			reason = pass(s, c);
		if (reason != NULL)
			return refuse(why, reason);
	}
	return 0;
}

int
ml_integers_end(struct ml_integers *s, int64_t *v, const char **why)
{
	if (s->digits > 0 || s->minus)
		return end(s, v, why);
	if (s->place == '[' || s->place == ',' || s->place == 'v')
		return refuse(why, NO_END);
	return 0;
}
