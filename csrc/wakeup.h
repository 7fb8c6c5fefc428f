/* wakeup.h - a descriptor that turns readable: how a sleeping thread is woken.
 *
 * An eventfd where there is one, else a pipe; made when first asked for.
 * Raising a raised wakeup costs no system call.  Callers hold a lock.
 */
#ifndef WAKEUP_H
#define WAKEUP_H
#include <stdbool.h>

struct wakeup {
    int fd, write_fd;
    bool raised;
};

void wakeup_init(struct wakeup *wakeup);
void wakeup_fini(struct wakeup *wakeup);

/* The descriptor, readable while raised; or a negative errno. */
int wakeup_fd(struct wakeup *wakeup);

void wakeup_raise(struct wakeup *wakeup);
void wakeup_clear(struct wakeup *wakeup);

#endif
