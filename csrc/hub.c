/* hub.c - life of a hub and its pipes; see hub.h */
#include "hub.h"

#include "engine.h"
#include "loan.h"

#include <errno.h>
#include <stdlib.h>

static void init_options(struct hub *hub)
{
    hub->options[PYMQ_SEND_HWM] = 1000;
    hub->options[PYMQ_RECV_HWM] = 1000;
}

static void init_lists(struct hub *hub)
{
    list_init(&hub->sleepers);
    list_init(&hub->pipes);
    list_init(&hub->writable);
    list_init(&hub->readable);
    list_init(&hub->targets);
    list_init(&hub->held);
}

pymq_hub *pymq_hub_new(pymq_loop *loop, int send, int receive,
                       int subscribes, int turns, uint32_t number)
{
    struct hub *hub = calloc(1, sizeof *hub);
    if (hub == NULL)
        return NULL;
    pthread_mutex_init(&hub->lock, NULL);
    atomic_init(&hub->refs, 1);
    hub->loop = loop_hold(loop);
    hub->send_policy = send;
    hub->receive_policy = receive;
    hub->subscribes = subscribes;
    hub->turns.kind = turns;
    hub->turns.number = number;
    hub->takes_topics = receive == PYMQ_RECEIVE_TOPICS
                        || receive == PYMQ_RECEIVE_NOTICES;
    init_options(hub);
    init_lists(hub);
    mailbox_init(&hub->box);
    bell_init(&hub->standing);
    names_init(&hub->names);
    topics_init(&hub->own, sizeof(uint64_t));
    topics_init(&hub->topics, sizeof(struct member));
    lasts_init(&hub->lasts);
    return hub;
}

void hub_lock_both(struct hub *one, struct hub *other)
{
    bool ordered = (uintptr_t)one < (uintptr_t)other;
    pthread_mutex_lock(ordered ? &one->lock : &other->lock);
    if (one != other)
        pthread_mutex_lock(ordered ? &other->lock : &one->lock);
}

static void free_sleepers(struct hub *hub)
{
    while (!list_empty(&hub->sleepers)) {
        struct bell *bell = OWNER(hub->sleepers.next, struct bell, node);
        list_remove(&bell->node);
        bell_fini(bell);
        free(bell);
    }
}

void hub_drop(struct hub *hub)
{
    if (atomic_fetch_sub(&hub->refs, 1) != 1)
        return;
    free_sleepers(hub);
    chunk_drop(hub->greeting);
    chunk_drop(hub->common);
    turns_fini(&hub->turns);
    mailbox_unwatch(&hub->box, &hub->standing);
    bell_fini(&hub->standing);
    mailbox_fini(&hub->box);
    pthread_mutex_destroy(&hub->lock);
    pymq_loop_release(hub->loop);
    free(hub);
}

/* Pipes. */

struct pipe *hub_live_pipe(const struct hub *hub, int64_t id)
{
    EACH_PIPE (pipe, hub) {
        if (!pipe->closed && (id == 0 || pipe->id == id))
            return pipe;
    }
    return NULL;
}

bool hub_all_sent(struct hub *hub)
{
    bool all = true;
    EACH_PIPE (pipe, hub)
        all &= pipe_all_sent(pipe);
    return all;
}

int pymq_hub_open(pymq_hub *hub, pymq_pipe **made, int conflate)
{
    int result = 0;
    hub_enter(hub);
    bool taken = hub->send_policy == PYMQ_SEND_ONE && hub_live_pipe(hub, 0);
    if (taken || hub->freed) {
        result = -EBUSY;
    } else if ((*made = pipe_new(hub, conflate)) == NULL) {
        result = -ENOMEM;
    } else if ((result = hub_greet(hub, *made)) < 0) {
        pipe_release(*made);
    } else {
        list_append(&hub->pipes, &pipe_hold(*made)->in_hub);
        hub->pipe_count++;
        if (hub_sends_in_turn(hub))
            list_append(&hub->writable, &(*made)->in_writable);
        hub_wake(hub, HUB_OUT);
    }
    pthread_mutex_unlock(&hub->lock);
    return result;
}

/* No more sends, and the name is free. */
static void retire(struct hub *hub, struct pipe *pipe)
{
    pipe->closed = true;
    hub_stop_sending(hub, pipe);
    names_release(&hub->names, pipe);
}

void hub_end_pipe(struct hub *hub, struct pipe *pipe)
{
    retire(hub, pipe);
    if (hub->takes_topics)
        hub_take_last_topics(hub, pipe);
    bool busy = hub->receiving && hub->source == pipe;
    if (!busy && !queue_readable(pipe->in))
        hub_forget(hub, pipe);
    /* Its topics may end with it, which an XPUB receives. */
    hub_wake(hub, hub->takes_topics ? ANY_NEWS : HUB_OUT);
}

void hub_forget(struct hub *hub, struct pipe *pipe)
{
    if (!list_linked(&pipe->in_hub))
        return;
    if (!pipe->closed)
        retire(hub, pipe); /* its peer closed it just now */
    hub_forget_topics(hub, pipe);
    if (hub->reader != NULL && pipe->engine != NULL)
        engine_give_back(pipe->engine);
    counts_keep(&hub->past, pipe);
    list_remove(&pipe->in_hub);
    hub->pipe_count--;
    list_remove(&pipe->in_writable);
    list_remove(&pipe->in_readable);
    queue_set_writer(pipe->out, NULL);
    queue_set_reader(pipe->in, NULL);
    mailbox_withdraw(&pipe->end);
    pipe_release(pipe);
}

/* Puts a pipe on the lists that it belongs on. */
static void enlist(struct hub *hub, struct pipe *pipe)
{
    if (!pipe->closed && hub_sends_in_turn(hub)
        && !list_linked(&pipe->in_writable) && !queue_full(pipe->out))
        list_append(&hub->writable, &pipe->in_writable);
    if (!pipe->stalled && !list_linked(&pipe->in_readable)
        && queue_readable(pipe->in))
        list_append(&hub->readable, &pipe->in_readable);
}

/* A pipe was posted: something about its queues has changed. */
static void update(struct hub *hub, struct pipe *pipe)
{
    pipe_hold(pipe); /* it may be forgotten here */
    if (!pipe->closed && pipe_ending(pipe))
        hub_end_pipe(hub, pipe);
    if (list_linked(&pipe->in_hub))
        enlist(hub, pipe);
    pipe_release(pipe);
}

void hub_attend(struct hub *hub)
{
    struct end *end;
    if (!atomic_load(&hub->box.news))
        return;
    while (atomic_load(&hub->box.news))
        if ((end = mailbox_take(&hub->box)) != NULL)
            update(hub, OWNER(end, struct pipe, end));
    if (hub->takes_topics)
        hub_take_topics(hub);
}

void hub_quieten(struct hub *hub)
{
    if (!hub->has_fileno)
        return;
    mailbox_hush(&hub->box, &hub->standing);
    if (atomic_load(&hub->box.news))
        mailbox_ring(&hub->box, ANY_NEWS);
}

void hub_wake(struct hub *hub, unsigned events)
{
    mailbox_ring(&hub->box, events);
}

/* Calls of Python. */

static int send_frame(struct hub *hub, const char *data, size_t size,
                      bool more, struct chunk *lent)
{
    int result = hub_enter(hub);
    if (result == 0) {
        hub->lent = lent;
        result = hub_send(hub, data, size, more);
        hub->lent = NULL;
        if (result == -EAGAIN)
            hub_quieten(hub);
    }
    pthread_mutex_unlock(&hub->lock);
    return result;
}

int pymq_hub_send(pymq_hub *hub, const char *data, size_t size, int more)
{
    if (size >= PYMQ_HOLD_FROM)
        return -E2BIG;
    return send_frame(hub, data, size, more, NULL);
}

int pymq_hub_send_long(pymq_hub *hub, const char *data, size_t size, int more,
                       int64_t token)
{
    struct chunk *lent = token ? loan_new(data, size, token) : NULL;
    if (token != 0 && lent == NULL)
        return -ENOBUFS;
    int result = send_frame(hub, data, size, more, lent);
    chunk_drop(lent);
    return result;
}

/* An answer cannot be there yet when the caller has just sent; but who sends
 * on without one gets what is there. */
static bool too_early(struct hub *hub)
{
    bool early = hub->pushed && !hub->skipped;
    hub->pushed = false;
    hub->skipped = early;
    return early;
}

/* Receives in one of the ways of receive.c. */
static int64_t receive(struct hub *hub, void *into,
                       int64_t (*take)(struct hub *, void *))
{
    int64_t result = hub_enter(hub);
    if (hub->handing)
        result = -EALREADY;
    if (result == 0) {
        result = take(hub, into);
        if (result == -EAGAIN && !too_early(hub) && hub_pull(hub)) {
            hub_attend(hub);
            result = take(hub, into);
        }
        if (result == -EAGAIN) {
            hub->starved = true;
            hub_quieten(hub);
        }
    }
    pthread_mutex_unlock(&hub->lock);
    return result;
}

int64_t pymq_slot_recv(pymq_slot *slot)
{
    return receive(slot->hub, slot, hub_recv);
}

int64_t pymq_slot_recv_plain(pymq_slot *slot)
{
    return receive(slot->hub, slot, hub_recv_plain);
}

int pymq_hub_recv_message(pymq_hub *hub, pymq_message *message)
{
    return (int)receive(hub, message, hub_recv_message);
}

void pymq_slot_clear(pymq_slot *slot)
{
    chunk_drop(slot->chunk);
    slot->chunk = NULL;
    slot->data = NULL;
}

void pymq_chunk_drop(void *chunk)
{
    chunk_drop(chunk);
}

int64_t pymq_hub_peer(pymq_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    int64_t peer = hub->peer;
    pthread_mutex_unlock(&hub->lock);
    return peer;
}

int64_t pymq_hub_chosen(pymq_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    int64_t chosen = hub->chosen;
    pthread_mutex_unlock(&hub->lock);
    return chosen;
}

int pymq_hub_ready(pymq_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    int result = -hub->stopped;
    if (result == 0) {
        hub_pull(hub);
        hub_attend(hub);
        if (hub_readable(hub))
            result |= HUB_IN;
        if (hub_writable(hub))
            result |= HUB_OUT;
        hub_quieten(hub);
    }
    pthread_mutex_unlock(&hub->lock);
    return result;
}

int pymq_hub_has(pymq_hub *hub, int64_t pipe)
{
    hub_enter(hub);
    bool has = pipe > 0 && hub_live_pipe(hub, pipe) != NULL;
    pthread_mutex_unlock(&hub->lock);
    return has;
}

/* The end. */

void pymq_hub_stop(pymq_hub *hub, int error)
{
    if (loop_is_foreign(hub->loop))
        return;
    pthread_mutex_lock(&hub->lock);
    hub->stopped = error;
    hub_wake(hub, ANY_NEWS);
    pthread_mutex_unlock(&hub->lock);
}

static void close_pipes(struct hub *hub)
{
    while (!list_empty(&hub->pipes)) {
        struct pipe *pipe = OWNER(hub->pipes.next, struct pipe, in_hub);
        pipe_hold(pipe);
        if (!pipe->closed)
            pipe_close(pipe, false, false);
        hub_forget(hub, pipe);
        pipe_release(pipe);
    }
}

void pymq_hub_free(pymq_hub *hub)
{
    if (loop_is_foreign(hub->loop))
        return;
    pthread_mutex_lock(&hub->lock);
    if (hub->stopped == 0)
        hub->stopped = ENOTSOCK;
    hub->freed = true;
    if (hub->receiving && hub->source == NULL)
        queue_skip_message(hub->notices.queue); /* the rest is no notice */
    hub->receiving = false;
    hub->source = NULL;
    close_pipes(hub);
    topics_fini(&hub->own);
    topics_fini(&hub->topics);
    table_fini(&hub->names.table);
    notices_fini(&hub->notices);
    lasts_fini(&hub->lasts);
    /* The bell behind fileno stays, rung: another thread may be polling it. */
    free_sleepers(hub);
    pthread_mutex_unlock(&hub->lock);
}

void pymq_hub_release(pymq_hub *hub)
{
    if (loop_is_foreign(hub->loop))
        return;
    pymq_hub_free(hub);
    hub_drop(hub);
}
