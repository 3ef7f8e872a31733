/*
 * radiojson - what a radio and its bridge tell, as lines of JSON.  Pure.
 * Source: ml-radio(1).
 */
#ifndef ML_RADIOJSON_H
#define ML_RADIOJSON_H
#include "bridge.h"
#include "radioplan.h"

/* Append one object and a newline: what happened at ms since 1970.  Nothing, if
 * nobody has to know. */
void ml_radiojson_event(struct ml_buf *out, const struct ml_bridge_event *e,
    int64_t ms);
/* The same of a device and the settings in force. */
void ml_radiojson_info(struct ml_buf *out, const char *port,
    const struct ml_radio_info *info);
/* The same of a plan: used is airtime of the last hour, done_ms (since 1970) when
 * the last frame would be over. */
void ml_radiojson_plan(struct ml_buf *out, const struct ml_radioplan *p,
    uint64_t used, int64_t done_ms);
#endif
