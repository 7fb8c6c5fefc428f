/* queue_cut.c - taking a message out of the middle of a queue; see queue.h
 *
 * Whoever does is the writer and the reader at once. */
#include "queue.h"

#include <stdlib.h>

void queue_pass_message(const struct queue *queue, struct place *at)
{
    struct frame frame;
    do
        queue_look(queue, at, &frame);
    while (!frame_ends(&frame));
}

static void relocate(struct place *place, const struct piece *piece,
                     struct piece *rest)
{
    if (place->piece == piece && place->at > piece->end)
        place->piece = rest;
}

/* Has a piece end where a frame begins, and moves what lies behind to another
 * one; `*also` is a place of the caller's.  False: no memory. */
static bool break_at(struct queue *queue, struct place at, struct place *also)
{
    struct piece *piece = at.piece;
    if (at.at == piece->end)
        return true;
    struct piece *rest = queue_split_off(queue, at);
    if (rest == NULL)
        return false;
    piece->end = at.at;
    if (rest->split != NO_SPLIT) { /* it is one frame, and begins here */
        piece->body = NULL;
        piece->split = NO_SPLIT;
    }
    relocate(&queue->shown, piece, rest);
    relocate(&queue->limit, piece, rest);
    relocate(&queue->whole, piece, rest);
    relocate(also, piece, rest);
    return true;
}

/* What points to the end of what is taken out points in front of it. */
static void fall_back(struct place *place, const struct piece *last,
                      struct piece *before)
{
    if (place->piece == last)
        *place = (struct place){before, before->end};
}

static void take_out(struct queue *queue, struct piece *before,
                     struct piece *last)
{
    struct piece *gone = before->next;
    before->next = last->next;
    last->next = NULL;
    fall_back(&queue->shown, last, before);
    fall_back(&queue->limit, last, before);
    fall_back(&queue->whole, last, before);
    if (queue->tail == last)
        queue->tail = before;
    queue_free_pieces(gone);
}

bool queue_cut(struct queue *queue, struct place at)
{
    pthread_mutex_lock(&queue->lock);
    queue->limit = queue->shown;
    queue->limit_count = queue->shown_count;
    bool cut = !queue_passed(queue, &at);
    if (cut) {
        struct place end = at;
        queue_pass_message(queue, &end);
        cut = break_at(queue, at, &end) && break_at(queue, end, &end);
        if (cut)
            take_out(queue, at.piece, end.piece);
    }
    if (cut) {
        uint64_t read = atomic_load(&queue->read) + 1;
        atomic_store(&queue->read, read);
        atomic_store(&queue->acked, read);
        atomic_fetch_add(&queue->lost, 1);
    }
    pthread_mutex_unlock(&queue->lock);
    return cut;
}
