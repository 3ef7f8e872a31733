/* badlog - one who asks badweb, and what is told of that; see badweb.c */
#ifndef BADLOG_H
#define BADLOG_H
#include <err.h>
#include <unistd.h>

#include "badanswer.h"
#include "file.h"
#include "jstring.h"
#include "sha256.h"
#include "text.h"

struct connection {
	int fd;				/* -1: free */
	unsigned id;
	enum { READING, TAKING, SENDING, LATER, HANGING } state;
	struct ml_buf in;
	struct ask ask;			/* borrows what head holds */
	struct ml_buf head;
	unsigned long n;		/* of its request */
	uint64_t try, body_left;
	struct sha256_ctx sha;
	struct answer answer;
	int64_t wake;			/* ms; when LATER */
};

static struct ml_buf log_lines;
static unsigned long requests;
static int log_fd = STDOUT_FILENO;

static inline void
log_text(const char *name, struct ml_slice text)
{
	struct ml_buf safe = { 0 };

	ml_buf_str(&log_lines, name);
	if (ml_jstring_write(&log_lines, text.p, text.len) != NULL) {
		ml_text_bytes(&safe, text.p, text.len);
		ml_jstring_write(&log_lines, safe.p, safe.len);
	}
	ml_buf_free(&safe);
}

static inline void
log_number(const char *name, uint64_t n)
{
	ml_buf_str(&log_lines, name);
	ml_buf_int(&log_lines, (int64_t)n);
}

static inline void
log_request(struct connection *c)
{
	uint8_t hash[SHA256_DIGEST_SIZE];
	char hex[3];
	int i;

	c->n = ++requests;
	log_number("{\"what\":\"request\",\"n\":", c->n);
	log_number(",\"connection\":", c->id);
	log_text(",\"method\":", c->ask.method);
	log_text(",\"target\":", c->ask.target);
	log_number(",\"try\":", c->try);
	for (i = 0; i < ASK_CONTENT_LENGTH; i++)
		if (c->ask.header[i].len > 0) {
			ml_buf_str(&log_lines, ",\"");
			ml_buf_str(&log_lines, ask_names[i]);
			log_text("\":", c->ask.header[i]);
		}
	log_number(",\"body\":", c->ask.body_len - c->body_left);
	if (c->ask.body_len > 0 && c->body_left == 0) {
		ml_buf_str(&log_lines, ",\"sha256\":\"");
		ml_sha256_end(&c->sha, hash);
		for (i = 0; i < SHA256_DIGEST_SIZE; i++) {
			snprintf(hex, sizeof hex, "%02x", hash[i]);
			ml_buf_str(&log_lines, hex);
		}
		ml_buf_byte(&log_lines, '"');
	}
	ml_buf_str(&log_lines, "}\n");
}

static inline void
log_answer(struct connection *c, int whole)
{
	const struct answer *a = &c->answer;

	if (c->n == 0)
		return;
	log_number("{\"what\":\"answer\",\"n\":", c->n);
	log_text(",\"target\":", c->ask.target);
	log_number(",\"status\":", (uint64_t)a->status);
	log_number(",\"sent\":", a->written > a->head_len ?
	    a->written - a->head_len : 0);
	ml_buf_str(&log_lines, whole ? ",\"whole\":true}\n" :
	    ",\"whole\":false}\n");
	c->n = 0;
}

static inline void
flush_log(void)
{
	if (ml_buf_failed(&log_lines))
		errx(111, "out of memory");
	if (log_lines.len > 0 &&
	    ml_file_write(log_fd, log_lines.p, log_lines.len) == -1)
		err(111, "log");
	ml_buf_clear(&log_lines);
}
#endif
