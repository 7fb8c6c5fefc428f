/* lasts.h - the last message of each topic, for who subscribes later.
 *
 * A topic is all of a message's first frame.  The owner locks. */
#ifndef LASTS_H
#define LASTS_H
#include "chunk.h"
#include "list.h"
#include "table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lasts {
    struct table table; /* of struct last, by topic */
    struct list order;  /* the one that changed last comes last */
    struct last *tree;  /* by topic: those with a prefix are neighbours */
    uint64_t ages;      /* messages that were kept, in all */
    size_t limit;       /* topics; 0: nothing is kept */
    /* The message that is being sent: its frames, as they go out. */
    struct chunk **frames;
    size_t count, room;
    bool skips; /* it is not to be kept */
};

void lasts_init(struct lasts *lasts);
void lasts_fini(struct lasts *lasts);
/* Forgets what is too much. */
void lasts_limit(struct lasts *lasts, size_t limit);

/* The next frame of a message; the last one ends it. */
void lasts_add(struct lasts *lasts, const void *data, size_t size, bool more);
/* There is no rest of it. */
void lasts_abandon(struct lasts *lasts);

/* Calls back for the message of every topic that begins so, in the order in
 * which they changed; for none without memory. */
typedef void lasts_found(void *context, const unsigned char *topic,
                         size_t size, struct chunk **frames, size_t count);
void lasts_visit(const struct lasts *lasts, const unsigned char *prefix,
                 size_t size, lasts_found *found, void *context);

#endif
