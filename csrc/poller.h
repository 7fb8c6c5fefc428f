/* poller.h - a poller: which descriptors are ready; level-triggered.
 *
 * There is a file for each system call, and only one of them is compiled to
 * anything.  One thread uses a poller; but where it is shared, any thread may
 * put descriptors in, even while that thread waits.
 *
 * A descriptor that hung up or failed is reported as ready for everything: the
 * next system call on it says what happened.  That is so even if it is watched
 * for nothing.  So a paused descriptor is taken out, not watched for 0.
 */
#ifndef POLLER_H
#define POLLER_H
#include <stdbool.h>

enum { POLLER_IN = 1, POLLER_OUT = 2 };

struct ready {
    void *who;
    int events;
};

struct poller;

/* NULL with errno if that fails. */
struct poller *poller_new(void);
void poller_free(struct poller *poller);

bool poller_shared(void);

/* A descriptor that is readable while some of the poller's are ready.  Only
 * where it is shared. */
int poller_fd(const struct poller *poller);

/* Changes what `fd` is watched for from `before` to `after`. poller_wait gives
 * `who` back.  Returns 0 or a negative errno; taking out cannot fail. */
int poller_set(struct poller *poller, int fd, int before, int after,
               void *who);

/* Waits for at most `ms` milliseconds, -1 for ever.  Stores up to `room` that
 * are ready and returns how many; 0 if a signal interrupts. */
int poller_wait(struct poller *poller, int ms, struct ready *into, int room);

#endif
