/* pipe.h - a hub's end of one connection: a queue each way.
 *
 * At the far ends of the queues is an engine (attach), another hub's pipe
 * (join), or nobody yet.  A pipe is held by its hub while something may still
 * be read from it, and by Python's handle.  All fields are under the hub's
 * lock; the far side sees the queues only.
 *
 * While a closed pipe drains, its queues live with the engine; between links
 * the pipe keeps them for the next.
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
    /* What every message needs lies together. */
    int64_t id;
    struct queue *out, *in;
    uint64_t stamp; /* last publication that was matched */
    bool closed;    /* takes no more messages */
    struct list in_readable, in_targets;

    atomic_uint refs;
    struct hub *hub;
    struct end end; /* in the hub's mailbox */
    struct engine *engine; /* of the last link, or NULL */
    struct name *name;
    struct event *event; /* for PIPE_CLOSED of a pipe that was joined late */
    struct list topics;  /* members (topics.h) */
    struct table asked;  /* topics that it asked for, when MANUAL */
    struct topics *again; /* subscribed to over this link; NULL: is the first */
    /* The hub's lists. */
    struct list in_hub, in_writable, in_held;
    int minor;           /* of the link's ZMTP 3 */
    bool echoes;         /* the link's peer answers a PING */
    unsigned ttl;        /* of these, in tenths of a second */
    uint32_t probed;     /* with, on this link: see probe.c */
    bool linked;         /* attached or joined at least once */
    bool joined;
    bool spent;     /* nothing is left to send, either */
    bool cut;       /* drop what follows the message being received */
    int64_t since;  /* of its link, in ms since 1970 */
    uint64_t missed; /* messages that it had no room for */
    unsigned held;  /* user messages among the hub's notices */
    bool stalled;   /* too many of them */
};

/* `conflate`: of what waits in it only the last message is kept. */
struct pipe *pipe_new(struct hub *hub, bool conflate);
struct pipe *pipe_hold(struct pipe *pipe);
void pipe_release(struct pipe *pipe);

/* Applies the hub's marks. */
void pipe_set_marks(struct pipe *pipe);

/* Tells the peer, if there is one, about a topic. */
void pipe_announce(struct pipe *pipe, bool subscribe, const void *topic,
                   size_t size);

/* As pymq_pipe_close; the hub's lock is held. */
int pipe_close(struct pipe *pipe, bool drain, bool keep_input);

/* Whether the kernel, or the far hub, has all; if not, the pipe is posted when
 * that is so. */
bool pipe_all_sent(struct pipe *pipe);

/* Whether no more will arrive: ask before asking whether it is readable. */
static inline bool pipe_ending(const struct pipe *pipe)
{
    return pipe->closed || atomic_load(&pipe->in->closed);
}

#endif
