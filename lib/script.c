/* script - commands for a testbed, each with the time when it is due */
#include "script.h"

enum ml_script_next
ml_script_next(struct ml_script *s, uint64_t now, int may_block,
    const char **why)
{
	enum ml_line got;

	if (s->has_line)
		return ML_SCRIPT_LINE;
	if (s->has_ended)
		return ML_SCRIPT_NONE;
	got = ml_lines_next(&s->lines, may_block, &s->line);
	if (got == ML_LINE_AGAIN)
		return ML_SCRIPT_NONE;
	s->has_ended = got == ML_LINE_END || got == ML_LINE_ERROR;
	if (s->has_ended)
		return got == ML_LINE_END ? ML_SCRIPT_NONE : ML_SCRIPT_ERROR;
	if (got == ML_LINE_LONG) {	/* there is but its beginning */
		*why = "too long, or not text";
		return ML_SCRIPT_REFUSED;
	}
	if (s->is_live && now > s->due)
		s->due = now;
	if ((*why = ml_testbed_when(&s->line, &s->due)) != NULL)
		return ML_SCRIPT_REFUSED;
	s->has_line = 1;
	return ML_SCRIPT_LINE;
}

void
ml_script_done(struct ml_script *s)
{
	s->has_line = 0;
}
