/* heartbeat.h - heartbeats: when a silent peer is asked, and when it counts as
 * gone.
 *
 * PING and PONG are of ZMTP 3.1 (RFC 37).  An engine with heartbeats sends a
 * PING each `interval`; if nothing arrives within `timeout` of it, the link
 * ends.  A PING may also have a TTL: the other side may then take a silence of
 * that length for an end.
 *
 * Any input is a sign of life.  To read only counts up `heard`; the times are
 * looked at when the earliest of them has come.  That is done by the engine's
 * home, which has a list of the engines with times, the earliest first.  So a
 * message costs nothing, and neither does a connection without heartbeats.
 *
 * A peer is not blamed for what we did not do.  A PING that the kernel has not
 * taken counts as not sent.  Bytes that lie unread, because the reader is at
 * its mark or this process was held up, count as a sign of life.  But if the
 * kernel takes nothing because nothing that it sends arrives, the peer is
 * blamed as if it had the PING.
 *
 * All fields but `listed` belong to the driver.
 */
#ifndef HEARTBEAT_H
#define HEARTBEAT_H
#include "list.h"
#include "pymq.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NEVER INT64_MAX

/* Times are in ms.  Moments are as of clock_ms(), or NEVER. */
struct heartbeat {
    int64_t due; /* the earliest of the moments below */
    int64_t interval, timeout;
    unsigned ttl;      /* of our PINGs, in tenths of a second */
    unsigned heard;    /* how often something was read */
    int64_t ping_at;
    int64_t answer_by; /* until then something has to be heard */
    int64_t asked_at;  /* when the kernel took that PING ... */
    bool asking;       /* ... which it has not taken yet */
    unsigned heard_then;
    int64_t peer_ttl;
    int64_t alive_until; /* until when the peer's TTL lets it be silent */
    unsigned heard_at_ttl;
    struct list node; /* of the home, as is when this is due there: */
    int64_t listed;
};

struct engine;

void heartbeat_init(struct heartbeat *beat, const pymq_link *link);

/* Call it when it is due: queues a PING.  False if the peer is gone. */
bool heartbeat_turn(struct engine *engine);

/* The kernel has taken all of our commands, and so any PING. */
void heartbeat_asked(struct heartbeat *beat);

/* The peer has sent a PING with this TTL, in tenths of a second. */
void heartbeat_promised(struct heartbeat *beat, unsigned ttl);

/* Puts it in the home's list.  `due` may be NEVER. */
void heartbeat_list(struct list *list, struct heartbeat *beat, int64_t due);
void heartbeat_unlist(struct heartbeat *beat);
/* The moment when the first one is due. */
int64_t heartbeat_next(const struct list *list);
/* Takes the first one out and returns it if it is due, else NULL. */
struct engine *heartbeat_take(struct list *list);

#endif
