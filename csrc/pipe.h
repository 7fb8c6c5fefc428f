/* pipe.h - a hub's end of one connection: a queue each way.
 *
 * At the far ends of the queues is an engine (attach), another hub's pipe
 * (join), or nobody yet.  A pipe is held by Python's handle, and by its hub
 * while something may still be read from it.  All fields are under the hub's
 * lock; the far side sees only the queues.
 *
 * While a closed pipe drains, the engine holds its queues.  Between two links
 * the pipe keeps them for the next one.
 */
#ifndef PIPE_H
#define PIPE_H
#include "events.h"
#include "list.h"
#include "mailbox.h"
#include "pymq.h"
#include "queue.h"
#include "table.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { NAME_MAX_SIZE = 255 };

struct name {
    size_t size;
    unsigned char bytes[];
};

struct pipe {
    /* Fields that every message needs are next to each other. */
    int64_t id;
    struct queue *out, *in;
    uint64_t stamp; /* number of the last message that was for it */
    bool closed;    /* takes no more messages */
    struct list in_readable, in_targets;

    atomic_uint refs;
    struct hub *hub;
    struct end end; /* in the hub's mailbox */
    struct engine *engine; /* the engine of the last link, or NULL */
    struct name *name;
    struct event *event; /* for PIPE_CLOSED, if the pipe was joined late */
    struct list topics;  /* members (topics.h) */
    struct table asked;  /* MANUAL: topics that the peer has asked for */
    struct topics *again; /* topics of this link; NULL: the first */
    /* The hub's lists. */
    struct list in_hub, in_writable, in_held;
    int minor;           /* minor version of the link's ZMTP 3 */
    bool echoes;         /* the link's peer answers PINGs */
    unsigned ttl;        /* TTL of these PINGs, in tenths of a second */
    uint32_t probed;     /* number of the last probe on this link (probe.c) */
    bool linked;         /* attached or joined at least once */
    bool joined;
    bool spent;     /* closed, and nothing is left to send */
    bool cut;       /* drop all behind the message being received */
    int64_t since;  /* when its link came up, in ms since 1970 */
    uint64_t missed; /* messages for which it had no room */
    unsigned held;  /* messages of its user among the hub's notices */
    bool stalled;   /* there are too many of them */
};

/* `conflate`: only the last message is kept, each way. */
struct pipe *pipe_new(struct hub *hub, bool conflate);
struct pipe *pipe_hold(struct pipe *pipe);
void pipe_release(struct pipe *pipe);

/* Applies the hub's high-water marks. */
void pipe_set_marks(struct pipe *pipe);

/* Tells the peer, if there is one, that a topic is wanted or no longer wanted.
 */
void pipe_announce(struct pipe *pipe, bool subscribe, const void *topic,
                   size_t size);

/* See pymq_pipe_close.  The hub's lock is held. */
int pipe_close(struct pipe *pipe, bool drain, bool keep_input);

/* Whether the kernel, or the far hub, has everything.  If not, the pipe is
 * posted when it has. */
bool pipe_all_sent(struct pipe *pipe);

/* Whether nothing more will arrive.  Ask this before asking whether something
 * can be read. */
static inline bool pipe_ending(const struct pipe *pipe)
{
    return pipe->closed || atomic_load(&pipe->in->closed);
}

#endif
