/* engine.h - one connection: moves bytes between a descriptor and the two
 * queues of a pipe.
 *
 * Ownership.  An engine is a state machine that any one thread at a time may
 * drive: whoever has claimed it may call engine_drive* and touch its fields,
 * until it releases it.  Nobody waits for a claim: who does not get it leaves
 * the work to the driver.  Today only the I/O thread that the engine is at
 * home with drives, and it alone frees the engine; a caller that drives
 * instead has to post the engine to its home when it is done.
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
 * - Paused input may have end-of-file behind it, and a peer that takes no
 *   more output may have sent input before: both are read to the end.
 */
#ifndef ENGINE_H
#define ENGINE_H
#include "events.h"
#include "loop.h"
#include "mailbox.h"
#include "queue.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINGER_AFTER = 5000, /* ms to wait for the peer's end-of-file */
    REPLIES = 512        /* bytes of PONGs that may be outstanding */
};

struct engine {
    struct end end;   /* in its home's mailbox */
    struct list node; /* in one of its home's lists */
    pthread_mutex_t drive;
    struct poller *poller;
    struct events *events;
    struct event *event; /* an engine ends with one, allocated in advance */
    int64_t pipe;
    struct queue *out, *in; /* NULL once drained */
    int fd;
    int watched; /* what the poller waits for */
    bool takes_topics, subscribes;
    bool ended;
    int64_t deadline; /* ms, of waiting for the peer to close; or 0 */

    /* Input.  It is read into in->fill, behind what the queue has of that. */
    unsigned char *leftover;
    size_t leftover_at, leftover_size;
    size_t scan;       /* where the first frame begins that was not taken */
    size_t fill;       /* behind the last byte read */
    size_t need;       /* size of that frame, once known to be incomplete */
    uint64_t skip;     /* bytes still to be thrown away */
    uint64_t max_size; /* of a body */
    bool in_message;
    bool paused; /* the queue is full */
    bool choked; /* too many replies wait */
    bool eof;

    /* Output. */
    size_t sent;      /* bytes of the queue's next frame the kernel has */
    bool out_message; /* that frame is not the first of its message */
    bool blocked;     /* the kernel takes no more */
    int broken;       /* errno of a failed write: no output any more */
    unsigned char replies[REPLIES];
    size_t replies_at, replies_size;
};

struct engine_link {
    int fd;
    int64_t max_size; /* -1: unlimited */
    int64_t pipe;
    const void *leftover;
    size_t leftover_size;
    bool takes_topics, subscribes;
};

/* Makes an engine between the queues and finds it a home in the loop, which
 * then owns it and the descriptor.  0 or a negative errno. */
int engine_start(struct loop *loop, const struct engine_link *link,
                 struct queue *out, struct queue *in);

bool engine_claim(struct engine *engine);
void engine_release(struct engine *engine);

/* One turn: does what can be done now, then watches for what is wanted next.
 * `ready` is what the poller said.  When `ended` is set afterwards, all is
 * reported and the engine is to be freed. */
void engine_drive(struct engine *engine, int ready);

/* The halves of a turn: engine_in.c, engine_out.c. */
void engine_drive_in(struct engine *engine, bool readable);
void engine_drive_out(struct engine *engine);

/* The link is down: closes the descriptor, gives back what was not sent and
 * reports. */
void engine_end(struct engine *engine, int error);

/* The kernel has the last byte of a closed pipe. */
void engine_drained(struct engine *engine);

void engine_free(struct engine *engine);

#endif
