/* lasts.h - the last message of each topic, for peers that subscribe later.
 *
 * A topic is the whole first frame of a message.  The owner locks.
 */
#ifndef LASTS_H
#define LASTS_H
#include "chunk.h"
#include "list.h"
#include "table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lasts {
    struct table table; /* struct last by topic */
    struct list order;  /* the one that changed last is at the end */
    struct last *tree;  /* by topic: those of one prefix are adjacent */
    uint64_t ages;      /* counts the messages that were kept */
    size_t limit;       /* number of topics; 0: nothing is kept */
    /* The message that is being sent: its frames so far. */
    struct chunk **frames;
    size_t count, room;
    bool skips; /* it will not be kept */
};

void lasts_init(struct lasts *lasts);
void lasts_fini(struct lasts *lasts);
/* Sets the limit, and forgets what exceeds it. */
void lasts_limit(struct lasts *lasts, size_t limit);

/* Adds the next frame of a message.  The last frame ends it. */
void lasts_add(struct lasts *lasts, const void *data, size_t size, bool more);
/* Gives up an unfinished message. */
void lasts_abandon(struct lasts *lasts);

/* Calls back for the message of every topic that begins with the prefix, in
 * the order in which they changed.  Without memory it calls back for none. */
typedef void lasts_found(void *context, const unsigned char *topic,
                         size_t size, struct chunk **frames, size_t count);
void lasts_visit(const struct lasts *lasts, const unsigned char *prefix,
                 size_t size, lasts_found *found, void *context);

#endif
