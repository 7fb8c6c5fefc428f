/* poller.h - which descriptors are ready; level-triggered.
 *
 * A file for each system call, of which one is not empty.  One thread uses a
 * poller, but where it is shared any may put descriptors in, even while that
 * waits.
 *
 * A descriptor that hung up or failed is reported as ready for all: the next
 * system call on it says what happened.  Even one watched for nothing is
 * reported then, so a paused descriptor is taken out, not watched for 0.
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

/* NULL if that fails, with errno. */
struct poller *poller_new(void);
void poller_free(struct poller *poller);

bool poller_shared(void);

/* A descriptor that is readable while some of those in it are ready; only where
 * it is shared. */
int poller_fd(const struct poller *poller);

/* Changes what `fd` is watched for from `before` to `after`; `who` is given
 * back by poller_wait.  0 or a negative errno; taking out cannot fail. */
int poller_set(struct poller *poller, int fd, int before, int after,
               void *who);

/* Waits at most `ms` milliseconds, -1 for ever.  Stores up to `room` ready
 * ones and returns how many; an interrupted wait gives 0. */
int poller_wait(struct poller *poller, int ms, struct ready *into, int room);

#endif
