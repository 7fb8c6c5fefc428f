/* wakeup.h - a wakeup: a descriptor that turns readable, to wake a sleeping
 * thread.
 *
 * It is an eventfd where there is one, else a pipe, and is made when first
 * asked for.  To raise it again costs no system call.  Callers hold a lock.
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

/* Returns the descriptor, which is readable while raised, or a negative errno.
 */
int wakeup_fd(struct wakeup *wakeup);

void wakeup_raise(struct wakeup *wakeup);
void wakeup_clear(struct wakeup *wakeup);

#endif
