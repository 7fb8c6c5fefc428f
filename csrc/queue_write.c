/* queue_write.c - the writer's side of a queue; see queue.h */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The mark, or more; 0 if there is none. */
static unsigned raised_mark(const struct queue *queue, unsigned least)
{
    unsigned hwm = atomic_load_explicit(&queue->hwm, memory_order_relaxed);
    return hwm != 0 && hwm < least ? least : hwm;
}

bool queue_over(struct queue *queue, unsigned least)
{
    unsigned hwm = raised_mark(queue, least);
    if (hwm == 0)
        return false;
    uint64_t load = queue->written - queue->extra;
    if (load < queue->granted + hwm)
        return false;
    pthread_mutex_lock(&queue->lock);
    queue->granted = atomic_load(&queue->acked);
    if (queue->granted >= queue->extra_until) {
        queue->extra = 0;
        load = queue->written;
    }
    hwm = raised_mark(queue, least);
    bool full = hwm != 0 && load >= queue->granted + hwm;
    queue->writer_parked = full;
    queue->parked_load = load;
    pthread_mutex_unlock(&queue->lock);
    return full;
}

void queue_unpark_writer(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->writer_parked = false;
    pthread_mutex_unlock(&queue->lock);
}

static struct piece *add_piece(struct queue *queue, struct chunk *chunk,
                               size_t begin)
{
    struct piece *piece = malloc(sizeof *piece);
    if (piece == NULL)
        return NULL;
    *piece = (struct piece){.chunk = chunk ? chunk_hold(chunk) : NULL,
                            .begin = begin,
                            .end = begin,
                            .split = NO_SPLIT};
    queue->tail->next = piece;
    queue->tail = piece;
    return piece;
}

/* A chunk that one frame fills, as a piece for itself; takes it over. */
static int add_whole(struct queue *queue, struct chunk *chunk)
{
    struct piece *piece = chunk ? add_piece(queue, NULL, 0) : NULL;
    if (piece == NULL) {
        chunk_drop(chunk);
        return -ENOMEM;
    }
    piece->body = chunk;
    piece->split = 0;
    piece->end = chunk->size;
    return 0;
}

/* Under traffic that keeps a backlog chunks double; where the reader is woken
 * for every message they stay small, for there may be many idle queues. */
struct chunk *queue_new_chunk(struct queue *queue, size_t least)
{
    size_t size = queue->step;
    queue->step = queue->lively ? CHUNK_MIN : size * 2 + CHUNK_HEADS;
    if (queue->step > CHUNK_MAX)
        queue->step = CHUNK_MAX;
    queue->lively = false;
    if (size < least)
        size = least;
    if (size == CHUNK_MAX) {
        struct chunk *spare = atomic_exchange(&queue->spare, NULL);
        if (spare != NULL)
            return spare;
    }
    return chunk_new(size);
}

void queue_set_fill(struct queue *queue, struct chunk *chunk)
{
    if (queue->fill != chunk)
        chunk_drop(queue->fill);
    queue->fill = chunk;
    queue->fill_at = 0;
}

/* Room for `need` bytes where short frames go; NULL when there is none. */
static unsigned char *fill_room(struct queue *queue, size_t need)
{
    if (queue->fill == NULL || queue->fill->size - queue->fill_at < need) {
        struct chunk *fresh = queue_new_chunk(queue, need);
        if (fresh == NULL)
            return NULL;
        queue_set_fill(queue, fresh);
    }
    return queue->fill->data + queue->fill_at;
}

/* The same, as the end of the tail. */
static unsigned char *make_room(struct queue *queue, size_t need)
{
    if (need > CHUNK_OWN) {
        struct chunk *own = chunk_new(need);
        return add_whole(queue, own) < 0 ? NULL : own->data;
    }
    unsigned char *to = fill_room(queue, need);
    struct piece *tail = queue->tail;
    if (to == NULL)
        return NULL;
    if (tail->chunk != queue->fill || tail->end != queue->fill_at)
        if (add_piece(queue, queue->fill, queue->fill_at) == NULL)
            return NULL;
    return to;
}

static void extend(struct queue *queue, size_t size)
{
    struct piece *tail = queue->tail;
    queue->begun += size;
    if (tail->split != NO_SPLIT)
        return; /* it has its size */
    tail->end += size;
    queue->fill_at = tail->end;
}

static void fill_frame(unsigned char *to, unsigned flags, const void *intro,
                       size_t intro_size, const void *data, size_t size)
{
    to += frame_put_head(to, flags, intro_size + size);
    if (intro_size > 0)
        memcpy(to, intro, intro_size);
    if (size > 0)
        memcpy(to + intro_size, data, size);
}

int queue_write_pair(struct queue *queue, unsigned flags, const void *intro,
                     size_t intro_size, const void *data, size_t size)
{
    size_t total = frame_head(intro_size + size) + intro_size + size;
    unsigned char *to = make_room(queue, total);
    if (to == NULL)
        return -ENOMEM;
    fill_frame(to, flags, intro, intro_size, data, size);
    extend(queue, total);
    return 0;
}

int queue_write(struct queue *queue, unsigned flags, const void *data,
                size_t size)
{
    unsigned char *to = make_room(queue, frame_head(size) + size);
    if (to == NULL)
        return -ENOMEM;
    extend(queue, frame_put(to, flags, data, size));
    return 0;
}

int queue_share(struct queue *queue, struct chunk *chunk)
{
    if (!chunk->common)
        chunk->common = true; /* else its readers may be looking at that */
    queue->begun += chunk->size;
    return add_whole(queue, chunk_hold(chunk));
}

bool queue_join(struct queue *queue, struct chunk *chunk, size_t from,
                size_t size)
{
    struct piece *tail = queue->tail;
    bool follows = tail->chunk == chunk && tail->end == from;
    if (!follows)
        tail = from == 0 ? add_piece(queue, chunk, 0) : NULL;
    if (tail == NULL)
        return false;
    tail->end += size;
    queue->begun += size;
    return true;
}

int queue_write_body(struct queue *queue, unsigned flags, struct chunk *body)
{
    size_t head = frame_head(body->size);
    unsigned char *to = fill_room(queue, head);
    struct piece *piece =
        to ? add_piece(queue, queue->fill, queue->fill_at) : NULL;
    if (piece == NULL)
        return -ENOMEM;
    frame_put_head(to, flags, body->size);
    extend(queue, head);
    piece->split = piece->end;
    piece->end += body->size;
    queue->begun += body->size;
    piece->body = chunk_hold(body);
    return 0;
}

int queue_adopt(struct queue *queue, size_t from, size_t size)
{
    if (queue->fill_at == 0 && size == queue->fill->size) {
        struct chunk *whole = queue->fill;
        queue->fill = NULL;
        queue->begun += size;
        return add_whole(queue, whole);
    }
    return queue_adopt_all(queue, from, size);
}

int queue_adopt_all(struct queue *queue, size_t from, size_t size)
{
    struct piece *tail = queue->tail;
    if (tail->chunk != queue->fill || tail->end != queue->fill_at)
        if (add_piece(queue, queue->fill, queue->fill_at) == NULL)
            return -ENOMEM;
    unsigned char *data = queue->fill->data;
    if (from != queue->fill_at)
        memmove(data + queue->fill_at, data + from, size);
    extend(queue, size);
    return 0;
}

void queue_free_pieces(struct piece *piece)
{
    while (piece != NULL) {
        struct piece *next = piece->next;
        chunk_drop(piece->chunk);
        chunk_drop(piece->body);
        free(piece);
        piece = next;
    }
}

void queue_rollback(struct queue *queue)
{
    struct piece *last = queue->whole.piece;
    queue_free_pieces(last->next);
    last->next = NULL;
    last->end = queue->whole.at;
    queue->tail = last;
    queue->begun = atomic_load(&queue->bytes);
    if (queue->fill != NULL && last->chunk == queue->fill)
        queue->fill_at = last->end < last->split ? last->end : last->split;
}

struct piece *queue_split_off(struct queue *queue, struct place at)
{
    struct piece *rest = malloc(sizeof *rest);
    if (rest == NULL)
        return NULL;
    *rest = *at.piece;
    rest->begin = at.at;
    if (rest->chunk != NULL)
        chunk_hold(rest->chunk);
    at.piece->next = rest;
    if (queue->tail == at.piece)
        queue->tail = rest;
    return rest;
}

/* With the lock held: where the message under construction begins, as a piece,
 * behind the one that the reader has looked at. */
static struct piece *isolate(struct queue *queue)
{
    struct place begin = queue->whole;
    if (begin.at == begin.piece->end && begin.piece->next != NULL)
        return begin.piece->next;
    if (begin.piece == queue->limit.piece)
        return queue_split_off(queue, begin);
    begin.piece->begin = begin.at;
    return begin.piece;
}

/* Cuts out what is between the reader's limit and the message under
 * construction.  Without memory for that it stays, and the reader skips it. */
static void drop_unseen(struct queue *queue)
{
    struct piece *dropped = NULL;
    pthread_mutex_lock(&queue->lock);
    struct piece *seen = queue->limit.piece;
    bool all_seen = seen == queue->whole.piece
                    && queue->limit.at == queue->whole.at;
    struct piece *kept = all_seen ? NULL : isolate(queue);
    if (kept != NULL) {
        struct piece *last = seen;
        while (last->next != kept)
            last = last->next;
        if (last != seen)
            dropped = seen->next;
        last->next = NULL;
        seen->next = kept;
        seen->end = queue->limit.at;
        queue->shown = queue->limit;
        atomic_fetch_add(&queue->gone, queue->written - queue->limit_count);
        queue->shown_count = queue->limit_count = queue->written;
    }
    pthread_mutex_unlock(&queue->lock);
    queue_free_pieces(dropped);
}

static void set(atomic_uint_fast64_t *counter, uint64_t value)
{
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

static void finish(struct queue *queue, uint64_t count)
{
    queue->whole.piece = queue->tail;
    queue->whole.at = queue->tail->end;
    queue->written += count;
    set(&queue->finished, queue->written);
    queue->unshown = true;
}

/* It counts for the mark, and as none of the messages. */
static void count_command(struct queue *queue)
{
    set(&queue->commands, atomic_load(&queue->commands) + 1);
}

void queue_finish(struct queue *queue)
{
    queue_finish_all(queue, 1);
}

void queue_finish_all(struct queue *queue, uint64_t count)
{
    if (atomic_load_explicit(&queue->refused, memory_order_relaxed)) {
        queue_rollback(queue);
        return;
    }
    if (queue->conflate)
        drop_unseen(queue);
    set(&queue->bytes, queue->begun);
    finish(queue, count);
}

void queue_finish_command(struct queue *queue)
{
    if (atomic_load_explicit(&queue->refused, memory_order_relaxed)) {
        queue_rollback(queue);
        return;
    }
    queue->begun = atomic_load(&queue->bytes);
    count_command(queue);
    finish(queue, 1);
}

bool queue_show(struct queue *queue)
{
    if (!queue->unshown)
        return false;
    queue->unshown = false;
    pthread_mutex_lock(&queue->lock);
    queue->shown = queue->whole;
    queue->shown_count = queue->written;
    bool parked = queue->reader_parked;
    queue->reader_parked = false;
    pthread_mutex_unlock(&queue->lock);
    if (parked)
        queue->lively = true;
    return parked;
}

void queue_wake_reader(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    mailbox_post(queue->reader);
    pthread_mutex_unlock(&queue->lock);
}

void queue_flush(struct queue *queue)
{
    if (queue_show(queue))
        queue_wake_reader(queue);
}

/* Puts a piece at `whole`, in front of what is under construction. */
static int splice(struct queue *queue, struct chunk *chunk)
{
    struct place at = queue->whole;
    struct piece *piece = malloc(sizeof *piece);
    if (piece == NULL
        || (at.at < at.piece->end && queue_split_off(queue, at) == NULL)) {
        free(piece);
        return -ENOMEM;
    }
    *piece = (struct piece){at.piece->next,    NULL, 0, chunk->size,
                            chunk_hold(chunk), 0};
    at.piece->next = piece;
    at.piece->end = at.at;
    queue->whole = (struct place){piece, piece->end};
    return 0;
}

/* The announcement as a chunk of its own, in front of what is unfinished. */
static int announce_apart(struct queue *queue, unsigned flags,
                          const void *intro, size_t intro_size,
                          const void *data, size_t size)
{
    size_t total = frame_head(intro_size + size) + intro_size + size;
    struct chunk *chunk = chunk_new(total);
    if (chunk == NULL)
        return -ENOMEM;
    fill_frame(chunk->data, flags, intro, intro_size, data, size);
    int result = splice(queue, chunk);
    chunk_drop(chunk);
    return result;
}

int queue_announce(struct queue *queue, unsigned flags, const void *intro,
                   size_t intro_size, const void *data, size_t size)
{
    bool clean = queue->tail == queue->whole.piece
                 && queue->tail->end == queue->whole.at;
    int result = (clean ? queue_write_pair : announce_apart)(
        queue, flags, intro, intro_size, data, size);
    if (result < 0)
        return result;
    if (clean) {
        queue->whole.piece = queue->tail;
        queue->whole.at = queue->tail->end;
        queue->begun = atomic_load(&queue->bytes);
    }
    count_command(queue);
    set(&queue->finished, ++queue->written);
    queue->extra++;
    queue->extra_until = queue->written;
    queue->unshown = true;
    queue_flush(queue);
    return 0;
}
