/* engine.c - life of an engine; see engine.h */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "engine.h"

#include "clock.h"
#include "poller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DISCARD_SIZE = 16384, DISCARD_READS = 16, CHOKED_TURNS = 8 };

static struct engine *engine_new(const struct engine_link *link)
{
    struct engine *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    pthread_mutex_init(&e->drive, NULL);
    list_init(&e->node);
    e->fd = link->fd;
    e->pipe = link->pipe;
    e->takes_topics = link->takes_topics;
    e->subscribes = link->subscribes;
    e->max_size =
        link->max_size < 0 ? UINT64_MAX : (uint64_t)link->max_size;
    e->event = malloc(sizeof *e->event);
    e->leftover_size = link->leftover_size;
    if (e->leftover_size > 0) {
        e->leftover = malloc(e->leftover_size);
        if (e->leftover != NULL)
            memcpy(e->leftover, link->leftover, e->leftover_size);
    }
    if (e->event == NULL || (e->leftover_size > 0 && e->leftover == NULL)) {
        engine_free(e);
        return NULL;
    }
    return e;
}

void engine_free(struct engine *engine)
{
    queue_release(engine->out);
    queue_release(engine->in);
    pthread_mutex_destroy(&engine->drive);
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

int engine_start(struct loop *loop, const struct engine_link *link,
                 struct queue *out, struct queue *in)
{
    struct engine *e = engine_new(link);
    if (e == NULL)
        return -ENOMEM;
    quieten_signal(e->fd);
    e->events = loop_events(loop);
    e->out = queue_hold(out);
    e->in = queue_hold(in);
    e->scan = e->fill = in->fill_at;
    int result = loop_adopt(loop, e);
    if (result < 0)
        engine_free(e);
    return result;
}

bool engine_claim(struct engine *engine)
{
    return pthread_mutex_trylock(&engine->drive) == 0;
}

void engine_release(struct engine *engine)
{
    pthread_mutex_unlock(&engine->drive);
}

static void close_descriptor(struct engine *e)
{
    poller_set(e->poller, e->fd, e->watched, 0, e);
    e->watched = 0;
    close(e->fd);
    e->fd = -1;
    e->ended = true;
}

/* What arrived whole stays; the publisher's hub is told in the same queue
 * that the subscriptions in front of this are over. */
static void leave_input(struct engine *e)
{
    queue_rollback(e->in);
    if (e->takes_topics && queue_write(e->in, FRAME_COMMAND, NULL, 0) == 0)
        queue_finish(e->in);
    queue_flush(e->in);
    queue_set_writer(e->in, NULL);
}

/* Drops the message that the kernel has a part of. */
static void leave_output(struct engine *e)
{
    if (e->subscribes)
        queue_skip_all(e->out);
    else if (e->sent > 0 || e->out_message)
        queue_skip_message(e->out);
}

/* Lets go of the queue and reports, in one moment for the pipe. */
static void report(struct engine *e, bool drained, int error)
{
    pthread_mutex_lock(&e->out->lock);
    bool closed = drained || atomic_load(&e->out->dropped);
    e->out->reader = NULL;
    e->out->done = closed;
    events_push(e->events, e->event,
                closed ? PYMQ_PIPE_CLOSED : PYMQ_LINK_DOWN, e->pipe,
                closed ? 0 : error);
    e->event = NULL;
    pthread_mutex_unlock(&e->out->lock);
}

void engine_end(struct engine *engine, int error)
{
    close_descriptor(engine);
    if (engine->out == NULL)
        return;
    leave_input(engine);
    leave_output(engine);
    report(engine, false, error ? error : engine->broken);
}

/* Throws input away until the peer has closed. */
static void linger(struct engine *e)
{
    char sink[DISCARD_SIZE];
    for (int i = 0; i < DISCARD_READS && !e->eof; i++) {
        ssize_t done = recv(e->fd, sink, sizeof sink, 0);
        if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (done == 0 || (done < 0 && errno != EINTR))
            e->eof = true;
    }
    if (e->eof || clock_ms() >= e->deadline)
        close_descriptor(e);
}

void engine_drained(struct engine *engine)
{
    if (shutdown(engine->fd, SHUT_WR) < 0)
        engine->eof = true;
    queue_rollback(engine->in);
    queue_set_writer(engine->in, NULL);
    report(engine, true, 0);
    queue_release(engine->out);
    queue_release(engine->in);
    engine->out = engine->in = NULL;
    engine->deadline = clock_ms() + LINGER_AFTER;
    linger(engine);
}

static void watch(struct engine *e)
{
    bool reading = !e->eof && !e->paused && !e->choked;
    bool writing = e->blocked && e->out != NULL && e->broken == 0;
    if (e->out == NULL)
        reading = true;
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
        engine_drive_in(e, readable);
        if (!e->ended)
            engine_drive_out(e);
        if (!e->choked || e->replies_size > 0)
            return;
        e->choked = false; /* the replies went out: there is room again */
    }
    if (!e->ended && e->out)
        mailbox_post(&e->end);
}

void engine_drive(struct engine *engine, int ready)
{
    if (engine->out == NULL)
        linger(engine);
    else if (atomic_load(&engine->out->dropped))
        engine_end(engine, 0);
    else
        move_both_ways(engine, ready);
    if (!engine->ended)
        watch(engine);
}
