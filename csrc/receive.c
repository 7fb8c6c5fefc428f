/* receive.c - receive policies: what a hub's user gets; see hub.h */
#include "hub.h"

#include "loan.h"

#include <errno.h>
#include <string.h>

enum { MORE = 1, WAITING = 2 }; /* with the size, what recv returns */
enum {
    SIFTED = 256,     /* messages that nobody wants, passed over in one call */
    WORTHWHILE = 4,   /* messages, to be fetched in a batch */
    BATCHED_TO = 1024 /* bytes; in a batch, a message is copied twice */
};

static void deliver_long(pymq_slot *slot, struct chunk *chunk,
                         const unsigned char *body)
{
    slot->chunk = chunk_hold(chunk);
    slot->data = (const char *)body;
    slot->token = loan_token(chunk);
    slot->common = chunk->common;
}

/* The frame in a slot; a long body stays in its chunk. */
static int64_t deliver(pymq_slot *slot, struct queue *queue,
                       const unsigned char *body, size_t size, bool more)
{
    if (size <= PYMQ_SLOT)
        memcpy(slot->bytes, body, size);
    else
        deliver_long(slot, queue_chunk(queue), body);
    return (int64_t)size << 2 | more;
}

static int64_t deliver_name(pymq_slot *slot, const struct pipe *pipe)
{
    const struct name *name = pipe->name;
    return name ? deliver(slot, NULL, name->bytes, name->size, true) : MORE;
}

bool hub_wants(const struct hub *hub, const unsigned char *first, size_t size)
{
    return hub->receive_policy != PYMQ_RECEIVE_FILTERED
           || topics_match(&hub->own, first, size)
                  != (hub->options[PYMQ_INVERT] != 0);
}

/* Takes the front pipe off the list: it has nothing to read. */
static void pass_over(struct hub *hub, struct pipe *pipe, bool ending)
{
    list_remove(&pipe->in_readable);
    if (ending)
        hub_forget(hub, pipe);
}

static bool is_for_user(const struct hub *hub, const struct pipe *pipe,
                        const struct frame *frame)
{
    if (hub->turns.kind != PYMQ_AT_WILL)
        return turns_suits(hub, pipe);
    return hub_wants(hub, frame->body, (size_t)frame->size);
}

/* Peers may send what nobody wants faster than it can be passed over: whoever
 * finds nothing among so much looks again, when he has looked at the time. */
struct pipe *hub_next_source(struct hub *hub, struct frame *frame)
{
    for (int sifted = 0; !list_empty(&hub->readable);) {
        struct list *first = hub->readable.next;
        struct pipe *pipe = OWNER(first, struct pipe, in_readable);
        bool ending = pipe_ending(pipe);
        if (!queue_readable(pipe->in)) {
            pass_over(hub, pipe, ending);
            continue;
        }
        if (pipe->in->conflate)
            queue_skip_old(pipe->in);
        queue_peek(pipe->in, frame);
        if (frame->flags & FRAME_COMMAND)
            queue_skip(pipe->in, frame);
        else if (is_for_user(hub, pipe, frame))
            return pipe;
        else
            queue_skip_message(pipe->in);
        if (++sifted == SIFTED) {
            hub_wake(hub, HUB_IN);
            return NULL;
        }
    }
    return NULL;
}

static int open_message(struct hub *hub)
{
    struct frame frame;
    bool turns = hub->turns.kind != PYMQ_AT_WILL;
    if (turns && !turns_may_receive(hub))
        return -PYMQ_EFSM;
    struct pipe *pipe = hub_next_source(hub, &frame);
    if (pipe == NULL)
        return -EAGAIN;
    if (turns && turns_open(hub, pipe) < 0)
        return -ENOMEM;
    hub->source = pipe;
    hub->peer = pipe->id;
    list_move_last(&hub->readable, &pipe->in_readable);
    return 0;
}

static int open_notice(struct hub *hub)
{
    bool of_user;
    if (!notices_readable(&hub->notices))
        return -EAGAIN;
    struct pipe *pipe = notices_open(&hub->notices, &of_user);
    hub->source = NULL;
    hub->peer = pipe->id;
    if (of_user)
        pipe->held--;
    else
        hub->noticed = hub->latest = pipe->id;
    if (pipe->stalled && list_linked(&pipe->in_hub)) {
        pipe->stalled = false;
        list_append(&hub->readable, &pipe->in_readable);
    }
    pipe_release(pipe);
    hub_take_topics(hub);
    return 0;
}

static void close_message(struct hub *hub)
{
    struct pipe *pipe = hub->source;
    hub->receiving = false;
    hub->source = NULL;
    if (hub->turns.kind != PYMQ_AT_WILL)
        turns_tell(hub);
    if (pipe == NULL)
        return;
    bool ending = pipe_ending(pipe);
    if (pipe->cut)
        queue_skip_all(pipe->in);
    if (ending && !queue_readable(pipe->in))
        hub_forget(hub, pipe);
}

/* Whether the calling thread received from this hub last, too.  Who reads many
 * sockets in turn is better off without batches: those of all together fit no
 * cache.  A hint, so it does not matter what has become of that hub. */
static bool again(const struct hub *hub)
{
    static _Thread_local const struct hub *last;
    bool same = last == hub;
    last = hub;
    return same;
}

/* Whether it is worth fetching a batch: a guess that costs nothing. */
static bool more_waits(const struct hub *hub, size_t size)
{
    const struct list *first = hub->readable.next;
    if (!hub_plain(hub) || !again(hub) || first == &hub->readable
        || size > BATCHED_TO)
        return false;
    const struct queue *in = OWNER(first, struct pipe, in_readable)->in;
    return queue_loaded(in) && queue_backlog(in) >= WORTHWHILE * (size + 2);
}

static struct queue *current_queue(const struct hub *hub)
{
    return hub->source ? hub->source->in : hub->notices.queue;
}

void hub_peek_frame(struct queue *queue, struct frame *frame)
{
    queue_peek(queue, frame);
    while (frame->flags & FRAME_COMMAND) {
        queue_skip(queue, frame);
        queue_peek(queue, frame);
    }
}

void hub_skip_rest(struct hub *hub)
{
    queue_skip_message(current_queue(hub));
    close_message(hub);
}

void hub_skip_arrived(struct hub *hub)
{
    struct list *at = hub->readable.next, *next;
    for (; at != &hub->readable; at = next) {
        struct pipe *pipe = OWNER(at, struct pipe, in_readable);
        bool ending = pipe_ending(pipe);
        next = at->next;
        queue_skip_shown(pipe->in);
        if (!queue_readable(pipe->in))
            pass_over(hub, pipe, ending);
    }
}

static int64_t next_frame(struct hub *hub, pymq_slot *slot)
{
    struct queue *queue = current_queue(hub);
    struct frame frame;
    hub_peek_frame(queue, &frame);
    bool more = frame.flags & FRAME_MORE;
    size_t size = (size_t)frame.size;
    int64_t result = deliver(slot, queue, frame.body, size, more);
    queue_skip(queue, &frame);
    if (!more)
        close_message(hub);
    return more || !more_waits(hub, size) ? result : result | WAITING;
}

static bool refuses(const struct hub *hub)
{
    return hub->receive_policy == PYMQ_RECEIVE_NONE
           || hub->receive_policy == PYMQ_RECEIVE_TOPICS;
}

/* Goes on with the next message.  1 if its first frame is the peer's name,
 * else 0, or a negative errno. */
static int open_next(struct hub *hub)
{
    if (refuses(hub))
        return -ENOTSUP;
    bool notices = hub->receive_policy == PYMQ_RECEIVE_NOTICES;
    int result = notices ? open_notice(hub) : open_message(hub);
    if (result < 0)
        return result;
    hub->receiving = true;
    return hub->receive_policy == PYMQ_RECEIVE_NAMED
           && hub->turns.kind == PYMQ_AT_WILL;
}

/* Unless it is an object. */
static bool is_long(struct queue *queue)
{
    struct frame frame;
    hub_peek_frame(queue, &frame);
    return frame.size >= PYMQ_VIEW_FROM && loan_token(queue_chunk(queue)) >= 0;
}

int64_t hub_recv(struct hub *hub, void *into)
{
    pymq_slot *slot = into;
    int opened = hub->receiving ? 0 : open_next(hub);
    if (opened < 0)
        return opened;
    slot->peer = hub->peer;
    hub->turns.given_up = false;
    if (opened)
        return deliver_name(slot, hub->source);
    if (slot->copies && is_long(current_queue(hub)))
        return -EMSGSIZE;
    return next_frame(hub, slot);
}

static int part_name(const struct pipe *pipe, pymq_message *message,
                     pymq_part *part)
{
    const struct name *name = pipe->name;
    size_t size = name ? name->size : 0;
    if (size > 0)
        memcpy(message->name, name->bytes, size);
    *part = (pymq_part){.data = message->name, .size = size};
    return MORE;
}

int hub_recv_part(struct hub *hub, pymq_message *message, pymq_part *part)
{
    struct frame frame;
    int opened = hub->receiving ? 0 : open_next(hub);
    if (opened < 0)
        return opened;
    message->peer = hub->peer;
    /* turns.given_up stays: this does not say whether more follow. */
    if (opened)
        return part_name(hub->source, message, part);
    struct queue *queue = current_queue(hub);
    hub_peek_frame(queue, &frame);
    *part = (pymq_part){.data = (const char *)frame.body,
                        .size = (size_t)frame.size};
    if (part->size > PYMQ_SLOT || message->chunk != queue_chunk(queue)) {
        struct chunk *chunk = chunk_hold(queue_chunk(queue));
        part->token = loan_token(chunk);
        part->common = chunk->common;
        part->chunk = message->chunk = chunk;
    }
    bool more = frame.flags & FRAME_MORE;
    queue_skip(queue, &frame);
    if (!more)
        close_message(hub);
    return more;
}

/* Whether a message has one frame, and is best taken alone. */
static bool is_plain(const struct hub *hub, const struct queue *queue,
                     const struct frame *frame)
{
    size_t size = (size_t)frame->size;
    return !(frame->flags & FRAME_MORE)
           && (!again(hub) || size > BATCHED_TO
               || queue_backlog(queue) < (1 + WORTHWHILE) * (size + 2));
}

/* Opens a message, which may be left to hub_recv. */
static int64_t recv_in_turn(struct hub *hub, pymq_slot *slot)
{
    int opened = hub->receiving ? -EMSGSIZE : open_next(hub);
    if (opened < 0)
        return opened;
    struct queue *queue = hub->source->in;
    struct frame frame;
    hub_peek_frame(queue, &frame);
    if (frame.flags & FRAME_MORE || hub->turns.given_up)
        return -EMSGSIZE;
    return next_frame(hub, slot) >> 2;
}

int64_t hub_recv_plain(struct hub *hub, void *into)
{
    pymq_slot *slot = into;
    struct frame frame;
    if (hub->turns.kind != PYMQ_AT_WILL)
        return recv_in_turn(hub, slot);
    if (hub->receiving || !hub_plain(hub))
        return -EMSGSIZE;
    struct pipe *pipe = hub_next_source(hub, &frame);
    if (pipe == NULL)
        return -EAGAIN;
    if (!is_plain(hub, pipe->in, &frame))
        return -EMSGSIZE;
    size_t size = (size_t)frame.size;
    deliver(slot, pipe->in, frame.body, size, false);
    queue_skip(pipe->in, &frame);
    queue_expect(pipe->in);
    list_move_last(&hub->readable, &pipe->in_readable);
    hub->peer = pipe->id;
    hub_have_read(hub, pipe);
    return (int64_t)size;
}

bool hub_readable(struct hub *hub)
{
    if (refuses(hub))
        return false;
    if (hub->receiving)
        return true;
    if (hub->receive_policy == PYMQ_RECEIVE_NOTICES)
        return notices_readable(&hub->notices);
    struct frame frame;
    if (hub->turns.kind != PYMQ_AT_WILL && !turns_may_receive(hub))
        return false;
    return hub_next_source(hub, &frame) != NULL;
}
