/* move.c - whole messages from one hub to another, without Python between;
 * see hub.h
 *
 * A message is removed from where it was when the other hub has all of it. So
 * none is lost or held in between, whatever is full. */
#include "hub.h"

#include <errno.h>

enum { MOVE_BYTES = 65536 }; /* copied with one call, which keeps the GIL */

struct moving {
    struct hub *from, *to;
    pymq_moved *moved;
    int64_t copied;
};

static int pass_name(struct moving *moving, const struct pipe *source)
{
    const struct name *name = source->name;
    size_t size = name ? name->size : 0;
    moving->moved->frames++;
    moving->moved->bytes += (int64_t)size;
    return hub_send(moving->to, name ? name->bytes : NULL, size, true);
}

/* The frame in front of `at`.  What has a chunk for itself is not copied. */
static int pass_frame(struct moving *moving, const struct place *at,
                      const struct frame *frame)
{
    struct hub *to = moving->to;
    to->lent = piece_alone(at->piece, frame, &to->lent_whole);
    moving->moved->frames++;
    moving->moved->bytes += (int64_t)frame->size;
    if (to->lent == NULL)
        moving->copied += (int64_t)frame->size;
    int result = hub_send(to, frame->body, (size_t)frame->size,
                          frame->flags & FRAME_MORE);
    to->lent = NULL;
    to->lent_whole = false;
    return result;
}

static int pass_frames(struct moving *moving, const struct pipe *source)
{
    struct place at = source->in->head;
    struct frame frame;
    bool named = moving->from->receive_policy == PYMQ_RECEIVE_NAMED;
    int result = named ? pass_name(moving, source) : 0;
    do {
        queue_look(source->in, &at, &frame);
        if (result == 0 && !(frame.flags & FRAME_COMMAND))
            result = pass_frame(moving, &at, &frame);
    } while (frame.flags & (FRAME_MORE | FRAME_COMMAND));
    return result;
}

/* The next message of a pipe.  What the other hub has no room or no memory for
 * stays; what it refuses for another reason does not. */
static int pass_message(struct moving *moving, struct pipe *source)
{
    pymq_moved before = *moving->moved;
    int result = pass_frames(moving, source);
    if (result < 0) {
        hub_abandon(moving->to);
        *moving->moved = before;
    }
    if (result == -EAGAIN || result == -ENOMEM)
        return result == -EAGAIN ? -ENOBUFS : result;
    queue_skip_message(source->in);
    list_move_last(&moving->from->readable, &source->in_readable);
    moving->from->peer = source->id;
    moving->moved->messages += result == 0;
    hub_have_read(moving->from, source);
    return result;
}

static int move_all(struct moving *moving, int most)
{
    int result = 0;
    moving->to->holding = true;
    while (result == 0 && moving->moved->messages < most
           && moving->copied < MOVE_BYTES) {
        struct frame frame;
        struct pipe *source = hub_next_source(moving->from, &frame);
        result = source ? pass_message(moving, source) : -EAGAIN;
    }
    hub_show_held(moving->to, moving->moved->messages == 1);
    if (result == -EAGAIN)
        moving->from->starved = true;
    return result;
}

/* Whether messages come just as they are in the pipes, but for a name. */
static bool gives(const struct hub *hub)
{
    return hub_plain(hub)
           || (hub->receive_policy == PYMQ_RECEIVE_NAMED
               && hub->turns.kind == PYMQ_AT_WILL);
}

static bool may_move(const struct hub *from, const struct hub *to)
{
    return from != to && gives(from) && to->turns.kind == PYMQ_AT_WILL
           && !from->handing && !from->receiving && !to->sending;
}

int pymq_hub_move(pymq_hub *from, pymq_hub *to, int most, pymq_moved *moved)
{
    struct moving moving = {from, to, moved, 0};
    *moved = (pymq_moved){0, 0, 0};
    hub_lock_both(from, to);
    int result = from->stopped ? -from->stopped : -to->stopped;
    if (result == 0 && !may_move(from, to))
        result = -EALREADY;
    if (result == 0) {
        hub_attend(from);
        hub_attend(to);
        result = move_all(&moving, most);
    }
    pthread_mutex_unlock(&from->lock);
    if (from != to)
        pthread_mutex_unlock(&to->lock);
    return result;
}
