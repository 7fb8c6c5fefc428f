/* engine.c - life of an engine; see engine.h */
#include "engine.h"

#include "clock.h"
#include "poller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BRIEF = 65536 }; /* bytes that are written in some microseconds */
enum { CHOKED_TURNS = 8 };

static struct engine *engine_new(const struct engine_link *with)
{
    const pymq_link *link = with->link;
    struct engine *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    atomic_init(&e->refs, 1);
    pthread_mutex_init(&e->drive, NULL);
    list_init(&e->node);
    e->fd = link->fd;
    e->major = link->major;
    e->pipe = with->pipe;
    e->takes_topics = with->takes_topics;
    e->subscribes = with->subscribes;
    e->raw = link->raw;
    e->notifies = e->hello = link->notifies;
    heartbeat_init(&e->beat, link);
    e->max_size =
        link->max_size < 0 ? UINT64_MAX : (uint64_t)link->max_size;
    e->event = malloc(sizeof *e->event);
    e->leftover_size = link->leftover_size;
    if (e->leftover_size > 0) {
        e->leftover = malloc(e->leftover_size);
        if (e->leftover != NULL)
            memcpy(e->leftover, link->leftover, e->leftover_size);
    }
    if (link->sealing != NULL)
        e->sealing = sealing_new(link->sealing);
    if (e->event == NULL || (e->leftover_size > 0 && e->leftover == NULL)
        || (link->sealing != NULL && e->sealing == NULL)) {
        engine_drop(e);
        return NULL;
    }
    return e;
}

static struct engine *engine_hold(struct engine *engine)
{
    atomic_fetch_add(&engine->refs, 1);
    return engine;
}

void engine_drop(struct engine *engine)
{
    if (engine == NULL || atomic_fetch_sub(&engine->refs, 1) != 1)
        return;
    queue_release(engine->out);
    queue_release(engine->in);
    pthread_mutex_destroy(&engine->drive);
    chunk_drop(engine->body);
    sealing_free(engine->sealing);
    free(engine->leftover);
    free(engine->event);
    free(engine);
}

static void quieten_signal(int fd)
{
#ifdef SO_NOSIGPIPE
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#else
    (void)fd;
#endif
}

int engine_start(struct loop *loop, const struct engine_link *with,
                 struct queue *out, struct queue *in, struct engine **made)
{
    struct engine *e = engine_new(with);
    if (e == NULL)
        return -ENOMEM;
    quieten_signal(e->fd);
    e->events = loop_events(loop);
    e->out = queue_hold(out);
    e->in = queue_hold(in);
    e->scan = e->fill = in->fill_at;
    *made = engine_hold(e);
    int result = loop_adopt(loop, e, with->link->affinity);
    if (result < 0) {
        engine_drop(e);
        engine_drop(e);
    }
    return result;
}

bool engine_brief(struct engine *engine)
{
    struct queue *out = engine->out;
    struct iovec runs[2];
    bool all;
    if (engine->leftover != NULL || atomic_load(&out->closed))
        return false;
    return !queue_readable(out)
           || (queue_gather(out, 0, runs, 2, SIZE_MAX, &all) == 1
               && runs[0].iov_len <= BRIEF);
}

bool engine_pending(struct engine *engine)
{
    return engine->leftover != NULL || engine->choked
           || engine->beat.due != NEVER
           || (!engine->blocked && queue_readable(engine->out));
}

static bool try_claim(struct engine *engine)
{
    return pthread_mutex_trylock(&engine->drive) == 0;
}

bool engine_claim(struct engine *engine)
{
    bool claimed = try_claim(engine);
    if (!claimed) {
        atomic_store(&engine->missed, true);
        claimed = try_claim(engine); /* nobody may be there to see it */
    }
    if (claimed)
        atomic_store(&engine->missed, false);
    return claimed;
}

/* What the home missed is posted with the claim still held: without it, the
 * engine may have been dismissed.  It has been if it has ended. */
void engine_release(struct engine *engine)
{
    do {
        if (atomic_exchange(&engine->missed, false) && !engine->ended)
            mailbox_post(&engine->end);
        pthread_mutex_unlock(&engine->drive);
    } while (atomic_load(&engine->missed) && try_claim(engine));
}

/* Callers. */

static bool has_at_most(struct engine *engine, size_t most)
{
    enum { RUNS = 16 };
    struct iovec runs[RUNS];
    bool all = true;
    size_t total = 0;
    if (most == SIZE_MAX || !queue_readable(engine->out))
        return true;
    int count =
        queue_gather(engine->out, engine->sent, runs, RUNS, most, &all);
    for (int i = 0; i < count; i++)
        total += runs[i].iov_len;
    return all && total <= most;
}

bool engine_push(struct engine *engine, size_t most)
{
    if (!try_claim(engine))
        return false;
    bool live = !engine->ended && engine->out != NULL
                && has_at_most(engine, most);
    if (live && !engine->blocked && !engine_write_once(engine))
        mailbox_post(&engine->end);
    engine_release(engine);
    return live;
}

static bool is_lent(const struct engine *engine)
{
    return atomic_load(&engine->lease) == LEASE_GIVEN && !engine->ended
           && engine->out != NULL && !engine->eof;
}

/* Whether there was one, or the wish. */
static bool end_lease(struct engine *engine)
{
    if (engine->lent_to != NULL)
        poller_set(engine->lent_to, engine->fd, POLLER_IN, 0, NULL);
    engine->lent_to = NULL;
    return atomic_exchange(&engine->lease, LEASE_NONE) != LEASE_NONE;
}

static void call_home(struct engine *engine)
{
    if (end_lease(engine) && !engine->ended)
        mailbox_post(&engine->end);
}

static void read_lent(struct engine *engine, size_t most)
{
    atomic_fetch_add(&engine->used, 1);
    if (!engine_read_once(engine, most))
        call_home(engine);
}

static void pull(struct engine *engine, size_t most)
{
    if (is_lent(engine))
        read_lent(engine, most);
    engine_release(engine);
}

void engine_pull(struct engine *engine)
{
    pthread_mutex_lock(&engine->drive);
    pull(engine, SIZE_MAX);
}

void engine_try_pull(struct engine *engine)
{
    if (try_claim(engine))
        pull(engine, BRIEF);
}

static void ask_for(struct engine *engine)
{
    if (engine->ended || engine->out == NULL || engine->eof)
        return;
    if (engine->asks < ASKS) {
        engine->asks++;
    } else if (atomic_load(&engine->lease) == LEASE_NONE) {
        atomic_store(&engine->lease, LEASE_WANTED);
        mailbox_post(&engine->end);
    }
}

int engine_borrow(struct engine *engine, bool ask)
{
    int fd = -1;
    pthread_mutex_lock(&engine->drive);
    if (is_lent(engine) && engine->paused)
        read_lent(engine, BRIEF); /* no descriptor tells of what was read */
    if (is_lent(engine)) {
        fd = engine->fd;
        engine->sleepers++;
        atomic_fetch_add(&engine->used, 1);
        engine_hold(engine);
    } else if (ask) {
        ask_for(engine);
    }
    engine_release(engine);
    return fd;
}

/* Not while the queue is full, when its descriptor would be ready all the time;
 * and what is long is better read by the home, beside Python. */
static bool worth_lending(const struct engine *engine)
{
    return !engine->paused && engine->body == NULL && engine->need <= BRIEF;
}

/* The home lends with its claim held, then wakes the borrower, who waits for
 * it for that moment. */
void engine_lend_to(struct engine *engine, struct poller *to, bool ask)
{
    if (atomic_load(&engine->lease) == LEASE_GIVEN)
        pthread_mutex_lock(&engine->drive);
    else if (!try_claim(engine))
        return;
    bool worth = worth_lending(engine);
    if (!is_lent(engine)) {
        if (ask && worth)
            ask_for(engine);
    } else if (!worth) {
        call_home(engine);
    } else if (engine->lent_to == NULL) {
        if (poller_set(to, engine->fd, 0, POLLER_IN, NULL) < 0)
            call_home(engine);
        else
            engine->lent_to = to;
    }
    engine_release(engine);
}

static void close_late(struct engine *engine)
{
    close(engine->fd);
    engine->fd = -1;
}

void engine_leave(struct engine *engine)
{
    pthread_mutex_lock(&engine->drive);
    engine->sleepers--;
    if (engine->ended && engine->sleepers == 0)
        close_late(engine);
    engine_release(engine);
    engine_drop(engine);
}

void engine_give_back(struct engine *engine)
{
    pthread_mutex_lock(&engine->drive);
    call_home(engine);
    engine_release(engine);
}

/* The kernel keeps a connection for who polls it, and a closed descriptor's
 * number may soon be somebody else's.  So sleepers are woken, and the last of
 * them closes it. */
void engine_close(struct engine *engine)
{
    (void)end_lease(engine);
    poller_set(engine->poller, engine->fd, engine->watched, 0, engine);
    engine->watched = 0;
    engine->ended = true;
    if (engine->sleepers == 0)
        close_late(engine);
    else
        shutdown(engine->fd, SHUT_RDWR);
}

/* What arrived whole stays. */
static void leave_input(struct engine *e)
{
    queue_rollback(e->in);
    if (e->notifies)
        engine_notify_raw(e);
    queue_flush(e->in);
    queue_set_writer(e->in, NULL);
}

/* Subscriptions will be announced anew; messages are lost. */
static void drop_output(struct engine *e)
{
    struct queue *out = e->out;
    uint64_t read = atomic_load(&out->read);
    uint64_t commands = atomic_load(&out->commands_read);
    struct frame frame;
    while (queue_readable(out)) {
        queue_peek(out, &frame);
        engine_pass(e, &frame);
    }
    read = atomic_load(&out->read) - read;
    commands = atomic_load(&out->commands_read) - commands;
    atomic_fetch_add(&out->lost, read - commands);
}

/* Drops the message that the kernel has a part of. */
static void leave_output(struct engine *e)
{
    if (e->subscribes) {
        drop_output(e);
    } else if (e->sent > 0 || e->out_message) {
        queue_skip_message(e->out);
        atomic_fetch_add(&e->out->lost, 1);
        queue_readable(e->out); /* who watches hears if that was all */
    }
}

void engine_report(struct engine *engine, bool drained, int error)
{
    struct queue *out = engine->out;
    pthread_mutex_lock(&out->lock);
    bool closed = drained || atomic_load(&out->dropped);
    out->reader = NULL;
    out->done = closed;
    if (!engine->quiet) {
        events_push(engine->events, engine->event,
                    closed ? PYMQ_PIPE_CLOSED : PYMQ_LINK_DOWN, engine->pipe,
                    closed ? 0 : error);
        engine->event = NULL;
    }
    pthread_mutex_unlock(&out->lock);
}

void engine_end(struct engine *engine, int error)
{
    engine_close(engine);
    if (engine->out == NULL)
        return;
    leave_input(engine);
    leave_output(engine);
    engine_report(engine, false, error ? error : engine->broken);
}

static void watch(struct engine *e)
{
    bool lent = atomic_load(&e->lease) == LEASE_GIVEN;
    bool reading = !e->eof && !e->paused && !e->choked && !lent;
    bool writing = e->blocked && e->out != NULL && e->broken == 0;
    if (e->shut)
        reading = true; /* for the peer's end, whoever borrows the engine */
    int wanted =
        (reading ? POLLER_IN : 0) | (writing ? POLLER_OUT : 0);
    int result = poller_set(e->poller, e->fd, e->watched, wanted, e);
    if (result < 0)
        engine_end(e, -result);
    else
        e->watched = wanted;
}

static void move_both_ways(struct engine *e, int ready)
{
    bool readable = ready & POLLER_IN;
    if (ready & POLLER_OUT)
        e->blocked = false;
    for (int turn = 0; turn < CHOKED_TURNS && !e->ended && e->out; turn++) {
        (e->raw ? engine_drive_raw_in : engine_drive_in)(e, readable);
        if (!e->ended)
            engine_drive_out(e);
        if (!e->choked || e->replies_size > 0)
            return;
        e->choked = false; /* the replies went out: there is room again */
    }
    if (!e->ended && e->out)
        mailbox_post(&e->end);
}

/* Who asked for the lease sleeps. */
static void lend(struct engine *e)
{
    atomic_store(&e->lease, LEASE_GIVEN);
    queue_wake_reader(e->in);
}

void engine_drive(struct engine *engine, int ready)
{
    if (engine->out == NULL)
        engine_linger(engine);
    else if (atomic_load(&engine->out->dropped))
        engine_end(engine, 0);
    else if (!engine->shut && engine->beat.due != NEVER
             && !heartbeat_turn(engine))
        engine_end(engine, ETIMEDOUT);
    else
        move_both_ways(engine, ready);
    if (engine->ended)
        return;
    if (engine->out == NULL || engine->eof)
        (void)end_lease(engine);
    else if (atomic_load(&engine->lease) == LEASE_WANTED)
        lend(engine);
    watch(engine);
}
