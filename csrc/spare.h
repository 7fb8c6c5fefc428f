/* spare.h - a few large chunks that nobody uses, kept for the next messages.
 *
 * The allocator gives large blocks back to the system, and the first touch of
 * fresh memory costs more than the message.  What was not needed for a while
 * is freed, by the I/O threads; without one nothing is kept.  Any thread; no
 * lock, so that a fork cannot leave one locked.
 */
#ifndef SPARE_H
#define SPARE_H
#include "chunk.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    SPARE_FROM = 128 * 1024, /* bytes in a chunk */
    SPARE_TIME = 500         /* ms that a spare chunk is kept at least */
};

/* A spare chunk that `size` fits in without much waste, or NULL. */
struct chunk *spare_take(size_t size);

/* Keeps a chunk that nobody holds; false if there is no place. */
bool spare_keep(struct chunk *chunk);

/* An I/O thread starts (1) or ends (-1). */
void spare_thread(int change);

/* Whether there is a thread that will free what is not needed. */
bool spare_attended(void);

/* Frees what was not needed for a while; true if something is left, and this
 * is to be called again after SPARE_TIME. */
bool spare_expire(void);

#endif
