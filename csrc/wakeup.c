/* wakeup.c - see wakeup.h */
#include "wakeup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/eventfd.h>
#endif

void wakeup_init(struct wakeup *wakeup)
{
    wakeup->fd = wakeup->write_fd = -1;
    wakeup->raised = false;
}

void wakeup_fini(struct wakeup *wakeup)
{
    if (wakeup->write_fd >= 0 && wakeup->write_fd != wakeup->fd)
        close(wakeup->write_fd);
    if (wakeup->fd >= 0)
        close(wakeup->fd);
    wakeup_init(wakeup);
}

#ifdef __linux__
static int open_both(int fds[2])
{
    fds[0] = fds[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fds[0] < 0 ? -errno : 0;
}
#else
static int open_both(int fds[2])
{
    if (pipe(fds) < 0)
        return -errno;
    for (int i = 0; i < 2; i++) {
        fcntl(fds[i], F_SETFD, FD_CLOEXEC);
        fcntl(fds[i], F_SETFL, O_NONBLOCK);
    }
    return 0;
}
#endif

static void write_one(struct wakeup *wakeup)
{
    uint64_t one = 1;
    ssize_t done;
    do
        done = write(wakeup->write_fd, &one, sizeof one);
    while (done < 0 && errno == EINTR);
}

int wakeup_fd(struct wakeup *wakeup)
{
    if (wakeup->fd < 0) {
        int fds[2];
        int result = open_both(fds);
        if (result < 0)
            return result;
        wakeup->fd = fds[0];
        wakeup->write_fd = fds[1];
        if (wakeup->raised)
            write_one(wakeup);
    }
    return wakeup->fd;
}

void wakeup_raise(struct wakeup *wakeup)
{
    if (wakeup->raised)
        return;
    wakeup->raised = true;
    if (wakeup->fd >= 0)
        write_one(wakeup);
}

void wakeup_clear(struct wakeup *wakeup)
{
    uint64_t sink;
    if (wakeup->raised && wakeup->fd >= 0)
        while (read(wakeup->fd, &sink, sizeof sink) < 0 && errno == EINTR)
            ;
    wakeup->raised = false;
}
