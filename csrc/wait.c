/* wait.c - how threads sleep until a hub is ready; see hub.h
 *
 * Each sleeper hangs a bell of its own in the mailbox, then looks whether the
 * hub is ready, then sleeps: what changes after the look rings the bell. */
#include "clock.h"
#include "engine.h"
#include "hub.h"
#include "poller.h"
#include "trim.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>

/* A thread that sleeps takes 15 to 60 us to wake up.  So who waits for what
 * comes sooner stays awake: looks again and again.  It pays if messages come
 * within SOON.  A look may take longer, for peers have to find together: while
 * one sleeps the other waits for its wake-up.  Who looked in vain some times
 * sleeps at once for a while, up to 2 to the power of RESTS waits. */
enum {
    SPIN = 100, /* us */
    SOON = 25,  /* us */
    TRIES = 3,
    RESTS = 10
};

static struct bell *borrow_bell(struct hub *hub)
{
    struct bell *bell;
    if (!list_empty(&hub->sleepers)) {
        bell = OWNER(hub->sleepers.next, struct bell, node);
        list_remove(&bell->node);
        return bell;
    }
    bell = malloc(sizeof *bell);
    if (bell != NULL)
        bell_init(bell);
    return bell;
}

static void return_bell(struct hub *hub, struct bell *bell)
{
    mailbox_unwatch(&hub->box, bell);
    if (hub->stopped == 0) {
        list_append(&hub->sleepers, &bell->node);
        return;
    }
    bell_fini(bell); /* nobody will sleep here again */
    free(bell);
}

/* What a thread sleeps on: its bell, and the engines that the hub borrows. */
struct sleep {
    struct bell *bell;
    struct pollfd polled[1 + HUB_LEASES];
    struct engine *engines[HUB_LEASES];
    int count; /* engines */
    bool spins; /* before it sleeps */
    bool soon;  /* something came then */
    bool vain;  /* or not, or later */
};

/* With the lock held. */
static bool may_spin(struct hub *hub)
{
    if (hub->rest == 0)
        return true;
    hub->rest--;
    return false;
}

/* The same. */
static void learn(struct hub *hub, const struct sleep *sleep)
{
    if (sleep->soon)
        hub->vain = 0;
    if (!sleep->vain)
        return;
    if (hub->vain < TRIES + RESTS)
        hub->vain++;
    if (hub->vain > TRIES)
        hub->rest = 1 << (hub->vain - TRIES);
}

static void borrow(struct hub *hub, struct sleep *sleep, bool ask)
{
    int fds[HUB_LEASES];
    sleep->count = hub_borrow(hub, sleep->engines, fds, ask);
    for (int i = 0; i < sleep->count; i++)
        sleep->polled[1 + i] = (struct pollfd){fds[i], POLLIN, 0};
}

/* The wanted events that are there, or a negative errno.  If there are none,
 * `sleep` is made ready. */
static int look(struct hub *hub, int events, struct sleep *sleep, bool first)
{
    pthread_mutex_lock(&hub->lock);
    if (sleep != NULL)
        mailbox_hush(&hub->box, sleep->bell);
    int result = -hub->stopped;
    if (result == 0 && events & HUB_IN && hub->handing)
        result = -EALREADY;
    if (result == 0) {
        hub_attend(hub);
        if (events & HUB_IN && hub_readable(hub))
            result |= HUB_IN;
        if (events & HUB_OUT && hub_resumable(hub))
            result |= HUB_OUT;
        if (events & HUB_SENT && hub_all_sent(hub))
            result |= HUB_SENT;
    }
    if (result == 0 && sleep != NULL && events & HUB_IN)
        borrow(hub, sleep, first);
    if (sleep != NULL)
        sleep->spins = first && sleep->count > 0 && may_spin(hub);
    pthread_mutex_unlock(&hub->lock);
    return result;
}

/* What is there at the first look shows nothing: on one processor it comes when
 * the peer takes that away between the send and the look. */
static bool spin(struct sleep *sleep)
{
    nfds_t count = (nfds_t)sleep->count + 1;
    if (poll(sleep->polled, count, 0) > 0)
        return true;
    int64_t begin = clock_us(), spent = 0;
    int found = 0;
    while (found == 0 && spent < SPIN) {
        found = poll(sleep->polled, count, 0);
        spent = clock_us() - begin;
    }
    sleep->soon = found > 0 && spent < SOON;
    sleep->vain = !sleep->soon;
    return found > 0;
}

static int sleep_until(struct sleep *sleep, int64_t deadline)
{
    int timeout = -1;
    if (sleep->spins && spin(sleep))
        return 0;
    if (deadline >= 0) {
        int64_t left = deadline - clock_ms();
        if (left <= 0)
            return -ETIMEDOUT;
        timeout = left > INT_MAX ? INT_MAX : (int)left;
    }
    nfds_t count = (nfds_t)sleep->count + 1;
    return poll(sleep->polled, count, timeout) < 0 ? -errno : 0;
}

/* Reads for the engines that are ready; nobody rings the reader's own bell. */
static void drive(struct hub *hub, struct sleep *sleep, bool awake)
{
    bool hung = true;
    for (int i = 0; i < sleep->count; i++) {
        if (awake && sleep->polled[1 + i].revents != 0) {
            if (hung)
                mailbox_unwatch(&hub->box, sleep->bell);
            hung = false;
            engine_pull(sleep->engines[i]);
        }
        engine_leave(sleep->engines[i]);
    }
    sleep->count = 0;
    if (!hung)
        mailbox_watch(&hub->box, sleep->bell);
}

static int wait_with(struct hub *hub, struct sleep *sleep, int events,
                     int64_t deadline)
{
    for (bool first = true;; first = false) {
        int result = look(hub, events, sleep, first);
        if (result != 0)
            return result;
        result = sleep_until(sleep, deadline);
        drive(hub, sleep, result == 0);
        if (result == -ETIMEDOUT) {
            (void)trim_idle();
            return 0;
        }
        if (result < 0)
            return result;
    }
}

int pymq_hub_wait(pymq_hub *hub, int events, int timeout)
{
    int result = look(hub, events, NULL, false);
    if (result != 0 || timeout == 0)
        return result;
    int64_t deadline = timeout < 0 ? -1 : clock_ms() + timeout;
    pthread_mutex_lock(&hub->lock);
    struct bell *bell = borrow_bell(hub);
    if (bell != NULL)
        bell->news = (unsigned)events | HUB_END;
    if (bell != NULL && events & HUB_SENT)
        bell->news |= HUB_OUT; /* a pipe that has ended is one */
    hub->waiters += events & HUB_IN;
    hub->skipped = false; /* who sleeps until there is something needs no look */
    int fd = bell ? mailbox_watch(&hub->box, bell) : -ENOMEM;
    pthread_mutex_unlock(&hub->lock);
    struct sleep sleep = {.bell = bell, .polled = {{fd, POLLIN, 0}}};
    if (fd >= 0)
        result = wait_with(hub, &sleep, events, deadline);
    pthread_mutex_lock(&hub->lock);
    learn(hub, &sleep);
    hub->waiters -= events & HUB_IN;
    if (bell != NULL)
        return_bell(hub, bell);
    pthread_mutex_unlock(&hub->lock);
    return fd < 0 ? fd : result;
}

/* A descriptor for a bell and engines: the bell's own where there is none for
 * both, or somebody else reads. */
static int poll_both(struct hub *hub, struct bell *bell, int fd)
{
    if (hub->reader != NULL || !poller_shared())
        return fd;
    if (bell->poller == NULL) {
        struct poller *poller = poller_new();
        if (poller == NULL)
            return -errno;
        int result = poller_set(poller, fd, 0, POLLER_IN, NULL);
        if (result < 0) {
            poller_free(poller);
            return result;
        }
        bell->poller = poller;
    }
    hub->reader = bell;
    return poller_fd(bell->poller);
}

pymq_bell *pymq_hub_hang(pymq_hub *hub, int events, int reads, int *fd)
{
    *fd = -ENOTSOCK;
    if (loop_is_foreign(hub->loop))
        return NULL;
    pthread_mutex_lock(&hub->lock);
    struct bell *bell = borrow_bell(hub);
    *fd = -ENOMEM;
    if (bell != NULL) {
        bell->news = (unsigned)events | HUB_END;
        *fd = mailbox_watch(&hub->box, bell);
        if (*fd >= 0 && reads)
            *fd = poll_both(hub, bell, *fd);
        if (*fd < 0)
            return_bell(hub, bell);
    }
    if (*fd >= 0 && bell != hub->reader) {
        hub->polled = true;
        hub->listeners++;
        hub_give_back(hub); /* who polls it waits for the home to read */
    }
    pthread_mutex_unlock(&hub->lock);
    return *fd < 0 ? NULL : bell;
}

void pymq_hub_hush(pymq_hub *hub, pymq_bell *bell)
{
    if (loop_is_foreign(hub->loop))
        return;
    pthread_mutex_lock(&hub->lock);
    mailbox_hush(&hub->box, bell);
    if (bell == hub->reader)
        hub_read(hub);
    pthread_mutex_unlock(&hub->lock);
}

void pymq_hub_unhang(pymq_hub *hub, pymq_bell *bell)
{
    if (loop_is_foreign(hub->loop))
        return;
    pthread_mutex_lock(&hub->lock);
    if (bell == hub->reader) {
        hub_give_back(hub);
        hub->reader = NULL;
    } else {
        hub->listeners--;
    }
    return_bell(hub, bell);
    pthread_mutex_unlock(&hub->lock);
}

int pymq_hub_fileno(pymq_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    int fd = mailbox_watch(&hub->box, &hub->standing);
    hub_give_back(hub); /* who polls it waits for the home to read */
    if (fd >= 0 && !hub->has_fileno) {
        hub->has_fileno = true;
        hub_wake(hub, ANY_NEWS);
    }
    pthread_mutex_unlock(&hub->lock);
    return fd;
}
