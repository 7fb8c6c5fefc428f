/* hub.h - a socket's end of its pipes.
 *
 * One lock serialises the callers; I/O threads and other hubs never take it,
 * they post pipes in the mailbox.  Lock order: a hub (two at once: lower
 * address first), a queue, a mailbox or the events.
 *
 * Every call first attends to the mailbox: it puts pipes that have room or
 * something to read on the lists below, and takes subscriptions in.  A pipe on
 * a list may turn out to be full or empty; it is then taken off, and its queue
 * posts it when that changes.
 */
#ifndef HUB_H
#define HUB_H
#include "lasts.h"
#include "loop.h"
#include "mailbox.h"
#include "names.h"
#include "notices.h"
#include "pipe.h"
#include "pymq.h"
#include "topics.h"
#include "turns.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { HUB_IN = 1, HUB_OUT = 2, HUB_END = 4, HUB_SENT = 8 };
enum { HUB_LEASES = 8 }; /* engines that a hub borrows, at most */

struct hub {
    /* What every message needs lies together. */
    pthread_mutex_t lock;
    int stopped; /* errno of every later call, 0 while in use */
    int send_policy, receive_policy;
    bool subscribes, takes_topics;
    bool receiving; /* the frames of a message */
    bool handing;   /* messages were taken ahead, and not handed out yet */
    struct list readable; /* in turn */
    int64_t peer;
    struct turns turns;
    struct topics own;  /* what this hub subscribes to */
    struct mailbox box;
    int options[PYMQ_HUB_OPTIONS];

    atomic_uint refs; /* Python's handle, every pipe */
    struct loop *loop;
    struct chunk *greeting; /* that new pipes begin with, or NULL */
    struct bell standing; /* behind fileno */
    bool has_fileno;
    bool polled;   /* beside other things, by threads that do not read */
    int listeners; /* bells of such threads that hang now */
    struct bell *reader; /* of one who polls it and does read, or NULL */
    bool freed;
    struct list sleepers; /* idle bells of pymq_hub_wait */

    struct list pipes;
    int pipe_count;
    struct list writable; /* in turn */
    struct names names;
    struct topics topics; /* what its peers do */
    struct notices notices;
    struct lasts lasts; /* messages for who subscribes later */

    /* The message being sent. */
    bool sending;
    struct pipe *target;   /* NULL: swallow it */
    struct list targets;   /* of TO_ALL */
    struct chunk *common;  /* where short frames for several of them lie ... */
    size_t common_at, common_end; /* ... the last one from here to there */
    struct pipe *refused;  /* full peer that a send gave EAGAIN for */
    uint64_t stamp;
    int64_t chosen;
    size_t weight;     /* bytes of it so far */
    int64_t pushed_at; /* coarse ms: when a caller last wrote itself */
    struct chunk *lent; /* the frame, if it is not to be copied */
    bool lent_whole;    /* with its head */
    bool holding; /* a batch: messages are shown at its end ... */
    struct list held; /* ... by these pipes */

    /* The message being received. */
    struct pipe *source; /* NULL: a notice */
    int64_t noticed; /* pipe of the last notice about a topic */
    int64_t latest;  /* the same, until something is sent: LAST_VALUE's target */
    bool borrows; /* engines, to read from them itself */
    int64_t waited_at; /* coarse ms */
    bool pushed;  /* nothing was received since */
    bool skipped; /* a look for what has come since */
    bool starved; /* nothing was there to receive since the last push */
    bool conflates; /* a pipe of it does: no batches */
    int64_t handing_since; /* coarse ms */
    int waiters;           /* threads, for something to receive */
    int stride;            /* how many may be taken ahead */
    int vain, rest; /* spins; waits without one (wait.c) */

    pymq_counts past; /* of the pipes that were forgotten */
};

/* For each pipe, of which none is forgotten meanwhile. */
#define EACH_PIPE(pipe, hub) \
    LIST_EACH (struct pipe, pipe, &(hub)->pipes, in_hub)

void hub_drop(struct hub *hub);

/* Locks of two hubs have an order.  It may be one hub, twice. */
void hub_lock_both(struct hub *one, struct hub *other);

/* Takes in what the mailbox holds; with the lock held. */
void hub_attend(struct hub *hub);

/* Takes the lock and attends.  0, or the negative errno of a stopped hub. */
static inline int hub_enter(struct hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    hub_attend(hub);
    return -hub->stopped;
}

/* With the lock held, all of: */

/* The user was told how things stand: fileno is quiet until they change. */
void hub_quieten(struct hub *hub);

/* Wakes who waits for these: something other than a queue has changed. */
void hub_wake(struct hub *hub, unsigned events);

/* A pipe takes no more messages: forget it as a target. */
void hub_stop_sending(struct hub *hub, struct pipe *pipe);

/* The far end of a joined pipe, or Python, has closed it. */
void hub_end_pipe(struct hub *hub, struct pipe *pipe);

/* The live pipe of that id (0: any), or NULL. */
struct pipe *hub_live_pipe(const struct hub *hub, int64_t id);

/* Whether its pipes have sent all; a pipe that has not is posted then. */
bool hub_all_sent(struct hub *hub);

/* options.c: the first message of a new pipe.  0 or -ENOMEM. */
int hub_greet(const struct hub *hub, struct pipe *pipe);

/* Nothing is left to read from a pipe that takes no more messages. */
void hub_forget(struct hub *hub, struct pipe *pipe);

/* borrow.c: callers that do the engines' work. */

/* Reads what borrowed engines have; whether that may have been something. */
bool hub_pull(struct hub *hub);
/* Wakes the far end of a pipe for a message, or writes in its place. */
void hub_tell(struct hub *hub, struct pipe *pipe);
/* Writes what fills a pipe: its sender could do nothing but wait until another
 * has.  False if there is too much, or another writes. */
bool hub_relieve(struct hub *hub, struct pipe *pipe);
/* The borrowed engines, each to be left, and their descriptors; asks for
 * leases. */
int hub_borrow(struct hub *hub, struct engine **engines, int *fds, bool ask);
void hub_give_back(struct hub *hub);
/* Whoever the reader's bell is for is awake: reads, and has the bell's poller
 * watch what the hub borrows. */
void hub_read(struct hub *hub);

/* send.c: by policy, in turn. */
int hub_send(struct hub *hub, const void *data, size_t size, bool more);
/* The same, whoever's turn it is. */
int hub_send_on(struct hub *hub, const void *data, size_t size, bool more);
/* Whether the next frame would be accepted. */
bool hub_writable(struct hub *hub);
/* Whether a send that gave EAGAIN may now succeed. */
bool hub_resumable(struct hub *hub);
/* Shows a pipe's reader the message that was written. */
void hub_show(struct hub *hub, struct pipe *pipe);
/* Drops what was sent of a message. */
void hub_abandon(struct hub *hub);
/* Ends a batch; `push`: it is a message that its caller may write himself. */
void hub_show_held(struct hub *hub, bool push);
/* Whether a pipe belongs on the writable list. */
bool hub_sends_in_turn(const struct hub *hub);

/* receive.c: by policy. */
/* As pymq_slot_recv and pymq_slot_recv_plain. */
int64_t hub_recv(struct hub *hub, void *slot);
int64_t hub_recv_plain(struct hub *hub, void *slot);
/* The next frame, as it lies.  1 if more follow, 0, or a negative errno. */
int hub_recv_part(struct hub *hub, pymq_message *message, pymq_part *part);
/* message.c: as pymq_hub_recv_message. */
int64_t hub_recv_message(struct hub *hub, void *message);
/* Whether its messages come just as they are in the pipes. */
static inline bool hub_plain(const struct hub *hub)
{
    return hub->turns.kind == PYMQ_AT_WILL
           && (hub->receive_policy == PYMQ_RECEIVE_FAIR
               || hub->receive_policy == PYMQ_RECEIVE_FILTERED);
}
/* Whether recv would give a frame. */
bool hub_readable(struct hub *hub);
/* Whether a message that begins so is for the user, by his topics. */
bool hub_wants(const struct hub *hub, const unsigned char *first,
               size_t size);
/* Brings a pipe with a message for the user to the front, or NULL; in `*frame`
 * the message's first frame. */
struct pipe *hub_next_source(struct hub *hub, struct frame *frame);
/* A message of that pipe was received; was it its last one? */
static inline void hub_have_read(struct hub *hub, struct pipe *pipe)
{
    if (pipe_ending(pipe) && !queue_readable(pipe->in))
        hub_forget(hub, pipe);
}
/* The next frame that is no command. */
void hub_peek_frame(struct queue *queue, struct frame *frame);
/* Throws the rest of a message away. */
void hub_skip_rest(struct hub *hub);
/* Throws away what has come, in FAIR; what comes meanwhile may stay, or a peer
 * that sends fast enough would keep the caller. */
void hub_skip_arrived(struct hub *hub);

/* counts.c: keeps of what a pipe has seen what outlives it. */
void counts_keep(pymq_counts *past, const struct pipe *pipe);

/* subscribe.c: the publisher's side. */
void hub_take_topics(struct hub *hub);
/* What came while a message was being sent, and had to wait for its end. */
void hub_take_late_topics(struct hub *hub);
/* All that a pipe which has ended has brought, whatever the mark says: its
 * subscriptions end behind it. */
void hub_take_last_topics(struct hub *hub, struct pipe *pipe);
void hub_forget_topics(struct hub *hub, struct pipe *pipe);

#endif
