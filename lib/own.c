/* own - one key, one feed */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "held.h"
#include "own.h"

/* What was minted could not be remembered, and each try would mint one more. */
static int
may_remember(const char *key_path)
{
	char *folder = ml_file_resolve(key_path), *slash;
	int yes;

	if (folder == NULL)
		return 1;		/* who opens it says why */
	if ((slash = strrchr(folder, '/')) == NULL)
		memcpy(folder, ".", 2);
	else
		slash[slash == folder] = '\0';
	yes = faccessat(AT_FDCWD, folder, W_OK, AT_EACCESS) == 0 ||
	    (errno != EACCES && errno != EROFS);
	free(folder);
	return yes;
}

int
ml_own_open(struct ml_own *own, const char *key_path, const char **why)
{
	struct stat st;

	*own = (struct ml_own){ .path = key_path, .lock = -1 };
	if (ml_identity_read(&own->identity, key_path, why) == -1)
		return -1;
	own->lock = open(key_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (own->lock == -1 || fstat(own->lock, &st) == -1)
		return -1;
	if (st.st_nlink > 1) {
		*why = "a key file with two names: what it has written would "
		    "be remembered under one of them";
		return -1;
	}
	if (!may_remember(key_path)) {
		*why = "a key in a folder that may not be written: what it has "
		    "written could not be remembered";
		return -1;
	}
	return 0;
}

void
ml_own_close(struct ml_own *own)
{
	ml_identity_free(own->identity);
	ml_buf_free(&own->feed.name);
	if (own->lock != -1)
		close(own->lock);
	*own = (struct ml_own){ .lock = -1 };
}

int
ml_own_lock(struct ml_own *own, double seconds, const char **why)
{
	*why = NULL;
	if (ml_file_lock(own->lock, seconds) == -1)
		return -1;
	ml_buf_free(&own->feed.name);
	return ml_identity_feed_read(&own->feed, own->path, why);
}

void
ml_own_unlock(struct ml_own *own)
{
	(void)ml_file_unlock(own->lock);	/* or it ends with us */
}

static struct ml_feed *
feed_of(const struct ml_own *own, struct ml_log *log)
{
	return ml_feeds_find(ml_log_feeds(log),
	    ml_identity_author(own->identity));
}

/* Whether an event is true to its id, which no seal covers, and sealed by this
 * key. */
static int
is_mine(const struct ml_own *own, const struct ml_event *e)
{
	struct ml_buf body = { 0 };
	int yes = e->seal.len > 0 && ml_slice_same(e->author,
	    ml_identity_author(own->identity)) &&
	    ml_event_verify(e, &body) == NULL && ml_seal_verify(e,
	    ml_identity_public(own->identity), &body) == NULL;

	ml_buf_free(&body);
	return yes;
}

/* Evidence that the key minted what this log's feed does not have. */
struct search {
	const struct ml_own *own;
	struct ml_log *log;
	struct ml_feed *feed;		/* NULL: none yet */
	int found;
};

static void
look_at(void *arg, const struct ml_event *e)
{
	struct search *s = arg;
	struct ml_event held;

	if (s->found || e->seal.len == 0 || (s->feed != NULL && e->seq <= s->feed->seq &&
	    ml_log_event(s->log, s->feed, e->seq, &held) == 0 &&
	    memcmp(held.id, e->id, sizeof held.id) == 0))
		return;
	/* however many there are: who stops looking can be made to */
	if (!is_mine(s->own, e))
		return;
	s->found = s->feed == NULL || e->seq > s->feed->seq ||
	    (ml_log_event(s->log, s->feed, e->seq, &held) == 0 &&
	    memcmp(held.id, e->id, sizeof held.id) != 0);
}

static void
refused_line(void *arg, uint64_t number, struct ml_slice line)
{
	struct ml_refused_item item;
	struct ml_buf scratch = { 0 };
	struct ml_event e;

	(void)number;
	if (ml_refused_read(&item, line) == 0 && item.text.len > 0 &&
	    ml_event_read(&e, ml_buf_view(&item.text), &scratch) == NULL)
		look_at(arg, &e);
	ml_buf_free(&scratch);
	ml_refused_item_free(&item);
}

/* KEY.feed against the feed in the log. */
static const char *
compare(struct ml_own *own, struct ml_log *log, const struct ml_feed *f,
    int *rc)
{
	int64_t head = f != NULL ? f->seq : 0;
	struct ml_event e;

	if (head < own->feed.seq)
		return "this log is behind what the key has written: get the "
		    "rest from a peer first";
	if (own->feed.seq > 0) {
		if ((*rc = ml_log_event(log, f, own->feed.seq, &e)) == -1)
			return NULL;
		if (memcmp(e.id, own->feed.id, sizeof e.id) != 0)
			return "this log has another event than the key has "
			    "written: the feed is forked";
	}
	if (head == own->feed.seq)
		return NULL;
	/* written, and stopped before KEY.feed was: is it provably mine? */
	if ((*rc = ml_log_event(log, f, head, &e)) == -1)
		return NULL;
	if (!is_mine(own, &e))
		return "this log has events under the key's author that the "
		    "key has not sealed";
	own->feed.seq = head;
	memcpy(own->feed.id, e.id, sizeof e.id);
	return NULL;
}

/* Whether there may be evidence that was not looked at. */
static int
have_changed(struct ml_own *own, struct ml_log *log, int *rc)
{
	char *held = ml_file_beside(ml_log_path(log), ".held");
	int changed;

	if (held == NULL) {
		*rc = -1;
		return 0;
	}
	changed = ml_file_has_changed(&own->held, held);
	free(held);
	return ml_file_has_changed(&own->refused,
	    ml_refused_path(ml_log_refused(log))) || changed;
}

const char *
ml_own_check(struct ml_own *own, struct ml_log *log, int *rc)
{
	struct ml_feed *f = feed_of(own, log);
	struct search s = { own, log, f, 0 };
	const char *why;

	*rc = 0;
	if (ml_log_behind_gap(log, f) > 0 || (f != NULL && f->tip > f->seq))
		return "events of this key lie behind a gap: get the missing "
		    "one from a peer first";
	if ((why = compare(own, log, f, rc)) != NULL || *rc == -1)
		return why;
	if (!have_changed(own, log, rc) || *rc == -1)
		return NULL;
	if ((*rc = ml_held_each_of(ml_log_path(log),
	    ml_identity_author(own->identity), &s, look_at)) == -1 ||
	    (*rc = ml_refused_each(ml_log_refused(log), &s,
	    refused_line)) == -1)
		return NULL;
	return s.found ? "the key has sealed events that this log's feed does "
	    "not have: it was used elsewhere" : NULL;
}

int
ml_own_note(struct ml_own *own, struct ml_log *log)
{
	const struct ml_feed *f = feed_of(own, log);

	own->feed.seq = f->seq;
	memcpy(own->feed.id, f->id, sizeof own->feed.id);
	return ml_identity_feed_write(&own->feed, own->path);
}
