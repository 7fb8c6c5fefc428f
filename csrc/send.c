/* send.c - send policies: where a hub's messages go; see hub.h */
#include "hub.h"

#include <errno.h>

/* A longer frame is framed once and shared by the pipes of TO_ALL.  Over 100
 * pipes that wins from 200 bytes on; but a frame apart costs each engine a run
 * of sendmsg, of which one call takes few. */
enum { SHARE_FROM = 1024 };

/* Shorter ones lie one behind the other in a chunk that the pipes share while
 * they get the same messages; no size of chunks that queues keep as spare. */
enum { COMMON_SIZE = CHUNK_MAX / 2 };

static bool several(const struct list *list)
{
    return list->next != list->prev;
}

static unsigned more_flag(bool more)
{
    return more ? FRAME_MORE : 0;
}

void hub_show(struct hub *hub, struct pipe *pipe)
{
    queue_finish(pipe->out);
    if (!hub->holding && queue_show(pipe->out))
        hub_tell(hub, pipe);
    if (hub->holding && !list_linked(&pipe->in_held))
        list_append(&hub->held, &pipe->in_held);
}

void hub_show_held(struct hub *hub, bool push)
{
    hub->holding = false;
    bool alone = !several(&hub->held);
    while (!list_empty(&hub->held)) {
        struct pipe *pipe = OWNER(hub->held.next, struct pipe, in_held);
        list_remove(&pipe->in_held);
        bool wake = queue_show(pipe->out);
        if (alone && queue_room(pipe->out) == 0 && hub_relieve(hub, pipe))
            continue;
        if (wake && push)
            hub_tell(hub, pipe);
        else if (wake)
            queue_wake_reader(pipe->out);
    }
}

/* What was lent. */
static int write_lent(const struct hub *hub, struct queue *queue, bool more)
{
    return hub->lent_whole
               ? queue_share(queue, hub->lent)
               : queue_write_body(queue, more_flag(more), hub->lent);
}

/* ONE, IN_TURN, BY_NAME. */

static void close_message(struct hub *hub, struct pipe *pipe)
{
    hub_show(hub, pipe);
    hub->chosen = pipe->id;
    if (list_linked(&pipe->in_writable))
        list_move_last(&hub->writable, &pipe->in_writable);
}

static int send_to_target(struct hub *hub, const void *data, size_t size,
                          bool more)
{
    struct pipe *pipe = hub->target;
    if (pipe != NULL) {
        int result = hub->lent
                         ? write_lent(hub, pipe->out, more)
                         : queue_write(pipe->out, more_flag(more), data, size);
        if (result < 0)
            return result;
        hub->weight += size;
        if (!more)
            close_message(hub, pipe);
    }
    hub->sending = more;
    if (!more)
        hub->target = NULL;
    return 0;
}

static struct pipe *next_writable(struct hub *hub)
{
    while (!list_empty(&hub->writable)) {
        struct list *first = hub->writable.next;
        struct pipe *pipe = OWNER(first, struct pipe, in_writable);
        if (!queue_full(pipe->out))
            return pipe;
        list_remove(first);
    }
    return NULL;
}

static int send_in_turn(struct hub *hub, const void *data, size_t size,
                        bool more)
{
    struct pipe *pipe = next_writable(hub);
    if (pipe == NULL)
        return -EAGAIN;
    hub->target = pipe;
    int result = send_to_target(hub, data, size, more);
    if (result < 0)
        hub->target = NULL;
    return result;
}

static int send_by_name(struct hub *hub, const void *name, size_t size,
                        bool more)
{
    if (!more)
        return 0;
    bool mandatory = hub->options[PYMQ_MANDATORY];
    struct pipe *pipe = names_find(&hub->names, name, size);
    if (pipe == NULL && mandatory)
        return -EHOSTUNREACH;
    if (pipe == NULL)
        hub->past.dropped++;
    else if (queue_full(pipe->out)) {
        if (mandatory) {
            hub->refused = pipe;
            return -EAGAIN;
        }
        pipe->missed++;
        pipe = NULL;
    }
    hub->sending = true;
    hub->target = pipe;
    hub->refused = NULL;
    hub->chosen = pipe ? pipe->id : 0;
    return 0;
}

/* TO_ALL. */

static void add_target(void *context, struct pipe *pipe)
{
    struct hub *hub = context;
    if (pipe->stamp == hub->stamp)
        return;
    pipe->stamp = hub->stamp;
    if (pipe->closed)
        return;
    if (!queue_full(pipe->out))
        list_append(&hub->targets, &pipe->in_targets);
    else if (hub->options[PYMQ_NO_DROP])
        hub->refused = pipe;
    else
        pipe->missed++;
}

static void pass_over(void *context, struct pipe *pipe)
{
    struct hub *hub = context;
    pipe->stamp = hub->stamp;
}

/* LAST_VALUE: the first message behind a notice is for its peer alone. */
static void add_latest(void *context, struct pipe *pipe)
{
    struct hub *hub = context;
    if (pipe->id == hub->latest)
        add_target(hub, pipe);
}

static bool has_latest(const struct hub *hub)
{
    return hub->options[PYMQ_MANUAL] && hub->options[PYMQ_LAST_VALUE]
           && hub->latest != 0 && hub_live_pipe(hub, hub->latest) != NULL;
}

static void find_targets(struct hub *hub, const void *frame, size_t size)
{
    hub->stamp++;
    hub->refused = NULL;
    if (hub->takes_topics) {
        bool invert = hub->options[PYMQ_INVERT];
        bool latest = has_latest(hub);
        topics_visit(&hub->topics, frame, size,
                     latest   ? add_latest
                     : invert ? pass_over
                              : add_target,
                     hub);
        hub->latest = 0;
        if (latest || !invert)
            return;
    }
    EACH_PIPE (pipe, hub)
        add_target(hub, pipe);
}

static int choose_targets(struct hub *hub, const void *frame, size_t size)
{
    find_targets(hub, frame, size);
    if (hub->refused == NULL)
        return 0;
    while (!list_empty(&hub->targets))
        list_remove(hub->targets.next);
    return -EAGAIN;
}

/* The first is small: there may be many hubs that send little. */
static struct chunk *common_chunk(struct hub *hub, size_t need)
{
    struct chunk *chunk = hub->common;
    if (chunk != NULL && chunk->size - hub->common_end >= need)
        return chunk;
    chunk = chunk_new(chunk == NULL ? CHUNK_MIN : COMMON_SIZE);
    if (chunk == NULL)
        return NULL;
    chunk->common = true;
    chunk_drop(hub->common);
    hub->common = chunk;
    hub->common_end = 0;
    return chunk;
}

/* Writes a short frame once, for several pipes; false: no memory. */
static bool write_common(struct hub *hub, const void *data, size_t size,
                         bool more)
{
    struct chunk *chunk = common_chunk(hub, frame_head(size) + size);
    if (chunk == NULL)
        return false;
    unsigned char *to = chunk->data + hub->common_end;
    hub->common_at = hub->common_end;
    hub->common_end += frame_put(to, more_flag(more), data, size);
    return true;
}

/* The next frame goes to one of many. */
static int write_target(struct hub *hub, struct pipe *pipe,
                        struct chunk *chunk, bool common, const void *data,
                        size_t size, bool more)
{
    if (hub->lent != NULL)
        return write_lent(hub, pipe->out, more);
    if (chunk != NULL)
        return queue_share(pipe->out, chunk);
    if (common
        && queue_join(pipe->out, hub->common, hub->common_at,
                      hub->common_end - hub->common_at))
        return 0;
    return queue_write(pipe->out, more_flag(more), data, size);
}

static int send_to_all(struct hub *hub, const void *data, size_t size,
                       bool more)
{
    struct chunk *chunk = NULL;
    if (!hub->sending && choose_targets(hub, data, size) < 0)
        return -EAGAIN;
    if (hub->lasts.limit > 0)
        lasts_add(&hub->lasts, data, size, more);
    if (size >= SHARE_FROM && !hub->lent && !list_empty(&hub->targets))
        chunk = chunk_frame(data, size, more_flag(more));
    bool common = size < SHARE_FROM && several(&hub->targets)
                  && write_common(hub, data, size, more);
    struct list *at = hub->targets.next, *next;
    for (; at != &hub->targets; at = next) {
        next = at->next;
        struct pipe *pipe = OWNER(at, struct pipe, in_targets);
        bool written =
            write_target(hub, pipe, chunk, common, data, size, more) == 0;
        if (!written)
            queue_rollback(pipe->out);
        else if (!more)
            hub_show(hub, pipe);
        if (!written || !more)
            list_remove(at);
    }
    chunk_drop(chunk);
    hub->sending = more;
    if (!more && hub->lasts.limit > 0)
        hub_take_late_topics(hub);
    return 0;
}

static int refuse(struct hub *hub, const void *data, size_t size, bool more)
{
    (void)hub, (void)data, (void)size, (void)more;
    return -ENOTSUP;
}

typedef int sender(struct hub *, const void *, size_t, bool);

/* For the first frame of a message, and for the others. */
static const struct {
    sender *first, *next;
} senders[] = {
    [PYMQ_SEND_NONE] = {refuse, refuse},
    [PYMQ_SEND_ONE] = {send_in_turn, send_to_target},
    [PYMQ_SEND_IN_TURN] = {send_in_turn, send_to_target},
    [PYMQ_SEND_TO_ALL] = {send_to_all, send_to_all},
    [PYMQ_SEND_BY_NAME] = {send_by_name, send_to_target},
};

int hub_send_on(struct hub *hub, const void *data, size_t size, bool more)
{
    sender *send = hub->sending ? senders[hub->send_policy].next
                                : senders[hub->send_policy].first;
    return send(hub, data, size, more);
}

int hub_send(struct hub *hub, const void *data, size_t size, bool more)
{
    return hub->turns.kind == PYMQ_AT_WILL
               ? hub_send_on(hub, data, size, more)
               : turns_send(hub, data, size, more);
}

bool hub_sends_in_turn(const struct hub *hub)
{
    return hub->send_policy == PYMQ_SEND_ONE
           || hub->send_policy == PYMQ_SEND_IN_TURN;
}

static bool any_room(struct hub *hub)
{
    bool room = false;
    EACH_PIPE (pipe, hub) {
        if (!pipe->closed && pipe->name && !queue_full(pipe->out))
            room = true;
    }
    return room;
}

static bool has_room(struct hub *hub)
{
    if (hub->send_policy == PYMQ_SEND_NONE)
        return false;
    if (hub->sending)
        return true;
    if (hub->send_policy == PYMQ_SEND_TO_ALL)
        return hub->refused == NULL || !queue_full(hub->refused->out);
    if (hub->send_policy == PYMQ_SEND_BY_NAME)
        return !hub->options[PYMQ_MANDATORY] || any_room(hub);
    return next_writable(hub) != NULL;
}

bool hub_writable(struct hub *hub)
{
    if (hub->turns.kind == PYMQ_ANSWERS)
        return turns_may_send(hub); /* and what has no room is dropped */
    if (hub->turns.kind == PYMQ_ASKS && !turns_may_send(hub))
        return false;
    return has_room(hub);
}

bool hub_resumable(struct hub *hub)
{
    if (hub->send_policy != PYMQ_SEND_BY_NAME)
        return has_room(hub);
    return hub->refused == NULL || !queue_full(hub->refused->out);
}

static void drop_targets(struct hub *hub)
{
    while (!list_empty(&hub->targets)) {
        struct list *first = hub->targets.next;
        queue_rollback(OWNER(first, struct pipe, in_targets)->out);
        list_remove(first);
    }
}

void hub_abandon(struct hub *hub)
{
    if (hub->target != NULL)
        queue_rollback(hub->target->out);
    hub->target = NULL;
    hub->sending = false;
    lasts_abandon(&hub->lasts);
    drop_targets(hub);
}

void hub_stop_sending(struct hub *hub, struct pipe *pipe)
{
    queue_rollback(pipe->out);
    list_remove(&pipe->in_writable);
    list_remove(&pipe->in_targets);
    if (hub->target == pipe)
        hub->target = NULL;
    if (hub->refused == pipe)
        hub->refused = NULL;
}
