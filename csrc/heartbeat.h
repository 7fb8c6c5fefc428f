/* heartbeat.h - when a quiet peer is asked, and when it counts as gone.
 *
 * PING and PONG of ZMTP 3.1 (RFC 37).  Whoever wants to know sends a PING each
 * `interval`; if nothing comes within `timeout` of one, the link ends.  A PING
 * may also name the time, its TTL, that the other side may take any silence
 * for an end.
 *
 * Any input is a sign of life, and reading it only counts `heard` up.  Times
 * are looked at when the earliest of them has come: by the engine's home,
 * which has the engines with times in a list, the earliest first.  So there
 * is nothing to do for a message, and nothing at all without heartbeats.
 *
 * Nobody is blamed for what we did not do: a PING that the kernel has not
 * taken was not sent, and bytes that lie unread, because the reader is at its
 * mark or this process was held up, are a sign of life.  But where the kernel
 * takes nothing because nothing of what it sends arrives, the peer is blamed
 * as if it had the PING.
 *
 * All but `listed` is the driver's.
 */
#ifndef HEARTBEAT_H
#define HEARTBEAT_H
#include "list.h"
#include "pymq.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NEVER INT64_MAX

/* Times are in ms; moments are clock_ms(), or NEVER. */
struct heartbeat {
    int64_t due; /* the earliest moment below */
    int64_t interval, timeout;
    unsigned ttl;      /* of our PINGs, in tenths of a second */
    unsigned heard;    /* how often something was read */
    int64_t ping_at;
    int64_t answer_by; /* something has to be heard since the PING */
    int64_t asked_at;  /* when the kernel took that PING ... */
    bool asking;       /* ... which it has not yet */
    unsigned heard_then;
    int64_t peer_ttl;
    int64_t alive_until; /* the peer's own word for it */
    unsigned heard_at_ttl;
    struct list node; /* the home's, as is when this is due there: */
    int64_t listed;
};

struct engine;

void heartbeat_init(struct heartbeat *beat, const pymq_link *link);

/* To be called when it is due: queues a PING; false if the peer is gone. */
bool heartbeat_turn(struct engine *engine);

/* The kernel has taken all replies, among them any PING. */
void heartbeat_asked(struct heartbeat *beat);

/* The peer has sent a PING with that TTL, in tenths of a second. */
void heartbeat_promised(struct heartbeat *beat, unsigned ttl);

/* The list of a home.  `due` may be NEVER. */
void heartbeat_list(struct list *list, struct heartbeat *beat, int64_t due);
void heartbeat_unlist(struct heartbeat *beat);
/* The moment when the first is due. */
int64_t heartbeat_next(const struct list *list);
/* Takes the first one out if it is due, else NULL. */
struct engine *heartbeat_take(struct list *list);

#endif
