/* queue.h - one direction of a pipe: framed bytes from one writer to one
 * reader, with message counts beside them for the high-water mark.
 *
 * The bytes are ZMTP frames (codec.h), ready to be given to the kernel: each
 * frame is contiguous in one chunk.  Only if Python lent the body does the
 * body lie apart from its head.  A *piece* is a window on a chunk; the queue
 * is a list of pieces.  The writer has three places, in this order: `shown`,
 * up to which the reader may read; `whole`, behind the last finished message;
 * and the tail, behind the last frame.
 *
 * Threads.  One thread at a time writes, and one at a time reads: a caller
 * that has the hub's lock, or whoever drives an engine.  Each side has fields
 * of its own, and touches the shared ones under `lock`.  That lock nests
 * inside a hub's lock, and around a mailbox's.  Both sides are told through
 * their mailboxes: the reader once, when something is shown after it had found
 * the queue empty; the writer once, when there is room after it had found the
 * queue full.
 *
 * Conflating.  A conflating queue has no mark.  The writer removes messages
 * that the reader has not looked at, except the last; the reader skips those
 * that it has looked at but not taken, when there is a later one.  Such a
 * queue has no commands in it.
 *
 * Counting.  Messages and commands count one each.  The reader reports what it
 * has read in steps of half the mark, as libzmq does, so a writer that found
 * the queue full goes on only then.
 */
#ifndef QUEUE_H
#define QUEUE_H
#include "chunk.h"
#include "codec.h"
#include "mailbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum {
    CHUNK_HEADS = 64, /* bytes for the heads of malloc and of the chunk */
    CHUNK_MIN = 4096 - CHUNK_HEADS,
    CHUNK_MAX = 65536 - CHUNK_HEADS,
    CHUNK_OWN = 16384, /* a longer frame gets its own chunk */
    CACHE_LINE = 64    /* bytes that a processor fetches at once */
};

enum { WRITER_MARK, READER_MARK };

/* From `split` on the bytes are those of `body`.  It holds one frame, or the
 * rest of one, and is released as soon as that was read. */
struct piece {
    struct piece *next;
    struct chunk *chunk;
    size_t begin, end; /* offsets in the chunk's data, then in the body's */
    struct chunk *body;
    size_t split;
};

#define NO_SPLIT SIZE_MAX

struct place {
    struct piece *piece;
    size_t at;
};

struct queue {
    atomic_uint refs;
    bool conflate;           /* set before either side is there */
    atomic_uint hwm;     /* messages, 0: no mark */
    atomic_bool closed;  /* the writer is gone, so nothing more will come */
    atomic_bool dropped; /* closed, and unread messages are not wanted */
    atomic_bool refused; /* the reader wants no more messages */
    _Atomic(struct chunk *) spare;
    _Atomic uint32_t echo; /* number of the last probe that the peer answered */

    /* Fields of the writer. */
    _Alignas(CACHE_LINE) struct piece *tail;
    struct place whole;
    struct chunk *fill; /* short frames are written here, from fill_at on */
    size_t fill_at;
    size_t step;   /* size of the next chunk */
    bool lively;   /* the reader keeps up, so chunks may stay small */
    bool unshown;  /* `whole` is ahead of `shown` */
    uint64_t begun; /* bytes so far, the unfinished message included */
    /* Totals that any thread may read: finished messages and commands; the
     * commands among them; bytes of messages. */
    atomic_uint_fast64_t finished, commands, bytes;
    uint64_t written, granted;
    uint64_t extra, extra_until; /* written beyond the mark */

    /* Fields of the reader. */
    _Alignas(CACHE_LINE) struct place head, limit;
    /* Totals that any thread may read; the second counts the commands among
     * them. */
    atomic_uint_fast64_t read, commands_read;
    atomic_uint_fast64_t lost; /* those among them that nobody received */
    atomic_uint_fast64_t gone; /* of the writer: conflated away, never read */

    /* Fields of both sides, under the lock. */
    _Alignas(CACHE_LINE) pthread_mutex_t lock;
    struct place shown;
    uint64_t shown_count, limit_count; /* messages before these places */
    struct end *reader, *writer;
    bool reader_parked, writer_parked;
    bool watched; /* the writer wants to be told when all was read */
    bool done; /* an engine has reported the end of the closed queue */
    atomic_uint_fast64_t acked; /* `read`, as last reported; under the lock */
    uint64_t parked_load; /* written, without `extra`, when it parked */
    int marks[2];         /* -1: that side has no mark */
};

/* Life. */

/* With one reference; NULL when there is no memory. */
struct queue *queue_new(void);
struct queue *queue_hold(struct queue *queue);
void queue_release(struct queue *queue);

/* For both sides. */

/* Sets one side's mark.  The queue's mark is the sum of both; if either is 0
 * there is no mark. */
void queue_set_mark(struct queue *queue, int side, int mark);
void queue_set_reader(struct queue *queue, struct end *end);
void queue_set_writer(struct queue *queue, struct end *end);
bool queue_has_reader(struct queue *queue);

/* The writer closes the queue. */
void queue_close(struct queue *queue);
void queue_close_locked(struct queue *queue, bool drop);
/* The reader closes the queue: it wants nothing more. */
void queue_refuse(struct queue *queue);

/* Writing. */

/* Whether the mark, or `least` if that is more, forbids another message.  If
 * so the writer is parked: it will be told when there is room. */
bool queue_over(struct queue *queue, unsigned least);

/* How many messages there is room for, as far as the writer knows. */
static inline uint64_t queue_room(const struct queue *queue)
{
    unsigned hwm = atomic_load_explicit(&queue->hwm, memory_order_relaxed);
    uint64_t most = queue->granted + queue->extra + hwm;
    if (hwm == 0)
        return UINT64_MAX;
    return most > queue->written ? most - queue->written : 0;
}

/* queue_over with the mark alone. */
static inline bool queue_full(struct queue *queue)
{
    return queue_room(queue) == 0 && queue_over(queue, 0);
}

/* The writer no longer wants to be told. */
void queue_unpark_writer(struct queue *queue);

/* How many finished messages were not read; 0 or 1 if it conflates. */
uint64_t queue_unread(struct queue *queue);
/* Whether there are none.  If there are, the writer is posted when all were
 * read. */
bool queue_all_read(struct queue *queue);

/* Adds a frame to the unfinished message. 0 or -ENOMEM. */
int queue_write(struct queue *queue, unsigned flags, const void *data,
                size_t size);

/* The same, with the body in two parts, `intro` and `data`. */
int queue_write_pair(struct queue *queue, unsigned flags, const void *intro,
                     size_t intro_size, const void *data, size_t size);

/* Adds a frame that fills a chunk, which others share. 0 or -ENOMEM. */
int queue_share(struct queue *queue, struct chunk *chunk);

/* Adds a frame that lies in a chunk which others share.  That works if it
 * follows directly on what was written last, or begins the chunk.  False if
 * not, or if there is no memory. */
bool queue_join(struct queue *queue, struct chunk *chunk, size_t from,
                size_t size);

/* Adds a frame whose body is not copied. 0 or -ENOMEM. */
int queue_write_body(struct queue *queue, unsigned flags,
                     struct chunk *body);

/* Makes a piece of what follows a place in a piece; NULL: no memory. */
struct piece *queue_split_off(struct queue *queue, struct place at);
void queue_free_pieces(struct piece *piece);

/* Finishes the message.  It is dropped if nobody wants it. */
void queue_finish(struct queue *queue);
/* The same for several messages, of which all are wanted or none. */
void queue_finish_all(struct queue *queue, uint64_t count);

/* Finishes a command, which counts as a message for the mark. */
void queue_finish_command(struct queue *queue);

/* Shows the reader all finished messages, and wakes it ... */
void queue_flush(struct queue *queue);
/* ... or only returns whether it has to be woken. */
bool queue_show(struct queue *queue);
void queue_wake_reader(struct queue *queue);

/* Drops the unfinished message. */
void queue_rollback(struct queue *queue);

/* Adds and shows a frame that counts against no mark, in front of an
 * unfinished message. 0 or -ENOMEM. */
int queue_announce(struct queue *queue, unsigned flags, const void *intro,
                   size_t intro_size, const void *data, size_t size);

/* For an engine, which reads into the chunk that short frames go to.  Starts
 * another such chunk, and takes over the reference ... */
void queue_set_fill(struct queue *queue, struct chunk *chunk);
/* ... whose size the queue chooses, at least `least` ... */
struct chunk *queue_new_chunk(struct queue *queue, size_t least);
/* ... and adds the frame that lies at `from` in it, at or after fill_at ... */
int queue_adopt(struct queue *queue, size_t from, size_t size);
/* ... or several frames, one behind the other. */
int queue_adopt_all(struct queue *queue, size_t from, size_t size);

/* Reading. */

/* Whether there is a frame.  If not the reader is parked: it will be told when
 * something is shown. */
bool queue_readable(struct queue *queue);

/* Finds the next frame.  Only when the queue is readable, or in the middle of
 * a message. */
void queue_peek(struct queue *queue, struct frame *frame);

/* Whether a place is at the end of what the reader knows of. */
static inline bool queue_passed(const struct queue *queue,
                                const struct place *at)
{
    return at->piece == queue->limit.piece && at->at == queue->limit.at;
}

/* Whether there is a frame that the reader knows of. */
static inline bool queue_loaded(const struct queue *queue)
{
    return !queue_passed(queue, &queue->head);
}

/* The least number of bytes of frames that are there, when it is loaded. */
static inline size_t queue_backlog(const struct queue *queue)
{
    const struct piece *piece = queue->head.piece;
    bool last = piece == queue->limit.piece;
    return (last ? queue->limit.at : piece->end) - queue->head.at;
}

/* Whether to remove the next message will report to the writer. */
bool queue_reports_next(const struct queue *queue);

/* Prefetches the next message, which will be read soon.  Its bytes come from
 * another processor's cache, or from memory if many queues are read in turn.
 */
void queue_expect(const struct queue *queue);

/* Removes the frame that queue_peek found. */
void queue_skip(struct queue *queue, const struct frame *frame);

/* Finds the frame at a place between head and limit, and moves the place
 * behind it.  Nothing is removed.  Start with a copy of `head`. */
void queue_look(const struct queue *queue, struct place *at,
                struct frame *frame);

/* queue_cut.c: moves a place behind the message that is there, or its rest. */
void queue_pass_message(const struct queue *queue, struct place *at);

/* Removes the message at a place, which counts as lost.  The caller must be
 * both writer and reader.  False if there is none, or no memory. */
bool queue_cut(struct queue *queue, struct place at);

/* The chunk that holds this frame of a piece and nothing else, or NULL.
 * `*whole`: it has the frame's head, too. */
struct chunk *piece_alone(const struct piece *piece,
                          const struct frame *frame, bool *whole);

/* The chunk that holds the next frame. */
static inline struct chunk *queue_chunk(const struct queue *queue)
{
    const struct piece *piece = queue->head.piece;
    return piece->body ? piece->body : piece->chunk;
}

/* Removes all messages but the last.  For a conflating queue that is readable,
 * between messages. */
void queue_skip_old(struct queue *queue);

/* Removes the rest of a message. */
void queue_skip_message(struct queue *queue);

/* Removes all. */
void queue_skip_all(struct queue *queue);
/* Removes what is shown now.  Between messages. */
void queue_skip_shown(struct queue *queue);
/* What was just skipped, or is going to be, is a command, not a message. */
void queue_read_command(struct queue *queue);

/* Removes everything that the reader knows of, without looking at each frame.
 * False if it has to look: the queue conflates, or has commands. */
bool queue_skip_known(struct queue *queue);

/* Stores up to `room` runs (at least two) of bytes, about `most` bytes in all,
 * which begin at `offset` in the next frame.  Returns how many runs.  `*all`:
 * that is everything that the reader knows of.  Only when readable. */
int queue_gather(struct queue *queue, size_t offset, struct iovec *runs,
                 int room, size_t most, bool *all);

#endif
