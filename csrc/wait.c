/* wait.c - how threads sleep until a hub is ready; see hub.h
 *
 * Each sleeper hangs a bell of its own in the mailbox, then looks whether the
 * hub is ready, then sleeps: what changes after the look rings the bell. */
#include "clock.h"
#include "hub.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>

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

/* The wanted events that are there, or the negative errno of stop. */
static int look(struct hub *hub, int events, struct bell *bell)
{
    pthread_mutex_lock(&hub->lock);
    if (bell != NULL)
        mailbox_hush(&hub->box, bell);
    int result = -hub->stopped;
    if (result == 0) {
        hub_attend(hub);
        if (events & HUB_IN && hub_readable(hub))
            result |= HUB_IN;
        if (events & HUB_OUT && hub_resumable(hub))
            result |= HUB_OUT;
    }
    pthread_mutex_unlock(&hub->lock);
    return result;
}

static int sleep_until(int fd, int64_t deadline)
{
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    int timeout = -1;
    if (deadline >= 0) {
        int64_t left = deadline - clock_ms();
        if (left <= 0)
            return -ETIMEDOUT;
        timeout = left > INT_MAX ? INT_MAX : (int)left;
    }
    return poll(&watched, 1, timeout) < 0 ? -errno : 0;
}

static int wait_with(struct hub *hub, struct bell *bell, int fd, int events,
                     int64_t deadline)
{
    for (;;) {
        int result = look(hub, events, bell);
        if (result != 0)
            return result;
        result = sleep_until(fd, deadline);
        if (result == -ETIMEDOUT)
            return 0;
        if (result < 0)
            return result;
    }
}

int pymq_hub_wait(pymq_hub *hub, int events, int timeout)
{
    int result = look(hub, events, NULL);
    if (result != 0 || timeout == 0)
        return result;
    int64_t deadline = timeout < 0 ? -1 : clock_ms() + timeout;
    pthread_mutex_lock(&hub->lock);
    struct bell *bell = borrow_bell(hub);
    if (bell != NULL)
        bell->news = (unsigned)events | HUB_END;
    int fd = bell ? mailbox_watch(&hub->box, bell) : -ENOMEM;
    pthread_mutex_unlock(&hub->lock);
    if (fd >= 0)
        result = wait_with(hub, bell, fd, events, deadline);
    pthread_mutex_lock(&hub->lock);
    if (bell != NULL)
        return_bell(hub, bell);
    pthread_mutex_unlock(&hub->lock);
    return fd < 0 ? fd : result;
}

int pymq_hub_fileno(pymq_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    int fd = mailbox_watch(&hub->box, &hub->standing);
    if (fd >= 0 && !hub->has_fileno) {
        hub->has_fileno = true;
        hub_wake(hub, ANY_NEWS);
    }
    pthread_mutex_unlock(&hub->lock);
    return fd;
}
