/* mailbox.h - a mailbox: ends of queues that want a hub's or a loop's
 * attention.
 *
 * Many threads post.  One at a time takes: a caller that holds the hub's lock,
 * or the loop's thread.  An end lies in the box once, however often it is
 * posted.  A thread that is about to sleep hangs up a bell.  To post rings all
 * bells, so a thread that takes a wake-up does not take it from another.
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
    unsigned news; /* what it is rung for, beside posts */
    struct poller *poller; /* holds it, and perhaps engines; or NULL */
};

#define ANY_NEWS (~0u)

struct mailbox {
    atomic_bool news; /* something was posted or rung, and not taken yet */
    pthread_mutex_t lock; /* the innermost lock: no other is taken under it */
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

/* Puts an end in its box.  NULL: nothing happens. */
void mailbox_post(struct end *end);

/* Takes an end out of its box; later posts do nothing. */
void mailbox_withdraw(struct end *end);

/* Rings the bells that are for such news, without posting anything. */
void mailbox_ring(struct mailbox *box, unsigned news);

/* Takes the end that was posted first, or NULL.  After the last one there is
 * no news. */
struct end *mailbox_take(struct mailbox *box);

/* How many ends are in the box. */
size_t mailbox_count(struct mailbox *box);

void bell_init(struct bell *bell);
void bell_fini(struct bell *bell);

/* Hangs up a bell.  Returns its descriptor, or a negative errno. */
int mailbox_watch(struct mailbox *box, struct bell *bell);
void mailbox_hush(struct mailbox *box, struct bell *bell);
void mailbox_unwatch(struct mailbox *box, struct bell *bell);

#endif
