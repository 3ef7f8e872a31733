/*
 * vnodework - what a virtual RNode consists of, for the files of vnode only.
 *   vnode.c       its life: power, boot, main loop, bytes in
 *   vnodeparse.c  the host's bytes, one by one
 *   vnodecmd.c    the commands of the host, and the answers
 *   vnodeout.c    what the host is told, when, and in how many writes
 *   vnodequeue.c  the queue of what is to be sent
 *   vnoderadio.c  medium access, sending, receiving
 *   vnodestat.c   airtime and what is told of it
 *   vnodefault.c  faults by their names
 */
#ifndef ML_VNODEWORK_H
#define ML_VNODEWORK_H
#include "rnodecmd.h"
#include "vnode.h"

#define BIN_US UINT64_C(7500000)	/* airtime is summed up in bins */
#define BINS 480			/* of an hour */
#define CHUNKS 64			/* of output, each with its own time */

enum fault {
	FAULT_NODETECT, FAULT_VERSION, FAULT_WRONGECHO, FAULT_NOECHO,
	FAULT_STUCK, FAULT_MUTE, FAULT_TRICKLE, FAULT_SLOW, FAULT_DEAF,
	FAULT_FULL, FAULT_DOUBLE, FAULT_CHATTER, FAULT_SHORTCHTM, FAULT_NOISE,
	FAULT_CUT, FAULT_HANGUP, FAULT_MODEM, FAULT_DTR, FAULT_BOOTTEXT,
	FAULT_SLOWBOOT, FAULT_NORESET,
	/* those from here on happen at once */
	FAULT_ERROR, FAULT_REBOOT, FAULT_GARBAGE, FAULT_ASCII, FAULT_EMPTY,
	FAULT_LONG, FAULT_HANG,
	FAULTS
};

/* What comes when the loop is free again. */
enum then { THEN_GO_ON, THEN_STATE, THEN_REBOOT };

struct bin {
	uint64_t number;		/* since time began */
	uint64_t sent, busy;		/* us */
};

struct queue {
	unsigned size, frames;		/* bytes and frames that it holds */
	uint8_t bytes[ML_VNODE_QUEUE_MAX];
	struct piece {
		uint16_t start, len;
	} piece[ML_VNODE_FRAMES_MAX];
	unsigned first, n;		/* of piece */
	uint16_t cursor, begun;		/* the next byte; this frame's first */
	/* the firmware's own counts, which differ from the above after an
	 * empty frame, and never recover */
	uint16_t queued;
	uint8_t height;
};

struct heard {
	uint8_t bytes[ML_VNODE_FRAME_MAX];
	size_t len;
	double rssi, snr;
};

struct ml_vnode {
	const struct ml_vnode_board *board;
	struct ml_vnode_watch watch;
	uint64_t dice, now;
	uint8_t major, minor;
	int is_plugged, is_running;
	uint64_t boot_at, ran_at;	/* when it will, and did last */
	int has_command;		/* the host has said one since */
	uint64_t loop_at;		/* the loop is not free before */
	enum then then;

	/* of the host */
	uint8_t uart[ML_VNODE_UART_MAX];
	size_t uart_first, uart_len;
	int in_frame, is_escaped, is_noted;
	uint8_t command;
	uint8_t arg[4];
	size_t arg_len;
	size_t data_len;		/* of the data frame being read */

	/* for the host */
	struct ml_buf out;
	struct chunk {
		uint64_t at;
		size_t len;
	} chunk[CHUNKS];
	size_t chunks;
	uint64_t trickle_at;

	/* settings */
	struct ml_lora held, used, saved;
	int is_tnc, is_saved;
	int has_frequency, has_bandwidth, has_power, has_sf;
	int is_on;
	float short_limit, long_limit;	/* 1 is all the time; 0: none */
	int promiscuous;
	uint8_t implicit;

	/* medium access */
	int is_busy;			/* somebody else sends */
	double busy_rssi;		/* dBm */
	uint64_t busy_from;		/* not counted since */
	uint64_t contend_from;		/* ML_VNODE_NEVER: not waiting */
	uint64_t window;		/* us of the window still to wait */
	int has_window;
	int band, window_min, window_max;

	/* sending */
	struct queue queue;
	int is_sending;
	uint8_t frame[ML_VNODE_FRAME_MAX];
	size_t frame_len, frame_at;
	uint8_t header;
	size_t packet_len;
	uint64_t packet_end;
	int is_split_done;

	/* receiving */
	int sequence;			/* of the half at hand; -1: none */
	struct heard half;
	struct heard heard[ML_VNODE_HEARD_MAX];
	size_t heard_n;
	double last_rssi;

	/* statistics */
	struct bin bin[BINS];
	double short_part, long_part;	/* own airtime, as last reckoned */
	uint64_t stat_at, battery_at;
	uint64_t floor_at;		/* from then on the noise is known */

	struct {
		int times;		/* 0: none, -1: always */
		unsigned number;
		char text[ML_VNODE_TEXT_MAX];
	} fault[FAULTS];
};

/* vnode.c */
void vnode_news(struct ml_vnode *v, enum ml_vnode_news what, int number,
    struct ml_slice bytes);
void vnode_violation(struct ml_vnode *v, enum ml_vnode_violation what);
/* The loop does something else for us microseconds; UINT64_MAX: for ever. */
void vnode_block(struct ml_vnode *v, uint64_t us, enum then then);
int vnode_is_free(const struct ml_vnode *v);
void vnode_reboot(struct ml_vnode *v);

/* vnodeout.c */
/* Bytes as they are, for the host. */
void vnode_put(struct ml_vnode *v, struct ml_slice bytes);
/* A frame for the host. */
void vnode_tell(struct ml_vnode *v, uint8_t command, const void *payload,
    size_t len);
void vnode_garbage(struct ml_vnode *v, size_t n);

/* vnodeparse.c */
void vnode_byte(struct ml_vnode *v, uint8_t byte);

/* vnodecmd.c: each for the command that is being read */
void vnode_setting(struct ml_vnode *v, uint8_t byte);
void vnode_wide_setting(struct ml_vnode *v, uint32_t value);
void vnode_command(struct ml_vnode *v, uint8_t byte);
void vnode_start(struct ml_vnode *v);
void vnode_stop(struct ml_vnode *v);
void vnode_tell_state(struct ml_vnode *v);

/* vnodequeue.c */
void vnode_queue_clear(struct queue *q, const struct ml_vnode_board *board);
int vnode_queue_is_full(const struct queue *q);
/* A byte of a data frame: 1, or 0 if it is lost. */
int vnode_queue_byte(struct queue *q, uint8_t byte);
void vnode_queue_end(struct queue *q);		/* of the frame */
/* The next frame into at, at most ML_VNODE_FRAME_MAX bytes.  Its length, which
 * may be over that; 0: there is none. */
size_t vnode_queue_take(struct queue *q, uint8_t *at);
void vnode_queue_flushed(struct queue *q);	/* all was sent in one go */
void vnode_queue_popped(struct queue *q, size_t len);	/* one was */

/* vnoderadio.c */
void vnode_contend(struct ml_vnode *v);
void vnode_packet_done(struct ml_vnode *v);
void vnode_tell_heard(struct ml_vnode *v);
uint64_t vnode_contend_at(const struct ml_vnode *v);

/* vnodestat.c */
void vnode_sent(struct ml_vnode *v, size_t packet_len);
void vnode_busy(struct ml_vnode *v, uint64_t to);	/* count it */
void vnode_reckon(struct ml_vnode *v);		/* and tell: CHTM, CSMA */
int vnode_is_locked(const struct ml_vnode *v);	/* by its own airtime */
void vnode_tell_channel(struct ml_vnode *v);
void vnode_tell_phy(struct ml_vnode *v);
void vnode_tell_battery(struct ml_vnode *v);
uint8_t vnode_rssi(double dbm);

/* vnodefault.c */
/* Whether it strikes now; one that does not last is used up. */
int vnode_strikes(struct ml_vnode *v, enum fault f);
int vnode_has_fault(const struct ml_vnode *v, enum fault f);
#endif
