/* poller_poll.c - any POSIX system; see poller.h */
#if !defined(__linux__) || defined(PYMQ_NO_EPOLL)
#include "poller.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

struct poller {
    struct pollfd *fds;
    void **who;
    size_t used, room;
    size_t next; /* where the last wait stopped looking, for fairness */
};

struct poller *poller_new(void)
{
    return calloc(1, sizeof(struct poller));
}

void poller_free(struct poller *poller)
{
    free(poller->fds);
    free(poller->who);
    free(poller);
}

bool poller_shared(void)
{
    return false;
}

int poller_fd(const struct poller *poller)
{
    (void)poller;
    return -ENOTSUP;
}

static int make_room(struct poller *poller)
{
    if (poller->used < poller->room)
        return 0;
    size_t room = poller->room ? poller->room * 2 : 16;
    struct pollfd *fds = realloc(poller->fds, room * sizeof *fds);
    if (fds != NULL)
        poller->fds = fds;
    void **who = realloc(poller->who, room * sizeof *who);
    if (who != NULL)
        poller->who = who;
    if (fds == NULL || who == NULL)
        return -ENOMEM;
    poller->room = room;
    return 0;
}

static size_t find(const struct poller *poller, int fd)
{
    size_t at = 0;
    while (at < poller->used && poller->fds[at].fd != fd)
        at++;
    return at;
}

static void take_out(struct poller *poller, size_t at)
{
    size_t last = --poller->used;
    poller->fds[at] = poller->fds[last];
    poller->who[at] = poller->who[last];
}

int poller_set(struct poller *poller, int fd, int before, int after,
               void *who)
{
    size_t at = before ? find(poller, fd) : poller->used;
    if (after == before)
        return 0;
    if (after == 0) {
        take_out(poller, at);
        return 0;
    }
    if (before == 0) {
        if (make_room(poller) < 0)
            return -ENOMEM;
        poller->used++;
    }
    int events = (after & POLLER_IN ? POLLIN : 0)
                 | (after & POLLER_OUT ? POLLOUT : 0);
    poller->fds[at] = (struct pollfd){.fd = fd, .events = (short)events};
    poller->who[at] = who;
    return 0;
}

static int translate(int events)
{
    if (events & (POLLERR | POLLHUP | POLLNVAL))
        return POLLER_IN | POLLER_OUT;
    return (events & POLLIN ? POLLER_IN : 0)
           | (events & POLLOUT ? POLLER_OUT : 0);
}

int poller_wait(struct poller *poller, int ms, struct ready *into, int room)
{
    int count = 0;
    if (poll(poller->fds, (nfds_t)poller->used, ms) <= 0)
        return 0;
    for (size_t i = 0; i < poller->used && count < room; i++) {
        size_t at = (poller->next + i) % poller->used;
        int events = translate(poller->fds[at].revents);
        if (events != 0)
            into[count++] = (struct ready){poller->who[at], events};
        if (count == room)
            poller->next = at + 1;
    }
    return count;
}

#endif
