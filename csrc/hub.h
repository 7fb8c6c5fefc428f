/* hub.h - a hub: a socket's end of all its pipes.
 *
 * Locks.  The hub's lock serialises the socket's callers.  I/O threads and
 * other hubs never take it: they post pipes in the hub's mailbox.  Lock order:
 * hubs (of two, the one at the lower address first), then a queue, then a
 * mailbox or the events.
 *
 * Lists.  Every call first attends to the mailbox.  It puts pipes that have
 * room, or something to read, on the lists below, and takes subscriptions in.
 * A pipe on a list may turn out to be full or empty.  It is then taken off,
 * and its queue posts it when that changes.
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
enum { HUB_LEASES = 8 }; /* engines that a hub may borrow at once */

struct hub {
    /* Fields that every message needs are next to each other. */
    pthread_mutex_t lock;
    int stopped; /* errno of every later call, 0 while in use */
    int send_policy, receive_policy;
    bool subscribes, takes_topics;
    bool receiving; /* in the middle of a message */
    bool handing;   /* messages were taken ahead, and not handed out yet */
    struct list readable; /* in turn */
    int64_t peer;
    struct turns turns;
    struct topics own;  /* subscriptions of this hub's user */
    struct mailbox box;
    int options[PYMQ_HUB_OPTIONS];

    atomic_uint refs; /* Python's handle, every pipe */
    struct loop *loop;
    struct chunk *greeting; /* first message of new pipes, or NULL */
    struct bell standing; /* the one behind fileno */
    bool has_fileno;
    bool polled;   /* by threads that do not read themselves */
    int listeners; /* bells of such threads that hang now */
    struct bell *reader; /* of a thread that polls it and reads, or NULL */
    bool freed;
    struct list sleepers; /* idle bells of pymq_hub_wait */

    struct list pipes;
    int pipe_count;
    struct list writable; /* in turn */
    struct names names;
    struct topics topics; /* subscriptions of its peers */
    struct notices notices;
    struct lasts lasts; /* last messages, for peers that subscribe later */

    /* The message being sent. */
    bool sending;
    struct pipe *target;   /* NULL: accept it and drop it */
    struct list targets;   /* of TO_ALL */
    struct chunk *common;  /* holds short frames for several of them ... */
    size_t common_at, common_end; /* ... of which the last is between these */
    struct pipe *refused;  /* full peer for which a send gave EAGAIN */
    uint64_t stamp;
    int64_t chosen;
    size_t weight;     /* bytes that it has so far */
    int64_t pushed_at; /* coarse ms: when a caller last wrote to the kernel */
    struct chunk *lent; /* the frame's chunk, if it is not copied */
    bool lent_whole;    /* the chunk has the frame's head, too */
    bool holding; /* a batch: messages are shown at its end ... */
    struct list held; /* ... by these pipes */

    /* The message being received. */
    struct pipe *source; /* NULL: a notice */
    int64_t noticed; /* pipe of the last notice about a topic */
    int64_t latest;  /* the same, until something is sent: LAST_VALUE's target */
    bool borrows; /* it borrows engines, and reads from them itself */
    int64_t waited_at; /* coarse ms */
    bool pushed;  /* nothing was received since */
    bool skipped; /* the last look for input was left out */
    bool starved; /* a receive found nothing since the last push */
    bool conflates; /* a pipe of it conflates, so there are no batches */
    int64_t handing_since; /* coarse ms */
    int waiters;           /* threads that wait for something to receive */
    int stride;            /* how many may be taken ahead */
    int vain, rest; /* spins; waits without one (wait.c) */

    pymq_counts past; /* sums of the pipes that were forgotten */
};

/* Loops over the pipes.  None may be forgotten meanwhile. */
#define EACH_PIPE(pipe, hub) \
    LIST_EACH (struct pipe, pipe, &(hub)->pipes, in_hub)

void hub_drop(struct hub *hub);

/* Takes the locks of two hubs, in order.  They may be the same hub. */
void hub_lock_both(struct hub *one, struct hub *other);

/* Takes in what the mailbox has.  The lock is held. */
void hub_attend(struct hub *hub);

/* Takes the lock and attends.  0, or the negative errno of a stopped hub. */
static inline int hub_enter(struct hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    hub_attend(hub);
    return -hub->stopped;
}

/* All of the following expect the lock to be held. */

/* The user has been told what is ready: clears the descriptor of fileno until
 * that changes. */
void hub_quieten(struct hub *hub);

/* Wakes the threads that wait for these events, when something other than a
 * queue has changed. */
void hub_wake(struct hub *hub, unsigned events);

/* A pipe takes no more messages: it is no longer a target. */
void hub_stop_sending(struct hub *hub, struct pipe *pipe);

/* A pipe was closed by Python, or at the far end of a join. */
void hub_end_pipe(struct hub *hub, struct pipe *pipe);

/* Returns the open pipe with that id (0: any), or NULL. */
struct pipe *hub_live_pipe(const struct hub *hub, int64_t id);

/* Whether all its pipes have sent everything.  A pipe that has not will be
 * posted when it has. */
bool hub_all_sent(struct hub *hub);

/* options.c: queues the first message of a new pipe. 0 or -ENOMEM. */
int hub_greet(const struct hub *hub, struct pipe *pipe);

/* Removes a pipe that takes no more messages and has nothing left to read. */
void hub_forget(struct hub *hub, struct pipe *pipe);

/* borrow.c: callers that read and write in place of the I/O threads. */

/* Reads from the borrowed engines.  Returns whether something may have come.
 */
bool hub_pull(struct hub *hub);
/* Wakes the far end of a pipe for a message, or writes it in its place. */
void hub_tell(struct hub *hub, struct pipe *pipe);
/* Writes what fills a pipe, because its sender could only wait until somebody
 * else has done so.  False if it is too much, or another thread drives the
 * engine. */
bool hub_relieve(struct hub *hub, struct pipe *pipe);
/* Stores the borrowed engines, which the caller has to leave (engine_leave),
 * and their descriptors.  With `ask` it asks for leases. */
int hub_borrow(struct hub *hub, struct engine **engines, int *fds, bool ask);
void hub_give_back(struct hub *hub);
/* The thread of the reader's bell is awake: reads, and has the bell's poller
 * watch the engines that the hub borrows. */
void hub_read(struct hub *hub);

/* send.c: sends a frame as the policy says.  EFSM out of turn (turns.h). */
int hub_send(struct hub *hub, const void *data, size_t size, bool more);
/* The same, without regard to turns. */
int hub_send_on(struct hub *hub, const void *data, size_t size, bool more);
/* Whether the next frame would be accepted. */
bool hub_writable(struct hub *hub);
/* Whether a send that gave EAGAIN may now succeed. */
bool hub_resumable(struct hub *hub);
/* Makes the message that was written visible to the pipe's reader. */
void hub_show(struct hub *hub, struct pipe *pipe);
/* Drops the frames of an unfinished message. */
void hub_abandon(struct hub *hub);
/* Ends a batch.  `push`: it is a single message, which its caller may write to
 * the kernel himself. */
void hub_show_held(struct hub *hub, bool push);
/* Whether pipes with room belong on the writable list. */
bool hub_sends_in_turn(const struct hub *hub);

/* receive.c: receives as the policy says. */
/* See pymq_slot_recv and pymq_slot_recv_plain. */
int64_t hub_recv(struct hub *hub, void *slot);
int64_t hub_recv_plain(struct hub *hub, void *slot);
/* Receives the next frame without copying it.  Returns 1 if more follow, 0 if
 * not, or a negative errno. */
int hub_recv_part(struct hub *hub, pymq_message *message, pymq_part *part);
/* message.c: see pymq_hub_recv_message. */
int64_t hub_recv_message(struct hub *hub, void *message);
/* Whether messages are received just as they are in the pipes. */
static inline bool hub_plain(const struct hub *hub)
{
    return hub->turns.kind == PYMQ_AT_WILL
           && (hub->receive_policy == PYMQ_RECEIVE_FAIR
               || hub->receive_policy == PYMQ_RECEIVE_FILTERED);
}
/* Whether recv would give a frame. */
bool hub_readable(struct hub *hub);
/* Whether a message with this first frame matches the user's subscriptions. */
bool hub_wants(const struct hub *hub, const unsigned char *first,
               size_t size);
/* Moves a pipe with a message for the user to the front and returns it, or
 * NULL.  `*frame` is the message's first frame. */
struct pipe *hub_next_source(struct hub *hub, struct frame *frame);
/* After a message was received from a pipe: forgets the pipe if that was all. */
static inline void hub_have_read(struct hub *hub, struct pipe *pipe)
{
    if (pipe_ending(pipe) && !queue_readable(pipe->in))
        hub_forget(hub, pipe);
}
/* Finds the next frame that is not a command. */
void hub_peek_frame(struct queue *queue, struct frame *frame);
/* Drops the rest of a message that is being received. */
void hub_skip_rest(struct hub *hub);
/* FAIR: drops what has arrived.  What arrives meanwhile may stay; otherwise a
 * peer that sends fast enough would keep the caller here. */
void hub_skip_arrived(struct hub *hub);

/* counts.c: adds a pipe's counts to those that outlive it. */
void counts_keep(pymq_counts *past, const struct pipe *pipe);

/* subscribe.c: the publisher's side. */
void hub_take_topics(struct hub *hub);
/* Takes in topics that came while a message was being sent. */
void hub_take_late_topics(struct hub *hub);
/* Takes in all that is left in a pipe that has ended, whatever the mark says. */
void hub_take_last_topics(struct hub *hub, struct pipe *pipe);
void hub_forget_topics(struct hub *hub, struct pipe *pipe);

#endif
