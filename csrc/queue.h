/* queue.h - one direction of a pipe: framed bytes from one writer to one
 * reader, with message counts beside them for the high-water mark.
 *
 * The bytes are ZMTP frames (codec.h), each contiguous in one chunk, so that
 * an engine hands them to the kernel as they lie; of a frame that Python lent
 * only the body is apart.  A *piece* is a window on a chunk; the queue is a
 * list of pieces.  Three places of the writer follow
 * one another: `shown`, up to which the reader may read; `whole`, behind the
 * last whole message; and the tail, behind the last frame.
 *
 * Threads.  One thread at a time writes and one at a time reads (a hub's
 * caller under the hub's lock, or whoever drives an engine).  Each has fields
 * of its own and touches the shared ones under `lock`, which nests inside a
 * hub's lock and around a mailbox's.  Both ends are told in their mailboxes:
 * the reader, once, when something is shown after it found the queue empty;
 * the writer, once, when there is room after it found the queue full.
 *
 * Conflating.  Such a queue has no mark: of what the reader has not looked at
 * the writer keeps the last message only, and the reader passes over what it
 * has looked at but not taken.  There must be no commands in it.
 *
 * Counting.  Messages and commands count one each.  The reader reports what
 * it has read in steps of half the mark, as libzmq does, so a writer that
 * found the queue full resumes only then.
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
    CHUNK_HEADS = 64, /* bytes: malloc's head and ours */
    CHUNK_MIN = 4096 - CHUNK_HEADS,
    CHUNK_MAX = 65536 - CHUNK_HEADS,
    CHUNK_OWN = 16384, /* a longer frame gets a chunk of its own */
    CACHE_LINE = 64    /* bytes that processors fetch at once */
};

enum { WRITER_MARK, READER_MARK };

/* From `split` on the bytes are those of `body`, which holds (the rest of) one
 * frame and is let go of as soon as that is read. */
struct piece {
    struct piece *next;
    struct chunk *chunk;
    size_t begin, end; /* in the chunk's data, and on in the body's */
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
    atomic_bool closed;  /* the writer is gone: when read empty, that is all */
    atomic_bool dropped; /* closed, and what is unread is not wanted */
    atomic_bool refused; /* the reader wants nothing more */
    _Atomic(struct chunk *) spare;
    _Atomic uint32_t echo; /* number of the last probe that the peer answered */

    /* The writer's. */
    _Alignas(CACHE_LINE) struct piece *tail;
    struct place whole;
    struct chunk *fill; /* where short frames go, from fill_at on */
    size_t fill_at;
    size_t step;   /* size of the next chunk */
    bool lively;   /* the reader keeps up: chunks may stay small */
    bool unshown;  /* `whole` is ahead of `shown` */
    uint64_t begun; /* bytes, the message under construction included */
    /* In all, for anybody to look at: finished messages and commands, commands
     * alone, bytes of messages. */
    atomic_uint_fast64_t finished, commands, bytes;
    uint64_t written, granted;
    uint64_t extra, extra_until; /* written over and above the mark */

    /* The reader's. */
    _Alignas(CACHE_LINE) struct place head, limit;
    /* May be looked at by anybody; those of them that are commands. */
    atomic_uint_fast64_t read, commands_read;
    atomic_uint_fast64_t lost; /* those of them that nobody got */
    atomic_uint_fast64_t gone; /* the writer's: conflated away, never read */

    /* Both sides', under the lock. */
    _Alignas(CACHE_LINE) pthread_mutex_t lock;
    struct place shown;
    uint64_t shown_count, limit_count; /* messages in front of these places */
    struct end *reader, *writer;
    bool reader_parked, writer_parked;
    bool watched; /* the writer wants to know when all was read */
    bool done; /* an engine has reported the end of a closed queue */
    atomic_uint_fast64_t acked; /* as reported; changes under the lock */
    uint64_t parked_load; /* writer's count, less `extra`, when it parked */
    int marks[2];         /* -1: that side has no mark */
};

/* Life. */

/* With one reference; NULL when there is no memory. */
struct queue *queue_new(void);
struct queue *queue_hold(struct queue *queue);
void queue_release(struct queue *queue);

/* From either side. */

/* The mark is the sum of both sides' marks, none if either is 0. */
void queue_set_mark(struct queue *queue, int side, int mark);
void queue_set_reader(struct queue *queue, struct end *end);
void queue_set_writer(struct queue *queue, struct end *end);
bool queue_has_reader(struct queue *queue);

/* The writer ends it. */
void queue_close(struct queue *queue);
void queue_close_locked(struct queue *queue, bool drop);
/* The reader ends it: nothing more is wanted. */
void queue_refuse(struct queue *queue);

/* Writing. */

/* Whether the mark, or `least` if that is more, forbids another message; parks
 * the writer if so. */
bool queue_over(struct queue *queue, unsigned least);

/* For how many messages there is room, as far as the writer knows. */
static inline uint64_t queue_room(const struct queue *queue)
{
    unsigned hwm = atomic_load_explicit(&queue->hwm, memory_order_relaxed);
    uint64_t most = queue->granted + queue->extra + hwm;
    if (hwm == 0)
        return UINT64_MAX;
    return most > queue->written ? most - queue->written : 0;
}

/* As queue_over, with the mark alone. */
static inline bool queue_full(struct queue *queue)
{
    return queue_room(queue) == 0 && queue_over(queue, 0);
}

/* The writer will look for itself. */
void queue_unpark_writer(struct queue *queue);

/* How many finished messages were not read; of a conflating queue 0 or 1. */
uint64_t queue_unread(struct queue *queue);
/* Whether there are none; if there are, the writer is posted when all were
 * read. */
bool queue_all_read(struct queue *queue);

/* Adds a frame to the message under construction.  0 or -ENOMEM. */
int queue_write(struct queue *queue, unsigned flags, const void *data,
                size_t size);

/* The same, with `intro` and then `data` as the body. */
int queue_write_pair(struct queue *queue, unsigned flags, const void *intro,
                     size_t intro_size, const void *data, size_t size);

/* As queue_write, of a frame that fills a chunk, which others share. */
int queue_share(struct queue *queue, struct chunk *chunk);

/* As queue_write, of a frame that lies in a chunk that others share, if it
 * follows there on what was written last, or begins the chunk.  False if not,
 * or without memory. */
bool queue_join(struct queue *queue, struct chunk *chunk, size_t from,
                size_t size);

/* As queue_write, of a body that is not copied. */
int queue_write_body(struct queue *queue, unsigned flags,
                     struct chunk *body);

/* Makes what follows a place in a piece a piece of its own; NULL: no
 * memory. */
struct piece *queue_split_off(struct queue *queue, struct place at);
void queue_free_pieces(struct piece *piece);

/* Ends the message under construction; drops it if nobody wants it. */
void queue_finish(struct queue *queue);
/* The same of several, none of which is wanted or all are. */
void queue_finish_all(struct queue *queue, uint64_t count);

/* The same of a command: it is no message, though it counts as one for the
 * mark. */
void queue_finish_command(struct queue *queue);

/* Shows the reader all finished messages ... */
void queue_flush(struct queue *queue);
/* ... or only tells that it has to be woken for them. */
bool queue_show(struct queue *queue);
void queue_wake_reader(struct queue *queue);

/* Drops the message under construction. */
void queue_rollback(struct queue *queue);

/* Adds and shows a frame that counts against no mark, in front of a message
 * under construction.  0 or -ENOMEM. */
int queue_announce(struct queue *queue, unsigned flags, const void *intro,
                   size_t intro_size, const void *data, size_t size);

/* For an engine, which reads into the chunk that short frames go to: start
 * another such chunk (taking over the reference) ... */
void queue_set_fill(struct queue *queue, struct chunk *chunk);
/* ... of the queue's choice of size, at least `least` ... */
struct chunk *queue_new_chunk(struct queue *queue, size_t least);
/* ... and add the frame that lies at `from` in it, at or after fill_at ... */
int queue_adopt(struct queue *queue, size_t from, size_t size);
/* ... or several, that lie one behind the other. */
int queue_adopt_all(struct queue *queue, size_t from, size_t size);

/* Reading. */

/* Whether there is a frame; parks the reader if not. */
bool queue_readable(struct queue *queue);

/* The next frame; only when readable, or in the middle of a message. */
void queue_peek(struct queue *queue, struct frame *frame);

/* Whether a place has come to the end of what the reader knows of. */
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

/* How many bytes of frames are there at least, when it is loaded. */
static inline size_t queue_backlog(const struct queue *queue)
{
    const struct piece *piece = queue->head.piece;
    bool last = piece == queue->limit.piece;
    return (last ? queue->limit.at : piece->end) - queue->head.at;
}

/* Whether removing the next message will report to the writer. */
bool queue_reports_next(const struct queue *queue);

/* The next message will be read soon.  Its bytes come from another processor's
 * cache, or from none if many queues are read in turn. */
void queue_expect(const struct queue *queue);

/* Removes the frame that queue_peek gave. */
void queue_skip(struct queue *queue, const struct frame *frame);

/* The frame at a place between the head and the limit, which moves behind
 * it.  Removes nothing; start with a copy of `head`. */
void queue_look(const struct queue *queue, struct place *at,
                struct frame *frame);

/* queue_cut.c: moves a place behind the message, or the rest of one, there. */
void queue_pass_message(const struct queue *queue, struct place *at);

/* The message at a place is lost; for who may write and read.  False if there
 * is none, or no memory. */
bool queue_cut(struct queue *queue, struct place at);

/* The chunk that a frame in a piece has for itself, with its head or without
 * (`*whole`); NULL if there is none. */
struct chunk *piece_alone(const struct piece *piece,
                          const struct frame *frame, bool *whole);

/* The chunk that holds the next frame. */
static inline struct chunk *queue_chunk(const struct queue *queue)
{
    const struct piece *piece = queue->head.piece;
    return piece->body ? piece->body : piece->chunk;
}

/* Removes all messages but the last; of a conflating queue that is
 * readable, and between messages. */
void queue_skip_old(struct queue *queue);

/* Removes the rest of a message. */
void queue_skip_message(struct queue *queue);

/* Removes all. */
void queue_skip_all(struct queue *queue);
/* Removes what is shown now; between messages. */
void queue_skip_shown(struct queue *queue);
/* What is skipped, or is going to be, was no message. */
void queue_read_command(struct queue *queue);

/* Removes all that the reader knows of, without a look at each frame.  False if
 * that is needed: it conflates, or there are commands. */
bool queue_skip_known(struct queue *queue);

/* Up to `room` runs (at least two) of bytes from `offset` into the next frame
 * on, about `most` bytes; returns how many runs, with `*all` if that is all that
 * the reader knows of.  Only when readable. */
int queue_gather(struct queue *queue, size_t offset, struct iovec *runs,
                 int room, size_t most, bool *all);

#endif
