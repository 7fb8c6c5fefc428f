/* turns.c - see turns.h */
#include "turns.h"

#include "hub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 4096 }; /* bytes of room for the next envelope */

void turns_fini(struct turns *turns)
{
    free(turns->envelope);
}

/* Envelopes. */

static int add_frame(struct turns *turns, const void *body, size_t size)
{
    size_t wanted = turns->size + FRAME_HEAD + size;
    if (wanted > turns->room) {
        unsigned char *grown = realloc(turns->envelope, 2 * wanted);
        if (grown == NULL)
            return -ENOMEM;
        turns->envelope = grown;
        turns->room = 2 * wanted;
    }
    turns->size +=
        frame_put(turns->envelope + turns->size, FRAME_MORE, body, size);
    return 0;
}

/* The frame at a place of the envelope, which moves behind it. */
static void next_frame(const struct turns *turns, size_t *at,
                       struct frame *frame)
{
    frame_parse(turns->envelope + *at, turns->size - *at, frame);
    *at += frame->head + (size_t)frame->size;
}

static int number_request(struct hub *hub)
{
    struct turns *turns = &hub->turns;
    int result = 0;
    turns->size = 0;
    if (turns->asking || hub->options[PYMQ_CORRELATE]) {
        turns->number++;
        result = add_frame(turns, &turns->number, sizeof turns->number);
    }
    return result < 0 ? result : add_frame(turns, NULL, 0);
}

/* Name and frames up to the first that is empty. */
static int keep_envelope(struct turns *turns, const struct pipe *pipe)
{
    const struct name *name = pipe->name;
    struct place at = pipe->in->head;
    struct frame frame;
    turns->size = 0;
    int result = name ? add_frame(turns, name->bytes, name->size)
                      : add_frame(turns, NULL, 0);
    do {
        queue_look(pipe->in, &at, &frame);
        if (result == 0 && !(frame.flags & FRAME_COMMAND))
            result = add_frame(turns, frame.body, (size_t)frame.size);
    } while (result == 0 && (frame.flags & FRAME_COMMAND || frame.size > 0));
    return result;
}

/* Sending. */

/* What came late, or unasked, would be taken for the reply. */
static void drop_all(struct hub *hub)
{
    hub_pull(hub);
    hub_attend(hub);
    hub_skip_arrived(hub);
    hub->starved = true;
}

void turns_tell(struct hub *hub)
{
    if (hub->listeners > 0)
        hub_wake(hub, HUB_OUT);
}

void turns_give_up(struct hub *hub)
{
    struct turns *turns = &hub->turns;
    turns->owed = false;
    if (hub->receiving) {
        turns->given_up = true;
        hub_skip_rest(hub);
    }
    turns_tell(hub);
}

static bool numbered(const struct turns *turns)
{
    return turns->size > frame_head(0);
}

static int begin_request(struct hub *hub)
{
    const struct turns *turns = &hub->turns;
    if (turns->asking == ASKING_AGAIN && numbered(turns))
        return 0;
    if ((turns->owed || hub->receiving) && !turns->asking
        && !hub->options[PYMQ_RELAXED])
        return -PYMQ_EFSM;
    turns_give_up(hub);
    drop_all(hub);
    return number_request(hub);
}

static int begin_reply(const struct hub *hub)
{
    return hub->turns.owed && !hub->receiving ? 0 : -PYMQ_EFSM;
}

/* A peer that is gone is no error here, whatever MANDATORY says: nobody gets
 * the reply. */
static int send_envelope(struct hub *hub)
{
    const struct turns *turns = &hub->turns;
    struct chunk *lent = hub->lent;
    int result = 0;
    hub->lent = NULL;
    for (size_t at = 0; at < turns->size && result == 0;) {
        struct frame frame;
        next_frame(turns, &at, &frame);
        result = hub_send_on(hub, frame.body, (size_t)frame.size, true);
        if (result == -EHOSTUNREACH) {
            hub->sending = true;
            result = 0;
        }
    }
    hub->lent = lent;
    return result;
}

static int begin(struct hub *hub)
{
    bool asks = hub->turns.kind == PYMQ_ASKS;
    int result = asks ? begin_request(hub) : begin_reply(hub);
    return result < 0 ? result : send_envelope(hub);
}

static void end(struct hub *hub)
{
    struct turns *turns = &hub->turns;
    turns->owed = turns->kind == PYMQ_ASKS;
    turns->asked = hub->chosen;
    if (turns->room > KEPT && !turns->owed) {
        turns_fini(turns);
        turns->envelope = NULL;
        turns->room = 0;
    }
    bool heard = hub->waiters > 0 || hub->listeners > 0 || hub->reader != NULL;
    if (heard && hub_readable(hub))
        hub_wake(hub, HUB_IN); /* a request that came while it was our turn */
}

int turns_send(struct hub *hub, const void *data, size_t size, bool more)
{
    bool first = !hub->sending;
    int result = first ? begin(hub) : 0;
    if (result == 0)
        result = hub_send_on(hub, data, size, more);
    if (result < 0 && first && hub->sending)
        hub_abandon(hub);
    if (result == 0 && !more)
        end(hub);
    return result;
}

/* Receiving. */

bool turns_may_receive(const struct hub *hub)
{
    return hub->turns.owed == (hub->turns.kind == PYMQ_ASKS);
}

bool turns_may_send(const struct hub *hub)
{
    const struct turns *turns = &hub->turns;
    if (turns->kind == PYMQ_ANSWERS)
        return turns->owed && !hub->receiving;
    return hub->options[PYMQ_RELAXED] || !(turns->owed || hub->receiving);
}

/* When the peer that was asked is gone, libzmq takes anyone's reply. */
static bool expected(const struct hub *hub, const struct pipe *pipe)
{
    int64_t asked = hub->turns.asked;
    return pipe->id == asked || asked == 0
           || hub_live_pipe(hub, asked) == NULL;
}

static void look(const struct queue *queue, struct place *at,
                 struct frame *frame)
{
    do
        queue_look(queue, at, frame);
    while (frame->flags & FRAME_COMMAND);
}

static bool fits(const struct turns *turns, const struct queue *queue)
{
    struct place place = queue->head;
    struct frame frame, wanted;
    for (size_t at = 0; at < turns->size;) {
        next_frame(turns, &at, &wanted);
        look(queue, &place, &frame);
        if (!(frame.flags & FRAME_MORE) || frame.size != wanted.size
            || memcmp(frame.body, wanted.body, (size_t)wanted.size) != 0)
            return false;
    }
    return true;
}

static bool has_delimiter(const struct queue *queue)
{
    struct place place = queue->head;
    struct frame frame;
    do
        look(queue, &place, &frame);
    while (frame.flags & FRAME_MORE && frame.size > 0);
    return frame.flags & FRAME_MORE;
}

bool turns_suits(const struct hub *hub, const struct pipe *pipe)
{
    if (hub->turns.kind == PYMQ_ANSWERS)
        return has_delimiter(pipe->in);
    return fits(&hub->turns, pipe->in) && expected(hub, pipe);
}

int turns_open(struct hub *hub, struct pipe *pipe)
{
    struct turns *turns = &hub->turns;
    struct frame frame;
    size_t at = 0;
    bool answers = turns->kind == PYMQ_ANSWERS;
    if (answers && keep_envelope(turns, pipe) < 0)
        return -ENOMEM;
    if (answers)
        next_frame(turns, &at, &frame); /* the name is not in the queue */
    while (at < turns->size) {
        next_frame(turns, &at, &frame);
        hub_peek_frame(pipe->in, &frame);
        queue_skip(pipe->in, &frame);
    }
    turns->owed = answers;
    return 0;
}
