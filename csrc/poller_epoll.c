/* poller_epoll.c - Linux; see poller.h
 *
 * epoll keys on the open file, not on the number: a copy of the descriptor in
 * a forked child keeps a closed one registered.  So descriptors are always
 * taken out before they are closed. */
#if defined(__linux__) && !defined(PYMQ_NO_EPOLL)
#include "poller.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BATCH = 64 };

struct poller {
    int fd;
};

struct poller *poller_new(void)
{
    struct poller *poller = malloc(sizeof *poller);
    if (poller == NULL)
        return NULL;
    poller->fd = epoll_create1(EPOLL_CLOEXEC);
    if (poller->fd < 0) {
        int error = errno;
        free(poller);
        errno = error;
        return NULL;
    }
    return poller;
}

void poller_free(struct poller *poller)
{
    close(poller->fd);
    free(poller);
}

bool poller_shared(void)
{
    return true;
}

int poller_fd(const struct poller *poller)
{
    return poller->fd;
}

int poller_set(struct poller *poller, int fd, int before, int after,
               void *who)
{
    struct epoll_event event = {.data.ptr = who};
    if (after & POLLER_IN)
        event.events |= EPOLLIN;
    if (after & POLLER_OUT)
        event.events |= EPOLLOUT;
    int how = after == 0 ? EPOLL_CTL_DEL
                         : before == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (after == before)
        return 0;
    int result = epoll_ctl(poller->fd, how, fd, &event);
    return result < 0 && after != 0 ? -errno : 0;
}

static int translate(uint32_t events)
{
    if (events & (EPOLLERR | EPOLLHUP))
        return POLLER_IN | POLLER_OUT;
    return (events & EPOLLIN ? POLLER_IN : 0)
           | (events & EPOLLOUT ? POLLER_OUT : 0);
}

int poller_wait(struct poller *poller, int ms, struct ready *into, int room)
{
    struct epoll_event events[BATCH];
    int most = room < BATCH ? room : BATCH;
    int count = epoll_wait(poller->fd, events, most, ms);
    for (int i = 0; i < count; i++)
        into[i] = (struct ready){events[i].data.ptr,
                                 translate(events[i].events)};
    return count < 0 ? 0 : count;
}

#endif
