/* engine.h - an engine: moves bytes between the descriptor of one connection
 * and the two queues of a pipe.
 *
 * Ownership.  An engine is a state machine that one thread at a time may
 * *drive*, any thread.  A thread that has claimed the engine may call
 * engine_drive* and touch its fields, until it releases it.  Each engine has a
 * *home*: the I/O thread that watches its descriptor.  The home never waits
 * for a claim; if it does not get it, the driver posts the engine when it has
 * finished.  The first turn is the maker's.  Apart from that, only the home
 * ends and dismisses engines, and tells the poller.
 *
 * Callers drive, too, because that saves waking the home (borrow.c).  A sender
 * writes to an idle connection itself (engine_push).  A receiver reads
 * (engine_pull) from an engine that its home has *lent*, which means that the
 * home does not watch the descriptor for input.  What is lent and not used
 * goes home again.
 *
 * Engine and pipe know each other only through the queues.  An engine is
 * posted to its home when there is something to send, room for input, or an
 * end.
 *
 * Facts that explain the code:
 * - A closed pipe is drained when the kernel has accepted the last byte of the
 *   last message, not when the queue is empty.
 * - If a descriptor with unread input is closed the kernel sends RST, and that
 *   destroys what the peer has not read yet.  So a drained engine half-closes
 *   and reads on, for a bounded time, until the peer has closed too.
 * - Between processes of one machine (AF_UNIX) a close is seen at once.  A
 *   libzmq that is paused by a mark then forgets what it has not read.  So
 *   there the last byte must also have left the kernel (engine_drain.c).
 * - Behind paused input there may be an end-of-file, and a peer that takes no
 *   more output may have sent input before.  Both are read to the end.
 */
#ifndef ENGINE_H
#define ENGINE_H
#include "events.h"
#include "heartbeat.h"
#include "loop.h"
#include "mailbox.h"
#include "queue.h"
#include "sealing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* such systems have SO_NOSIGPIPE */
#endif

enum {
    LINGER_AFTER = 5000, /* ms to wait for the peer's end-of-file */
    LOOK_AGAIN = 20,     /* ms between looks at what the kernel holds */
    LENT_FOR = 100,      /* ms without use, after which a lease ends */
    ASKS = 3,            /* useless ones, after which no hub asks */
    REPLIES = 512        /* bytes of our commands that may wait to be sent */
};

enum engine_lease { LEASE_NONE, LEASE_WANTED, LEASE_GIVEN };

struct engine {
    struct end end;   /* in its home's mailbox */
    struct list node; /* in one of its home's lists */
    atomic_uint refs; /* held by its home, its pipe, and its sleepers */
    pthread_mutex_t drive;
    atomic_bool missed; /* the home had something to do, but no claim */
    atomic_int lease;
    atomic_uint used;   /* counts what the borrower did with it */
    unsigned used_then; /* `used` when the home last looked */
    int64_t until;      /* ms, of the home: when it looks at it again */
    int sleepers;       /* threads that poll the descriptor */
    int asks;           /* requests for a lease, up to ASKS */
    struct poller *poller;
    struct poller *lent_to; /* where a borrower waits for it, or NULL */
    struct events *events;
    struct event *event; /* for its end, allocated in advance */
    int64_t pipe;
    struct queue *out, *in; /* out: NULL once drained */
    int fd;
    int watched; /* what the poller waits for */
    int major; /* major version of the link's ZMTP */
    bool takes_topics, subscribes;
    bool raw;      /* no frames (engine_raw.c) */
    bool notifies; /* raw: an empty message comes first and last */
    bool hello;    /* raw: the first one is not in the queue yet */
    bool ended;
    bool shut;        /* half-closed: nothing is sent any more */
    bool quiet;       /* nobody waits to hear of its end */
    int64_t look_at;  /* ms: when to look what the kernel has; or 0 */
    int64_t deadline; /* ms: until when it waits for the peer to close */

    /* Input.  It is read into in->fill, behind the bytes that the queue has
     * there. */
    unsigned char *leftover;
    size_t leftover_at, leftover_size;
    size_t scan;       /* begin of the first frame that was not taken */
    size_t fill;       /* end of the bytes that were read */
    size_t need;       /* size of that frame, if known to be incomplete */
    size_t largest;    /* size of the largest frame so far */
    struct chunk *body; /* the rest of a long frame is read to here ... */
    size_t body_at;     /* ... from this offset on */
    unsigned body_flags;
    uint64_t skip;     /* bytes still to be dropped */
    uint64_t max_size; /* limit for the size of a body */
    bool in_message;
    bool paused; /* the queue is full */
    bool choked; /* too many of our commands wait to be sent */
    bool flood; /* the last read filled all the room */
    bool eof;
    bool lost;      /* a borrower found the end of input ... */
    int lost_error; /* ... and why */

    /* Output. */
    size_t sent;      /* bytes of the next frame that the kernel has */
    bool out_message; /* the next frame is not a message's first */
    bool blocked;     /* the kernel takes no more */
    bool widened;     /* its buffer was looked at */
    int broken;       /* errno of a failed write, which ends output */
    unsigned char replies[REPLIES];
    size_t replies_at, replies_size;

    struct sealing *sealing; /* NULL: frames are not sealed */

    struct heartbeat beat;
};

struct engine_link {
    const pymq_link *link;
    int64_t pipe;
    bool takes_topics, subscribes;
};

/* Makes an engine between the queues and finds a home for it in the loop,
 * which then owns the descriptor.  Returns 0 with a reference in `*made`, or a
 * negative errno. */
int engine_start(struct loop *loop, const struct engine_link *with,
                 struct queue *out, struct queue *in, struct engine **made);

void engine_drop(struct engine *engine);

/* Whether the first turn is so short that the engine's maker may take it, who
 * holds locks, and Python's, too. */
bool engine_brief(struct engine *engine);

/* Whether a turn has left something to do that no poller will tell of. */
bool engine_pending(struct engine *engine);

bool engine_claim(struct engine *engine); /* for the home */
void engine_release(struct engine *engine);

/* For callers.  If one system call was not enough the home is told. */

/* Writes what is to be sent.  False if it is more than `most` bytes, or if
 * another thread drives. */
bool engine_push(struct engine *engine, size_t most);
/* Reads, if the engine is lent. */
void engine_pull(struct engine *engine);
/* The same, but only what takes microseconds, and not if another thread
 * drives. */
void engine_try_pull(struct engine *engine);
/* Returns the descriptor of a lent engine, which the caller may poll until
 * engine_leave; else -1.  If it is not lent, and `ask`, the home is asked for
 * a lease. */
int engine_borrow(struct engine *engine, bool ask);
void engine_leave(struct engine *engine);
void engine_give_back(struct engine *engine);
/* Lets this poller watch a lent engine until the lease ends.  `ask` is as of
 * engine_borrow. */
void engine_lend_to(struct engine *engine, struct poller *to, bool ask);

/* One turn: does what can be done now, and then watches for what is wanted
 * next.  `ready` is what the poller said.  If `ended` is set afterwards,
 * everything is reported and the engine is to be freed. */
void engine_drive(struct engine *engine, int ready);

/* The two halves of a turn: engine_in.c, engine_out.c. */
void engine_drive_in(struct engine *engine, bool readable);
void engine_drive_out(struct engine *engine);
/* For callers: one system call, for at most `most` bytes.  False if the home
 * has to do the rest. */
bool engine_read_once(struct engine *engine, size_t most);
bool engine_write_once(struct engine *engine);

/* The same without frames: engine_raw.c. */
void engine_drive_raw_in(struct engine *engine, bool readable);
bool engine_read_raw_once(struct engine *engine);
void engine_write_raw(struct engine *engine);
void engine_notify_raw(struct engine *engine);

/* The same with sealed frames: engine_sealed.c. */
int engine_open_frame(struct engine *engine);
bool engine_write_sealed(struct engine *engine);

/* Moves a place, which is the head of the queue, behind the messages that have
 * begun to go out.  For the driver. */
void engine_in_hand(const struct engine *engine, struct place *at);

/* In engine_in.c, for the other files: receives.  Returns the number of bytes;
 * 0 at the end of input; or a negative errno, -EAGAIN if nothing is there. */
ssize_t engine_receive(const struct engine *engine, void *to, size_t room);

/* In engine_out.c, for the other files.  Writes; returns whether the kernel
 * took everything, and in `*accepted` how many bytes.  engine_account then
 * tells the queue. */
bool engine_write_runs(struct engine *engine, struct iovec *runs, int count,
                       size_t *accepted);
void engine_account(struct engine *engine, size_t accepted);
/* Removes a frame that queue_peek found. */
void engine_pass(struct engine *engine, const struct frame *frame);

/* The link is down: closes the descriptor, gives back what was not sent, and
 * reports. */
void engine_end(struct engine *engine, int error);

/* Closes the descriptor for good, when nobody polls it any more. */
void engine_close(struct engine *engine);

/* Lets go of the queue and reports that, which is one step for the pipe. */
void engine_report(struct engine *engine, bool drained, int error);

/* Whether there is output that the kernel does not have yet. */
bool engine_has_output(struct engine *engine);

/* engine_drain.c.  For a pipe that is being closed: whether the kernel has all
 * of its messages.  Then the engine's end will not be reported, and need not
 * be. */
bool engine_hush(struct engine *engine);
/* The kernel has the last byte of a closed pipe ... */
void engine_sent_all(struct engine *engine);
/* ... and the engine only waits for the peer to close. */
void engine_linger(struct engine *engine);

#endif
