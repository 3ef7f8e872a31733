/* mergestate - what one of two that merge knows, as a line */
#include <stddef.h>

#include "canon.h"
#include "fixed.h"
#include "json.h"
#include "mergestate.h"
#include "number.h"

#define VERSION 1
#define DEPTH_MAX 3
#define SUM_SHIFT 11			/* a sum is kept in 53 bits */
#define MEAN_MAX (UINT64_C(1) << 40)
#define SUM_NAME ",\"sum\":"

static const char DAMAGED[] = "not a state, or damaged";
static const char VERSION_WRONG[] = "a state of another version of ml-merge";

static const struct {
	const char *name;
	size_t offset;
} fields[] = {
#define FIELD(name) { #name, offsetof(struct ml_merge, name) },
	ML_MERGE_FIELDS(FIELD)
#undef FIELD
};

#define FIELDS (sizeof fields / sizeof fields[0])

static void
put_member(struct ml_buf *out, const char *name)
{
	ml_buf_str(out, ",\"");
	ml_buf_str(out, name);
	ml_buf_str(out, "\":");
}

static void
put_list(struct ml_buf *out, const char *name, const uint64_t *v, size_t n)
{
	size_t i;

	put_member(out, name);
	for (i = 0; i < n; i++) {
		ml_buf_byte(out, i > 0 ? ',' : '[');
		ml_buf_int(out, (int64_t)v[i]);
	}
	ml_buf_str(out, n > 0 ? "]" : "[]");
}

static uint64_t
sum_of(const char *p, size_t len)
{
	return ml_checksum(p, len) >> SUM_SHIFT;
}

void
ml_mergestate_write(const struct ml_merge *m, struct ml_buf *out)
{
	size_t begin = out->len, i;
	uint64_t word[ML_GOLOMB_WORDS];

	ml_buf_str(out, "{\"version\":");
	ml_buf_int(out, VERSION);
	for (i = 0; i < FIELDS; i++) {
		put_member(out, fields[i].name);
		ml_buf_int(out, (int64_t)*(const uint64_t *)
		    ((const char *)m + fields[i].offset));
	}
	put_list(out, "cut", m->cut, m->cuts);
	put_list(out, "rank", m->rank, m->cuts + 2);
	for (i = 0; i < ML_GOLOMB_WORDS; i++)
		word[i] = m->word[i];
	put_list(out, "word", word, (size_t)(m->bits_to + ML_GOLOMB_WORD - 1) /
	    ML_GOLOMB_WORD);
	if (ml_buf_failed(out))
		return;
	i = (size_t)sum_of(out->p + begin, out->len - begin);
	ml_buf_str(out, SUM_NAME);
	ml_buf_int(out, (int64_t)i);
	ml_buf_str(out, "}\n");
}

static int
get(struct ml_slice text, uint64_t *v)
{
	int64_t n;

	if (!ml_number_int(text, &n) || n < 0)
		return 0;
	*v = (uint64_t)n;
	return 1;
}

static int
get_member(struct ml_slice object, const char *name, uint64_t *v)
{
	struct ml_slice text;

	return ml_json_member(object, name, &text) && get(text, v);
}

/* A list of exactly n numbers. */
static int
get_list(struct ml_slice object, const char *name, uint64_t *v, size_t n)
{
	struct ml_slice text, key, value;
	struct ml_json list;
	size_t i;

	if (!ml_json_member(object, name, &text) || *text.p != '[')
		return 0;
	list = ml_json_enter(text);
	for (i = 0; ml_json_next(&list, &key, &value); i++)
		if (i == n || !get(value, &v[i]))
			return 0;
	return i == n;
}

/* Its last member is the sum of what stands before. */
static int
is_whole(struct ml_slice object)
{
	const size_t name = strlen(SUM_NAME);
	const char *p = object.p + object.len;
	uint64_t sum;

	while (p > object.p && *--p != ',')
		;
	return (size_t)(object.p + object.len - p) > name &&
	    memcmp(p, SUM_NAME, name) == 0 &&
	    get_member(object, "sum", &sum) &&
	    sum == sum_of(object.p, (size_t)(p - object.p));
}

static int
ascends(const uint64_t *v, size_t n, uint64_t least, uint64_t most)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (v[i] < least || v[i] > most)
			return 0;
		least = v[i];
	}
	return 1;
}

/* Whether what comes behind COPY and PASS is what may come there. */
static int
goes_on(const struct ml_merge *m)
{
	uint64_t phase = m->phase;

	if (phase == ML_MERGE_COPY) {
		phase = m->then;
		if (phase != ML_MERGE_PASS && phase != ML_MERGE_MERGE)
			return 0;
	}
	return phase != ML_MERGE_PASS || m->after == ML_MERGE_AWAIT_TURN ||
	    m->after == ML_MERGE_AWAIT_DONE || m->after == ML_MERGE_AWAIT_CUT ||
	    m->after == ML_MERGE_END;
}

/* Numbers that are used as an index or a shift, or added up. */
static int
is_sound(const struct ml_merge *m)
{
	uint64_t end = m->gap <= m->cuts ? m->rank[m->gap + 1] : m->until;

	if (m->worker > 1 || m->phase > ML_MERGE_END || !goes_on(m) ||
	    m->pass > ML_MERGE_DONE || m->is_below > 1 || m->is_above > 1)
		return 0;
	if (m->count > ML_MERGE_COUNT_MAX || m->his_count >
	    ML_MERGE_COUNT_MAX || m->min > m->max || m->his_min > m->his_max ||
	    m->max > ML_MERGE_VALUE_MAX || m->his_max > ML_MERGE_VALUE_MAX)
		return 0;
	if (m->from > m->until || m->until > m->count || m->next > m->count ||
	    m->copy_until > m->count || m->spot > m->count ||
	    m->inside > ML_MERGE_COUNT_MAX || m->told > m->inside)
		return 0;
	if ((m->phase == ML_MERGE_CUT || m->phase == ML_MERGE_TELL) &&
	    m->bits_from != 0)
		return 0;
	if ((m->phase == ML_MERGE_MERGE || m->phase == ML_MERGE_PLACE ||
	    m->phase == ML_MERGE_TELL || m->phase == ML_MERGE_CUT ||
	    m->then == ML_MERGE_MERGE) &&
	    (ml_merge_high(m) < ml_merge_low(m) ||
	    !ascends(m->rank, m->phase == ML_MERGE_PLACE ? m->gap + 1 :
	    m->cuts + 2, m->from, m->until) || m->gap > m->cuts + 1 ||
	    m->next > m->until))
		return 0;
	if ((m->phase == ML_MERGE_MERGE || m->phase == ML_MERGE_CUT ||
	    m->then == ML_MERGE_MERGE) && (m->spot > end || m->next > end ||
	    m->left > m->inside - m->told || m->gap > m->cuts))
		return 0;
	if (m->phase == ML_MERGE_TELL && m->is_open &&
	    (m->left > end - m->next || m->next > end))
		return 0;
	return m->coded <= m->cuts + 2 && m->shift <= ML_GOLOMB_PLAIN &&
	    m->last <= ML_MERGE_VALUE_MAX && m->mean < MEAN_MAX &&
	    m->bits_from <= m->bits_to &&
	    ascends(m->cut, m->coded < 2 ? 0 : m->coded - 2, 0,
	    ML_MERGE_VALUE_MAX);
}

const char *
ml_mergestate_read(struct ml_merge *m, struct ml_slice text)
{
	const char *p = text.p, *end = text.p + text.len;
	uint64_t version, word[ML_GOLOMB_WORDS];
	size_t i;

	memset(m, 0, sizeof *m);
	if (text.len > ML_MERGESTATE_LEN_MAX || text.len == 0 ||
	    *text.p != '{' || ml_canon_skip(&p, end, DEPTH_MAX) != NULL ||
	    ml_json_skip_blanks(p, end) != end)
		return DAMAGED;
	text.len = (size_t)(p - text.p);
	if (!get_member(text, "version", &version))
		return DAMAGED;
	if (version != VERSION)
		return VERSION_WRONG;
	if (!is_whole(text))
		return DAMAGED;
	for (i = 0; i < FIELDS; i++)
		if (!get_member(text, fields[i].name, (uint64_t *)
		    ((char *)m + fields[i].offset)))
			return DAMAGED;
	if (m->cuts > ML_MERGE_CUTS_MAX || m->bits_to > ML_GOLOMB_WORDS *
	    ML_GOLOMB_WORD || !get_list(text, "cut", m->cut, m->cuts) ||
	    !get_list(text, "rank", m->rank, m->cuts + 2) ||
	    !get_list(text, "word", word, (size_t)(m->bits_to +
	    ML_GOLOMB_WORD - 1) / ML_GOLOMB_WORD))
		return DAMAGED;
	for (i = 0; i < (m->bits_to + ML_GOLOMB_WORD - 1) / ML_GOLOMB_WORD;
	    i++) {
		if (word[i] >> ML_GOLOMB_WORD != 0)
			return DAMAGED;
		m->word[i] = (uint32_t)word[i];
	}
	return is_sound(m) ? NULL : DAMAGED;
}
