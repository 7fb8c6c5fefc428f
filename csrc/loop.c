/* loop.c - see loop.h */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "loop.h"

#include "clock.h"
#include "engine.h"
#include "list.h"
#include "mailbox.h"
#include "poller.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCH = 64 };

struct worker {
    pthread_t thread;
    struct mailbox box;
    struct bell bell;
    struct poller *poller;
    struct list engines;   /* under the loop's lock */
    struct list lingering; /* the same, moved here; earliest deadline first */
    size_t load;           /* engines of both lists */
    struct loop *loop;
    atomic_bool stopping;
};

struct loop {
    atomic_uint refs;
    pthread_mutex_t lock; /* of start, stop and adopt; outside a queue's */
    struct events events;
    pid_t pid;   /* of the process that made it */
    int running; /* workers */
    bool stopped;
    int count;
    struct worker workers[];
};

pymq_loop *pymq_loop_new(int threads)
{
    size_t count = threads > 0 ? (size_t)threads : 0;
    struct loop *loop =
        calloc(1, sizeof *loop + count * sizeof loop->workers[0]);
    if (loop == NULL)
        return NULL;
    atomic_init(&loop->refs, 1);
    pthread_mutex_init(&loop->lock, NULL);
    events_init(&loop->events);
    loop->count = (int)count;
    loop->pid = getpid();
    return loop;
}

struct loop *loop_hold(struct loop *loop)
{
    atomic_fetch_add(&loop->refs, 1);
    return loop;
}

void pymq_loop_release(pymq_loop *loop)
{
    if (atomic_fetch_sub(&loop->refs, 1) != 1 || loop_is_foreign(loop))
        return;
    pymq_loop_stop(loop);
    events_fini(&loop->events);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

bool loop_is_foreign(const struct loop *loop)
{
    return loop->pid != getpid();
}

struct events *loop_events(struct loop *loop)
{
    return &loop->events;
}

int pymq_loop_fileno(pymq_loop *loop)
{
    return events_fileno(&loop->events);
}

int pymq_loop_take(pymq_loop *loop, pymq_event *into, int room)
{
    return events_take(&loop->events, into, room);
}

/* A worker's thread. */

static void dismiss(struct worker *worker, struct engine *engine)
{
    mailbox_withdraw(&engine->end);
    pthread_mutex_lock(&worker->loop->lock);
    list_remove(&engine->node);
    worker->load--;
    pthread_mutex_unlock(&worker->loop->lock);
    engine_free(engine);
}

static void set_lingering(struct worker *worker, struct engine *engine)
{
    pthread_mutex_lock(&worker->loop->lock);
    list_move_last(&worker->lingering, &engine->node);
    pthread_mutex_unlock(&worker->loop->lock);
}

static void turn(struct worker *worker, struct engine *engine, int ready)
{
    if (!engine_claim(engine))
        return;
    bool lingered = engine->deadline > 0;
    engine_drive(engine, ready);
    bool ended = engine->ended, lingers = engine->deadline > 0;
    engine_release(engine);
    if (ended)
        dismiss(worker, engine);
    else if (lingers && !lingered)
        set_lingering(worker, engine);
}

static struct engine *first_lingering(struct worker *worker)
{
    if (list_empty(&worker->lingering))
        return NULL;
    return OWNER(worker->lingering.next, struct engine, node);
}

static int timeout(struct worker *worker)
{
    struct engine *first = first_lingering(worker);
    if (first == NULL)
        return -1;
    int64_t left = first->deadline - clock_ms();
    return left > 0 ? (int)left : 0;
}

/* Sleeps unless something was posted, and drives who is ready. */
static void poll_once(struct worker *worker)
{
    struct ready ready[BATCH];
    mailbox_watch(&worker->box, &worker->bell);
    bool idle = mailbox_count(&worker->box) == 0
                && !atomic_load(&worker->stopping);
    int count =
        poller_wait(worker->poller, idle ? timeout(worker) : 0, ready, BATCH);
    mailbox_unwatch(&worker->box, &worker->bell);
    for (int i = 0; i < count; i++)
        if (ready[i].who != NULL)
            turn(worker, ready[i].who, ready[i].events);
}

/* Those posted by now; who is posted meanwhile waits for the next round, so
 * that descriptors get their turn. */
static void attend(struct worker *worker)
{
    struct end *end;
    for (size_t left = mailbox_count(&worker->box); left > 0; left--)
        if ((end = mailbox_take(&worker->box)) != NULL)
            turn(worker, OWNER(end, struct engine, end), 0);
}

static void expire(struct worker *worker)
{
    struct engine *first;
    while ((first = first_lingering(worker)) != NULL
           && first->deadline <= clock_ms())
        turn(worker, first, 0);
}

static void end_all(struct worker *worker, struct list *engines)
{
    while (!list_empty(engines)) {
        struct engine *engine = OWNER(engines->next, struct engine, node);
        if (engine->deadline > 0)
            engine_drive(engine, 0); /* unread input would make a RST */
        if (!engine->ended)
            engine_end(engine, 0);
        dismiss(worker, engine);
    }
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    while (!atomic_load(&worker->stopping)) {
        poll_once(worker);
        attend(worker);
        expire(worker);
    }
    attend(worker);
    end_all(worker, &worker->engines);
    end_all(worker, &worker->lingering);
    return NULL;
}

/* Start and stop. */

static int worker_init(struct worker *worker, struct loop *loop)
{
    worker->loop = loop;
    mailbox_init(&worker->box);
    bell_init(&worker->bell);
    list_init(&worker->engines);
    list_init(&worker->lingering);
    atomic_init(&worker->stopping, false);
    worker->poller = poller_new();
    int result = worker->poller ? wakeup_fd(&worker->bell.wakeup) : -errno;
    if (result >= 0)
        result = poller_set(worker->poller, result, 0, POLLER_IN, NULL);
    return result;
}

static void worker_fini(struct worker *worker)
{
    if (worker->poller != NULL)
        poller_free(worker->poller);
    bell_fini(&worker->bell);
    mailbox_fini(&worker->box);
}

/* Signals are for the threads that Python knows. */
static int start_thread(struct worker *worker)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&worker->thread, NULL, run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -result;
}

static int start_worker(struct worker *worker, struct loop *loop)
{
    int result = worker_init(worker, loop);
    if (result >= 0)
        result = start_thread(worker);
    if (result < 0)
        worker_fini(worker);
    return result;
}

int pymq_loop_start(pymq_loop *loop)
{
    int result = 0;
    pthread_mutex_lock(&loop->lock);
    while (!loop->stopped && loop->running < loop->count && result >= 0) {
        result = start_worker(&loop->workers[loop->running], loop);
        if (result >= 0)
            loop->running++;
    }
    pthread_mutex_unlock(&loop->lock);
    return result < 0 ? result : 0;
}

void pymq_loop_stop(pymq_loop *loop)
{
    if (loop_is_foreign(loop))
        return;
    pthread_mutex_lock(&loop->lock);
    int running = loop->running;
    loop->running = 0;
    loop->stopped = true;
    pthread_mutex_unlock(&loop->lock);
    for (int i = 0; i < running; i++) {
        struct worker *worker = &loop->workers[i];
        atomic_store(&worker->stopping, true);
        mailbox_ring(&worker->box, ANY_NEWS);
        pthread_join(worker->thread, NULL);
        worker_fini(worker);
    }
}

static struct worker *least_loaded(struct loop *loop)
{
    struct worker *best = NULL;
    for (int i = 0; i < loop->running; i++)
        if (best == NULL || loop->workers[i].load < best->load)
            best = &loop->workers[i];
    return best;
}

int loop_adopt(struct loop *loop, struct engine *engine)
{
    pthread_mutex_lock(&loop->lock);
    struct worker *worker = least_loaded(loop);
    if (worker != NULL) {
        worker->load++;
        engine->poller = worker->poller;
        end_init(&engine->end, &worker->box);
        queue_set_writer(engine->in, &engine->end);
        queue_set_reader(engine->out, &engine->end);
        mailbox_post(&engine->end);
    }
    pthread_mutex_unlock(&loop->lock);
    if (worker != NULL)
        return 0;
    return loop->stopped ? -ESHUTDOWN : -EINVAL;
}
