/* engine.h - one connection: moves bytes between a descriptor and the two
 * queues of a pipe.
 *
 * Ownership.  An engine is a state machine that any one thread at a time may
 * drive: whoever has claimed it may call engine_drive* and touch its fields,
 * until it releases it.  The I/O thread that the engine is at home with never
 * waits for a claim: if it does not get it, the driver posts the engine when
 * it is done.  Apart from the first turn, which is the maker's, that thread
 * alone ends and dismisses engines, and tells the poller.
 *
 * Callers drive for the sake of latency (borrow.c): a sender writes to an idle
 * connection itself (engine_push), and a receiver reads (engine_pull) from an
 * engine that its home has *lent*, which means that the home does not watch
 * the descriptor for input.  What is lent and not used goes home again.
 *
 * The engine and the pipe know each other by the queues only.  It is posted
 * to its home when there is something to send, room for input, or an end.
 *
 * Facts of the world:
 * - A closed pipe is drained when the kernel has accepted the last byte of
 *   the last message, not when the queue is empty.
 * - Closing a descriptor with unread input makes the kernel send RST, which
 *   destroys what the peer has not read yet.  So a drained engine half-closes
 *   and reads on, for a bounded time, until the peer has closed too.
 * - Between processes of one machine (AF_UNIX) a close is a hang-up at once,
 *   and libzmq, if a mark pauses it then, forgets what it has not read.  So
 *   there the kernel must be rid of the last byte, too (engine_drain.c).
 * - Paused input may have end-of-file behind it, and a peer that takes no
 *   more output may have sent input before: both are read to the end.
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
    LENT_FOR = 100,      /* ms without use after which a lease ends */
    ASKS = 3,            /* for a lease that are not worth it: some stay short */
    REPLIES = 512        /* bytes of commands that may be outstanding */
};

enum engine_lease { LEASE_NONE, LEASE_WANTED, LEASE_GIVEN };

struct engine {
    struct end end;   /* in its home's mailbox */
    struct list node; /* in one of its home's lists */
    atomic_uint refs; /* its home, its pipe, whoever sleeps on it */
    pthread_mutex_t drive;
    atomic_bool missed; /* the home had something to do, but not the claim */
    atomic_int lease;
    atomic_uint used;   /* how often by the borrower */
    unsigned used_then; /* the home's: when it last looked */
    int64_t until;      /* ms; the home's: when its list has a look at it */
    int sleepers;       /* threads that poll the descriptor */
    int asks;           /* for a lease, up to ASKS */
    struct poller *poller;
    struct poller *lent_to; /* where a borrower waits for it, or NULL */
    struct events *events;
    struct event *event; /* an engine ends with one, allocated in advance */
    int64_t pipe;
    struct queue *out, *in; /* NULL once drained */
    int fd;
    int watched; /* what the poller waits for */
    int major; /* of the link's ZMTP */
    bool takes_topics, subscribes;
    bool raw;      /* no frames: engine_raw.c */
    bool notifies; /* raw: an empty message at the beginning and at the end */
    bool hello;    /* raw: the former has to be put into the queue */
    bool ended;
    bool shut;        /* half-closed: nothing follows */
    bool quiet;       /* nobody waits to hear of its end */
    int64_t look_at;  /* ms: when to see what the kernel still holds; or 0 */
    int64_t deadline; /* ms, of waiting for the peer to close; or 0 */

    /* Input.  It is read into in->fill, behind what the queue has of that. */
    unsigned char *leftover;
    size_t leftover_at, leftover_size;
    size_t scan;       /* where the first frame begins that was not taken */
    size_t fill;       /* behind the last byte read */
    size_t need;       /* size of that frame, once known to be incomplete */
    size_t largest;    /* size of a frame so far */
    struct chunk *body; /* where the rest of a long frame is read to ... */
    size_t body_at;     /* ... from here on */
    unsigned body_flags;
    uint64_t skip;     /* bytes still to be thrown away */
    uint64_t max_size; /* of a body */
    bool in_message;
    bool paused; /* the queue is full */
    bool choked; /* too many replies wait */
    bool flood; /* the last read filled all the room */
    bool eof;
    bool lost;      /* a borrower found the end of input ... */
    int lost_error; /* ... and why */

    /* Output. */
    size_t sent;      /* bytes of the queue's next frame the kernel has */
    bool out_message; /* that frame is not the first of its message */
    bool blocked;     /* the kernel takes no more */
    bool widened;     /* its buffer was looked at */
    int broken;       /* errno of a failed write: no output any more */
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

/* Makes an engine between the queues and finds it a home in the loop, which
 * then owns the descriptor.  0 with a reference in `*made`, or a negative
 * errno. */
int engine_start(struct loop *loop, const struct engine_link *with,
                 struct queue *out, struct queue *in, struct engine **made);

void engine_drop(struct engine *engine);

/* Whether the first turn takes so little that whoever makes the engine may
 * take it: it has locks then, and Python's. */
bool engine_brief(struct engine *engine);

/* Whether a turn left something that no poller will tell of. */
bool engine_pending(struct engine *engine);

bool engine_claim(struct engine *engine); /* for the home */
void engine_release(struct engine *engine);

/* For callers.  The home is told if one system call was not enough. */

/* Writes what there is to send; false if that is more than `most` bytes, or
 * somebody else drives. */
bool engine_push(struct engine *engine, size_t most);
/* Reads, if the engine is lent. */
void engine_pull(struct engine *engine);
/* The same, but only what takes microseconds, and unless somebody else
 * drives. */
void engine_try_pull(struct engine *engine);
/* The descriptor of a lent engine, to poll until engine_leave; else -1.  Asks
 * the home for a lease if `ask` and there is none. */
int engine_borrow(struct engine *engine, bool ask);
void engine_leave(struct engine *engine);
void engine_give_back(struct engine *engine);
/* Has that poller watch a lent engine until the lease ends; asks as
 * engine_borrow does. */
void engine_lend_to(struct engine *engine, struct poller *to, bool ask);

/* One turn: does what can be done now, then watches for what is wanted next.
 * `ready` is what the poller said.  When `ended` is set afterwards, all is
 * reported and the engine is to be freed. */
void engine_drive(struct engine *engine, int ready);

/* The halves of a turn: engine_in.c, engine_out.c. */
void engine_drive_in(struct engine *engine, bool readable);
void engine_drive_out(struct engine *engine);
/* One system call of a caller's, for at most `most` bytes; false if the home
 * has to see to the rest. */
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

/* Moves a place, the head of the queue, behind the messages that have begun to
 * go out; for who drives. */
void engine_in_hand(const struct engine *engine, struct place *at);

/* In engine_in.c, for the others: how many bytes have come; 0 at the end; or a
 * negative errno, -EAGAIN if there are none now. */
ssize_t engine_receive(const struct engine *engine, void *to, size_t room);

/* In engine_out.c, for the others: whether the kernel took all, and how much;
 * and what follows from that for the queue. */
bool engine_write_runs(struct engine *engine, struct iovec *runs, int count,
                       size_t *accepted);
void engine_account(struct engine *engine, size_t accepted);
/* Removes a frame that queue_peek found. */
void engine_pass(struct engine *engine, const struct frame *frame);

/* The link is down: closes the descriptor, gives back what was not sent and
 * reports. */
void engine_end(struct engine *engine, int error);

/* For good, when nobody polls the descriptor any more. */
void engine_close(struct engine *engine);

/* Lets go of the queue and reports, in one moment for the pipe. */
void engine_report(struct engine *engine, bool drained, int error);

/* Whether there is anything that the kernel has not. */
bool engine_has_output(struct engine *engine);

/* engine_drain.c.  Of a pipe that is being closed: whether the kernel has all
 * of it, so that the end need not be reported, nor will be. */
bool engine_hush(struct engine *engine);
/* The kernel has the last byte of a closed pipe ... */
void engine_sent_all(struct engine *engine);
/* ... and has nothing to wait for but the peer's end. */
void engine_linger(struct engine *engine);

#endif
