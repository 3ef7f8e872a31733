/*
 * event - one immutable change: its wire line, its canonical body, its id.
 * Pure.  Source: meshlog-log(5).
 */
#ifndef ML_EVENT_H
#define ML_EVENT_H
#include "buf.h"
#include "hlc.h"
#include "number.h"

#define ML_EVENT_MAX (256 * 1024)	/* bytes of wire form without a seal */
#define ML_EVENT_DEPTH_MAX 500		/* levels in a payload */
#define ML_NAME_MAX 256			/* bytes of UTF-8 of author and kind */
#define ML_SEQ_MAX ML_INT_MAX
#define ML_ID_LEN 16			/* bytes */
#define ML_ID_HEX (2 * ML_ID_LEN)
#define ML_SEAL_TEXT 86			/* characters: 64 bytes in base64url */

/* What we mint lies well below what we read. */
#define ML_MINT_MAX (64 * 1024)		/* bytes of wire form */
#define ML_MINT_DEPTH_MAX 100

struct ml_event {
	struct ml_slice author, kind;	/* insides of canonical strings */
	struct ml_slice payload;	/* canonical JSON */
	int64_t seq;			/* 1 .. 2^53 */
	struct ml_hlc hlc;		/* parts within +-2^53 */
	struct ml_slice prev;		/* as author; fits if it is an id */
	uint8_t id[ML_ID_LEN];
	struct ml_slice seal;		/* ML_SEAL_TEXT characters, or empty */
	/* What is at hand of all that; who alters it must forget these. */
	struct ml_slice wire;		/* form as far as the id, or empty */
	uint64_t record;		/* ml_change_hash() of its, or 0 */
};

/*
 * Read a wire object in any spelling: any key order, blanks, the last of equal
 * keys, unknown members ignored.  The slices of e borrow from text or, where
 * the text is not canonical, from scratch, which is overwritten.  NULL, or a
 * static reason.  That the id is right is for ml_event_verify().
 */
const char *ml_event_read(struct ml_event *e, struct ml_slice text,
    struct ml_buf *scratch);
/*
 * The quick way alone: 1 if text is exactly what ml_event_write() makes (then
 * all of e borrows from it), 0 if ml_event_read() must say.
 */
int ml_event_read_quick(struct ml_event *e, struct ml_slice text);
/* The same of what begins at p: its length, or 0. */
size_t ml_event_span(struct ml_event *e, const char *p, const char *end);
/* Whether a text begins as the wire form of that author's event does. */
int ml_event_begins(struct ml_slice text, struct ml_slice author, int64_t seq);
/* Whether a text that ml_event_write() has made ends with a seal. */
int ml_event_wire_sealed(struct ml_slice text);
/* The slow way alone: what ml_event_read() comes to, in longer time. */
const char *ml_event_read_any(struct ml_event *e, struct ml_slice text,
    struct ml_buf *scratch);
/* Copy e but its wire form; its slices borrow from buf, which must have room for
 * them. */
void ml_event_copy(struct ml_event *to, const struct ml_event *e,
    struct ml_buf *buf);
/*
 * Whether the id is that of the content: NULL, or a static reason.  body is
 * overwritten with the canonical body, which the id is the hash of.
 */
const char *ml_event_verify(const struct ml_event *e, struct ml_buf *body);
/* Compute the id from all else, likewise. */
const char *ml_event_mint(struct ml_event *e, struct ml_buf *body);
/* Whether e's prev is this id or, at seq 1, empty. */
int ml_event_follows(const struct ml_event *e,
    const uint8_t id[static ML_ID_LEN]);
/* Append the wire form, its seal too if it has one, without a newline: a copy
 * of what is at hand. */
void ml_event_write(const struct ml_event *e, struct ml_buf *out);
/* Bytes of it without its seal, however e was spelled. */
size_t ml_event_wire_len(const struct ml_event *e);
/* Append the canonical body. */
void ml_event_body(const struct ml_event *e, struct ml_buf *out);

/* The id that 32 lower-case hex digits spell; 0 if they are none. */
int ml_id_read(struct ml_slice hex, uint8_t id[static ML_ID_LEN]);
/* Append an id's 32 hex digits. */
void ml_id_write(const uint8_t id[static ML_ID_LEN], struct ml_buf *out);
/* Bytes of UTF-8 that a canonical string's inside stands for. */
size_t ml_name_len(struct ml_slice inside);
#endif
