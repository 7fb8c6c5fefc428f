/* loop.c - see loop.h */
#include "loop.h"

#include "clock.h"
#include "engine.h"
#include "list.h"
#include "mailbox.h"
#include "poller.h"
#include "spare.h"
#include "trim.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    BATCH = 64,
    RUSH = 100 /* us of sleep: less costs more than it saves */
};

/* Engines that wait for a moment, by what for.  Of each kind all wait equally
 * long, so the first of a list is due first. */
enum kind {
    LINGERING, /* for the peer's end */
    LENT,      /* for the end of the lease */
    HOLDING,   /* for the kernel, which has bytes of theirs */
    KINDS
};

struct worker {
    pthread_t thread;
    struct mailbox box;
    struct bell bell;
    struct poller *poller;
    struct list engines;        /* under the loop's lock */
    struct list waiting[KINDS]; /* the same, moved here */
    struct list beating;        /* heartbeats of any of them; the thread's */
    size_t load;                /* engines of all lists */
    struct loop *loop;
    bool rushed; /* the last sleep was hardly worth it */
    bool worked; /* since the last look at what may be given back */
    atomic_bool stopping;
};

struct loop {
    atomic_uint refs;
    pthread_mutex_t lock; /* of start, stop and adopt; outside a queue's */
    struct events events;
    unsigned forks; /* before the process that made it */
    int running;    /* workers */
    bool stopped;
    int count;
    struct worker workers[];
};

/* Asking the system who we are would cost more than most calls. */
static unsigned forks;
static pthread_once_t watching_forks = PTHREAD_ONCE_INIT;

static void count_fork(void)
{
    forks++;
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, count_fork);
}

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
    pthread_once(&watching_forks, watch_forks);
    loop->forks = forks;
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
    return loop->forks != forks;
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

void pymq_loop_nudge(pymq_loop *loop)
{
    if (!loop_is_foreign(loop))
        events_nudge(&loop->events);
}

/* A worker's thread. */

/* With the loop's lock held. */
static void forget(struct worker *worker, struct engine *engine)
{
    list_remove(&engine->node);
    heartbeat_unlist(&engine->beat);
    mailbox_withdraw(&engine->end);
    worker->load--;
    engine_drop(engine);
}

static void dismiss(struct worker *worker, struct engine *engine)
{
    pthread_mutex_lock(&worker->loop->lock);
    forget(worker, engine);
    pthread_mutex_unlock(&worker->loop->lock);
}

static void move(struct worker *worker, struct list *to,
                 struct engine *engine, int64_t until)
{
    engine->until = until;
    pthread_mutex_lock(&worker->loop->lock);
    list_move_last(to, &engine->node);
    pthread_mutex_unlock(&worker->loop->lock);
}

static bool is_lent(const struct engine *engine)
{
    return atomic_load(&engine->lease) == LEASE_GIVEN;
}

static void note_lease(struct worker *worker, struct engine *engine)
{
    engine->used_then = atomic_load(&engine->used);
    move(worker, &worker->waiting[LENT], engine, clock_ms() + LENT_FOR);
}

/* Whoever takes an engine's first turn holds the loop's lock.  To poll until
 * that is over would keep the processor from it. */
static bool claim(struct worker *worker, struct engine *engine)
{
    if (engine_claim(engine))
        return true;
    pthread_mutex_lock(&worker->loop->lock);
    pthread_mutex_unlock(&worker->loop->lock);
    return engine_claim(engine);
}

/* False if somebody else drives, who then posts it. */
static bool turn(struct worker *worker, struct engine *engine, int ready)
{
    worker->worked = true;
    if (!claim(worker, engine))
        return false;
    bool lingered = engine->deadline > 0, lent = is_lent(engine);
    int64_t looked = engine->look_at;
    engine_drive(engine, ready);
    bool ended = engine->ended, lends = is_lent(engine);
    int64_t deadline = engine->deadline, look_at = engine->look_at;
    int64_t beat = engine->beat.due;
    engine_release(engine);
    if (ended) {
        dismiss(worker, engine);
        return true;
    }
    heartbeat_list(&worker->beating, &engine->beat, beat);
    if (deadline > 0 && !lingered)
        move(worker, &worker->waiting[LINGERING], engine, deadline);
    else if (look_at != looked)
        move(worker, &worker->waiting[HOLDING], engine, look_at);
    else if (lends && !lent)
        note_lease(worker, engine);
    return true;
}

static struct engine *first(struct list *engines)
{
    if (list_empty(engines))
        return NULL;
    return OWNER(engines->next, struct engine, node);
}

static int timeout(struct worker *worker)
{
    int64_t left = spare_expire() ? SPARE_TIME : INT_MAX;
    if (worker->worked && left > TRIM_AFTER)
        left = TRIM_AFTER;
    int64_t due = heartbeat_next(&worker->beating);
    for (int kind = 0; kind < KINDS; kind++) {
        const struct engine *engine = first(&worker->waiting[kind]);
        if (engine != NULL && engine->until < due)
            due = engine->until;
    }
    if (due != NEVER && due - clock_ms() < left)
        left = due - clock_ms();
    if (left == INT_MAX)
        return -1;
    return left > 0 ? (int)left : 0;
}

/* Sleeps unless something was posted, and drives who is ready. */
static void poll_once(struct worker *worker)
{
    struct ready ready[BATCH];
    mailbox_watch(&worker->box, &worker->bell);
    bool idle = mailbox_count(&worker->box) == 0
                && !atomic_load(&worker->stopping);
    int64_t before = idle ? clock_us() : 0;
    int count =
        poller_wait(worker->poller, idle ? timeout(worker) : 0, ready, BATCH);
    if (idle)
        worker->rushed = clock_us() - before < RUSH;
    mailbox_unwatch(&worker->box, &worker->bell);
    if (idle && count == 0 && trim_idle())
        worker->worked = false;
    for (int i = 0; i < count; i++)
        if (ready[i].who != NULL)
            turn(worker, ready[i].who, ready[i].events);
}

/* Those posted by now; who is posted meanwhile waits for the next round, so
 * that descriptors get their turn. */
static bool attend(struct worker *worker)
{
    struct end *end;
    size_t count = mailbox_count(&worker->box);
    for (size_t left = count; left > 0; left--)
        if ((end = mailbox_take(&worker->box)) != NULL)
            turn(worker, OWNER(end, struct engine, end), 0);
    return count > 0;
}

/* Its time has come.  Who is driven by another is posted, and late already: to
 * try again until that is so would keep the processor from the other. */
static void take_late(struct worker *worker, struct engine *engine)
{
    if (!turn(worker, engine, 0))
        move(worker, &worker->engines, engine, NEVER);
}

/* Ends a lease that nobody uses. */
static void call_in(struct worker *worker, struct engine *engine)
{
    if (is_lent(engine) && atomic_load(&engine->used) != engine->used_then) {
        note_lease(worker, engine);
        return;
    }
    move(worker, &worker->engines, engine, NEVER);
    engine_give_back(engine);
}

static void expire(struct worker *worker)
{
    struct engine *engine;
    for (int kind = 0; kind < KINDS; kind++)
        while ((engine = first(&worker->waiting[kind])) != NULL
               && engine->until <= clock_ms())
            (kind == LENT ? call_in : take_late)(worker, engine);
    while ((engine = heartbeat_take(&worker->beating)) != NULL)
        turn(worker, engine, 0);
}

static void end_all(struct worker *worker, struct list *engines)
{
    while (!list_empty(engines)) {
        struct engine *engine = OWNER(engines->next, struct engine, node);
        pthread_mutex_lock(&engine->drive);
        if (engine->deadline > 0)
            engine_drive(engine, 0); /* unread input would make a RST */
        if (!engine->ended)
            engine_end(engine, 0);
        pthread_mutex_unlock(&engine->drive);
        dismiss(worker, engine);
    }
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    while (!atomic_load(&worker->stopping)) {
        poll_once(worker);
        bool busy = attend(worker);
        expire(worker);
        if (busy && worker->rushed)
            sched_yield(); /* who has posted will do so again: sleep later */
    }
    attend(worker);
    end_all(worker, &worker->engines);
    for (int kind = 0; kind < KINDS; kind++)
        end_all(worker, &worker->waiting[kind]);
    return NULL;
}

/* Start and stop. */

static int worker_init(struct worker *worker, struct loop *loop)
{
    worker->loop = loop;
    mailbox_init(&worker->box);
    bell_init(&worker->bell);
    list_init(&worker->engines);
    for (int kind = 0; kind < KINDS; kind++)
        list_init(&worker->waiting[kind]);
    list_init(&worker->beating);
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
        if (result >= 0) {
            loop->running++;
            spare_thread(1);
        }
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
        spare_thread(-1);
    }
}

static bool allowed(int worker, uint64_t affinity)
{
    return affinity == 0 || (worker < 64 && (affinity >> worker & 1) != 0);
}

static struct worker *least_loaded(struct loop *loop, uint64_t affinity)
{
    struct worker *best = NULL;
    for (int i = 0; i < loop->running; i++)
        if (allowed(i, affinity)
            && (best == NULL || loop->workers[i].load < best->load))
            best = &loop->workers[i];
    return best;
}

/* The first turn is the caller's, so that most need not wake the worker.  The
 * poller has only those that did not end in it. */
static void first_turn(struct worker *worker, struct engine *engine)
{
    if (!engine_claim(engine))
        return;
    engine_drive(engine, 0);
    bool ended = engine->ended;
    bool pending = !ended && engine_pending(engine);
    engine_release(engine);
    if (ended)
        forget(worker, engine);
    else if (pending)
        mailbox_post(&engine->end);
}

static void settle(struct worker *worker, struct engine *engine)
{
    engine->poller = worker->poller;
    end_init(&engine->end, &worker->box);
    queue_set_writer(engine->in, &engine->end);
    queue_set_reader(engine->out, &engine->end);
    worker->load++;
    list_append(&worker->engines, &engine->node);
    if (poller_shared() && engine_brief(engine))
        first_turn(worker, engine);
    else
        mailbox_post(&engine->end);
}

int loop_adopt(struct loop *loop, struct engine *engine, uint64_t affinity)
{
    pthread_mutex_lock(&loop->lock);
    int result = loop->stopped ? -ESHUTDOWN : -EINVAL;
    struct worker *worker = least_loaded(loop, affinity);
    if (worker != NULL) {
        settle(worker, engine);
        result = 0;
    }
    pthread_mutex_unlock(&loop->lock);
    return result;
}
