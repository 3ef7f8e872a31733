/*
 * gossipline - what an exchange says and hears, as lines of JSON: the seed's
 * protocol.  Source: meshlog-log(5), MESSAGES.
 */
#ifndef ML_GOSSIPLINE_H
#define ML_GOSSIPLINE_H
#include "gossip.h"
#include "log.h"

/*
 * Append the line that a wish asks for, and tell that it went.  What is sent
 * of a keyed feed ends with a sealed event, in each line.  All of the log must
 * be on the disk.  0, or -1 with errno, about the log.
 */
int ml_gossipline_say(struct ml_gossip *g, const struct ml_gossip_wish *wish,
    struct ml_log *log, int64_t now, struct ml_buf *out);
/*
 * Append a message with the events from..to of a feed, as far as a seal covers
 * them; if none does, on to the next one that is sealed: *n of them.
 */
int ml_gossipline_events(struct ml_log *log, const struct ml_feed *f,
    int64_t from, int64_t to, size_t *n, struct ml_buf *out);
/*
 * A peer's frontier message.  differs is told of each feed of which it has
 * another event than we, which has seq and ours as its id.  *news: as of
 * ml_gossip_frontier_end().  NULL, or a static reason; with *failed set errno says why the log could not be read.
 */
const char *ml_gossipline_hear(struct ml_gossip *g, struct ml_slice line,
    struct ml_log *log, int64_t now, void *arg,
    void (*differs)(void *arg, const struct ml_feed *f, int64_t seq,
    const uint8_t *ours, const uint8_t *theirs), int *news, int *failed);
#endif
