/* spare.h - a few large chunks that nobody uses, kept for the next messages.
 *
 * The allocator gives large blocks back to the system, and to touch fresh
 * memory for the first time costs more than the message.  The I/O threads free
 * what was not needed for a while; without I/O threads nothing is kept.  Any
 * thread may call these.  There is no lock, which a fork could leave locked.
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

/* Takes a spare chunk in which `size` bytes fit without much waste, or NULL.
 */
struct chunk *spare_take(size_t size);

/* Keeps a chunk that nobody holds.  False if there is no place. */
bool spare_keep(struct chunk *chunk);

/* An I/O thread starts (1) or ends (-1). */
void spare_thread(int change);

/* Whether there is a thread that will free what is not needed. */
bool spare_attended(void);

/* Frees what was not needed for a while.  True if something is left; call this
 * again after SPARE_TIME. */
bool spare_expire(void);

#endif
