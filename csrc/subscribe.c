/* subscribe.c - topics of a hub: its own, and its peers'; see hub.h */
#include "hub.h"

#include <errno.h>

/* A subscriber's own. */

static void announce(struct hub *hub, bool subscribe, const char *topic,
                     size_t size)
{
    EACH_PIPE (pipe, hub)
        pipe_announce(pipe, subscribe, topic, size);
}

int pymq_hub_subscribe(pymq_hub *hub, const char *topic, size_t size,
                       int announced)
{
    hub_enter(hub);
    int64_t count =
        hub->freed ? 0 : topics_count_up(&hub->own, topic, size);
    if (count > 0 && announced)
        announce(hub, true, topic, size);
    pthread_mutex_unlock(&hub->lock);
    return count < 0 ? (int)count : 0;
}

int pymq_hub_unsubscribe(pymq_hub *hub, const char *topic, size_t size,
                         int announced)
{
    hub_enter(hub);
    bool last = topics_count_down(&hub->own, topic, size) == 0;
    if (last && announced)
        announce(hub, false, topic, size);
    pthread_mutex_unlock(&hub->lock);
    return last;
}

void pymq_hub_keep_last(pymq_hub *hub, size_t limit)
{
    pthread_mutex_lock(&hub->lock);
    lasts_abandon(&hub->lasts);
    hub->lasts.skips = hub->sending;
    if (!hub->freed) {
        lasts_limit(&hub->lasts, limit);
        hub_take_late_topics(hub); /* without last messages none need wait */
    }
    pthread_mutex_unlock(&hub->lock);
}

int64_t pymq_hub_topics(pymq_hub *hub)
{
    hub_enter(hub);
    size_t own = hub->own.table.used, peers = hub->topics.table.used;
    pthread_mutex_unlock(&hub->lock);
    return (int64_t)(own ? own : peers);
}

/* A publisher's. */

static void stamp(void *context, struct pipe *pipe)
{
    pipe->stamp = ((struct hub *)context)->stamp;
}

int64_t pymq_hub_subscribers(pymq_hub *hub, const char *first, size_t size)
{
    int64_t stamped = 0, others = 0;
    hub_enter(hub);
    hub->stamp++;
    topics_visit(&hub->topics, (const unsigned char *)first, size, stamp,
                 hub);
    EACH_PIPE (pipe, hub) {
        if (!pipe->closed)
            ++*(pipe->stamp == hub->stamp ? &stamped : &others);
    }
    bool match = hub->takes_topics && !hub->options[PYMQ_INVERT];
    pthread_mutex_unlock(&hub->lock);
    return match ? stamped : others;
}

struct change {
    bool subscribe;
    const unsigned char *topic;
    size_t size;
};

static bool read_command(const struct frame *frame, struct change *change)
{
    int64_t size = frame_command(frame, "SUBSCRIBE", &change->topic);
    change->subscribe = size >= 0;
    if (size < 0)
        size = frame_command(frame, "CANCEL", &change->topic);
    change->size = (size_t)size;
    return size >= 0;
}

/* Whether a frame is a subscription: a command or a body that begins with 01
 * or 00, in any part of a message, as libzmq takes it. */
static bool read_change(const struct frame *frame, struct change *change)
{
    if (frame->flags & FRAME_COMMAND)
        return read_command(frame, change);
    if (frame->size == 0 || frame->body[0] > 1)
        return false;
    change->subscribe = frame->body[0];
    change->topic = frame->body + 1;
    change->size = (size_t)frame->size - 1;
    return true;
}

static void notify(struct hub *hub, struct pipe *pipe, bool subscribe,
                   const void *topic, size_t size)
{
    if (hub->receive_policy == PYMQ_RECEIVE_NOTICES)
        notices_add(&hub->notices, pipe, subscribe, topic, size);
}

/* What the user is told of from the second subscriber on, by VERBOSE. */
enum { SUBSCRIPTIONS = 1, ALL_CHANGES = 2 };

/* The last messages, for a pipe that is going to subscribe to their topics. */
struct catching_up {
    struct hub *hub;
    struct pipe *pipe;
};

static void catch_up(void *context, const unsigned char *topic, size_t size,
                     struct chunk **frames, size_t count)
{
    struct catching_up *with = context;
    struct hub *hub = with->hub;
    struct pipe *pipe = with->pipe;
    if (pipe->again != NULL ? topics_match(pipe->again, topic, size)
                            : topics_wanted(&hub->topics, topic, size, pipe))
        return; /* it has got that already */
    if (queue_full(pipe->out)) {
        pipe->missed++;
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (queue_share(pipe->out, frames[i]) < 0) {
            queue_rollback(pipe->out);
            return;
        }
    hub_show(hub, pipe);
}

static void send_lasts(struct hub *hub, struct pipe *pipe,
                       const struct change *change)
{
    struct catching_up with = {hub, pipe};
    bool wanted = change->subscribe && !hub->options[PYMQ_INVERT];
    if (hub->lasts.limit > 0 && wanted && !hub->sending && !pipe->closed)
        lasts_visit(&hub->lasts, change->topic, change->size, catch_up,
                    &with);
}

/* A set: each is counted once. */
static void note_link(struct pipe *pipe, const struct change *change)
{
    const void *topic = change->topic;
    if (pipe->again != NULL
        && (!change->subscribe
            || topics_count_up(pipe->again, topic, change->size) > 1))
        topics_count_down(pipe->again, topic, change->size);
}

/* 1 for the first or the last subscription of a topic, 0 for others, or
 * -ENOMEM. */
static int apply(struct hub *hub, struct pipe *pipe,
                 const struct change *change)
{
    if (hub->refused == pipe)
        hub->refused = NULL; /* it may stand in nobody's way any more */
    send_lasts(hub, pipe, change);
    note_link(pipe, change);
    if (change->subscribe)
        return topics_join(&hub->topics, change->topic, change->size, pipe);
    return topics_leave(&hub->topics, change->topic, change->size, pipe);
}

/* MANUAL: it is the user's to decide. */
static void note(struct pipe *pipe, const struct change *change)
{
    if (change->subscribe) {
        table_add(&pipe->asked, change->topic, change->size);
        return;
    }
    struct entry *entry =
        table_find(&pipe->asked, change->topic, change->size);
    if (entry != NULL)
        table_remove(&pipe->asked, entry);
}

static void take_change(struct hub *hub, struct pipe *pipe,
                        const struct change *change)
{
    int least = change->subscribe ? SUBSCRIPTIONS : ALL_CHANGES;
    int told = 1;
    if (hub->options[PYMQ_MANUAL])
        note(pipe, change);
    else
        told = apply(hub, pipe, change);
    if (told > 0 || (told == 0 && hub->options[PYMQ_VERBOSE] >= least))
        notify(hub, pipe, change->subscribe, change->topic, change->size);
}

static void forget_asked(struct hub *hub, struct pipe *pipe)
{
    size_t at = 0;
    struct entry *entry;
    while (hub->options[PYMQ_MANUAL]
           && (entry = table_next(&pipe->asked, &at)) != NULL)
        notify(hub, pipe, false, table_key(&pipe->asked, entry), entry->size);
    table_fini(&pipe->asked);
}

void hub_forget_topics(struct hub *hub, struct pipe *pipe)
{
    bool manual = hub->options[PYMQ_MANUAL];
    bool all = hub->options[PYMQ_VERBOSE] == ALL_CHANGES;
    while (!list_empty(&pipe->topics)) {
        struct member *member =
            OWNER(pipe->topics.next, struct member, of_pipe);
        struct entry *entry = member->entry;
        bool last = members_remove(&hub->topics.members, member);
        if (!manual && (last || all))
            notify(hub, pipe, false, table_key(&hub->topics.table, entry),
                   entry->size);
        if (last)
            topics_forget(&hub->topics, entry);
    }
    forget_asked(hub, pipe);
}

int pymq_hub_grant(pymq_hub *hub, const char *topic, size_t size, int wanted)
{
    struct change change = {wanted, (const unsigned char *)topic, size};
    int result = 0;
    hub_enter(hub);
    struct pipe *pipe =
        hub->noticed ? hub_live_pipe(hub, hub->noticed) : NULL;
    if (pipe != NULL) {
        result = apply(hub, pipe, &change);
        hub_wake(hub, HUB_OUT);
    }
    pthread_mutex_unlock(&hub->lock);
    return result < 0 ? result : 0;
}

/* Whether any frame of a message may be a subscription; with ONLY_FIRST none
 * is, if the first is not. */
static bool takes_any(const struct hub *hub, const struct pipe *pipe)
{
    struct place at = pipe->in->head;
    struct frame first;
    struct change change;
    if (!hub->options[PYMQ_ONLY_FIRST])
        return true;
    queue_look(pipe->in, &at, &first);
    return read_change(&first, &change);
}

/* Applies the subscriptions of a message; returns how many other frames it
 * has. */
static unsigned take_changes(struct hub *hub, struct pipe *pipe, bool any)
{
    struct place at = pipe->in->head;
    struct frame frame;
    struct change change;
    unsigned others = 0;
    do {
        queue_look(pipe->in, &at, &frame);
        if (any && read_change(&frame, &change))
            take_change(hub, pipe, &change);
        else if (!(frame.flags & FRAME_COMMAND))
            others++;
    } while (!frame_ends(&frame) || frame.flags & FRAME_COMMAND);
    return others;
}

/* Passes the other frames on to the user, and removes the message. */
static void take_message(struct hub *hub, struct pipe *pipe)
{
    struct notices *notices = &hub->notices;
    bool any = takes_any(hub, pipe);
    unsigned others = take_changes(hub, pipe, any);
    bool wanted = hub->receive_policy == PYMQ_RECEIVE_NOTICES;
    int result = others && wanted ? notices_begin(notices, pipe, true) : -ENOMSG;
    bool begun = result == 0;
    struct frame frame;
    struct change change;
    do {
        queue_peek(pipe->in, &frame);
        bool other = !(frame.flags & FRAME_COMMAND)
                     && !(any && read_change(&frame, &change));
        if (other && result == 0)
            result = notices_frame(notices, frame.body, (size_t)frame.size,
                                   --others > 0);
        queue_skip(pipe->in, &frame);
    } while (!frame_ends(&frame) || frame.flags & FRAME_COMMAND);
    if (begun && result < 0) {
        notices_abandon(notices, pipe);
    } else if (begun) {
        notices_end(notices);
        pipe->held++;
    }
}

static void take_next(struct hub *hub, struct pipe *pipe)
{
    struct frame frame;
    struct change change;
    queue_peek(pipe->in, &frame);
    if (!(frame.flags & FRAME_COMMAND)) {
        take_message(hub, pipe);
        return;
    }
    if (read_change(&frame, &change))
        take_change(hub, pipe, &change);
    queue_skip(pipe->in, &frame);
}

void hub_take_topics(struct hub *hub)
{
    if (hub->sending && hub->lasts.limit > 0)
        return; /* no message may come between its frames */
    while (!list_empty(&hub->readable)) {
        struct list *first = hub->readable.next;
        struct pipe *pipe = OWNER(first, struct pipe, in_readable);
        unsigned mark = (unsigned)hub->options[PYMQ_RECV_HWM];
        bool ending = pipe_ending(pipe);
        if (mark != 0 && pipe->held >= mark) {
            pipe->stalled = true;
            list_remove(first);
        } else if (queue_readable(pipe->in)) {
            take_next(hub, pipe);
        } else {
            list_remove(first);
            if (ending)
                hub_forget(hub, pipe);
        }
    }
}

void hub_take_last_topics(struct hub *hub, struct pipe *pipe)
{
    while (queue_readable(pipe->in))
        take_next(hub, pipe);
    pipe->stalled = false;
    list_remove(&pipe->in_readable);
}

void hub_take_late_topics(struct hub *hub)
{
    if (!hub->takes_topics || list_empty(&hub->readable))
        return;
    hub_take_topics(hub);
    hub_wake(hub, HUB_IN);
}
