/* jsonline - a value of jansson's as a line of text */
#include <stdlib.h>

#include "jsonline.h"

void
ml_jsonline_put(struct ml_buf *out, json_t *value, size_t flags)
{
	char *text = json_dumps(value, flags);

	if (text != NULL) {
		ml_buf_str(out, text);
		ml_buf_byte(out, '\n');
	} else
		out->failed = 1;
	free(text);
	json_decref(value);
}
