/* queue.c - life of a queue, and what both sides do to it; see queue.h */
#include "queue.h"

#include <stdlib.h>
#include <string.h>

struct queue *queue_new(void)
{
    struct queue *q = aligned_alloc(CACHE_LINE, sizeof *q);
    struct piece *first = calloc(1, sizeof *first);
    if (q == NULL || first == NULL) {
        free(q);
        free(first);
        return NULL;
    }
    memset(q, 0, sizeof *q);
    first->split = NO_SPLIT;
    pthread_mutex_init(&q->lock, NULL);
    atomic_init(&q->refs, 1);
    q->step = CHUNK_MIN;
    q->tail = first;
    q->whole.piece = q->shown.piece = first;
    q->head.piece = q->limit.piece = first;
    q->reader_parked = true;
    q->marks[WRITER_MARK] = q->marks[READER_MARK] = -1;
    return q;
}

struct queue *queue_hold(struct queue *queue)
{
    atomic_fetch_add(&queue->refs, 1);
    return queue;
}

void queue_release(struct queue *queue)
{
    if (queue == NULL || atomic_fetch_sub(&queue->refs, 1) != 1)
        return;
    queue_free_pieces(queue->head.piece);
    chunk_drop(queue->fill);
    chunk_drop(atomic_load(&queue->spare));
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

static unsigned effective_mark(const struct queue *queue)
{
    unsigned sum = 0;
    for (int side = 0; side < 2; side++) {
        if (queue->marks[side] == 0)
            return 0;
        if (queue->marks[side] > 0)
            sum += (unsigned)queue->marks[side];
    }
    return sum;
}

/* With the lock held: tell a writer that was waiting for room. */
static void wake_writer(struct queue *queue)
{
    unsigned hwm = atomic_load(&queue->hwm);
    if (!queue->writer_parked)
        return;
    if (hwm != 0 && queue->parked_load >= atomic_load(&queue->acked) + hwm)
        return;
    queue->writer_parked = false;
    mailbox_post(queue->writer);
}

void queue_set_mark(struct queue *queue, int side, int mark)
{
    pthread_mutex_lock(&queue->lock);
    unsigned before = atomic_load(&queue->hwm);
    queue->marks[side] = mark;
    unsigned after = effective_mark(queue);
    atomic_store(&queue->hwm, after);
    /* Without a mark nothing was reported; and a reader that has read all
     * would never reach the next step if that was made lower. */
    uint64_t read = atomic_load(&queue->read);
    if (before == 0 || read - atomic_load(&queue->acked) >= (after + 1) / 2)
        atomic_store(&queue->acked, read);
    wake_writer(queue);
    pthread_mutex_unlock(&queue->lock);
}

void queue_set_reader(struct queue *queue, struct end *end)
{
    pthread_mutex_lock(&queue->lock);
    queue->reader = end;
    pthread_mutex_unlock(&queue->lock);
}

void queue_set_writer(struct queue *queue, struct end *end)
{
    pthread_mutex_lock(&queue->lock);
    queue->writer = end;
    pthread_mutex_unlock(&queue->lock);
}

bool queue_has_reader(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool has = queue->reader != NULL;
    pthread_mutex_unlock(&queue->lock);
    return has;
}

void queue_close_locked(struct queue *queue, bool drop)
{
    atomic_store(&queue->closed, true);
    if (drop)
        atomic_store(&queue->dropped, true);
    mailbox_post(queue->reader);
}

void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue_close_locked(queue, false);
    pthread_mutex_unlock(&queue->lock);
}

void queue_refuse(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    atomic_store(&queue->refused, true);
    mailbox_post(queue->writer);
    pthread_mutex_unlock(&queue->lock);
}

static uint64_t unread(struct queue *queue)
{
    if (queue->conflate)
        return !queue->reader_parked;
    return queue->written - atomic_load(&queue->read);
}

uint64_t queue_unread(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    uint64_t count = unread(queue);
    pthread_mutex_unlock(&queue->lock);
    return count;
}

bool queue_all_read(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->watched = unread(queue) > 0;
    bool none = !queue->watched;
    pthread_mutex_unlock(&queue->lock);
    return none;
}

/* The reader's side. */

/* With the lock held. */
static void see_shown(struct queue *queue)
{
    queue->limit = queue->shown;
    queue->limit_count = queue->shown_count;
}

static bool refresh(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool moved = queue->limit.piece != queue->shown.piece
                 || queue->limit.at != queue->shown.at;
    see_shown(queue);
    if (!moved) {
        queue->reader_parked = true;
        if (queue->watched)
            mailbox_post(queue->writer);
        queue->watched = false;
    }
    pthread_mutex_unlock(&queue->lock);
    return moved;
}

bool queue_readable(struct queue *queue)
{
    return queue_loaded(queue) || refresh(queue);
}

static void free_piece(struct queue *queue, struct piece *piece)
{
    struct chunk *chunk = piece->chunk;
    chunk_drop(piece->body);
    free(piece);
    if (chunk != NULL && chunk->size == CHUNK_MAX && chunk_sole(chunk))
        chunk = atomic_exchange(&queue->spare, chunk);
    chunk_drop(chunk);
}

/* Steps over the ends of pieces that were read. */
static void settle(struct queue *queue)
{
    struct piece *piece = queue->head.piece;
    while (piece != queue->limit.piece && queue->head.at == piece->end) {
        queue->head.piece = piece->next;
        queue->head.at = piece->next->begin;
        free_piece(queue, piece);
        piece = queue->head.piece;
    }
}

static unsigned char *bytes_at(const struct piece *piece, size_t at)
{
    return at < piece->split ? piece->chunk->data + at
                             : piece->body->data + (at - piece->split);
}

static void parse_at(const struct piece *piece, size_t at,
                     struct frame *frame)
{
    frame_parse(bytes_at(piece, at), FRAME_HEAD, frame);
    if (at + frame->head == piece->split)
        frame->body = piece->body->data;
}

void queue_peek(struct queue *queue, struct frame *frame)
{
    settle(queue);
    parse_at(queue->head.piece, queue->head.at, frame);
}

void queue_look(const struct queue *queue, struct place *at,
                struct frame *frame)
{
    while (at->piece != queue->limit.piece && at->at == at->piece->end) {
        at->piece = at->piece->next;
        at->at = at->piece->begin;
    }
    parse_at(at->piece, at->at, frame);
    at->at += frame->head + (size_t)frame->size;
}

static void report_read(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    atomic_store(&queue->acked, atomic_load(&queue->read));
    wake_writer(queue);
    pthread_mutex_unlock(&queue->lock);
}

static bool reports_at(const struct queue *queue, uint64_t read)
{
    const memory_order plain = memory_order_relaxed;
    unsigned hwm = atomic_load_explicit(&queue->hwm, plain);
    uint64_t acked = atomic_load_explicit(&queue->acked, plain);
    return hwm != 0 && read - acked >= (hwm + 1) / 2;
}

bool queue_reports_next(const struct queue *queue)
{
    return reports_at(queue, atomic_load(&queue->read) + 1);
}

void queue_expect(const struct queue *queue)
{
    const struct piece *piece = queue->head.piece;
    uintptr_t at = (uintptr_t)piece->chunk + sizeof *piece->chunk
                   + queue->head.at;
    __builtin_prefetch((const void *)at);
    __builtin_prefetch((const void *)(at + CACHE_LINE));
}

void queue_read_command(struct queue *queue)
{
    const memory_order plain = memory_order_relaxed;
    uint64_t read = atomic_load_explicit(&queue->commands_read, plain);
    atomic_store_explicit(&queue->commands_read, read + 1, plain);
}

static void count_read(struct queue *queue, uint64_t read)
{
    atomic_store_explicit(&queue->read, read, memory_order_relaxed);
    if (reports_at(queue, read))
        report_read(queue);
}

void queue_skip(struct queue *queue, const struct frame *frame)
{
    struct piece *piece = queue->head.piece;
    queue->head.at += frame->head + (size_t)frame->size;
    if (frame->flags & FRAME_COMMAND)
        queue_read_command(queue);
    if (piece->body != NULL) {
        chunk_drop(piece->body);
        piece->body = NULL;
    }
    if (frame_ends(frame))
        count_read(queue, atomic_load_explicit(&queue->read,
                                               memory_order_relaxed) + 1);
}

struct chunk *piece_alone(const struct piece *piece,
                          const struct frame *frame, bool *whole)
{
    const struct chunk *body = piece->body;
    if (body == NULL)
        return NULL;
    size_t head = (size_t)(frame->body - body->data);
    *whole = head > 0;
    return head + frame->size == body->size ? piece->body : NULL;
}

static bool message_follows(const struct queue *queue)
{
    struct place at = queue->head;
    queue_pass_message(queue, &at);
    return !queue_passed(queue, &at);
}

void queue_skip_old(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    see_shown(queue);
    pthread_mutex_unlock(&queue->lock);
    while (message_follows(queue))
        queue_skip_message(queue);
}

void queue_skip_message(struct queue *queue)
{
    struct frame frame;
    do {
        queue_peek(queue, &frame);
        queue_skip(queue, &frame);
    } while (frame.flags & (FRAME_MORE | FRAME_COMMAND));
}

void queue_skip_all(struct queue *queue)
{
    struct frame frame;
    while (queue_readable(queue)) {
        queue_peek(queue, &frame);
        queue_skip(queue, &frame);
    }
}

bool queue_skip_known(struct queue *queue)
{
    struct place limit = queue->limit;
    uint64_t commands = atomic_load(&queue->commands);
    if (queue->conflate || commands != atomic_load(&queue->commands_read))
        return false;
    while (queue->head.piece != limit.piece) {
        struct piece *read = queue->head.piece;
        queue->head.piece = read->next;
        free_piece(queue, read);
    }
    queue->head.at = limit.at;
    chunk_drop(limit.piece->body);
    limit.piece->body = NULL;
    count_read(queue, queue->limit_count);
    return true;
}

void queue_skip_shown(struct queue *queue)
{
    struct frame frame;
    pthread_mutex_lock(&queue->lock);
    see_shown(queue);
    pthread_mutex_unlock(&queue->lock);
    while (queue_loaded(queue) && !queue_skip_known(queue)) {
        queue_peek(queue, &frame);
        queue_skip(queue, &frame);
    }
}

/* The bytes of a piece between two places: one or two runs; how many. */
static int add_runs(const struct piece *piece, size_t from, size_t to,
                    struct iovec *runs)
{
    int count = 0;
    while (from < to) {
        bool whole = from >= piece->split || to <= piece->split;
        size_t end = whole ? to : piece->split;
        runs[count].iov_base = bytes_at(piece, from);
        runs[count++].iov_len = end - from;
        from = end;
    }
    return count;
}

int queue_gather(struct queue *queue, size_t offset, struct iovec *runs,
                 int room, size_t most, bool *all)
{
    settle(queue);
    int count = 0;
    *all = false;
    struct place at = queue->head;
    at.at += offset;
    for (size_t total = 0; count + 2 <= room && total < most;) {
        bool last = at.piece == queue->limit.piece;
        size_t end = last ? queue->limit.at : at.piece->end;
        count += add_runs(at.piece, at.at, end, runs + count);
        total += end - at.at;
        *all = last;
        if (last)
            break;
        at.piece = at.piece->next;
        at.at = at.piece->begin;
    }
    return count;
}
