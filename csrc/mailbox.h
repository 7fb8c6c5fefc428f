/* mailbox.h - ends of queues that want a hub's or a loop's attention.
 *
 * Many threads post, one at a time takes (a hub's callers hold its lock, a
 * loop has one thread).  An end lies in the box once, however often it is
 * posted.  Whoever is going to sleep hangs up a bell; posting rings all bells,
 * so that a wake-up taken by one sleeper cannot strand another.
 */
#ifndef MAILBOX_H
#define MAILBOX_H
#include "list.h"
#include "wakeup.h"

#include <pthread.h>
#include <stdatomic.h>

struct bell {
    struct list node;
    struct wakeup wakeup;
    unsigned news; /* kinds of rings that it is rung for; posts always do */
    struct poller *poller; /* that it lies in, and engines may; or NULL */
};

#define ANY_NEWS (~0u)

struct mailbox {
    atomic_bool news; /* posted or rung and not yet taken */
    pthread_mutex_t lock; /* a leaf: nothing is locked under it */
    struct list items, bells;
};

/* One end of a queue, as the other end sees it. */
struct end {
    struct list node;
    bool posted;
    struct mailbox *box;
};

void mailbox_init(struct mailbox *box);
void mailbox_fini(struct mailbox *box);

void end_init(struct end *end, struct mailbox *box);

/* Puts an end in its box; NULL is nobody. */
void mailbox_post(struct end *end);

/* Takes an end out of its box, for good. */
void mailbox_withdraw(struct end *end);

/* Wakes who wants such news, without posting anything. */
void mailbox_ring(struct mailbox *box, unsigned news);

/* The end posted first, or NULL.  With the last one the news is old. */
struct end *mailbox_take(struct mailbox *box);

/* How many ends are there now. */
size_t mailbox_count(struct mailbox *box);

void bell_init(struct bell *bell);
void bell_fini(struct bell *bell);

/* Hangs up a bell; its descriptor, or a negative errno. */
int mailbox_watch(struct mailbox *box, struct bell *bell);
void mailbox_hush(struct mailbox *box, struct bell *bell);
void mailbox_unwatch(struct mailbox *box, struct bell *bell);

#endif
